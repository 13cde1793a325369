# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import subprocess
import sys
import typing as t

import pytest

from tests.conftest import ROOT
from tests.integration.host.bed import Bed
from tests.kafka.fixtures import kafka
from tests.soak import soak

__all__ = ["kafka", "soak"]


@pytest.fixture(scope="session")
def mock_brokers() -> t.Iterator[str]:
    """Addresses of librdkafka's mock brokers, with two topics."""
    command = [sys.executable, "-m", "tests.lab.brokers", "--topic", "fraud_onlinefs", "--topic", "ads_onlinefs"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready, _unused, addresses = process.stdout.readline().strip().partition(" ")
        assert ready == "ready"
        yield addresses
        process.terminate()


@pytest.fixture
def host(tmp_path: pathlib.Path, mock_brokers: str) -> t.Iterator[Bed]:
    """One host, likewise."""
    made = Bed(tmp_path, ["host1"], mock_brokers)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def bed(tmp_path: pathlib.Path, mock_brokers: str) -> t.Iterator[Bed]:
    """Three hosts with the Python stand-in as their service, which runs."""
    made = Bed(tmp_path, ["host1", "host2", "host3"], mock_brokers)
    made.start()
    yield made
    made.stop()
