"""What a host may stand in the way with: handled, or refused with a message that helps, and nothing is lost."""

from __future__ import annotations

import re
import typing as t

import pytest

from tests.hosts import faults
from tests.hosts.bed import STATE, Bed, Ran
from tests.hosts.lab import Host

HOST = "onlinefs1"
DROP_IN = "/etc/systemd/system/onlinefs.service.d"


@pytest.fixture(scope="module")
def host(three: Bed) -> Host:
    """A host that was configured once. Each test gives it another configuration; --limit leaves the others out."""
    ran = play(three)
    assert ran.code == 0, ran.output
    return three.lab.host(HOST)


def play(bed: Bed, **variables: t.Any) -> Ran:
    return bed.play("--limit", f"{HOST},localhost", **variables)


def other(number: int) -> dict[str, t.Any]:
    """A configuration other than the declared one."""
    return {"onlinefs_consumer_properties": {"heartbeat.interval.ms": 500, "max.poll.records": number}}


def refused(bed: Bed, host: Host, *patterns: str, **variables: t.Any) -> None:
    """A run that says what is wrong and touches neither files nor service."""
    before, pid = bed.files(host), bed.pid(host)
    ran = play(bed, **variables)
    assert ran.code != 0
    for pattern in patterns:
        assert re.search(pattern, ran.output), f"{pattern} is not in:\n{ran.output}"
    assert "Traceback" not in ran.output
    assert bed.files(host) == before
    assert bed.pid(host) == pid


def test_links_into_the_data_volume_stay_links(three: Bed, host: Host) -> None:
    """`etc` and `logs` are links, and one file is a link of its own: it leads as far as the service's user may go."""
    elsewhere = "/srv/hopsworks-data/onlinefs/shared"
    file = "/srv/hops/onlinefs/etc/onlinefs-kafka-vector-db.properties"
    moved = f"{elsewhere}/onlinefs-kafka-vector-db.properties"
    host.run("sh", "-c", f"mkdir -p {elsewhere} && mv {file} {moved} && ln -s {moved} {file}")
    changed: dict[str, t.Any] = {**other(201), "onlinefs_vector_db_properties": {"max.poll.records": 202}}
    ran = play(three, **changed)
    assert ran.code != 0 and f"{elsewhere}: no permission to write to it" in ran.output, ran.output
    assert "max.poll.records=202" not in host.run("cat", file)
    host.run("chown", "onlinefs:onlinefs", elsewhere)
    ran = play(three, **changed)
    assert ran.code == 0, ran.output
    assert host.run("readlink", file).strip() == moved
    assert host.run("readlink", "/srv/hops/onlinefs/etc").strip() == "/srv/hopsworks-data/onlinefs/etc"
    assert "max.poll.records=202" in host.run("cat", file)
    host.run("sh", "-c", f"rm {file} && mv {moved} {file}")


def test_a_read_only_file_system(three: Bed, host: Host) -> None:
    with faults.read_only(host):
        refused(three, host, "the file system is read-only", "/srv/hopsworks-data/onlinefs/etc", **other(210))
    ran = play(three, **other(210))
    assert ran.code == 0, ran.output


def test_a_full_disk(three: Bed, host: Host) -> None:
    with faults.full_disk(host):
        refused(three, host, r"0 bytes are free, and \d+ are needed", "Free some space", **other(220))
    ran = play(three, **other(220))
    assert ran.code == 0, ran.output


def test_a_missing_service_user_and_unit(three: Bed, host: Host) -> None:
    refused(three, host, "this host has no user nobody-here", onlinefs_user="nobody-here", **other(230))
    refused(three, host, "this host has no group nobody-here", onlinefs_group="nobody-here", **other(230))
    refused(three, host, "systemd has no unit onlinefs2", onlinefs_service_name="onlinefs2", **other(230))


def test_drop_ins_of_the_unit_stay_in_force(three: Bed, host: Host) -> None:
    text = r"[Service]\nEnvironment=SITE_SETTING=kept\n"
    host.run("sh", "-c", f"mkdir -p {DROP_IN} && printf '{text}' > {DROP_IN}/site.conf && systemctl daemon-reload")
    ran = play(three, **other(240))
    assert ran.code == 0, ran.output
    assert host.run("cat", f"{DROP_IN}/site.conf") == "[Service]\nEnvironment=SITE_SETTING=kept\n"
    pid = host.run("systemctl", "show", "--property=MainPID", "--value", "onlinefs").strip()
    assert "SITE_SETTING=kept" in host.run("cat", f"/proc/{pid}/environ")


def test_a_unit_that_was_changed_on_disk_and_not_reloaded_is_no_hindrance(three: Bed, host: Host) -> None:
    host.run("touch", "/lib/systemd/system/onlinefs.service")
    ran = play(three, **other(245))
    assert ran.code == 0, ran.output


def test_a_service_that_cannot_start_with_it_gets_its_files_back(three: Bed, host: Host) -> None:
    """Kafka's library refuses the setting, so the unit falls over and over."""
    before, pid = three.files(host), three.pid(host)
    wrong = {"heartbeat.interval.ms": 500, "partition.assignment.strategy": "org.example.NoSuchAssignor"}
    ran = play(three, onlinefs_consumer_properties=wrong)
    assert ran.code != 0
    assert "is restored byte for byte, and the service works with it" in ran.output, ran.output
    assert "NoSuchAssignor" in ran.output, "the last lines of the service's log tell why"
    assert three.files(host) == before
    assert three.pid(host) not in (None, pid)
    three.wait_until_serving()


def test_a_service_that_cannot_be_started_at_all(three: Bed, host: Host) -> None:
    """Even the configuration from before does not help: both reasons are told, the files are back."""
    before = three.files(host)
    host.run("mv", "/opt/onlinefs-consumer", "/opt/elsewhere")
    try:
        ran = play(three, **other(250))
    finally:
        host.run("mv", "/opt/elsewhere", "/opt/onlinefs-consumer")
        host.run("systemctl", "reset-failed", "onlinefs")
        host.run("systemctl", "restart", "onlinefs")
    assert ran.code != 0
    assert "the service does not work with it either" in ran.output, ran.output
    assert three.files(host) == before
    three.wait_until_serving()


def test_a_host_that_does_not_answer_stops_the_rollout_before_any_host_changes(three: Bed) -> None:
    with faults.frozen(three.lab.host("onlinefs2")):
        ran = three.play(hopsworks_kafka_serial=1, environment={"ANSIBLE_TIMEOUT": "3"}, **other(260))
    assert ran.code != 0
    for told in ("host onlinefs2: unreachable", "onlinefs1: not changed", "onlinefs3: not changed"):
        assert told in ran.output, ran.output
    for name in ("onlinefs1", "onlinefs3"):
        assert "260" not in three.files(three.lab.host(name))["onlinefs-kafka.properties"][0].decode()


def test_what_is_kept_is_for_root_alone(three: Bed, host: Host) -> None:
    """Generations hold passwords."""
    state = host.root() / STATE
    assert state.stat().st_mode & 0o777 == 0o700
    for path in state.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 and path.stat().st_uid == 0, path


def test_a_converged_host_costs_one_module(three: Bed, host: Host) -> None:
    """Counted on the host: every module tells the system's log that it was called."""
    assert play(three, **other(270)).code == 0
    before = calls(host)
    ran = play(three, **other(270))
    assert ran.code == 0 and ran.recap(HOST, "changed") == 0, ran.output
    assert calls(host) - before == 1


def calls(host: Host) -> int:
    return host.run("journalctl", "--no-pager", "--output=cat").count("Invoked with")
