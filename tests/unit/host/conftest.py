# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

import pytest

from tests.unit.host.support import Home


@pytest.fixture
def home(tmp_path: pathlib.Path) -> Home:
    """A host on which OnlineFS is installed."""
    return Home(tmp_path / "onlinefs")
