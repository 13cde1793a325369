# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The task of ``hopsworks_variable``: the planner of the cluster's variables, and its execution."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError, InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_label
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask, Options
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Change, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.public_variables import secret_variable

from . import variables as api
from .arguments import hopsworks_arguments
from .request_errors import RequestError, to_result
from .session import Session, connection

VISIBILITIES = ("ADMIN", "USER", "NOTAUTHENTICATED")

#: The number of times that variables are read and planned before the task fails.
MAX_ROUNDS = 5

#: Values that are never secret, whatever the variable's name.
_BOOLEANS = ("true", "false")


@dataclasses.dataclass(frozen=True)
class DesiredVariable:
    """A declared variable.

    :param visibility: None to keep the current one; a new variable is then for administrators.
    """

    name: str
    value: str = dataclasses.field(repr=False)
    visibility: t.Optional[str] = None


def declared(given: t.Any) -> t.List[DesiredVariable]:
    """Return the option ``variables``: a dictionary of names and values, or a list of ``{name, value, visibility}``.

    True and False become ``true`` and ``false``, as the server writes them.

    :raises InputError: another shape, a name given twice, an unknown visibility.
    """
    if isinstance(given, dict):
        given = [{"name": name, "value": value} for name, value in given.items()]
    if not isinstance(given, (list, tuple)) or not given:
        raise InputError("option variables", "it must be a dictionary or a list, and not empty", "Give {name: value}")
    desired = [_declared(item) for item in given]
    twice = sorted(name for name, count in collections.Counter(each.name for each in desired).items() if count > 1)
    if twice:
        raise InputError("option variables", f"{', '.join(twice)} is given twice", "Give each variable once")
    return desired


def _declared(item: t.Any) -> DesiredVariable:
    if not isinstance(item, dict) or not str(item.get("name") or "").strip() or "value" not in item:
        raise InputError("option variables", "an item has no name or no value", "Give name and value")
    name, value, visibility = str(item["name"]), item["value"], item.get("visibility")
    unknown = sorted(str(key) for key in item if key not in ("name", "value", "visibility"))
    if unknown:
        raise InputError(
            f"variable {name}", f"unknown key '{public_label(unknown[0])}'", "Give name, value and visibility only"
        )
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif not isinstance(value, (str, int, float)):
        raise InputError(f"variable {name}", "its value is neither text, number, true nor false", "Give a text")
    if visibility is not None and visibility not in VISIBILITIES:
        remedy = f"Give one of {', '.join(VISIBILITIES)}"
        raise InputError(f"variable {name}", f"unknown visibility '{public_label(str(visibility))}'", remedy)
    return DesiredVariable(name, str(value), visibility)


def plan_variables(desired: t.Sequence[DesiredVariable], current: t.Mapping[str, api.Variable]) -> Plan:
    """Plan which variables are written. Pure.

    :param current: the server's, by name. One that exists keeps its visibility unless another is declared.
    """
    actions: t.List[Action] = []
    changes: t.List[Change] = []
    for variable in desired:
        before = current.get(variable.name)
        differences = list(_differences(variable, before))
        if differences:
            kept = before.visibility if before else None
            after = api.Variable(
                variable.name, variable.value, variable.visibility or kept or "ADMIN", bool(before and before.hide)
            )
            actions.append(Action("write", variable.name, after))
            changes += differences
    return Plan("cluster", "updated" if actions else "unchanged", tuple(actions), tuple(changes))


def _differences(desired: DesiredVariable, current: t.Optional[api.Variable]) -> t.Iterator[Change]:
    name = desired.name
    value = current.value if current else None
    if current is None or value != desired.value:
        yield Change(name, value, desired.value, secret=_secret(name, value, desired.value, current))
    if current and desired.visibility is not None and desired.visibility != current.visibility:
        yield Change(f"{name}, visibility", current.visibility, desired.visibility)


def _secret(name: str, before: t.Optional[str], after: str, current: t.Optional[api.Variable]) -> bool:
    if current and current.hide:
        return True
    return secret_variable(name) and not (after in _BOOLEANS and (before is None or before in _BOOLEANS))


def set_variables(
    session: Session, desired: t.Sequence[DesiredVariable], check_mode: bool, written: t.List[str]
) -> Plan:
    """Set the variables as declared: one request to read them, and one for each that differs.

    If an answer is lost, the variables are read again before anything is sent.

    :param written: receives the names that are written, for a task that fails midway.
    :returns: the plan; what was done, or in check mode would be.
    :raises RequestError: the server rejected a request, or could not be reached.
    """
    first = plan = plan_variables(desired, api.read(session))
    failing_since: t.Optional[float] = None
    for attempt in range(1, MAX_ROUNDS + 1):
        try:
            for action in () if check_mode else plan.actions:
                api.write(session, action.payload)
                written.append(action.target)
            return first
        except RequestError as error:
            failing_since = session.started if failing_since is None else failing_since
            if attempt == MAX_ROUNDS or not error.temporary or not session.pause(attempt, error, failing_since):
                raise
            plan = plan_variables(desired, api.read(session))
            still = {action.target for action in plan.actions}
            written += [
                each.target for each in first.actions if each.target not in still and each.target not in written
            ]
    return first


def run(options: Options, check_mode: bool, diff: bool) -> t.Dict[str, t.Any]:
    """Carry out the task, from its options to what it returns; ``failed`` if anything went wrong."""
    written: t.List[str] = []
    try:
        desired = declared(options["variables"])
        plan = set_variables(Session(connection(options)), desired, check_mode, written)
    except HopsworksKafkaError as error:
        return {
            "changed": bool(written), "failed": True, "msg": str(error), "error": to_result(error), "written": written
        }  # fmt: skip
    changes = [change.to_result() for change in plan.changes]
    result: t.Dict[str, t.Any] = {
        "changed": plan.changed,
        "failed": False,
        "msg": _message(plan, len(desired), check_mode),
        "changes": changes,
        "written": written,
    }
    if diff:
        result["diff"] = {side: _side(changes, side) for side in ("before", "after")}
    return result


def _message(plan: Plan, count: int, check_mode: bool) -> str:
    if not plan.actions:
        return "All variables are as declared"
    names = ", ".join(public_label(action.target) for action in plan.actions)
    return f"{len(plan.actions)} of {count} variables {'would change' if check_mode else 'changed'}: {names}"


def _side(changes: t.Sequence[t.Mapping[str, t.Any]], side: str) -> str:
    """Return one side of the diff, as lines ``name: value``."""
    return "".join(f"{change['what']}: {change[side]}\n" for change in changes if change[side] is not None)


def variables_spec() -> t.Dict[str, t.Any]:
    """Return the options of ``hopsworks_variable``."""
    return {"argument_spec": {**hopsworks_arguments(), "variables": {"type": "raw", "required": True}}}


TASK = ModuleTask("hopsworks_variable", variables_spec, lambda options, mode: run(options, mode.check_mode, mode.diff))
