# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The configurations that a host has had, kept so that it can go back to any of them, and the journal of a run under
way.

A generation is a directory ``<state_dir>/<number>/`` (mode 0700) with the files' content (0600) and a manifest: for
each
name the hash, owner, mode and extended attributes, or that there was no such file. Generation 0 is what was there
before
the first run; the last ones are kept, and 0 always. A generation appears whole, by a rename.

The journal exists while live files, service and generation may disagree. A run that finds one finishes that work.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import shutil
import stat
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import files
from .files import Attributes, File
from .host_error import HostError, os_failure

MANIFEST = "manifest.json"
JOURNAL = "journal.json"
LOCK = "lock"

#: Found on the host, not written by this collection: generation 0, and what somebody else changed since.
FOUND = "found"
#: Written from the declaration.
APPLIED = "applied"
#: Written to go back to another generation.
REVERTED = "reverted"

_LOCK_POLL_SECONDS = 0.2

FileSet = t.Mapping[str, t.Optional[File]]


@dataclasses.dataclass(frozen=True)
class Generation:
    """What a manifest says.

    :param number: counts up from 0.
    :param origin: :data:`FOUND`, :data:`APPLIED` or :data:`REVERTED`.
    :param created: UTC, ``2026-01-31T12:00:00Z``.
    :param proved: when the service was seen to work with it; ``None`` where it was not, or not looked at.
    :param cluster_id: the Kafka cluster's own id, where a proof read it.
    :param facts: what else the run wrote down: service version, bootstrap servers.
    :param hashes: name of each file to the SHA-256 of its content; ``None`` where there was no such file.
    """

    number: int
    origin: str
    created: str
    proved: t.Optional[str]
    cluster_id: t.Optional[str]
    facts: t.Mapping[str, t.Any]
    hashes: t.Mapping[str, t.Optional[str]]

    def to_result(self) -> t.Dict[str, t.Any]:
        """For results: no content, no secret."""
        return {
            "number": self.number,
            "origin": self.origin,
            "created": self.created,
            "proved": self.proved,
            "cluster_id": self.cluster_id,
            "files": sorted(name for name, sha256 in self.hashes.items() if sha256 is not None),
            **self.facts,
        }


@dataclasses.dataclass(frozen=True)
class Journal:
    """A run under way: from which generation to which, and whether the service may have to be restarted."""

    base: int
    target: int
    restart: bool


