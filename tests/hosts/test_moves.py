"""OnlineFS and the projects go from one Kafka to another while programs write, on real hosts and two real clusters.

Rows are counted by identity: each that a broker has acknowledged is to be read by the consumers on the hosts in the
end. With --soak: 3 hosts, 20 projects, 100,000 rows, and what may go wrong in a move.
"""

from __future__ import annotations

import contextlib
import re
import time
import typing as t
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.hosts import faults
from tests.hosts.bed import Ran
from tests.hosts.lab import Host
from tests.hosts.move_bed import CLUSTERS, MoveBed
from tests.hosts.system import wait_until
from tests.hosts.writers import Acknowledged, Read, Writers

SITE, VERIFY = "hopsworks.kafka.site", "hopsworks.kafka.verify"
CARRY_OVER = "hopsworks.kafka.carry_over"
OLD, NEW = (address for address, _secret in CLUSTERS.values())
#: A program that is started every second, one every six seconds; the others are streams, until they are started again.
RENEWED = {"project_1": 1.0, "project_2": 6.0}
#: The most rows that a service which is stopped may have read without saying so: two polls of Kafka's default size.
_POLLED = 1000


class Move:
    """A move under load."""

    def __init__(self, bed: MoveBed, scratch: Path, pause: float = 0.02) -> None:
        self.bed = bed
        self.read = Read(bed)
        self.writers = Writers(bed, scratch, pause, RENEWED)

    @contextlib.contextmanager
    def under_load(self) -> t.Iterator[None]:
        """The writers are at work, and OnlineFS has read some of their rows."""
        with self.writers.at_work():
            wait_until(lambda: len(self.read.update().rows) > 20 * len(self.bed.projects), 60, "the first rows")
            yield

    def play(self, playbook: str, *options: str, **variables: t.Any) -> Ran:
        began = time.monotonic()
        ran = self.bed.play(*options, playbook=playbook, seconds=400, **variables)
        print(f"{playbook}: {ran.code}, {time.monotonic() - began:.1f} s", flush=True)
        return ran

    def carry_over(self) -> Ran:
        """Bring over what was left in the old cluster."""
        return self.play(CARRY_OVER)

    def switch_streams(self) -> None:
        """Start every program again, and wait until all write to the new cluster."""
        self.writers.renew()

        def are_there() -> bool:
            return all(writer.clusters[-1].startswith(NEW) for writer in self.writers.writers)

        wait_until(are_there, 30, "every program at the new Kafka")
        time.sleep(1)  # what the old producers still held is out by then

    def unread(self, seconds: float = 10) -> list[Acknowledged]:
        """Rows of the old cluster that OnlineFS has not read."""
        return self.read.missing([row for row in self.writers.acknowledged if row.cluster.startswith(OLD)], seconds)

    def check_nothing_lost(self) -> None:
        """Every row that was acknowledged has been read."""
        rows = self.writers.acknowledged
        lost = self.read.missing(rows, 60)
        again = sum(self.read.rows.values()) - len(self.read.rows)
        print(f"{len(rows)} rows acknowledged, {len(lost)} lost, {again} read twice", flush=True)
        assert not self.writers.refused
        assert lost == []


def left(ran: Ran) -> int | None:
    """The number of rows that the summary calls left in the old cluster; None: not known."""
    found = re.search(r"left in (?:cluster \S+|the old Kafka): (\d+ rows?|no rows|not known)", ran.output)
    assert found, ran.output
    return None if found[1] == "not known" else int(re.sub(r"\D", "", found[1]) or 0)


def check_count(ran: Ran, unread: list[Acknowledged]) -> None:
    """The summary counts every row that is not read, and beside them only what was read and not yet committed."""
    more = (left(ran) or 0) - len(unread)
    print(f"{len(unread)} rows are left in the old Kafka; the summary counts {more} more", flush=True)
    assert unread and 0 <= more < _POLLED, ran.output


