# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pytest plugin for mutmut: fast tests only, and the same ones each time."""

from __future__ import annotations

import hypothesis
import pytest

PROFILE = "mutation"
#: Tests that compare the tables with the clients, which mutants do not touch; and some that know a module's lines or
#: functions by name, which mutmut changes.
LEFT_OUT = (
    "test_configs.py::",
    "test_defects.py::test_where_names_the_line_of_the_collection_rather_than_one_of_a_library",
    "test_connector_task.py::test_a_defect",
)

hypothesis.settings.register_profile(
    PROFILE,
    max_examples=40,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    deadline=None,
    database=None,
    derandomize=True,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests that start Java, and those of the list."""
    items[:] = [
        item
        for item in items
        if "java" not in getattr(item, "fixturenames", ()) and not any(name in item.nodeid for name in LEFT_OUT)
    ]


@pytest.fixture(autouse=True, scope="session")
def few_examples() -> None:
    """Load the profile after the one of tests/unit/conftest.py."""
    hypothesis.settings.load_profile(PROFILE)
