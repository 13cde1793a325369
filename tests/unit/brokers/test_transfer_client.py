# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kafka's error codes mean for a transfer. Its requests: tests/unit/moves/test_carry_over.py and tests/carry."""

from __future__ import annotations

import struct

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import transfer_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import ClusterFault
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.transfer_client import (
    TransactionalTarget,
    check,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.wire_reader import Reader
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import declare

from tests.integration.hostile.kafka.broker import array, text

NAME, GROUP = "an-id", "a-group"


def target(seconds: float = 5) -> TransactionalTarget:
    return TransactionalTarget(declare({"bootstrap.servers": "k:1"}), None, Deadline(seconds), NAME, GROUP)


def test_no_error() -> None:
    check(0, "write")


@pytest.mark.parametrize(
    ("error", "final", "said"),
    [
        (6, False, "could not write: the partition has another leader now"),
        (10, True, "could not write: a batch is larger than max.message.bytes of the topic allows"),
        (47, True, "could not write: another run has started since"),
        (90, True, "could not write: another run has started since"),
        (76, True, "could not write: the broker or the topic does not know the compression of a batch"),
        (999, False, "could not write: Kafka's error 999"),
    ],
)
def test_what_passes_is_tried_again_and_what_lasts_is_not(error: int, final: bool, said: str) -> None:
    with pytest.raises(ClusterFault) as caught:
        check(error, "write")
    assert str(caught.value).startswith(said) and caught.value.final is final


@pytest.mark.parametrize(
    ("error", "right", "needed"),
    [
        (29, "Write", "Write on topic orders"),
        (29, "Read", "Read on topic orders"),
        (30, "Write", "Read on group a-group"),
        (53, "Write", "Describe and Write on transactional id an-id"),
    ],
)
def test_a_missing_right_is_named(error: int, right: str, needed: str) -> None:
    with pytest.raises(
        ClusterFault, match=rf"^not allowed to write \(topic orders\): this principal needs {needed}$"
    ) as caught:
        target()._check(error, "write", "orders", right)
    assert caught.value.final


def test_a_coordinator_that_is_not_ready_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_client, "_AGAIN_SECONDS", 0.0)
    answers = [{"": 51}, {"": 14}, {"a": 88}, {"": 0}]
    target()._until_ready(lambda: answers.pop(0), "write")
    assert not answers
    with pytest.raises(ClusterFault, match="the coordinator is loading"):
        target(0.05)._until_ready(lambda: {"": 14}, "write")
    # One topic has to wait, another is denied: waiting does not help.
    with pytest.raises(ClusterFault, match="needs Write on topic b"):
        target()._until_ready(lambda: {"a": 55, "b": 29}, "write")


def test_the_error_that_names_a_cause_counts() -> None:
    """Where one partition is refused, Kafka says of the others that nothing was attempted (55)."""
    parts = array([struct.pack(">ih", 0, 55), struct.pack(">ih", 1, 29), struct.pack(">ih", 2, 55)])
    answer = array([text(b"orders") + parts, text(b"payments") + array([struct.pack(">ih", 0, 0)])])
    assert transfer_client._errors(Reader(answer)) == {"orders": 29, "payments": 0}
