# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The plan of one host, from what it is to have and what it has. Check mode, diff, run and results all read it."""

from __future__ import annotations

import grp
import pwd
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Change, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import properties
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.sensitive import public_value, secret_property

from . import onlinefs_versions
from .desired_files import parsed
from .files import File
from .generations import FileSet

WRITE = "write"
REMOVE = "remove"
RESTART = "restart"
#: Removal of what nothing refers to any more; done last, once the new configuration is proved.
CLEAN = "clean"


def plan_host(
    wanted: FileSet, found: FileSet, superseded: t.Sequence[str], interrupted: bool = False, managed: bool = True
) -> Plan:
    """What is to be done on a host, in order.

    :param wanted: name to file, ``None`` for one that is to go. What it does not name stays.
    :param found: what is there now.
    :param superseded: stores that nothing will refer to.
    :param interrupted: an earlier run was killed and may have left the service on another configuration than the files
        say.
    """
    changes: t.List[Change] = []
    writes: t.List[Action] = []
    removals: t.List[Action] = []
    effective = interrupted
    for name, file in wanted.items():
        there = found.get(name)
        if file == there:
            continue
        differences = list(_differences(name, there, file))
        changes.extend(differences)
        effective = effective or _effective(name, there, file)
        (removals if file is None else writes).append(Action(REMOVE if file is None else WRITE, name, file))
    # Stores go first and the files that name them after: whoever reads a file finds the stores that it names.
    writes.sort(key=lambda action: not onlinefs_versions.STORE_NAME.fullmatch(action.target))
    actions = writes + removals
    notes = []
    if effective and managed:
        actions.append(Action(RESTART, "service"))
    elif effective:
        notes.append("The service must be restarted to read its new configuration")
    for name in superseded:
        actions.append(Action(CLEAN, name))
        changes.append(Change(name, _summary(found.get(name)), None))
    return Plan("host", "updated" if actions else "unchanged", tuple(actions), tuple(changes), tuple(notes))


def restarts(plan: Plan) -> bool:
    """Whether the plan has the service restarted."""
    return any(action.verb == RESTART for action in plan.actions)


def diffs(plan: Plan, found: FileSet) -> t.List[t.Dict[str, str]]:
    """The plan as Ansible's diff mode shows it: one entry a file, secrets masked."""
    entries = []
    for action in plan.actions:
        if action.verb == RESTART:
            continue
        before, after = found.get(action.target), action.payload
        entries.append(
            {
                "before_header": action.target,
                "after_header": action.target,
                "before": _text(action.target, before, None),
                "after": _text(action.target, after, before),
            }
        )
    return entries


def _effective(name: str, there: t.Optional[File], file: t.Optional[File]) -> bool:
    """Whether the service reads something else than before. A store that is new is not: the file that names it is."""
    if there is None or file is None:
        return not onlinefs_versions.STORE_NAME.fullmatch(name)
    if name.endswith(".properties"):
        return parsed(name, there) != parsed(name, file)
    return there.content != file.content


def _differences(name: str, there: t.Optional[File], file: t.Optional[File]) -> t.Iterator[Change]:
    if onlinefs_versions.STORE_NAME.fullmatch(name):
        if (there and there.content) != (file and file.content):
            yield Change(name, _summary(there), _summary(file))
    else:
        before, after = parsed(name, there), parsed(name, file)
        for key in {**before, **after}:
            if before.get(key) != after.get(key):
                yield Change(f"{name}: {key}", before.get(key), after.get(key), secret_property(key))
        if before == after and (there and there.content) != (file and file.content):
            yield Change(name, _summary(there), _summary(file))
    if there is not None and file is not None:
        for what, old, new in (
            ("owner", _user(there.attributes.uid), _user(file.attributes.uid)),
            ("group", _group(there.attributes.gid), _group(file.attributes.gid)),
            ("mode", f"{there.attributes.mode:04o}", f"{file.attributes.mode:04o}"),
        ):
            if old != new:
                yield Change(f"{name}: {what}", old, new)


def _summary(file: t.Optional[File]) -> t.Optional[str]:
    return None if file is None else f"{len(file.content)} bytes, SHA-256 {file.sha256[:16]}…"


def _text(name: str, file: t.Optional[File], before: t.Optional[File]) -> str:
    """A file for a diff. A secret that changed is told from one that did not by a mark, not by its value."""
    if file is None:
        return ""
    if name == onlinefs_versions.SITE_FILE:
        # The rest of this file is not changed, and may hold passwords.
        return "".join(f"{element}: {text}\n" for element, text in parsed(name, file).items())
    if not name.endswith(".properties"):
        return f"{_summary(file)}\n"
    old = parsed(name, before)
    shown = {}
    for key, value in parsed(name, file).items():
        changed = before is not None and old.get(key) not in (None, value)
        visible = public_value(key, value)
        shown[key] = f"{visible} (changed)" if changed and visible == public_value(key, old[key]) else visible
    return properties.render(shown)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
