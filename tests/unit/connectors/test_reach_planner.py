# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which projects a rollout reaches, as a table, and what makes it fail."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import reach_planner as planner
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.reach_planner import (
    ProjectFacts,
    Reach,
    Rollout,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Project
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import ApiError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.rights import Rights

OWNER, SCIENTIST = "Data owner", "Data scientist"
DECLARED = "kafka-1:9092,kafka-2:9092"


def facts(role: str | None = OWNER, chosen: bool = True, status: str = "DONE", **read: t.Any) -> ProjectFacts:
    return ProjectFacts(Project(119, "fraud", role, status), chosen, **{"has_store": True, **read})


def reach(found: ProjectFacts, keep: bool = False, servers: str | None = DECLARED, **rights: t.Any) -> Reach:
    return planner.reach(found, Rollout(servers, keep), Rights(**rights))


@pytest.mark.parametrize(
    ("found", "keep", "reason"),
    [
        (facts(), False, None),
        (facts(found="other:9092"), False, None),  # it is going to be updated
        (facts(found="other:9092"), True, "own_brokers"),
        (facts(found="KAFKA-2:9092, kafka-3:9092"), True, None),
        (facts(found="SASL_SSL://kafka-2:9092"), True, None),
        (facts(found="kafka-1:9093"), True, "own_brokers"),
        (facts(), True, None),
        (facts(declared="other:9092"), False, "own_brokers"),
        (facts(declared="kafka-2:9092"), False, None),
        (facts(chosen=False), False, "not_chosen"),
        (facts(chosen=False, found="other:9092"), False, "not_chosen"),
        (facts(chosen=False, found="kafka-2:9092"), False, None),
        (facts(chosen=False, error="timed out"), False, "not_chosen"),
        (facts(error="timed out"), False, "not_readable"),
        (facts(SCIENTIST), False, "not_owned"),
        (facts(SCIENTIST, chosen=False), False, "not_owned"),
        (facts(SCIENTIST, chosen=False, found="kafka-1:9092"), False, None),
        (facts(SCIENTIST, chosen=False, found="kafka-1:9093"), False, "not_owned"),
        (facts(None, has_store=None), False, "not_a_member"),
        (facts(None, chosen=False, has_store=None), False, "not_a_member"),
        (facts(has_store=False), False, "no_feature_store"),
        (facts(chosen=False, has_store=False), False, "no_feature_store"),
        (facts(status="ONGOING"), False, "not_done"),
        (facts(None, status="FAILED"), False, "not_done"),
    ],
)
def test_why_a_project_is_not_reached(found: ProjectFacts, keep: bool, reason: str | None) -> None:
    result = reach(found, keep)
    assert result.reason == reason
    assert result.to_result()["reached"] is (reason is None)
    assert result.message or (reason is None and found.chosen)


def test_without_a_declaration_no_servers_are_compared() -> None:
    assert reach(facts(declared="other:9092"), servers=None).reason is None
    assert reach(facts(found="other:9092"), keep=True, servers=None).reason is None


@pytest.mark.parametrize(
    ("role", "chosen", "keep", "servers", "needed"),
    [
        (OWNER, True, False, DECLARED, False),  # a converged project costs no request for its connector
        (OWNER, True, True, DECLARED, True),
        (OWNER, False, False, DECLARED, True),
        (SCIENTIST, True, False, DECLARED, True),
        (SCIENTIST, False, False, DECLARED, True),
        (None, False, False, DECLARED, False),
        (OWNER, False, False, None, False),
    ],
)
def test_when_the_connector_is_read(
    role: str | None, chosen: bool, keep: bool, servers: str | None, needed: bool
) -> None:
    assert planner.needs_connector(Project(1, "fraud", role), chosen, Rollout(servers, keep)) is needed


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        (facts(), ("FEATURESTORE", "DATASET_DELETE")),
        (facts(SCIENTIST), (OWNER, "FEATURESTORE", "DATASET_DELETE")),
        (facts(None), (OWNER, "FEATURESTORE", "DATASET_DELETE")),
        (facts(chosen=False), ()),
        (facts(SCIENTIST, chosen=False), ()),
        (facts(has_store=False), ()),
        (facts(status="ONGOING"), ()),
    ],
)
def test_the_rights_that_a_project_lacks(found: ProjectFacts, missing: tuple[str, ...]) -> None:
    # ADMIN is needed for the cluster, not in a project.
    assert reach(found, missing=("DATASET_DELETE", "ADMIN", "FEATURESTORE")).missing_rights == missing


def problems(*found: ProjectFacts, release: str | None = "5.2.1", part: bool = False, **rights: t.Any) -> list[str]:
    given = Rights(**rights)
    reached = [planner.reach(one, Rollout(DECLARED), given) for one in found]
    return [problem.reason for problem in planner.problems(reached, found, release, given, part)]


def test_problems() -> None:
    assert problems(facts(), facts(None, chosen=False), facts(status="ONGOING")) == []
    assert problems(facts(SCIENTIST)) == ["not_data_owner"]
    assert problems(facts(SCIENTIST, found=DECLARED)) == ["not_data_owner"]  # it is reached, but cannot be written to
    assert problems(facts(None)) == ["not_data_owner"]
    assert problems(facts(None, status="ONGOING")) == []
    assert problems(facts(error="x"), facts(error="x"), facts(error="y")) == ["not_readable", "not_readable"]
    assert problems(facts(error="x"), facts(error="other projects failed", attempted=False)) == ["not_readable"]
    assert problems(facts(error="no scope"), missing=("FEATURESTORE", "ADMIN")) == ["missing_scope"]
    assert problems(facts(chosen=False)) == ["no_projects"]
    assert problems(part=True) == []
    assert problems(facts(), service_user=True) == ["service_user"]
    assert problems(facts(), not_admin=True) == ["not_admin"]
    assert problems(facts(), not_admin=False) == []
    unknown = ApiError("server_error", "Hopsworks answered 500", "Look into its log")
    assert problems(facts(), unknown=(("DATASET_VIEW", unknown),)) == ["rights_unknown"]


@pytest.mark.parametrize(
    ("release", "found"),
    [
        ("3.3.0", ["release_too_old"]),
        ("2.5", ["release_too_old"]),
        ("3.4.0", []),
        ("3.10.0-SNAPSHOT", []),
        ("5.2.1", []),
        (None, ["release_unknown"]),
        ("a private build", []),
    ],
)
def test_releases(release: str | None, found: list[str]) -> None:
    assert problems(facts(), release=release) == found


def test_the_message_names_every_reason_and_is_bounded() -> None:
    reached = [Reach(f"p{number}", "not_chosen", "x") for number in range(100)]
    reached += [Reach("late", "not_done", "x"), Reach("bare", "no_feature_store", "x"), Reach("fine")]
    assert planner.blocking(reached) == [f"p{number}" for number in range(100)]
    message = planner.left_behind_message(reached)
    assert message.startswith("This rollout does not reach 102 projects of the cluster. Not chosen: p0, p1, ")
    assert " and 80 more; no feature store yet: bare; not created completely: late." in message
    assert "fine" not in message and len(message) < 300
    assert planner.left_behind_message([Reach("fine")]) == ""
