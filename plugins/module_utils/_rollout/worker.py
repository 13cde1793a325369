# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""One project from reading to its result: read, plan, and unless it is check mode, act."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import connectors, files
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.errors import (
    CONNECTOR_EXISTS,
    AuthenticationError,
    RequestError,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.pool import Pool
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Chosen, Project
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.fanout import Stop
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.plan import Change, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.projects import (
    Found,
    body,
    differences,
    plan_project,
    wants_surroundings,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.wanted import Wanted

#: How often a connector is created again after an answer that was lost.
CREATE_ATTEMPTS = 3


@dataclasses.dataclass
class Outcome:
    """What came of one project.

    :param action: ``created``, ``updated``, ``deleted``, ``unchanged``, ``skipped`` or ``failed``.
    :param changed: something was written, or in check mode would be. True also for a failure after a write.
    """

    project: str
    action: str
    changed: bool = False
    changes: t.Tuple[Change, ...] = ()
    notes: t.Tuple[str, ...] = ()
    error: t.Optional[HopsworksKafkaError] = None

    def shown(self) -> t.Dict[str, t.Any]:
        """The entry of ``results``; holds no secret."""
        return {
            "project": self.project,
            "action": self.action,
            "changed": self.changed,
            "changes": [change.shown() for change in self.changes],
            "error": shown_error(self.error),
        }


def shown_error(error: t.Optional[HopsworksKafkaError]) -> t.Optional[t.Dict[str, t.Any]]:
    """``{reason, message, remedy, http_status, error_code}`` of an error."""
    if error is None:
        return None
    return {
        "reason": getattr(error, "reason", "input"),
        "message": str(error),
        "remedy": error.remedy,
        "http_status": getattr(error, "status", None),
        "error_code": getattr(error, "error_code", None),
    }


class NotAttemptedError(HopsworksKafkaError):
    """An earlier project met what holds for all of them."""

    reason = "not_attempted"

    def __init__(self, why: t.Optional[Exception]) -> None:
        cause = why.cause if isinstance(why, HopsworksKafkaError) else "the run was stopped"
        super().__init__("", f"not attempted: {cause}", "Set that right, then run this again")


def _failed(outcome: Outcome, error: t.Optional[HopsworksKafkaError]) -> Outcome:
    """The outcome with its error, which then names the project first."""
    outcome.action = "failed"
    if error is not None:
        error.subject = f"project {outcome.project}, {error.subject}" if error.subject else f"project {outcome.project}"
    outcome.error = error
    return outcome


class Worker:
    """Works on projects one by one; safe for many threads.

    :param check_mode: read and plan alone.
    """

    def __init__(self, session: Pool, check_mode: bool, stop: Stop) -> None:
        self._session = session
        self._check_mode = check_mode
        self._stop = stop

    def work(self, item: t.Tuple[Chosen, t.Optional[Wanted]]) -> Outcome:
        chosen, wanted = item
        outcome = Outcome(chosen.name, "failed")
        if chosen.project is None or wanted is None:
            return _failed(outcome, chosen.error)
        if self._stop.is_set():
            return _failed(outcome, NotAttemptedError(self._stop.why))
        try:
            self._work(chosen.project, wanted, outcome)
        except HopsworksKafkaError as error:
            if isinstance(error, AuthenticationError) or getattr(error, "reason", "") == "type_disabled":
                self._stop.set(error)
            _failed(outcome, error)
        except Exception as error:
            # A defect must not stop the other projects. Its text may hold anything, so only its kind is told.
            cause = f"unexpected {type(error).__name__} in this collection"
            _failed(outcome, HopsworksKafkaError("", cause, "Report it, with the version of the collection"))
        return outcome

    def _work(self, project: Project, wanted: Wanted, outcome: Outcome) -> None:
        store = connectors.feature_store_id(self._session, project)
        plan = plan_project(project.name, wanted, self._read(project, store, wanted))
        if not self._check_mode:
            outcome.changes = plan.changes
            plan = self._apply(project, store, wanted, plan, outcome)
        outcome.action, outcome.changes, outcome.notes = plan.outcome, plan.changes, outcome.notes + plan.notes
        outcome.changed = outcome.changed or plan.changed

    def _read(self, project: Project, store: int, wanted: Wanted) -> Found:
        if not wanted.present:
            listed = connectors.get_all(self._session, project, store)
            mine = [item for item in listed if item.get("name") == wanted.name]
            return Found(mine[0] if mine else None, [item for item in listed if item not in mine])
        found = Found(connectors.get(self._session, project, store, wanted.name))
        if not wants_surroundings(wanted, found.connector):
            return found
        listed = connectors.get_all(self._session, project, store)
        others = [item for item in listed if item.get("name") != wanted.name]
        names = files.names(self._session, project, wanted.directory)
        return dataclasses.replace(found, others=others, files=names)

    def _apply(self, project: Project, store: int, wanted: Wanted, plan: Plan, outcome: Outcome) -> Plan:
        """Does the plan's writes in order; returns what was really done, which differs only if others wrote meanwhile."""
        for action in plan.actions:
            try:
                if action.verb == "upload":
                    files.ensure(self._session, project, wanted.directory, action.target, action.payload.content)
                elif action.verb == "create":
                    plan = self._create(project, store, wanted, plan, outcome)
                elif action.verb == "replace":
                    connectors.replace(self._session, project, store, action.payload)
                elif action.verb == "remove":
                    files.remove(self._session, project, f"{wanted.directory}/{action.target}")
                elif action.verb == "delete":
                    connectors.delete(self._session, project, store, action.target)
            except RequestError as error:
                outcome.changed = outcome.changed or error.outcome_unknown
                raise
            outcome.changed = True
        return plan

    def _create(self, project: Project, store: int, wanted: Wanted, plan: Plan, outcome: Outcome) -> Plan:
        """Creates the connector. A lost answer or a duplicate is followed by a look, never by a blind second POST."""
        attempt = 0
        while True:
            attempt += 1
            try:
                connectors.create(self._session, project, store, body(wanted, None))
                return plan
            except RequestError as error:
                if not (error.outcome_unknown or error.temporary or error.error_code == CONNECTOR_EXISTS):
                    raise
                there = connectors.get(self._session, project, store, wanted.name)
                if there is not None:
                    return self._settle(project, store, wanted, plan, there, outcome)
                if attempt >= CREATE_ATTEMPTS or not error.temporary or not self._session.pause(attempt, error):
                    raise

    def _settle(
        self, project: Project, store: int, wanted: Wanted, plan: Plan, there: t.Mapping[str, t.Any], outcome: Outcome
    ) -> Plan:
        """The connector is there after all: made by the POST whose answer was lost, or by somebody else."""
        changes = differences(wanted, there)
        if not changes:
            return plan
        told = f"project {project.name}: somebody else made the connector during this run"
        if wanted.keep:
            return dataclasses.replace(
                plan, outcome="skipped", actions=(), changes=changes, notes=(f"{told}; left alone",)
            )
        connectors.replace(self._session, project, store, body(wanted, there))
        return dataclasses.replace(plan, outcome="updated", changes=changes, notes=(f"{told}; it is now as declared",))
