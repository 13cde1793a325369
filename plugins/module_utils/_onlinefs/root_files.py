# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Handle files in a directory of another user as root, by descriptors that a child with that user's rights has opened.

The descriptors can do nothing by themselves (``O_PATH``). What they belong to is checked before it is opened again.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.path_walk import O_PATH, mounting_user

from . import files
from .bounded_read import read_descriptor
from .files import LABEL, Attributes, File, max_size
from .host_error import HostError, NotAFile, os_failure
from .security_labels import default_label

_PROTECTED_LINKS = "/proc/sys/fs/protected_hardlinks"


def complete(path: str, uid: int, descriptor: int, desired: Attributes, new_at: str) -> None:
    """Give a file that the child has written what its user cannot give it: a security label, and any group.

    :param path: for messages.
    :param uid: the user.
    :param new_at: where the file will be, if there was none; else empty.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != uid or status.st_nlink != 1:
        raise HostError(path, "another process changed it in the meantime", "Run the task again")
    label = dict(desired.xattrs).get(LABEL)
    if label is None and new_at:
        label = default_label(new_at)
    if label is None and status.st_gid == desired.gid:
        return
    with _reopened(descriptor, os.O_RDONLY) as opened:
        if label is not None:
            files.set_xattr(opened, LABEL, label)
        if status.st_gid != desired.gid:
            os.fchown(opened, -1, desired.gid)
        os.fsync(opened)


def write(path: str, uid: int, descriptors: t.Sequence[int], staged: str, file: File) -> None:
    """Write a file that does not belong to the user, for example one that an installer created as root.

    The file gets its name last, so that the user cannot open it before it has its owner.

    :param path: for messages.
    :param uid: the user.
    :param descriptors: a new file without a name, and the directory for it.
    """
    descriptor, directory = descriptors
    status, place = os.fstat(descriptor), os.fstat(directory)
    unnamed = stat.S_ISREG(status.st_mode) and status.st_nlink == 0 and status.st_uid == uid
    if not unnamed or not stat.S_ISDIR(place.st_mode) or place.st_uid != uid:
        cause = f"user {uid} is not the owner of its directory, so root writes no file there"
        raise HostError(path, cause, "Replace the link with the file itself")
    with _reopened(descriptor, os.O_RDWR) as opened:
        files.set_attributes(opened, file.attributes)
        files.write_all(opened, file.content)
        os.fsync(opened)
        os.link(f"/proc/self/fd/{opened}", staged, dst_dir_fd=directory, follow_symlinks=True)
    with _reopened(directory, os.O_RDONLY) as opened:
        os.fsync(opened)


def read(path: str, uid: int, directory: int, name: str) -> t.Optional[File]:
    """Read a file that the user may not read, if it is a regular file of root in a directory of that user.

    Root may have left it there. In a directory of root's, where a link of the user may lead, there are secrets.

    :param path: for messages.
    :param uid: the user.
    :param directory: the directory that contains the file.
    :param name: the name of the file in it.
    """
    if name != os.path.basename(name) or name in ("", os.curdir, os.pardir):
        raise HostError(path, "not the name of a file")
    try:
        descriptor = os.open(name, O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise os_failure(path, error) from error
    try:
        if mounting_user(descriptor) is not None:
            raise NotAFile(path, "a file system that a user has mounted", "Unmount it")
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotAFile(path, "not a regular file", "Move it out of the way")
        of_root = status.st_uid == 0 and status.st_nlink == 1 and _links_are_protected()
        if not of_root or os.fstat(directory).st_uid != uid:
            raise HostError(
                path,
                f"user {uid} can replace it, but cannot read it",
                f"If it is a file of the service, give it to that user: chown {uid} {shlex.quote(path)}",
            )
        with _reopened(descriptor, os.O_RDONLY) as opened:
            return File(read_descriptor(opened, path, max_size(path)), Attributes.of(opened))
    except OSError as error:
        raise os_failure(path, error) from error
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _reopened(descriptor: int, flags: int) -> t.Iterator[int]:
    opened = os.open(f"/proc/self/fd/{descriptor}", flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        yield opened
    finally:
        os.close(opened)


def _links_are_protected() -> bool:
    """Tell whether users cannot create hard links to files of others.

    See protected_hardlinks in https://github.com/torvalds/linux/blob/v6.12/Documentation/admin-guide/sysctl/fs.rst
    """
    try:
        with open(_PROTECTED_LINKS, "rb") as stream:
            return stream.read(8).strip() == b"1"
    except OSError:
        return False
