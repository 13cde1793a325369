"""Labs with OnlineFS at work, for the tests of this folder."""

from __future__ import annotations

import contextlib
import os
import typing as t

import pytest

from tests.hosts import bed, lab
from tests.hosts.move_bed import MoveBed, move_bed
from tests.soak import soak

__all__ = ["soak"]


@pytest.fixture(scope="session", autouse=True)
def root() -> None:
    """A failure, not a skip: without these hosts nothing here is shown."""
    if os.geteuid() != 0:
        pytest.fail("the hosts are made of namespaces and mounts: run this as root")


@contextlib.contextmanager
def bed_of(name: str, count: int, **options: t.Any) -> t.Iterator[bed.Bed]:
    """A lab for the block, gone after it."""
    lab.down(name)
    try:
        yield bed.up(name, count, **options)
    finally:
        lab.down(name)


@pytest.fixture(scope="session")
def three() -> t.Iterator[bed.Bed]:
    """Three hosts with confluent-kafka on them. Tests may leave any configuration that works.

    TEST_LAB names the lab: two runs of the tests on one machine need one each.
    """
    with bed_of(os.environ.get("TEST_LAB", "test-three"), 3) as made:
        yield made


@pytest.fixture(scope="session")
def two_clusters(soak: bool) -> t.Iterator[MoveBed]:
    """Hosts, two Kafka clusters and a Hopsworks. TEST_LAB names the lab, as above."""
    hosts, projects = (3, 20) if soak else (2, 3)
    with move_bed(f"{os.environ.get('TEST_LAB', 'test')}-move", hosts, projects) as made:
        yield made


@pytest.fixture
def moving(two_clusters: MoveBed) -> t.Iterator[MoveBed]:
    """The same; the test is in the lab's network."""
    with two_clusters.lab.entered():
        yield two_clusters
