"""The dialect `python_client` predicts what the client does with a connector: compared here with the client itself."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_python_client import python_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.java_configs import SETTINGS

from tests.clients.conftest import Client, StoreMaker, Stores, put_connector, with_stores
from tests.emulator.fixtures import ProcessEmulator
from tests.emulator.samples import kafka_connector

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"


def _login(module: str, rest: str = ' required username="user" password="pass word";') -> dict[str, str]:
    return {"sasl.jaas.config": module + rest}


# Options of a connector without stores; the client of the running release either works with them or fails.
OPTIONS: dict[str, dict[str, str]] = {
    "none": {},
    "plain": {**_login(PLAIN), "sasl.mechanism": "PLAIN"},
    "plain, mechanism from the module": _login(PLAIN),
    "single quotes": _login(PLAIN, " required username='u' password='p';"),
    "scram 512": {**_login(SCRAM), "sasl.mechanism": "SCRAM-SHA-512"},
    "scram 512, mechanism first": {"sasl.mechanism": "SCRAM-SHA-512", **_login(SCRAM)},
    "scram 256": {**_login(SCRAM), "sasl.mechanism": "SCRAM-SHA-256"},
    "password first": _login(PLAIN, ' required password="p" username="u";'),
    "no quotes": _login(PLAIN, " required username=u password=p;"),
    "empty password": _login(PLAIN, ' required username="u" password="";'),
    "oauth with a user": {**_login(OAUTH), "sasl.mechanism": "OAUTHBEARER"},
    "oauth": _login(OAUTH, ' required clientId="c" clientSecret="s";'),
    "another module": _login("com.example.LoginModule"),
    "escaped quote": _login(PLAIN, ' required username="u" password="a\\"b";'),
    "passed, renamed and dropped": {
        "acks": "all",
        "linger.ms": "5",
        "queued.max.requests": "10",
        "queued.max.request.bytes": "1000",
        "max.request.size": "1",
        "client.id": "x",
        "compression.type": "zstd",
    },
    "a number that librdkafka refuses": {"linger.ms": "1000000"},
}
# Every setting that Kafka knows, a few to a connector: which of them the client passes on is its own list.
NAMES = sorted(name for name in SETTINGS if not name.startswith(("ssl.", "sasl.")))
OPTIONS.update({f"from {NAMES[i]} on": dict.fromkeys(NAMES[i : i + 20], "1000") for i in range(0, len(NAMES), 20)})


PROTOCOLS = {
    f"{protocol} {algorithm!r}": {"securityProtocol": protocol, "sslEndpointIdentificationAlgorithm": algorithm}
    for protocol in ("PLAINTEXT", "SASL_PLAINTEXT")
    for algorithm in ("", "HTTPS")
}
STORES: dict[str, dict[str, t.Any]] = {
    "both stores": {},
    "truststore alone": {"sslKeystoreLocation": None, "sslKeystorePassword": None, "sslKeyPassword": None},
    "keystore alone": {"sslTruststoreLocation": None, "sslTruststorePassword": None},
    "no store password": {"sslKeystorePassword": None},
    "no key password": {"sslKeyPassword": None},
}


def _bodies(project: str, stores: Stores) -> dict[str, dict[str, t.Any]]:
    bodies = {name: {"options": [{"name": k, "value": v} for k, v in given.items()]} for name, given in OPTIONS.items()}
    bodies.update(PROTOCOLS)
    bodies.update({name: with_stores(project, stores, **changes) for name, changes in STORES.items()})
    return {name: kafka_connector(**{"name": name, "options": [], **fields}) for name, fields in bodies.items()}


def test_what_the_client_makes_of_each(
    client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker
) -> None:
    stores = make_stores()
    for path in (stores.truststore, stores.keystore):
        server.upload(project, path.name, path.read_bytes())
    connectors = {name: put_connector(server, project, body) for name, body in _bodies(project, stores).items()}
    calls = ("kafka_options", "confluent_options", "producer")
    outcome = client.run(server, *([call, name] for name in connectors for call in calls), project=project)
    steps = iter(outcome.steps)
    for name, connector in connectors.items():
        foretold = python_client(connector, server.state(project)["id"])
        kafka, confluent, producer = (next(steps) for _call in calls)
        assert kafka["ok"]["options"] == foretold.kafka, name
        # The order matters to librdkafka, which knows the mechanism by two names.
        made = list(confluent["ok"]["options"].items()) if "ok" in confluent else []
        assert made == list(foretold.confluent.items()), name
        if "error" in confluent or "error" in producer:
            assert foretold.problems, name


@pytest.mark.parametrize(("kind", "key_password"), [("JKS", "another-password"), ("PKCS12", None)])
def test_stores_that_the_client_cannot_open(
    client: Client,
    server: ProcessEmulator,
    project: str,
    make_stores: StoreMaker,
    kind: str,
    key_password: str | None,
) -> None:
    stores = make_stores(kind, key_password=key_password)
    changes = {"sslKeyPassword": key_password} if key_password else {}
    fields = with_stores(project, stores, **changes)
    connector = put_connector(server, project, kafka_connector(options=[], **fields), stores)
    assert python_client(connector).problems
    assert "error" in client.run(server, ["confluent_options", "kafka_connector"], project=project).steps[0]
