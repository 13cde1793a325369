# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What is written down about a generation. What is read back is checked in every part: root acts on it."""

from __future__ import annotations

import dataclasses
import re
import time
import typing as t

from . import onlinefs_versions
from .files import Attributes, File

MANIFEST = "manifest.json"

_ORIGINS = ("found", "applied", "reverted")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_FACT = re.compile(r"[a-z][a-z_]{0,63}")
_MAX_FILES = 1000
MAX_ROLLOUTS = 100
#: The name of a rollout. It begins with a letter or contains a sign, so that it is never a generation's number.
ROLLOUT = re.compile(r"(?![0-9]+\Z)[A-Za-z0-9][A-Za-z0-9._:+@-]{0,99}")
_MAX_FACTS = 32
_MAX_TEXT = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Generation:
    """A configuration of the host.

    :param number: counts up from 0.
    :param origin: ``found``, ``applied`` or ``reverted``.
    :param created: UTC, ``2026-01-31T12:00:00Z``.
    :param proved: when the service was seen to work with it; ``None`` where it was not, or was not checked.
    :param cluster_id: the Kafka cluster's own id, where a check read it.
    :param facts: what else the run wrote down: service version, bootstrap servers.
    :param rollouts: the names of the rollouts that wrote it or found it live, the oldest first.
    :param hashes: name of each file to the SHA-256 of its content; ``None`` where there was no such file.
    """

    number: int
    origin: str
    created: str
    proved: t.Optional[str]
    cluster_id: t.Optional[str]
    facts: t.Mapping[str, t.Any]
    hashes: t.Mapping[str, t.Optional[str]]
    rollouts: t.Tuple[str, ...] = ()

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return it for results: no content, no secret."""
        return {
            **self.facts,
            "number": self.number,
            "origin": self.origin,
            "created": self.created,
            "proved": self.proved,
            "cluster_id": self.cluster_id,
            "rollouts": list(self.rollouts),
            "files": sorted(name for name, sha256 in self.hashes.items() if sha256 is not None),
        }


@dataclasses.dataclass(frozen=True)
class FileEntry:
    """A file of a generation."""

    sha256: str
    attributes: Attributes


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A generation with the attributes of its files."""

    generation: Generation
    files: t.Mapping[str, t.Optional[FileEntry]]

    @classmethod
    def new(
        cls, number: int, origin: str, facts: t.Mapping[str, t.Any], kept: t.Mapping[str, t.Optional[File]]
    ) -> Manifest:
        """Describe files that are to be kept."""
        entries = {
            name: None if file is None else FileEntry(file.sha256, file.attributes) for name, file in kept.items()
        }
        # A file of the service's user may contain any text, and a manifest that cannot be read blocks the host.
        known = {key: value if _short_text(value) else None for key, value in facts.items()}
        return cls(Generation(number, origin, _now(), None, None, known, _hashes(entries)), entries)

    @classmethod
    def from_json(cls, number: int, data: t.Mapping[str, t.Any]) -> Manifest:
        """Read what :meth:`as_json` returned.

        :raises ValueError: it cannot have come from there.
        """
        if data.get("number") != number:
            raise ValueError("it has the number of another generation")
        if data.get("origin") not in _ORIGINS:
            raise ValueError("it does not say where the configuration comes from")
        if not isinstance(data.get("created"), str) or not _TIME.fullmatch(data["created"]):
            raise ValueError("it does not say when it was made")
        proved = data.get("proved")
        if proved is not None and not (isinstance(proved, str) and _TIME.fullmatch(proved)):
            raise ValueError("it does not say when it was proved")
        if not _short_text(data.get("cluster_id")):
            raise ValueError("the cluster id is not text")
        facts = data.get("facts")
        if not isinstance(facts, dict) or len(facts) > _MAX_FACTS:
            raise ValueError("its facts cannot be read")
        if not all(_FACT.fullmatch(key) and _short_text(value) for key, value in facts.items()):
            raise ValueError("its facts cannot be read")
        rollouts = data.get("rollouts", [])
        if not isinstance(rollouts, list) or len(rollouts) > MAX_ROLLOUTS:
            raise ValueError("its rollouts cannot be read")
        if not all(isinstance(name, str) and ROLLOUT.fullmatch(name) for name in rollouts):
            raise ValueError("its rollouts cannot be read")
        entries = _entries(data.get("files"))
        generation = Generation(
            number,
            data["origin"],
            data["created"],
            proved,
            data.get("cluster_id"),
            facts,
            _hashes(entries),
            tuple(rollouts),
        )
        return cls(generation, entries)

    def as_json(self) -> t.Dict[str, t.Any]:
        """Return it for the file."""
        generation = self.generation
        return {
            "number": generation.number,
            "origin": generation.origin,
            "created": generation.created,
            "proved": generation.proved,
            "cluster_id": generation.cluster_id,
            "facts": dict(generation.facts),
            "rollouts": list(generation.rollouts),
            "files": {
                name: None if entry is None else {"sha256": entry.sha256, **entry.attributes.as_json()}
                for name, entry in self.files.items()
            },
        }

    def proved(self, cluster_id: t.Optional[str]) -> Manifest:
        """Return it with the time of a proof."""
        proved = self.on_cluster(cluster_id)
        return dataclasses.replace(proved, generation=dataclasses.replace(proved.generation, proved=_now()))

    def on_cluster(self, cluster_id: t.Optional[str]) -> Manifest:
        """Return it with the id of the cluster that the service reads from."""
        return dataclasses.replace(self, generation=dataclasses.replace(self.generation, cluster_id=cluster_id))

    def in_rollout(self, name: str) -> Manifest:
        """Return it with the name of a rollout. The oldest names go if there are too many."""
        rollouts = (*(each for each in self.generation.rollouts if each != name), name)[-MAX_ROLLOUTS:]
        return dataclasses.replace(self, generation=dataclasses.replace(self.generation, rollouts=rollouts))


def is_kept_name(name: str) -> bool:
    """Return whether a generation may hold a file of this name."""
    return name in onlinefs_versions.KNOWN_FILES or bool(onlinefs_versions.STORE_NAME.fullmatch(name))


def _entries(data: t.Any) -> t.Dict[str, t.Optional[FileEntry]]:
    if not isinstance(data, dict) or len(data) > _MAX_FILES:
        raise ValueError("its list of files cannot be read")
    entries: t.Dict[str, t.Optional[FileEntry]] = {}
    for name, entry in data.items():
        if not is_kept_name(name):
            raise ValueError("it names a file that does not belong to OnlineFS")
        if entry is None:
            entries[name] = None
            continue
        if not isinstance(entry, dict):
            raise ValueError(f"what it says about {name} cannot be read")
        sha256 = entry.get("sha256")
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            raise ValueError(f"it has no hash of {name}")
        try:
            entries[name] = FileEntry(sha256, Attributes.from_json(entry))
        except ValueError as error:
            raise ValueError(f"{name} has {error}") from None
    return entries


def _hashes(entries: t.Mapping[str, t.Optional[FileEntry]]) -> t.Dict[str, t.Optional[str]]:
    return {name: None if entry is None else entry.sha256 for name, entry in entries.items()}


def _short_text(value: t.Any) -> bool:
    """Tell whether a value is a text that can be shown, or nothing."""
    return value is None or (
        isinstance(value, str) and len(value) <= _MAX_TEXT and not any("\ud800" <= char <= "\udfff" for char in value)
    )


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
