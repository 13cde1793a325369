# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""How secrets are kept out of everything that is shown: one mask, one way to clean a text.

Which values of a Kafka declaration are secret is decided in ``_kafka.sensitive``; here they are only hidden.
"""

from __future__ import annotations

import re
import typing as t

#: Shown wherever a secret would stand. A diff tells that a secret changed, never what it is.
MASK = "********"

#: Ansible blanks out a registered secret wherever its text occurs. A short one also occurs in ordinary words ("kafka"
#: in "kafka_connector"), and results would come out garbled. No secret is put into a result in the first place, so
#: shorter ones are not registered.
MIN_MASKED_LENGTH = 8

_MIN_INSIDE_WORDS = 4
_SECRET_NAME = re.compile(
    r"(password|passwd|passphrase|secret|token|credentials?|api\.?key|jaas\.config|auth\.user\.info|keystore\.key)$",
    re.I,
)
#: A secret in somebody else's text: what follows a name that tells of one.
_LABELLED = re.compile(
    r"((?:password|passwd|secret|token|api[._-]?key)[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;\"']+)", re.IGNORECASE
)


def secret_name(name: str) -> bool:
    """Tell whether a value of this name is taken for a secret because of the name alone."""
    return bool(_SECRET_NAME.search(name))


def clean(text: str, secrets: t.Collection[str]) -> str:
    """Return ``text`` of another program without secrets: those given, and what follows a name that tells of one."""
    return _LABELLED.sub(rf"\1{MASK}", hide(text, secrets))


def hide(text: str, secrets: t.Collection[str]) -> str:
    """Return ``text`` with each of the secrets given replaced by the mask, the longest first.

    One of less than four characters is replaced only where it stands as a word of its own: "u" is no secret in "but".
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _MIN_INSIDE_WORDS:
            text = text.replace(secret, MASK)
        elif secret:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)
    return text
