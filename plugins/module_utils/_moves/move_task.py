# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Do the work of the modules ``onlinefs_move_info`` and ``onlinefs_move``.

A move is the change of a host's configuration from one Kafka cluster to another. The old one is read with the
configuration that the host has, and with that user's rights; the declared one with the declaration.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import TopicPartition
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import bootstrap_addresses
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_text
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import Options, Result
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration as kafka_declaration
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import generations, options, transaction
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.generations import FileSet, Generations
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.health_check import HealthCheck
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.journal import Journal
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owned_files import open_files
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.service import Service

from . import carry_marks, move_planner, move_record
from .cluster_reader import ClusterSource, Reading, read_cluster
from .move_record import MoveRecord
from .offsets import ClusterOffsets, as_of
from .old_cluster import Places, groups_of, servers_of, source_of, topics_of

_LOCK_SECONDS = 60.0
_AGAIN_SECONDS = 1.0
#: What a record says of a kept configuration without a Kafka.
_NO_SERVERS = "none"
#: Options of onlinefs_config that these modules, or one of them, do not have.
_NOT_GIVEN = ("log_file", "vector_db_properties", "producer_properties", "service_commands")
_MAX_SHOWN = 300
_MAX_MEMBERS = 5


@dataclasses.dataclass(frozen=True)
class _Host:
    """A host, and what is declared for it.

    :param declared: the Kafka that its consumer is to read from; ``None`` if it is to return to a kept configuration.
    :param target: that kept configuration; ``None`` otherwise.
    :param files: the configuration that its service reads, or read before a change that was interrupted.
    :param interrupted: whether there is such a change.
    :param base: the generation to go back to from it; -1 if there is none.
    """

    params: Options
    places: Places
    generations: Generations
    declared: t.Optional[kafka_declaration.KafkaDeclaration]
    target: t.Optional[FileSet]
    files: FileSet
    interrupted: bool
    base: int

    @property
    def old_servers(self) -> str:
        return move_record.servers_text(servers_of(self.files))

    @property
    def new_servers(self) -> str:
        if self.declared is None:
            return move_record.servers_text(servers_of(self.target or {}) or _NO_SERVERS)
        return move_record.servers_text(self.declared.properties["bootstrap.servers"])

    @contextlib.contextmanager
    def locked(self, record: t.Optional[MoveRecord]) -> t.Iterator[None]:
        """Keep other runs on this host out, if none has changed since what this run has decided by.

        :param record: the record that this run has read.
        :raises HostError: one has, or does not end.
        """
        with self.generations.locked(_LOCK_SECONDS):
            if move_record.read(self.generations) != record:
                raise HostError(
                    "move", "another run on this host has changed its record in the meantime", "Run the task again"
                )
            files, base = _configuration(self.generations, self.places.paths.directory)
            if not generations.same(files, self.files) or base != self.base:
                raise HostError(
                    self.places.paths.directory,
                    "the configuration was changed in the meantime, by another run or by somebody else",
                    "Run the task again",
                )
            yield

    @property
    def is_there(self) -> bool:
        """Whether the host has the configuration for the declared Kafka already."""
        return bootstrap_addresses(self.old_servers) == bootstrap_addresses(self.new_servers)

    @property
    def cluster_before(self) -> t.Optional[str]:
        """The id that the cluster at the host's addresses had when OnlineFS was last seen to read from it, if ever."""
        complete = self.completed(move_record.read(self.generations))
        return move_planner.last_cluster(self.generations.all(), self.old_servers, complete)

    def completed(self, record: t.Optional[MoveRecord]) -> t.Optional[MoveRecord]:
        """Return a record if the host has the configuration that its move led to."""
        if record is None or self.interrupted:
            return None
        there = bootstrap_addresses(record.new_servers) == bootstrap_addresses(self.old_servers)
        return record if there else None

    def moves(self, old: t.Optional[str], new: t.Optional[str]) -> t.Optional[bool]:
        """Return whether OnlineFS is to read from another cluster, see :func:`.move_planner.is_move`."""
        return move_planner.is_move(old, new, self.old_servers, self.new_servers, self.cluster_before)

    def cluster_there(self, declared: Reading) -> t.Optional[str]:
        """Return the id of the cluster at the host's addresses, which are the declared ones too; ``None`` if unknown.

        The host's configuration may read it where the declared one does not: a new password may be wrong.

        :param declared: what was read with the declared configuration.
        """
        return declared.cluster_id or self.old(topics=False).cluster_id

    def left_behind(self, answering: Reading) -> Reading:
        """Return what is known of the cluster that OnlineFS leaves.

        :param answering: the one that answers at the addresses of the host. It may be another one.
        """
        before = self.cluster_before
        if before is None or answering.cluster_id in (None, before):
            return answering
        return Reading(before, reason=f"cluster {answering.cluster_id} answers at the addresses of cluster {before}")

    def old(self, topics: bool, members: bool = False, carried: bool = False) -> Reading:
        """Read the Kafka of the host's configuration."""
        source = source_of(self.files, self.places, topics_of(self.files) if topics else None)
        members_of = groups_of(self.files) if members else ()
        marker = move_planner.CARRIED if carried else ""
        return self._read(dataclasses.replace(source, members_of=members_of, carried=marker))

    def new(self, topics: bool, carried: bool = False) -> Reading:
        """Read the declared Kafka, or that of the configuration to which the host is to return."""
        marker = move_planner.CARRIED if carried else ""
        declared = self.declared
        if declared is None:
            target = self.target or {}
            source = source_of(target, self.places, topics_of(target) if topics else None)
            return self._read(dataclasses.replace(source, carried=marker))
        read = topics_of(self.files, self.params["topics"], self.params["topic_pattern"]) if topics else None
        return self._read(ClusterSource(lambda: declared, None, read, carried=marker))

    def source_left(self, record: MoveRecord) -> ClusterSource:
        """Return the Kafka that a record is about.

        :raises InputError: the configuration for it is not kept any more.
        """
        files = self.generations.files(record.generation)
        return source_of(files, self.places, topics_of(files))

    def left(self, record: MoveRecord) -> Reading:
        """Read the Kafka that a record is about.

        :raises InputError: the configuration for it is not kept any more.
        """
        return self._read(self.source_left(record))

    def _read(self, source: ClusterSource) -> Reading:
        return read_cluster(source, self.params["timeout"])