def test_every_row_is_read_after_site_and_carry_over(moving: MoveBed, tmp_path: Path, soak: bool) -> None:
    """Programs write all the time, some of them to the old Kafka until they are started again."""
    moving.reset("kafka")
    move = Move(moving, tmp_path)
    with move.under_load():
        ran = move.play(SITE)
        assert ran.code != 0, f"rows were left, and it says nothing:\n{ran.output}"
        assert left(ran), ran.output
        assert {moving.configured(host) for host in moving.lab.hosts} == {"new"}
        assert {moving.used(project) for project in moving.projects} == {"new"}
        move.switch_streams()
        unread = move.unread()
        ran = move.play(VERIFY)
        assert ran.code != 0, ran.output
        check_count(ran, unread)
        carried = move.carry_over()
        assert carried.code == 0, carried.output
        assert move.read.missing(unread, 30) == []
        again = move.carry_over()
        assert again.code == 0, again.output
        assert [again.recap(host.name, "changed") for host in moving.lab.hosts] == [0] * len(moving.lab.hosts)
        ran = move.play(VERIFY)
        assert ran.code == 0, ran.output
        enough = 100_000 if soak else 3_000
        wait_until(lambda: len(move.writers.acknowledged) >= enough, 200, f"{enough} rows")
    move.check_nothing_lost()


class Point(t.NamedTuple):
    """Where a run is killed, and what it leaves behind: a row of the table.

    :param task: the end of the task's name; `hosts_done`: so many hosts are done with it, or it is about to begin.
    :param runs: the hosts whose service runs: all, none, all but one, or changed.
    :param configured: the clusters of their configurations.
    :param recorded: whether they have recorded what they leave.
    :param used: the cluster that the projects' programs are sent to.
    """

    task: str
    hosts_done: int
    runs: str
    configured: set[str]
    recorded: bool
    used: str


_STOP, _RECORD = "Move | Stop the service", "Move | Record what OnlineFS leaves in its Kafka"
_CHANGE = "Connect OnlineFS on the host to the declared Kafka"
POINTS = {
    "before any has stopped": Point(_STOP, 0, "all", {"old"}, False, "old"),
    "one has stopped": Point(_STOP, 1, "all but one", {"old"}, False, "old"),
    "all have stopped": Point(_RECORD, 0, "none", {"old"}, False, "old"),
    "all have recorded": Point(_CHANGE, 0, "none", {"old"}, True, "old"),
    "one has changed": Point(_CHANGE, 1, "changed", {"old", "new"}, True, "old"),
    "all have changed": Point("Configure the declared Kafka in every project", 0, "all", {"new"}, True, "old"),
    "the projects have changed": Point("Read each project's effective connector", 0, "all", {"new"}, True, "new"),
}


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
def test_a_move_that_is_killed_is_finished_by_the_next_run(moving: MoveBed, tmp_path: Path, point: str) -> None:
    """Whatever a run leaves behind, no two services read from two clusters, and no row is lost in the end."""
    task, hosts_done, runs, configured, recorded, used = POINTS[point]
    bed, hosts = moving, moving.lab.hosts
    bed.reset("kafka")
    move = Move(bed, tmp_path, 0.1)
    with move.under_load():
        bed.killed_at(task, hosts_done)
        wait_until(lambda: not bed.busy(), 90, "the end of the modules on the hosts")
        running = {host.name: bed.configured(host) for host in hosts if bed.pid(host)}
        assert len(set(running.values())) <= 1, f"two clusters are read at once: {running}"
        if runs == "changed":
            assert set(running.values()) == {"new"}
            assert all(bed.configured(host) == "old" for host in hosts if host.name not in running)
        else:
            assert len(running) == {"all": len(hosts), "all but one": len(hosts) - 1, "none": 0}[runs], running
            assert {bed.configured(host) for host in hosts} == configured
        assert {bed.recorded(host) for host in hosts} == {recorded}
        assert {bed.used(project) for project in bed.projects} == {used}
        ran = move.play(SITE)
        assert {bed.configured(host) for host in hosts} == {"new"}, ran.output
        assert {bed.used(project) for project in bed.projects} == {"new"}
        assert ran.code != 0 and left(ran), ran.output
        finish(move)
    move.check_nothing_lost()


def finish(move: Move) -> None:
    """Bring over what was left; then all is well."""
    move.switch_streams()
    unread = move.unread()
    ran = move.play(VERIFY)
    check_count(ran, unread)
    carried = move.carry_over()
    assert carried.code == 0, carried.output
    ran = move.play(VERIFY)
    assert ran.code == 0, ran.output


