# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Many subjects at once: bounded threads, one resource each, results in the order of the input."""

from __future__ import annotations

import threading
import typing as t

Item = t.TypeVar("Item")
Result = t.TypeVar("Result")
Resource = t.TypeVar("Resource")


def fan_out(
    items: t.Sequence[Item],
    work: t.Callable[[Resource, Item], Result],
    open_resource: t.Callable[[], Resource],
    workers: int,
    done: t.Callable[[Result], None] = lambda result: None,
) -> t.List[Result]:
    """``[work(resource, item) for item in items]``, by at most ``workers`` threads.

    :param work: must not raise: a fault of one item is a result of its own. What it raises ends the run.
    :param open_resource: called once in each thread, for what threads cannot share, such as a session.
    :param done: called with each result as it comes, by one thread at a time.
    """
    results: t.List[t.Optional[Result]] = [None] * len(items)
    waiting = iter(range(len(items)))
    lock = threading.Lock()
    raised: t.List[BaseException] = []

    def loop() -> None:
        try:
            resource = open_resource()
            while not raised:
                with lock:
                    index = next(waiting, None)
                if index is None:
                    return
                result = results[index] = work(resource, items[index])
                with lock:
                    done(result)
        except BaseException as error:
            raised.append(error)

    # Daemons, so that an interrupted run ends at once and not after the requests under way.
    threads = [threading.Thread(target=loop, daemon=True) for _number in range(min(workers, len(items)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(1.0)
    if raised:
        raise raised[0]
    return t.cast("t.List[Result]", results)
