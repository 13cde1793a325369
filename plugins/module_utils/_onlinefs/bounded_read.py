# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read a path that may lead to anything: check what was opened, and read no more than a limit."""

from __future__ import annotations

import os
import stat

from .host_error import HostError, NotAFile, os_failure

#: Opening a pipe or a device does not block, and a terminal does not become the controlling one.
OPEN_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def read_file(path: str, limit: int, tail: bool = False) -> bytes:
    """Return the content of the regular file at ``path``. Links are followed.

    :param limit: the largest size, in bytes.
    :param tail: return the last ``limit`` bytes of a longer file instead of refusing it.
    :raises HostError: it cannot be read, is not a regular file, or is too long.
    """
    try:
        descriptor = os.open(path, OPEN_FLAGS)
    except OSError as error:
        raise os_failure(path, error) from error
    try:
        return read_descriptor(descriptor, path, limit, tail)
    finally:
        os.close(descriptor)


def read_descriptor(descriptor: int, path: str, limit: int, tail: bool = False) -> bytes:
    """Return the content of an open file as :func:`read_file` does. ``path`` is for messages."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise NotAFile(path, "not a regular file", "Move it out of the way")
    if status.st_size > limit and not tail:
        raise _too_long(path, limit)
    try:
        if tail and status.st_size > limit:
            os.lseek(descriptor, status.st_size - limit, os.SEEK_SET)
        content = b""
        # One more byte than allowed: the file may have grown, or its size may be unknown to the system.
        most = limit if tail else limit + 1
        while len(content) < most:
            piece = os.read(descriptor, most - len(content))
            if not piece:
                break
            content += piece
    except OSError as error:
        raise os_failure(path, error) from error
    if len(content) > limit:
        raise _too_long(path, limit)
    return content


def _too_long(path: str, limit: int) -> HostError:
    return HostError(path, f"larger than {limit} bytes", "Check the path: no file of OnlineFS is that large")