def info(params: Options, secrets: t.Set[str]) -> Result:
    """Return what a move means. Changes nothing.

    :param secrets: receives the texts that no message may show.
    :raises HopsworksKafkaError: the options are wrong, or the host cannot be read.
    """
    host = _host(params, secrets)
    record = move_record.read(host.generations)
    result: Result = {
        "changed": False,
        "move": False,
        "same_addresses": False,
        "old": None,
        "new": None,
        "unread": None,
        "drained": None,
        "overlap": None,
        "missing": [],
        "record": record.to_result() if record else None,
        "stranded": None,
    }
    same_move = False
    new: t.Optional[Reading] = None
    if not host.is_there:
        answering, drained = _drain(host, params["drain_timeout"])
        new = host.new(topics=True)
        moves = host.moves(answering.cluster_id, new.cluster_id)
        same_move = bool(record and record.same_move(answering.cluster_id, host.old_servers, host.new_servers))
        result.update(_compared(host, moves, answering, new))
        result["drained"] = None if moves is False else drained
        new = None
    elif host.cluster_before is not None or host.target is not None:
        new = host.new(topics=False, carried=record is not None)
        result["new"] = new.to_result(_shown(host.new_servers))
        moves = host.moves(None, host.cluster_there(new))
        if moves is not False:
            same_move = bool(record and _is_of_the_same_addresses(host, record, new.cluster_id))
            result.update(_compared(host, moves, new, host.new(topics=True)), same_addresses=True)
    if record is not None and not same_move:
        result["stranded"] = _stranded(host, record, new).to_result()
    return result


def _compared(host: _Host, moves: t.Optional[bool], answering: Reading, new: Reading) -> Result:
    """Return what the two clusters mean for a host.

    :param answering: the cluster that answers at the host's addresses.
    :param new: the declared one.
    """
    old = host.left_behind(answering)
    result: Result = {
        "move": moves,
        "old": old.to_result(_shown(host.old_servers)),
        "new": new.to_result(_shown(host.new_servers)),
    }
    if moves is not False:
        result.update(unread=_unread(old).to_result(), overlap=_overlap(old, new), missing=_missing(host, old, new))
    return result


def _is_of_the_same_addresses(host: _Host, record: MoveRecord, new_cluster: t.Optional[str]) -> bool:
    """Return whether a record is that of the declared cluster, which has taken the addresses of the one before."""
    told = (record.old_cluster, record.new_cluster)
    return record.keeps_addresses and _is_to_the_declared(host, record) and told == (host.cluster_before, new_cluster)


