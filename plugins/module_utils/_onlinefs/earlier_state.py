# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Take over the state that an earlier version of this collection kept in the service's home, if it is root's."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.path_walk import O_PATH

from . import files
from .host_error import HostError, os_failure
from .owner_process import process_for
from .state_directory import HOME_STATE

_MAX_DEPTH = 3
_MAX_ENTRIES = 10_000


@contextlib.contextmanager
def earlier_state(path: str) -> t.Iterator[t.Optional[str]]:
    """Open the state that an earlier version of this collection kept in the service's home.

    :param path: the path of that state.
    :returns: a path under which it can be read even if the home's owner renames it; ``None`` if there is no such state.
    :raises HostError: a part of it does not belong to root, so it cannot be trusted.
    """
    descriptor = _open_path(path)
    if descriptor is None:
        yield None
        return
    try:
        _check_is_root(os.fstat(descriptor), path, directory=True)
        pinned = f"/proc/self/fd/{descriptor}"
        _check_tree(pinned, path, 1)
        yield pinned
    except OSError as error:
        raise os_failure(path, error) from error
    finally:
        os.close(descriptor)


def copy_state(source: str, directory: str, names: t.Sequence[str]) -> None:
    """Copy entries of one state into another, durably.

    :raises HostError: they cannot be copied.
    """
    try:
        for name in names:
            there, here = os.path.join(source, name), os.path.join(directory, name)
            unfinished = here + ".new"
            files.clear(unfinished)
            if os.path.isdir(there):
                shutil.copytree(there, unfinished, copy_function=_copy_file)
                files.sync_directory(unfinished)
            else:
                _copy_file(there, unfinished)
            files.clear(here)
            os.rename(unfinished, here)
        files.sync_directory(directory)
    except (OSError, shutil.Error) as error:
        raise HostError(
            directory, f"the state of an earlier run cannot be copied there: {error}", "Free some space there"
        ) from error


def remove_earlier(path: str) -> None:
    """Remove a state that was copied. What cannot be removed remains, and is never read again."""
    with contextlib.suppress(HostError, OSError):
        with earlier_state(path) as pinned:
            for name in os.listdir(pinned) if pinned else ():
                files.clear(os.path.join(str(pinned), name))
        process = process_for(os.path.dirname(path))
        if process is None:
            os.rmdir(path)
        else:
            process.call("remove_empty_directory", path=path)


def _open_path(path: str) -> t.Optional[int]:
    """Open a path with the rights of the owner of its directory, without reading it."""
    process = process_for(os.path.dirname(path))
    if process is not None:
        descriptors = process.call("open_path", path=path).descriptors
        return descriptors[0] if descriptors else None
    try:
        return os.open(path, O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise os_failure(path, error) from error


def _check_tree(directory: str, shown: str, depth: int) -> None:
    for count, entry in enumerate(os.scandir(directory)):
        name = os.path.join(shown, entry.name)
        status = entry.stat(follow_symlinks=False)
        is_directory = stat.S_ISDIR(status.st_mode)
        if count >= _MAX_ENTRIES or depth > _MAX_DEPTH:
            raise _not_trusted(shown, "it contains more than this collection writes")
        _check_is_root(status, name, is_directory)
        if is_directory:
            _check_tree(entry.path, name, depth + 1)


def _check_is_root(status: os.stat_result, path: str, directory: bool) -> None:
    if status.st_uid != 0 or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _not_trusted(path, "users other than root could write to it")
    if directory and not stat.S_ISDIR(status.st_mode):
        raise _not_trusted(path, "it is not a directory")
    if not directory and (not stat.S_ISREG(status.st_mode) or status.st_nlink != 1):
        raise _not_trusted(path, "it is not a regular file")


def _not_trusted(path: str, cause: str) -> HostError:
    return HostError(
        path,
        f"this state of an earlier run cannot be trusted: {cause}. Nothing was changed",
        f"If Ansible created it, give it to root (chown -R root:root). If not, move {HOME_STATE} away",
    )


def _copy_file(source: str, target: str) -> str:
    content = files.read_private(source)
    if content is not None:
        files.write_private(target, content)
    return target
