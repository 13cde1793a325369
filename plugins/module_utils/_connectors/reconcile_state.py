# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Define the immutable state of the work on one project, and decide what to do after an error. Pure functions.

A write whose answer was lost, or that conflicted with another write, is never repeated blindly: the project is read and
planned again.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import (
    CONNECTOR_EXISTS,
    CONNECTOR_NOT_FOUND,
    CONNECTOR_REFUSED,
    FILE_EXISTS,
    RequestError,
)

#: The most times that a project is planned before it fails.
MAX_ROUNDS = 5


class NextStep(enum.Enum):
    """What to do after an error."""

    FAIL = "fail"
    #: Look at the file that is in the place of the upload.
    INSPECT_FILE = "inspect_file"
    #: Read the project and plan it again.
    PLAN_AGAIN = "plan_again"
    #: The same after a pause.
    WAIT = "wait"
    #: Do the same action again after a pause.
    REPEAT = "repeat"


@dataclasses.dataclass(frozen=True)
class ReconcileState:
    """The state of the work on one project.

    :param first: the first plan, which the user is told if all goes well.
    :param plan: the current plan.
    :param todo: the actions of the current plan that are not done yet. The first one is in progress.
    :param round: from 1; the number of plans and of repeated actions.
    :param written: something was written for certain.
    :param unsure: something may have been written: the answer to a write was lost.
    :param has_files: the connector has stores that this task puts into the project.
    :param check_files: plan with a listing of the files.
    :param notes: what somebody else did between two plans.
    """

    first: Plan
    plan: Plan
    todo: t.Tuple[Action, ...]
    round: int = 1
    written: bool = False
    unsure: bool = False
    has_files: bool = False
    check_files: bool = False
    notes: t.Tuple[str, ...] = ()

    @property
    def may_have_written(self) -> bool:
        """Tell whether the project may differ from what was read first."""
        return self.written or self.unsure

    @property
    def cleaning(self) -> bool:
        """Tell whether the action in progress removes a file."""
        return bool(self.todo) and self.todo[0].verb == "remove"

    def done(self) -> ReconcileState:
        """Return the state after the action in progress has succeeded."""
        return dataclasses.replace(self, todo=self.todo[1:], written=True)

    def instead(self, actions: t.Sequence[Action]) -> ReconcileState:
        """Return the state with the action in progress replaced. Other actions count as another round."""
        return dataclasses.replace(self, todo=(*actions, *self.todo[1:]), round=self.round + bool(actions))

    def report(self) -> Plan:
        """Return the plan to report: the first one, or the last one if others wrote in the meantime."""
        if self.notes:
            return dataclasses.replace(self.plan, notes=self.plan.notes + self.notes)
        # A listing of the files may have added to the first plan.
        return self.plan if len(self.plan.changes) > len(self.first.changes) else self.first


def begin(plan: Plan, has_files: bool, check_files: bool) -> ReconcileState:
    """Return the state at the start of the first plan."""
    return ReconcileState(plan, plan, plan.actions, has_files=has_files, check_files=check_files)


def next_step(state: ReconcileState, error: RequestError) -> t.Tuple[NextStep, ReconcileState]:
    """Decide what follows an error of the action in progress.

    :returns: the step, and the state with what the error says.
    """
    action = state.todo[0]
    after = dataclasses.replace(state, unsure=state.unsure or error.outcome_unknown)
    if action.verb == "upload" and error.error_code == FILE_EXISTS and state.round <= MAX_ROUNDS:
        return NextStep.INSPECT_FILE, after
    if state.round >= MAX_ROUNDS:
        return NextStep.FAIL, after
    if action.verb == "remove":
        # A new plan might not name the file any more, so the failure would not be reported. Removing twice is harmless.
        repeated = dataclasses.replace(after, round=state.round + 1)
        return (NextStep.REPEAT, repeated) if error.temporary else (NextStep.FAIL, after)
    if error.temporary:
        return NextStep.WAIT, after
    if error.outcome_unknown or error.error_code in (CONNECTOR_EXISTS, CONNECTOR_NOT_FOUND):
        return NextStep.PLAN_AGAIN, after
    if error.error_code == CONNECTOR_REFUSED and state.has_files and not state.check_files:
        # A plan without a listing assumes that the files exist.
        return NextStep.PLAN_AGAIN, dataclasses.replace(after, check_files=True)
    return NextStep.FAIL, after


def adopt_plan(state: ReconcileState, error: RequestError, plan: Plan) -> t.Tuple[NextStep, ReconcileState]:
    """Decide whether to go on with a new plan.

    :param state: as :func:`next_step` returned it.
    :param error: the reason for the new plan.
    :returns: ``PLAN_AGAIN`` to carry out the new plan, or ``FAIL``.
    """
    had, has = connector_write(state.plan), connector_write(plan)
    if has is not None and has == had and error.outcome_unknown and not error.temporary:
        # Hopsworks failed and wrote nothing; the same request would fail the same way. Only of an upload it is still
        # unknown, as the file was not looked for.
        return NextStep.FAIL, dataclasses.replace(state, unsure=state.todo[0].verb == "upload")
    after = dataclasses.replace(
        state,
        plan=plan,
        todo=plan.actions,
        round=state.round + 1,
        # Where nothing is left to write, the write whose answer was lost has been done.
        written=state.written or (state.unsure and has is None),
        notes=state.notes + _written_by_others(state, error, had, has),
    )
    return NextStep.PLAN_AGAIN, after


def connector_write(plan: Plan) -> t.Optional[str]:
    """Return the verb of the plan's write of the connector itself; None if it has none."""
    return next((action.verb for action in plan.actions if action.verb in ("create", "replace", "delete")), None)


def _written_by_others(
    state: ReconcileState, error: RequestError, had: t.Optional[str], has: t.Optional[str]
) -> t.Tuple[str, ...]:
    exists = error.error_code == CONNECTOR_EXISTS and not state.unsure
    if had == "create" and (has == "replace" or exists):
        return ("somebody else created the connector during this run",)
    if had == "replace" and has == "create":
        return ("somebody else deleted the connector during this run",)
    return ()
