"""Hosts that have nothing but Python's standard library: they ask Kafka for the consumer group all the same."""

from __future__ import annotations

import typing as t

import pytest

from tests.hosts.bed import Bed, login
from tests.hosts.conftest import bed_of

HOST = "onlinefs1"


@pytest.fixture(scope="module")
def bare() -> t.Iterator[Bed]:
    with bed_of("test-bare", 1, with_library=False) as made:
        yield made


def calls(bed: Bed) -> int:
    """Modules that the host was asked for since it started."""
    return bed.lab.host(HOST).run("journalctl", "--no-pager", "--output=cat").count("Invoked with")


def test_the_host_is_checked_looks_for_a_move_and_proves_its_change_itself(bare: Bed) -> None:
    before = calls(bare)
    ran = bare.play()
    assert ran.code == 0 and ran.recap(HOST, "changed") == 1, ran.output
    assert calls(bare) - before == 3
    assert bare.serves(bare.lab.host(HOST))
    again = bare.play()
    assert again.code == 0 and again.recap(HOST, "changed") == 0, again.output
    assert calls(bare) - before == 4, "one run to see that nothing is to be done"


def test_a_member_that_does_not_join_is_taken_back(bare: Bed) -> None:
    """The probe gets no further than TLS there, so a wrong password is found out by the group alone."""
    host = bare.lab.host(HOST)
    before, pid = bare.files(host), bare.pid(host)
    wrong = {**bare.declared["hopsworks_kafka_properties"], "sasl.jaas.config": login("alice", "canary-wrong")}
    ran = bare.play("-vv", onlinefs_properties=wrong)
    assert ran.code != 0
    assert "is restored byte for byte, and the service works with it" in ran.output, ran.output
    assert "canary-wrong" not in ran.output
    assert bare.files(host) == before
    assert bare.pid(host) not in (None, pid)
