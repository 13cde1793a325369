# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role over a real Apache Kafka and a Java consumer with Kafka's own client library."""

from __future__ import annotations

import pathlib
import threading
import time
import typing as t

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from tests.integration.host.bed import Bed
from tests.kafka.admin import client
from tests.onlinefs import java

TOPIC = "project_1_onlinefs"


def login(user: str, password: str) -> str:
    return f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{user}" password="{password}";'


@pytest.fixture(scope="module")
def rights(kafka: dict[str, t.Any]) -> None:
    """Let everybody use OnlineFS's own groups, and alice read the projects' topics; admin may do everything."""
    acls = [
        AclBinding(kind, name, ResourcePatternType.PREFIXED, user, "*", AclOperation.READ, AclPermissionType.ALLOW)
        for kind, name, user in (
            (ResourceType.GROUP, "onlinefs_", "User:*"),
            (ResourceType.TOPIC, "project_", "User:alice"),
            (ResourceType.TOPIC, "project_", "User:CN=alice"),
        )
    ]
    admin = client(kafka)
    for future in admin.create_acls(acls).values():
        future.result(10)


@pytest.fixture
def host(tmp_path: pathlib.Path, kafka: dict[str, t.Any], rights: None) -> t.Iterator[Bed]:
    """A host whose Java consumer reads from the broker's plain listener, as from the Kafka that Hopsworks manages."""
    made = Bed(tmp_path, ["host1"], kafka["listeners"]["plaintext"]["bootstrap"], java.build() / "onlinefs")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def declared(kafka: dict[str, t.Any], rights: None) -> dict[str, t.Any]:
    """SASL_SSL with SCRAM, the authority as PEM."""
    return {
        "hopsworks_kafka_properties": {
            "bootstrap.servers": kafka["listeners"]["sasl_ssl"]["bootstrap"],
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.jaas.config": login("alice", kafka["users"]["alice"]["password"]),
        },
        "hopsworks_kafka_truststore": {"path": kafka["certificates"]["ca"]["pem"]},
        "onlinefs_verify_consumer_group": True,
        # The certificates of the tests are good for some days only.
        "onlinefs_min_days_valid": 1,
    }


class Load:
    """Writes a numbered record to the topic every 20 ms, and knows what the group looked like meanwhile."""

    def __init__(self, kafka: dict[str, t.Any]) -> None:
        self._config = {"bootstrap.servers": kafka["listeners"]["plaintext"]["bootstrap"], "log_level": 0}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write), threading.Thread(target=self._watch)]
        self.written: list[str] = []
        self.members: list[int] = []

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _write(self) -> None:
        producer = Producer({**self._config, "linger.ms": 0})
        mark = f"load-{time.monotonic_ns()}"
        while not self._stop.wait(0.02):
            self.written.append(f"{mark}-{len(self.written)}")
            producer.produce(TOPIC, self.written[-1].encode())
        assert producer.flush(20) == 0

    def _watch(self) -> None:
        admin = AdminClient(self._config)
        while not self._stop.wait(0.3):
            described = admin.describe_consumer_groups(["onlinefs_rondb"], request_timeout=5)["onlinefs_rondb"]
            self.members.append(len(described.result(6).members))


def consumed(bed: Bed) -> set[str]:
    """What the consumers of the main group have written down, on all hosts."""
    found = set()
    for name in bed.names:
        path = bed.home(name) / "logs/records"
        lines = path.read_text().splitlines() if path.exists() else []
        found |= {line.split(" ", 4)[4] for line in lines if line.startswith("onlinefs_rondb ")}
    return found


