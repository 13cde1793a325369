# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marks of what was carried: sets of offsets, and their text."""

from __future__ import annotations

import itertools
import time

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import carry_marks, carry_planner
from hypothesis import given
from hypothesis import strategies as st

SPAN = st.tuples(st.integers(0, 40), st.integers(0, 40))
SPANS = st.lists(SPAN, max_size=6).map(lambda spans: carry_marks.add((), *spans))


def offsets(spans: carry_marks.Spans) -> set[int]:
    return {offset for start, end in spans for offset in range(start, end)}


@given(SPANS, st.lists(SPAN, max_size=6))
def test_spans_are_sets_of_offsets(spans: carry_marks.Spans, more: list[carry_marks.Span]) -> None:
    together = carry_marks.add(spans, *more)
    assert offsets(together) == offsets(spans) | offsets(tuple(more))
    assert carry_marks.size(together) == len(offsets(together))
    assert all(end < after for (_start, end), (after, _last) in itertools.pairwise(together))


@given(SPANS, SPANS)
def test_what_is_left_is_the_difference(spans: carry_marks.Spans, others: carry_marks.Spans) -> None:
    left = carry_marks.subtract(spans, others)
    assert offsets(left) == offsets(spans) - offsets(others)
    assert carry_marks.add((), *left) == left


CLUSTER = st.sampled_from(["Mk3OEYBSD34fcwNTJENDM2", "other-_"])


@given(st.dictionaries(CLUSTER, st.dictionaries(st.integers(0, 9), SPANS.filter(bool)), max_size=2))
def test_a_text_is_read_as_it_was_written(marks: carry_marks.Marks) -> None:
    text = carry_marks.text(marks)
    assert carry_marks.parse(text) == marks and " " not in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "by hand",
        "5",
        "[]",
        '{"a":5}',
        '{"a":{"x":[]}}',
        '{"a":{"0":[[1]]}}',
        '{"a":{"0":[[2,1]]}}',
        '{"a":{"0":[[-1,1]]}}',
        '{"a":{"0":[[0,9223372036854775808]]}}',
        '{"a":{"0":[["0","1"]]}}',
        '{"a":{"0":[[true,2]]}}',
        "[" * 4000,
    ],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a mark of this collection"):
        carry_marks.parse(text)


def test_marks_of_all_partitions_count_and_those_of_another_cluster_do_not() -> None:
    first = carry_marks.with_spans({}, "a", 3, (0, 5), (9, 12))
    second = carry_marks.with_spans({"b": {3: ((0, 100),)}}, "a", 3, (5, 7))
    assert carry_marks.carried([first, second], "a", 3) == ((0, 7), (9, 12))
    assert carry_marks.carried([first, second], "a", 0) == ()
    assert second["b"] == {3: ((0, 100),)}, "what else is marked stays"


def test_many_spans_cost_no_more_than_their_number() -> None:
    """A task may name 100,000 ranges, and a broker may have as many marks."""
    many = tuple((2 * number, 2 * number + 1) for number in range(50_000))
    begun = time.process_time()
    assert carry_marks.subtract(many, tuple((start + 1, end + 1) for start, end in many)) == many
    assert carry_marks.subtract(((0, 100_000),), many) == tuple((start + 1, end + 1) for start, end in many)
    marks: list[carry_marks.Marks] = [{"old": {0: (span,)}} for span in many]
    assert carry_marks.carried(marks, "old", 0) == many
    given = [{"topic": "orders", "partition": 0, "start": start, "end": end} for start, end in many]
    assert carry_planner.ranges(given) == {("orders", 0): many}
    assert time.process_time() - begun < 3


def test_a_text_that_is_longer_than_any_mark_is_none() -> None:
    with pytest.raises(ValueError, match="longer than any mark"):
        carry_marks.parse('{"old":{"0":[' + ",".join(f"[{n},{n + 1}]" for n in range(0, 20_000, 2)) + "]}}")
