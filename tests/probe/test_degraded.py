# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three brokers, of which one dies: named at its address, and by what it does to the topics."""

from __future__ import annotations

import time
import typing as t

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from tests.kafka import admin, cluster
from tests.kafka.fixtures import running_kafka
from tests.probe.support import Outcome, declared, run

TIMEOUT = 5


@pytest.fixture(scope="module")
def crippled() -> t.Iterator[cluster.Description]:
    """Three nodes, of which the third was healthy and is dead now."""
    with running_kafka(nodes=3) as description:
        client = admin.client(description)
        topics = [
            NewTopic("strict", 1, replica_assignment=[[1, 2, 3]], config={"min.insync.replicas": "3"}),
            NewTopic("lost", 1, replica_assignment=[[3]]),
        ]
        for future in client.create_topics(topics).values():
            future.result(timeout=20)
        # Three users of the listener with a login, so that a leader elsewhere is reached with it too.
        options = declared(description, "sasl_plaintext", "SCRAM-SHA-512")
        healthy = run({**options, "topics": ["orders"], "groups": ["onlinefs"], "round_trip": True, "timeout": 10})
        assert healthy.result["ok"], healthy.result["msg"]
        assert [entry["ok"] for entry in healthy.entries("listeners")] == [True] * 3
        cluster.stop_node(description, 3)
        end = time.monotonic() + 30
        while brokers_known(description) != 2:
            assert time.monotonic() < end, "the cluster did not notice that a broker died"
            time.sleep(0.2)
        yield description


def brokers_known(description: cluster.Description) -> int | None:
    """How many brokers the two that are left know of; None while they elect whoever the dead one was."""
    servers = ",".join(description["listeners"]["plaintext"]["servers"][:2])
    try:
        return len(AdminClient({"bootstrap.servers": servers}).list_topics(timeout=5).brokers)
    except KafkaException:
        return None


def on_two(description: cluster.Description, **more: t.Any) -> Outcome:
    """A probe through the two brokers that are left."""
    servers = ",".join(description["listeners"]["plaintext"]["servers"][:2])
    return run({**declared(description, "plaintext", bootstrap_servers=servers), "timeout": TIMEOUT, **more})


def test_the_dead_broker_is_named(crippled: cluster.Description) -> None:
    outcome = run({**declared(crippled, "plaintext"), "timeout": TIMEOUT})
    assert outcome.failure == ("connect", "refused"), outcome.result["msg"]
    assert [entry["ok"] for entry in outcome.entries("connect")] == [True, True, False]
    assert outcome.entries("connect")[2]["target"] == crippled["listeners"]["plaintext"]["servers"][2]
    assert outcome.entries("metadata")[0]["ok"] is True, "the others are good enough to go on with"
    assert outcome.seconds < TIMEOUT + 1


def test_replicas_that_are_missing_are_told(crippled: cluster.Description) -> None:
    outcome = on_two(crippled, topics=["orders"])
    assert outcome.result["ok"], outcome.result["msg"]
    assert outcome.entries("topics")[0]["reason"] == "under_replicated"


@pytest.mark.parametrize(("topic", "reason"), [("strict", "below_min_in_sync"), ("lost", "no_leader")])
def test_topics_that_cannot_be_used(crippled: cluster.Description, topic: str, reason: str) -> None:
    outcome = on_two(crippled, topics=[topic])
    assert outcome.failure == ("topics", reason), outcome.result["msg"]
    assert outcome.seconds < TIMEOUT + 1


def test_one_advertised_listener_that_is_refused(crippled: cluster.Description) -> None:
    """The same fault behind a listener: every broker tells an address where nothing is."""
    servers = ",".join(crippled["listeners"]["advertised_refused"]["servers"][:2])
    outcome = run({**declared(crippled, "advertised_refused", bootstrap_servers=servers), "timeout": TIMEOUT})
    assert outcome.failure == ("listeners", "refused"), outcome.result["msg"]
