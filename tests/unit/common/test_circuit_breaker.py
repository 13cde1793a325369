"""When a run stops asking, and when it goes on."""

from __future__ import annotations

from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.connector_task import (
    CircuitBreaker,
    not_attempted,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.reconcile import ProjectOutcome


def failed(unreachable: bool = False, cluster_wide: bool = False) -> ProjectOutcome:
    return ProjectOutcome("p", error={"message": "the cause"}, unreachable=unreachable, cluster_wide=cluster_wide)


def test_what_holds_cluster_wide_ends_it_at_once() -> None:
    outage = CircuitBreaker(4)
    outage.note(failed())
    assert not outage.why
    outage.note(failed(cluster_wide=True))
    assert outage.why == "the cause"
    outage.note(ProjectOutcome("q", "unchanged"))
    assert outage.why


def test_only_many_failures_in_a_row_do() -> None:
    outage = CircuitBreaker(4)
    for _number in range(50):
        for _other in range(11):
            outage.note(failed(unreachable=True))
        outage.note(ProjectOutcome("q", "unchanged"))
    assert not outage.why
    for _number in range(11):
        outage.note(failed(unreachable=True))
        assert not outage.why
    outage.note(failed(unreachable=True))
    assert outage.why


def test_failures_that_the_server_meant_do_not() -> None:
    outage = CircuitBreaker(1)
    for _number in range(100):
        outage.note(failed())
    assert not outage.why


def test_the_rest_is_told() -> None:
    outcome = not_attempted("p", "the cause")
    assert outcome.action == "skipped" and not outcome.changed and outcome.error is not None
    assert outcome.error["reason"] == "not_attempted" and "the cause" in outcome.error["message"]
