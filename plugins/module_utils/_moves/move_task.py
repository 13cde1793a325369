# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Do the work of the module ``onlinefs_move``: stop a service, record what it leaves, bring it back, carry rows over.

A move is the change of a host's configuration from one Kafka cluster to another.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import Options, Result
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import generations, options, transaction
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.health_check import HealthCheck
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.journal import Journal
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owned_files import open_files
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.service import Service

from . import carry_marks, move_record
from .cluster_reader import Reading
from .move_host import MoveHost, read_host, shown
from .move_info import stranded
from .move_record import MoveRecord
from .offsets import ClusterOffsets, as_of

_AGAIN_SECONDS = 1.0
_MAX_MEMBERS = 5


def run(params: Options, check: bool, secrets: t.Set[str], service: t.Optional[Service] = None) -> Result:
    """Do what the options say.

    :param service: replaces the service that the options name.
    :raises HopsworksKafkaError: the options are wrong, or the host does not allow it.
    """
    host = read_host(params, secrets)
    work = _STATES[params["state"]]
    return work(host, service or options.service(host.params), check)


def _stopped(host: MoveHost, service: Service, check: bool) -> Result:
    """Stop the service, unless it reads from the declared Kafka already."""
    service.check()
    anew = _declared_anew(host)
    return _stop(_prepared(host, service, check, anew), service, check, anew)


def _declared_anew(host: MoveHost) -> t.Optional[str]:
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


def _stop(host: MoveHost, service: Service, check: bool, anew: t.Optional[str]) -> Result:
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


def _prepared(host: MoveHost, service: Service, check: bool, anew: t.Optional[str]) -> MoveHost:
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


def _note_cluster(host: MoveHost, record: t.Optional[MoveRecord]) -> None:
    """Keep the cluster of a complete move with the configuration, before its record goes. The caller holds the lock."""
    complete = host.completed(record)
    if complete is not None and complete.new_cluster and complete.new_cluster == host.cluster_before:
        live = transaction.keep_found(host.generations, host.files)
        host.generations.note_cluster(live, complete.new_cluster)


def _to_go_back_to(host: MoveHost, record: t.Optional[MoveRecord]) -> t.Optional[int]:
    """Return the number of the configuration for the old Kafka; ``None`` if the host has not begun this move.

    If the addresses stay, there is none: no configuration leads to the old Kafka any more.
    """
    if record is not None and record.keeps_addresses:
        return None
    if host.interrupted:
        return host.base
    return record.generation if record is not None and host.is_led_to_by(record) else None


def _forget_what_is_no_longer_true(host: MoveHost, runs: bool, record: t.Optional[MoveRecord]) -> None:
    """Remove a record of the same move if the service has run since, and so has read on."""
    if record is None or not runs or host.interrupted:
        return
    if record.same_move(None, host.old_servers, host.new_servers):
        with host.locked(record):
            move_record.remove(host.generations)


def _note_ends(host: MoveHost) -> None:
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


def _left(host: MoveHost, service: Service, check: bool) -> Result:
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


def _left_for_good(host: MoveHost, result: Result, check: bool, anew: str) -> Result:
    """Write down that another cluster has taken the addresses of the one that OnlineFS has read from.

    :param result: that of stopping the service.
    :param anew: the id of the new cluster.
    """
    record = move_record.read(host.generations)
    if record is not None and host.is_of_the_same_addresses(record, anew):
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


def _record_again(host: MoveHost, record: MoveRecord, result: Result, check: bool) -> Result:
    """Write down again what a host has left that has changed already: other hosts have read there since."""
    if not host.is_led_to_by(record):
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


def _read_all(host: MoveHost, read: t.Callable[[], Reading]) -> Reading:
    """Read a cluster with its topics. Partitions without a leader are asked for again: there is an election now."""
    deadline = Deadline(host.params["service_timeout"])
    while True:
        reading = read()
        if reading.offsets is None or not reading.offsets.unknown or deadline.over:
            return reading
        time.sleep(min(_AGAIN_SECONDS, deadline.left()))


def _check_is_known(host: MoveHost, old: Reading) -> None:
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
        reason = f"partitions without a leader, such as {shown(topic)} {number} ({len(old.offsets.unknown)} in all)"
    raise HostError(
        "old Kafka",
        f"{told}: {reason}",
        "Fix that, or set accept_unreadable (in the playbooks: hopsworks_kafka_old_cluster=unreadable)",
    )


def _wait_for_members(host: MoveHost, result: Result) -> Reading:
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
                f"{shown(group)}: {', '.join(sorted(names or ())[:_MAX_MEMBERS])}" for group, names in members.items()
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
            f"{shown(unseen[0])}"
        )
    else:
        result["members_left"] = True
    return reading


def _returned(host: MoveHost, service: Service, check: bool) -> Result:
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


def _only_restarts(host: MoveHost) -> bool:
    """Return whether the change that was begun on a host is the one of :func:`_prepared`."""
    return (
        host.is_there
        and host.interrupted
        and generations.same(host.files, transaction.read_configuration(open_files(host.places.paths.directory)))
    )


def _closed(host: MoveHost, service: Service, check: bool) -> Result:
    """Forget the move: what is left in the old Kafka does not matter any more."""
    record = move_record.read(host.generations)
    if record is not None and not check:
        with host.locked(record):
            _note_cluster(host, record)
            move_record.remove(host.generations)
    return _result(record is not None, service, record if check else None)


def _carried(host: MoveHost, _service: Service, check: bool) -> Result:
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
    left = stranded(host, record)
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
            left = stranded(host, record)
    complete = not result.get("failed", False)
    return {**result, **_of_record(record), "complete": complete, "stranded": left.to_result()}


def _check_has_moved(host: MoveHost, record: MoveRecord) -> None:
    """Check that OnlineFS reads where the rows would go.

    :raises HostError: it does not, or that is not known.
    """
    if not host.is_there:
        raise HostError(
            "onlinefs-kafka.properties",
            "it is not the configuration for the declared Kafka, so OnlineFS would not read the rows there",
            "Complete the move with hopsworks.kafka.site first",
        )
    if host.is_led_to_by(record):
        return
    new = host.new(topics=False)
    if new.cluster_id is None or new.cluster_id != record.new_cluster:
        raise HostError(
            "move",
            f"the recorded one went to {shown(record.new_servers)}, which is not known to be the declared Kafka",
            "Carry the rows with the module kafka_carry_over, which takes the ranges of the summary",
        )


_STATES: t.Mapping[str, t.Callable[[MoveHost, Service, bool], Result]] = {
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


def _health_check(host: MoveHost, service: Service) -> HealthCheck:
    params = host.params
    return HealthCheck(service, params["metrics_url"] or "", params["service_timeout"], params["service_settle"])