def run(params: Options, check: bool, secrets: t.Set[str], service: t.Optional[Service] = None) -> Result:
    """Do what the options say.

    :param service: replaces the service that the options name.
    :raises HopsworksKafkaError: the options are wrong, or the host does not allow it.
    """
    host = _host(params, secrets)
    work = _STATES[params["state"]]
    return work(host, service or options.service(host.params), check)


def _stopped(host: _Host, service: Service, check: bool) -> Result:
    """Stop the service, unless it reads from the declared Kafka already."""
    service.check()
    anew = _declared_anew(host)
    return _stop(_prepared(host, service, check, anew), service, check, anew)


def _declared_anew(host: _Host) -> t.Optional[str]:
    """Return the id of the declared cluster if it has taken the addresses of the one that OnlineFS has read from.

    Kafka is asked only if it may be: if the host has these addresses, and it is known who had them before.

    :raises HostError: it cannot be read.
    """
    if not host.is_there or host.cluster_before is None:
        return None
    new = host.new(topics=False)
    there = host.cluster_there(new)
    moves = host.moves(None, there)
    if moves is None:
        cause = f"it cannot be read, so it is not known whether it still is cluster {host.cluster_before}: {new.reason}"
        raise HostError("declared Kafka", cause, "Make it readable from the host, then run the task again")
    return there if moves else None


def _stop(host: _Host, service: Service, check: bool, anew: t.Optional[str]) -> Result:
    """Stop the service, unless it reads from the declared Kafka already.

    :param anew: what :func:`_declared_anew` returned.
    """
    record = move_record.read(host.generations)
    changed = False
    if anew is not None or not host.is_there:
        service.check_can_stop()
        state = service.state()
        if not state.down:
            # Without a service manager, whether it runs is not known here: its members tell.
            changed = bool(service.name)
            if not check:
                _forget_what_is_no_longer_true(host, state.running and changed, record)
                if anew is None and state.running and changed:
                    _note_ends(host)
                service.stop()
                record = move_record.read(host.generations)
                _check_is_down(service)
    generation = None if anew is not None else _to_go_back_to(host, record)
    return {**_result(changed, service, record), "generation": generation}


def _prepared(host: _Host, service: Service, check: bool, anew: t.Optional[str]) -> _Host:
    """Begin a change that only restarts the service, if another cluster has taken the addresses of the old one.

    ``onlinefs_config`` completes it, also after a run was killed. Otherwise, nothing would start the service again, as
    its files need not change.

    :returns: the host, as it is then.
    """
    if anew is None or check:
        return host
    service.check_can_stop()
    record = move_record.read(host.generations)
    with host.locked(record):
        journal = host.generations.journal()
        if journal is None:
            _note_cluster(host, record)
            base = transaction.keep_found(host.generations, host.files)
            journal = Journal(base, host.generations.next_number(), True)
        host.generations.begin(dataclasses.replace(journal, restart=True))
    return dataclasses.replace(host, interrupted=True, base=journal.base)


def _note_cluster(host: _Host, record: t.Optional[MoveRecord]) -> None:
    """Keep the cluster of a complete move with the configuration, before its record goes. The caller holds the lock."""
    complete = host.completed(record)
    if complete is not None and complete.new_cluster and complete.new_cluster == host.cluster_before:
        live = transaction.keep_found(host.generations, host.files)
        host.generations.note_cluster(live, complete.new_cluster)


def _to_go_back_to(host: _Host, record: t.Optional[MoveRecord]) -> t.Optional[int]:
    """Return the number of the configuration for the old Kafka; ``None`` if the host has not begun this move.

    If the addresses stay, there is none: no configuration leads to the old Kafka any more.
    """
    if record is not None and record.keeps_addresses:
        return None
    if host.interrupted:
        return host.base
    return record.generation if record is not None and _is_to_the_declared(host, record) else None


def _is_to_the_declared(host: _Host, record: MoveRecord) -> bool:
    return bootstrap_addresses(record.new_servers) == bootstrap_addresses(host.new_servers)


def _forget_what_is_no_longer_true(host: _Host, runs: bool, record: t.Optional[MoveRecord]) -> None:
    """Remove a record of the same move if the service has run since, and so has read on."""
    if record is None or not runs or host.interrupted:
        return
    if record.same_move(None, host.old_servers, host.new_servers):
        with host.locked(record):
            move_record.remove(host.generations)


