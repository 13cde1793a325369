# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The task of ``kafka_connector``: check everything, choose the projects, make each as declared."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.circuit_breaker import CircuitBreaker
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.fan_out import PerThread, fan_out
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.progress import Progress, Tell
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import (
    Project,
    Selection,
    check,
    choose,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import to_result
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import ServerSeen, Session, connection

from . import summary
from .connector_planner import Desired
from .desired import OVERRIDABLE, Declarations, check_connector, overrides_by_project
from .reconcile import ProjectOutcome, reconcile

Options = t.Mapping[str, t.Any]


class Done(t.NamedTuple):
    """What a task has done, and what the user should be told besides."""

    outcomes: t.List[ProjectOutcome]
    not_owned: int
    warnings: t.List[str]


def selection(options: Options, names: t.Optional[t.Iterable[str]]) -> Selection:
    """The selection from the options that modules share."""
    part = options.get("slice")
    return Selection(
        names=None if names is None else list(names),
        query=options.get("project_query"),
        exclude=tuple(options.get("exclude") or ()),
        part=(part["index"], part["count"]) if part else None,
    )


def run(options: Options, check_mode: bool, diff: bool, tell: t.Optional[Tell] = None) -> t.Dict[str, t.Any]:
    """The task from its options to what it returns; ``failed`` where anything went wrong.

    :param tell: shows a line about how far it is.
    """
    try:
        done = roll_out(options, check_mode, tell)
    except HopsworksKafkaError as error:
        return {"changed": False, "failed": True, "msg": str(error), "error": to_result(error)}
    result = summary.result(done.outcomes, done.not_owned, check_mode)
    if diff:
        result["diff"] = summary.diff(done.outcomes)
    if done.warnings:
        result["warnings"] = done.warnings
    return result


def roll_out(options: Options, check_mode: bool, tell: t.Optional[Tell] = None) -> Done:
    """Makes every chosen project as declared.

    :param options: those of the module.
    :raises HopsworksKafkaError: the input is wrong, or the projects cannot be listed. Nothing was written then.
    """
    server = connection(options)
    overrides = overrides_by_project(options.get("projects"))
    wished = selection(options, overrides)
    check(wished)
    warnings = check_connector(options["name"], options.get("description"), options["directory"])
    base = Desired(
        project="",
        name=options["name"],
        present=options["state"] == "present",
        keep=options["existing"] == "keep",
        description=options.get("description"),
        remove_shared_stores=options["remove_shared_stores"],
    )
    declared = None
    if base.present:
        common = {name: options.get(name) for name in OVERRIDABLE}
        declared = Declarations(common, overrides)
        warnings += declared.notes
    reached = ServerSeen()
    chosen = choose(Session(server, reached), wished)
    outage = CircuitBreaker(server.workers)

    sessions = PerThread(lambda: Session(server, reached))

    def work(project: Project) -> ProjectOutcome:
        if outage.why:
            return not_attempted(project.name, outage.why)
        if declared:
            wanted = declared.of(project.name).wanted(base, project.name, options["directory"])
            declared.forget(project.name)
        else:
            wanted = base.of(project.name)
        return reconcile(sessions.get(), project, wanted, options["directory"], check_mode, options["check_files"])

    def done(outcome: ProjectOutcome) -> None:
        outage.note(outcome)
        progress.note(outcome)

    progress = Progress(len(chosen.projects), tell)
    outcomes = fan_out(chosen.projects, work, server.workers, done)
    return Done(outcomes, chosen.not_owned, warnings)


def not_attempted(project: str, why: str) -> ProjectOutcome:
    """The outcome of a project that was left as it is after others had failed."""
    error = {
        "reason": "not_attempted",
        "message": f"not attempted, as others had failed: {why}",
        "remedy": "Run it again once that is mended",
        "http_status": None,
        "error_code": None,
    }
    return ProjectOutcome(project, "skipped", error=error)
