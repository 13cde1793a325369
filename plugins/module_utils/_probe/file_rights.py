# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Give up root to probe with a file that another user can change.

Root may be asked to probe with the properties file of a service. Whoever owns that file, or a directory on the way to
it, decides what it says: which stores to open, which token endpoint to send a secret to. So a probe with such a file
runs with the rights of that user, and cannot read or send anything that the user could not.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import late_imports
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.path_walk import walk
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.user_rights import give_up_root, rights_of

_ROOM = "ansible_collections.hopsworks.kafka.plugins.module_utils._probe"
#: What the probe imports only when it needs it.
_LATE_IMPORTS = (*late_imports.NAMES, *(f"{_ROOM}.{name}" for name in ("groups", "round_trip", "topics")))


def user_to_become(path: str) -> t.Optional[int]:
    """Return the user with whose rights to use a file; ``None`` if this process may keep its own.

    That is the owner of the last directory or link on the way that does not belong to root, or else of the file.

    :raises InputError: the file belongs to a third user, several users can change it or where its path leads, or the
        path cannot be walked.
    """
    if os.geteuid() != 0:
        return None
    subject = f"properties_file {path}"
    try:
        steps = list(walk(os.path.abspath(path)))
    except OSError as error:
        raise InputError(subject, f"cannot be read: {error.strerror}", "Check the path", "unreadable_file") from error
    *way, owner = [0, *(step.status.st_uid for step in steps)]
    user = next((uid for uid in reversed(way) if uid != 0), owner)
    if owner not in (0, user):
        cause = f"it belongs to user {owner}, and the way to it to user {user}: root acts for neither"
        raise InputError(subject, cause, "Give the file and its directory to one user", "not_permitted")
    shared = next((step.path for step in steps if step.others_may_change), "")
    if user == 0 and shared:
        cause = f"users other than root can write to {shared}, so root does not do what the file says"
        raise InputError(subject, cause, f"Remove their write permission: chmod go-w {shared}", "not_permitted")
    return user or None


def become(uid: int) -> None:
    """Give up root for good."""
    give_up_root(rights_of(uid, uid), _LATE_IMPORTS)
