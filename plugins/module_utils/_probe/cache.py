# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Share what the probes of one task need only once, however many credentials they try."""

from __future__ import annotations

import concurrent.futures
import threading
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores.store_types import StoreOption

Found = t.TypeVar("Found")


class ProbeCache:
    """Stores that were read, and checks of servers that several probes reach in the same way. Safe for many threads."""

    def __init__(self) -> None:
        self.stores: t.Dict[StoreOption, t.Any] = {}
        self._lock = threading.Lock()
        self._found: t.Dict[t.Hashable, concurrent.futures.Future[t.Any]] = {}

    def once(self, key: t.Hashable, make: t.Callable[[], Found], seconds: float) -> Found:
        """Return what ``make`` returns or raise what it raises. Only the first call with a key calls it; others wait.

        :raises concurrent.futures.TimeoutError: the first is not done within ``seconds``.
        """
        with self._lock:
            future = self._found.get(key)
            first = future is None
            if future is None:
                future = self._found[key] = concurrent.futures.Future()
        if first:
            try:
                future.set_result(make())
            except Exception as error:
                future.set_exception(error)
        return t.cast(Found, future.result(seconds))
