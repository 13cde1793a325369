# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows are carried in a child process with the rights of another user."""

from __future__ import annotations

import os
import signal
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.user_rights import UserRights
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration, declare
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import carry_child
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.carry_over import CarryRequest
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.cluster_reader import ClusterSource

from tests.unit.moves.test_carry_over import GROUPS, PER_BATCH, ROWS, TOPIC, Pair

SECONDS = 10.0


@pytest.fixture
def pair() -> t.Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


def client(port: int, **more: str) -> KafkaDeclaration:
    return declare({"bootstrap.servers": f"127.0.0.1:{port}", **more}, None, None)


def carry(pair: Pair, dry: bool = False, **source: t.Any) -> dict[str, t.Any]:
    request = CarryRequest({(TOPIC, part): ((0, ROWS),) for part in range(2)}, dry=dry)
    given = {"client": lambda: client(pair.old.port), **source}
    return carry_child.carry_in_child(ClusterSource(**given), client(pair.new.port), request, SECONDS)


def test_the_result_is_that_of_the_module(pair: Pair) -> None:
    predicted = carry(pair, dry=True)
    assert (predicted["rows"], predicted["changed"], predicted["proved"]) == (2 * ROWS, True, False)
    assert pair.arrived(0) == []
    other = Pair()
    try:
        expected = other.run()
    finally:
        other.close()
    assert carry(pair) == expected
    assert pair.complete()
    again = carry(pair)
    assert (again["rows"], again["carried_before"], again["changed"]) == (0, 2 * ROWS, False)


def test_many_partitions_fit_into_messages(monkeypatch: pytest.MonkeyPatch, pair: Pair) -> None:
    monkeypatch.setattr(carry_child, "_BATCH", 1)
    assert [part["partition"] for part in carry(pair)["partitions"]] == [0, 1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up root")
def test_the_configuration_is_looked_at_without_root(pair: Pair) -> None:
    def who() -> KafkaDeclaration:
        raise InputError("user", f"{os.getuid()} {os.getgid()} {os.getgroups()}")

    result = carry(pair, client=who, rights=UserRights(65534, 65534, (), "/"))
    assert result["failed"] and result["msg"] == "source, user: 65534 65534 []."
    assert carry(pair, rights=UserRights(65534, 65534, (), "/"))["rows"] == 2 * ROWS


def test_what_was_committed_is_told_if_a_cluster_fails(pair: Pair) -> None:
    pair.old.strange = {1: lambda _whole: None}
    result = carry(pair)
    assert result["failed"] and result["msg"].startswith("source: ") and result["rows"] == 0


def test_a_child_that_dies_is_a_failure_that_says_so(pair: Pair) -> None:
    def dies() -> KafkaDeclaration:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    result = carry(pair, client=dies)
    assert result["failed"] and not result["changed"]
    assert result["msg"].startswith("the process that carries rows ended: SIGKILL. Run the task again")


def test_an_error_shows_no_secret(pair: Pair) -> None:
    secret = "Hunter2-and-more"
    jaas = f'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="{secret}";'
    login = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.jaas.config": jaas}

    def quotes() -> KafkaDeclaration:
        raise InputError("onlinefs-kafka.properties", f"it says {secret}")

    request = CarryRequest({(TOPIC, 0): ((0, ROWS),)})
    result = carry_child.carry_in_child(ClusterSource(quotes), client(pair.new.port, **login), request, SECONDS)
    assert "it says ***" in result["msg"] and secret not in str(result), result


def test_offsets_without_rows_are_marked_and_not_read_again(pair: Pair) -> None:
    # The broker has compacted rows away: nothing is there to write, and yet nothing is left.
    del pair.old.logs[TOPIC, 0][1:3]
    request = CarryRequest({(TOPIC, 0): ((PER_BATCH, 3 * PER_BATCH),)})
    source = ClusterSource(lambda: client(pair.old.port))
    result = carry_child.carry_in_child(source, client(pair.new.port), request, SECONDS)
    assert (result["rows"], result["empty"], result["changed"]) == (0, 2 * PER_BATCH, False), result
    again = carry_child.carry_in_child(source, client(pair.new.port), request, SECONDS)
    assert (again["empty"], again["carried_before"]) == (0, 2 * PER_BATCH) and GROUPS > 3
