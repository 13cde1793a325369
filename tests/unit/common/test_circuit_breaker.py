"""When a run stops asking, and when it goes on."""

from __future__ import annotations

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.circuit_breaker import CircuitBreaker


def note_failure(breaker: CircuitBreaker, unreachable: bool = False, cluster_wide: bool = False) -> None:
    breaker.note_failure("the cause", unreachable, cluster_wide)


def test_a_cluster_wide_failure_ends_it_at_once() -> None:
    breaker = CircuitBreaker(4)
    note_failure(breaker)
    assert not breaker.reason
    note_failure(breaker, cluster_wide=True)
    assert breaker.reason == "the cause"
    breaker.note_success()
    assert breaker.reason


def test_the_first_reason_stays() -> None:
    breaker = CircuitBreaker(4)
    note_failure(breaker, cluster_wide=True)
    breaker.note_failure("another cause", False, True)
    assert breaker.reason == "the cause"


def test_only_many_failures_in_a_row_do() -> None:
    breaker = CircuitBreaker(4)
    for _number in range(50):
        for _other in range(11):
            note_failure(breaker, unreachable=True)
        breaker.note_success()
    for _number in range(11):
        note_failure(breaker, unreachable=True)
    note_failure(breaker)
    for _number in range(11):
        note_failure(breaker, unreachable=True)
        assert not breaker.reason
    note_failure(breaker, unreachable=True)
    assert breaker.reason == "the cause"


def test_failures_with_an_answer_do_not() -> None:
    breaker = CircuitBreaker(1)
    for _number in range(100):
        note_failure(breaker)
    assert not breaker.reason
