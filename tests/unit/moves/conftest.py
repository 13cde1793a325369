# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose OnlineFS moves from one stand-in cluster to another."""

from __future__ import annotations

import pathlib
import tempfile
import typing as t

import pytest

from tests.moves.cluster import Cluster
from tests.unit.moves.support import GROUP, MovingHost


@pytest.fixture
def tmp_path() -> t.Iterator[pathlib.Path]:
    """In memory: every write of the state waits for the disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield pathlib.Path(folder)


@pytest.fixture
def old() -> t.Iterator[Cluster]:
    """OnlineFS has read 7 of 10 rows of a topic, and all of another."""
    parts: dict[tuple[str, int], tuple[int, int] | None] = {("a_onlinefs", 0): (0, 10), ("b_onlinefs", 0): (0, 5)}
    committed = {GROUP: {("a_onlinefs", 0): 7, ("b_onlinefs", 0): 5}}
    with Cluster("old", parts, committed).running() as made:
        yield made


@pytest.fixture
def new() -> t.Iterator[Cluster]:
    parts: dict[tuple[str, int], tuple[int, int] | None] = {("a_onlinefs", 0): (0, 0), ("b_onlinefs", 0): (0, 0)}
    with Cluster("new", parts).running() as made:
        yield made


@pytest.fixture
def host(tmp_path: pathlib.Path, old: Cluster, new: Cluster) -> MovingHost:
    return MovingHost(tmp_path / "onlinefs", old, new)
