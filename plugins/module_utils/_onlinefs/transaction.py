# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Change a host so that the change either works or leaves the host as it was.

Steps: record (keep the current and the new files, write the journal), stage (write the new files beside the live ones),
arm (stage the old files there too), swap (move the new files into place), restart, check, and only then remove what is
no longer needed. If a step fails, the old files are restored, and the service is restarted and checked again. A run
that is killed leaves the journal: the next run starts from the same base and completes the work.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError, InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Plan

from . import host_planner, onlinefs_versions, proof
from .files import Attributes, File
from .generations import FOUND, FileSet, Generations, same
from .health_check import Health, HealthCheck
from .host_error import HostError, NotAFile, os_failure
from .journal import Journal
from .live_files import OTHER_FILES, ConfigFiles
from .owned_files import open_files
from .service import Service

#: OnlineFS has less than ten, and keeps one store of an earlier configuration or two.
_MAX_FILES = 200
_MAX_BYTES = 32 * 1024 * 1024

#: The result contains more lines of the log than the message.
_LOG_LINES_IN_MESSAGE = 6


class RolledBack(HostError):
    """A change failed and was rolled back.

    :param reason: why it failed.
    :param again: why the check of the restored configuration failed; ``None`` if it passed or was not needed.
    :param diagnosis: the state of the service when the change failed. No secrets.
    :param doubts: what the check of the restored configuration did not prove.
    """

    def __init__(
        self,
        reason: HopsworksKafkaError,
        again: t.Optional[HopsworksKafkaError],
        journal: Journal,
        diagnosis: t.Mapping[str, t.Any],
        doubts: t.Sequence[str] = (),
    ) -> None:
        back = f"The previous configuration (generation {journal.base}) is restored byte for byte"
        if again:
            back += f", and the service does not work with it either: {again}"
        elif not journal.restart:
            back += "; the service was not touched"
        elif doubts:
            back += f", and the service runs with it. Not proved that it reads from Kafka: {'. '.join(doubts)}"
        else:
            back += ", and the service works with it"
        super().__init__("", str(reason).rstrip("."), back.rstrip("."))
        self.first = reason
        self.second = again
        self.base = journal.base
        self.restarted = journal.restart
        self.diagnosis = dict(diagnosis)

    def __str__(self) -> str:
        """Return both reasons, and the state of the service before the rollback."""
        log = "".join(f"\n  {line}" for line in self.diagnosis.get("log", [])[-_LOG_LINES_IN_MESSAGE:])
        return f"{super().__str__()}\nIts state then: {self.diagnosis.get('service')}\nThe end of its log:{log}"


