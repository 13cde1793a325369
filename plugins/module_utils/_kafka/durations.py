# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read durations as ``java.time.Duration`` does."""

from __future__ import annotations

import re

_DURATION = re.compile(
    r"([-+]?)P(?:([-+]?[0-9]+)D)?(T(?:([-+]?[0-9]+)H)?(?:([-+]?[0-9]+)M)?(?:([-+]?[0-9]+)(?:[.,]([0-9]{0,9}))?S)?)?",
    re.IGNORECASE,
)
_SECONDS = {2: 86400, 4: 3600, 5: 60, 6: 1}


def is_duration(text: str) -> bool:
    """Tell whether ``java.time.Duration`` reads a text, and it is not negative."""
    match = _DURATION.fullmatch(text)
    if not match or not any(match.group(number) for number in _SECONDS) or (match.group(3) or "").upper() == "T":
        return False
    total = sum(int(match.group(number) or 0) * seconds for number, seconds in _SECONDS.items())
    return (-total if match.group(1) == "-" else total) >= 0
