# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of configurations say what the clients themselves say."""

from __future__ import annotations

import pathlib
import typing as t

import confluent_kafka
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import java_configs, librdkafka_configs
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.librdkafka_names import (
    ASSIGNORS,
    JAVA_ONLY,
    MINIMUMS,
    TARGETS,
)

from tests.configs import java, librdkafka


def test_the_java_table_is_that_of_the_jars() -> None:
    assert java.FILE.read_text() == java.generate(), "run python -m tests.configs"


def test_the_librdkafka_table_is_that_of_the_libraries() -> None:
    assert librdkafka.FILE.read_text() == librdkafka.generate(), "run python -m tests.configs"


def test_the_installed_library_is_in_the_table() -> None:
    """An update of confluent-kafka must not leave the table behind."""
    [library] = pathlib.Path(confluent_kafka.__file__).parent.parent.glob("confluent_kafka.libs/librdkafka*.so*")
    printed = {row.name for row in librdkafka.rows(librdkafka.show(library))}
    assert printed == {row.name for row in librdkafka.rows(librdkafka.printed(librdkafka.RELEASES[-1]))}


def test_the_mapping_names_what_the_clients_have() -> None:
    assert set(TARGETS) <= set(java_configs.SETTINGS)
    assert set(TARGETS.values()) <= set(librdkafka_configs.PROPERTIES)
    assert set(JAVA_ONLY) <= set(java_configs.SETTINGS) - set(TARGETS)
    assert {name for rule in MINIMUMS for name in (rule.name, rule.other)} <= set(librdkafka_configs.PROPERTIES)


def test_librdkafka_demands_every_minimum_and_has_the_assignors() -> None:
    for rule in MINIMUMS:
        other = int(librdkafka_configs.PROPERTIES[rule.other].default or 0)
        least = other + rule.margin
        config = {"bootstrap.servers": "localhost:1", "log_level": 0, rule.other: other, rule.name: least}
        assert not any(refused(config)), rule
        assert any(refused({**config, rule.name: least - 1})), rule
    for assignor in ASSIGNORS.values():
        confluent_kafka.Consumer({"group.id": "g", "partition.assignment.strategy": assignor}).close()


def refused(config: dict[str, t.Any]) -> list[bool]:
    """Whether a consumer and a producer refuse a configuration."""
    answers = []
    for client in (confluent_kafka.Consumer, confluent_kafka.Producer):
        try:
            client({**config, "group.id": "g"})
            answers.append(False)
        except confluent_kafka.KafkaException:
            answers.append(True)
    return answers
