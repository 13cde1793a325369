# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Give up root, so that a process can do no more than the user whose files it works with."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pwd
import typing as t

#: What the environment may keep. The rest may hold secrets of root, such as AWS credentials.
_KEPT_VARIABLES = ("LANG", "LC_ALL", "PATH", "PYTHONPATH", "TZ")


class UserRights(t.NamedTuple):
    """The ids that a process of a user has, and the user's home."""

    uid: int
    gid: int
    groups: t.Sequence[int]
    home: str


def rights_of(uid: int, gid: int) -> UserRights:
    """Return the rights of a user.

    :param gid: the group to use if the system does not know the user, as in a container.
    """
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return UserRights(uid, gid, (), "/")
    return UserRights(uid, user.pw_gid, os.getgrouplist(user.pw_name, user.pw_gid), user.pw_dir)


def close_all_but(descriptor: int) -> None:
    """Close in a child what its parent has open: one that cannot be killed must not keep the parent's lock, say."""
    gc.freeze()  # objects of the parent are never collected, so none closes its descriptor a second time
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/self/fd"):
            if int(name) > 2 and int(name) != descriptor:
                with contextlib.suppress(OSError):
                    os.close(int(name))


def give_up_root(rights: UserRights, imports: t.Iterable[str] = ()) -> None:
    """Take the rights of a user for good, and leave the directory and the environment of root.

    A relative path in a file of that user would lead into the directory, also where the user could not get to it.

    :param imports: modules that the process will import only when it needs them. They are imported first, as the user
        may not be able to read them: Ansible unpacks a module into a directory of root's.
    :raises RuntimeError: the process still has others.
    """
    for name in imports:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for name in set(os.environ) - set(_KEPT_VARIABLES):
        del os.environ[name]
    os.environ["HOME"] = rights.home
    os.chdir("/")
    uid, gid = rights.uid, rights.gid
    os.setgroups(list(rights.groups))
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if uid == 0 or os.getresuid() != (uid, uid, uid) or os.getresgid() != (gid, gid, gid):
        raise RuntimeError("root was not given up")
