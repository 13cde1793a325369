# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Run the stage ``round_trip``: produce one record and read it back.

The record has a unique key and no value, which Kafka calls a tombstone. Kafka removes it from a compacted topic, and
from other topics when their retention ends.
"""

from __future__ import annotations

import contextlib
import time
import typing as t
import uuid

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.librdkafka_client import BrokerClient

from .reasons import FailureReason
from .report import StageResult, elapsed, failed, passed

with contextlib.suppress(ImportError):  # librdkafka_client.available() tells it
    from confluent_kafka import KafkaError, KafkaException, TopicPartition

_HEADER = "hopsworks.kafka.probe"
_GROUP = "hopsworks.kafka.probe"
_SLICE = 0.05


def round_trip(kafka: BrokerClient, topic: str) -> StageResult:
    """Produce one record to ``topic`` and read it back from the offset that it was produced at."""
    began = time.monotonic()
    key = f"{_HEADER}/{uuid.uuid4()}".encode()
    try:
        partition, offset = _produce(kafka, topic, key)
        produced = elapsed(began)
        _consume(kafka, TopicPartition(topic, partition, offset), key)
    except _Broken as broken:
        return failed("round_trip", topic, broken.reason, broken.detail, began)
    detail = f"partition {partition}, offset {offset}: stored after {produced} ms, read back after {elapsed(began)} ms"
    return passed("round_trip", topic, detail, began)


class _Broken(Exception):
    def __init__(self, reason: FailureReason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason: FailureReason = reason
        self.detail = detail


def _produce(kafka: BrokerClient, topic: str, key: bytes) -> t.Tuple[int, int]:
    """Store a record, and return its partition and offset."""
    delivered: t.List[t.Tuple[t.Any, t.Any]] = []
    try:
        producer = kafka.producer(kafka.deadline.left())
        producer.produce(
            topic,
            value=None,
            key=key,
            headers=[(_HEADER, b"1")],
            on_delivery=lambda error, message: delivered.append((error, message)),
        )
        while not delivered and not kafka.deadline.over:
            producer.poll(min(_SLICE, kafka.deadline.left()))
    except KafkaException as error:
        raise _Broken("produce_failed", kafka.explain(error.args[0])) from None
    if not delivered:
        raise _Broken("round_trip_timeout", "the record was not stored in time")
    fault, message = delivered[0]
    if fault is None:
        return message.partition(), message.offset()
    if fault.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        raise _Broken("no_write", "this principal may not write to the topic")
    if fault.code() == KafkaError._MSG_TIMED_OUT:
        raise _Broken("round_trip_timeout", "the record was not stored in time")
    raise _Broken("produce_failed", kafka.explain(fault))


def _consume(kafka: BrokerClient, start: t.Any, key: bytes) -> None:
    """Read from ``start`` until the record comes."""
    try:
        consumer = kafka.consumer(_GROUP)
        consumer.assign([start])
        while not kafka.deadline.over:
            message = consumer.poll(min(_SLICE, kafka.deadline.left()))
            if message is None:
                continue
            error = message.error()
            if error is None and message.key() == key:
                return
            # This group is never used: a missing right to it says nothing about the topic.
            if error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise _Broken("no_read", "this principal may not read the topic")
            if error is not None and error.fatal():
                raise _Broken("consume_failed", kafka.explain(error))
    except KafkaException as error:
        raise _Broken("consume_failed", kafka.explain(error.args[0])) from None
    raise _Broken("round_trip_timeout", "the record did not come back in time")
