# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The task of ``kafka_connector``: check everything, choose the projects, bring each to its desired state."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.defects import DefectError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask, Options, Show
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.for_each_project import (
    Failure,
    Visits,
    for_each_project,
    selection_from,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Project, check
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import to_result
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import Session, connection

from . import summary
from .argument_spec import connector_spec
from .connector_planner import DesiredConnector
from .desired import OVERRIDABLE, check_connector, declare_connectors, overrides_by_project
from .project_outcome import ProjectOutcome
from .reconcile import reconcile


class RolloutResult(t.NamedTuple):
    """The outcomes of a task, and the warnings for the user."""

    visits: Visits[ProjectOutcome]
    warnings: t.Tuple[str, ...]


def run(options: Options, check_mode: bool, diff: bool, show: t.Optional[Show] = None) -> t.Dict[str, t.Any]:
    """Run the task and return its result, with ``failed`` true if anything went wrong.

    :param options: those of the module.
    :param show: shows a line of progress.
    """
    try:
        rollout = roll_out(options, check_mode, show)
    except HopsworksKafkaError as error:
        return {"changed": False, "failed": True, "msg": str(error), "error": to_result(error)}
    except Exception as error:
        defect = DefectError(error)
        return {"failed": True, "msg": str(defect), "error": to_result(defect), "exception": defect.traceback}
    outcomes, not_owned = rollout.visits.results, rollout.visits.not_owned
    result = summary.result(outcomes, not_owned, check_mode)
    if diff:
        result["diff"] = summary.diff(outcomes)
    if rollout.warnings:
        result["warnings"] = list(rollout.warnings)
    return result


def roll_out(options: Options, check_mode: bool, show: t.Optional[Show] = None) -> RolloutResult:
    """Bring every chosen project to its desired state.

    :param options: those of the module.
    :raises HopsworksKafkaError: the input is wrong, or the projects cannot be listed. Nothing was written then.
    """
    server = connection(options)
    overrides = overrides_by_project(options.get("projects"))
    selection = selection_from(options, overrides)
    check(selection)
    directory = options["directory"]
    warnings = check_connector(options["name"], options.get("description"), directory)
    base = DesiredConnector(
        project="",
        name=options["name"],
        present=options["state"] == "present",
        keep=options["existing"] == "keep",
        description=options.get("description"),
        remove_shared_stores=options["remove_shared_stores"],
        recreate_unreadable=options["recreate_unreadable"],
    )
    declared = None
    if base.present:
        declared = declare_connectors({name: options.get(name) for name in OVERRIDABLE}, overrides)
        warnings += declared.notes

    def visit(session: Session, project: Project) -> ProjectOutcome:
        desired = dataclasses.replace(base, project=project.name)
        if declared:
            desired = declared.of(project.name).desired(base, project.name, directory)
        return reconcile(session, project, desired, directory, check_mode, options["check_files"])

    def skip(project: Project, failure: Failure) -> ProjectOutcome:
        return ProjectOutcome(project.name, "skipped", failure=failure)

    return RolloutResult(for_each_project(server, selection, visit, skip, show), tuple(warnings))


TASK = ModuleTask("kafka_connector", connector_spec, lambda options, mode: run(options, *mode))
