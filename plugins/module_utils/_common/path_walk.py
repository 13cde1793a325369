# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Walk a path as the kernel does, to see who could redirect it."""

from __future__ import annotations

import errno
import os
import stat
import typing as t

#: The kernel follows no more links in one path (MAXSYMLINKS):
#: https://github.com/torvalds/linux/blob/v6.12/include/linux/namei.h
_MAX_LINKS = 40
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Step(t.NamedTuple):
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


def walk(path: str) -> t.Iterator[Step]:
    """Return each step from ``/`` to the end of an absolute path. A link comes before the steps that it leads to.

    :raises OSError: a step does not exist or cannot be read, or the path has too many links.
    """
    links = 0
    here, parts = "/", path.split("/")
    while parts:
        name = parts.pop(0)
        if name in ("", os.curdir):
            continue
        if name == os.pardir:
            here = os.path.dirname(here)
            continue
        step = Step(os.path.join(here, name), os.lstat(os.path.join(here, name)))
        yield step
        if not step.is_link:
            here = step.path
            continue
        links += 1
        if links == _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = os.readlink(step.path)
        parts = target.split("/") + parts
        here = "/" if os.path.isabs(target) else here
