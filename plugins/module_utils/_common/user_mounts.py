# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Recognize a file system that a user has mounted (FUSE), without asking it anything.

Such a file system may never answer, and who waits for it cannot be killed. Even closing a file there may wait:
https://github.com/torvalds/linux/blob/v6.12/fs/fuse/file.c (fuse_flush). A descriptor that was opened with ``O_PATH``
does not: neither opening nor closing it involves the file system.
"""

from __future__ import annotations

import errno
import os
import re
import typing as t

O_PATH: int = getattr(os, "O_PATH", 0o10000000)

#: Of an open file, without asking its file system: https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html
_MOUNT = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)
_USER = re.compile(r"(?:^|,)user_id=(\d+)(?:,|$)")


def mounting_user(descriptor: int) -> t.Optional[int]:
    """Return the user who has mounted the file system of an open file; ``None`` if root has, or the system.

    :param descriptor: opened with ``O_PATH``.
    :raises OSError: not known, as it is not mounted any more.
    """
    mount = _mount_id(descriptor)
    if mount is None:
        return None
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        lines = [line.split() for line in file]
    found = next((line for line in lines if line[0] == mount), None)
    if found is None:
        # In a changed root, the mount of the root directory may be out of sight.
        if mount == _mount_of_root():
            return None
        raise OSError(errno.ESTALE, "its file system was unmounted in the meantime")
    kind, _source, options = found[found.index("-") + 1 :][:3]
    user = _USER.search(options) if kind.startswith("fuse") else None
    return (int(user[1]) or None) if user else None


def _mount_of_root() -> t.Optional[str]:
    root = os.open("/", O_PATH | os.O_CLOEXEC)
    try:
        return _mount_id(root)
    finally:
        os.close(root)


def _mount_id(descriptor: int) -> t.Optional[str]:
    """Return the id of a file's mount; ``None`` if the system does not show it, as without /proc."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as file:
            found = _MOUNT.search(file.read())
    except FileNotFoundError:
        return None
    return found[1] if found else None
