# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What works must pass: every listener, mechanism and store format, on the newest Kafka and the oldest with KRaft."""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
import sys
import typing as t

import pytest

from tests.kafka import cluster
from tests.probe.support import Options, Outcome, declared, run, store

FORMS = ["pem", "p12", "jks"]
LISTENERS = [
    ("plaintext", ""),
    ("ssl", ""),
    ("mtls", ""),
    ("sasl_plaintext", "PLAIN"),
    ("sasl_plaintext", "SCRAM-SHA-256"),
    ("sasl_plaintext", "SCRAM-SHA-512"),
    ("sasl_plaintext", "OAUTHBEARER"),
    ("sasl_ssl", "PLAIN"),
    ("sasl_ssl", "SCRAM-SHA-256"),
    ("sasl_ssl", "SCRAM-SHA-512"),
    ("sasl_ssl", "OAUTHBEARER"),
]
ALL = {"topics": ["orders"], "groups": ["onlinefs"], "round_trip": True, "timeout": 10}


def passes(options: Options) -> Outcome:
    outcome = run(options)
    assert outcome.result["ok"], outcome.result["msg"]
    assert outcome.status == 0
    assert not any(entry["ok"] is False for entry in outcome.result["stages"])
    assert outcome.stderr == ""
    return outcome


@pytest.fixture(params=["newest", "oldest"])
def broker(request: pytest.FixtureRequest) -> cluster.Description:
    name = {"newest": "kafka", "oldest": "oldest_kafka"}[request.param]
    return t.cast(cluster.Description, request.getfixturevalue(name))


@pytest.mark.parametrize(("listener", "mechanism"), LISTENERS, ids=lambda value: value or "none")
def test_every_listener(broker: cluster.Description, listener: str, mechanism: str) -> None:
    if mechanism and mechanism not in broker["listeners"][listener]["mechanisms"]:
        assert broker["version"].startswith("3.3"), "KRaft has SCRAM from 3.5 on"
        outcome = run(declared(broker, listener, mechanism))
        assert outcome.failure == ("sasl", "mechanism_not_offered")
        return
    options = declared(broker, listener, mechanism, keystore="alice" if listener == "mtls" else "")
    outcome = passes({**options, **ALL})
    # Every stage is reached; only the login is not asked for where there is none.
    unreached = [entry["stage"] for entry in outcome.result["stages"] if entry["ok"] is None]
    assert unreached == ([] if mechanism else ["sasl"])
    metadata = outcome.entries("metadata")[0]["detail"]
    assert ("Kafka 4.4 or newer" if broker["version"].startswith("4.4") else "Kafka 3.3 to 3.4") in metadata
    assert outcome.result["cluster_id"] in metadata
    stores = [certificate["store"] for certificate in outcome.result["certificates"]]
    tls = listener in ("ssl", "mtls", "sasl_ssl")
    own = ["truststore", *(["keystore"] if listener == "mtls" else [])]
    assert stores == ([*own, *broker["listeners"][listener]["bootstrap"].split(",")] if tls else [])
    assert all(certificate["days_left"] > 0 for certificate in outcome.result["certificates"])
    told = outcome.entries("topics")[0]["detail"]
    assert "3 partitions, replication 1, min.insync.replicas 1" in told
    assert "read" in told and "write" in told


@pytest.mark.parametrize("trust", FORMS)
@pytest.mark.parametrize("key", FORMS)
def test_every_store_format(broker: cluster.Description, trust: str, key: str) -> None:
    options = {
        **declared(broker, "mtls"),
        "truststore": store(broker, "ca", trust),
        "keystore": store(broker, "alice", key),
    }
    outcome = passes(options)
    assert "client certificate CN=alice accepted" in outcome.entries("tls")[0]["detail"]


def test_stores_as_content(kafka: cluster.Description) -> None:
    certificates = kafka["certificates"]
    content = {
        "truststore": {"content": pathlib.Path(certificates["ca"]["pem"]).read_text()},
        "keystore": {"content": pathlib.Path(certificates["alice"]["pem"]).read_text()},
    }
    passes({**declared(kafka, "mtls"), **content})


