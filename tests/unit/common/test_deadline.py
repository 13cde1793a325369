# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a bounded piece of work."""

from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline, TooLate, within


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [50.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_what_is_left_shrinks_to_a_millisecond_and_no_further(clock: list[float]) -> None:
    deadline = Deadline(8.0)
    left = {}
    for now in (50.0, 53.0, 57.9995, 58.0, 70.0):
        clock[0] = now
        left[now] = (round(deadline.left(), 4), deadline.over)
    assert left == {
        50.0: (8.0, False),
        53.0: (5.0, False),
        57.9995: (0.001, False),
        58.0: (0.001, True),
        70.0: (0.001, True),
    }


def test_a_step_takes_half_at_most(clock: list[float]) -> None:
    deadline = Deadline(8.0)
    assert deadline.step() == 4.0
    clock[0] = 55.0
    assert deadline.step() == 3.0


def test_work_within_its_time_returns_what_it_returns() -> None:
    assert within(5.0, lambda: None) is None
    assert within(5.0, lambda: 7) == 7


def test_work_that_fails_fails_as_it_would_alone() -> None:
    def fail() -> None:
        raise KeyError("itself")

    with pytest.raises(KeyError, match="itself"):
        within(5.0, fail)


def test_work_that_takes_too_long_is_abandoned_and_does_not_keep_the_process_alive() -> None:
    release = threading.Event()
    left: list[threading.Thread] = []

    def wait() -> None:
        left.append(threading.current_thread())
        release.wait(30)

    began = time.monotonic()
    with pytest.raises(TooLate):
        within(0.2, wait)
    assert 0.15 < time.monotonic() - began < 10
    assert left[0].is_alive() and left[0].daemon
    release.set()
