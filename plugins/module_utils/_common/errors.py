# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Define the errors that a user sees. Each names its subject, the cause and the remedy.

Code below ``main()`` raises these; only ``main()`` turns one into ``fail_json``. No text in them may hold a secret.
"""

from __future__ import annotations

from .masking import public_subject


class HopsworksKafkaError(Exception):
    """A failure that an operator can act on.

    :param subject: for example ``project fraud``, ``truststore /etc/kafka/ca.pem``, ``option project_query``.
    :param cause: what is wrong, in a few words, without a full stop.
    :param remedy: what to do about it, in a few words, without a full stop. Empty if there is nothing to advise.
    :param reason: a code for programs, such as the ``reason`` in the results of ``kafka_probe``.
    """

    def __init__(self, subject: str, cause: str, remedy: str = "", reason: str = "") -> None:
        subject = public_subject(subject)
        super().__init__(subject, cause, remedy)
        self.subject = subject
        self.cause = cause
        self.remedy = remedy
        self.reason = reason

    def __str__(self) -> str:
        text = f"{self.subject}: {self.cause}." if self.subject else f"{self.cause}."
        return f"{text} {self.remedy}." if self.remedy else text


class InputError(HopsworksKafkaError):
    """The input of the user is wrong. Raised before anything is written."""


class MissingLibraryError(HopsworksKafkaError):
    """A Python library that this task needs is not installed where it runs."""

    def __init__(self, library: str, purpose: str, error: BaseException | None = None) -> None:
        super().__init__(
            f"Python library {library}",
            f"not installed where this task runs, but needed {purpose}",
            f"Install it for the interpreter that runs the task: pip install {library}",
            "library_missing",
        )
        self.library = library
        self.error = error