@contextlib.contextmanager
def refuses_the_new_cluster(host: Host) -> t.Iterator[None]:
    """The service of a host does not start with a configuration for the new cluster."""
    path = host.root() / "etc/systemd/system/onlinefs.service.d/refuses.conf"
    check = f'! grep -q "bootstrap.servers.*{NEW}" /onlinefs/etc/onlinefs-kafka.properties'
    path.write_text(f"[Service]\nExecStartPre=/bin/sh -c '{check}'\n")
    host.run("systemctl", "daemon-reload")
    try:
        yield
    finally:
        path.unlink()
        host.run("systemctl", "daemon-reload")


@pytest.mark.long
def test_one_host_fails_and_all_go_back(moving: MoveBed, tmp_path: Path) -> None:
    """Its service does not start with the new Kafka. So all read from the old one again, and then nothing is left."""
    bed, hosts = moving, moving.lab.hosts
    bed.reset("kafka")
    before = {host.name: bed.files(host) for host in hosts}
    move = Move(bed, tmp_path)
    with move.under_load():
        with refuses_the_new_cluster(hosts[-1]):
            ran = move.play(SITE)
        assert ran.code != 0
        assert hosts[-1].name in ran.output, ran.output
        assert {host.name: bed.files(host) for host in hosts} == before, ran.output
        assert not any(bed.recorded(host) for host in hosts)
        assert {bed.used(project) for project in bed.projects} == {"old"}
        bed.wait_until_serving()
        assert move.read.missing(move.writers.acknowledged, 30) == []
        ran = move.play(SITE)
        assert {bed.configured(host) for host in hosts} == {"new"}, ran.output
        finish(move)
    move.check_nothing_lost()


@pytest.mark.long
def test_the_old_cluster_is_reachable_from_the_hosts_only(moving: MoveBed, tmp_path: Path) -> None:
    """Its certificates and its network are theirs: the controller needs neither, and the count is exact."""
    moving.reset("kafka")
    move = Move(moving, tmp_path)
    with move.under_load():
        ran = move.play(SITE)
        assert left(ran), ran.output
        move.switch_streams()
    unread = move.unread()
    with faults.cut_off_controller(moving.lab, OLD):
        ran = move.play(VERIFY)
    assert ran.code != 0
    check_count(ran, unread)


@pytest.mark.long
def test_the_old_cluster_cannot_be_read_from_the_hosts(moving: MoveBed) -> None:
    """Nothing is changed, unless that is accepted by name. What is left is then not known, and never zero."""
    bed, hosts = moving, moving.lab.hosts
    bed.reset("kafka")
    before = {host.name: bed.files(host) for host in hosts}
    with contextlib.ExitStack() as cut:
        for host in hosts:
            cut.enter_context(faults.cut_off(host, OLD))
        ran = bed.play(playbook=SITE, seconds=400)
        assert ran.code != 0
        assert "not known what OnlineFS would leave" in ran.output, ran.output
        assert {host.name: bed.files(host) for host in hosts} == before
        assert {bed.used(project) for project in bed.projects} == {"old"}
        ran = bed.play(playbook=SITE, seconds=400, hopsworks_kafka_old_cluster="unreadable")
        assert {bed.configured(host) for host in hosts} == {"new"}, ran.output
        assert left(ran) is None, ran.output


@pytest.mark.long
def test_the_old_cluster_is_gone_after_the_move(moving: MoveBed, tmp_path: Path) -> None:
    """It was readable when OnlineFS left it, and is not any more: not known, and red."""
    moving.reset("kafka")
    move = Move(moving, tmp_path)
    with move.under_load():
        ran = move.play(SITE)
        assert left(ran), ran.output
        move.switch_streams()
    with contextlib.ExitStack() as cut:
        for host in moving.lab.hosts:
            cut.enter_context(faults.cut_off(host, OLD))
        ran = move.play(VERIFY)
    assert ran.code != 0
    assert left(ran) is None, ran.output


def write(bed: MoveBed, which: str, rows: range) -> list[Acknowledged]:
    """Rows of project_1, written to a cluster by hand."""
    taken: list[Acknowledged] = []
    topic = bed.topics[0]

    def delivered(error: t.Any, message: t.Any) -> None:
        assert error is None
        row = message.value().decode()
        taken.append(Acknowledged(row, bed.plaintext(which), topic, message.partition(), message.offset()))

    producer = Producer({"bootstrap.servers": bed.plaintext(which), "log_level": 0})
    for number in rows:
        producer.produce(topic, f"{which}:{number}".encode(), partition=0, on_delivery=delivered)
    assert producer.flush(30) == 0
    return taken


