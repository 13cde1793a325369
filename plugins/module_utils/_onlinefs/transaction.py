# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""A change of a host that either works or leaves the host as it was.

Order of work: keep what is there, keep what is to be, write the journal, write the new files beside the live ones, move
them into place, restart, prove, and only then drop what is no longer needed. A failure on the way brings the kept files
back, restarts and proves again. A run that is killed leaves the journal: the next one takes the same base and goes on.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Plan

from . import files, host_planner, onlinefs_versions
from .files import Attributes, File
from .generations import FOUND, FileSet, Generations, Journal, same
from .health_check import Health, HealthCheck
from .host_error import HostError, os_failure
from .service import Service

#: Room that must be left on a file system beside what is written.
_SPARE_BYTES = 1024 * 1024


#: The result holds more of the log than the message.
_LOG_LINES_IN_MESSAGE = 6


class RolledBack(HostError):
    """A change did not work, and the host is as it was.

    :param reason: why it did not work.
    :param again: what the restored configuration's own proof said; ``None`` where it works, or was never disturbed.
    :param diagnosis: what was seen of the service when it did not work. No secrets.
    """

    def __init__(
        self,
        reason: HopsworksKafkaError,
        again: t.Optional[HopsworksKafkaError],
        journal: Journal,
        diagnosis: t.Mapping[str, t.Any],
    ) -> None:
        back = f"The configuration from before (generation {journal.base}) is back byte for byte"
        if again:
            back += f", and the service does not work with it either: {again}"
        else:
            back += ", and the service works with it" if journal.restart else "; the service was not touched"
        super().__init__("", str(reason).rstrip("."), back.rstrip("."))
        self.first = reason
        self.second = again
        self.base = journal.base
        self.restarted = journal.restart
        self.diagnosis = dict(diagnosis)

    def __str__(self) -> str:
        """Both reasons, and below them what was seen of the service before its old configuration came back."""
        log = "".join(f"\n  {line}" for line in self.diagnosis.get("log", [])[-_LOG_LINES_IN_MESSAGE:])
        return f"{super().__str__()}\nIts state then: {self.diagnosis.get('service')}\nThe end of its log:{log}"


@dataclasses.dataclass
class Outcome:
    """What a transaction did.

    :param generation: the number of the configuration that is live now.
    :param base: the number of the one that was live before.
    :param restarted: the service was restarted.
    :param health: what was seen of the service; ``None`` if it was not checked.
    :param pending: the change is not final before somebody has looked at the consumer group.
    """

    generation: t.Optional[int]
    base: t.Optional[int] = None
    restarted: bool = False
    health: t.Optional[Health] = None
    pending: bool = False


