# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user sees of a long task: how much is done, and how long the rest takes."""

from __future__ import annotations

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.progress import Progress


@pytest.fixture
def clock() -> list[float]:
    return [100.0]


def test_a_line_tells_what_is_done_and_how_long_the_rest_takes(clock: list[float]) -> None:
    lines: list[str] = []
    progress = Progress(10, lines.append, lambda: clock[0])
    for changed, failed in ((True, False), (True, False), (False, True)):
        progress.note(changed, failed)
    clock[0] = 108.0
    progress.note(False, False)
    assert lines == ["4 of 10 projects, 2 changed, 1 failed, about 12 s left"]


def test_at_most_one_line_a_second(clock: list[float]) -> None:
    lines: list[str] = []
    progress = Progress(40, lines.append, lambda: clock[0])
    for number in range(40):
        clock[0] = 100 + number / 4
        progress.note(False, False)
    assert [line.partition(" ")[0] for line in lines] == ["5", "9", "13", "17", "21", "25", "29", "33", "37"]


def test_nobody_watches(clock: list[float]) -> None:
    progress = Progress(2, None, lambda: clock[0])
    clock[0] = 200.0
    progress.note(True, False)
    assert progress.line(200.0) == "1 of 2 projects, 1 changed, 0 failed, about 100 s left"