def _note_ends(host: _Host) -> None:
    """Write down where the old Kafka ends while OnlineFS still reads it, if Kafka does not know how far it has read.

    Rows that are written from now on until the move is recorded may never be read.
    """
    record = move_record.read(host.generations)
    old = host.left_behind(host.old(topics=True))
    with host.locked(record):
        move_record.remove_ends(host.generations)
        if old.offsets is not None and not _knows_positions(old.offsets):
            ends = MoveRecord(
                old.cluster_id, None, host.old_servers, host.new_servers, 0, move_record.now(), old.offsets
            )
            move_record.write_ends(host.generations, ends)


def _knows_positions(offsets: ClusterOffsets) -> bool:
    """Return whether Kafka knows how far OnlineFS has read everywhere."""
    return all(offsets.position(part) is not None for part in offsets.partitions)


def _check_is_down(service: Service) -> None:
    state = service.state()
    if service.name and not state.down:
        raise HostError(f"service {service.name}", f"it still runs after it was stopped: {state.text}")


def _left(host: _Host, service: Service, check: bool) -> Result:
    """Stop the service, wait until nobody reads any more, and write down where that was."""
    service.check()
    anew = _declared_anew(host)
    host = _prepared(host, service, check, anew)
    result = _stop(host, service, check, anew)
    if anew is not None:
        return _left_for_good(host, result, check, anew)
    record = move_record.read(host.generations)
    again = host.params["record_again"] and not (record is not None and record.keeps_addresses)
    if host.is_there:
        return _record_again(host, record, result, check) if record is not None and again else result
    if record is not None and record.same_move(None, host.old_servers, host.new_servers) and not again:
        return result
    if check:
        return {**result, "changed": True}
    old = _wait_for_members(host, result)
    if old.cluster_id is not None:
        old = host.left_behind(_read_all(host, lambda: host.old(topics=True)))
        ends = move_record.read_ends(host.generations)
        if old.offsets is not None and ends is not None and ends.offsets is not None:
            old = dataclasses.replace(old, offsets=as_of(ends.offsets, old.offsets))
        elif old.offsets is not None and not again and not _knows_positions(old.offsets):
            result["warnings"].append(
                "OnlineFS was not running before it was moved, and Kafka does not know how far it has read. Rows that "
                "clients have written meanwhile are not counted as left behind"
            )
    new = host.new(topics=False)
    _check_is_known(host, old)
    if old.cluster_id is not None and old.cluster_id == new.cluster_id:
        return result
    with host.locked(record):
        _note_cluster(host, record)
        base = host.base if host.interrupted else transaction.keep_found(host.generations, host.files)
        record = MoveRecord(
            old.cluster_id, new.cluster_id, host.old_servers, host.new_servers, base, move_record.now(), old.offsets
        )
        move_record.write(host.generations, record)
        move_record.remove_ends(host.generations)
    return {**result, **_of_record(record), "changed": True}


def _left_for_good(host: _Host, result: Result, check: bool, anew: str) -> Result:
    """Write down that another cluster has taken the addresses of the one that OnlineFS has read from.

    :param result: that of stopping the service.
    :param anew: the id of the new cluster.
    """
    record = move_record.read(host.generations)
    if record is not None and _is_of_the_same_addresses(host, record, anew):
        return result
    if check:
        return {**result, "changed": True}
    before = host.cluster_before
    _check_is_known(host, host.left_behind(Reading(anew)))
    _wait_for_members(host, result)
    with host.locked(record):
        base = transaction.keep_found(host.generations, host.files)
        record = MoveRecord(before, anew, host.old_servers, host.new_servers, base, move_record.now(), None)
        move_record.write(host.generations, record)
    return {**result, "record": record.to_result(), "changed": True}


def _record_again(host: _Host, record: MoveRecord, result: Result, check: bool) -> Result:
    """Write down again what a host has left that has changed already: other hosts have read there since."""
    if not _is_to_the_declared(host, record):
        return result
    if not check:
        old = _read_all(host, lambda: host.left(record))
        if record.old_cluster is not None and old.cluster_id not in (None, record.old_cluster):
            told = f"cluster {old.cluster_id} answers at the addresses of cluster {record.old_cluster}"
            old = Reading(record.old_cluster, reason=told)
        _check_is_known(host, old)
        if old.offsets is None:
            return result
        with host.locked(record):
            record = dataclasses.replace(
                record, old_cluster=old.cluster_id or record.old_cluster, left=move_record.now(), offsets=old.offsets
            )
            move_record.write(host.generations, record)
    return {**result, **_of_record(record), "changed": True}


