# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""When to try again, and how long to wait before."""

from __future__ import annotations

import dataclasses
import email.utils
import random
import time
import typing as t


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    """How long repeated attempts at one request may go on.

    :param seconds: no attempt starts later than this after the first one.
    :param attempts: at most so many.
    :param first: seconds; the upper bound of the first wait. Each later bound is twice the one before.
    :param longest: seconds; no wait that we choose ourselves is longer.
    """

    seconds: float
    attempts: int = 10
    first: float = 0.25
    longest: float = 5.0

    def wait(self, attempt: int, elapsed: float, retry_after: t.Optional[float] = None) -> t.Optional[float]:
        """Seconds to wait after the failure of an attempt; None where no other is worth it.

        :param attempt: 1 for the first.
        :param elapsed: seconds since the first attempt began.
        :param retry_after: what the server asked for. It is kept to, or given up on, never shortened.
        """
        if attempt >= self.attempts:
            return None
        bound = min(self.longest, self.first * 2 ** (attempt - 1))
        # The whole of the wait is drawn (full jitter), so that many workers do not come back in step.
        wait = random.uniform(0, bound)  # noqa: S311 (nothing secret about it)
        if retry_after is not None:
            wait = retry_after + min(wait, 0.25)
        return wait if elapsed + wait <= self.seconds else None


def retry_after_seconds(header: t.Optional[str], now: t.Optional[float] = None) -> t.Optional[float]:
    """The header ``Retry-After`` in seconds from now: a number, or a date (RFC 9110). None for anything else."""
    if not header:
        return None
    text = header.strip()
    if text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return max(0.0, moment.timestamp() - (time.time() if now is None else now))