@dataclasses.dataclass(frozen=True)
class Host:
    """One host, as far as this collection touches it.

    :param directory: the configuration directory of the service.
    :param generations: where the host's configurations are kept.
    :param service: restarted where the plan says so.
    :param health_check: says whether the service works.
    :param diagnose: what can be seen of a service that does not. No secrets.
    :param keep: how many generations to keep beside the first.
    """

    directory: str
    generations: Generations
    service: Service
    health_check: HealthCheck
    diagnose: t.Callable[[], t.Dict[str, t.Any]]
    keep: int

    def directory_attributes(self) -> Attributes:
        """Owner and mode of the configuration directory.

        :raises HostError: there is none.
        """
        try:
            status = os.stat(self.directory)
            os.listdir(self.directory)
        except OSError as error:
            raise os_failure(self.directory, error) from error
        return Attributes(status.st_uid, status.st_gid, status.st_mode & 0o7777)

    def found(self) -> t.Dict[str, t.Optional[File]]:
        """The files that are there: every one that this collection may write, and its stores."""
        stores = sorted(name for name in os.listdir(self.directory) if onlinefs_versions.STORE_NAME.fullmatch(name))
        return {name: files.read(self._path(name)) for name in (*onlinefs_versions.KNOWN_FILES, *stores)}

    def others(self) -> t.Iterator[bytes]:
        """The content of the other configuration files there; a hand-made one may refer to a store."""
        for name in sorted(os.listdir(self.directory)):
            if (
                name.endswith((".properties", ".xml", ".conf", ".yml", ".yaml"))
                and name not in onlinefs_versions.KNOWN_FILES
            ):
                file = files.read(self._path(name)) if os.path.isfile(self._path(name)) else None
                if file is not None:
                    yield file.content

    def check_writable(self, plan: Plan) -> None:
        """Find out before anything is written what would make the writing fail.

        :raises HostError: a read-only file system, missing permission, or too little room.
        """
        needed = sum(
            len(a.payload.content) for a in plan.actions if a.verb == host_planner.WRITE and a.payload is not None
        )
        targets = {
            os.path.dirname(os.path.realpath(self._path(a.target)))
            for a in plan.actions
            if a.verb != host_planner.RESTART
        }
        state = self.generations.directory
        while not os.path.isdir(state):
            state = os.path.dirname(state)
        for directory in sorted({*targets, state}):
            _check_directory(directory, 3 * needed + _SPARE_BYTES)
        for action in plan.actions:
            if action.verb == host_planner.WRITE and os.geteuid() != 0:
                _check_owner(action.target, action.payload.attributes)

    def apply(self, plan: Plan, found: FileSet, origin: str, facts: t.Mapping[str, t.Any], hold: bool) -> Outcome:
        """Carry out a plan. The caller holds the lock.

        :param found: what the plan was made from.
        :param origin: how the new generation came about.
        :param facts: what its manifest is to say besides.
        :param hold: where nobody here could look at the consumer group, leave that proof to somebody else:
            :meth:`commit` or :meth:`roll_back` follows.
        :raises RolledBack: it did not work, and the host is as it was.
        :raises HostError: it did not work and could not be undone; the journal is there for the next run.
        """
        changed = {a.target: a.payload for a in plan.actions if a.verb in (host_planner.WRITE, host_planner.REMOVE)}
        superseded = [a.target for a in plan.actions if a.verb == host_planner.CLEAN]
        interrupted = self.generations.journal()
        if not changed and not host_planner.restarts(plan):
            self.tidy()
            self.clean(superseded)
            return Outcome(self._live(found))
        target = {name: file for name, file in {**found, **changed}.items() if name not in superseded}
        base = interrupted.base if interrupted else self._base(found)
        restart = bool(interrupted and interrupted.restart)
        number = self.generations.next_number()
        self.generations.begin(Journal(base, number, restart))
        outcome = Outcome(number, base)
        try:
            self.generations.add(number, target, origin, facts)
            staged = self._stage(changed)
            self.generations.begin(Journal(base, number, restart or host_planner.restarts(plan)))
            self._swap(staged, changed)
            if host_planner.restarts(plan):
                self.service.restart()
                outcome.restarted = True
                outcome.health = self.health_check.wait(target)
        except (HopsworksKafkaError, OSError) as error:
            raise self.roll_back(_named(error)) from error
        group = outcome.health.group if outcome.health else None
        outcome.pending = hold and group is not None and group.joined is None
        if not outcome.pending:
            self.commit(outcome.health)
            self.clean(superseded)
        return outcome

    def commit(self, health: t.Optional[Health]) -> None:
        """Make an applied plan final."""
        journal = self._journal()
        if health is not None:
            self.generations.mark_proved(journal.target, health.group.cluster_id if health.group else None)
        self.generations.end()
        self.generations.prune(self.keep)

    def roll_back(self, reason: HopsworksKafkaError) -> RolledBack:
        """Bring the files from before back, restart and prove if the service may have seen the new ones.

        :returns: the error to raise.
        :raises HostError: the files could not be brought back.
        """
        journal = self._journal()
        diagnosis = self.diagnose()
        again: t.Optional[HopsworksKafkaError] = None
        try:
            self._restore(journal)
            if journal.restart:
                try:
                    self.service.restart()
                    self.health_check.wait(self.generations.files(journal.base))
                except HopsworksKafkaError as error:
                    again = error
            self.generations.end()
            self.generations.drop(journal.target)
        except (HopsworksKafkaError, OSError) as error:
            cause = f"{reason} The configuration from before could not be brought back: {_named(error)}"
            raise HostError("", cause.rstrip("."), "Run the task again: it takes up from here") from error
        return RolledBack(reason, again, journal, diagnosis)

    def tidy(self) -> None:
        """Forget a killed run that had changed nothing yet, and what it left beside the live files."""
        self._discard_staged()
        journal = self.generations.journal()
        if journal is not None:
            self.generations.end()
            self.generations.drop(journal.target)

    def clean(self, names: t.Iterable[str]) -> None:
        """Remove stores that nothing refers to any more."""
        for name in names:
            files.remove(self._path(name))

    def number(self, found: FileSet) -> int:
        """The next generation's number. What somebody else changed becomes a generation of its own before it."""
        return self.generations.next_number() + (not self.generations.journal() and self._live(found) is None)

    def _path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def _live(self, found: FileSet) -> t.Optional[int]:
        """The last generation that is what stands there now."""
        for generation in reversed(self.generations.all()):
            if same(self.generations.files(generation.number), found):
                return generation.number
        return None

    def _base(self, found: FileSet) -> int:
        """The generation to go back to: the live one; where somebody else changed files, a new one of those."""
        live = self._live(found)
        if live is None:
            live = self.generations.next_number()
            self.generations.add(live, found, FOUND, {})
        return live

    def _journal(self) -> Journal:
        journal = self.generations.journal()
        if journal is None:
            raise HostError(
                self.generations.directory, "no change is under way here", "Run the task again from its start"
            )
        return journal

    def _stage(self, changed: FileSet) -> t.List[t.Tuple[str, str]]:
        self._discard_staged()
        staged: t.List[t.Tuple[str, str]] = []
        try:
            for name, file in changed.items():
                if file is not None:
                    staged.append((files.stage(self._path(name), file), self._path(name)))
        except HopsworksKafkaError:
            self._discard_staged()
            raise
        return staged

    def _discard_staged(self) -> None:
        """Remove files that were staged and not moved into place; links may lead to other directories."""
        paths = {os.path.realpath(self._path(name)) for name in onlinefs_versions.KNOWN_FILES}
        for directory in sorted({os.path.realpath(self.directory), *map(os.path.dirname, paths)}):
            files.discard_staged(directory)

    def _swap(self, staged: t.List[t.Tuple[str, str]], changed: FileSet) -> None:
        for source, path in staged:
            new = not os.path.exists(path)
            files.swap(source, path)
            if new:
                files.restore_context(path)
        for name, file in changed.items():
            if file is None:
                files.remove(self._path(name))

    def _restore(self, journal: Journal) -> None:
        base = self.generations.files(journal.base)
        live = self.found()
        changed = {name: base.get(name) for name in {**base, **live} if base.get(name) != live.get(name)}
        self._swap(self._stage(changed), changed)


