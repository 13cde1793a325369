"""Summaries and diffs: readable for one project and for ten thousand."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import summary
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.project_outcome import ProjectOutcome
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.for_each_project import Failure


def change(what: str, before: t.Any, after: t.Any) -> dict[str, t.Any]:
    return {"what": what, "before": before, "after": after}


def failed(project: str) -> ProjectOutcome:
    return ProjectOutcome(project, failure=Failure({"reason": "x", "message": "the cause", "remedy": "The cure"}))


def test_the_message() -> None:
    outcomes = [
        ProjectOutcome("a", "created", True),
        ProjectOutcome("b", "unchanged"),
        ProjectOutcome("c", "unchanged"),
    ]
    assert summary.message(outcomes, 0, False) == "3 projects: 1 created, 2 unchanged"
    assert summary.message(outcomes[:1], 2, True) == (
        "1 project: 1 created; left out 2 more where the user is not Data owner (check mode: nothing was written)"
    )
    assert summary.message([], 0, False) == "0 projects: nothing to do"


def test_projects_that_were_passed_over_are_named() -> None:
    outcomes = [ProjectOutcome(f"p{number}", "skipped", reason="not_done") for number in range(21)]
    outcomes += [ProjectOutcome("bare", "skipped", reason="no_feature_store"), ProjectOutcome("kept", "skipped")]
    text = summary.message([*outcomes, ProjectOutcome("mine", "skipped", reason="kept")], 0, False)
    assert text.startswith("24 projects: 24 skipped; no feature store yet: bare; ")
    assert text.endswith("not created completely: " + ", ".join(f"p{number}" for number in range(20)) + " and 1 more")
    assert summary.result(outcomes, 0, False)["failed"] is False


def test_failures_are_quoted_up_to_a_bound() -> None:
    outcomes = [failed(f"p{number}") for number in range(10000)]
    text = summary.message(outcomes, 0, False)
    assert text.startswith("10000 projects: 10000 failed | project p0: the cause. The cure. |")
    assert text.endswith("| 9995 more failures: see results.")
    assert len(text) < 1000


def test_the_result() -> None:
    result = summary.result([ProjectOutcome("a", "updated", True), failed("b")], 1, False)
    assert (result["changed"], result["failed"]) == (True, True)
    assert result["counts"] == {
        "created": 0, "updated": 1, "deleted": 0, "unchanged": 0, "skipped": 0, "failed": 1, "not_owned": 1,
    }  # fmt: skip
    assert result["results"][1]["error"]["message"] == "the cause"
    assert summary.result([ProjectOutcome("a", "unchanged")], 0, False)["failed"] is False
    skipped = ProjectOutcome("a", "skipped", failure=Failure({"message": "", "remedy": ""}, attempted=False))
    assert summary.result([skipped], 0, False)["failed"] is True


def test_projects_alike_share_a_diff() -> None:
    outcomes = [
        ProjectOutcome(
            name,
            "updated",
            True,
            [
                change("linger.ms", "1", "2"),
                change(
                    "ssl.truststore.location", None, f"/Projects/{name}/Resources/kafka_{name}_12345678_truststore.jks"
                ),
            ],
        )
        for name in ("one", "two")
    ]
    outcomes += [
        ProjectOutcome("three", "unchanged"),
        ProjectOutcome("four", "updated", True, [change("acks", "all", "")]),
    ]
    both, alone = summary.diff(outcomes)
    assert both["before"] == "linger.ms: 1\n"
    assert both["after"] == (
        "linger.ms: 2\nssl.truststore.location: /Projects/…/Resources/kafka_…_12345678_truststore.jks\n"
    )
    assert both["before_header"] == both["after_header"] == "2 projects: one, two"
    assert alone == {
        "before": "acks: all\n", "after": 'acks: ""\n', "before_header": "project four", "after_header": "project four",
    }  # fmt: skip
    (single,) = summary.diff(outcomes[:1])
    assert "/Projects/one/Resources/kafka_one_12345678_truststore.jks" in single["after"]


def test_a_diff_of_ten_thousand_is_short() -> None:
    outcomes = [ProjectOutcome(f"p{number}", "created", True, [change("acks", None, "1")]) for number in range(10000)]
    (diff,) = summary.diff(outcomes)
    assert diff["after_header"].startswith("10000 projects: p0, p1,") and diff["after_header"].endswith("and 9980 more")


def test_the_traceback_of_the_first_defect_is_returned() -> None:
    outcomes = [failed("a"), *(ProjectOutcome(name, failure=Failure({"message": ""}, traceback=name)) for name in "bc")]
    assert summary.result(outcomes, 0, False)["exception"] == "b"
    assert "exception" not in summary.result(outcomes[:1], 0, False)


def test_a_diff_shows_control_characters_of_the_server_as_escapes() -> None:
    hostile = change("client.rack", "red\x1b[31m", "one\ntwo: 3")
    (diff,) = summary.diff([ProjectOutcome("a\x1b[2J", "updated", True, [hostile])])
    assert diff["before_header"] == "project a\\x1b[2J"
    assert "\x1b" not in diff["before"] and "\\x1b" in diff["before"]
    assert diff["after"] == "client.rack: one\\ntwo: 3\n"
