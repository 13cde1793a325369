"""Whether to repeat often: a conftest.py takes the fixture with `from tests.soak import soak`."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    """True with `--soak`, as `make soak` gives it."""
    return bool(request.config.getoption("--soak"))