def _named(error: Exception) -> HopsworksKafkaError:
    if isinstance(error, HopsworksKafkaError):
        return error
    return os_failure(getattr(error, "filename", None) or "host", t.cast("OSError", error))


def _check_directory(directory: str, needed: int) -> None:
    try:
        system = os.statvfs(directory)
    except OSError as error:
        raise os_failure(directory, error) from error
    if system.f_flag & os.ST_RDONLY:
        raise HostError(
            directory, "the file system is read-only", "Remount it for writing; the kernel's log says why it became so"
        )
    if not os.access(directory, os.W_OK | os.X_OK):
        raise HostError(
            directory, "no permission to write there", "Run the task as its owner or as root (become: true)"
        )
    room = system.f_frsize * (system.f_bfree if os.geteuid() == 0 else system.f_bavail)
    if room < needed or (system.f_files and not system.f_favail):
        raise HostError(
            directory,
            f"{room} bytes are free there and {needed} are needed",
            "Free some space, then run the task again",
        )


def _check_owner(name: str, attributes: Attributes) -> None:
    """Only root gives files to others."""
    groups = {os.getegid(), *os.getgroups()}
    if attributes.uid != os.geteuid() or attributes.gid not in groups:
        raise HostError(
            name,
            f"it is to belong to user {attributes.uid}, group {attributes.gid}, and the task is user {os.geteuid()}",
            "Run the task as root (become: true), or leave owner and group open",
        )
