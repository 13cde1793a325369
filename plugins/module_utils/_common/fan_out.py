# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Work on many items at once, with a bounded number of threads and results in the order of the items."""

from __future__ import annotations

import threading
import typing as t

Item = t.TypeVar("Item")
_Result = t.TypeVar("_Result")
Resource = t.TypeVar("Resource")


def fan_out(
    items: t.Sequence[Item],
    work: t.Callable[[Item], _Result],
    workers: int,
    on_result: t.Callable[[_Result], None] = lambda result: None,
) -> t.List[_Result]:
    """Return ``[work(item) for item in items]``, computed by at most ``workers`` threads.

    :param work: must not raise: the failure of one item is a result of its own. An exception ends the run.
    :param on_result: called with each result as soon as it is there, by one thread at a time.
    :raises BaseException: the first exception that ``work`` or ``on_result`` raised.
    """
    results: t.List[t.Optional[_Result]] = [None] * len(items)
    waiting = iter(range(len(items)))
    lock = threading.Lock()
    raised: t.List[BaseException] = []

    def loop() -> None:
        try:
            while not raised:
                with lock:
                    index = next(waiting, None)
                if index is None:
                    return
                result = results[index] = work(items[index])
                with lock:
                    on_result(result)
        except BaseException as error:
            raised.append(error)

    # Daemon threads, so that an interrupted run ends at once and does not wait for the requests in progress.
    threads = [threading.Thread(target=loop, daemon=True) for _number in range(min(workers, len(items)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(1.0)
    if raised:
        raise raised[0]
    return t.cast("t.List[_Result]", results)


class PerThread(t.Generic[Resource]):
    """A resource that threads cannot share, such as an HTTP session: each thread gets its own."""

    def __init__(self, create: t.Callable[[], Resource]) -> None:
        self._create = create
        self._local = threading.local()

    def get(self) -> Resource:
        """Return the resource of the current thread; the first call in a thread creates it."""
        if not hasattr(self._local, "resource"):
            self._local.resource = self._create()
        return t.cast("Resource", self._local.resource)
