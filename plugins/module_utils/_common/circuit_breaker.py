# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Stops a task on many projects once nothing further can succeed."""

from __future__ import annotations

import typing as t


class Outcome(t.Protocol):
    """The parts of an outcome that the breaker reads.

    :ivar unreachable: it failed because the server gave no answer, or none that it meant.
    :ivar cluster_wide: it failed for a reason that holds for every project.
    """

    unreachable: bool
    cluster_wide: bool
    error: t.Optional[t.Dict[str, t.Any]]


class CircuitBreaker:
    """Tells when nothing further can succeed: for a reason that holds cluster_wide, or as the server is gone.

    Of one project that fails nothing follows for the next. But where so many fail in a row without an answer, each
    after its time for repeated attempts, ten thousand of them would keep a dead server busy for hours.
    """

    def __init__(self, workers: int) -> None:
        self._limit = 2 * workers + 4
        self._in_a_row = 0
        self.why = ""

    def note(self, outcome: Outcome) -> None:
        self._in_a_row = self._in_a_row + 1 if outcome.unreachable else 0
        if self.why or outcome.error is None:
            return
        if outcome.cluster_wide or self._in_a_row >= self._limit:
            self.why = str(outcome.error["message"])
