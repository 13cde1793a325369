# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Topics and consumer groups: what is there, and what this principal may do with it."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.probe_login import Metadata, Session
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.probe_options import TopicWish
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.probe_report import Entry, failed, passed

with contextlib.suppress(ImportError):  # probe_login tells it
    from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicCollection
    from confluent_kafka.admin import ConfigResource, OffsetSpec, ResourceType  # type: ignore[attr-defined]

_MIN_IN_SYNC = "min.insync.replicas"
_RIGHT_REASONS = {"read": "no_read", "write": "no_write", "describe": "no_describe"}
#: What another right includes (Kafka's AclAuthorizer and StandardAuthorizer).
_INCLUDED = {"describe": ("read", "write", "delete", "alter"), "describe_configs": ("alter_configs",)}


def check_topics(session: Session, metadata: Metadata, wishes: t.Sequence[TopicWish]) -> t.List[Entry]:
    """One entry per topic: there, led, replicated, and the principal may do what it must."""
    began = time.monotonic()
    names = [wish.name for wish in wishes]
    answering = has_controller(metadata)
    described = _ask(session, answering, "describe_topics", lambda: TopicCollection(names), names)
    configured = _min_in_sync(session, answering, names)
    return [_topic(wish, metadata, described.get(wish.name), configured.get(wish.name), began) for wish in wishes]


def check_groups(session: Session, metadata: Metadata, groups: t.Sequence[str]) -> t.List[Entry]:
    """One entry per group: the principal may use it; and its state, members and lag."""
    began = time.monotonic()
    described = _ask(session, True, "describe_consumer_groups", lambda: list(groups), groups)
    return [_group(session, group, described.get(group), began) for group in groups]


def has_controller(metadata: Metadata) -> bool:
    """Whether the cluster names a controller; librdkafka's mock cluster does not, and then nobody answers for it."""
    return metadata.controller_id in metadata.brokers


class _Answer(t.NamedTuple):
    """The result of an admin call about one thing, or the error that came instead."""

    value: t.Any = None
    error: t.Any = None

    @property
    def code(self) -> t.Any:
        return self.error.code() if self.error is not None else None

    def rights(self) -> t.Optional[t.Set[str]]:
        """Kafka's ACL operations, in lower case; None where the broker did not tell."""
        told = getattr(self.value, "authorized_operations", None)
        return None if told is None else {operation.name.lower() for operation in told}


def _ask(
    session: Session, answering: bool, call: str, what: t.Callable[[], t.Any], names: t.Sequence[str]
) -> t.Dict[str, _Answer]:
    """An admin call of several things, with the rights of the principal; nothing where that cannot be asked."""
    method = getattr(session.admin, call, None)
    if not answering or method is None:
        return {}
    left = session.deadline.left()
    futures = method(what(), include_authorized_operations=True, request_timeout=left)
    return {name: _result(futures[name], session) for name in names}


def _result(future: t.Any, session: Session) -> _Answer:
    # A little longer than the request's own time-out, which gives the better message.
    end = session.deadline.end + 0.1
    while not future.done() and time.monotonic() < end:
        time.sleep(0.001)
    if not future.done():
        return _Answer(error=KafkaError(KafkaError._TIMED_OUT))
    try:
        return _Answer(value=future.result())
    except KafkaException as error:
        return _Answer(error=error.args[0])


# --- topics ----------------------------------------------------------------------------------------------------------


def _min_in_sync(session: Session, answering: bool, names: t.Sequence[str]) -> t.Dict[str, int]:
    """min.insync.replicas per topic, as far as the principal may read settings."""
    if not answering:
        return {}
    resources = {name: ConfigResource(ResourceType.TOPIC, name) for name in names}
    futures = session.admin.describe_configs(list(resources.values()), request_timeout=session.deadline.left())
    found = {}
    for name, resource in resources.items():
        answer = _result(futures[resource], session)
        if answer.error is None and _MIN_IN_SYNC in answer.value:
            found[name] = int(answer.value[_MIN_IN_SYNC].value)
    return found


