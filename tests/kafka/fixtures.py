# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brokers for tests: running_kafka() for one block, shared_kafka() for the whole pytest session.

In a conftest.py: ``from tests.kafka.fixtures import kafka`` gives the fixture `kafka`: the newest release, one node.
"""

from __future__ import annotations

import atexit
import contextlib
import pathlib
import tempfile
import typing as t

import pytest

from . import cluster
from .jars import NEWEST

_shared: dict[tuple[str, int], cluster.Description] = {}


@contextlib.contextmanager
def running_kafka(version: str = NEWEST, nodes: int = 1, **how: t.Any) -> t.Iterator[cluster.Description]:
    """A cluster of its own for the block, gone after it. Yields the JSON; `how` is as cluster.start() takes it."""
    with tempfile.TemporaryDirectory(prefix="kafka-") as scratch:
        folder = pathlib.Path(scratch, "run")
        try:
            yield cluster.start(folder, version, nodes, tied=True, **how)
        finally:
            cluster.stop(folder)


def shared_kafka(version: str = NEWEST, nodes: int = 1) -> cluster.Description:
    """One cluster per release and size for this process: started when first asked for, gone when the process ends."""
    key = (version, nodes)
    if key not in _shared:
        block = running_kafka(version, nodes)
        _shared[key] = block.__enter__()
        atexit.register(block.__exit__, None, None, None)
    return _shared[key]


@pytest.fixture(scope="session")
def kafka() -> cluster.Description:
    """The newest release, one node, every listener."""
    return shared_kafka()
