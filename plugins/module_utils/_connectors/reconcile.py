# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""One project, from reading to its result: read, plan, and unless it is check mode, act.

A write whose answer was lost, or that met somebody else's, is followed by reading and planning anew, never by the same
request again unseen.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import connectors, files
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Project
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import (
    CONNECTOR_EXISTS,
    CONNECTOR_NOT_FOUND,
    CONNECTOR_REFUSED,
    FILE_EXISTS,
    ApiError,
    RequestError,
    TransportError,
    to_result,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import Session
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.sensitive import secrets_of

from .connector_planner import Current, Desired, Refusal, locations, needs_others, plan_project

#: How often a project is read and planned anew before it is given up.
MAX_ROUNDS = 5


@dataclasses.dataclass
class ProjectOutcome:
    """What came of one project. Holds no secret.

    :param action: ``created``, ``updated``, ``deleted``, ``unchanged``, ``skipped`` or ``failed``.
    :param changed: something was written, or in check mode would be; true also for a failure after a write.
    :param changes: :meth:`Change.to_result` of each.
    :param error: see :func:`request_errors.to_result`.
    :param unreachable: it failed because the server gave no answer, or none that it meant.
    :param cluster_wide: it failed for a reason that holds for every project.
    """

    project: str
    action: str = "failed"
    changed: bool = False
    changes: t.Sequence[t.Mapping[str, t.Any]] = ()
    notes: t.Tuple[str, ...] = ()
    error: t.Optional[t.Dict[str, t.Any]] = None
    unreachable: bool = False
    cluster_wide: bool = False

    def result(self) -> t.Dict[str, t.Any]:
        """The entry of ``results``."""
        return {
            "project": self.project,
            "action": self.action,
            "changed": self.changed,
            "changes": list(self.changes),
            "notes": list(self.notes),
            "error": self.error,
        }


def reconcile(
    session: Session, project: Project, wanted: Desired, directory: str, check_mode: bool, check_files: bool
) -> ProjectOutcome:
    """Makes one project as wanted. Never raises: what goes wrong is in the outcome.

    :param directory: where in the project the stores go.
    :param check_files: look whether the stores are there, and for those that nothing uses any more.
    """
    attempt = _Attempt(session, project, wanted, directory, check_files)
    try:
        refused = project.refused()
        if refused is not None:
            raise refused
        plan = attempt.plan()
        changed = plan.changed
        if not check_mode:
            plan = attempt.carry_out(plan)
            changed = attempt.written
        return ProjectOutcome(project.name, plan.outcome, changed, _shown(plan), plan.notes)
    except (RequestError, Refusal) as error:
        return _failed(error, attempt)
    except Exception as error:
        # A defect of ours must not stop the other projects. Its text may hold anything, so only its kind is told.
        defect = Refusal("defect", f"a defect of this collection: {type(error).__name__}", "Please report it")
        return _failed(defect, attempt)


def _write(plan: Plan) -> t.Optional[str]:
    """The verb of the plan's write of the connector itself; None where there is none."""
    return next((action.verb for action in plan.actions if action.verb in ("create", "replace", "delete")), None)


def _shown(plan: Plan) -> t.List[t.Dict[str, t.Any]]:
    return [change.to_result() for change in plan.changes]


def failed(project: str, error: HopsworksKafkaError) -> ProjectOutcome:
    """The outcome of a project in which something went wrong."""
    return ProjectOutcome(
        project,
        error=to_result(error),
        unreachable=isinstance(error, TransportError) or (isinstance(error, ApiError) and error.temporary),
        cluster_wide=isinstance(error, RequestError) and error.cluster_wide,
    )


def _failed(error: HopsworksKafkaError, attempt: _Attempt) -> ProjectOutcome:
    outcome = failed(attempt.project.name, error)
    for part in ("message", "remedy"):
        if outcome.error:
            outcome.error[part] = attempt.without_secrets(outcome.error[part])
    # What could not be cleaned up in one project says nothing of the others.
    outcome.cluster_wide = outcome.cluster_wide and not attempt.cleaning
    if attempt.may_have_written and attempt.begun is not None:
        outcome.changed, outcome.changes = True, _shown(attempt.begun)
    return outcome


class _Attempt:
    """The work on one project, and what is known of it.

    :ivar begun: the first plan; what the user is told of, if all goes well.
    :ivar written: a write has been done.
    :ivar cleaning: what is under way is the removal of files that nothing uses.
    """

    def __init__(self, session: Session, project: Project, wanted: Desired, directory: str, check_files: bool) -> None:
        self._session = session
        self.project = project
        self._wanted = wanted
        self._directory = directory
        self._look = check_files
        self._store: t.Optional[int] = None
        self.begun: t.Optional[Plan] = None
        self.written = False
        self.cleaning = False
        self._unsure = False

    @property
    def may_have_written(self) -> bool:
        return self.written or self._unsure

    def plan(self) -> Plan:
        """Reads the project, and plans. Two requests for a project that is as wanted."""
        if self._store is None:
            self._store = connectors.feature_store_id(self._session, self.project)
        found = Current(connectors.get(self._session, self.project, self._store, self._wanted.name))
        if self._look and self._wanted.present:
            found = dataclasses.replace(found, sizes=self._sizes(found))
        if needs_others(self._wanted, found):
            found = dataclasses.replace(found, others=self._others())
        return plan_project(self._wanted, found)

    def _sizes(self, found: Current) -> t.Dict[str, int]:
        return files.sizes(self._session, self.project, self._directory)

    def _others(self) -> t.List[connectors.Connector]:
        listed = connectors.get_all(self._session, self.project, self._store or 0)
        return [item for item in listed if str(item.get("name")).lower() != self._wanted.name.lower()]

    def carry_out(self, plan: Plan) -> Plan:
        """Does what is planned.

        :returns: what was done: the plan, unless somebody else wrote in between.
        """
        self.begun = plan
        notes: t.Tuple[str, ...] = ()
        for attempt in range(1, MAX_ROUNDS + 1):
            uploading = False
            try:
                for action in plan.actions:
                    uploading = action.verb == "upload"
                    self._do(action)
                return self._told(plan, notes)
            except RequestError as error:
                self._unsure = self._unsure or error.outcome_unknown
                again = error.temporary or error.outcome_unknown or self._overtaken(error)
                if not again or attempt == MAX_ROUNDS or (error.temporary and not self._session.pause(attempt, error)):
                    raise
                before, plan = plan, self.plan()
                notes += self._meanwhile(error, before, plan)
                if _write(plan) is None:
                    self.written = self.written or self._unsure
                elif _write(plan) == _write(before) and error.outcome_unknown and not error.temporary:
                    # The server failed, and wrote nothing: the same once more would fail the same way. Of an upload
                    # it is not known, for nobody has looked for the file.
                    self._unsure = uploading
                    raise
        raise RuntimeError("not reached")

    def _overtaken(self, error: RequestError) -> bool:
        """Whether the error says that what was read is no longer so."""
        if error.error_code == CONNECTOR_REFUSED and self._wanted.files and not self._look:
            # The one thing that was taken for granted: that the files are where the connector says.
            self._look = True
            return True
        return error.error_code in (CONNECTOR_EXISTS, CONNECTOR_NOT_FOUND)

    def _meanwhile(self, error: RequestError, before: Plan, plan: Plan) -> t.Tuple[str, ...]:
        """What somebody else did between two plans."""
        had, has = _write(before), _write(plan)
        created = has == "replace" or (error.error_code == CONNECTOR_EXISTS and not self._unsure)
        if had == "create" and created:
            return ("somebody else created the connector during this run",)
        if had == "replace" and has == "create":
            return ("somebody else deleted the connector during this run",)
        return ()

    def _told(self, plan: Plan, notes: t.Tuple[str, ...]) -> Plan:
        """What to tell: the first plan; where others wrote in between, what was then found and done."""
        if self.begun is not None and not notes:
            # A look at the files may have added to it.
            return plan if len(plan.changes) > len(self.begun.changes) else self.begun
        return dataclasses.replace(plan, notes=plan.notes + notes)

    def _do(self, action: Action) -> None:
        session, project, store = self._session, self.project, self._store or 0
        if action.verb == "upload":
            self._upload(action.target, action.payload.content)
        elif action.verb == "create":
            connectors.create(session, project, store, action.payload)
        elif action.verb == "replace":
            connectors.replace(session, project, store, action.payload)
        elif action.verb == "delete":
            connectors.delete(session, project, store, action.target)
        elif action.verb == "remove":
            self.cleaning = True
            files.remove(session, project, action.target)
            self.cleaning = False
        else:
            raise ValueError(action.verb)
        self.written = True

    def _upload(self, path: str, content: bytes) -> None:
        """Puts a store into the project.

        A name tells its content, so a file that is there already is the right one. Only where its size is another, as
        after an upload that was cut off, it is replaced, if nothing uses it.
        """
        try:
            files.upload(self._session, self.project, path, content)
        except ApiError as error:
            if error.error_code != FILE_EXISTS:
                raise
            if files.size(self._session, self.project, path) == len(content):
                return
            users = sorted(str(other.get("name")) for other in self._others() if path in locations(other))
            if users:
                raise Refusal(
                    "file_in_use",
                    f"{path} is there with other content, and connector {', '.join(users)} uses it",
                    "Remove the file, or give that connector another one",
                ) from None
            files.remove(self._session, self.project, path)
            self.written = True
            files.upload(self._session, self.project, path, content)

    def without_secrets(self, text: str) -> str:
        """The server's words, should it ever quote what it was sent."""
        fields = self._wanted.fields
        properties = {str(option["name"]): option["value"] for option in fields.get("options") or ()}
        return clean(text, secrets_of({**fields, **properties}))
