# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read the status of a child process that has ended or was killed, so that the system can forget it."""

from __future__ import annotations

import os
import time

#: How long to wait for the end of a child that has closed its streams or was killed.
_REAP_SECONDS = 2.0
_REAP_POLL_SECONDS = 0.002


def reap(pid: int) -> int:
    """Return the status of a child that has ended or was killed, as ``os.waitpid`` does; 0 if it is not known.

    Do not wait for long: a process that waits for a FUSE file system, which any user can mount, cannot be killed
    (https://github.com/torvalds/linux/blob/v6.12/fs/fuse/dev.c, request_wait_answer).
    """
    end = time.monotonic() + _REAP_SECONDS
    while True:
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # SIGCHLD is ignored in this process
            return 0
        if ended or time.monotonic() > end:
            return status
        time.sleep(_REAP_POLL_SECONDS)
