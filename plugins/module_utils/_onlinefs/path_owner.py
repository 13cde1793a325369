# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Who decides where a path leads.

Root must not follow a path that another user can redirect. :func:`path_owner` walks a path from ``/`` on, one component
at a time, and names the user who could: what is done there is done with that user's rights.
"""

from __future__ import annotations

import errno
import os
import stat
import typing as t

from .host_error import HostError, os_failure

#: As many links as the kernel follows in one path (MAXSYMLINKS in include/linux/namei.h).
_MAX_LINKS = 40
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def path_owner(path: str) -> t.Optional[int]:
    """Return the id of the user whose rights are right for ``path``, or ``None`` where only root can change its way.

    That user is the owner of the last directory on the way that is not root's. A link is followed only as long as
    nobody but root could have placed it: behind any other link the user who placed it decides.

    A part that does not exist ends the walk.

    :raises HostError: the path cannot be walked, or a directory on the way is open to users who cannot be told apart.
    """
    owner: t.Optional[int] = None
    open_directory = ""
    left = _MAX_LINKS
    here, parts = "/", _components(path)
    while parts:
        name = parts.pop(0)
        if name == os.pardir:
            here = os.path.dirname(here)
            continue
        below = os.path.join(here, name)
        try:
            status = os.lstat(below)
            if stat.S_ISLNK(status.st_mode):
                if owner is not None or status.st_uid != 0:
                    return status.st_uid if owner is None else owner
                left -= 1
                if not left:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                target = os.readlink(below)
                parts = _components(target) + parts
                here = "/" if os.path.isabs(target) else here
                continue
        except FileNotFoundError:
            break
        except OSError as error:
            raise os_failure(path, error) from error
        if not stat.S_ISDIR(status.st_mode):
            break
        here = below
        if status.st_uid != 0:
            owner = status.st_uid
        elif _others_may_replace(status):
            open_directory = open_directory or below
    if owner is None and open_directory:
        raise HostError(
            open_directory,
            f"users other than root can replace what it holds, so {path} cannot be trusted",
            f"Remove the write permission of group and others: chmod go-w {open_directory}",
        )
    return owner


def check_private(path: str) -> None:
    """Check that nobody but root can change a directory or the way to it. Missing parts at its end are fine.

    :raises HostError: a component belongs to another user, or others may write to it.
    """
    left = _MAX_LINKS
    here, parts = "/", _components(path)
    while parts:
        name = parts.pop(0)
        if name == os.pardir:
            here = os.path.dirname(here)
            continue
        below = os.path.join(here, name)
        try:
            status = os.lstat(below)
            link = os.readlink(below) if stat.S_ISLNK(status.st_mode) else None
        except FileNotFoundError:
            return
        except OSError as error:
            raise os_failure(path, error) from error
        if status.st_uid != 0:
            raise _not_private(path, f"{below} belongs to user {status.st_uid}")
        if link is not None:
            left -= 1
            if not left:
                raise os_failure(path, OSError(errno.ELOOP, os.strerror(errno.ELOOP)))
            parts = _components(link) + parts
            here = "/" if os.path.isabs(link) else here
            continue
        if not stat.S_ISDIR(status.st_mode):
            raise HostError(below, "not a directory", "Move it out of the way, or choose another state_dir")
        if _others_may_replace(status):
            raise _not_private(path, f"users other than root may write to {below}")
        here = below


def _not_private(path: str, cause: str) -> HostError:
    return HostError(
        path,
        f"not a place for state that root trusts: {cause}",
        "Choose a state_dir that belongs to root up to /, or leave the option out",
    )


def _others_may_replace(status: os.stat_result) -> bool:
    """Whether users other than the owner can rename or remove what the directory holds."""
    return bool(status.st_mode & _OTHERS_WRITE) and not status.st_mode & stat.S_ISVTX


def _components(path: str) -> t.List[str]:
    return [part for part in path.split("/") if part not in ("", os.curdir)]
