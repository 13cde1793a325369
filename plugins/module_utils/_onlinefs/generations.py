# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The configurations that a host has had, kept so that it can go back to any of them, and the journal of a transaction.

A generation is a directory ``<state_dir>/<number>/`` (mode 0700) with the files' content (0600) and a manifest: for
each name the hash, owner, mode and extended attributes, or that there was no such file. Generation 0 is what was there
before the first run; the last ones are kept, and 0 always. A generation appears whole, by a rename.

The journal exists while live files, service and generation may disagree. A run that finds one finishes that work.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import files
from .files import File
from .host_error import HostError, os_failure
from .journal import Journal
from .manifest import MANIFEST, Generation, Manifest
from .path_owner import check_private

JOURNAL = "journal.json"
LOCK = "lock"
#: The record of a move from one Kafka to another, see ``_moves.move_record``.
MOVE = "move.json"
#: Where the old Kafka ended when the service was about to be stopped for a move.
ENDS = "move_ends.json"
#: There while the state of an earlier version is being copied.
_TAKING_OVER = "taking_over"

#: Found on the host, not written by this collection: generation 0, and what somebody else changed since.
FOUND = "found"
#: Written from the declaration.
APPLIED = "applied"
#: Written to go back to another generation.
REVERTED = "reverted"

_LOCK_POLL_SECONDS = 0.2
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_MAX_JSON = 4 * 1024 * 1024
_MAX_MOVE = 16 * 1024 * 1024
#: In the record of a move whose old Kafka could not be read. No name in it can contain a quotation mark.
_NOT_COUNTED = b'"offsets":null'

FileSet = t.Mapping[str, t.Optional[File]]