def _read_all(host: _Host, read: t.Callable[[], Reading]) -> Reading:
    """Read a cluster with its topics. Partitions without a leader are asked for again: there is an election now."""
    deadline = Deadline(host.params["service_timeout"])
    while True:
        reading = read()
        if reading.offsets is None or not reading.offsets.unknown or deadline.over:
            return reading
        time.sleep(min(_AGAIN_SECONDS, deadline.left()))


def _check_is_known(host: _Host, old: Reading) -> None:
    """Check that it is known what OnlineFS leaves.

    :raises HostError: it is not, and that is not accepted.
    """
    if host.params["accept_unreadable"]:
        return
    told = "it cannot be read, so what OnlineFS leaves there would not be known"
    reason = old.reason
    if old.offsets is not None:
        if not old.offsets.unknown:
            return
        topic, number = min(old.offsets.unknown)
        reason = f"partitions without a leader, such as {_shown(topic)} {number} ({len(old.offsets.unknown)} in all)"
    raise HostError(
        "old Kafka",
        f"{told}: {reason}",
        "Fix that, or set accept_unreadable (in the playbooks: hopsworks_kafka_old_cluster=unreadable)",
    )


def _wait_for_members(host: _Host, result: Result) -> Reading:
    """Wait until the groups have no members: until then, somebody may read on.

    :returns: what was read of the old Kafka, without its topics.
    :raises HostError: they still have some.
    """
    deadline = Deadline(host.params["service_timeout"])
    while True:
        reading = host.old(topics=False, members=True)
        members = {group: names for group, names in reading.members.items() if names}
        unseen = [group for group, names in reading.members.items() if names is None]
        if not members and (deadline.over or reading.never_described.issuperset(unseen)):
            break
        if deadline.over:
            told = "; ".join(
                f"{_shown(group)}: {', '.join(sorted(names or ())[:_MAX_MEMBERS])}" for group, names in members.items()
            )
            raise HostError(
                "old Kafka",
                f"its consumer groups still have members after {host.params['service_timeout']} s: {told}",
                "Stop OnlineFS on every host that reads from it, then run the task again",
            )
        time.sleep(min(_AGAIN_SECONDS, deadline.left()))
    if reading.cluster_id is None:
        result["warnings"].append(f"Could not verify that OnlineFS has left the old Kafka: {reading.reason}")
    elif unseen:
        result["warnings"].append(
            "Could not verify that OnlineFS has left the old Kafka, which does not describe the group "
            f"{_shown(unseen[0])}"
        )
    else:
        result["members_left"] = True
    return reading


def _returned(host: _Host, service: Service, check: bool) -> Result:
    """Start the service with the old configuration again, and forget the move."""
    service.check()
    record = move_record.read(host.generations)
    restarts = _only_restarts(host)
    keeps_addresses = record is not None and record.keeps_addresses
    if record is not None and host.is_there and not restarts and not keeps_addresses:
        raise HostError(
            "onlinefs-kafka.properties",
            "it is still the configuration for the new Kafka",
            f"Restore generation {record.generation} with onlinefs_config first",
        )
    # If the addresses stay, a host that has changed has moved: no configuration leads back. If this move was given up
    # before it was recorded, the record is that of an earlier one.
    forgets = record is not None and keeps_addresses == restarts
    starts = service.state().down
    if not check:
        if starts:
            service.start()
            _health_check(host, service).wait(host.files, {})
        if starts or forgets or restarts:
            with host.locked(record):
                move_record.remove_ends(host.generations)
                if starts and restarts:
                    host.generations.end()
                if forgets:
                    move_record.remove(host.generations)
    return _result(starts or forgets, service, record if check or not forgets else None)


def _only_restarts(host: _Host) -> bool:
    """Return whether the change that was begun on a host is the one of :func:`_prepared`."""
    return (
        host.is_there
        and host.interrupted
        and generations.same(host.files, transaction.read_configuration(open_files(host.places.paths.directory)))
    )


