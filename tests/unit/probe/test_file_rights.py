# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root probes with a file that another user can change: nothing that this user could not do itself is done."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import socket
import ssl
import tempfile
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import file_rights, probe_task

from tests.integration.hostile.kafka.cases import Case
from tests.integration.hostile.kafka.server import HostileServers
from tests.probe import servers
from tests.probe.support import ROOT, run
from tests.unit.kafka import pki
from tests.unit.probe.test_task import params

SERVICE, OTHER = 1521, 1522
SECRET = "canary-Root-Secret"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="about what root does")


@pytest.fixture
def home() -> t.Iterator[pathlib.Path]:
    """The home of the service's user, to which everybody may go."""
    folder = pathlib.Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    made = folder / "home"
    made.mkdir()
    os.chown(made, SERVICE, SERVICE)
    yield made
    shutil.rmtree(folder)


def written(path: pathlib.Path, user: int = SERVICE, **properties: str) -> pathlib.Path:
    given = {"bootstrap.servers": "127.0.0.1:1", **{k.replace("_", "."): v for k, v in properties.items()}}
    path.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    path.chmod(0o640)
    os.chown(path, user, user)
    return path


def probed(file: pathlib.Path, **over: t.Any) -> dict[str, t.Any]:
    result = probe_task.run(params(properties_file=str(file), **over)).result
    return next(entry for entry in result["stages"] if entry["ok"] is False)


def test_who_decides(home: pathlib.Path) -> None:
    outside = home.parent
    assert file_rights.user_to_become(str(written(outside / "root", user=0))) is None
    assert file_rights.user_to_become(str(written(outside / "owned"))) == SERVICE
    assert file_rights.user_to_become(str(written(home / "root", user=0))) == SERVICE, "an installer's file"
    (outside / "link").symlink_to(home / "link")
    (home / "link").symlink_to(outside / "root")
    assert file_rights.user_to_become(str(outside / "link")) == SERVICE, "the link in the middle is the user's"
    with pytest.raises(InputError, match="belongs to user 1522"):
        file_rights.user_to_become(str(written(home / "others", user=OTHER)))
    (home / "of_others").mkdir()
    os.chown(home / "of_others", OTHER, OTHER)
    assert file_rights.user_to_become(str(written(home / "of_others" / "x", user=OTHER))) == OTHER
    (home / "circle").symlink_to("circle")
    for missing in ("circle", "nothing"):
        with pytest.raises(InputError, match="cannot be read"):
            file_rights.user_to_become(str(home / missing))


@pytest.mark.parametrize("what", ["directory", "file"])
@pytest.mark.parametrize("mode", [0o775, 0o777])
def test_root_does_not_do_what_several_users_can_write(home: pathlib.Path, what: str, mode: int) -> None:
    """Between the look at who owns it and its reading, somebody could put another file there."""
    shared = home.parent / "shared"
    shared.mkdir()
    file = written(shared / "client.properties", user=0)
    changed = shared if what == "directory" else file
    changed.chmod(mode)
    with pytest.raises(InputError, match="users other than root can write to") as refused:
        file_rights.user_to_become(str(file))
    assert refused.value.reason == "not_permitted" and str(changed) in refused.value.cause
    assert probed(file)["reason"] == "not_permitted"
    changed.chmod(0o1777 if what == "directory" else 0o755)
    assert file_rights.user_to_become(str(file)) is None
    os.chown(shared, SERVICE, SERVICE)
    shared.chmod(mode)
    assert file_rights.user_to_become(str(file)) == SERVICE, "with the rights of its user it may be done"


def test_the_service_can_probe_with_its_own_file(home: pathlib.Path) -> None:
    failure = probed(written(home / "client.properties"))
    assert (failure["stage"], failure["reason"]) == ("connect", "refused")


@pytest.mark.parametrize("kind", ["location", "link", "link_to_the_file"])
def test_what_the_user_may_not_read_is_not_read(home: pathlib.Path, kind: str) -> None:
    secret = home.parent / "secret"
    secret.write_text(f"bootstrap.servers=127.0.0.1:1\nclient.id={SECRET}\nnonsense")
    secret.chmod(0o600)
    file = home / "client.properties"
    if kind == "link_to_the_file":
        file.symlink_to(secret)
    else:
        (home / "store").symlink_to(secret)
        where = secret if kind == "location" else home / "store"
        written(file, security_protocol="SSL", ssl_truststore_location=str(where), ssl_truststore_type="PEM")
    failure = probed(file)
    assert (failure["stage"], failure["reason"]) == ("config", "not_permitted")
    assert f"rights of user {SERVICE}" in failure["detail"]
    assert SECRET not in str(failure)


