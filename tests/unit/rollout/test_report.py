"""Summaries and diffs: readable for one project and for ten thousand."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout import report
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.worker import Outcome


def change(what: str, before: t.Any, after: t.Any) -> dict[str, t.Any]:
    return {"what": what, "before": before, "after": after}


def failed(project: str) -> Outcome:
    return Outcome(project, error={"reason": "x", "message": "the cause", "remedy": "The cure"})


def test_the_message() -> None:
    outcomes = [Outcome("a", "created", True), Outcome("b", "unchanged"), Outcome("c", "unchanged")]
    assert report.message(outcomes, 0, False) == "3 projects: 1 created, 2 unchanged"
    assert report.message(outcomes[:1], 2, True) == (
        "1 project: 1 created; 2 more without the role of Data owner left out (check mode: nothing was written)"
    )
    assert report.message([], 0, False) == "0 projects: nothing to do"


def test_failures_are_quoted_up_to_a_bound() -> None:
    outcomes = [failed(f"p{number}") for number in range(10000)]
    text = report.message(outcomes, 0, False)
    assert text.startswith("10000 projects: 10000 failed | project p0: the cause. The cure. |")
    assert text.endswith("| 9995 more failures: see results.")
    assert len(text) < 1000


def test_the_result() -> None:
    result = report.result([Outcome("a", "updated", True), failed("b")], 1, False)
    assert (result["changed"], result["failed"]) == (True, True)
    assert result["counts"] == {
        "created": 0, "updated": 1, "deleted": 0, "unchanged": 0, "skipped": 0, "failed": 1, "not_owned": 1,
    }  # fmt: skip
    assert result["results"][1]["error"]["message"] == "the cause"
    assert report.result([Outcome("a", "unchanged")], 0, False)["failed"] is False
    skipped = Outcome("a", "skipped", error={"reason": "not_attempted", "message": "", "remedy": ""})
    assert report.result([skipped], 0, False)["failed"] is True


def test_projects_alike_share_a_diff() -> None:
    outcomes = [
        Outcome(
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
    outcomes += [Outcome("three", "unchanged"), Outcome("four", "updated", True, [change("acks", "all", "")])]
    both, alone = report.diff(outcomes)
    assert both["before"] == "linger.ms: 1\n"
    assert both["after"] == (
        "linger.ms: 2\nssl.truststore.location: /Projects/…/Resources/kafka_…_12345678_truststore.jks\n"
    )
    assert both["before_header"] == both["after_header"] == "2 projects: one, two"
    assert alone == {
        "before": "acks: all\n", "after": 'acks: ""\n', "before_header": "project four", "after_header": "project four",
    }  # fmt: skip
    (single,) = report.diff(outcomes[:1])
    assert "/Projects/one/Resources/kafka_one_12345678_truststore.jks" in single["after"]


def test_a_diff_of_ten_thousand_is_short() -> None:
    outcomes = [Outcome(f"p{number}", "created", True, [change("acks", None, "1")]) for number in range(10000)]
    (diff,) = report.diff(outcomes)
    assert diff["after_header"].startswith("10000 projects: p0, p1,") and diff["after_header"].endswith("and 9980 more")
