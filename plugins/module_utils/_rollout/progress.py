# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""How far a long task has come, told to the action plugin that started it: lines in a file of its own.

Ansible shows nothing of a module before its end. Where there is no such file, nothing is told.
"""

from __future__ import annotations

import os
import time
import typing as t

#: The environment variable that names the file.
FILE = "HOPSWORKS_KAFKA_PROGRESS"

#: Seconds between two lines.
INTERVAL = 1.0


class Subject(t.Protocol):
    """What of an outcome is told."""

    action: str
    changed: bool


class Progress:
    """Counts outcomes, and tells of them once a second at most.

    :param total: how many there will be.
    """

    def __init__(self, total: int, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._path = os.environ.get(FILE)
        self._clock = clock
        self._total = total
        self._done = self._changed = self._failed = 0
        self._started = self._told = clock()

    def note(self, outcome: Subject) -> None:
        self._done += 1
        self._changed += outcome.changed
        self._failed += outcome.action == "failed"
        now = self._clock()
        if not self._path or now - self._told < INTERVAL:
            return
        self._told = now
        try:
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(self.line(now) + "\n")
        except OSError:
            # Nobody looks any more, or this user may not write there.
            self._path = None

    def line(self, now: float) -> str:
        """For example ``420 of 1000 projects, 12 changed, 1 failed, about 40 s left``."""
        left = (now - self._started) / self._done * (self._total - self._done)
        return (
            f"{self._done} of {self._total} projects, {self._changed} changed, {self._failed} failed, "
            f"about {left:.0f} s left"
        )
