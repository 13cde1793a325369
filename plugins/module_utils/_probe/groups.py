# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Run the stage ``groups``: check that the principal may use its consumer groups, and read their state."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import consumer_groups
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.librdkafka_client import (
    AdminResult,
    BrokerClient,
)

from .report import StageResult, failed, passed

_GROUP_AUTHORIZATION_FAILED = 30
_SHOWN_HOSTS = 4


def check_groups(kafka: BrokerClient, groups: t.Sequence[str]) -> t.List[StageResult]:
    """Return one entry per group."""
    began = time.monotonic()
    described = consumer_groups.describe(kafka, groups)
    return [_check(kafka, group, described[group], began) for group in groups]


def _check(kafka: BrokerClient, group: str, answer: AdminResult, began: float) -> StageResult:
    if answer.unsupported:
        return passed("groups", group, "state and rights not known", began, "group_state_unknown")
    if answer.code == _GROUP_AUTHORIZATION_FAILED:
        return failed("groups", group, "group_denied", "this principal may not use or describe the group", began)
    operations = answer.operations()
    if operations is not None and not operations & {"read", "all"}:
        detail = f"not allowed: read; allowed: {', '.join(sorted(operations)) or 'nothing'}"
        return failed("groups", group, "group_denied", detail, began)
    if not consumer_groups.exists(answer):
        return passed("groups", group, "does not exist yet; its first member creates it", began)
    if answer.error is not None:
        reason: t.Literal["timeout", "request_failed"] = "timeout" if answer.timed_out else "request_failed"
        return failed("groups", group, reason, kafka.explain(answer.error), began)
    members = answer.value.members
    hosts = sorted({str(member.host).lstrip("/") for member in members})
    told = f"{answer.value.state.name.lower()}, {len(members)} members"
    told += f" ({', '.join(hosts[:_SHOWN_HOSTS])})" if hosts else ""
    return passed("groups", group, kafka.scrub(f"{told}, {_lag(kafka, group)}"), began)


def _lag(kafka: BrokerClient, group: str) -> str:
    lag = consumer_groups.lag(kafka, group)
    if lag.records is not None:
        return f"lag {lag.records} on {lag.partitions} partitions"
    return "nothing committed yet" if lag.partitions == 0 else "lag not known"
