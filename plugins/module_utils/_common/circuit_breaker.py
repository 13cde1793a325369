# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Stop a task on many projects as soon as nothing further can succeed."""

from __future__ import annotations


class CircuitBreaker:
    """Tell when nothing further can succeed: a failure applies to every project, or the server is gone.

    One project without an answer says nothing about the next one. Many in a row do. Each of them fails only after all
    its retries, so ten thousand of them would take hours.

    :ivar reason: why nothing further can succeed; empty as long as it can.
    """

    def __init__(self, workers: int) -> None:
        self._limit = 2 * workers + 4
        self._unreachable_in_a_row = 0
        self.reason = ""

    def note_success(self) -> None:
        """Note that a project was done."""
        self._unreachable_in_a_row = 0

    def note_failure(self, message: str, unreachable: bool, cluster_wide: bool) -> None:
        """Note that a project failed.

        :param message: becomes the reason if this failure is the last one needed.
        :param unreachable: the server did not answer, or was too busy to answer.
        :param cluster_wide: the failure holds for every project.
        """
        self._unreachable_in_a_row = self._unreachable_in_a_row + 1 if unreachable else 0
        if not self.reason and (cluster_wide or self._unreachable_in_a_row >= self._limit):
            self.reason = message
