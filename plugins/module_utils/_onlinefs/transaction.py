# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""A change of a host that either works or leaves the host as it was.

Order of work: record (keep what is there and what is to be, write the journal), stage (write the new files beside the
live ones), arm (lay the old files beside them too), swap (move the new files into place), restart, check, and only then
drop what is no longer needed. A failure on the way brings the old files back, restarts and checks again. A run that is
killed leaves the journal: the next one takes the same base and goes on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Plan

from . import host_planner, onlinefs_versions
from .files import Attributes, File
from .generations import FOUND, FileSet, Generations, same
from .health_check import Health, HealthCheck
from .host_error import HostError, NotAFile, os_failure
from .journal import Journal
from .live_files import ConfigFiles, LiveFiles, Room
from .owned_files import open_files
from .service import Service

#: Room that must be left on a file system beside what is written.
_SPARE_BYTES = 1024 * 1024
#: Files that may refer to a store, beside those that this collection writes.
_OTHER_FILES = (".properties", ".xml", ".conf", ".yml", ".yaml")

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
    :param pending: the change is not final before somebody has checked the consumer group.
    :param transaction: which transaction it is, for :meth:`Host.commit` and :meth:`Host.roll_back`.
    :param warnings: what did not work after the change was final.
    """

    generation: t.Optional[int]
    base: t.Optional[int] = None
    restarted: bool = False
    health: t.Optional[Health] = None
    pending: bool = False
    transaction: str = ""
    warnings: t.List[str] = dataclasses.field(default_factory=list)


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

    @functools.cached_property
    def files(self) -> ConfigFiles:
        """The files in the configuration directory, with the rights of its owner."""
        return open_files(self.directory)

    def directory_attributes(self) -> Attributes:
        """Return owner and mode of the configuration directory.

        :raises HostError: there is none.
        """
        return self.files.attributes()

    def found(self) -> t.Dict[str, t.Optional[File]]:
        """Return the files that are there: every one that this collection may write, and its stores."""
        return {name: self.files.read(name) for name in self._names()}

    def others(self) -> t.Iterator[bytes]:
        """Return the content of the other configuration files there; a hand-made one may refer to a store."""
        for name in self.files.names():
            if name.endswith(_OTHER_FILES) and name not in onlinefs_versions.KNOWN_FILES:
                try:
                    file = self.files.read(name)
                except NotAFile:
                    continue
                if file is not None:
                    yield file.content

    def check_writable(self, plan: Plan, found: FileSet, kept: bool = False) -> None:
        """Find out before anything is written what would make the writing fail.

        :param found: what the plan was made from.
        :param kept: the plan brings kept files back, with the owners that they had.
        :raises HostError: a read-only file system, missing permission, too little room, or an owner that cannot be.
        """
        writes = {a.target: a.payload for a in plan.actions if a.verb == host_planner.WRITE and a.payload is not None}
        needed = sum(len(file.content) for file in writes.values())
        names = [action.target for action in plan.actions if action.verb != host_planner.RESTART]
        rooms = self.files.room(names)
        state = self.generations.directory
        while not os.path.isdir(state):
            state = os.path.dirname(state)
        for room in [*rooms, *LiveFiles(state).room(())]:
            _check_room(room, 4 * needed + _SPARE_BYTES)
        for name, file in writes.items():
            there = found.get(name)
            owners = (file.attributes.uid, file.attributes.gid)
            if not kept and (there is None or owners != (there.attributes.uid, there.attributes.gid)):
                self.files.may_own(name, file.attributes)

    def apply(self, plan: Plan, found: FileSet, origin: str, facts: t.Mapping[str, t.Any], hold: bool) -> Outcome:
        """Carry out a plan: record, stage, arm, swap, restart, check. The caller holds the lock.

        :param found: what the plan was made from.
        :param origin: how the new generation came about.
        :param facts: what its manifest is to say besides.
        :param hold: where the consumer group cannot be checked here, leave that to somebody else: :meth:`commit` or
            :meth:`roll_back` follows.
        :raises RolledBack: it did not work, and the host is as it was.
        :raises HostError: it did not work and could not be undone; the journal is there for the next run.
        """
        changed = {a.target: a.payload for a in plan.actions if a.verb in (host_planner.WRITE, host_planner.REMOVE)}
        superseded = [a.target for a in plan.actions if a.verb == host_planner.CLEAN]
        restart = host_planner.restarts(plan)
        if not changed and not restart:
            self.tidy()
            return Outcome(self._live(found), warnings=self.clean(superseded))
        journal = self._record_base(found)
        outcome = Outcome(journal.target, journal.base, transaction=journal.id)
        try:
            target = {name: file for name, file in {**found, **changed}.items() if name not in superseded}
            self.generations.add(journal.target, target, origin, facts)
            staged = self._stage(changed, journal)
            journal = self._arm(journal, {**found, **changed}, restart)
            self._swap(staged, changed)
            if restart:
                outcome.restarted = True
                self.service.restart()
                outcome.health = self.health_check.wait(target)
            group = outcome.health.group if outcome.health else None
            outcome.pending = hold and group is not None and group.joined is None
            if outcome.pending:
                self.generations.begin(journal.hold())
        except Exception as error:
            # Whatever went wrong, also a defect of this collection: the files of before come back.
            raise self.roll_back(_named(error)) from error
        if not outcome.pending:
            outcome.warnings = [*self.commit(outcome.health), *self.clean(superseded)]
        return outcome

    def commit(self, health: t.Optional[Health]) -> t.List[str]:
        """Make an applied plan final.

        :returns: what did not work beside it: the configuration is live all the same.
        :raises HostError: the journal could not be removed, so that the next run does this again.
        """
        journal = self._journal()
        warnings = []
        if health is not None:
            try:
                self.generations.mark_proved(journal.target, health.group.cluster_id if health.group else None)
            except HostError as error:
                warnings.append(f"The service works, but that could not be written down: {error}")
        try:
            self.files.discard()
        except HostError as error:
            warnings.append(f"The copies of the old files could not be removed: {error}")
        try:
            self.generations.end()
        except HostError as error:
            cause = "The new configuration is live, but the end of the change could not be written down"
            raise HostError("", f"{cause}: {str(error).rstrip('.')}", "Run the task again") from error
        try:
            self.generations.prune(self.keep)
        except HostError as error:
            warnings.append(f"Old generations could not be removed: {error}")
        return warnings

    def roll_back(self, reason: HopsworksKafkaError) -> RolledBack:
        """Bring the files from before back, restart and check if the service may have seen the new ones.

        :returns: the error to raise.
        :raises HostError: the files could not be brought back.
        """
        journal = self._journal()
        diagnosis = self._diagnosis()
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
        except (HopsworksKafkaError, OSError) as error:
            cause = f"{reason} The configuration from before could not be brought back: {_named(error)}"
            raise HostError("", cause.rstrip("."), "Run the task again: it takes up from here") from error
        with contextlib.suppress(HostError):
            # The host is as it was. What is left of the new generation is replaced by the next one.
            self.files.discard()
            self.generations.drop(journal.target)
        return RolledBack(reason, again, journal, diagnosis)

    def tidy(self) -> None:
        """Forget a killed run that had changed nothing yet, and what it left beside the live files."""
        self.files.discard()
        journal = self.generations.journal()
        if journal is not None:
            self.generations.end()
            self.generations.drop(journal.target)

    def clean(self, names: t.Iterable[str]) -> t.List[str]:
        """Remove stores that nothing refers to any more.

        :returns: a warning for each that could not be removed.
        """
        warnings = []
        for name in names:
            try:
                self.files.remove(name)
            except HostError as error:
                warnings.append(f"The store {name} is no longer used and could not be removed: {error}")
        return warnings

    def number(self, found: FileSet) -> int:
        """Return the next generation's number. What somebody else changed becomes a generation of its own before it."""
        return self.generations.next_number() + (not self.generations.journal() and self._live(found) is None)

    def _names(self) -> t.List[str]:
        stores = [name for name in self.files.names() if onlinefs_versions.STORE_NAME.fullmatch(name)]
        return [*onlinefs_versions.KNOWN_FILES, *stores]

    def _live(self, found: FileSet) -> t.Optional[int]:
        """The last generation that is what stands there now."""
        for generation in reversed(self.generations.all()):
            if same(self.generations.files(generation.number), found):
                return generation.number
        return None

    def _record_base(self, found: FileSet) -> Journal:
        """Begin: keep what is there, unless it is kept already, and write the journal.

        A killed run's base stays the one to go back to, and its copies of the old files stay ready.
        """
        interrupted = self.generations.journal()
        if interrupted is not None:
            journal = Journal(interrupted.base, interrupted.target, interrupted.restart, reserved=interrupted.reserved)
        else:
            base = self._live(found)
            if base is None:
                base = self.generations.next_number()
                self.generations.add(base, found, FOUND, {})
            journal = Journal(base, self.generations.next_number(), False)
        self.generations.begin(journal)
        return journal

    def _journal(self) -> Journal:
        journal = self.generations.journal()
        if journal is None:
            raise HostError(
                self.generations.directory, "no change is under way here", "Run the task again from its start"
            )
        return journal

    def _stage(self, changed: FileSet, journal: Journal) -> t.Dict[str, str]:
        """Write the new files beside the live ones: name to name there."""
        self.files.discard(keep=journal.reserved.values())
        return {name: self.files.stage(name, file) for name, file in changed.items() if file is not None}

    def _arm(self, journal: Journal, after: FileSet, restart: bool) -> Journal:
        """Lay all that a rollback needs beside the live files, so that it works on a full disk too; note it down.

        :param after: what will be there after the swap.
        """
        base = self.generations.files(journal.base)
        back = {name: file for name, file in base.items() if file is not None and file != after.get(name)}
        reserved = {name: self.files.stage(name, file) for name, file in back.items()}
        armed = dataclasses.replace(journal, restart=journal.restart or restart, reserved=reserved)
        self.generations.begin(armed)
        return armed

    def _swap(self, staged: t.Mapping[str, str], changed: FileSet) -> None:
        """Move files into place: stores first, so that whoever reads a file finds the stores that it names."""
        for name in sorted(staged, key=lambda name: not onlinefs_versions.STORE_NAME.fullmatch(name)):
            self.files.swap(name, staged[name])
        for name, file in changed.items():
            if file is None:
                self.files.remove(name)

    def _restore(self, journal: Journal) -> None:
        base = self.generations.files(journal.base)
        self.files.discard(keep=journal.reserved.values())
        live = {name: self._read_whatever(name) for name in {**base, **dict.fromkeys(self._names())}}
        changed = {name: base.get(name) for name, there in live.items() if base.get(name) != there}
        staged = {}
        for name, file in changed.items():
            if file is not None:
                ready = journal.reserved.get(name, "")
                staged[name] = ready if self._is_ready(name, ready, file) else self.files.stage(name, file)
        self._swap(staged, changed)

    def _read_whatever(self, name: str) -> t.Union[File, str, None]:
        """A live file; a text that is like no file where it cannot be read, as it is to be replaced then."""
        try:
            return self.files.read(name)
        except HostError as error:
            return str(error)

    def _is_ready(self, name: str, staged: str, file: File) -> bool:
        try:
            return bool(staged) and self.files.read(name, staged) == file
        except HostError:
            return False

    def _diagnosis(self) -> t.Dict[str, t.Any]:
        """What was seen of the service. Nothing that goes wrong in looking at it holds up a rollback."""
        try:
            return self.diagnose()
        except Exception as error:
            return {"service": f"not known: {type(error).__name__}", "log": []}


def _named(error: Exception) -> HopsworksKafkaError:
    if isinstance(error, HopsworksKafkaError):
        return error
    if isinstance(error, OSError):
        return os_failure(str(error.filename or "host"), error)
    return HostError("", f"a defect of this collection: {type(error).__name__}")


def _check_room(room: Room, needed: int) -> None:
    if room.read_only:
        raise HostError(
            room.path,
            "the file system is read-only",
            "Remount it for writing; the kernel's log says why it became read-only",
        )
    if not room.writable:
        raise HostError(
            room.path, "no permission to write there", "Run the task as its owner or as root (become: true)"
        )
    if room.free is None or room.free < needed:
        raise HostError(
            room.path,
            f"{room.free or 0} bytes are free there and {needed} are needed",
            "Free some space, then run the task again",
        )
