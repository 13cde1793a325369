# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Topics and consumer groups: what is there, and what this principal may do with it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.librdkafka_client import (
    BrokerClient,
    Metadata,
    Partition,
)

from .options import TopicRequirement
from .report import StageResult, failed, passed

with contextlib.suppress(ImportError):  # probe_login tells it
    from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicCollection
    from confluent_kafka.admin import ConfigResource, OffsetSpec, ResourceType  # type: ignore[attr-defined]

#: Error codes of librdkafka (rd_kafka_resp_err_t) and Kafka's protocol, by number: the library may not be installed.
_UNSUPPORTED = (-165, 35)  # _UNSUPPORTED_FEATURE, UNSUPPORTED_VERSION
_TIMEOUTS = (-185, 7)  # _TIMED_OUT, REQUEST_TIMED_OUT
_MIN_IN_SYNC = "min.insync.replicas"
_RIGHT_REASONS = {"read": "no_read", "write": "no_write", "describe": "no_describe"}
#: What another right includes (Kafka's AclAuthorizer and StandardAuthorizer).
_INCLUDED = {"describe": ("read", "write", "delete", "alter"), "describe_configs": ("alter_configs",)}


def check_topics(
    session: BrokerClient, metadata: Metadata, wishes: t.Sequence[TopicRequirement]
) -> t.List[StageResult]:
    """One entry per topic: there, led, replicated, and the principal may do what it must."""
    began = time.monotonic()
    names = [wish.name for wish in wishes]
    described: t.Dict[str, _Answer] = {}
    if has_controller(metadata):
        configured = _begin_configs(session, names)
        described = _ask(session, "describe_topics", TopicCollection(names), names)
        min_in_sync = _min_in_sync(session, configured)
    else:
        min_in_sync = {}
    # What could not be asked with the rights is asked without them.
    unanswered = [name for name in names if name not in described or described[name].code in _UNSUPPORTED]
    listed = session.topics() if unanswered else {}
    entries = []
    for wish in wishes:
        name = wish.name
        if name in unanswered:
            found = _Topic(listed.get(name), None, min_in_sync.get(name))
            entries.append(_judge(wish, found, began))
        else:
            entries.append(_described(session, wish, described[name], min_in_sync.get(name), began))
    return entries


def check_groups(session: BrokerClient, metadata: Metadata, groups: t.Sequence[str]) -> t.List[StageResult]:
    """One entry per group: the principal may use it; and its state, members and lag."""
    began = time.monotonic()
    described = _ask(session, "describe_consumer_groups", list(groups), groups)
    return [_group(session, group, described[group], began) for group in groups]


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


class _Topic(t.NamedTuple):
    """What is known of a topic; None for what is not."""

    partitions: t.Optional[t.List[Partition]]
    rights: t.Optional[t.Set[str]]
    min_in_sync: t.Optional[int]


def _ask(session: BrokerClient, call: str, what: t.Any, names: t.Sequence[str]) -> t.Dict[str, _Answer]:
    """An admin call about several things at once, with the rights of the principal."""
    method = getattr(session.admin, call)
    futures = method(what, include_authorized_operations=True, request_timeout=session.deadline.left())
    return {name: _result(futures[name], session) for name in names}


def _result(future: t.Any, session: BrokerClient) -> _Answer:
    # Asked for its exception, for one that it raised would hold this frame, and with it the client, for long.
    try:
        # A little longer than the request's own time-out, which gives the better message.
        error = future.exception(session.deadline.left() + 0.1)
    except concurrent.futures.TimeoutError:
        return _Answer(error=KafkaError(KafkaError._TIMED_OUT))
    if isinstance(error, KafkaException):
        return _Answer(error=error.args[0])
    return _Answer(value=future.result())


# --- topics ----------------------------------------------------------------------------------------------------------


def _begin_configs(session: BrokerClient, names: t.Sequence[str]) -> t.Dict[str, t.Any]:
    """Ask for the settings of the topics; the answers are taken later."""
    resources = {name: ConfigResource(ResourceType.TOPIC, name) for name in names}
    futures = session.admin.describe_configs(list(resources.values()), request_timeout=session.deadline.left())
    return {name: futures[resource] for name, resource in resources.items()}


