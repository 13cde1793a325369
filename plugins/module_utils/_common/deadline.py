# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Limit the time of a piece of work."""

from __future__ import annotations

import time


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
