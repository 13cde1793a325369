# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Show the progress of a long task. Ansible shows no output of a module before it ends."""

from __future__ import annotations

import time
import typing as t

from .module_task import Show

#: Seconds between two lines.
INTERVAL = 1.0


class Progress:
    """Count results, and show a line at most once a second.

    :param total: the number of results to come.
    :param show: shows a line; None to show nothing.
    """

    def __init__(self, total: int, show: t.Optional[Show], clock: t.Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._clock = clock
        self._total = total
        self._done = self._changed = self._failed = 0
        self._started = self._shown = clock()

    def note(self, changed: bool, failed: bool) -> None:
        """Count the result of one project."""
        self._done += 1
        self._changed += changed
        self._failed += failed
        now = self._clock()
        if self._show is not None and now - self._shown >= INTERVAL:
            self._shown = now
            self._show(self.line(now))

    def line(self, now: float) -> str:
        """Return for example ``420 of 1000 projects, 12 changed, 1 failed, about 40 s left``."""
        left = (now - self._started) / self._done * (self._total - self._done)
        return (
            f"{self._done} of {self._total} projects, {self._changed} changed, {self._failed} failed, "
            f"about {left:.0f} s left"
        )