@contextlib.contextmanager
def token_endpoint(posts: list[bytes]) -> t.Iterator[str]:
    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(1)
            with contextlib.suppress(TimeoutError):
                while True:
                    posts.append(connection.recv(65536))
                    if not posts[-1]:
                        break
                    connection.sendall(b"HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\n{}")

    with contextlib.ExitStack() as stack:
        address = stack.enter_context(servers.server(serve))
        yield f"http://{address}/token"


def test_no_secret_of_root_is_sent_to_who_asks_for_it(home: pathlib.Path) -> None:
    secret = home.parent / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    posts: list[bytes] = []
    with token_endpoint(posts) as url, servers.server(servers.offering("OAUTHBEARER")) as broker:
        file = written(
            home / "client.properties",
            bootstrap_servers=broker,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="OAUTHBEARER",
            sasl_jaas_config="org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
            sasl_oauthbearer_token_endpoint_url=url,
            sasl_oauthbearer_assertion_file=str(secret),
            sasl_oauthbearer_jwt_retriever_class="org.apache.kafka.common.security.oauthbearer.JwtBearerJwtRetriever",
        )
        failure = probed(file)
        assert failure["stage"] in ("config", "sasl"), failure
        # Given to root, it does what it says: or this test would prove nothing.
        for path in (file, home):
            os.chown(path, 0, 0)
        before = list(posts)
        probed(file)
    assert not any(SECRET.encode() in post for post in before)
    assert any(SECRET.encode() in post for post in posts), posts


@pytest.mark.parametrize("owner", [SERVICE, 0])
def test_a_variable_of_a_config_provider_is_never_resolved(home: pathlib.Path, owner: int) -> None:
    """Java clients replace it if ``config.providers`` allows that. Nothing here does, not even in a file of root's: the
    probe says so, and sends nothing."""
    secret = home.parent / "secret"
    secret.write_text(f"password={SECRET}\n")
    secret.chmod(0o600)
    posts: list[bytes] = []
    with token_endpoint(posts) as url, servers.server(servers.offering("OAUTHBEARER")) as broker:
        file = written(
            home / "client.properties",
            owner,
            bootstrap_servers=broker,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="OAUTHBEARER",
            config_providers="file",
            config_providers_file_class="org.apache.kafka.common.config.provider.FileConfigProvider",
            sasl_jaas_config="org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required "
            f'clientId="me" clientSecret="${{file:{secret}:password}}";',
            sasl_oauthbearer_token_endpoint_url=url,
        )
        if owner == 0:
            os.chown(home, 0, 0)
        failure = probed(file)
    assert posts == []
    assert failure["stage"] == "config" and "a placeholder of config.providers" in failure["detail"]
    assert SECRET not in str(failure)


def test_what_the_task_itself_names_is_read_with_the_rights_of_the_task(home: pathlib.Path) -> None:
    store = home.parent / "ca.pem"
    store.write_text(pki.authority().pem)
    store.chmod(0o600)
    file = written(home / "client.properties", security_protocol="SSL")
    failure = probed(file, truststore={"path": str(store)})
    assert (failure["stage"], failure["reason"]) == ("connect", "refused")


def test_the_environment_of_root_stays_with_root(home: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setattr(file_rights, "_LATE_IMPORTS", ())
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            file_rights.become(SERVICE)
            told = f"{os.getresuid()} {os.getresgid()} {os.getgroups()} {'AWS_SECRET_ACCESS_KEY' in os.environ}"
            os.write(writing, told.encode())
        finally:
            os._exit(0)
    os.wait()
    assert os.read(reading, 999).decode() == f"{(SERVICE,) * 3} {(SERVICE,) * 3} [] False"


def test_a_whole_process_has_imported_all_that_it_needs(home: pathlib.Path) -> None:
    """In a fresh process, whose code the user cannot read: as ansible unpacks a module below root's home."""
    code = home.parent / "code"
    shutil.copytree(ROOT / "plugins", code / "ansible_collections/hopsworks/kafka/plugins")
    code.chmod(0o700)
    brokers = HostileServers(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    sound = brokers.serve(Case("sound"))
    file = written(home / "client.properties", bootstrap_servers=f"127.0.0.1:{sound}")
    options = {"properties_file": str(file), "topics": ["orders"], "groups": ["onlinefs"], "round_trip": True}
    outcome = run({**options, "timeout": 2}, more={"PYTHONPATH": str(code)})
    brokers.close()
    # The broker stores nothing: what comes before passed.
    assert outcome.failure == ("round_trip", "produce_failed"), outcome.result["msg"]


def test_a_pipe_holds_up_nothing(home: pathlib.Path) -> None:
    os.mkfifo(home / "pipe")
    os.chown(home / "pipe", SERVICE, SERVICE)
    began = time.monotonic()
    assert probed(home / "pipe")["stage"] == "config"
    file = written(home / "client.properties", security_protocol="SSL", ssl_truststore_location=str(home / "pipe"))
    assert probed(file)["stage"] == "config"
    assert time.monotonic() - began < 5