@dataclasses.dataclass
class TransactionOutcome:
    """The outcome of a transaction.

    :param generation: the number of the configuration that is live now.
    :param base: the number of the previous one.
    :param restarted: the service was restarted.
    :param health: what the check of the service saw; ``None`` if it was not checked.
    :param warnings: what failed after the change was final.
    """

    generation: t.Optional[int]
    base: t.Optional[int] = None
    restarted: bool = False
    health: t.Optional[Health] = None
    warnings: t.List[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Host:
    """One host, as far as this collection touches it.

    :param directory: the configuration directory of the service.
    :param generations: where the host's configurations are kept.
    :param service: the service to restart.
    :param health_check: checks that the service works.
    :param diagnose: returns the state of a service that does not work. No secrets.
    :param keep: the number of generations to keep in addition to the first.
    """

    directory: str
    generations: Generations
    service: Service
    health_check: HealthCheck
    diagnose: t.Callable[[], t.Dict[str, t.Any]]
    keep: int

    @functools.cached_property
    def files(self) -> ConfigFiles:
        """The files in the configuration directory, accessed with the rights of its owner."""
        return open_files(self.directory)

    def directory_attributes(self) -> Attributes:
        """Return owner and mode of the configuration directory.

        :raises HostError: there is none.
        """
        return self.files.attributes()

    def found(self) -> t.Dict[str, t.Optional[File]]:
        """Return the current files: every one that this collection may write, and its stores."""
        return read_configuration(self.files)

    def others(self) -> t.Iterator[bytes]:
        """Return the content of the other configuration files, as a hand-made one may refer to a store."""
        bound = _Bound(self.files.directory)
        for name in self.files.names():
            if name.endswith(OTHER_FILES) and name not in onlinefs_versions.KNOWN_FILES:
                try:
                    file = self.files.read(name)
                except NotAFile:
                    continue
                bound.add(file)
                if file is not None:
                    yield file.content

    def check_writable(self, plan: Plan, found: FileSet, kept: bool = False) -> None:
        """Check, before anything is written, that the files can be written.

        :param found: the files that the plan was made from.
        :param kept: the plan restores kept files, with the owners that they had.
        :raises HostError: the file system is read-only or full, a permission is missing, or an owner is not possible.
        """
        # Imported only here: most runs write nothing.
        from . import room_check  # noqa: PLC0415

        room_check.check_writable(self.files, self.generations.directory, plan, found, kept)

    def apply(
        self, plan: Plan, found: FileSet, origin: str, facts: t.Mapping[str, t.Any], rollout: str = ""
    ) -> TransactionOutcome:
        """Carry out a plan: record, stage, arm, swap, restart, check. The caller holds the lock.

        :param found: the files that the plan was made from.
        :param origin: where the new generation comes from.
        :param facts: further facts for its manifest.
        :param rollout: the name of the rollout that this change belongs to; empty if it has none.
        :raises RolledBack: it failed, and the host is as it was.
        :raises HostError: it failed and could not be undone; the journal remains for the next run.
        """
        changed = {a.target: a.payload for a in plan.actions if a.verb in (host_planner.WRITE, host_planner.REMOVE)}
        superseded = [a.target for a in plan.actions if a.verb == host_planner.CLEAN]
        restart = host_planner.restarts(plan)
        if not changed and not restart:
            self.tidy()
            return TransactionOutcome(self._live(found), warnings=self.clean(superseded))
        journal = self._record_base(found)
        outcome = TransactionOutcome(journal.target, journal.base)
        try:
            target = {name: file for name, file in {**found, **changed}.items() if name not in superseded}
            self.generations.add(journal.target, target, origin, facts)
            if rollout:
                self.generations.note_rollout(journal.target, rollout)
            staged = self._stage(changed, journal)
            journal = self._arm(journal, {**found, **changed}, restart)
            self._swap(staged, changed)
            if restart:
                outcome.restarted = True
                before = self.health_check.before_restart(target)
                self.service.restart()
                outcome.health = self.health_check.wait(target, before)
        except Exception as error:
            # Whatever the error, even a defect of this collection: restore the old files.
            raise self.roll_back(_named(error)) from error
        outcome.warnings = [*self.commit(outcome.health), *self.clean(superseded)]
        return outcome

    def note_rollout(self, found: FileSet, name: str) -> None:
        """Record a rollout that found the live configuration as declared. The caller holds the lock."""
        live = self._live(found)
        if live is not None:
            self.generations.note_rollout(live, name)

    def commit(self, health: t.Optional[Health]) -> t.List[str]:
        """Make an applied plan final.

        :returns: warnings about what failed, although the configuration is live.
        :raises HostError: the journal could not be removed, so the next run has to do this again.
        """
        journal = self._journal()
        warnings = []
        if health is not None and not proof.doubts(health):
            try:
                self.generations.mark_proved(journal.target, health.cluster_id)
            except HostError as error:
                warnings.append(f"The service works, but that could not be recorded: {error}")
        try:
            self.files.discard()
        except HostError as error:
            warnings.append(f"The copies of the old files could not be removed: {error}")
        try:
            self.generations.end()
        except HostError as error:
            cause = "The new configuration is live, but the end of the change could not be recorded"
            raise HostError("", f"{cause}: {str(error).rstrip('.')}", "Run the task again") from error
        try:
            self.generations.prune(self.keep)
        except HostError as error:
            warnings.append(f"Old generations could not be removed: {error}")
        return warnings

    def roll_back(self, reason: HopsworksKafkaError) -> RolledBack:
        """Restore the previous files; restart and check the service if it may have read the new ones.

        :returns: the error to raise.
        :raises HostError: the files could not be restored.
        """
        journal = self._journal()
        diagnosis = self._diagnosis()
        again: t.Optional[HopsworksKafkaError] = None
        doubts: t.List[str] = []
        try:
            self._restore(journal)
            if journal.restart:
                try:
                    base = self.generations.files(journal.base)
                    before = self.health_check.before_restart(base)
                    self.service.restart()
                    doubts = proof.doubts(self.health_check.wait(base, before))
                except HopsworksKafkaError as error:
                    again = error
            self.generations.end()
        except (HopsworksKafkaError, OSError) as error:
            cause = f"{reason} The previous configuration could not be restored: {_named(error)}"
            raise HostError("", cause.rstrip("."), "Run the task again to complete the rollback") from error
        with contextlib.suppress(HostError):
            # The host is as it was. The next generation replaces whatever is left of this one.
            self.files.discard()
            self.generations.drop(journal.target)
        return RolledBack(reason, again, journal, diagnosis, doubts)

    def tidy(self) -> None:
        """Remove the traces of a killed run that had changed nothing yet."""
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
                warnings.append(f"The store {name} is no longer used, but could not be removed: {error}")
        return warnings

    def number(self, found: FileSet) -> int:
        """Return the next generation's number. Changes that others made become a generation of their own before it."""
        return self.generations.next_number() + (not self.generations.journal() and self._live(found) is None)

    def _names(self) -> t.List[str]:
        return _names(self.files)

    def _live(self, found: FileSet) -> t.Optional[int]:
        """Return the number of the last generation that is the same as these files; ``None`` if none is."""
        return _same_as(self.generations, found)

    def _record_base(self, found: FileSet) -> Journal:
        """Keep the current files, unless a generation has them already, and write the journal.

        After a killed run, its base remains the one to go back to, and its copies of the old files remain ready.
        """
        interrupted = self.generations.journal()
        if interrupted is not None:
            journal = Journal(interrupted.base, interrupted.target, interrupted.restart, reserved=interrupted.reserved)
        else:
            base = keep_found(self.generations, found)
            journal = Journal(base, self.generations.next_number(), False)
        self.generations.begin(journal)
        return journal

    def _journal(self) -> Journal:
        journal = self.generations.journal()
        if journal is None:
            raise HostError(self.generations.directory, "no change is in progress", "Run the task again from its start")
        return journal

    def _stage(self, changed: FileSet, journal: Journal) -> t.Dict[str, str]:
        """Write the new files beside the live ones. Return the name of each staged file by the name of its file."""
        self.files.discard(keep=journal.reserved.values())
        return {name: self.files.stage(name, file) for name, file in changed.items() if file is not None}

    def _arm(self, journal: Journal, after: FileSet, restart: bool) -> Journal:
        """Stage the old files too, so that a rollback works even on a full disk, and record that in the journal.

        :param after: the files after the swap.
        """
        base = self.generations.files(journal.base)
        back = {name: file for name, file in base.items() if file is not None and file != after.get(name)}
        reserved = {name: self.files.stage(name, file) for name, file in back.items()}
        armed = dataclasses.replace(journal, restart=journal.restart or restart, reserved=reserved)
        self.generations.begin(armed)
        return armed

    def _swap(self, staged: t.Mapping[str, str], changed: FileSet) -> None:
        """Move files into place: stores first, so that the stores which a file names exist before the file does."""
        for name in sorted(staged, key=lambda name: not onlinefs_versions.STORE_NAME.fullmatch(name)):
            self.files.swap(name, staged[name])
        for name, file in changed.items():
            if file is None:
                self.files.remove(name)

    def _restore(self, journal: Journal) -> None:
        base = self.generations.files(journal.base)
        self.files.discard(keep=journal.reserved.values())
        live = {name: self._read_whatever(name) for name in {**base, **dict.fromkeys(onlinefs_versions.KNOWN_FILES)}}
        changed = {name: base.get(name) for name, there in live.items() if base.get(name) != there}
        # Not read: there may be any number of other stores by now, and all of them go.
        changed.update({name: None for name in self._names() if name not in live})
        staged = {}
        for name, file in changed.items():
            if file is not None:
                ready = journal.reserved.get(name, "")
                staged[name] = ready if self._is_ready(name, ready, file) else self.files.stage(name, file)
        self._swap(staged, changed)

    def _read_whatever(self, name: str) -> t.Union[File, str, None]:
        """Return a live file. If it cannot be read, return a text: it equals no file, so it will be replaced."""
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
        """Return the state of the service. No error here may stop a rollback."""
        try:
            return self.diagnose()
        except Exception as error:
            return {"service": f"not known: {type(error).__name__}", "log": []}


def keep_found(generations: Generations, found: FileSet) -> int:
    """Return the number of the generation that has these files. If none has, keep them. The caller holds the lock."""
    base = _same_as(generations, found)
    if base is None:
        base = generations.next_number()
        generations.add(base, found, FOUND, {})
    return base


def read_configuration(files: ConfigFiles) -> t.Dict[str, t.Optional[File]]:
    """Return the files that are there: every one that this collection may write, and its stores."""
    bound = _Bound(files.directory)
    found = {}
    for name in _names(files):
        found[name] = files.read(name)
        bound.add(found[name])
    return found


def _same_as(generations: Generations, found: FileSet) -> t.Optional[int]:
    for generation in reversed(generations.all()):
        with contextlib.suppress(InputError):  # another run has just removed it
            if same(generations.files(generation.number), found):
                return generation.number
    return None


class _Bound:
    """Limits what is read of a directory: the service's user may have placed any number of files there."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._files = 0
        self._bytes = 0

    def add(self, file: t.Optional[File]) -> None:
        """Count a file.

        :raises HostError: there are too many, or they are too large together.
        """
        self._files += file is not None
        self._bytes += 0 if file is None else len(file.content)
        if self._files > _MAX_FILES or self._bytes > _MAX_BYTES:
            raise HostError(
                self._directory,
                f"it contains more than {_MAX_FILES} configuration files and stores, or {_MAX_BYTES} bytes of them",
                "Remove those that OnlineFS does not use",
            )


def _names(files: ConfigFiles) -> t.List[str]:
    stores = [name for name in files.names() if onlinefs_versions.STORE_NAME.fullmatch(name)]
    return [*onlinefs_versions.KNOWN_FILES, *stores]


def _named(error: Exception) -> HopsworksKafkaError:
    if isinstance(error, HopsworksKafkaError):
        return error
    if isinstance(error, OSError):
        return os_failure(str(error.filename or "host"), error)
    return HostError("", f"a defect of this collection: {type(error).__name__}")
