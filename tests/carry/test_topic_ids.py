# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ids of topics, asked of real clusters: the oldest release and the newest, compared with what librdkafka says."""

from __future__ import annotations

import base64
import time

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.topic_client import TopicClient
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import declare
from confluent_kafka import TopicCollection

from .clusters import Pair, Side, row

_SECONDS = 30


def ids(side: Side, *topics: str) -> dict[str, str]:
    with TopicClient(declare({"bootstrap.servers": side.servers}), None, Deadline(_SECONDS)) as kafka:
        return kafka.topic_ids(topics)


def told(side: Side, topic: str) -> str:
    """What librdkafka says of the id of a topic."""
    described = side.admin.describe_topics(TopicCollection([topic]))[topic].result(timeout=_SECONDS)
    return base64.urlsafe_b64decode(f"{described.topic_id}==").hex()


@pytest.mark.parametrize("which", ["old", "new"])
def test_a_topic_that_is_created_again_has_another_id(pair: Pair, which: str) -> None:
    side: Side = getattr(pair, which)
    one, other = f"ids-{which}-one", f"ids-{which}-other"
    for topic in (one, other):
        side.make(topic, 3)
    found = ids(side, other, one, f"ids-{which}-none")
    assert found == {one: told(side, one), other: told(side, other)} and len({*found.values()}) == 2
    assert ids(side) == {}
    side.admin.delete_topics([one])[one].result(timeout=_SECONDS)
    end = time.monotonic() + _SECONDS
    while one in ids(side, one):
        assert time.monotonic() < end
        time.sleep(0.1)
    side.make(one, 3)
    side.write(one, [row(1)])
    again = ids(side, one, other)
    assert again == {one: told(side, one), other: found[other]} and again[one] != found[one]
