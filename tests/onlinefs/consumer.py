# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The consuming part of the stand-in."""

from __future__ import annotations

import collections
import logging
import pathlib
import threading

import confluent_kafka
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import dialect_librdkafka, java_file, properties


class Consumer:
    """Reads a properties file as the service does and consumes the topics. A refusal by Kafka is logged, no more."""

    def __init__(self, file: pathlib.Path, topics: list[str], home: pathlib.Path, container_home: str) -> None:
        read = properties.parse(file.read_text("iso-8859-1"))
        declared = java_file.from_java(read, lambda location: location.replace(container_home, str(home), 1))
        translated = dialect_librdkafka.librdkafka(declared)
        self._config = {**translated.config, "error_cb": self._refused, "logger": logging.getLogger("kafka")}
        self._topics = topics
        self._records: collections.Counter[str] = collections.Counter()
        self._errors = 0
        self._assigned = 0
        logging.info("group %s, topics %s, servers %s", read.get("group.id"), topics, read.get("bootstrap.servers"))

    def consume_until(self, stopped: threading.Event) -> None:
        """Consume until told to stop; then leave the group."""
        consumer = confluent_kafka.Consumer(self._config)
        consumer.subscribe(self._topics, on_assign=self._on_assign)
        while not stopped.is_set():
            record = consumer.poll(0.2)
            if record is None:
                continue
            if record.error():
                self._refused(record.error())
                continue
            self._records[record.topic() or ""] += 1
            consumer.commit(record, asynchronous=True)
        consumer.close()
        logging.info("stopped")

    def metrics(self) -> str:
        """The counts, in the text format of Prometheus."""
        lines = [f'onlinefs_records_total{{topic="{topic}"}} {count}' for topic, count in sorted(self._records.items())]
        lines += [f"onlinefs_kafka_errors_total {self._errors}", f"onlinefs_assigned_partitions {self._assigned}"]
        return "\n".join([*lines, ""])

    def _on_assign(self, _consumer: object, partitions: list[confluent_kafka.TopicPartition]) -> None:
        self._assigned = len(partitions)
        logging.info("assigned %s", ", ".join(f"{p.topic}[{p.partition}]" for p in partitions))

    def _refused(self, error: confluent_kafka.KafkaError) -> None:
        self._errors += 1
        logging.error("kafka: %s", error.str())
