# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""How far a long task has come. Ansible shows nothing of a module before its end."""

from __future__ import annotations

import time
import typing as t

#: Seconds between two lines.
INTERVAL = 1.0

Tell = t.Callable[[str], None]


class Subject(t.Protocol):
    """What of an outcome is told."""

    action: str
    changed: bool


class Progress:
    """Counts outcomes, and tells of them once a second at most.

    :param total: how many there will be.
    :param tell: shows a line; None where nobody watches.
    """

    def __init__(self, total: int, tell: t.Optional[Tell], clock: t.Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._total = total
        self._done = self._changed = self._failed = 0
        self._started = self._told = clock()

    def note(self, outcome: Subject) -> None:
        self._done += 1
        self._changed += outcome.changed
        self._failed += outcome.action == "failed"
        now = self._clock()
        if self._tell is not None and now - self._told >= INTERVAL:
            self._told = now
            self._tell(self.line(now))

    def line(self, now: float) -> str:
        """For example ``420 of 1000 projects, 12 changed, 1 failed, about 40 s left``."""
        left = (now - self._started) / self._done * (self._total - self._done)
        return (
            f"{self._done} of {self._total} projects, {self._changed} changed, {self._failed} failed, "
            f"about {left:.0f} s left"
        )
