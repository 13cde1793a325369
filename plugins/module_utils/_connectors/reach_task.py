# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The task of ``hopsworks_projects_info``: which projects a rollout reaches, and what the API key may do.

Writes nothing. It takes one request for the release alone. Otherwise it takes three for the cluster, up to five for the
rights, and one or two for each project of which the user is a member.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask, Options
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import connectors
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.for_each_project import (
    Failure,
    failure,
    new_sessions,
    selection_from,
    visit_projects,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import (
    DATA_OWNER,
    DONE,
    Membership,
    Project,
    Selection,
    check,
    choose_from,
    in_slice,
    read_all,
    read_memberships,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.release import read_release
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import (
    CONNECTOR_UNREADABLE,
    FEATURE_STORE_NOT_FOUND,
    ApiError,
    RequestError,
    to_result,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.rights import FEATURESTORE, Rights, read_rights
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import Session, connection

from . import reach_planner as planner
from .argument_spec import projects_info_spec
from .desired import overrides_by_project
from .reach_planner import ProjectFacts, Reach, Rollout

_SERVERS = "bootstrap.servers"


@dataclasses.dataclass(frozen=True)
class _Visited:
    """What was read of one project.

    :param store: the id of its feature store.
    """

    facts: ProjectFacts
    store: t.Optional[int] = None
    failure: t.Optional[Failure] = None
    changed: bool = False


class _Cluster(t.NamedTuple):
    """The projects that the task is about, and those of all users.

    :param projects: in the slice; those of which the user is no member without a role.
    :param chosen: the ids of those that the rollout is for.
    :param error: why the list of all projects could not be read.
    """

    projects: t.List[Project]
    chosen: t.Set[int]
    user: t.Optional[str]
    error: t.Optional[RequestError]


def run(options: Options) -> t.Dict[str, t.Any]:
    """Run the task and return its result, with ``failed`` true if the rollout would fail.

    :param options: those of the module.
    """
    try:
        return look(options)
    except HopsworksKafkaError as error:
        return {"changed": False, "failed": True, "msg": str(error), "error": to_result(error)}


def look(options: Options) -> t.Dict[str, t.Any]:
    """Read the cluster and return the result.

    :raises HopsworksKafkaError: the input is wrong, or the user's projects cannot be listed.
    """
    server = connection(options)
    if not options["check_projects"]:
        return _only_release(_release(Session(server)))
    overrides = overrides_by_project(options.get("projects"))
    selection = selection_from(options, overrides)
    check(selection)
    common = options.get("properties") or {}
    rollout = Rollout(_text(common.get(_SERVERS)), options["existing"] == "keep")
    sessions = new_sessions(server)
    session = sessions.get()
    cluster = _read_cluster(session, selection)
    release = _release(session)

    def visit(session: Session, project: Project) -> _Visited:
        facts = ProjectFacts(project, project.id in cluster.chosen, _own_servers(overrides, project.name))
        return _visit(session, facts, options["name"], rollout)

    def skip(project: Project, failed: Failure) -> _Visited:
        facts = ProjectFacts(project, project.id in cluster.chosen, error=str(failed.error["message"]), attempted=False)
        return _Visited(facts, failure=failed)

    visited = visit_projects(sessions, cluster.projects, server.workers, visit, skip)
    facts = [one.facts for one in visited]
    rights = _rights(session, options, visited) if options["check_rights"] else Rights()
    reached = [planner.reach(one, rollout, rights) for one in facts]
    problems = planner.problems(reached, facts, release, rights, selection.slice is not None)
    return _result(cluster, release, rights, reached, problems)


def _result(
    cluster: _Cluster,
    release: t.Optional[str],
    rights: Rights,
    reached: t.Sequence[Reach],
    problems: t.Sequence[planner.Problem],
) -> t.Dict[str, t.Any]:
    known = cluster.error is None
    error = None if cluster.error is None else planner.unknown_message(cluster.error)
    behind = planner.left_behind_message(reached)
    texts = [f"{problem.message}. {problem.remedy}." for problem in problems] + [error or behind]
    done = sum(one.reason is None for one in reached)
    admin = None if rights.not_admin is None else not rights.not_admin and "ADMIN" not in rights.missing
    return {
        "changed": False,
        "failed": bool(problems),
        "msg": " | ".join([f"{done} of {len(reached)} projects reached", *(text for text in texts if text)]),
        "user": cluster.user,
        "admin": admin,
        "release": release,
        "projects": [one.to_result() for one in reached],
        "left_behind": [one.left_behind for one in planner.left_behind(reached)] if known else None,
        "left_behind_blocking": planner.blocking(reached) if known else None,
        "left_behind_message": behind if known else None,
        "left_behind_error": error,
        "problems": [problem.to_result() for problem in problems],
    }


def _only_release(release: t.Optional[str]) -> t.Dict[str, t.Any]:
    """Return the result of a task that looks neither at projects nor at rights."""
    problems = list(planner.release_problems(release))
    texts = [f"{problem.message}. {problem.remedy}." for problem in problems]
    return {
        "changed": False,
        "failed": bool(problems),
        "msg": " | ".join(texts) or f"Hopsworks {release}",
        "user": None,
        "admin": None,
        "release": release,
        "projects": [],
        "left_behind": None,
        "left_behind_blocking": None,
        "left_behind_message": None,
        "left_behind_error": None,
        "problems": [problem.to_result() for problem in problems],
    }


def _read_cluster(session: Session, selection: Selection) -> _Cluster:
    everyone: t.List[Project] = []

    def all_projects() -> t.Sequence[Project]:
        everyone[:] = everyone or read_all(session)
        return everyone

    memberships = read_memberships(session)
    chosen = {project.id for project in choose_from(selection, memberships, all_projects).projects}
    user = _user(memberships)
    mine = {membership.project.id: membership.project for membership in memberships}
    # What the server says of 10,000 projects takes 90 MB, so one list is let go of before the other one is read.
    del memberships
    error: t.Optional[RequestError] = None
    try:
        all_projects()
    except RequestError as raised:
        error = raised
    projects = {project.id: mine.get(project.id, project) for project in everyone}
    projects.update(mine)
    here = [project for _id, project in sorted(projects.items()) if in_slice(project, selection.slice)]
    return _Cluster(here, chosen, user, error)


def _user(memberships: t.Sequence[Membership]) -> t.Optional[str]:
    """Return the name of the key's user. Hopsworks tells it with the user's projects only."""
    for membership in memberships:
        user = membership.sent.get("user")
        name = user.get("username") if isinstance(user, dict) else None
        if isinstance(name, str) and name.isprintable():
            return name
    return None


def _release(session: Session) -> t.Optional[str]:
    try:
        return read_release(session)
    except ApiError:
        return None


def _own_servers(overrides: t.Optional[t.Mapping[str, Options]], project: str) -> t.Optional[str]:
    override = (overrides or {}).get(project) or {}
    return _text((override.get("properties") or {}).get(_SERVERS))


def _text(value: t.Any) -> t.Optional[str]:
    return None if value is None else str(value)


def _visit(session: Session, facts: ProjectFacts, name: str, rollout: Rollout) -> _Visited:
    """Read one project as far as it matters for it."""
    project = facts.project
    if project.role is None or project.status != DONE:
        return _Visited(facts)
    store: t.Optional[int] = None
    try:
        store = connectors.feature_store_id(session, project)
        facts = dataclasses.replace(facts, has_store=True)
        if planner.needs_connector(project, facts.chosen, rollout):
            connector = connectors.get(session, project, store, name) or {}
            facts = dataclasses.replace(facts, found=connector.get("bootstrapServers"))
    except Exception as error:
        return _failed(facts, store, error)
    return _Visited(facts, store)


def _failed(facts: ProjectFacts, store: t.Optional[int], error: Exception) -> _Visited:
    code = error.error_code if isinstance(error, ApiError) else None
    if code == FEATURE_STORE_NOT_FOUND:
        return _Visited(dataclasses.replace(facts, has_store=False))
    if code == CONNECTOR_UNREADABLE:
        # What it names is not known, and kafka_connector reports it.
        return _Visited(facts, store)
    failed = failure(error)
    message = clean(str(failed.error["message"]), ())
    return _Visited(dataclasses.replace(facts, error=message), store, failed)


def _rights(session: Session, options: Options, visited: t.Sequence[_Visited]) -> Rights:
    """Read the rights of the key in the project that tells the most: one of ours, with a feature store."""

    def tells(one: _Visited) -> t.Tuple[bool, bool, bool]:
        return one.store is not None, one.facts.project.role == DATA_OWNER, one.facts.project.role is not None

    best = max(visited, key=tells, default=None)
    # The filter for scopes comes before the one for projects, so a project that does not exist tells the same.
    rights = read_rights(session, best.facts.project.id if best else 0, best.store if best else None, options["admin"])
    if any(one.failure and one.failure.error["reason"] == "missing_scope" for one in visited):
        # No feature store could be read for want of this scope.
        rights = rights._replace(missing=(FEATURESTORE, *(scope for scope in rights.missing if scope != FEATURESTORE)))
    return rights


TASK = ModuleTask("hopsworks_projects_info", projects_info_spec, lambda options, _mode: run(options))
