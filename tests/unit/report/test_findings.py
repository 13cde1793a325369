"""The list of findings: grouped by cause, named, bounded."""

from __future__ import annotations

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.findings import (
    MAX_TEXT,
    Finding,
    by_cause,
    lines,
    short,
)


def test_findings_with_the_same_cause_are_one_and_the_most_frequent_comes_first() -> None:
    found = [Finding("host", "h1", "no route", "Check it")]
    found += [Finding("project", f"p{number}", "HTTP 500", "Try again") for number in range(298)]
    first, second = by_cause(found)
    assert first.subjects == tuple(f"p{number}" for number in range(298))
    assert lines([first]) == ["  298 projects (p0, p1, p2 and 295 more): HTTP 500", "    -> Try again"]
    assert lines([second]) == ["  host h1: no route", "    -> Check it"]


@pytest.mark.parametrize(
    ("subject", "other", "text", "grouped"),
    [
        ("fraud", "risk", "topic {}_onlinefs does not exist", True),
        ("fraud", "risk", "topic {} does not exist", True),
        ("a", "b", "a path of {}", False),  # the letter occurs elsewhere as a word: it is replaced there, too
        ("e", "f", "the field {} is missing", True),  # but not inside of words
    ],
)
def test_causes_that_name_their_own_subject_are_the_same(subject: str, other: str, text: str, grouped: bool) -> None:
    causes = by_cause(Finding("project", name, text.format(name)) for name in (subject, other))
    assert (len(causes) == 1) is grouped
    if grouped:
        assert causes[0].cause == text.format("…")


def test_a_cause_of_one_subject_keeps_its_words() -> None:
    [cause] = by_cause(
        [Finding("project", "fraud", "topic fraud_onlinefs does not exist", "Create fraud_onlinefs")] * 2
    )
    assert lines([cause]) == [
        "  project fraud: topic fraud_onlinefs does not exist",
        "    -> Create fraud_onlinefs",
    ]


def test_the_list_has_a_bound_and_counts_what_it_leaves_out() -> None:
    causes = by_cause(Finding("project", f"p{number}", f"cause {number}", "do it") for number in range(50))
    shown = lines(causes, 10)
    assert len(shown) <= 10
    named = sum(line.startswith("  project") for line in shown)
    assert shown[-1].startswith(f"  … and {50 - named} more causes")
    assert named >= 4
    assert len(lines(causes[:5], 10)) == 10 and "more causes" not in lines(causes[:5], 10)[-1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("One line.", "One line"),
        ("The key sentence.\n\nThe service's log:\n  a line", "The key sentence"),
        ("two\n  lines", "two lines"),
        ("password=verysecret1 was refused", "password=******** was refused"),
        ("a \x1b[31mred\x1b[0m word", "a \\x1b[31mred\\x1b[0m word"),
        (None, "None"),
    ],
)
def test_a_message_is_shown_by_its_first_paragraph_and_without_secrets(text: object, shown: str) -> None:
    assert short(text) == shown


def test_a_long_message_is_cut() -> None:
    assert len(short("word " * 1000)) == MAX_TEXT