def _closed(host: _Host, service: Service, check: bool) -> Result:
    """Forget the move: what is left in the old Kafka does not matter any more."""
    record = move_record.read(host.generations)
    if record is not None and not check:
        with host.locked(record):
            _note_cluster(host, record)
            move_record.remove(host.generations)
    return _result(record is not None, service, record if check else None)


def _carried(host: _Host, _service: Service, check: bool) -> Result:
    """Carry to the declared Kafka what the recorded move has left in the old one, and count again what is left."""
    # Imported only here: the other states carry nothing, and a host compiles what it imports.
    from . import carry_child  # noqa: PLC0415
    from .carry_over import CarryRequest  # noqa: PLC0415

    if host.declared is None:
        raise InputError("option generation", "not for state=carried", "Declare the Kafka that gets the rows")
    record = move_record.read(host.generations)
    if record is None:
        told = carry_child.nothing("no move is recorded on this host, so there is nothing to carry over")
        return {**told, **_of_record(None), "complete": True, "stranded": None}
    _check_has_moved(host, record)
    left = _stranded(host, record)
    unknown = left.rows.unknown
    if unknown and not left.rows.ranges:
        where = f"{unknown[0].topic}: " if unknown[0].topic else ""
        raise HostError(
            "old Kafka",
            f"not known what was left there: {where}{unknown[0].reason}",
            "Make it readable. If that is not possible, carry the rows that you know of with the module "
            "kafka_carry_over, or end the count with state=closed",
        )
    result = carry_child.nothing("no rows are left in the old Kafka")
    if left.rows.ranges:
        spans: t.Dict[t.Tuple[str, int], t.List[carry_marks.Span]] = {}
        for topic, number, *span in left.rows.ranges:
            spans.setdefault((topic, number), []).append((span[0], span[1]))
        wanted = {part: carry_marks.add(tuple(found)) for part, found in spans.items()}
        request = CarryRequest(wanted, dry=check)
        result = carry_child.carry_in_child(
            host.source_left(record), host.declared, request, host.params["carry_timeout"]
        )
        if not check:
            left = _stranded(host, record)
    complete = not result.get("failed", False)
    return {**result, **_of_record(record), "complete": complete, "stranded": left.to_result()}


def _check_has_moved(host: _Host, record: MoveRecord) -> None:
    """Check that OnlineFS reads where the rows would go.

    :raises HostError: it does not, or that is not known.
    """
    if not host.is_there:
        raise HostError(
            "onlinefs-kafka.properties",
            "it is not the configuration for the declared Kafka, so OnlineFS would not read the rows there",
            "Complete the move with hopsworks.kafka.site first",
        )
    if _is_to_the_declared(host, record):
        return
    new = host.new(topics=False)
    if new.cluster_id is None or new.cluster_id != record.new_cluster:
        raise HostError(
            "move",
            f"the recorded one went to {_shown(record.new_servers)}, which is not known to be the declared Kafka",
            "Carry the rows with the module kafka_carry_over, which takes the ranges of the summary",
        )


_STATES: t.Mapping[str, t.Callable[[_Host, Service, bool], Result]] = {
    "stopped": _stopped,
    "left": _left,
    "returned": _returned,
    "closed": _closed,
    "carried": _carried,
}


def _result(changed: bool, service: Service, record: t.Optional[MoveRecord]) -> Result:
    return {
        "changed": changed,
        "warnings": [],
        "service": service.state().text,
        "members_left": None,
        **_of_record(record),
    }


def _of_record(record: t.Optional[MoveRecord]) -> Result:
    return {
        "record": record.to_result() if record else None,
        "generation": record.generation if record else None,
    }


def _health_check(host: _Host, service: Service) -> HealthCheck:
    params = host.params
    return HealthCheck(service, params["metrics_url"] or "", params["service_timeout"], params["service_settle"])


def _host(params: Options, secrets: t.Set[str]) -> _Host:
    """Read the options and the host.

    :raises HopsworksKafkaError: something in them cannot work.
    """
    params = {**dict.fromkeys(_NOT_GIVEN), **params}
    secrets |= options.secrets(params)
    paths = options.paths(params)
    home = params["home"]
    certificates = params["certs_dir"] or default_certs_dir(home)
    kept = Generations(paths.state, paths.earlier)
    declared, target = None, None
    if params["generation"] is None:
        declared = kafka_declaration.declare(
            {**params["properties"], **(params["consumer_properties"] or {})},
            options.store("truststore", params["truststore"]),
            options.store("keystore", params["keystore"]),
        )
    else:
        target = kept.files(options.generation_number(params["generation"], kept.all()))
    files, base = _configuration(kept, paths.directory)
    return _Host(
        params=params,
        places=Places(paths, home, params["container_home"], certificates),
        generations=kept,
        declared=declared,
        target=target,
        files=files,
        interrupted=base >= 0,
        base=base,
    )


