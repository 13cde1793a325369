"""Green means that data flows: verify with a Kafka that is gone, and with a host that is cut off from it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import typing as t

import pytest

from tests.conftest import ROOT
from tests.hosts import faults, lab
from tests.hosts.bed import Bed, Ran
from tests.hosts.system import wait_until
from tests.kafka import cluster

#: Seconds in which a host has to be seen reading, and those of a whole run in which it is not.
TIMEOUT, BOUND = 10, 120
CUT_OFF = "onlinefs2"
REMEDY = "To do without this check, set verify_consumer_group to false"

Hopsworks = dict[str, t.Any]


@contextlib.contextmanager
def emulator(bed: Bed) -> t.Iterator[Hopsworks]:
    """A Hopsworks with one project in the lab's network; the variables that lead to it."""
    key = "lab.0123456789abcdef"
    command = [sys.executable, "-m", "tests.emulator", "--projects", "1", "--api-key", key, "--tls-dir"]
    tls = bed.lab.folder / "emulator-tls"
    process = subprocess.Popen(
        bed.lab.inside(*command, str(tls)), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip().rpartition("/")[2]
        host, _colon, port = address.partition(":")
        yield {
            "hopsworks_host": host,
            "hopsworks_port": int(port),
            "hopsworks_api_key": key,
            "hopsworks_ca_path": str(tls / "ca.pem"),
        }
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def hopsworks(three: Bed) -> t.Iterator[Hopsworks]:
    """Hopsworks and all hosts use the declared Kafka, and verify says so: else no red below would show anything."""
    with emulator(three) as variables:
        ran = three.play(playbook="hopsworks.kafka.site", hopsworks_kafka_serial=3, **variables)
        assert ran.code == 0 and "hopsworks.kafka.site: done, and nothing is wrong." in ran.output, ran.output
        yield variables


def verify(bed: Bed, hopsworks: Hopsworks, **variables: t.Any) -> tuple[Ran, float]:
    began = time.monotonic()
    given = {**hopsworks, "onlinefs_service_timeout": TIMEOUT, **variables}
    return bed.play(playbook="hopsworks.kafka.verify", **given), time.monotonic() - began


def told(ran: Ran) -> str:
    """The last lines of a run, as one."""
    start = ran.output.index("\nhopsworks.kafka.verify: ")
    return " ".join(ran.output[start : ran.output.index("TASK [Fail if something", start)].split())


def test_a_host_that_is_cut_off_from_kafka(three: Bed, hopsworks: Hopsworks) -> None:
    with faults.cut_off(three.lab.host(CUT_OFF), lab.BROKERS[0]):
        ran, seconds = verify(three, hopsworks)
    assert ran.code != 0 and seconds < BOUND, ran.output
    assert "verify: 1 thing is wrong." in told(ran), ran.output
    assert f"host {CUT_OFF}: consumer group onlinefs_rondb: " in told(ran) and REMEDY in told(ran), ran.output
    for other in ("onlinefs1", "onlinefs3"):
        assert f"{other}: unchanged" in told(ran), ran.output


def test_a_kafka_that_is_stopped(three: Bed, hopsworks: Hopsworks) -> None:
    cluster.stop_node(three.kafka, 1)
    try:
        ran, seconds = verify(three, hopsworks)
        accepted, _seconds = verify(three, hopsworks, onlinefs_verify_consumer_group=False)
    finally:
        with three.lab.entered():
            cluster.start_node(three.kafka, 1)
            server = three.kafka["listeners"]["sasl_ssl"]["bootstrap"]
            wait_until(lambda: cluster._answers(server), 60, "Kafka: start")
    assert ran.code != 0 and seconds < BOUND, ran.output
    assert "3 hosts (onlinefs1, onlinefs2, onlinefs3): consumer group onlinefs_rondb: " in told(ran), ran.output
    assert REMEDY in told(ran), ran.output
    # Who accepts less says so, and reads that it is not proved.
    assert accepted.code == 0 and "but not everything is proved" in told(accepted), accepted.output
    assert "Not proved 3 hosts (onlinefs1, onlinefs2, onlinefs3): " in told(accepted), accepted.output
    three.wait_until_serving()
