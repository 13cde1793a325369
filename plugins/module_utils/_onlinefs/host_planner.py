# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Plan what to change on a host. Check mode, diff mode, the run and its result all read the same plan."""

from __future__ import annotations

import grp
import pwd
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_text
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
#: Remove a store that nothing refers to any more: the last step, once the new configuration is known to work.
CLEAN = "clean"

#: The certificates of a store that are named.
_MAX_CERTIFICATES = 10


def plan_host(
    desired: FileSet,
    current: FileSet,
    superseded: t.Sequence[str],
    interrupted: bool = False,
    managed: bool = True,
    client_id: str = "",
) -> Plan:
    """Return the actions for a host, in order.

    :param desired: name to file; ``None`` for a file to remove. Files that it does not name stay.
    :param current: the files that are there now.
    :param superseded: stores that nothing will refer to.
    :param interrupted: an earlier run was killed, so the service may run with another configuration than the files
        have.
    :param managed: restart the service if its configuration changes; if not, add a note that it must be restarted.
    :param client_id: the client id that this collection numbers. Every change of a host counts it up, so the new number
        is no difference that somebody made.
    """
    numbered = re.compile(re.escape(client_id) + r"_\d+") if client_id else None
    changes: t.List[Change] = []
    writes: t.List[Action] = []
    removals: t.List[Action] = []
    restart = interrupted
    for name, file in desired.items():
        there = current.get(name)
        if file == there:
            continue
        changes.extend(_differences(name, there, file, numbered))
        restart = restart or _needs_restart(name, there, file)
        (removals if file is None else writes).append(Action(REMOVE if file is None else WRITE, name, file))
    # Stores first, so that the stores which a file names exist before the file does.
    writes.sort(key=lambda action: not onlinefs_versions.STORE_NAME.fullmatch(action.target))
    actions = writes + removals
    notes = []
    if restart and managed:
        actions.append(Action(RESTART, "service"))
    elif restart:
        notes.append("The service must be restarted to read its new configuration")
    for name in superseded:
        actions.append(Action(CLEAN, name))
        changes.append(Change(name, _summary(current.get(name)), None))
    return Plan("host", "updated" if actions else "unchanged", tuple(actions), tuple(changes), tuple(notes))


def differences(files: FileSet, before: FileSet) -> t.List[Change]:
    """Return what differs between two configurations."""
    names = dict.fromkeys([*before, *files])
    return [change for name in names for change in _differences(name, before.get(name), files.get(name), None)]


def restarts(plan: Plan) -> bool:
    """Tell whether a plan restarts the service."""
    return any(action.verb == RESTART for action in plan.actions)


def diffs(plan: Plan, current: FileSet) -> t.List[t.Dict[str, str]]:
    """Return a plan as Ansible's diff mode shows it: one entry per file, with secrets masked."""
    entries = []
    for action in plan.actions:
        if action.verb == RESTART:
            continue
        before, after = current.get(action.target), action.payload
        entries.append(
            {
                "before_header": action.target,
                "after_header": action.target,
                "before": _attributes(before, after) + _text(action.target, before, None),
                "after": _attributes(after, before) + _text(action.target, after, before),
            }
        )
    return entries


def _attributes(file: t.Optional[File], other: t.Optional[File]) -> str:
    """Return owner, group and mode of a file as lines of a diff, if they are to change."""
    if file is None or other is None or file.attributes == other.attributes:
        return ""
    owner, group = _user(file.attributes.uid), _group(file.attributes.gid)
    return f"# owner: {owner}, group: {group}, mode: {file.attributes.mode:04o}\n"


def _needs_restart(name: str, there: t.Optional[File], file: t.Optional[File]) -> bool:
    """Tell whether the service would read something new. A new store alone is not read until a file names it."""
    if there is None or file is None:
        return not onlinefs_versions.STORE_NAME.fullmatch(name)
    if name.endswith(".properties"):
        return parsed(name, there) != parsed(name, file)
    return there.content != file.content


def _differences(
    name: str, there: t.Optional[File], file: t.Optional[File], numbered: t.Optional[t.Pattern[str]]
) -> t.Iterator[Change]:
    if onlinefs_versions.STORE_NAME.fullmatch(name):
        if (there and there.content) != (file and file.content):
            yield Change(name, _summary(there), _summary(file))
    else:
        before, after = parsed(name, there), parsed(name, file)
        for key in {**before, **after}:
            if before.get(key) != after.get(key) and not _counted_up(key, before, after, numbered):
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


def _counted_up(
    key: str, before: t.Mapping[str, str], after: t.Mapping[str, str], numbered: t.Optional[t.Pattern[str]]
) -> bool:
    """Tell whether a property is the client id of this collection, with another number."""
    if key != "client.id" or numbered is None:
        return False
    return all(numbered.fullmatch(values.get(key) or "") for values in (before, after))


def _summary(file: t.Optional[File]) -> t.Optional[str]:
    """Return one line about a file that cannot be shown: the certificates of a store, with their expiry."""
    if file is None:
        return None
    # Imported only here, see declare().
    from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import jks, x509  # noqa: PLC0415

    try:
        read = [x509.read(der) for der in jks.certificates(file.content)[:_MAX_CERTIFICATES]]
    except (InputError, ValueError, IndexError):
        read = []
    told = [f"{each.subject} until {x509.day(each.not_after)}" for each in read]
    return "; ".join([*told, f"{len(file.content)} bytes, SHA-256 {file.sha256[:16]}…"])


def _text(name: str, file: t.Optional[File], before: t.Optional[File]) -> str:
    """Return a file for a diff. A mark, and not the value, shows that a secret has changed."""
    if file is None:
        return ""
    if name == onlinefs_versions.SITE_FILE:
        # The rest of this file is never changed, and may contain passwords.
        return "".join(f"{element}: {public_text(text)}\n" for element, text in parsed(name, file).items())
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