@pytest.mark.parametrize("form", ["p12", "jks"])
def test_the_file_of_a_host_with_container_paths(kafka: cluster.Description, form: str, tmp_path: pathlib.Path) -> None:
    """onlinefs-kafka.properties names its stores as the container sees them."""
    certificates = pathlib.Path(kafka["certificates"]["ca"]["pem"]).parent
    password = kafka["certificates"]["ca"]["password"]
    lines = [
        f"bootstrap.servers = {kafka['listeners']['mtls']['bootstrap']}",
        "security.protocol = SSL",
        f"ssl.truststore.location = /onlinefs/etc/ca.{form}",
        f"ssl.truststore.password = {password}",
        f"ssl.truststore.type = {'PKCS12' if form == 'p12' else 'JKS'}",
        f"ssl.keystore.location = /onlinefs/etc/alice.{form}",
        f"ssl.keystore.password = {password}",
        f"ssl.key.password = {password}",
        "group.id = onlinefs_rondb",
        "auto.offset.reset = earliest",
        "max.poll.records = 1000",
        "enable.auto.commit = false",
    ]
    file = tmp_path / "onlinefs-kafka.properties"
    file.write_text("\n".join(lines))
    outcome = passes(
        {"properties_file": str(file), "path_map": {"/onlinefs/etc": str(certificates)}, "topics": ["orders"]}
    )
    config = outcome.entries("config")[0]
    assert config["reason"] == "settings_ignored"
    assert "max.poll.records" in config["detail"], "a Java-only setting is named, not dropped"


def test_jaas_in_another_order_and_quoting(kafka: cluster.Description) -> None:
    secret = kafka["users"]["alice"]["password"]
    options = declared(kafka, "sasl_plaintext", "SCRAM-SHA-256")
    options["properties"]["sasl.jaas.config"] = (
        f"org.apache.kafka.common.security.scram.ScramLoginModule\n  required password='{secret}'  username=alice;"
    )
    passes(options)


def test_scram_on_kafka_4_warns_of_old_clients(kafka: cluster.Description) -> None:
    outcome = passes(declared(kafka, "sasl_ssl", "SCRAM-SHA-512"))
    assert [entry["reason"] for entry in outcome.entries("sasl")] == ["old_clients_shut_out"]
    assert "confluent-kafka 2.3.0" in str(outcome.result["warnings"])
    assert "warnings" not in passes(declared(kafka, "sasl_ssl", "PLAIN")).result


def test_rights_unknown_settings_are_no_failure(kafka: cluster.Description) -> None:
    outcome = passes({**declared(kafka, "sasl_plaintext", "PLAIN", user="no_configs"), "topics": ["orders"]})
    assert "min.insync.replicas not known" in outcome.entries("topics")[0]["detail"]


@pytest.mark.parametrize(("user", "operation"), [("no_write", "read"), ("no_read", "write")])
def test_only_the_operations_asked_for_count(kafka: cluster.Description, user: str, operation: str) -> None:
    options = declared(kafka, "sasl_plaintext", "PLAIN", user=user)
    passes({**options, "topics": ["orders"], "operations": [operation]})
    passes({**options, "topics": [{"name": "orders", "operations": [operation]}]})


def test_a_group_with_members_and_lag(kafka: cluster.Description) -> None:
    with reader(kafka, "lagging", "payments"):
        outcome = passes({**declared(kafka, "plaintext"), "groups": ["lagging"]})
    detail = outcome.entries("groups")[0]["detail"]
    assert "stable, 1 members" in detail
    assert "lag 2 on 1 partitions" in detail


def test_a_round_trip_leaves_no_value(kafka: cluster.Description) -> None:
    outcome = passes({**declared(kafka, "plaintext"), "topics": ["payments"], "round_trip": True})
    assert "read back after" in outcome.entries("round_trip")[0]["detail"]
    records = [record for record in read_all(kafka, "payments") if (record.key() or b"").startswith(b"hopsworks.kafka")]
    assert records
    assert all(record.value() is None for record in records)


def test_check_mode_makes_no_round_trip(kafka: cluster.Description) -> None:
    before = len(read_all(kafka, "payments"))
    options = {**declared(kafka, "plaintext"), "topics": ["payments"], "round_trip": True}
    outcome = passes({**options, "_ansible_check_mode": True})
    assert outcome.entries("round_trip")[0]["ok"] is None
    assert len(read_all(kafka, "payments")) == before


