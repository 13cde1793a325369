# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Many subjects at once: bounded threads, results in the order of the input, one broken subject never stops the others."""

from __future__ import annotations

import concurrent.futures
import threading
import typing as t

Item = t.TypeVar("Item")
Result = t.TypeVar("Result")


class Stop:
    """Set by a worker that found out that nothing further can succeed, such as a revoked key."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.why: t.Optional[Exception] = None

    def set(self, why: Exception) -> None:
        self.why = self.why or why
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()


def spread(work: t.Callable[[Item], Result], items: t.Sequence[Item], workers: int) -> t.List[Result]:
    """``[work(item) for item in items]`` by at most ``workers`` threads. ``work`` must not raise."""
    if workers <= 1 or len(items) <= 1:
        return [work(item) for item in items]
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(workers, len(items))) as pool:
        return list(pool.map(work, items))
