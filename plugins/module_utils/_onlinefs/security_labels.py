# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Find the security label that the policy of a host has for a path."""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t

_SECONDS = 10
_MAX_LABEL = 4096


def default_label(path: str) -> t.Optional[bytes]:
    """Return the SELinux label for a new file at ``path``; ``None`` if the host has no SELinux or no rule for it.

    Only the policy is consulted, and the file is not touched. The label ends with a zero byte, as in the kernel.
    """
    tool = shutil.which("matchpathcon") if os.path.isdir("/sys/fs/selinux") else None
    if tool is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603
            [tool, "-n", "--", path],
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    label = done.stdout.strip()
    if done.returncode != 0 or not label or label.startswith(b"<<") or len(label) > _MAX_LABEL:
        return None
    return label + b"\0"
