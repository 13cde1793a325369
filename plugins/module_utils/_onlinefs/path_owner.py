# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Find out who decides where a path leads.

Root must not follow a path that another user can redirect. :func:`path_owner` returns the user who could, and what is
done there is done with that user's rights.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.path_walk import MountedByUser, PathStep, walk

from .host_error import HostError, os_failure


def path_owner(path: str) -> t.Optional[int]:
    """Return the id of the user with whose rights to work on ``path``; ``None`` if only root can change where it leads.

    That is the owner of the last directory on the way that does not belong to root. A link is followed only if nobody
    but root could have placed it: behind any other link, the user who placed it decides, and on a file system that a
    user has mounted, that user. A part that does not exist ends the walk.

    :raises HostError: the path cannot be walked, or several users can write to a directory on the way.
    """
    owner: t.Optional[int] = None
    open_directory = ""
    try:
        for step in _steps(path):
            uid = step.status.st_uid
            if step.is_link:
                if owner is not None or uid != 0:
                    return uid if owner is None else owner
            elif not step.is_directory:
                break
            elif uid != 0:
                owner = uid
            elif step.others_may_change:
                open_directory = open_directory or step.path
    except MountedByUser as mounted:
        return mounted.uid if owner is None else owner
    if owner is None and open_directory:
        raise HostError(
            open_directory,
            f"users other than root can replace what it contains, so {path} cannot be trusted",
            f"Remove the write permission of group and others: chmod go-w {open_directory}",
        )
    return owner


def check_private(path: str) -> None:
    """Check that nobody but root can change a directory or the way to it. Parts at its end may be missing.

    :raises HostError: a part of the path belongs to another user, or others may write to it.
    """
    try:
        for step in _steps(path):
            if step.status.st_uid != 0:
                raise _not_private(path, f"{step.path} belongs to user {step.status.st_uid}")
            if step.is_link:
                continue
            if not step.is_directory:
                raise HostError(step.path, "not a directory", "Move it out of the way, or choose another state_dir")
            if step.others_may_change:
                raise _not_private(path, f"users other than root may write to {step.path}")
    except MountedByUser as mounted:
        raise _not_private(path, f"user {mounted.uid} has mounted a file system there") from mounted


def _steps(path: str) -> t.Iterator[PathStep]:
    """Return the steps of a path up to one that does not exist."""
    try:
        yield from walk(path)
    except FileNotFoundError:
        return
    except MountedByUser:
        raise
    except OSError as error:
        raise os_failure(path, error) from error


def _not_private(path: str, cause: str) -> HostError:
    return HostError(
        path,
        f"not a safe place for the state of root: {cause}",
        "Choose a state_dir in which every directory up to / belongs to root, or leave the option out",
    )