class Generations:
    """The store of one host's configurations, in a directory of its own.

    :param directory: made on the first write, mode 0700. With root, only root may be able to write there.
    :param earlier: where an earlier version of this collection kept it; empty if it is not to be looked for. It is
        taken over on the first write if it is root's in every part.
    """

    def __init__(self, directory: str, earlier: str = "") -> None:
        self.directory = os.path.abspath(directory)
        self._earlier = earlier if os.geteuid() == 0 and os.path.abspath(earlier) != self.directory else ""
        self._check_directory()

    @contextlib.contextmanager
    def locked(self, seconds: float) -> t.Iterator[None]:
        """Keep other runs on this host out.

        :raises HostError: another run holds the lock for longer than ``seconds``.
        """
        self._make_directory()
        deadline = time.monotonic() + seconds
        with self._lock_file() as descriptor:
            while not _try_lock(descriptor):
                if time.monotonic() > deadline:
                    raise HostError(
                        self.directory,
                        f"another run on this host has not ended within {seconds:.0f} s",
                        "Wait for it, or end it, then run the task again",
                    )
                time.sleep(_LOCK_POLL_SECONDS)
            self._take_over()
            yield

    def all(self) -> t.List[Generation]:
        """Return every generation, the oldest first.

        :raises HostError: one is damaged.
        """
        found = []
        with self._readable() as directory:
            for number in _numbers(directory):
                with contextlib.suppress(InputError):  # another run has just removed it
                    found.append(self._manifest(directory, number).generation)
        return found

    def files(self, number: int) -> t.Dict[str, t.Optional[File]]:
        """Return a generation's files: content, owner, mode.

        :raises InputError: there is no such generation.
        :raises HostError: a file is damaged: it is not what was kept.
        """
        kept: t.Dict[str, t.Optional[File]] = {}
        with self._readable() as directory:
            for name, entry in self._manifest(directory, number).files.items():
                if entry is None:
                    kept[name] = None
                    continue
                content = files.read_private(os.path.join(directory, str(number), name))
                file = None if content is None else File(content, entry.attributes)
                if file is None and number not in _numbers(directory):
                    raise _not_kept(directory, number)
                if file is None or file.sha256 != entry.sha256:
                    path = os.path.join(self._path(number), name)
                    raise HostError(path, "damaged: its content is not what was kept", "Choose another generation")
                kept[name] = file
        return kept

    def next_number(self) -> int:
        """Return the number for the next configuration; that of a run which was killed is used again."""
        journal = self.journal()
        if journal is not None:
            return journal.target
        with self._readable() as directory:
            return max(_numbers(directory), default=-1) + 1

    def add(self, number: int, kept: FileSet, origin: str, facts: t.Mapping[str, t.Any]) -> None:
        """Keep a configuration; on return it is on the disk. One that a killed run left under this number is replaced.

        :param kept: name to file, or ``None`` where there is none.
        :raises HostError: it cannot be written.
        """
        manifest = Manifest.new(number, origin, facts, kept).as_json()
        try:
            # One that cannot be read again blocks the host.
            if len(_json(manifest)) > _MAX_JSON // 2:
                raise ValueError("its manifest would be too large")
            Manifest.from_json(number, manifest)
        except ValueError as error:
            raise HostError(self._path(number), f"this configuration cannot be kept: {error}") from None
        self._make_directory()
        self.drop(number)
        whole = self._path(number)
        unfinished = whole + ".new"
        try:
            files.clear(unfinished)
            os.mkdir(unfinished, 0o700)
            for name, file in kept.items():
                if file is not None:
                    files.write_private(os.path.join(unfinished, name), file.content)
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
        proved = self._manifest(self.directory, number).proved(cluster_id)
        _write_json(os.path.join(self._path(number), MANIFEST), proved.as_json())

    def note_cluster(self, number: int, cluster_id: t.Optional[str]) -> None:
        """Write down from which cluster the service reads with a generation."""
        noted = self._manifest(self.directory, number).on_cluster(cluster_id)
        _write_json(os.path.join(self._path(number), MANIFEST), noted.as_json())

    def note_rollout(self, number: int, name: str) -> None:
        """Record that a rollout wrote a generation, or found it live."""
        noted = self._manifest(self.directory, number).in_rollout(name)
        _write_json(os.path.join(self._path(number), MANIFEST), noted.as_json())

    def prune(self, keep: int) -> None:
        """Remove all but generation 0 and the last ``keep``; none while a move is recorded, which may need any."""
        if self.moved:
            return
        for number in _numbers(self.directory)[:-keep]:
            if number != 0:
                self.drop(number)

    @property
    def moved(self) -> bool:
        """Whether a move from one Kafka to another is recorded."""
        return self._has(MOVE)

    @property
    def counts_rows(self) -> bool:
        """Whether a move is recorded whose old Kafka could be read, so that the rows left there can be counted."""
        content = files.read_private(os.path.join(self.directory, MOVE), _MAX_MOVE) if self.moved else None
        return content is not None and _NOT_COUNTED not in content

    def drop(self, number: int) -> None:
        """Remove one generation, if it is there. It goes whole, by a rename, and is emptied after."""
        gone = self._path(number) + ".old"
        try:
            files.clear(gone)
            os.rename(self._path(number), gone)
            files.clear(gone)
        except FileNotFoundError:
            return
        except OSError as error:
            raise os_failure(self._path(number), error) from error

    def journal(self) -> t.Optional[Journal]:
        """Return the transaction that is open, if any.

        :raises HostError: the journal is damaged.
        """
        with self._readable() as directory:
            # Before and after: another run may begin or end a change meanwhile.
            numbers = _numbers(directory)
            content = files.read_private(os.path.join(directory, JOURNAL), _MAX_JSON)
            numbers += _numbers(directory)
        if content is None:
            return None
        path = os.path.join(self.directory, JOURNAL)
        try:
            journal = Journal.from_json(_parse_json(content))
            if journal.base not in numbers:
                raise ValueError(f"generation {journal.base}, to go back to, is not kept")
            return journal
        except ValueError as error:
            raise _damaged(path, error, "Look at the files of OnlineFS, then move it away") from error

    def begin(self, journal: Journal) -> None:
        """Write the journal: from here on a killed run is finished by the next one."""
        _write_json(os.path.join(self.directory, JOURNAL), journal.as_json())

    def end(self) -> None:
        """Remove the journal: live files, service and generation agree."""
        files.remove_private(os.path.join(self.directory, JOURNAL))

    def _path(self, number: int) -> str:
        return os.path.join(self.directory, str(number))

    def _make_directory(self) -> None:
        try:
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            self._check_directory()
            if os.stat(self.directory).st_mode & 0o077:
                os.chmod(self.directory, 0o700)
        except OSError as error:
            raise os_failure(self.directory, error) from error

    def _check_directory(self) -> None:
        """Check that no other user can change the state.

        :raises HostError: another user can.
        """
        if os.geteuid() == 0:
            check_private(self.directory)
            return
        try:
            status = os.lstat(self.directory)
        except FileNotFoundError:
            return
        except OSError as error:
            raise os_failure(self.directory, error) from error
        if status.st_uid != os.geteuid():
            raise HostError(
                self.directory, "belongs to another user", "Run the task as that user or as root (become: true)"
            )

    @contextlib.contextmanager
    def _lock_file(self) -> t.Iterator[int]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(os.path.join(self.directory, LOCK), flags, 0o600)
        except OSError as error:
            raise os_failure(os.path.join(self.directory, LOCK), error) from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _readable(self) -> t.Iterator[str]:
        """Yield the path of the state: its own, or that of an earlier version until it is taken over."""
        if not self._earlier or ((self._has(JOURNAL) or _numbers(self.directory)) and not self._has(_TAKING_OVER)):
            yield self.directory
            return
        # Imported only here, and below: most hosts have no such state.
        from . import earlier_state  # noqa: PLC0415

        with earlier_state.earlier_state(self._earlier) as directory:
            yield directory or self.directory

    def _take_over(self) -> None:
        with self._readable() as directory:
            if directory == self.directory:
                return
            from . import earlier_state  # noqa: PLC0415

            names = [str(number) for number in _numbers(directory)]
            if os.path.lexists(os.path.join(directory, JOURNAL)):
                names.append(JOURNAL)
            marker = os.path.join(self.directory, _TAKING_OVER)
            files.write_private(marker, b"")
            earlier_state.copy_state(directory, self.directory, names)
            files.remove_private(marker)
        earlier_state.remove_earlier(self._earlier)

    def _has(self, name: str) -> bool:
        return os.path.lexists(os.path.join(self.directory, name))

    def _manifest(self, directory: str, number: int) -> Manifest:
        path = os.path.join(self._path(number), MANIFEST)
        content = files.read_private(os.path.join(directory, str(number), MANIFEST), _MAX_JSON)
        if content is None:
            if number in _numbers(directory):
                raise _damaged(path, "it is missing", f"Move {self._path(number)} away")
            raise _not_kept(directory, number)
        try:
            return Manifest.from_json(number, _parse_json(content))
        except ValueError as error:
            raise _damaged(path, error, f"Move {self._path(number)} away") from error


def same(left: FileSet, right: FileSet) -> bool:
    """Return whether two configurations are the same, byte for byte, with the same owners and modes."""
    return all(left.get(name) == right.get(name) for name in {*left, *right})


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _numbers(directory: str) -> t.List[int]:
    try:
        return sorted(int(name) for name in os.listdir(directory) if _NUMBER.fullmatch(name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise os_failure(directory, error) from error


def _not_kept(directory: str, number: int) -> InputError:
    known = ", ".join(map(str, _numbers(directory))) or "none is kept"
    return InputError(f"generation {number}", "not kept on this host", f"Choose one of: {known}")


def _write_json(path: str, data: t.Mapping[str, t.Any]) -> None:
    files.write_private(path, _json(data))


def _json(data: t.Mapping[str, t.Any]) -> bytes:
    return json.dumps(data, indent=1, sort_keys=True).encode("utf-8")


def _parse_json(content: bytes) -> t.Dict[str, t.Any]:
    """Return the object of a JSON text.

    :raises ValueError: it contains something else.
    """
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    return data


def _damaged(path: str, why: t.Union[ValueError, str], remedy: str) -> HostError:
    return HostError(path, f"damaged: {why}", f"{remedy}, then run the task again")
