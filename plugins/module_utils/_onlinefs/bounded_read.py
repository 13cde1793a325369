# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read files of a host; what goes wrong is an error that names the file and the remedy."""

from __future__ import annotations

import contextlib
import errno
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common import regular_files

from .host_error import HostError, NotAFile, os_failure


def read_file(path: str, limit: int, tail: bool = False) -> bytes:
    """Return the content of the regular file at ``path``. Links are followed.

    :param limit: the largest size, in bytes.
    :param tail: return the last ``limit`` bytes of a longer file instead of refusing it.
    :raises HostError: it cannot be read, is not a regular file, or is too long.
    """
    with _faults(path, limit):
        return regular_files.read(path, limit, tail)


def read_descriptor(descriptor: int, path: str, limit: int, tail: bool = False) -> bytes:
    """Return the content of an open file as :func:`read_file` does. ``path`` is for messages."""
    with _faults(path, limit):
        return regular_files.read_descriptor(descriptor, path, limit, tail)


@contextlib.contextmanager
def _faults(path: str, limit: int) -> t.Iterator[None]:
    try:
        yield
    except (IsADirectoryError, regular_files.NotRegularError):
        raise NotAFile(path, "not a regular file", "Move it out of the way") from None
    except OSError as error:
        if error.errno == errno.EFBIG:
            remedy = "Check the path: no file of OnlineFS is that large"
            raise HostError(path, f"larger than {limit} bytes", remedy) from None
        raise os_failure(path, error) from error
