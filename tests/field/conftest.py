# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judges, and the agreement in the last lines of a run."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.field import stores
from tests.field.judge import RELEASES, Judge
from tests.soak import soak

__all__ = ["soak"]

_LINES: list[str] = []


@pytest.fixture(scope="session")
def store_folder() -> pathlib.Path:
    """The folder with the stores."""
    return stores.folder()


@pytest.fixture(scope="session")
def judges(store_folder: pathlib.Path) -> t.Iterator[list[Judge]]:
    """Java's clients, one process for each release."""
    started = [Judge(release, store_folder / "token") for release in RELEASES]
    yield started
    for judge in started:
        judge.close()


@pytest.fixture(scope="session")
def told() -> list[str]:
    """Lines to print at the end of the run."""
    return _LINES


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    """Print the agreement, whether it is complete or not."""
    if _LINES:
        terminalreporter.section("agreement with Kafka's own Java clients")
        for line in _LINES:
            terminalreporter.write_line(line)