def test_many_credentials_in_one_task(kafka: cluster.Description) -> None:
    users = ["project_1", "project_2", "project_3"]
    probes = []
    for number, user in enumerate(users):
        own = declared(kafka, "sasl_ssl", "PLAIN", user=user)["properties"]["sasl.jaas.config"]
        # The third has the topic of another project.
        topic = f"project_{min(number + 1, 2)}_onlinefs"
        probes.append({"name": user, "properties": {"sasl.jaas.config": own}, "topics": [topic], "groups": [user]})
    common = declared(kafka, "sasl_ssl", "PLAIN")
    outcome = run({**common, "probes": probes})
    assert [entry["name"] for entry in outcome.result["results"]] == users
    assert [entry["ok"] for entry in outcome.result["results"]] == [True, True, False]
    assert outcome.result["results"][2]["failed_stage"] == outcome.result["failed_stage"] == "topics"
    assert "2 of 3 passed" in outcome.result["msg"]
    assert "no_describe" in outcome.result["msg"]
    for user in users:
        assert kafka["users"][user]["password"] not in outcome.written


def test_mock_cluster_of_librdkafka() -> None:
    """What the demo runs on: no rights, no controller, and still a quick pass that says what was not checked."""
    script = (
        "import sys; from confluent_kafka import Producer\n"
        "p = Producer({'test.mock.num.brokers': 3, 'log_level': 0})\n"
        "p.produce('orders', b'1'); p.flush(5)\n"
        "print(','.join(f'{b.host}:{b.port}' for b in p.list_topics(timeout=5).brokers.values()), flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as mock:
        assert mock.stdout and mock.stdin
        servers = mock.stdout.readline().strip()
        outcome = passes({"properties": {"bootstrap.servers": servers}, **ALL})
        mock.stdin.close()
    assert outcome.entries("topics")[0]["reason"] == "rights_unknown"
    assert outcome.seconds < 3


def test_without_the_library_the_stages_up_to_tls_run(kafka: cluster.Description, tmp_path: pathlib.Path) -> None:
    (tmp_path / "confluent_kafka").mkdir()
    (tmp_path / "confluent_kafka" / "__init__.py").write_text("raise ImportError('not here')")
    hidden = {"PYTHONPATH": f"{tmp_path}:{pathlib.Path(__file__).resolve().parents[2]}/.build/collections"}
    outcome = run(declared(kafka, "sasl_ssl", "PLAIN"), more=hidden)
    assert outcome.failure == ("sasl", "library_missing")
    assert all(entry["ok"] for entry in outcome.result["stages"][:4])
    assert "pip install confluent-kafka" in outcome.entries("sasl")[0]["remedy"]
    outcome = run({**declared(kafka, "sasl_ssl", "PLAIN"), "until": "tls"}, more=hidden)
    assert outcome.result["ok"], outcome.result["msg"]
    assert {entry["reason"] for entry in outcome.result["stages"][4:]} == {"not_asked"}


def read_all(kafka: cluster.Description, topic: str) -> list[t.Any]:
    """Every record of a topic."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    config = {"bootstrap.servers": kafka["listeners"]["plaintext"]["bootstrap"], "group.id": "reader"}
    consumer = Consumer({**config, "enable.auto.commit": False, "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    found = []
    while True:
        message = consumer.poll(10)
        assert message is not None
        if message.error():
            break
        found.append(message)
    consumer.close()
    return found


@contextlib.contextmanager
def reader(kafka: cluster.Description, group: str, topic: str) -> t.Iterator[None]:
    """A live member of a group that is two records behind."""
    from confluent_kafka import Consumer, Producer

    config = {"bootstrap.servers": kafka["listeners"]["plaintext"]["bootstrap"]}
    producer = Producer(config)
    for number in range(3):
        producer.produce(topic, str(number).encode())
    assert producer.flush(10) == 0
    consumer = Consumer({**config, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([topic])
    end = len(read_all(kafka, topic))
    for _number in range(end - 2):
        message = consumer.poll(10)
        assert message is not None and not message.error()
    consumer.commit(asynchronous=False)
    try:
        yield
    finally:
        consumer.close()
