# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Errors of a host, with a remedy."""

from __future__ import annotations

import errno
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError

_CAUSES: t.Mapping[int, t.Tuple[str, str]] = {
    errno.EACCES: ("permission denied", "Run the task as the owner of the files or as root (become: true)"),
    errno.EPERM: ("permission denied", "Run the task as the owner of the files or as root (become: true)"),
    errno.EROFS: (
        "the file system is read-only",
        "Remount it for writing; the kernel log shows why it became read-only",
    ),
    errno.ENOSPC: ("no space left on the file system", "Free some space there, then run the task again"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space there, then run the task again"),
    errno.ENOENT: ("no such file or directory", "Check the path"),
    errno.ENOTDIR: ("a part of the path is not a directory", "Check the path"),
    errno.EISDIR: ("a directory, not a file", "Move it out of the way"),
    errno.ENXIO: ("not a regular file", "Move it out of the way"),
    errno.ELOOP: ("the symbolic links of the path form a circle", "Check the links"),
}


class HostError(HopsworksKafkaError):
    """The host does not allow the work, or a step failed."""


class NotAFile(HostError):
    """The path leads to a directory, a pipe, a device or a dangling link."""


#: The errors of opening a socket, a circle of links, and a directory.
_NO_FILES = frozenset((errno.ENXIO, errno.ELOOP, errno.EISDIR))


def os_failure(subject: str, error: OSError) -> HostError:
    """Return an error of the operating system with its remedy. It contains file names, and never content."""
    cause, remedy = _CAUSES.get(error.errno or 0, (error.strerror or type(error).__name__, ""))
    return (NotAFile if error.errno in _NO_FILES else HostError)(subject, cause, remedy)
