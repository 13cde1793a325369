# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that each run in a process of their own, forked from one which has imported all that they need."""

from __future__ import annotations

import json
import os
import pathlib
import sys
import threading
import time
import typing as t

Job = dict[str, t.Any]
#: How long each thread that has ended had waited for a processor.
_WAITED_BY_THREADS: list[float] = []


class Stopwatch:
    """Tells how long a job takes, without the time in which it was ready to run and waited for a processor.

    That time says how busy the machine is, and nothing of the job. The kernel counts it for each thread
    (https://docs.kernel.org/scheduler/sched-stats.html); of threads that ran side by side the longest wait counts.
    """

    def __init__(self) -> None:
        _WAITED_BY_THREADS.clear()
        self._waited = _waited()
        self._began = time.monotonic()

    def seconds(self) -> float:
        waited = _waited() - self._waited + max(_WAITED_BY_THREADS, default=0.0)
        return time.monotonic() - self._began - waited


def _waited() -> float:
    """Return for how many seconds this thread has waited for a processor; 0 where the kernel does not count it."""
    try:
        return int(pathlib.Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def _run_and_note(self: threading.Thread, run: t.Callable[[threading.Thread], None] = threading.Thread.run) -> None:
    try:
        run(self)
    finally:
        _WAITED_BY_THREADS.append(_waited())


threading.Thread.run = _run_and_note  # type: ignore[method-assign]


def run_jobs(do: t.Callable[[Job], Job], folder: pathlib.Path, at_once: int) -> None:
    """Read jobs from standard input, a JSON object on each line, and write what each returns to ``<number>.json``.

    A job without a file died without a word.
    """
    running = 0
    for number, line in enumerate(sys.stdin):
        while running >= at_once:
            os.wait()
            running -= 1
        if os.fork() == 0:
            try:
                (folder / f"{number}.json").write_text(json.dumps(do(json.loads(line))))
            finally:
                os._exit(0)
        running += 1
    for _number in range(running):
        os.wait()
