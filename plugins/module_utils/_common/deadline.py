# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The end of a bounded piece of work."""

from __future__ import annotations

import time


class Deadline:
    """When a probe must be done. Moments are those of ``time.monotonic()``."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, never less than a millisecond: zero means "do not wait at all" to a socket."""
        return max(0.001, self.end - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self.end

    def step(self) -> float:
        """The most that one step on the network may take: half of the whole, so that a later one has a chance."""
        return min(self.left(), self.seconds / 2)
