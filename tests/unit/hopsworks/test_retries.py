"""How long to wait, and when to give up."""

from __future__ import annotations

import random

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.retries import RetryPolicy, retry_after_seconds


def waits(
    patience: RetryPolicy, attempt: int, elapsed: float = 0, retry_after: float | None = None
) -> list[float | None]:
    random.seed(1)
    return [patience.wait(attempt, elapsed, retry_after) for _number in range(300)]


def test_waits_grow_are_bounded_and_drawn_from_their_whole_range() -> None:
    patience = RetryPolicy(1000, attempts=20, first=0.5, longest=5)
    for attempt, bound in ((1, 0.5), (2, 1), (3, 2), (4, 4), (5, 5), (12, 5)):
        found = [wait for wait in waits(patience, attempt) if wait is not None]
        assert len(found) == 300
        assert 0 <= min(found) < bound * 0.05 and bound * 0.95 < max(found) <= bound


def test_it_ends() -> None:
    assert RetryPolicy(1000, attempts=3).wait(3, 0) is None
    assert RetryPolicy(1000, attempts=3).wait(2, 0) is not None
    assert set(waits(RetryPolicy(10), 1, elapsed=10.01)) == {None}


def test_what_the_server_asks_for_is_kept_to_or_given_up_on() -> None:
    found = waits(RetryPolicy(10), 1, retry_after=3)
    assert all(wait is not None and 3 <= wait <= 3.25 for wait in found)
    assert set(waits(RetryPolicy(10), 1, retry_after=11)) == {None}
    assert set(waits(RetryPolicy(10), 1, elapsed=8, retry_after=3)) == {None}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("5", 5.0),
        (" 120 ", 120.0),
        ("-1", None),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:16:50 GMT", 10.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 99 Foo 1970", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, now=1000.0) == seconds
