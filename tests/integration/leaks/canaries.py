# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that are nowhere else, and a search for them in every spelling."""

from __future__ import annotations

import base64
import json
import secrets
import urllib.parse


class Canaries:
    """Random secrets, each for one place. Only this object knows them, so a mask cannot know them by their text."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}

    def new(self, place: str, shape: str = "{}") -> str:
        """Return a secret for a place.

        :param shape: what stands around the random part; the search is for the random part.
        """
        core = f"cn{secrets.token_hex(9)}"
        self._texts.setdefault(place, []).append(core)
        return shape.format(core)

    def add(self, place: str, text: str) -> None:
        """Note each line of a private key as a secret."""
        self._texts.setdefault(place, []).extend(line for line in text.splitlines() if line and "-----" not in line)

    def found(self, text: str) -> set[str]:
        """Return the places whose secrets stand in a text: as they are, escaped, URL-encoded, in Base64 or in hex."""
        standard = text.replace("-_", "+/")
        return {
            place
            for place, texts in self._texts.items()
            if any(spelling in text or spelling in standard for each in texts for spelling in _invariants(each))
        }


def _invariants(core: str) -> list[str]:
    """Return what is in every spelling of a text of letters and digits. JSON and URLs leave it as it is."""
    raw = core.encode()
    coded = [base64.b64encode(b"\0" * lead + raw).decode().rstrip("=")[(0, 2, 3)[lead] : -1] for lead in range(3)]
    return [core, raw.hex(), *coded]


def spellings(secret: str) -> list[str]:
    """Return a secret as other programs would quote it."""
    return [
        secret,
        json.dumps(secret),
        urllib.parse.quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"user:{secret}".encode()).decode(),
    ]
