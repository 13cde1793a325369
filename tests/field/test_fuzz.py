# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random properties within Kafka's names: Java's constructors and java_rules say the same. 20,000 of them with --soak.

A disagreement that is found becomes a case of the corpus.
"""

from __future__ import annotations

import random

import hypothesis
import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import java_configs, java_rules, properties
from hypothesis import strategies as st

from tests.field.judge import CLIENTS, Judge

BATCH = 200
SOAK_BATCHES, BATCHES = 100, 2

#: Names that rules look at together are drawn more often.
RELATED = (
    "acks",
    "retries",
    "enable.idempotence",
    "transactional.id",
    "max.in.flight.requests.per.connection",
    "delivery.timeout.ms",
    "linger.ms",
    "request.timeout.ms",
    "default.api.timeout.ms",
    "group.id",
    "group.protocol",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "session.timeout.ms",
    "enable.auto.commit",
    "transaction.two.phase.commit.enable",
    "transaction.timeout.ms",
    "partitioner.rack.aware",
    "client.rack",
    "auto.offset.reset",
    "partition.assignment.strategy",
    "share.acquire.mode",
)
_ASSIGNOR = "org.apache.kafka.clients.consumer.RangeAssignor"
_LISTS = {"partition.assignment.strategy": (_ASSIGNOR, f"{_ASSIGNOR},{_ASSIGNOR}", f"{_ASSIGNOR},", "range", "")}
#: Logins, stores and classes have cases of their own, and no constructor looks at a list of texts.
_OTHERS = ("sasl.", "ssl.", "security.", "internal.", "config.providers", "bootstrap.")

#: How often a name is one of those that are related.
_OFTEN = 0.7

Question = tuple[str, dict[str, str]]


def _drawn(name: str) -> bool:
    setting = java_configs.SETTINGS[name]
    return not name.startswith(_OTHERS) and (setting.kind not in ("class", "list", "password") or name in _LISTS)


NAMES = [name for name in java_configs.SETTINGS if _drawn(name)]


def value(name: str, lots: random.Random) -> str:
    """A value near what a configuration allows, or far from it."""
    setting = java_configs.SETTINGS[name]
    if name in _LISTS:
        return lots.choice(_LISTS[name])
    if setting.values:
        return lots.choice([*setting.values, *(each.lower() for each in setting.values), "none", ""])
    if setting.kind == "boolean":
        return lots.choice(["true", "false", "True", "1", ""])
    if setting.kind in ("int", "long", "short"):
        near = [
            0,
            1,
            2,
            5,
            6,
            3000,
            10000,
            30000,
            30005,
            45000,
            60000,
            120000,
            2**31 - 1,
            lots.randint(-(2**33), 2**33),
        ]
        edges = [int(each) for each in (setting.low, setting.high) if each is not None]
        return lots.choice([*map(str, [*near, *edges, *(each - 1 for each in edges)]), "+5", " 7", "1.0", "x"])
    if name == "auto.offset.reset":
        return lots.choice(["latest", "earliest", "none", "smallest", "by_duration:P1D", "by_duration:-PT1S", ""])
    return lots.choice(["a", "b c", "", " "])


def question(lots: random.Random) -> Question:
    """A client, and properties for it."""
    names = {lots.choice(RELATED if lots.random() < _OFTEN else NAMES) for _number in range(lots.randint(1, 6))}
    given = {"bootstrap.servers": "localhost:9092", **{name: value(name, lots) for name in sorted(names)}}
    return lots.choice(CLIENTS), given


def disagreement(question: Question, release: str, accepted: bool) -> bool:
    """Whether our rules say something else."""
    client, given = question
    line = ".".join(release.split(".")[:2])
    refused = any(client[0] in found.clients and line in found.releases for found in java_rules.refusals(given))
    return accepted == refused


@pytest.fixture
def batches(soak: bool) -> int:
    """How many batches to ask."""
    return SOAK_BATCHES if soak else BATCHES


def test_java_and_our_rules_agree_on_random_properties(
    judges: list[Judge], batches: int, told: list[str], soak: bool
) -> None:
    asked = 0

    @hypothesis.settings(
        max_examples=batches, deadline=None, database=None, phases=[hypothesis.Phase.generate], derandomize=not soak
    )
    @hypothesis.given(st.integers(0, 2**64))
    def ask(seed: int) -> None:
        nonlocal asked
        lots = random.Random(seed)
        drawn = [question(lots) for _number in range(BATCH)]
        asked += len(drawn)
        files = [(client, properties.render(given).encode("ascii")) for client, given in drawn]
        wrong = []
        for judge in judges:
            for each, verdict in zip(drawn, judge.ask(files), strict=True):
                if disagreement(each, judge.release, verdict.accepted):
                    wrong.append(f"Kafka {judge.release}: {each}: Java {verdict.refusal or 'accepts'}")
        assert not wrong, "\n" + "\n".join(wrong)

    ask()
    told.append(f"fuzzing: {asked} random properties, for both releases the same verdict")
