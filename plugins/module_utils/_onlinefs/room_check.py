# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check, before anything is written, that there is room for it, and that it is permitted."""

from __future__ import annotations

import os

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Plan

from . import host_planner
from .generations import FileSet
from .host_error import HostError
from .live_files import ConfigFiles, LiveFiles, Room

#: Free space that a file system must keep in addition to what is written.
_SPARE_BYTES = 1024 * 1024


def check_writable(files: ConfigFiles, state: str, plan: Plan, found: FileSet, kept: bool) -> None:
    """Check that the files of a plan can be written.

    :param state: the directory for the state of the host.
    :param found: the files that the plan was made from.
    :param kept: the plan restores kept files, with the owners that they had.
    :raises HostError: the file system is read-only or full, a permission is missing, or an owner is not possible.
    """
    writes = {a.target: a.payload for a in plan.actions if a.verb == host_planner.WRITE and a.payload is not None}
    needed = sum(len(file.content) for file in writes.values())
    names = [action.target for action in plan.actions if action.verb != host_planner.RESTART]
    rooms = files.room(names)
    while not os.path.isdir(state):
        state = os.path.dirname(state)
    for room in [*rooms, *LiveFiles(state).room(())]:
        _check_room(room, 4 * needed + _SPARE_BYTES)
    for name, file in writes.items():
        there = found.get(name)
        owners = (file.attributes.uid, file.attributes.gid)
        if not kept and (there is None or owners != (there.attributes.uid, there.attributes.gid)):
            files.may_own(name, file.attributes)


def _check_room(room: Room, needed: int) -> None:
    if room.read_only:
        raise HostError(
            room.path,
            "the file system is read-only",
            "Remount it for writing; the kernel log shows why it became read-only",
        )
    if not room.writable:
        raise HostError(
            room.path, "no permission to write to it", "Run the task as its owner or as root (become: true)"
        )
    if room.free is None or room.free < needed:
        raise HostError(
            room.path,
            f"{room.free or 0} bytes are free, and {needed} are needed",
            "Free some space, then run the task again",
        )