class Generations:
    """The store of one host's configurations, in a directory of its own.

    :param directory: made on the first write, mode 0700. It may be any path that no other program writes to.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory

    @contextlib.contextmanager
    def locked(self, seconds: float) -> t.Iterator[None]:
        """Keep other runs on this host out.

        :raises HostError: another run holds the lock for longer than ``seconds``.
        """
        self._make_directory()
        try:
            descriptor = os.open(os.path.join(self.directory, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise os_failure(self.directory, error) from error
        try:
            deadline = time.monotonic() + seconds
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        cause = f"another run on this host has not ended within {seconds:.0f} s"
                        raise HostError(
                            self.directory, cause, "Wait for it, or end it, then run the task again"
                        ) from None
                    time.sleep(_LOCK_POLL_SECONDS)
            yield
        finally:
            os.close(descriptor)

    def all(self) -> t.List[Generation]:
        """Every generation, the oldest first."""
        try:
            numbers = sorted(int(name) for name in os.listdir(self.directory) if name.isdigit())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise os_failure(self.directory, error) from error
        return [self._manifest(number) for number in numbers]

    def files(self, number: int) -> t.Dict[str, t.Optional[File]]:
        """A generation's files: content, owner, mode.

        :raises InputError: there is no such generation.
        :raises HostError: a file is damaged: it is not what was kept.
        """
        data = self._read_manifest(number)
        kept: t.Dict[str, t.Optional[File]] = {}
        for name, entry in data["files"].items():
            if entry is None:
                kept[name] = None
                continue
            path = os.path.join(self._path(number), name)
            file = files.read(path)
            if file is None or file.sha256 != entry["sha256"]:
                raise HostError(path, "damaged: its content is not what was kept", "Choose another generation")
            kept[name] = File(file.content, Attributes.from_json(entry))
        return kept

    def next_number(self) -> int:
        """The number for the next configuration; that of a run which was killed is used again."""
        journal = self.journal()
        if journal is not None:
            return journal.target
        return max((generation.number for generation in self.all()), default=-1) + 1

    def add(self, number: int, kept: FileSet, origin: str, facts: t.Mapping[str, t.Any]) -> None:
        """Keep a configuration; on return it is on the disk. One that a killed run left under this number is replaced.

        :param kept: name to file, or ``None`` where there is none.
        :raises HostError: it cannot be written.
        """
        self._make_directory()
        self.drop(number)
        whole = self._path(number)
        unfinished = whole + ".new"
        try:
            shutil.rmtree(unfinished, ignore_errors=True)
            os.mkdir(unfinished, 0o700)
            entries: t.Dict[str, t.Any] = {}
            for name, file in kept.items():
                entries[name] = None
                if file is not None:
                    files.write_private(os.path.join(unfinished, name), file.content)
                    entries[name] = {"sha256": file.sha256, **file.attributes.as_json()}
            manifest = {
                "number": number,
                "origin": origin,
                "created": _now(),
                "proved": None,
                "cluster_id": None,
                "facts": dict(facts),
                "files": entries,
            }
            _write_json(os.path.join(unfinished, MANIFEST), manifest)
            os.rename(unfinished, whole)
            files.sync_directory(self.directory)
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise os_failure(whole, error) from error
        except HostError:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise

    def mark_proved(self, number: int, cluster_id: t.Optional[str]) -> None:
        """Write down that the service was seen to work with a generation."""
        data = {**self._read_manifest(number), "proved": _now(), "cluster_id": cluster_id}
        _write_json(os.path.join(self._path(number), MANIFEST), data)

    def prune(self, keep: int) -> None:
        """Remove all but generation 0 and the last ``keep``."""
        numbers = [generation.number for generation in self.all()]
        for number in numbers[:-keep]:
            if number != 0:
                self.drop(number)

    def drop(self, number: int) -> None:
        """Remove one generation, if it is there. It goes whole, by a rename, and is emptied after."""
        gone = self._path(number) + ".old"
        try:
            shutil.rmtree(gone, ignore_errors=True)
            os.rename(self._path(number), gone)
            shutil.rmtree(gone)
        except FileNotFoundError:
            return
        except OSError as error:
            raise os_failure(self._path(number), error) from error

    def journal(self) -> t.Optional[Journal]:
        """The run that was under way when it was killed, if any."""
        file = files.read(os.path.join(self.directory, JOURNAL))
        if file is None:
            return None
        data = _parse_json(os.path.join(self.directory, JOURNAL), file.content)
        return Journal(data["base"], data["target"], data["restart"])

    def begin(self, journal: Journal) -> None:
        """Write the journal: from here on a killed run is finished by the next one."""
        _write_json(os.path.join(self.directory, JOURNAL), dataclasses.asdict(journal))

    def end(self) -> None:
        """Remove the journal: live files, service and generation agree."""
        files.remove(os.path.join(self.directory, JOURNAL))

    def _path(self, number: int) -> str:
        return os.path.join(self.directory, str(number))

    def _make_directory(self) -> None:
        try:
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            status = os.stat(self.directory)
        except OSError as error:
            raise os_failure(self.directory, error) from error
        if status.st_uid != os.geteuid() and os.geteuid() != 0:
            raise HostError(
                self.directory, "belongs to another user", "Run the task as that user or as root (become: true)"
            )
        if stat.S_IMODE(status.st_mode) & 0o077:
            os.chmod(self.directory, 0o700)

    def _manifest(self, number: int) -> Generation:
        data = self._read_manifest(number)
        hashes = {name: entry and entry["sha256"] for name, entry in data["files"].items()}
        return Generation(
            number, data["origin"], data["created"], data["proved"], data["cluster_id"], data["facts"], hashes
        )

    def _read_manifest(self, number: int) -> t.Dict[str, t.Any]:
        path = os.path.join(self._path(number), MANIFEST)
        file = files.read(path)
        if file is None:
            known = ", ".join(str(g.number) for g in self.all()) if os.path.isdir(self.directory) else ""
            raise InputError(
                f"generation {number}", "not kept on this host", f"Choose one of: {known or 'none is kept'}"
            )
        return _parse_json(path, file.content)


def same(left: FileSet, right: FileSet) -> bool:
    """Whether two configurations are the same, byte for byte, with the same owners and modes."""
    return all(left.get(name) == right.get(name) for name in {*left, *right})


def _write_json(path: str, data: t.Mapping[str, t.Any]) -> None:
    files.write_private(path, json.dumps(data, indent=1, sort_keys=True).encode("utf-8"))


def _parse_json(path: str, content: bytes) -> t.Dict[str, t.Any]:
    try:
        data = json.loads(content)
    except ValueError as error:
        raise HostError(path, "damaged: not JSON", "Move it away, then run the task again") from error
    if not isinstance(data, dict):
        raise HostError(path, "damaged: not a JSON object", "Move it away, then run the task again")
    return data


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
