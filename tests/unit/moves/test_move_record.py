# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a move: what comes back is what was written, and what was not written by this collection is refused."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import move_record
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.move_record import MoveRecord
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.offsets import (
    ClusterOffsets,
    PartitionOffsets,
    Topics,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.generations import Generations
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from hypothesis import given
from hypothesis import strategies as st

PARTS = {("a_onlinefs", 0): PartitionOffsets(0, 10, 4), ("a_onlinefs", 1): PartitionOffsets(3, 3, None)}
RECORD = MoveRecord(
    "old", "new", "k1:1", "k2:1", 3, "2026-01-31T12:00:00Z", ClusterOffsets("old", PARTS, frozenset([("b", 2)]))
)


@pytest.fixture
def kept(tmp_path: pathlib.Path) -> Generations:
    generations = Generations(str(tmp_path / "state"))
    with generations.locked(1):
        pass
    return generations


def path(kept: Generations) -> pathlib.Path:
    return pathlib.Path(kept.directory, "move.json")


@pytest.mark.parametrize("record", [RECORD, MoveRecord(None, None, "k1:1", "k2:1", 0, "2026-01-31T12:00:00Z", None)])
def test_what_is_written_is_read(kept: Generations, record: MoveRecord) -> None:
    assert move_record.read(kept) is None and not kept.moved
    move_record.write(kept, record)
    assert move_record.read(kept) == record and kept.moved
    assert path(kept).stat().st_mode & 0o777 == 0o600
    move_record.remove(kept)
    move_record.remove(kept)
    assert move_record.read(kept) is None


offsets = st.integers(0, 2**62)
parts = st.tuples(offsets, offsets, st.none() | offsets).map(lambda o: PartitionOffsets(*sorted(o[:2]), o[2]))
keys = st.tuples(st.from_regex(r"[a-z][a-zA-Z0-9._-]{0,20}", fullmatch=True), st.integers(0, 10**6))


ids = st.dictionaries(keys.map(lambda key: key[0]), st.binary(min_size=16, max_size=16).map(bytes.hex), max_size=3)


@given(st.dictionaries(keys, parts, max_size=8), st.frozensets(keys, max_size=3), ids)
def test_any_offsets_come_back(
    partitions: dict[tuple[str, int], PartitionOffsets], unknown: frozenset[t.Any], ids: dict[str, str]
) -> None:
    left = ClusterOffsets("old", partitions, unknown, ids)
    record = MoveRecord("old", None, "a", "b", 1, "2026-01-31T12:00:00Z", left)
    assert MoveRecord.from_json(json.loads(json.dumps(record.as_json()))) == record


def test_a_record_of_an_earlier_version_has_no_ids(kept: Generations) -> None:
    data = RECORD.as_json()
    del data["offsets"]["ids"]
    path(kept).write_text(json.dumps(data))
    assert move_record.read(kept) == RECORD


def damaged(**changes: t.Any) -> dict[str, t.Any]:
    return {**RECORD.as_json(), **changes}


@pytest.mark.parametrize(
    "data",
    [
        [],
        damaged(format=2),
        damaged(old_cluster=5),
        damaged(old_cluster=None),
        damaged(new_cluster="x" * 5000),
        damaged(old_servers=None),
        damaged(generation=True),
        damaged(generation=-1),
        damaged(generation="../0"),
        damaged(left="yesterday"),
        damaged(offsets=[]),
        damaged(offsets={"topics": {}}),
        *(
            damaged(offsets={"topics": topics, "unknown": []})
            for topics in (
                {"a/b": []},
                {"a": [[0, 5, 4, None]]},
                {"a": [[0, 0, 4]]},
                {"a": [[0, 0, "4", None]]},
                {"a": [[0, 0, -4, None]]},
                {"a": [[0, 0, 2**64, None]]},
                {"a": [[-1, 0, 4, None]]},
                {"a": [[0, 0, 4, 1.5]]},
                {"a": {}},
            )
        ),
        *(
            damaged(offsets={"topics": {}, "unknown": [], "ids": ids})
            for ids in (None, [], {"a/b": "0" * 32}, {"a": "0" * 31}, {"a": 5}, {"a": "G" * 32})
        ),
        *(damaged(offsets={"topics": {}, "unknown": unknown}) for unknown in ([[0, 0]], [["a"]], [["a", "b"]], "a")),
    ],
)
def test_a_damaged_record_is_refused(kept: Generations, data: t.Any) -> None:
    path(kept).write_text(json.dumps(data))
    with pytest.raises(HostError, match=r"move\.json: damaged: "):
        move_record.read(kept)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_refused(kept: Generations, content: bytes) -> None:
    path(kept).write_bytes(content)
    with pytest.raises(HostError, match="damaged: not JSON"):
        move_record.read(kept)


def test_a_link_is_not_followed(kept: Generations, tmp_path: pathlib.Path) -> None:
    (tmp_path / "other").write_text(json.dumps(RECORD.as_json()))
    path(kept).symlink_to(tmp_path / "other")
    with pytest.raises(HostError):
        move_record.read(kept)


def test_a_pipe_does_not_hang(kept: Generations) -> None:
    os.mkfifo(path(kept))
    with pytest.raises(HostError, match="not a regular file"):
        move_record.read(kept)


@pytest.mark.parametrize(
    ("cluster", "old", "new", "same"),
    [
        ("old", "k1:1", "k2:1", True),
        (None, "k1:1", "k2:1", True),
        ("old", "k9:1", "k2:1", True),
        (None, "k9:1", "k2:1", False),
        ("third", "k9:1", "k2:1", False),
        ("old", "k1:1", "k3:1", False),
    ],
)
def test_which_move_a_record_is_of(cluster: str | None, old: str, new: str, same: bool) -> None:
    assert RECORD.same_move(cluster, old, new) is same


def test_no_kept_configuration_goes_while_a_move_is_recorded(kept: Generations) -> None:
    for number in range(4):
        kept.add(number, {}, "applied", {})
    move_record.write(kept, RECORD)
    kept.prune(1)
    assert [each.number for each in kept.all()] == [0, 1, 2, 3]
    move_record.remove(kept)
    kept.prune(1)
    assert [each.number for each in kept.all()] == [0, 3]


def test_results_show_no_login_in_the_addresses() -> None:
    """The old ones are from a file that the service's user may have written."""
    record = dataclasses.replace(RECORD, old_servers="SASL_SSL://u:hunter2@k1:1", new_servers="k2:1,u:hunter2@k3:1")
    assert "hunter2" not in str(record.to_result()) and "@k3:1" in record.to_result()["new_servers"]


def test_results_have_no_list_of_partitions() -> None:
    shown = RECORD.to_result()
    assert (shown["partitions"], shown["positions_known"], shown["generation"]) == (2, True, 3)


@pytest.mark.parametrize(
    ("names", "pattern", "topic", "matches"),
    [
        ((), ".*_onlinefs", "p_onlinefs", True),
        ((), ".*_onlinefs", "p_onlinefs_2", False),
        ((), ".*", "__consumer_offsets", False),
        (("a",), ".*_onlinefs", "a", True),
        (("a",), ".*_onlinefs", "p_onlinefs", False),
    ],
)
def test_topics(names: tuple[str, ...], pattern: str, topic: str, matches: bool) -> None:
    assert Topics(names, pattern).matches(topic) is matches


def test_a_move_whose_old_kafka_could_not_be_read_is_not_looked_at_again(kept: Generations) -> None:
    assert kept.counts_rows is False
    move_record.write(kept, RECORD)
    assert kept.counts_rows is True
    move_record.write(kept, MoveRecord(None, "new", "k1:1", "k2:1", 0, "2026-01-31T12:00:00Z", None))
    assert kept.counts_rows is False and kept.moved is True
    path(kept).write_text("{}")
    assert kept.counts_rows is True, "what is damaged is looked at"
