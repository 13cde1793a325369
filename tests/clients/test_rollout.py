"""The client gets the connector that the playbook rolled out, with stores in whatever form they were given."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.clients.conftest import PASSWORD, Client, StoreMaker, Stores, keytool, new_project
from tests.clients.rollout import roll_out
from tests.emulator.fixtures import ProcessEmulator

FORMS = ("PEM", "PKCS12", "JKS")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
TRUST_ALONE = "truststore alone"


def _login(mechanism: str) -> dict[str, str]:
    """Options in an order that the client cannot read: the rollout writes them in the order that it can."""
    module = "plain.Plain" if mechanism == "PLAIN" else "scram.Scram"
    login = f"org.apache.kafka.common.security.{module}LoginModule required password='pass' username='user';"
    return {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism, "sasl.jaas.config": login}


def _given(stores: Stores, form: str) -> dict[str, dict[str, t.Any]]:
    """The options truststore and keystore of a task, in one of the forms that a user may have."""
    if form != "PEM":
        files = (stores.truststore, stores.keystore)
        return {
            role: {"path": str(path), "password": PASSWORD}
            for role, path in zip(("truststore", "keystore"), files, strict=True)
        }
    certificate = stores.keystore.with_name("certificate.pem")
    return {
        "truststore": {"path": str(certificate)},
        "keystore": {"content": _key_pem(stores.keystore) + certificate.read_text()},
    }


def _key_pem(keystore: pathlib.Path) -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    pkcs12_store = keystore.with_suffix(".converted.p12")
    keytool(
        *["-importkeystore", "-srckeystore", str(keystore), "-srcstorepass", PASSWORD],
        *["-destkeystore", str(pkcs12_store), "-deststoretype", "PKCS12", "-deststorepass", PASSWORD],
    )
    key, _certificate, _more = pkcs12.load_key_and_certificates(pkcs12_store.read_bytes(), PASSWORD.encode())
    assert key is not None
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode()


@pytest.fixture(scope="module")
def rolled_out(server: ProcessEmulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One run of one task for all: each project overrides the declaration with its own. The project of each case."""
    directory = tmp_path_factory.mktemp("rollout")
    make_stores = StoreMaker(directory)
    overrides = {form: _given(make_stores("PKCS12" if form == "PKCS12" else "JKS"), form) for form in FORMS}
    overrides.update({mechanism: {"properties": _login(mechanism)} for mechanism in MECHANISMS})
    overrides[TRUST_ALONE] = {
        "properties": {**_login("PLAIN"), "security.protocol": "SASL_SSL"},
        "truststore": _given(make_stores(), "JKS")["truststore"],
    }
    projects = {case: new_project(server) for case in overrides}
    properties = {"bootstrap.servers": "broker-1:9093,broker-2:9093", "security.protocol": "SSL", "linger.ms": 5}
    wanted = [{"name": project, **overrides[case]} for case, project in projects.items()]
    output = roll_out(server, directory, projects=wanted, properties=properties)
    assert PASSWORD not in output
    return projects


@pytest.mark.parametrize("form", FORMS)
def test_client_certificates_given_in_any_form(
    client: Client, server: ProcessEmulator, rolled_out: dict[str, str], form: str
) -> None:
    project = rolled_out[form]
    outcome = client.run(
        server,
        ["describe", "kafka_connector"],
        ["describe", "effective"],
        ["kafka_options", "effective"],
        ["confluent_options", "effective"],
        ["spark_options", "effective"],
        ["producer", "effective"],
        project=project,
    )
    assert outcome.value(0)["security_protocol"] == "SSL"
    assert outcome.value(1)["external"] is True
    files = server.files(project)
    assert len(files) == 2
    assert set(outcome.value(2)["files"].values()) == {file["sha256"] for file in files.values()}
    options = outcome.value(3)["options"]
    assert options["ssl.endpoint.identification.algorithm"] == "HTTPS"
    assert options["linger.ms"] == "5"
    assert set(outcome.value(3)["files"]) == {"ssl.ca.location", "ssl.certificate.location", "ssl.key.location"}
    assert outcome.value(4)["options"]["kafka.ssl.keystore.type"] == "PEM"
    assert outcome.value(5)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_logins(client: Client, server: ProcessEmulator, rolled_out: dict[str, str], mechanism: str) -> None:
    steps = (["confluent_options", "effective"], ["producer", "effective"])
    outcome = client.run(server, *steps, project=rolled_out[mechanism])
    options = outcome.value(0)["options"]
    assert (options["sasl.username"], options["sasl.password"]) == ("user", "pass")
    assert [value for name, value in options.items() if name.startswith("sasl.mechanism")][-1] == mechanism
    assert outcome.value(1)


def test_a_truststore_alone_works_although_the_client_wants_both(
    client: Client, server: ProcessEmulator, rolled_out: dict[str, str]
) -> None:
    """A dummy key store goes with it; without one the client stops with a KeyError (see test_traps)."""
    steps = (["confluent_options", "effective"], ["producer", "effective"])
    outcome = client.run(server, *steps, project=rolled_out[TRUST_ALONE])
    assert set(outcome.value(0)["files"]) == {"ssl.ca.location", "ssl.certificate.location", "ssl.key.location"}
    assert outcome.value(1)


def test_rotation_reaches_a_client_that_has_the_old_stores_at_hand(
    client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker, tmp_path: pathlib.Path
) -> None:
    """The client looks for a file of the same name in /tmp before it downloads: a new store needs a new name."""
    properties = {"bootstrap.servers": "broker-1:9093", "security.protocol": "SSL"}
    seen = []
    for stores in (make_stores(), make_stores()):
        roll_out(server, tmp_path, projects=[project], properties=properties, **_given(stores, "JKS"))
        outcome = client.run(server, ["kafka_options", "effective"], project=project)
        files = set(outcome.value()["files"].values())
        assert files == {file["sha256"] for file in server.files(project).values()}
        seen.append(files)
    assert seen[0].isdisjoint(seen[1])
