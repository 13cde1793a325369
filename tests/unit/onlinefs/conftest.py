# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import pathlib
import tempfile
import typing as t

import pytest

from tests.unit.onlinefs.support import Home


@pytest.fixture
def tmp_path() -> t.Iterator[pathlib.Path]:
    """In memory, where there is such a place: every write here waits for the disk, and a test makes thousands."""
    memory = pathlib.Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield pathlib.Path(folder)


@pytest.fixture
def home(tmp_path: pathlib.Path) -> Home:
    """A host on which OnlineFS is installed."""
    return Home(tmp_path / "onlinefs")