def wait_for(records: set[str], bed: Bed, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not records <= consumed(bed):
        assert time.monotonic() < deadline, f"{len(records - consumed(bed))} of {len(records)} records are missing"
        time.sleep(0.2)


def test_a_change_is_proved_by_the_group_and_records_arrive(
    host: Bed,
    declared: dict[str, t.Any],
    kafka: dict[str, t.Any],
) -> None:
    done = host.run(declared)
    assert done.code == 0, done.output
    group = done.results["host1"]["health"]["group"]
    assert group["joined"] and group["client_id"] == "onlinefs_host1_1" and group["name"] == "onlinefs_rondb"
    assert group["cluster_id"] is not None
    assert group["cluster_id"] == done.results["host1"]["generations"][-1]["cluster_id"]
    assert host.module_runs() == 1
    stages = {stage["stage"]: stage["ok"] for stage in done.results["host1"]["probe"]["stages"]}
    assert stages["sasl"] and stages["metadata"] and stages["groups"]
    with Load(kafka) as load:
        time.sleep(2)
    wait_for(set(load.written), host)
    pid = host.pid("host1")
    again = host.run(declared)
    assert again.recap("host1", "changed") == 0 and host.pid("host1") == pid
    verify = host.run(declared, entry="verify")
    assert verify.code == 0, verify.output
    assert verify.results["host1"]["health"]["group"]["lag"] == 0


def test_a_user_that_may_read_no_topic_is_told(
    host: Bed,
    declared: dict[str, t.Any],
    kafka: dict[str, t.Any],
) -> None:
    password = kafka["users"]["no_read"]["password"]
    declared["hopsworks_kafka_properties"]["sasl.jaas.config"] = login("no_read", password)
    ran = host.run(declared)
    assert ran.code == 0 and "reads nothing" in ran.output
    listed = host.run({**declared, "onlinefs_topics": [TOPIC]})
    assert listed.code != 0 and listed.results["host1"]["probe"]["failed_stage"] == "topics"


def test_a_wrong_password_is_found_before_anything_is_touched(host: Bed, declared: dict[str, t.Any]) -> None:
    declared["hopsworks_kafka_properties"]["sasl.jaas.config"] = login("alice", "canary-wrong-1")
    before, pid = host.files("host1"), host.pid("host1")
    ran = host.run(declared, "-vvv")
    assert ran.code != 0 and ran.results["host1"]["probe"]["failed_stage"] == "sasl"
    assert "credentials_refused" in ran.results["host1"]["msg"] and "canary-wrong-1" not in ran.output
    assert host.files("host1") == before and host.pid("host1") == pid


def test_a_service_that_runs_but_reads_nothing_is_rolled_back(
    host: Bed,
    declared: dict[str, t.Any],
    kafka: dict[str, t.Any],
) -> None:
    """Its unit is up and its metrics answer: only the group tells. Without the probe it gets as far as that."""
    first = host.run(declared)
    assert first.code == 0, first.output
    before, pid = host.files("host1"), host.pid("host1")
    declared["hopsworks_kafka_properties"]["sasl.jaas.config"] = login("alice", "canary-wrong-2")
    ran = host.run({**declared, "onlinefs_probe": "never", "onlinefs_service_timeout": 20}, "-vvv")
    result = ran.results["host1"]
    assert ran.code != 0 and result["rolled_back"] and len(result["reasons"]) == 1, ran.output
    assert "consumer group onlinefs_rondb" in result["msg"] and "the service works with it" in result["msg"]
    assert "canary-wrong-2" not in ran.output
    # Kafka's own word is there before the service has written a line of its log.
    assert "uthentication" in result["msg"], result["msg"]
    assert host.files("host1") == before and host.pid("host1") != pid
    with Load(kafka) as load:
        time.sleep(1)
    wait_for(set(load.written), host)


def test_a_setting_that_the_client_library_refuses_is_rolled_back(host: Bed, declared: dict[str, t.Any]) -> None:
    before = host.files("host1")
    wrong = {"partition.assignment.strategy": "org.example.NoSuchAssignor"}
    ran = host.run({**declared, "onlinefs_consumer_properties": wrong})
    assert ran.code != 0 and ran.results["host1"]["rolled_back"], ran.output
    assert any("NoSuchAssignor" in line for line in ran.results["host1"]["diagnosis"]["log"])
    assert host.files("host1") == before


def test_rotation_and_a_move_under_load_lose_no_record(
    tmp_path: pathlib.Path,
    declared: dict[str, t.Any],
    kafka: dict[str, t.Any],
    soak: bool,
) -> None:
    """New trust, then another listener with a key of its own, then back: two hosts, one at a time.

    With --soak another key comes before the way back; molecule's rotation does as much on real hosts.
    """
    certificates = kafka["certificates"]
    both = "".join(pathlib.Path(certificates[name]["pem"]).read_text() for name in ("ca", "other_ca"))
    mutual = {
        **declared,
        "hopsworks_kafka_properties": {
            "bootstrap.servers": kafka["listeners"]["mtls"]["bootstrap"],
            "security.protocol": "SSL",
        },
        "hopsworks_kafka_truststore": {"content": both},
    }
    steps = [
        {**declared, "hopsworks_kafka_truststore": {"content": both}},
        {
            **mutual,
            "hopsworks_kafka_keystore": {
                "path": certificates["alice"]["p12"],
                "password": certificates["alice"]["password"],
            },
        },
        *([{**mutual, "hopsworks_kafka_keystore": {"path": certificates["admin"]["pem"]}}] if soak else []),
    ]
    bed = Bed(tmp_path, ["host1", "host2"], kafka["listeners"]["plaintext"]["bootstrap"], java.build() / "onlinefs")
    bed.start()
    try:
        first = bed.run(declared, serial="1")
        assert first.code == 0, first.output
        with Load(kafka) as load:
            for step in steps:
                ran = bed.run(step, serial="1")
                assert ran.code == 0, ran.output
                assert all(ran.recap(name, "changed") == 1 for name in bed.names)
            assert bed.run(steps[-1]).recap("host1", "changed") == 0
            back = bed.run({**declared, "onlinefs_generation": 1}, entry="revert", serial="1")
            assert back.code == 0, back.output
        wait_for(set(load.written), bed)
        assert len(load.written) > 200 and min(load.members[1:]) >= 1, "the group lost all its members"
        stores = {path.name for name in bed.names for path in (bed.home(name) / "etc").glob("*.jks")}
        assert len(stores) == 1, "only what generation 1 names is left"
    finally:
        bed.stop()