def _topic(
    wish: TopicWish, metadata: Metadata, answer: t.Optional[_Answer], min_in_sync: t.Optional[int], began: float
) -> Entry:
    known = metadata.topics.get(wish.name)
    if answer is not None and answer.code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        # Kafka says so as well of a topic that does not exist, to whoever may not know.
        detail = "this principal may not describe it, so whether it exists is not known either"
        return failed("topics", wish.name, "no_describe", detail, began)
    if known is None or known.error is not None:
        return failed("topics", wish.name, "unknown_topic", "the cluster has no such topic", began)
    partitions = list(known.partitions.values())
    told = _shape(partitions, min_in_sync)
    fault = _broken(partitions, min_in_sync)
    if fault:
        return failed("topics", wish.name, fault[0], f"{fault[1]}; {told}", began)
    rights = answer.rights() if answer is not None else None
    if rights is None:
        return passed("topics", wish.name, f"{told}; rights not known", began, "rights_unknown")
    missing = [operation for operation in wish.operations if not _allowed(operation, rights)]
    allowed = f"allowed: {', '.join(sorted(rights))}"
    if missing:
        reason = _RIGHT_REASONS.get(missing[0], "missing_operation")
        return failed("topics", wish.name, reason, f"not allowed: {', '.join(missing)}; {allowed}", began)
    lagging = [part.id for part in partitions if len(part.isrs) < len(part.replicas)]
    if lagging:
        detail = f"{told}; under-replicated: {_partitions(lagging)}; {allowed}"
        return passed("topics", wish.name, detail, began, "under_replicated")
    return passed("topics", wish.name, f"{told}; {allowed}", began)


def _shape(partitions: t.Sequence[t.Any], min_in_sync: t.Optional[int]) -> str:
    replicas = sorted({len(part.replicas) for part in partitions})
    told = f"{len(partitions)} partitions, replication {' or '.join(map(str, replicas))}"
    return f"{told}, {_MIN_IN_SYNC} {'not told' if min_in_sync is None else min_in_sync}"


def _broken(partitions: t.Sequence[t.Any], min_in_sync: t.Optional[int]) -> t.Optional[t.Tuple[str, str]]:
    leaderless = [part.id for part in partitions if part.leader < 0]
    if leaderless:
        return "no_leader", f"without a leader: {_partitions(leaderless)}"
    below = [part.id for part in partitions if min_in_sync is not None and len(part.isrs) < min_in_sync]
    if below:
        return "below_min_in_sync", f"fewer than {min_in_sync} replicas in sync: {_partitions(below)}"
    return None


def _partitions(numbers: t.Sequence[int]) -> str:
    shown = ", ".join(map(str, sorted(numbers)[:8]))
    return f"partition {shown}" + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")


def _allowed(operation: str, rights: t.Set[str]) -> bool:
    return bool(rights & {operation, "all", *_INCLUDED.get(operation, ())})


# --- groups ----------------------------------------------------------------------------------------------------------


def _group(session: Session, group: str, answer: t.Optional[_Answer], began: float) -> Entry:
    if answer is None or answer.code in (KafkaError._UNSUPPORTED_FEATURE, KafkaError.UNSUPPORTED_VERSION):
        return passed("groups", group, "state and rights not known", began, "group_state_unknown")
    if answer.code == KafkaError.GROUP_AUTHORIZATION_FAILED:
        return failed("groups", group, "group_denied", "this principal may not use or describe the group", began)
    if answer.code == KafkaError.GROUP_ID_NOT_FOUND:
        return passed("groups", group, "does not exist yet; its first member makes it", began)
    if answer.error is not None:
        reason = (
            "timeout" if answer.code in (KafkaError._TIMED_OUT, KafkaError.REQUEST_TIMED_OUT) else "connection_failed"
        )
        return failed("groups", group, reason, session.scrub(answer.error.str()), began)
    rights = answer.rights()
    if rights is not None and not _allowed("read", rights):
        detail = f"not allowed: read; allowed: {', '.join(sorted(rights)) or 'nothing'}"
        return failed("groups", group, "group_denied", detail, began)
    state = answer.value.state.name.lower()
    if state == "dead":
        return passed("groups", group, "does not exist yet; its first member makes it", began)
    members = answer.value.members
    hosts = sorted({member.host.lstrip("/") for member in members})
    told = f"{state}, {len(members)} members" + (f" ({', '.join(hosts[:4])})" if hosts else "")
    return passed("groups", group, f"{told}, {_lag(session, group)}", began)


def _lag(session: Session, group: str) -> str:
    """How far the group is behind, over all partitions that it has committed an offset of."""
    left = session.deadline.left()
    futures = session.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=left)
    answer = _result(futures[group], session)
    if answer.error is not None:
        return "lag not known"
    committed = [part for part in answer.value.topic_partitions if part.error is None and part.offset >= 0]
    if not committed:
        return "nothing committed yet"
    latest: t.Any = OffsetSpec
    wanted = {part: latest.latest() for part in committed}
    ends = session.admin.list_offsets(wanted, request_timeout=session.deadline.left())
    behind = 0
    for part in committed:
        end = _result(ends[part], session)
        if end.error is not None:
            return "lag not known"
        behind += max(0, end.value.offset - part.offset)
    return f"lag {behind} on {len(committed)} partitions"