def _min_in_sync(session: BrokerClient, futures: t.Mapping[str, t.Any]) -> t.Dict[str, int]:
    """min.insync.replicas per topic, as far as the principal may read settings."""
    found = {}
    for name, future in futures.items():
        answer = _result(future, session)
        if answer.error is None and _MIN_IN_SYNC in answer.value:
            found[name] = int(answer.value[_MIN_IN_SYNC].value)
    return found


def _described(
    session: BrokerClient, wish: TopicRequirement, answer: _Answer, min_in_sync: t.Optional[int], began: float
) -> StageResult:
    if answer.error is None:
        partitions = [
            Partition(part.id, part.leader.id if part.leader else -1, len(part.replicas), len(part.isr))
            for part in answer.value.partitions
        ]
        return _judge(wish, _Topic(partitions, answer.rights(), min_in_sync), began)
    if answer.code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        # Kafka says so as well of a topic that does not exist, to whoever may not know.
        detail = "this principal may not describe it, so whether it exists is not known either"
        return failed("topics", wish.name, "no_describe", detail, began)
    if answer.code == KafkaError.UNKNOWN_TOPIC_OR_PART:
        return _judge(wish, _Topic(None, None, None), began)
    reason = "timeout" if answer.code in _TIMEOUTS else "request_failed"
    return failed("topics", wish.name, reason, session.scrub(answer.error.str()), began)


def _judge(wish: TopicRequirement, topic: _Topic, began: float) -> StageResult:
    if topic.partitions is None:
        return failed("topics", wish.name, "unknown_topic", "the cluster has no such topic", began)
    told = _shape(topic.partitions, topic.min_in_sync)
    fault = _broken(topic.partitions, topic.min_in_sync)
    if fault:
        return failed("topics", wish.name, fault[0], f"{fault[1]}; {told}", began)
    if topic.rights is None:
        return passed("topics", wish.name, f"{told}; rights not known", began, "rights_unknown")
    missing = [operation for operation in wish.operations if not _allowed(operation, topic.rights)]
    allowed = f"allowed: {', '.join(sorted(topic.rights))}"
    if missing:
        reason = _RIGHT_REASONS.get(missing[0], "missing_operation")
        return failed("topics", wish.name, reason, f"not allowed: {', '.join(missing)}; {allowed}", began)
    lagging = [part.number for part in topic.partitions if part.in_sync < part.replicas]
    if lagging:
        detail = f"{told}; under-replicated: {_partitions(lagging)}; {allowed}"
        return passed("topics", wish.name, detail, began, "under_replicated")
    return passed("topics", wish.name, f"{told}; {allowed}", began)


def _shape(partitions: t.Sequence[Partition], min_in_sync: t.Optional[int]) -> str:
    replicas = sorted({part.replicas for part in partitions})
    told = f"{len(partitions)} partitions, replication {' or '.join(map(str, replicas))}"
    return f"{told}, {_MIN_IN_SYNC} {'not told' if min_in_sync is None else min_in_sync}"


def _broken(partitions: t.Sequence[Partition], min_in_sync: t.Optional[int]) -> t.Optional[t.Tuple[str, str]]:
    leaderless = [part.number for part in partitions if part.leader < 0]
    if leaderless:
        return "no_leader", f"without a leader: {_partitions(leaderless)}"
    below = [part.number for part in partitions if min_in_sync is not None and part.in_sync < min_in_sync]
    if below:
        return "below_min_in_sync", f"fewer than {min_in_sync} replicas in sync: {_partitions(below)}"
    return None


def _partitions(numbers: t.Sequence[int]) -> str:
    shown = ", ".join(map(str, sorted(numbers)[:8]))
    return f"partition {shown}" + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")


def _allowed(operation: str, rights: t.Set[str]) -> bool:
    return bool(rights & {operation, "all", *_INCLUDED.get(operation, ())})


# --- groups ----------------------------------------------------------------------------------------------------------


def _group(session: BrokerClient, group: str, answer: _Answer, began: float) -> StageResult:
    if answer.code in _UNSUPPORTED:
        return passed("groups", group, "state and rights not known", began, "group_state_unknown")
    if answer.code == KafkaError.GROUP_AUTHORIZATION_FAILED:
        return failed("groups", group, "group_denied", "this principal may not use or describe the group", began)
    if answer.code == KafkaError.GROUP_ID_NOT_FOUND:
        return passed("groups", group, "does not exist yet; its first member makes it", began)
    if answer.error is not None:
        reason = "timeout" if answer.code in _TIMEOUTS else "request_failed"
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


def _lag(session: BrokerClient, group: str) -> str:
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
