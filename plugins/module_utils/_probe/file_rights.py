# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Give up root where a file that another user can change says what to do.

Root may be asked to probe with the properties file of a service. What stands in it is decided by whoever owns it or a
directory on the way to it: which stores to open, which token endpoint to send a secret to. So a probe with such a file
runs with the rights of that user, and cannot read, send or wait for anything that the user could not.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import pwd
import stat
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

#: As many links as the kernel follows in one path (MAXSYMLINKS in include/linux/namei.h).
_MAX_LINKS = 40
#: What the environment may keep. The rest may hold secrets of root, such as AWS credentials.
_KEPT = ("LANG", "LC_ALL", "PATH", "PYTHONPATH", "TZ")
#: Modules that are otherwise imported when they are needed. The user may not be able to read them.
_NEEDED_LATER = (
    "encodings.idna",
    "tempfile",
    "ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.token_requests",
    "ansible_collections.hopsworks.kafka.plugins.module_utils._keystores.cryptography_dep",
    "ansible_collections.hopsworks.kafka.plugins.module_utils._probe.groups",
    "ansible_collections.hopsworks.kafka.plugins.module_utils._probe.round_trip",
    "ansible_collections.hopsworks.kafka.plugins.module_utils._probe.topics",
)


def user_to_become(path: str) -> t.Optional[int]:
    """Return the user whose rights are enough for a file and for what it says; None if this process may act itself.

    That is the owner of the last directory or link on the way that is not root's, or else the owner of the file.

    :raises InputError: the file belongs to yet another user, or its path cannot be walked.
    """
    if os.geteuid() != 0:
        return None
    subject = f"properties_file {path}"
    try:
        *way, owner = _owners(os.path.abspath(path))
    except OSError as error:
        raise InputError(subject, f"cannot be read: {error.strerror}", "Check the path", "unreadable_file") from error
    user = next((uid for uid in reversed(way) if uid != 0), owner)
    if owner not in (0, user):
        cause = f"it belongs to user {owner}, and the way to it to user {user}: root acts for neither"
        raise InputError(subject, cause, "Give the file and its directory to one user", "not_permitted")
    return user or None


def become(uid: int) -> None:
    """Give up root for good. What is imported later must have been imported before, so that is done first."""
    for name in _NEEDED_LATER:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    try:
        user = pwd.getpwuid(uid)
        gid, groups, home = user.pw_gid, os.getgrouplist(user.pw_name, user.pw_gid), user.pw_dir
    except KeyError:  # an id without a name, as in a container
        gid, groups, home = uid, [], "/"
    for name in set(os.environ) - set(_KEPT):
        del os.environ[name]
    os.environ["HOME"] = home
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if uid == 0 or os.getresuid() != (uid, uid, uid) or os.getresgid() != (gid, gid, gid):
        raise RuntimeError("root was not given up")


def _owners(path: str) -> t.List[int]:
    """Return the owners of each directory and link on the way to a file, and of the file."""
    owners: t.List[int] = []
    left = _MAX_LINKS
    here, parts = "/", path.split("/")
    while parts:
        name = parts.pop(0)
        if name in ("", os.curdir):
            continue
        if name == os.pardir:
            here = os.path.dirname(here)
            continue
        below = os.path.join(here, name)
        status = os.lstat(below)
        owners.append(status.st_uid)
        if stat.S_ISLNK(status.st_mode):
            left -= 1
            if not left:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            target = os.readlink(below)
            parts = target.split("/") + parts
            here = "/" if os.path.isabs(target) else here
        else:
            here = below
    return owners
