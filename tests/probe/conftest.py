# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The brokers of these tests, and how often to repeat them (``--soak``)."""

from __future__ import annotations

import pytest

from tests.kafka import cluster
from tests.kafka.fixtures import kafka, shared_kafka
from tests.kafka.jars import OLDEST

__all__ = ["kafka"]
REPETITIONS = 20


@pytest.fixture(scope="session")
def oldest_kafka() -> cluster.Description:
    """The first release in which KRaft is for production."""
    return shared_kafka(OLDEST)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With --soak, every fault of the truth table this often: a reason that depends on timing shows."""
    if metafunc.config.getoption("--soak") and metafunc.module.__name__.endswith("test_faults"):
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(REPETITIONS))
