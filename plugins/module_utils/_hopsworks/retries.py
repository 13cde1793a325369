# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Decide when to retry a request, and how long to wait before."""

from __future__ import annotations

import dataclasses
import email.utils
import random
import time
import typing as t

#: More digits than any number of seconds or bytes has.
_MAX_DIGITS = 18


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    """The limits of repeated attempts at one request.

    :param seconds: no attempt starts later than this after the first one.
    :param attempts: the largest number of attempts.
    :param first: the upper bound of the first wait, in seconds. Each later bound is twice the one before.
    :param longest: the longest wait in seconds, unless the server asks for more.
    """

    seconds: float
    attempts: int = 10
    first: float = 0.25
    longest: float = 5.0

    def wait(self, attempt: int, elapsed: float, retry_after: t.Optional[float] = None) -> t.Optional[float]:
        """Return the seconds to wait after the failure of an attempt; None if there should not be another.

        :param attempt: 1 for the first.
        :param elapsed: seconds since the first attempt began.
        :param retry_after: seconds that the server asked for. They are waited in full, or not at all.
        """
        if attempt >= self.attempts:
            return None
        bound = min(self.longest, self.first * 2 ** (attempt - 1))
        # Full jitter, so that many workers do not retry at the same moment.
        wait = random.uniform(0, bound)  # noqa: S311 (not for cryptography)
        if retry_after is not None:
            wait = retry_after + min(wait, 0.25)
        return wait if elapsed + wait <= self.seconds else None


def ascii_number(text: t.Optional[str]) -> t.Optional[int]:
    """Return a number of ASCII digits, as headers have it; None for anything else."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None


def retry_after_seconds(header: t.Optional[str], now: t.Optional[float] = None) -> t.Optional[float]:
    """Return the header ``Retry-After`` in seconds from now: a number, or a date (RFC 9110). None for anything else."""
    if not header:
        return None
    number = ascii_number(header)
    if number is not None:
        return float(number)
    try:
        moment = email.utils.parsedate_to_datetime(header.strip()).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError, OSError):  # an invalid date
        return None
    return max(0.0, moment - (time.time() if now is None else now))
