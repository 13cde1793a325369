# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The task of ``hopsworks_variable``: the planner of the cluster's variables, and its execution."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import secret_name
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Change, Plan

from . import variables as api
from .request_errors import RequestError
from .session import Session

VISIBILITIES = ("ADMIN", "USER", "NOTAUTHENTICATED")

#: How often variables are read and planned anew before they are given up.
MAX_ROUNDS = 5


@dataclasses.dataclass(frozen=True)
class DesiredVariable:
    """A declared variable.

    :param visibility: None to keep what it has; a new one is then for administrators.
    """

    name: str
    value: str = dataclasses.field(repr=False)
    visibility: t.Optional[str] = None


def declared(given: t.Any) -> t.List[DesiredVariable]:
    """The option ``variables``: a dictionary of names and values, or a list of ``{name, value, visibility}``.

    True and False become ``true`` and ``false``, as the server writes them.

    :raises InputError: another shape, a name given twice, an unknown visibility.
    """
    if isinstance(given, dict):
        given = [{"name": name, "value": value} for name, value in given.items()]
    if not isinstance(given, (list, tuple)) or not given:
        raise InputError("option variables", "it is neither a dictionary nor a list, or empty", "Give {name: value}")
    wanted = [_declared(item) for item in given]
    names = [variable.name for variable in wanted]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError("option variables", f"{', '.join(twice)} is given twice", "Give each variable once")
    return wanted


def _declared(item: t.Any) -> DesiredVariable:
    if not isinstance(item, dict) or not str(item.get("name") or "").strip() or "value" not in item:
        raise InputError("option variables", "an item has no name or no value", "Give name and value")
    name, value, visibility = str(item["name"]), item["value"], item.get("visibility")
    unknown = sorted(str(key) for key in item if key not in ("name", "value", "visibility"))
    if unknown:
        raise InputError(f"variable {name}", f"it has no {unknown[0]}", "It takes name, value, visibility")
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif not isinstance(value, (str, int, float)):
        raise InputError(f"variable {name}", "its value is neither text, number, true nor false", "Give a text")
    if visibility is not None and visibility not in VISIBILITIES:
        raise InputError(f"variable {name}", f"there is no visibility {visibility}", f"Use {', '.join(VISIBILITIES)}")
    return DesiredVariable(name, str(value), visibility)


def plan_variables(wanted: t.Sequence[DesiredVariable], found: t.Mapping[str, api.Variable]) -> Plan:
    """Which variables are to be written. Pure.

    :param found: the server's, by name. One that exists keeps its visibility unless another is declared.
    """
    actions: t.List[Action] = []
    changes: t.List[Change] = []
    for variable in wanted:
        had = found.get(variable.name)
        differs = list(_differences(variable, had))
        if differs:
            before = had or {}
            body = {
                "name": variable.name,
                "value": variable.value,
                "visibility": variable.visibility or before.get("visibility") or "ADMIN",
                "hide": bool(before.get("hide")),
            }
            actions.append(Action("write", variable.name, body))
            changes += differs
    return Plan("cluster", "updated" if actions else "unchanged", tuple(actions), tuple(changes))


def _differences(wanted: DesiredVariable, found: t.Optional[api.Variable]) -> t.Iterator[Change]:
    name = wanted.name
    if found is None:
        yield Change(name, None, wanted.value, secret=secret_name(name))
        return
    # "hide" is the server's own mark for values that are not to be shown.
    secret = bool(found.get("hide")) or secret_name(name)
    if str(found.get("value")) != wanted.value:
        yield Change(name, found.get("value"), wanted.value, secret=secret)
    if wanted.visibility is not None and wanted.visibility != found.get("visibility"):
        yield Change(f"{name}, visibility", found.get("visibility"), wanted.visibility)


def set_variables(
    session: Session, wanted: t.Sequence[DesiredVariable], check_mode: bool, written: t.List[str]
) -> Plan:
    """Makes the variables as declared: one request to read, one for each that differs.

    After an answer that was lost, what is there is read before anything is sent again.

    :param written: filled with names as they are written, for a task that fails midway.
    :returns: the plan; what was done, or in check mode would be.
    :raises RequestError: the server refused, or could not be reached.
    """
    begun = plan = plan_variables(wanted, api.read(session))
    for attempt in range(1, MAX_ROUNDS + 1):
        try:
            for action in () if check_mode else plan.actions:
                api.write(session, action.payload)
                written.append(action.target)
            return begun
        except RequestError as error:
            if attempt == MAX_ROUNDS or not error.temporary or not session.pause(attempt, error):
                raise
            plan = plan_variables(wanted, api.read(session))
            still = {action.target for action in plan.actions}
            written += [
                each.target for each in begun.actions if each.target not in still and each.target not in written
            ]
    return begun
