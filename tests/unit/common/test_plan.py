# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What results and diffs show of a change, and how errors read."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import (
    HopsworksKafkaError,
    InputError,
    MissingLibraryError,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import MASK
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Change, Plan


@pytest.mark.parametrize(
    ("before", "after", "secret", "shown"),
    [
        ("a", "b", False, ("a", "b")),
        (None, "b", False, (None, "b")),
        ("a", None, False, ("a", None)),
        (1, 2, False, (1, 2)),
        (None, "canary", True, (None, MASK)),
        ("canary", None, True, (MASK, None)),
        ("canary 1", "canary 2", True, (MASK, f"{MASK} (changed)")),
        # A public property that holds a login: only the part that may be shown is, and the change is told.
        ("https://u:canary1@idp/x", "https://u:canary2@idp/x", False, (f"https://{MASK}@idp/x",) * 2),
    ],
)
def test_a_change_as_it_is_shown(before: t.Any, after: t.Any, secret: bool, shown: tuple[t.Any, t.Any]) -> None:
    result = Change("x", before, after, secret).to_result()
    if shown[0] == shown[1]:
        shown = (shown[0], f"{shown[1]} (changed)")
    assert result == {"what": "x", "before": shown[0], "after": shown[1]}
    assert "canary" not in repr(Change("x", before, after, secret))


def test_a_plan_without_actions_changes_nothing() -> None:
    action = Action("upload", "ca.jks", b"canary")
    assert Plan("fraud", "updated", (action,)).changed
    assert not Plan("fraud", "unchanged").changed
    assert str(action) == "upload ca.jks"
    assert "canary" not in repr(action)


def test_an_error_reads_as_sentences() -> None:
    assert str(InputError("option port", "not a number", "Give one")) == "option port: not a number. Give one."
    assert str(HopsworksKafkaError("", "no answer")) == "no answer."
    error = HopsworksKafkaError("project x", "gone", "Run it again", "not_found")
    assert (error.subject, error.cause, error.remedy, error.reason) == (
        "project x",
        "gone",
        "Run it again",
        "not_found",
    )
    assert HopsworksKafkaError("a", "b").reason == "" == HopsworksKafkaError("a", "b").remedy


def test_a_missing_library_is_named_with_its_purpose_and_the_command() -> None:
    cause = ImportError("no module")
    error = MissingLibraryError("jmespath", "for project_query", cause)
    text = str(error)
    assert "jmespath" in error.subject and "for project_query" in error.cause and text.endswith("pip install jmespath.")
    assert (error.reason, error.library, error.error) == ("library_missing", "jmespath", cause)
