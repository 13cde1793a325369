# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two clusters: the oldest release that can be started here, and the newest."""

from __future__ import annotations

import pytest

from tests.kafka.fixtures import shared_kafka
from tests.kafka.jars import OLDEST

from .clusters import Pair, Side


@pytest.fixture(scope="session")
def pair() -> Pair:
    """From the oldest release to the newest."""
    return Pair(Side(shared_kafka(OLDEST)), Side(shared_kafka()))
