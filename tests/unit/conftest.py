"""What tests of several rooms share."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import settings

from tests.unit.kafka.reference import Reference

settings.register_profile("unit", deadline=None, max_examples=200, database=None, print_blob=True)
settings.load_profile("unit")


@pytest.fixture(scope="session")
def java() -> t.Iterator[Reference]:
    """The Java platform. Without Java the tests fail: a comparison that was not made proves nothing."""
    reference = Reference()
    yield reference
    reference.close()
