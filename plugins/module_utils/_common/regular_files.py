# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read a file whose path may lead to anything: check it after opening, and read no more than a limit."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import typing as t

#: Opening a pipe or a device does not block, and a terminal does not become the controlling one.
OPEN_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class NotRegularError(OSError):
    """A path leads to something that is no file, such as a pipe or a device."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EINVAL, "Not a regular file", path)


@contextlib.contextmanager
def opened(path: str, limit: int) -> t.Iterator[int]:
    """Open a regular file and yield its descriptor.

    :param limit: the largest size that is accepted, in bytes.
    :raises OSError: it cannot be opened, is not a regular file, or is too large.
    """
    descriptor = os.open(path, OPEN_FLAGS)
    try:
        if _size(descriptor, path) > limit:
            raise _too_large(path)
        yield descriptor
    finally:
        os.close(descriptor)


def read(path: str, limit: int, tail: bool = False) -> bytes:
    """Return the content of a regular file. Links are followed.

    :param limit: the largest size that is accepted, in bytes.
    :param tail: return the last ``limit`` bytes of a longer file instead of refusing it.
    :raises OSError: as :func:`opened`.
    """
    descriptor = os.open(path, OPEN_FLAGS)
    try:
        return read_descriptor(descriptor, path, limit, tail)
    finally:
        os.close(descriptor)


def read_descriptor(descriptor: int, path: str, limit: int, tail: bool = False) -> bytes:
    """Return the content of an open file as :func:`read` does. ``path`` is for messages."""
    size = _size(descriptor, path)
    if size > limit and not tail:
        raise _too_large(path)
    if size > limit:
        os.lseek(descriptor, size - limit, os.SEEK_SET)
    # One more byte than allowed: the file may have grown, or its size may be unknown to the system.
    most = limit if tail else limit + 1
    content = b""
    while len(content) < most:
        piece = os.read(descriptor, most - len(content))
        if not piece:
            break
        content += piece
    if len(content) > limit:
        raise _too_large(path)
    return content


def _size(descriptor: int, path: str) -> int:
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularError(path)
    return status.st_size


def _too_large(path: str) -> OSError:
    return OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
