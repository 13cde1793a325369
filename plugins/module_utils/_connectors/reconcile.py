# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Bring one project to its desired state: read, plan and, unless in check mode, act.

:mod:`reconcile_state` decides what to do after an error.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import connectors, files
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.for_each_project import failure
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Project
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import (
    CONNECTOR_UNREADABLE,
    FEATURE_STORE_NOT_FOUND,
    ApiError,
    RequestError,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import Session
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.sensitive import secrets_of

from .connector_planner import (
    CurrentConnector,
    DesiredConnector,
    RefusedChange,
    locations,
    may_recreate,
    needs_others,
    plan_project,
)
from .project_outcome import KEPT, NO_FEATURE_STORE, NOT_DONE, WITHOUT_STORE, ProjectOutcome
from .reconcile_state import NextStep, ReconcileState, adopt_plan, begin, next_step


def reconcile(
    session: Session, project: Project, desired: DesiredConnector, directory: str, check_mode: bool, check_files: bool
) -> ProjectOutcome:
    """Bring one project to its desired state. Never raises: what goes wrong is in the outcome.

    :param directory: the directory of the project that the stores go into.
    :param check_files: also check that the stores are there, and look for those that nothing uses any more.
    """
    access = _ProjectAccess(session, project, desired, directory)
    state: t.Optional[ReconcileState] = None
    failing_since: t.Optional[float] = None
    not_done = project.not_done()
    if not_done is not None:
        return _passed_over(project, NOT_DONE, not_done)
    try:
        refused = project.permission_error()
        if refused is not None:
            raise refused
        plan = access.plan(check_files)
        if check_mode:
            return _outcome(plan, plan.changed)
        state = begin(plan, bool(desired.files), check_files)
        while state.todo:
            try:
                access.execute(state.todo[0])
                state = state.done()
            except RequestError as error:
                round_number = state.round
                # All rounds share the time of one request, so a server that keeps failing delays a project only once.
                failing_since = session.started if failing_since is None else failing_since
                step, state = next_step(state, error)
                if step is NextStep.INSPECT_FILE:
                    state = state.instead(access.place_of_upload(state.todo[0]))
                    continue
                pause = step in (NextStep.WAIT, NextStep.REPEAT)
                if step is NextStep.FAIL or (pause and not session.pause(round_number, error, failing_since)):
                    raise
                if step is NextStep.REPEAT:
                    continue
                step, state = adopt_plan(state, error, access.plan(state.check_files))
                if step is NextStep.FAIL:
                    raise
        told = state.report()
        return _outcome(told, state.written)
    except Exception as error:
        if isinstance(error, ApiError) and error.error_code == FEATURE_STORE_NOT_FOUND and state is None:
            return _passed_over(project, NO_FEATURE_STORE, WITHOUT_STORE)
        # Nothing that goes wrong in one project may stop the others.
        return _failed(project.name, error, state, _secrets(desired))


def _outcome(plan: Plan, written: bool) -> ProjectOutcome:
    reason = KEPT if plan.outcome == "skipped" else None
    return ProjectOutcome(plan.subject, plan.outcome, written, _changes(plan), plan.notes, reason=reason)


def _passed_over(project: Project, reason: str, why: str) -> ProjectOutcome:
    return ProjectOutcome(project.name, "skipped", notes=(why,), reason=reason)


def _failed(
    project: str, error: Exception, state: t.Optional[ReconcileState], secrets: t.Collection[str]
) -> ProjectOutcome:
    failed = failure(error)
    shown = {**failed.error, **{part: clean(failed.error[part], secrets) for part in ("message", "remedy")}}
    # A file that cannot be removed in one project says nothing about the other projects.
    cluster_wide = failed.cluster_wide and not (state and state.cleaning)
    failed = dataclasses.replace(failed, error=shown, cluster_wide=cluster_wide)
    if state and state.may_have_written:
        return ProjectOutcome(project, changed=True, changes=_changes(state.first), failure=failed)
    return ProjectOutcome(project, failure=failed)


def _changes(plan: Plan) -> t.List[t.Dict[str, t.Any]]:
    return [change.to_result() for change in plan.changes]


def _secrets(desired: DesiredConnector) -> t.Set[str]:
    """Return the secrets that the server was sent, in case it quotes one."""
    properties = {str(option["name"]): option["value"] for option in desired.fields.get("options") or ()}
    return secrets_of({**desired.fields, **properties})


class _ProjectAccess:
    """The requests of one project."""

    def __init__(self, session: Session, project: Project, desired: DesiredConnector, directory: str) -> None:
        self._session = session
        self._project = project
        self._desired = desired
        self._directory = directory
        self._store: t.Optional[int] = None

    def plan(self, check_files: bool) -> Plan:
        """Read the project and plan it. A converged project costs two requests."""
        desired = self._desired
        current = self._read()
        if check_files and desired.present and (desired.files or locations(current.connector or {})):
            current = dataclasses.replace(current, sizes=files.sizes(self._session, self._project, self._directory))
        if needs_others(desired, current):
            current = dataclasses.replace(current, others=self._others())
        return plan_project(desired, current)

    def _read(self) -> CurrentConnector:
        try:
            return CurrentConnector(
                connectors.get(self._session, self._project, self._feature_store(), self._desired.name)
            )
        except ApiError as error:
            if error.error_code == CONNECTOR_UNREADABLE and may_recreate(self._desired):
                return CurrentConnector(unreadable=True)
            raise

    def _feature_store(self) -> int:
        if self._store is None:
            self._store = connectors.feature_store_id(self._session, self._project)
        return self._store

    def _others(self) -> t.List[connectors.Connector]:
        listed = connectors.get_all(self._session, self._project, self._feature_store())
        return [item for item in listed if str(item.get("name")).lower() != self._desired.name.lower()]

    def execute(self, action: Action) -> None:
        """Do one write."""
        session, project, store = self._session, self._project, self._feature_store()
        if action.verb == "upload":
            files.upload(session, project, action.target, action.payload.load())
        elif action.verb == "create":
            connectors.create(session, project, store, action.payload)
        elif action.verb == "replace":
            connectors.replace(session, project, store, action.payload)
        elif action.verb == "delete":
            connectors.delete(session, project, store, action.target)
        elif action.verb == "remove":
            files.remove(session, project, action.target)
        else:
            raise ValueError(action.verb)

    def place_of_upload(self, upload: Action) -> t.List[Action]:
        """Return what to do instead of an upload that found a file in its place.

        A name carries a hash of the content, so a file of the same size is the right one. A file of another size, as
        after an upload that was cut off, is replaced unless another connector uses it.

        :raises Refusal: another connector uses the file.
        """
        path = upload.target
        if files.size(self._session, self._project, path) == upload.payload.size:
            return []
        users = sorted(str(other.get("name")) for other in self._others() if path in locations(other))
        if users:
            raise RefusedChange(
                "file_in_use",
                f"{path} is there with other content, and connector {', '.join(users)} uses it",
                "Remove the file, or give that connector another one",
            )
        return [Action("remove", path), upload]