def _configuration(kept: Generations, directory: str) -> t.Tuple[FileSet, int]:
    """Return the files that the service reads, or read before a change that was interrupted, and their number then."""
    journal = kept.journal()
    if journal is not None:
        return kept.files(journal.base), journal.base
    return transaction.read_configuration(open_files(directory)), -1


def default_certs_dir(home: str) -> str:
    """Return where the installer of Hopsworks keeps the certificates of the service in ``home``."""
    return f"{home.rstrip('/').rpartition('/')[0]}/super_crypto/onlinefs"


def _drain(host: _Host, seconds: t.Optional[int]) -> t.Tuple[Reading, t.Optional[bool]]:
    """Read the old Kafka, and wait until what it had then has been read, if that is asked for."""
    first = now = host.old(topics=True)
    if seconds is None or first.offsets is None:
        return now, None
    deadline = Deadline(seconds)
    while True:
        drained = None if now.offsets is None else move_planner.is_drained(first.offsets, now.offsets)
        if drained is not False or deadline.over:
            return now, drained
        time.sleep(min(_AGAIN_SECONDS, deadline.left()))
        now = host.old(topics=True)


def _unread(old: Reading) -> move_planner.Rows:
    return move_planner.everything(old.reason) if old.offsets is None else move_planner.unread(old.offsets)


def _overlap(old: Reading, new: Reading) -> t.Optional[t.List[Result]]:
    """Return the rows that may be skipped; ``None`` if the declared Kafka cannot be read."""
    if new.offsets is None:
        return None
    return [each.to_result() for each in move_planner.overlap(old.offsets, new.offsets)]


def _missing(host: _Host, old: Reading, new: Reading) -> t.List[str]:
    """Return the topics that OnlineFS would not find in the declared Kafka."""
    if old.offsets is None or new.offsets is None or host.declared is None:
        return []
    found = move_planner.missing(old.offsets, new.offsets)
    wanted = topics_of(host.files, host.params["topics"], host.params["topic_pattern"])
    if wanted.names:
        return [topic for topic in found if topic in wanted.names]
    # Whether another pattern matches them is not decided here, as that may take any time.
    return list(found) if wanted == topics_of(host.files) else []


def _stranded(host: _Host, record: MoveRecord, new: t.Optional[Reading] = None) -> move_planner.Stranded:
    """Return what a move has left.

    :param new: the declared Kafka with what was carried, if it was read already.
    """
    unknown = functools.partial(move_planner.stranded, record, None, {})
    try:
        old = host.left(record)
    except InputError as error:
        return unknown(reason=str(error))
    if old.offsets is None:
        return unknown(reason=old.reason)
    new = host.new(topics=False, carried=True) if new is None else new
    elsewhere = not _is_to_the_declared(host, record)
    if elsewhere and (new.cluster_id is None or new.cluster_id != record.new_cluster):
        # What was carried is written down in a Kafka that is not the declared one. Before the next move, OnlineFS reads
        # from it. Without it, at worst, rows count that were carried.
        new = host.old(topics=False, carried=True)
        if new.cluster_id is None or new.cluster_id != record.new_cluster:
            return move_planner.stranded(record, old.offsets, {})
    if new.cluster_id is None:
        return unknown(reason=f"what was carried over is not known, as the declared Kafka cannot be read: {new.reason}")
    return move_planner.stranded(record, old.offsets, _carried_of(old.offsets, new))


def _carried_of(old: ClusterOffsets, new: Reading) -> t.Dict[TopicPartition, carry_marks.Spans]:
    """Return what was carried of the partitions of the old cluster, by the marks in the new one."""
    origins = {topic: carry_marks.origin(old.cluster_id, old.ids.get(topic, "")) for topic in old.topics}
    return {part: new.carried.get(origins[part[0]], {}).get(part, ()) for part in old.partitions}


def _shown(text: str) -> str:
    return public_text(text)[:_MAX_SHOWN]
