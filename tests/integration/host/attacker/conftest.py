# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import pathlib
import tempfile
import typing as t

import pytest

from tests.integration.host.attacker.world import World


@pytest.fixture
def folder() -> t.Iterator[pathlib.Path]:
    """In memory, and where another user may search for files."""
    if os.geteuid() != 0:
        pytest.fail("this suite attacks root: run it as root")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as made:
        os.chmod(made, 0o755)
        world = pathlib.Path(made) / "world"
        world.mkdir(mode=0o755)
        yield world


@pytest.fixture
def world(folder: pathlib.Path) -> World:
    return World(folder)
