"""An emulator for every test: three projects, of which project_3 also sees the feature store of project_2."""

from __future__ import annotations

import typing as t

import pytest

from tests.emulator.fixtures import Emulator, emulator_in_thread


@pytest.fixture
def emulator() -> t.Iterator[Emulator]:
    with emulator_in_thread(projects=3) as running:
        yield running


@pytest.fixture
def scientist(emulator: Emulator) -> str:
    """The key of a Data scientist of project_1."""
    return emulator.add_key("sci.secret", "sam", roles={"project_1": "Data scientist"})
