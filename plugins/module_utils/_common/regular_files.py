# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read a file whose path a user gives. It is checked after opening, so that a pipe or a device cannot block."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import typing as t


@contextlib.contextmanager
def opened(path: str, limit: int) -> t.Iterator[int]:
    """Open a regular file and yield its descriptor.

    :param limit: the largest size that is accepted, in bytes.
    :raises OSError: it cannot be opened, is not a regular file, or is too large.
    """
    # O_NONBLOCK: opening a pipe without a writer would block.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", path)
        if status.st_size > limit:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
        yield descriptor
    finally:
        os.close(descriptor)


def read(path: str, limit: int) -> bytes:
    """Return the content of a regular file.

    :param limit: the largest size that is accepted, in bytes.
    :raises OSError: as :func:`opened`.
    """
    with opened(path, limit) as descriptor, open(descriptor, "rb", closefd=False) as stream:
        # One more byte: the file may have grown, or its size may be unknown to the system.
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
    return content
