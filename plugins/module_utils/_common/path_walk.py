# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Walk a path as the kernel does, to see who could redirect it.

No file system that a user has mounted is asked anything, see :mod:`user_mounts`.
"""

from __future__ import annotations

import errno
import os
import stat
import typing as t

from .user_mounts import O_PATH, mounting_user

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