@pytest.mark.long
def test_both_clusters_have_logins_of_their_own(moving: MoveBed) -> None:
    """From the second cluster back to the first, now with a login there too."""
    bed = moving
    bed.reset("kafka")
    read = Read(bed)
    assert read.missing(write(bed, "old", range(50)), 30) == []
    ran = bed.play(playbook=SITE, seconds=400)
    assert ran.code == 0, ran.output
    assert read.missing(write(bed, "new", range(50)), 30) == []
    bed.declare_cluster("old")
    try:
        # Its topics have rows, which OnlineFS has read: these offsets are Kafka's own.
        ran = bed.play(playbook=SITE, seconds=400, hopsworks_kafka_saved_offsets="accept")
        assert ran.code == 0, ran.output
        assert {bed.configured(host) for host in bed.lab.hosts} == {"old"}
        assert {bed.used(project) for project in bed.projects} == {"old"}
        late = write(bed, "new", range(50, 80))
        ran = bed.play(playbook=VERIFY, seconds=400)
        assert ran.code != 0 and left(ran) == len(late), ran.output
        ran = bed.play(playbook=CARRY_OVER, seconds=400)
        assert ran.code == 0, ran.output
        assert read.missing(late, 30) == []
        ran = bed.play(playbook=VERIFY, seconds=400)
        assert ran.code == 0, ran.output
    finally:
        bed.declare_cluster("new")


@pytest.mark.long
def test_rows_under_saved_offsets_stop_a_move_until_the_offsets_are_deleted(moving: MoveBed) -> None:
    """Rows are in the new Kafka under the offsets that OnlineFS has saved. The table is shared by all hosts."""
    bed, hosts = moving, moving.lab.hosts
    bed.reset("table")
    read = Read(bed)
    assert read.missing(write(bed, "old", range(100)), 30) == []
    ahead = write(bed, "new", range(150))
    ran = bed.play(playbook=SITE, seconds=400)
    assert ran.code != 0
    assert "OnlineFS may skip 150 rows" in ran.output and f"{bed.topics[0]} 0: 0 to 149" in ran.output, ran.output
    assert {bed.configured(host) for host in hosts} == {"old"} and all(bed.pid(host) for host in hosts)
    command = f"python3 -c \"import urllib.request as r; r.urlopen(r.Request('{bed.saved.url}/', method='DELETE'))\""
    reset = {"hopsworks_kafka_saved_offsets": "reset", "hopsworks_kafka_reset_offsets_command": command}
    ran = bed.play(playbook=SITE, seconds=400, **reset)
    assert {bed.configured(host) for host in hosts} == {"new"}, ran.output
    assert read.missing(ahead, 30) == []


@pytest.mark.long
def test_rows_under_saved_offsets_are_skipped_if_that_is_accepted(moving: MoveBed) -> None:
    """What the finding warns of is true."""
    bed = moving
    bed.reset("table")
    read = Read(bed)
    assert read.missing(write(bed, "old", range(100)), 30) == []
    ahead = write(bed, "new", range(150))
    ran = bed.play(playbook=SITE, seconds=400, hopsworks_kafka_saved_offsets="accept")
    assert {bed.configured(host) for host in bed.lab.hosts} == {"new"}, ran.output
    assert read.missing(ahead[100:], 30) == []
    assert read.missing(ahead, 3) == ahead[:100]


@pytest.mark.long
def test_a_service_that_stops_beyond_the_end_takes_all_hosts_back(moving: MoveBed) -> None:
    """If the real service does not read on from such an offset, the proof fails, and nothing is lost."""
    bed, hosts = moving, moving.lab.hosts
    bed.reset("table", "stop")
    read = Read(bed)
    rows = write(bed, "old", range(100))
    assert read.missing(rows, 30) == []
    before = {host.name: bed.files(host) for host in hosts}
    ran = bed.play(playbook=SITE, seconds=400, onlinefs_service_timeout=15)
    assert ran.code != 0
    assert {host.name: bed.files(host) for host in hosts} == before, ran.output
    bed.wait_until_serving()
    assert read.missing(write(bed, "old", range(100, 200)), 30) == []
