# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Limit the time of a piece of work."""

from __future__ import annotations

import threading
import time
import typing as t

_T = t.TypeVar("_T")


class Deadline:
    """The time at which a piece of work must be done, by ``time.monotonic()``."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left, but at least a millisecond: with zero, a socket would not wait at all."""
        return max(0.001, self.end - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self.end

    def step(self) -> float:
        """Return the seconds for one step on the network: at most half of the whole, to leave time for later steps."""
        return min(self.left(), self.seconds / 2)


class TooLate(Exception):
    """A piece of work was not done in time."""


def within(seconds: float, work: t.Callable[[], _T]) -> _T:
    """Do some work in a thread of its own, because resolving a host name has no time limit.

    :param seconds: the time limit. A thread that exceeds it is abandoned, and does not keep the process alive.
    :returns: what ``work`` returns.
    :raises TooLate: the work was not done in time.
    :raises Exception: what ``work`` raises.
    """
    done: t.List[_T] = []
    failed: t.List[Exception] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise TooLate
    return done[0]
