"""What the tests of the rollout share."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("rollout", deadline=None, max_examples=200, database=None, print_blob=True)
settings.load_profile("rollout")
