# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that each run in a process of their own, forked from one which has imported all that they need."""

from __future__ import annotations

import json
import os
import pathlib
import sys
import typing as t

Job = dict[str, t.Any]


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
