"""What the tests of the Kafka room share."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.unit.kafka.reference import Reference

settings.register_profile("kafka", deadline=None, max_examples=150, database=None, print_blob=True)
settings.load_profile("kafka")


@pytest.fixture(scope="session")
def java():
    """The Java platform. Without Java the tests fail: a comparison that was not made proves nothing."""
    reference = Reference()
    yield reference
    reference.close()
