# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Walk a path as the kernel does, to see who could redirect it.

No file system that a user has mounted (FUSE) is asked anything. It may never answer, and who waits for it cannot be
killed. Even closing a file there may wait: https://github.com/torvalds/linux/blob/v6.12/fs/fuse/file.c (fuse_flush). A
descriptor that was opened with ``O_PATH`` does not: neither opening nor closing it involves the file system.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import typing as t

O_PATH: int = getattr(os, "O_PATH", 0o10000000)

#: Of an open file, without asking its file system: https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html
_MOUNT = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)
_USER = re.compile(r"(?:^|,)user_id=(\d+)(?:,|$)")

#: The kernel follows no more links in one path (MAXSYMLINKS):
#: https://github.com/torvalds/linux/blob/v6.12/include/linux/namei.h
_MAX_LINKS = 40
_FLAGS = O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class MountedByUser(OSError):
    """A path leads to a file system that a user has mounted.

    :ivar uid: that user.
    """

    def __init__(self, path: str, uid: int) -> None:
        super().__init__(errno.EACCES, f"user {uid} has mounted a file system there", path)
        self.uid = uid


class _Place(t.NamedTuple):
    """A path with all links before its end resolved, and a descriptor of what is there."""

    path: str
    descriptor: int


class PathStep(t.NamedTuple):
    """A directory, link or file on the way.

    :param path: its path, with all links before it resolved.
    :param status: as ``lstat`` returns it.
    """

    path: str
    status: os.stat_result

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def others_may_change(self) -> bool:
        """Whether users other than the owner can write the file, or rename or remove what the directory contains."""
        mode = self.status.st_mode
        if self.is_link or (self.is_directory and mode & stat.S_ISVTX):
            return False
        return bool(mode & _OTHERS_WRITE)


def walk(path: str) -> t.Iterator[PathStep]:
    """Return each step from ``/`` to the end of an absolute path. A link comes before the steps that it leads to.

    :raises MountedByUser: a step lies on a file system that a user has mounted.
    :raises OSError: a step does not exist or cannot be read, or the path has too many links.
    """
    links = 0
    # Directories stay open, so that what is mounted or moved in the meantime makes no difference to them.
    way = [_Place("/", os.open("/", _FLAGS))]
    parts = path.split("/")
    try:
        while parts:
            name = parts.pop(0)
            if name in ("", os.curdir):
                continue
            if name == os.pardir:
                if len(way) > 1:
                    os.close(way.pop().descriptor)
                continue
            place = _Place(os.path.join(way[-1].path, name), os.open(name, _FLAGS, dir_fd=way[-1].descriptor))
            way.append(place)
            step = _step(place)
            yield step
            if not step.is_link:
                continue
            links += 1
            if links == _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = os.readlink("", dir_fd=place.descriptor)
            parts = target.split("/") + parts
            for _place in range(len(way) - 1 if os.path.isabs(target) else 1):
                os.close(way.pop().descriptor)
    finally:
        for place in way:
            os.close(place.descriptor)


def _step(place: _Place) -> PathStep:
    user = mounting_user(place.descriptor)
    if user is not None:
        raise MountedByUser(place.path, user)
    return PathStep(place.path, os.fstat(place.descriptor))


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
