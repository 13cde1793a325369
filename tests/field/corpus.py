# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs: cases/*.cases, each a list of files with one kind.

name      of the input, unique
source    "field" for reference situations that were collected for this project, "fuzzing", or the address of a public
          report; the words and values here are our own
client    that is to read the file: consumer, producer or admin; several with commas
file      its text; one character is one byte. Without `whole`, it is put under a line with bootstrap.servers.
          {dir} is the folder of stores.py, {token} an OAuth token endpoint
told      where our verdict differs from that of one of Java's releases: a pattern that our text must contain
"""

from __future__ import annotations

import pathlib
import typing as t

import yaml

_FOLDER = pathlib.Path(__file__).parent
_FIRST = "bootstrap.servers=localhost:9092\n"
_KEYS = {"name", "source", "client", "file", "told", "whole"}


class Case(t.NamedTuple):
    """One input, for one client."""

    name: str
    kind: str
    source: str
    client: str
    text: str
    told: str

    def file(self, folder: pathlib.Path, token_url: str) -> bytes:
        """The bytes of the file."""
        return self.text.replace("{dir}", str(folder)).replace("{token}", token_url).encode("iso-8859-1")


class Listed(t.NamedTuple):
    """A disagreement that is right."""

    case: str
    release: str
    reason: str


def cases() -> list[Case]:
    """All inputs, by their names."""
    found = [case for path in sorted(_FOLDER.glob("cases/*.cases")) for case in _read(path)]
    names = [case.name for case in found]
    repeated = {name for name in names if names.count(name) > 1}
    assert not repeated, f"names are not unique: {sorted(repeated)}"
    return found


def listed() -> list[Listed]:
    """The reviewed list."""
    entries = yaml.safe_load((_FOLDER / "listed.yml").read_text()) or []
    return [Listed(entry["case"], entry["release"], entry["reason"]) for entry in entries]


def _read(path: pathlib.Path) -> t.Iterator[Case]:
    content = yaml.safe_load(path.read_text())
    for entry in content["cases"]:
        assert set(entry) <= _KEYS, f"{path.name}: unknown keys in {entry}"
        text = entry["file"] if entry.get("whole") else _FIRST + entry["file"]
        clients = [client.strip() for client in entry["client"].split(",")]
        for client in clients:
            name = entry["name"] if len(clients) == 1 else f"{entry['name']} ({client})"
            source = entry.get("source", content.get("source"))
            assert source, f"{path.name}: {name} has no source"
            yield Case(name, content["kind"], source, client, text, entry.get("told", ""))
