# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The planner of the cluster's variables. Pure but for :func:`change`."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import variables as api
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.pool import Pool
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.plan import Action, Change, Plan

VISIBILITIES = ("ADMIN", "USER", "NOTAUTHENTICATED")

Variable = t.Mapping[str, t.Any]


def declared(given: t.Any) -> t.List[t.Dict[str, t.Any]]:
    """The option ``variables`` as ``[{name, value, visibility}]``, from a dictionary or such a list.

    True and False become ``true`` and ``false``, as the server writes them. ``visibility`` is ``None`` where not given.

    :raises InputError: another shape, a name given twice, an unknown visibility.
    """
    if isinstance(given, dict):
        items: t.List[t.Any] = [{"name": name, "value": value} for name, value in given.items()]
    else:
        items = list(given) if isinstance(given, (list, tuple)) else [given]
    variables = [_declared(item) for item in items]
    names = [variable["name"] for variable in variables]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError("option variables", f"given more than once: {', '.join(twice)}", "Give each once")
    return variables


def _declared(item: t.Any) -> t.Dict[str, t.Any]:
    if not isinstance(item, dict) or not item.get("name") or "value" not in item:
        raise InputError("option variables", "an item has no name or no value", "Give name: value pairs")
    unknown = sorted(set(map(str, item)) - {"name", "value", "visibility"})
    if unknown:
        raise InputError(f"variable {item['name']}", f"it has no {', '.join(unknown)}", "Give name, value, visibility")
    value = item["value"]
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, (dict, list)) or value is None:
        raise InputError(f"variable {item['name']}", "its value is neither text, number, true nor false", "Give a text")
    visibility = item.get("visibility")
    if visibility is not None and visibility not in VISIBILITIES:
        raise InputError(
            f"variable {item['name']}", f"visibility {visibility} is not known", f"Use one of {', '.join(VISIBILITIES)}"
        )
    return {"name": str(item["name"]), "value": str(value), "visibility": visibility}


def plan_variables(wanted: t.Sequence[Variable], found: t.Mapping[str, Variable]) -> Plan:
    """Which variables are to be written; the visibility of one that exists is kept unless another is declared."""
    actions: t.List[Action] = []
    changes: t.List[Change] = []
    for variable in wanted:
        name = variable["name"]
        before = found.get(name)
        had = dict(before or {})
        visibility = variable["visibility"] or had.get("visibility") or "ADMIN"
        # The server hides the value of one that is marked so; its own value is then not to be shown either.
        hidden = bool(had.get("hide"))
        differs = []
        if before is None or str(had.get("value")) != variable["value"]:
            differs.append(Change(name, had.get("value"), variable["value"], secret=hidden))
        if before is not None and visibility != had.get("visibility"):
            differs.append(Change(f"{name}, visibility", had.get("visibility"), visibility))
        if differs:
            body = {"name": name, "value": variable["value"], "visibility": visibility, "hide": hidden}
            actions.append(Action("write", name, body))
            changes += differs
    return Plan("cluster", "updated" if actions else "unchanged", tuple(actions), tuple(changes))


def change(session: Pool, wanted: t.Sequence[Variable], check_mode: bool, written: t.List[str]) -> Plan:
    """One request to read, one for each variable that differs. ``written`` is filled as it goes, for a run that fails."""
    plan = plan_variables(wanted, api.read(session))
    for action in () if check_mode else plan.actions:
        api.write(session, action.payload)
        written.append(action.target)
    return plan
