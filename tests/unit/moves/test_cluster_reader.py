# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a cluster: what comes back is what the cluster has, and what cannot be read has a reason."""

from __future__ import annotations

import os
import re
import ssl
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import login
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.tokens import Token
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.user_rights import UserRights
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration, declare
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import cluster_reader
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.cluster_reader import (
    ClusterSource,
    Reading,
    read_cluster,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.offsets import PartitionOffsets, Topics

from tests.integration.hostile.kafka.cases import Case
from tests.integration.hostile.kafka.server import HostileServers
from tests.moves.cluster import Cluster

ONLINE = Topics((), ".*_onlinefs")
A0, A1, B0 = ("a_onlinefs", 0), ("a_onlinefs", 1), ("b_onlinefs", 0)


@pytest.fixture
def cluster() -> t.Iterator[Cluster]:
    parts: dict[tuple[str, int], tuple[int, int] | None] = {A0: (2, 10), A1: (0, 0), B0: (0, 5), ("other", 0): (0, 9)}
    with Cluster("abc", parts).running() as made:
        yield made


def read(cluster: Cluster, seconds: float = 5, **more: t.Any) -> Reading:
    def client() -> KafkaDeclaration:
        return declare({"bootstrap.servers": cluster.bootstrap})

    return read_cluster(ClusterSource(client, **{"topics": ONLINE, "groups": ("g", "h"), **more}), seconds)


def test_online_topics_with_their_offsets(cluster: Cluster) -> None:
    cluster.committed = {"g": {A0: 7, ("other", 0): 1}, "h": {A0: 4, B0: 5}}
    found = read(cluster)
    assert (found.cluster_id, found.reason) == ("abc", "")
    assert found.offsets is not None and found.offsets.unknown == frozenset()
    # Of two groups, the one that is further behind counts.
    assert found.offsets.partitions == {
        A0: PartitionOffsets(2, 10, 4),
        A1: PartitionOffsets(0, 0, None),
        B0: PartitionOffsets(0, 5, 5),
    }


def test_a_partition_without_a_leader_is_named(cluster: Cluster) -> None:
    cluster.parts[A1] = None
    offsets = read(cluster).offsets
    assert offsets is not None and offsets.unknown == {A1} and set(offsets.partitions) == {A0, B0}


def test_only_what_is_asked_for(cluster: Cluster) -> None:
    mark = '{"old":{"0":[[0,7]],"3":[[5,9]]},"other":{"0":[[1,2]]}}'
    cluster.committed = {"carried": {A0: (7, mark), A1: (3, '{"old":{"3":[[9,12]]}}'), B0: (5, "by hand")}}
    cluster.members = {"g": ["onlinefs_h1_1"], "h": []}
    found = read(cluster, topics=None, groups=(), members_of=("g", "h"), carried="carried")
    assert found.offsets is None and found.members == {"g": ("onlinefs_h1_1",), "h": ()}
    assert found.carried == {
        "old": {A0: ((0, 7),), (A0[0], 3): ((5, 12),)},
        "other": {A0: ((1, 2),)},
    }, "whichever partition the rows went to; what is no mark says nothing"


def test_a_group_that_is_never_described(cluster: Cluster) -> None:
    cluster.faults = {15: [30, 99]}
    found = read(cluster, topics=None, groups=(), members_of=("g", "h"))
    assert (found.members, found.never_described) == ({"g": None, "h": None}, {"g"})


def test_more_partitions_than_fit_into_a_message(cluster: Cluster) -> None:
    many = {(f"{'t' * 200}{number}_onlinefs", 0): (0, number) for number in range(1200)}
    cluster.parts = dict(many)
    offsets = read(cluster).offsets
    assert offsets is not None and {part: each.end for part, each in offsets.partitions.items()} == {
        part: end for part, (_start, end) in many.items()
    }


def test_offsets_of_a_group_that_may_not_be_read_are_not_known(cluster: Cluster) -> None:
    cluster.faults = {9: [30, 30]}
    offsets = read(cluster).offsets
    assert offsets is not None and offsets.position(A0) is None


def test_a_coordinator_that_is_not_ready_is_asked_again(cluster: Cluster) -> None:
    cluster.committed = {"g": {A0: 7}}
    cluster.faults = {10: [15, 15]}
    offsets = read(cluster).offsets
    assert offsets is not None and offsets.position(A0) == 7


def test_one_that_never_gets_ready_is_a_reason_and_no_unread_row_is_overlooked(cluster: Cluster) -> None:
    cluster.faults = {10: [15] * 100}
    found = read(cluster, seconds=1)
    assert found.cluster_id is None and found.offsets is None and "not available yet" in found.reason


def test_a_cluster_that_does_not_answer_and_one_that_hangs(cluster: Cluster) -> None:
    def hang(_cluster: Cluster) -> None:
        time.sleep(4)

    cluster.on_request = hang
    started = time.monotonic()
    found = read(cluster, seconds=0.5)
    assert found.cluster_id is None and "no answer in time" in found.reason
    assert time.monotonic() - started < 4
    cluster.port = 1
    assert "127.0.0.1:1: Connection refused" in read(cluster, seconds=0.5).reason


def test_a_cluster_without_an_id_is_not_known(cluster: Cluster) -> None:
    cluster.cluster_id = ""
    assert read(cluster) == Reading(reason="Kafka does not name its cluster")


@pytest.mark.parametrize("pattern", ["(?<=a*)b", "*"])
def test_a_pattern_that_python_does_not_know(cluster: Cluster, pattern: str) -> None:
    with pytest.raises(re.error):
        re.compile(pattern)
    found = read(cluster, topics=Topics((), pattern))
    assert found.offsets is None and "pattern of topics" in found.reason


def test_a_pattern_that_takes_for_ever_ends(cluster: Cluster) -> None:
    cluster.parts = {("a" * 60, 0): (0, 1)}
    started = time.monotonic()
    assert read(cluster, seconds=0.5, topics=Topics((), "(a*)*(a*)*b")).reason == "Kafka did not answer in time"
    assert time.monotonic() - started < 5


def test_a_client_that_cannot_be_made_is_a_reason_without_secrets() -> None:
    def client() -> KafkaDeclaration:
        raise InputError("truststore /certs/x.jks", "no such file", "Check it")

    assert read_cluster(ClusterSource(client), 2).reason == "truststore /certs/x.jks: no such file. Check it."


def test_a_child_that_dies_is_a_reason() -> None:
    def client() -> KafkaDeclaration:
        os.kill(os.getpid(), 9)
        raise AssertionError

    assert read_cluster(ClusterSource(client), 2).reason == "the process that reads it ended: SIGKILL"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up root")
def test_the_configuration_is_looked_at_without_root(cluster: Cluster) -> None:
    def client() -> KafkaDeclaration:
        raise InputError("process", f"{os.getresuid()} {os.getresgid()} {os.getgroups()}")

    found = read_cluster(ClusterSource(client, UserRights(65534, 65534, (), "/")), 2)
    assert found.reason == "process: (65534, 65534, 65534) (65534, 65534, 65534) []."


def test_what_a_broker_names_after_a_secret_is_not_shown(cluster: Cluster) -> None:
    def client() -> KafkaDeclaration:
        return declare({"bootstrap.servers": cluster.bootstrap, "my.own.password": "canary-7"})

    cluster.cluster_id = "x canary-7 y"
    assert read_cluster(ClusterSource(client), 3).cluster_id == "x ******** y"
    cluster.cluster_id, cluster.parts = "abc", {("canary-7_onlinefs", 0): (0, 1)}
    found = read_cluster(ClusterSource(client, topics=ONLINE), 3)
    assert found.offsets is None and "contains a secret" in found.reason and "canary" not in str(found)


def test_a_broker_that_quotes_the_token_which_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is not in the declaration, so that its secrets do not contain it."""
    token = "0e5b2c9f7a61-opaque"
    module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
    monkeypatch.setattr(login, "get_token", lambda *_: Token(token, time.time() + 60))
    servers = HostileServers(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
    port = servers.serve(
        Case("refuses", sasl=True, odd=lambda kafka: setattr(kafka, "refuses", f"what is {token}".encode()))
    )

    def client() -> KafkaDeclaration:
        return declare(
            {
                "bootstrap.servers": f"127.0.0.1:{port}",
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.oauthbearer.token.endpoint.url": "https://idp.example/token",
                "sasl.jaas.config": f'{module} required clientId="i" clientSecret="s";',
            }
        )

    try:
        found = read_cluster(ClusterSource(client), 5)
    finally:
        servers.close()
    assert "what is ********" in found.reason and found.cluster_id is None


def test_very_many_marks_cost_no_more_than_their_number(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = "".join(f"[{n},{n + 1}]," for n in range(0, 4000, 2)).rstrip(",")
    marks: dict[tuple[str, int], int | tuple[int, str]] = {
        ("a_onlinefs", number): (1, f'{{"old":{{"{number}":[{spans}]}}}}') for number in range(100)
    }
    cluster.committed = {"carried": marks}
    begun = time.process_time()
    found = read(cluster, seconds=20, topics=None, groups=(), carried="carried")
    assert len(found.carried["old"]) == 100 and len(found.carried["old"][A0]) == 2000
    assert time.process_time() - begun < 5
    monkeypatch.setattr(cluster_reader, "_MAX_SPANS", 1000)
    found = read(cluster, seconds=20, topics=None, groups=(), carried="carried")
    assert "more than 1000 marks" in found.reason and found.cluster_id is None
