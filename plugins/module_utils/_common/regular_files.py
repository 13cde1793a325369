# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read a file whose path a user gives: what was opened is checked, so that a pipe or a device holds up nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import typing as t


@contextlib.contextmanager
def opened(path: str, limit: int) -> t.Iterator[int]:
    """Open a regular file and give its descriptor.

    :param limit: the largest size that is accepted, in bytes.
    :raises OSError: it cannot be opened, is not a regular file, or is too large.
    """
    # O_NONBLOCK: a pipe that nobody writes to would block the opening.
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
        # One byte more: the file may have grown, or be one whose size the system does not tell.
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
    return content
