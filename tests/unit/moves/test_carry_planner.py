# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be carried, and what is refused before anything is written."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import (
    ClusterFault,
    ClusterMetadata,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import carry_planner
from hypothesis import given
from hypothesis import strategies as st

PART = ("orders", 0)


def item(topic: str = "orders", partition: int = 0, start: int = 0, end: int = 5) -> dict[str, t.Any]:
    return {"topic": topic, "partition": partition, "start": start, "end": end}


def metadata(cluster: str, errors: dict[str, int] | None = None, **topics: int) -> ClusterMetadata:
    leaders = {(topic, number): ("k", 1) for topic, count in topics.items() for number in range(count)}
    return ClusterMetadata(cluster, leaders, dict(topics), errors or {})


def test_ranges_of_a_partition_are_put_together() -> None:
    found = carry_planner.ranges(
        [item(end=5), item(start=3, end=9), item(partition=1, start=4, end=4), item(start=20, end=21)]
    )
    assert found == {PART: ((0, 9), (20, 21)), ("orders", 1): ()}


@pytest.mark.parametrize(
    "wrong",
    [
        item(topic="a b"),
        item(topic=""),
        item(partition=-1),
        item(partition=2**31),
        item(start=-1),
        item(start=6),
        item(end=2**63),
    ],
)
def test_an_impossible_range_is_refused_with_its_number(wrong: dict[str, t.Any]) -> None:
    with pytest.raises(InputError, match="option ranges, item 2"):
        carry_planner.ranges([item(), wrong])


def test_rows_go_to_the_same_number_or_to_the_number_modulo_fewer() -> None:
    wanted = {("orders", number): ((0, 1),) for number in range(5)}
    source = metadata("old", orders=5)
    assert carry_planner.targets(wanted, source, metadata("new", orders=7)) == {part: part for part in wanted}
    found = carry_planner.targets(wanted, source, metadata("new", orders=3))
    assert [found["orders", number][1] for number in range(5)] == [0, 1, 2, 0, 1]


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        (metadata("a", orders=1), metadata("a", orders=1), "the same cluster"),
        (metadata("", orders=1), metadata("b", orders=1), "source: Kafka does not name its cluster"),
        (metadata("a", orders=1), metadata("", orders=1), "target: Kafka does not name its cluster"),
        (metadata("a", {"orders": 3}), metadata("b", orders=1), "source: these topics do not exist"),
        (metadata("a", orders=1), metadata("b", {"orders": 3}), "target: these topics do not exist"),
        (metadata("a", orders=1), metadata("b", {"orders": 77}), "error 77"),
        (metadata("a", orders=1), metadata("b", {"orders": 29}), "may not see orders"),
        (metadata("a", orders=0), metadata("b", orders=1), "source: these topics"),
        (metadata("a", other=1), metadata("b", orders=1), "source: these topics"),
    ],
)
def test_what_stands_against_it(source: ClusterMetadata, target: ClusterMetadata, said: str) -> None:
    with pytest.raises(InputError, match=said):
        carry_planner.targets({PART: ((0, 1),)}, source, target)


def test_a_partition_without_a_leader_may_have_one_later() -> None:
    target = metadata("b", orders=1)
    target.leaders.clear()
    with pytest.raises(ClusterFault, match=r"target: .* no leader now: orders, partition 0") as caught:
        carry_planner.targets({PART: ((0, 1),)}, metadata("a", orders=1), target)
    assert not caught.value.final


def plan(wanted: t.Any, start: int, end: int, marks: t.Any = None, accept: bool = False) -> carry_planner.PartitionJob:
    origins = {PART[0]: "old"}
    [job] = carry_planner.plan({PART: wanted}, {PART: PART}, {PART: start}, {PART: end}, marks or {}, origins, accept)
    return job


OFFSETS = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: (min(pair), max(pair) + 1))


@given(OFFSETS, OFFSETS, st.integers(0, 40))
def test_every_offset_is_carried_before_deleted_or_to_do(
    wanted: tuple[int, int], done: tuple[int, int], first: int
) -> None:
    job = plan((wanted,), first, 99, {PART: {"old": {0: (done,)}}}, accept=True)
    parts = [
        {offset for start, end in spans for offset in range(start, end)}
        for spans in (job.carried, job.deleted, job.todo)
    ]
    assert sum(map(len, parts)) == wanted[1] - wanted[0] and set.union(*parts) == set(range(*wanted))
    assert parts[0] == set(range(*wanted)) & set(range(*done))
    assert all(offset < first for offset in parts[1]) and all(offset >= first for offset in parts[2])


def test_deleted_rows_are_refused_with_their_number() -> None:
    with pytest.raises(InputError, match=r"7 of orders, partition 0.*accept_deleted"):
        plan(((3, 20),), 10, 20)
    assert plan(((3, 20),), 10, 20, {PART: {"old": {0: ((3, 10),)}}}).todo == ((10, 20),), "these are carried already"


def test_a_partition_that_ends_before_the_range_or_does_not_tell() -> None:
    with pytest.raises(InputError, match="ends at offset 19, before 20"):
        plan(((3, 20),), 0, 19)
    with pytest.raises(InputError, match="does not say where orders, partition 0 begins"):
        carry_planner.plan({PART: ((0, 1),)}, {PART: PART}, {}, {PART: 5}, {}, {PART[0]: "old"}, False)


def test_a_mark_of_another_topic_does_not_count() -> None:
    assert plan(((0, 5),), 0, 5, {("payments", 0): {"old": {0: ((0, 5),)}}}).todo == ((0, 5),)
    assert plan(((0, 5),), 0, 5, {("orders", 4): {"old": {0: ((0, 5),)}}}).todo == (), (
        "where there were fewer partitions"
    )
