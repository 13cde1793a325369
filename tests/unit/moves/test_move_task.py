# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of onlinefs_move_info and onlinefs_move on a host, over two stand-in clusters."""

from __future__ import annotations

import json
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import (
    carry_child,
    move_info,
    move_planner,
    move_task,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.carry_over import CarryRequest
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import config_task, transaction
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.journal import Journal
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owned_files import open_files
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.service import CommandService, NoService
from ansible_collections.hopsworks.kafka.plugins.modules import onlinefs_move, onlinefs_move_info

from tests.moves.cluster import Cluster
from tests.unit.moves.support import GROUP, MovingHost, Service
from tests.unit.onlinefs.support import killed_at

A, B = ("a_onlinefs", 0), ("b_onlinefs", 0)


def moved(host: MovingHost) -> None:
    """Make the whole move, as the playbook does."""
    host.run("stopped")
    host.run("left")
    host.write(host.new)
    Service(host).start()


# --- what is told ---------------------------------------------------------------------------------------------------


def test_the_declared_servers_are_no_move_and_nothing_is_asked(host: MovingHost) -> None:
    host.write(host.new)
    found = host.info()
    assert (found["move"], found["old"], found["unread"], found["stranded"]) == (False, None, None, None)
    assert host.old.asked == [] and host.new.asked == []


def test_another_address_of_the_same_cluster_is_no_move(host: MovingHost) -> None:
    host.new.cluster_id = "old"
    found = host.info()
    assert found["move"] is False and found["old"]["cluster_id"] == "old"
    assert (found["unread"], found["overlap"]) == (None, None)


def test_a_move_with_what_is_unread(host: MovingHost) -> None:
    found = host.info()
    assert found["move"] is True and found["changed"] is False
    assert (found["old"]["cluster_id"], found["new"]["cluster_id"]) == ("old", "new")
    assert found["old"]["bootstrap_servers"] == host.old.bootstrap
    assert found["unread"]["rows"] == 3 and found["overlap"] == []
    assert found["unread"]["partitions"] == [{"topic": A[0], "partition": 0, "start": 7, "end": 10, "rows": 3}]


def test_rows_that_may_be_skipped_are_named(host: MovingHost) -> None:
    host.new.parts = {A: (0, 4), ("c_onlinefs", 0): (0, 9)}
    assert host.info()["overlap"] == [{"topic": A[0], "partition": 0, "start": 0, "end": 4, "rows": 4}]


def test_declared_topics_are_those_of_the_declared_kafka(host: MovingHost) -> None:
    host.new.parts = {A: (0, 4), B: (0, 9)}
    assert [each["topic"] for each in host.info(topics=["b_onlinefs"])["overlap"]] == ["b_onlinefs"]
    assert [each["topic"] for each in host.info(topic_pattern="a_.*")["overlap"]] == ["a_onlinefs"]


def test_topics_that_the_declared_kafka_does_not_have_are_named(host: MovingHost) -> None:
    """Once they are created, OnlineFS finds them only after clients have written to them."""
    host.new.parts = {A: (0, 4)}
    assert host.info()["missing"] == ["b_onlinefs"]
    assert host.info(topics=["a_onlinefs", "b_onlinefs"])["missing"] == ["b_onlinefs"]
    assert host.info(topics=["a_onlinefs"])["missing"] == [], "OnlineFS is not to read it"
    assert host.info(topic_pattern="a_.*")["missing"] == [], "it may not be to read it"
    assert host.info(properties={"bootstrap.servers": "127.0.0.1:1"})["missing"] == []
    host.write(host.new)
    assert host.info()["missing"] == []


@pytest.mark.parametrize("which", ["old", "new"])
def test_a_cluster_that_cannot_be_read_is_not_known(host: MovingHost, which: str) -> None:
    host.new.parts = {A: (0, 4)}
    if which == "old":
        host.write(Cluster("", port=1))
        found = host.info()
        assert found["overlap"] == [{"topic": A[0], "partition": 0, "start": 0, "end": 4, "rows": 4}]
        assert found["unread"]["rows"] is None and "refused" in found["unread"]["unknown"][0]["reason"]
    else:
        found = host.info(properties={"bootstrap.servers": "127.0.0.1:1"})
        assert found["overlap"] is None and found["unread"]["rows"] == 3
    assert found["move"] is None and "refused" in found[which]["reason"]


def test_stores_of_the_installer_are_found_where_the_host_has_them(host: MovingHost, tmp_path: t.Any) -> None:
    host.write(
        host.old,
        **{
            "security.protocol": "SSL",
            "ssl.truststore.location": "/certs/tstore.jks",
            "ssl.truststore.password": "canary-5",
        },
    )
    found = host.info()
    # Beside the home, as the installer lays it out.
    assert f"{host.path.parent}/super_crypto/onlinefs/tstore.jks" in found["old"]["reason"]
    assert "/elsewhere/tstore.jks" in host.info(certs_dir="/elsewhere")["old"]["reason"]
    assert "canary" not in json.dumps(found)


def test_the_wait_ends_when_what_was_there_has_been_read(host: MovingHost) -> None:
    reads = {"left": 6}

    def read_on(cluster: Cluster) -> None:
        """OnlineFS reads a row from time to time, and clients go on writing."""
        reads["left"] -= 1
        if reads["left"] < 0:
            start, end = t.cast("tuple[int, int]", cluster.parts[A])
            cluster.parts[A] = (start, end + 1)
            cluster.committed[GROUP][A] = min(end, cluster.committed[GROUP][A] + 1)

    host.old.on_request = read_on
    found = host.info(drain_timeout=30)
    assert found["drained"] is True
    assert host.old.committed[GROUP][A] >= 10


def test_the_wait_has_an_end(host: MovingHost) -> None:
    started = time.monotonic()
    found = host.info(drain_timeout=1)
    assert found["drained"] is False and found["unread"]["rows"] == 3 and time.monotonic() - started < 6


def test_where_offsets_are_not_in_kafka_there_is_nothing_to_wait_for(host: MovingHost) -> None:
    host.old.committed = {}
    started = time.monotonic()
    found = host.info(drain_timeout=60)
    assert found["drained"] is None and found["unread"]["rows"] is None and time.monotonic() - started < 6


# --- leaving --------------------------------------------------------------------------------------------------------


def test_leaving_stops_the_service_and_records_what_it_leaves(host: MovingHost) -> None:
    found = host.run("left")
    assert found["changed"] and found["members_left"] is True and not host.up
    record = host.record
    assert record is not None and (record.old_cluster, record.new_cluster, record.generation) == ("old", "new", 0)
    assert record.offsets is not None and record.offsets.position(A) == 7
    assert found["generation"] == 0 and found["record"] == record.to_result()
    kept = host.generations.files(0)["onlinefs-kafka.properties"]
    assert kept is not None and host.old.bootstrap.encode() in kept.content
    again = host.run("left")
    assert again["changed"] is False and again["record"] == found["record"]


def test_all_hosts_stop_before_one_records(host: MovingHost) -> None:
    assert host.run("stopped")["changed"] and not host.up and host.record is None
    assert host.run("stopped")["changed"] is False
    assert host.run("left")["changed"] and host.record is not None
    assert host.run("stopped")["changed"] is False and host.record is not None


def test_rows_that_are_written_while_hosts_stop_are_left_although_kafka_knows_of_no_offsets(host: MovingHost) -> None:
    """As from 3.7 on. Nobody reads them, and without this nobody would know: all rows could be read or not."""
    host.old.committed = {}
    host.run("stopped")
    host.old.parts[A] = (0, 14)
    host.old.parts["new_onlinefs", 0] = (2, 5)
    host.run("left")
    host.old.parts[A] = (0, 15)
    host.write(host.new)
    found = host.info()["stranded"]
    assert [(part["topic"], part["start"], part["end"]) for part in found["partitions"]] == [
        (A[0], 10, 15),
        ("new_onlinefs", 2, 5),
    ]
    assert found["before"] == 15, "ten and five that were there before"


def test_the_ends_are_noted_again_where_the_service_has_run_since_it_was_recorded(host: MovingHost) -> None:
    host.old.committed = {}
    host.run("left")
    Service(host).start()
    host.old.parts[A] = (0, 12)
    host.run("stopped")
    host.old.parts[A] = (0, 14)
    host.run("left")
    assert host.record is not None and host.record.offsets is not None
    assert host.record.offsets.partitions[A].end == 12


def test_a_service_that_was_down_before_may_have_left_rows_that_nobody_can_count(host: MovingHost) -> None:
    committed = dict(host.old.committed)
    host.old.committed = {}
    Service(host).stop()
    host.old.parts[A] = (0, 14)
    assert any("was not running before" in text for text in host.run("left")["warnings"])
    assert host.run("left")["warnings"] == []
    host.run("closed")
    host.old.committed = committed
    assert host.run("left")["warnings"] == [], "Kafka knows what was read"
    host.run("closed")
    host.old.committed = {}
    Service(host).start()
    assert host.run("left")["warnings"] == []


def test_where_kafka_knows_the_offsets_those_count(host: MovingHost) -> None:
    host.run("stopped")
    host.old.parts[A], host.old.committed[GROUP][A] = (0, 14), 12
    host.run("left")
    assert host.record is not None and host.record.offsets is not None and host.record.offsets.position(A) == 12
    host.write(host.new)
    assert host.info()["stranded"]["rows"] == 2


def test_rows_that_were_deleted_while_hosts_stopped_are_lost(host: MovingHost) -> None:
    host.old.committed = {}
    host.run("stopped")
    host.old.parts[A] = (12, 14)
    host.run("left")
    host.write(host.new)
    found = host.info()["stranded"]
    assert [(each["start"], each["end"]) for each in found["deleted"]] == [(10, 12)] and found["rows"] == 2


@pytest.mark.parametrize("what", ["another topic", "another cluster", "no leader", "started again", "given up"])
def test_what_ended_there_before_does_not_count_any_more(host: MovingHost, what: str) -> None:
    host.old.committed = {}
    host.old.ids = {A[0]: b"\1" * 16}
    if what == "no leader":
        host.old.parts[A] = None
    host.run("stopped")
    host.old.parts[A] = (0, 14)
    if what == "another topic":
        host.old.ids = {A[0]: b"\2" * 16}
    if what == "another cluster":
        host.old.cluster_id = "third"
    if what == "started again":
        Service(host).start()
    if what == "given up":
        host.run("returned")
        Service(host).stop()
    host.run("left")
    assert host.record is not None and host.record.offsets is not None
    assert host.record.offsets.partitions[A].end == 14
    assert sorted(path.name for path in host.home.state.glob("*.json")) == ["move.json"]


def test_check_mode_foretells_and_changes_nothing(host: MovingHost) -> None:
    for state in ("stopped", "left"):
        assert host.run(state, check=True)["changed"] is True
        assert host.up and host.record is None and not host.home.state.exists()
    host.run("left")
    assert host.run("left", check=True)["changed"] is False
    for state in ("returned", "closed"):
        assert host.run(state, check=True)["changed"] is True
        assert not host.up and host.record is not None


def test_a_host_that_is_there_already_goes_on_reading(host: MovingHost) -> None:
    host.write(host.new)
    for state in ("stopped", "left"):
        assert host.run(state)["changed"] is False
    assert host.up and host.record is None


def test_a_service_that_has_read_on_since_is_recorded_anew(host: MovingHost) -> None:
    host.run("left")
    Service(host).start()
    host.old.committed[GROUP][A] = 9
    host.run("stopped")
    assert host.record is None
    host.run("left")
    assert host.record is not None and host.record.offsets is not None and host.record.offsets.position(A) == 9


def test_a_move_is_recorded_again_where_another_host_has_read_on(host: MovingHost) -> None:
    """This one has been down since, or has changed already."""
    host.run("left")
    host.old.committed[GROUP][A] = 8
    assert host.run("left")["changed"] is False
    assert host.run("left", record_again=True, check=True)["changed"] is True
    assert host.record is not None and host.record.offsets is not None and host.record.offsets.position(A) == 7
    assert host.run("left", record_again=True)["changed"] is True
    assert host.record is not None and host.record.offsets is not None and host.record.offsets.position(A) == 8
    host.write(host.new)
    host.old.committed[GROUP][A] = 9
    assert host.run("left")["changed"] is False
    found = host.run("left", record_again=True)
    assert found["changed"] and found["generation"] == 0
    assert host.record is not None and host.record.offsets is not None and host.record.offsets.position(A) == 9
    assert host.record.old_cluster == "old"


def test_what_another_cluster_has_there_is_not_recorded_again(host: MovingHost) -> None:
    moved(host)
    record = host.record
    host.old.cluster_id = "third"
    with pytest.raises(HostError, match="would not be known: cluster third answers at the addresses of cluster old"):
        host.run("left", record_again=True)
    assert host.run("left", record_again=True, accept_unreadable=True)["changed"] is False
    assert host.record == record


def test_a_partition_without_a_leader_is_asked_for_again_and_then_stops_the_move(host: MovingHost) -> None:
    parts, asked = dict(host.old.parts), len(host.old.asked)
    host.old.parts[A] = None

    def elect(cluster: Cluster) -> None:
        if len(cluster.asked) > asked + 30:
            cluster.parts = dict(parts)

    with pytest.raises(HostError, match=r"partitions without a leader, such as a_onlinefs 0 \(1 in all\)"):
        host.run("left")
    assert host.record is None
    asked = len(host.old.asked)
    host.old.on_request = elect
    host.run("left", service_timeout=20)
    assert host.record is not None and host.record.offsets is not None and not host.record.offsets.unknown


def test_what_to_go_back_to_is_known_while_the_host_moves(host: MovingHost) -> None:
    assert host.run("stopped")["generation"] is None
    host.run("left")
    assert host.run("stopped")["generation"] == 0
    host.write(host.new)
    assert host.run("stopped")["generation"] == 0
    with Cluster("third").running() as third:
        elsewhere = {"properties": {"bootstrap.servers": third.bootstrap}}
        assert host.run("stopped", **elsewhere)["generation"] is None, "that is the record of an earlier move"


def test_members_that_do_not_leave_are_named_and_nothing_is_recorded(host: MovingHost) -> None:
    with pytest.raises(HostError, match=r"still have members after 1 s: onlinefs_rondb: consumer-1.*every host"):
        host.run("left", service=Service(host, leaves=False))
    assert host.record is None


def test_a_service_that_does_not_stop_is_an_error(host: MovingHost) -> None:
    with pytest.raises(HostError, match="it still runs after it was stopped"):
        host.run("stopped", service=Service(host, stops=False))


@pytest.mark.parametrize("cause", ["not allowed", "not known to this Kafka"])
def test_a_group_that_is_never_described_is_told_at_once(host: MovingHost, cause: str) -> None:
    if cause == "not allowed":
        host.old.faults = {15: [30] * 100}
    else:
        host.old.describes = False
    started = time.monotonic()
    found = host.run("left", service_timeout=60)
    assert found["members_left"] is None and "does not describe the group onlinefs_rondb" in found["warnings"][0]
    assert host.record is not None and time.monotonic() - started < 30


def test_a_group_that_is_not_described_yet_is_waited_for(host: MovingHost) -> None:
    host.old.faults = {15: [15] * 2}
    assert host.run("left", service_timeout=60)["members_left"] is True


def test_a_service_without_a_manager_must_have_been_stopped(host: MovingHost) -> None:
    with pytest.raises(HostError, match="still have members"):
        host.run("left", service=NoService())
    host.old.members = {}
    assert host.run("left", service=NoService())["changed"]
    assert host.run("left", service=NoService())["changed"] is False


def test_commands_must_say_how_to_stop(host: MovingHost) -> None:
    for missing in ("stop", "start", "status"):
        commands = {"status": "/bin/true", "stop": "/bin/true", "start": "/bin/true", missing: ""}
        service = CommandService("onlinefs", "/bin/true", timeout=5, **commands)
        with pytest.raises(HopsworksKafkaError, match=f"{missing} is missing, and a move"):
            host.run("stopped", service=service)


def test_an_old_kafka_that_cannot_be_read_must_be_accepted(host: MovingHost) -> None:
    host.write(Cluster("", port=1))
    with pytest.raises(HostError, match=r"would not be known: .*refused.*accept_unreadable"):
        host.run("left")
    assert host.record is None
    found = host.run("left", accept_unreadable=True)
    assert found["changed"] and host.record is not None and host.record.offsets is None
    assert any("Could not verify that OnlineFS has left" in warning for warning in found["warnings"])
    host.write(host.new)
    shown = host.info()["stranded"]
    assert shown["rows"] is None and shown["unknown"][0]["reason"] == move_planner.NOT_RECORDED


def test_the_same_cluster_under_another_address_needs_no_record(host: MovingHost) -> None:
    host.new.cluster_id = "old"
    host.run("left")
    assert host.record is None and not host.up


def test_a_topic_that_was_created_again_and_has_grown_is_not_known(host: MovingHost) -> None:
    host.old.ids = {A[0]: b"a" * 16, B[0]: b"b" * 16}
    moved(host)
    assert host.info()["stranded"]["rows"] == 3
    host.old.parts = {A: (0, 25), B: (0, 7)}
    host.old.ids = {A[0]: b"c" * 16, B[0]: b"b" * 16}
    found = host.info()["stranded"]
    assert found["rows"] is None and found["counted"] == 2
    assert found["unknown"] == [{"topic": A[0], "partition": 0, "reason": move_planner.CREATED_ANEW}]
    host.old.ids = {}
    assert host.info()["stranded"]["rows"] == 20, "a Kafka that gives its topics no ids any more"


def test_a_topic_that_is_created_again_while_it_is_read_is_not_known(host: MovingHost) -> None:
    host.old.ids = {A[0]: b"a" * 16, B[0]: b"b" * 16}

    def create(cluster: Cluster) -> None:
        if cluster.asked[-1] == 2:  # it asks for offsets
            cluster.ids[A[0]] = b"c" * 16

    host.old.on_request = create
    found = host.info()["unread"]
    assert found["rows"] is None and [each["topic"] for each in found["unknown"]] == [A[0]]


# --- another cluster at the same addresses --------------------------------------------------------------------------


def seen(host: MovingHost, cluster_id: str = "before") -> None:
    """What onlinefs_config keeps once it has seen the service read from the declared Kafka."""
    host.write(host.new)
    files = transaction.read_configuration(open_files(str(host.home.etc)))
    host.generations.add(0, files, "applied", {"bootstrap_servers": host.new.bootstrap})
    host.generations.mark_proved(0, cluster_id)
    host.old.members, host.new.members = {}, {GROUP: ["consumer-1"]}


def restarted(host: MovingHost) -> dict[str, t.Any]:
    """What onlinefs_config does after that: it has nothing to write."""
    service = NewService(host)
    options = {"service_version": None, "client_id": "", "service_manager": "systemd", "verify_consumer_group": False}
    given = host.home.params(**options, generation=0, state="reverted")
    return config_task.run(given, False, False, set(), service)


class NewService(Service):
    """A service that is a member of the declared cluster."""

    def __init__(self, host: MovingHost, **more: t.Any) -> None:
        super().__init__(host, **more)
        self._old = host.new


def test_another_cluster_at_the_same_addresses_is_a_move(host: MovingHost) -> None:
    seen(host)
    host.new.parts = {A: (0, 4)}
    found = host.info()
    assert found["move"] is True and found["same_addresses"] is True
    assert (found["old"]["cluster_id"], found["new"]["cluster_id"]) == ("before", "new")
    assert found["old"]["reason"] == "cluster new answers at the addresses of cluster before"
    assert found["unread"]["rows"] is None and found["unread"]["unknown"][0]["reason"] == found["old"]["reason"]
    assert found["overlap"] == [{"topic": A[0], "partition": 0, "start": 0, "end": 4, "rows": 4}]


def test_the_same_cluster_at_the_same_addresses_is_none(host: MovingHost) -> None:
    seen(host, "new")
    found = host.info()
    assert (found["move"], found["same_addresses"], found["old"], found["overlap"]) == (False, False, None, None)
    for state in ("stopped", "left", "returned"):
        assert host.run(state)["changed"] is False
    assert host.up and host.record is None and host.generations.journal() is None


def test_another_address_says_nothing_of_these(host: MovingHost) -> None:
    """The cluster that was seen is that of another configuration: somebody has edited the files since."""
    seen(host)
    host.generations.add(0, host.generations.files(0), "applied", {"bootstrap_servers": "elsewhere:9092"})
    host.generations.mark_proved(0, "before")
    assert host.info()["move"] is False and host.new.asked == []


def test_a_declared_kafka_that_cannot_be_read_may_be_another_one(host: MovingHost) -> None:
    seen(host)
    host.write(Cluster("", port=1))
    host.generations.add(0, host.generations.files(0), "applied", {"bootstrap_servers": "127.0.0.1:1"})
    host.generations.mark_proved(0, "before")
    nowhere = {"properties": {"bootstrap.servers": "127.0.0.1:1"}}
    found = host.info(**nowhere)
    assert found["move"] is None and "refused" in found["new"]["reason"] and found["overlap"] is None
    with pytest.raises(HostError, match=r"declared Kafka: it cannot be read.*still is cluster before.*refused"):
        host.run("stopped", **nowhere)
    assert host.up


@pytest.mark.parametrize(("before", "moves"), [("new", False), ("before", True)])
def test_a_declared_login_that_fails_says_nothing_if_the_present_one_still_works(
    host: MovingHost, before: str, moves: bool
) -> None:
    seen(host, before)
    found = host.info(properties={"bootstrap.servers": host.new.bootstrap, "security.protocol": "SSL"})
    assert found["move"] is moves


def test_what_it_leaves_there_must_be_accepted_as_unknown(host: MovingHost) -> None:
    seen(host)
    host.run("stopped", service=NewService(host))
    with pytest.raises(HostError, match=r"would not be known: cluster new answers at .* cluster before"):
        host.run("left", service=NewService(host))
    assert host.record is None and not host.up
    found = host.run("returned", service=NewService(host))
    assert found["changed"] and host.up and host.generations.journal() is None
    assert host.info()["move"] is True, "nothing of it was accepted"


def test_all_of_the_move_at_the_same_addresses(host: MovingHost) -> None:
    seen(host)
    for state in ("stopped", "left"):
        told = host.run(state, check=True, accept_unreadable=True)
        assert told["changed"] is True and host.up and host.record is None and host.generations.journal() is None
    told = host.run("stopped", service=NewService(host))
    assert told["changed"] and told["generation"] is None and not host.up
    told = host.run("left", accept_unreadable=True, service=NewService(host))
    assert told["changed"] and told["members_left"] is True and told["generation"] is None
    record = host.record
    assert record is not None and (record.old_cluster, record.new_cluster) == ("before", "new")
    assert record.keeps_addresses and record.offsets is None and told["record"] == record.to_result()
    for state in ("stopped", "left"):
        again = host.run(state, record_again=True, service=NewService(host))
        assert (again["changed"], again["generation"]) == (False, None)
    assert host.info()["move"] is True and host.info()["stranded"] is None, "it is still to be made"
    assert restarted(host)["restarted"] is True and host.up and host.generations.journal() is None
    found = host.info()
    assert (found["move"], found["same_addresses"]) == (False, False)
    assert found["stranded"]["rows"] is None and found["stranded"]["unknown"][0]["reason"] == move_planner.NOT_RECORDED
    for state in ("stopped", "left", "returned"):
        assert host.run(state, record_again=True, service=NewService(host))["changed"] is False
    assert host.up and host.record == record
    host.run("closed")
    assert host.record is None and host.info()["move"] is False, "the cluster is kept with the configuration"
    host.new.cluster_id = "third"
    assert host.info()["move"] is True


def test_a_third_cluster_at_the_same_addresses_is_a_move_again(host: MovingHost) -> None:
    seen(host)
    host.run("left", accept_unreadable=True, service=NewService(host))
    restarted(host)
    host.new.cluster_id = "third"
    found = host.info()
    assert found["move"] is True and found["old"]["cluster_id"] == "new"
    assert found["stranded"]["rows"] is None, "what the second one left behind is not known either"
    host.new.members = {}
    host.run("left", accept_unreadable=True, service=NewService(host))
    assert host.record is not None and (host.record.old_cluster, host.record.new_cluster) == ("new", "third")


def test_a_move_at_the_same_addresses_that_is_given_up_starts_the_service_again(host: MovingHost) -> None:
    seen(host)
    host.run("left", accept_unreadable=True, service=NewService(host))
    assert host.run("returned", check=True)["changed"] and not host.up
    assert host.run("returned")["changed"]
    assert host.up and host.record is None and host.generations.journal() is None
    assert host.info()["move"] is True


def test_one_that_is_given_up_keeps_the_record_of_an_earlier_move(host: MovingHost) -> None:
    moved(host)
    seen_at = transaction.keep_found(host.generations, transaction.read_configuration(open_files(str(host.home.etc))))
    files = host.generations.files(seen_at)
    host.generations.add(seen_at, files, "applied", {"bootstrap_servers": host.new.bootstrap})
    host.generations.mark_proved(seen_at, "new")
    record = host.record
    host.new.cluster_id = "third"
    assert host.run("stopped", service=NewService(host))["generation"] is None, "that Kafka is not the one it leaves"
    assert host.info()["stranded"]["rows"] == 3
    assert host.run("returned")["changed"] and host.up and host.record == record


@pytest.mark.parametrize("step", range(12))
def test_a_run_that_is_killed_while_it_stops_there_is_completed(host: MovingHost, step: int) -> None:
    seen(host)
    killed_at(step, lambda: host.run("left", accept_unreadable=True, service=NewService(host)))
    host.new.members = {}
    assert host.info()["move"] is True
    host.run("left", accept_unreadable=True, service=NewService(host))
    assert not host.up and host.record is not None
    assert restarted(host)["restarted"] is True and host.up
    assert host.info()["move"] is False


def test_the_cluster_that_took_the_addresses_is_known_after_the_next_move_was_given_up(host: MovingHost) -> None:
    seen(host)
    host.run("left", accept_unreadable=True, service=NewService(host))
    restarted(host)  # without a proof, so only the record names the cluster
    onward = {"properties": {"bootstrap.servers": host.old.bootstrap}}
    host.new.members = {}
    host.run("left", **onward)
    assert host.record is not None and (host.record.old_cluster, host.record.new_cluster) == ("new", "old")
    assert host.run("returned", **onward)["changed"] and host.record is None
    found = host.info(**onward)
    assert (found["old"]["cluster_id"], found["old"]["reason"]) == ("new", None)


def test_another_cluster_at_the_addresses_that_a_host_leaves(host: MovingHost) -> None:
    """It is another one than OnlineFS has read from, so nothing is known of what it leaves."""
    files = transaction.read_configuration(open_files(str(host.home.etc)))
    host.generations.add(0, files, "applied", {"bootstrap_servers": host.old.bootstrap})
    host.generations.mark_proved(0, "before")
    host.new.cluster_id = "old"
    found = host.info()
    assert found["move"] is True and found["same_addresses"] is False
    assert found["old"]["cluster_id"] == "before" and found["unread"]["rows"] is None
    with pytest.raises(HostError, match="would not be known: cluster old answers at the addresses of cluster before"):
        host.run("left")
    host.run("left", accept_unreadable=True)
    assert host.record is not None and (host.record.old_cluster, host.record.new_cluster) == ("before", "old")
    assert host.record.offsets is None


# --- back to a kept configuration ------------------------------------------------------------------------------------


def test_a_return_to_a_kept_configuration_is_a_move(host: MovingHost) -> None:
    """The declared Kafka is the one that OnlineFS leaves then, and the options for it do not matter."""
    moved(host)
    host.run("closed")
    host.new.parts = {A: (0, 9), B: (0, 0)}
    host.new.committed = {GROUP: {A: 5}}
    host.new.members, host.old.members = {GROUP: ["consumer-1"]}, {}
    back: dict[str, t.Any] = {"generation": 0, "properties": {}}
    found = host.info(**back)
    assert found["move"] is True and (found["old"]["cluster_id"], found["new"]["cluster_id"]) == ("new", "old")
    assert found["new"]["bootstrap_servers"] == host.old.bootstrap and found["unread"]["rows"] == 4
    assert [(each["topic"], each["end"]) for each in found["overlap"]] == [(A[0], 10), (B[0], 5)]
    with pytest.raises(HopsworksKafkaError, match="generation 7: not kept"):
        host.info(generation=7)
    with pytest.raises(HopsworksKafkaError, match="option generation: not for state=carried"):
        host.run("carried", **back)
    host.run("left", service=NewService(host), **back)
    record = host.record
    assert record is not None and (record.old_cluster, record.new_cluster) == ("new", "old") and not host.up
    assert record.offsets is not None and record.offsets.position(A) == 5
    host.write(host.old)
    host.new.parts[A] = (0, 12)
    assert host.info(**back)["stranded"]["rows"] == 7, "four that were unread, and three that were written since"
    assert host.run("stopped", **back)["changed"] is False


def test_a_host_that_need_not_return_says_which_cluster_it_stays_on(host: MovingHost) -> None:
    """Other hosts may return to another one, by the same number."""
    transaction.keep_found(host.generations, transaction.read_configuration(open_files(str(host.home.etc))))
    found = host.info(generation=0)
    assert (found["move"], found["old"], found["new"]["cluster_id"]) == (False, None, "old")


def test_a_kept_configuration_without_a_kafka_is_one_that_cannot_be_read(host: MovingHost) -> None:
    consumer = host.home.etc / "onlinefs-kafka.properties"
    text = consumer.read_text()
    consumer.unlink()
    transaction.keep_found(host.generations, transaction.read_configuration(open_files(str(host.home.etc))))
    consumer.write_text(text)
    found = host.info(generation=0)
    assert found["move"] is None and "names no Kafka" in found["new"]["reason"]
    host.run("left", generation=0)
    assert host.record is not None and host.record.offsets is not None, "it can be read again"


# --- after it -------------------------------------------------------------------------------------------------------


def test_stranded_rows_are_counted_once_the_host_has_moved(host: MovingHost) -> None:
    host.run("left")
    assert host.info()["stranded"] is None, "the move is still to be made"
    host.write(host.new)
    host.old.parts[B] = (0, 9)
    found = host.info()
    assert found["move"] is False and found["record"]["old_cluster"] == "old"
    assert found["stranded"]["rows"] == 7
    assert [(each["topic"], each["start"], each["end"]) for each in found["stranded"]["partitions"]] == [
        (A[0], 7, 10),
        (B[0], 5, 9),
    ]


def test_what_was_carried_over_is_not_stranded(host: MovingHost) -> None:
    moved(host)
    host.new.committed = {move_planner.CARRIED: {A: (10, '{"old":{"0":[[0,10]]}}')}}
    assert host.info()["stranded"]["rows"] == 0
    host.new.committed = {move_planner.CARRIED: {A: (10, '{"old":{"0":[[9,10]]}}')}}
    assert host.info()["stranded"]["rows"] == 2, "a part of the rows was carried, and not those before it"
    host.new.committed = {move_planner.CARRIED: {A: (10, '{"another":{"0":[[0,10]]}}')}}
    assert host.info()["stranded"]["rows"] == 3, "rows of another cluster were carried"
    host.new.faults = {9: [30]}  # a principal that may not see the marker has carried nothing
    assert host.info()["stranded"]["rows"] == 3


def test_what_was_carried_of_a_topic_that_was_deleted_since_is_not_of_the_new_one(host: MovingHost) -> None:
    """OnlineFS has left the old Kafka twice, and the topic was created again in between: its offsets are other rows."""
    host.new.committed = {move_planner.CARRIED: {A: (10, json.dumps({"old " + "01" * 16: {"0": [[0, 10]]}}))}}
    for topic_id, rows in ((b"\1" * 16, 0), (b"\2" * 16, 3)):
        host.old.ids = {A[0]: topic_id}
        moved(host)
        assert host.info()["stranded"]["rows"] == rows
        host.run("closed")
        host.write(host.old)


def test_not_known_where_one_of_them_cannot_be_read(host: MovingHost) -> None:
    moved(host)
    port, host.old.port = host.old.port, 1
    host.write(host.new)
    host.old.port = port
    host.new.faults = {10: [15] * 1000}
    found = host.info(timeout=1)["stranded"]
    assert found["rows"] is None and "what was carried over is not known" in found["unknown"][0]["reason"]


def test_the_old_cluster_is_read_with_what_root_has_kept(host: MovingHost) -> None:
    """The service's user may change its files: they decide nothing once the host has moved."""
    moved(host)
    (host.home.etc / "onlinefs-site.xml").write_text("<onlinefs><kafkaConsumer/></onlinefs>")
    assert host.info()["stranded"]["rows"] == 3


def test_a_configuration_that_is_not_kept_is_a_reason(host: MovingHost) -> None:
    moved(host)
    host.generations.add(1, host.generations.files(0), "applied", {})
    host.generations.drop(0)
    found = host.info()["stranded"]
    assert found["rows"] is None and "generation 0: not kept" in found["unknown"][0]["reason"]


def test_what_was_carried_before_the_next_move_is_read_where_onlinefs_reads_now(host: MovingHost) -> None:
    moved(host)
    host.new.committed = {move_planner.CARRIED: {A: (10, '{"old":{"0":[[0,10]]}}')}}
    with Cluster("third").running() as third:
        elsewhere = {"properties": {"bootstrap.servers": third.bootstrap}}
        found = host.info(**elsewhere)
        assert found["move"] is True and found["stranded"]["rows"] == 0
        host.write(host.old)
        assert host.info(**elsewhere)["stranded"]["rows"] == 3, "OnlineFS does not read where the marks are"


def test_a_record_of_another_move_is_counted_before_the_next_one(host: MovingHost) -> None:
    moved(host)
    with Cluster("third", {A: (0, 0)}).running() as third:
        found = host.info(properties={"bootstrap.servers": third.bootstrap})
    assert found["move"] is True and found["stranded"]["rows"] == 3


def test_a_damaged_record_is_an_error(host: MovingHost) -> None:
    moved(host)
    (host.home.state / "move.json").write_text("{}")
    with pytest.raises(HostError, match="damaged"):
        host.info()


# --- back, and closed -----------------------------------------------------------------------------------------------


def test_going_back_starts_the_service_and_forgets_the_move(host: MovingHost) -> None:
    host.run("left")
    assert host.run("returned")["changed"] and host.up and host.record is None
    assert host.run("returned")["changed"] is False


def test_going_back_needs_the_old_configuration(host: MovingHost) -> None:
    moved(host)
    with pytest.raises(HostError, match=r"configuration for the new Kafka\. Restore generation 0"):
        host.run("returned")
    assert host.record is not None
    host.write(host.old)
    assert host.run("returned")["changed"] and host.record is None


def test_a_move_is_closed(host: MovingHost) -> None:
    moved(host)
    assert host.run("closed")["changed"] and host.record is None
    assert host.run("closed")["changed"] is False
    assert host.info()["stranded"] is None


# --- interrupted runs -----------------------------------------------------------------------------------------------


def test_after_an_interrupted_change_the_configuration_from_before_counts(host: MovingHost) -> None:
    host.run("left")
    kept = host.generations
    with kept.locked(1):
        kept.add(1, {}, "applied", {})
        kept.begin(Journal(0, 1, True))
    host.write(host.new)
    Service(host).start()
    found = host.info()
    assert found["move"] is True and found["stranded"] is None
    assert host.run("stopped")["changed"] and not host.up
    assert host.record is not None, "what ran since may have had the new configuration"
    assert host.run("left")["changed"] is False


@pytest.mark.parametrize("state", ["left", "returned"])
def test_a_run_that_is_killed_anywhere_is_completed_by_the_next(host: MovingHost, state: str) -> None:
    steps = 0
    while True:
        Service(host).start()
        host.old.members = {GROUP: ["consumer-1"]}
        host.run("returned")
        if state == "returned":
            host.run("left")
        host.old.members = {}
        if not killed_at(steps, lambda: host.run(state)):
            break
        steps += 1
        host.run(state)
        assert host.up is (state == "returned")
        record = host.record
        assert (record is None) is (state == "returned")
        if record is not None:
            assert record.offsets is not None and record.offsets.position(A) == 7
            assert host.generations.files(record.generation)["onlinefs-kafka.properties"] is not None
    assert steps > 2


def test_secrets_of_the_declaration_are_handed_over(host: MovingHost) -> None:
    secrets: set[str] = set()
    declared = {"bootstrap.servers": host.new.bootstrap, "my.own.password": "canary-9"}
    move_info.info(host.params(onlinefs_move_info.argument_spec(), properties=declared), secrets)
    assert "canary-9" in secrets


def test_the_service_is_the_one_that_the_options_name(host: MovingHost) -> None:
    host.old.members = {}
    params = host.params(onlinefs_move.argument_spec(), state="left", service_manager="none")
    assert move_task.run(params, False, set())["changed"] and host.record is not None


# --- carrying over --------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[CarryRequest]:
    """What is carried. The stand-in clusters have no rows: see test_carry_child, and tests/carry for real ones."""
    given: list[CarryRequest] = []

    def carry(_source: t.Any, _target: t.Any, request: CarryRequest, seconds: float) -> dict[str, t.Any]:
        given.append(request)
        assert seconds == 3600
        return carry_child.nothing("carried")

    monkeypatch.setattr(carry_child, "carry_in_child", carry)
    return given


def test_what_is_stranded_is_carried(host: MovingHost, asked: list[CarryRequest]) -> None:
    moved(host)
    host.old.parts[A], host.old.parts[B] = (0, 12), (0, 6)
    result = host.run("carried")
    assert result["complete"] is True and result["msg"] == "carried" and result["record"]["old_cluster"] == "old"
    assert asked == [CarryRequest({A: ((7, 12),), B: ((5, 6),)}, accept_deleted=False, dry=False)]
    assert result["stranded"]["rows"] == 6 and host.record is not None
    host.run("carried", check=True)
    assert asked[1].dry is True


def test_rows_that_were_carried_before_are_left_out(host: MovingHost, asked: list[CarryRequest]) -> None:
    moved(host)
    host.new.committed = {move_planner.CARRIED: {A: (9, json.dumps({"old": {"0": [[7, 9]]}}))}}
    host.run("carried")
    assert [request.wanted for request in asked] == [{A: ((9, 10),)}]
    host.new.committed = {move_planner.CARRIED: {A: (10, json.dumps({"old": {"0": [[7, 10]]}}))}}
    result = host.run("carried")
    assert len(asked) == 1 and result["msg"] == "no rows are left in the old Kafka" and result["changed"] is False


def test_without_a_move_nothing_is_carried(host: MovingHost, asked: list[CarryRequest]) -> None:
    host.write(host.new)
    result = host.run("carried")
    assert (result["changed"], result["stranded"], result["complete"]) == (False, None, True)
    assert "no move is recorded" in result["msg"] and host.old.asked == [] and asked == []


def test_a_move_that_is_not_complete_carries_nothing(host: MovingHost, asked: list[CarryRequest]) -> None:
    host.run("left")
    with pytest.raises(HostError, match="not the configuration for the declared Kafka"):
        host.run("carried")
    assert asked == []


def test_a_topic_of_which_nothing_can_be_known_is_named_with_what_to_do(
    host: MovingHost, asked: list[CarryRequest]
) -> None:
    moved(host)
    host.old.parts[A] = (0, 4)
    with pytest.raises(HostError, match=r"a_onlinefs: the topic was deleted and created again since\..*state=closed"):
        host.run("carried")
    assert asked == []


def test_what_is_left_must_be_known(host: MovingHost, asked: list[CarryRequest]) -> None:
    moved(host)
    host.old.cluster_id = "another"
    with pytest.raises(HostError, match="not known what was left there: another cluster answers"):
        host.run("carried")
    assert asked == []


def test_a_declared_kafka_that_the_move_did_not_go_to_gets_nothing(host: MovingHost, asked: list[CarryRequest]) -> None:
    moved(host)
    with Cluster("third", dict(host.new.parts)).running() as third:
        host.write(third)
        declared = {"bootstrap.servers": third.bootstrap}
        with pytest.raises(HostError, match="not known to be the declared Kafka"):
            host.run("carried", properties=declared)
        third.cluster_id = "new"  # another address of the same cluster
        host.run("carried", properties=declared)
    assert [request.wanted for request in asked] == [{A: ((7, 10),)}]
