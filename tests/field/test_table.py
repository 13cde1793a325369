# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every configuration of the table, at the edges of what it allows: Java's clients and java_rules say the same."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import java_configs, java_rules

from tests.field.judge import Judge

_CLIENTS = {"c": "consumer", "p": "producer", "a": "admin"}
_BITS = {"short": 16, "int": 32, "long": 64}
#: What Java needs a server, a class, a store or another property for; the corpus has cases of these.
_ELSEWHERE = ("class", "list", "password")
_BESIDES = ("internal.", "ssl.", "sasl.mechanism", "security.protocol")


@dataclasses.dataclass(frozen=True)
class Question:
    """A value of one configuration, for one client."""

    name: str
    value: str
    client: str

    @property
    def properties(self) -> dict[str, str]:
        """What is asked: the value, and what it needs to be looked at for its own sake."""
        more = {"bootstrap.servers": "localhost:9092", self.name: self.value}
        if self.client == "c" and self.name != "group.id":
            more["group.id"] = "g"
        return more

    @property
    def file(self) -> bytes:
        return "".join(f"{name}={value}\n" for name, value in self.properties.items()).encode("ascii")


def questions() -> t.Iterator[Question]:
    """Bounds and one beyond them, each allowed value and one that is none, the kinds of numbers and booleans."""
    for name, setting in java_configs.SETTINGS.items():
        if setting.kind in _ELSEWHERE or name.startswith(_BESIDES):
            continue
        for client in setting.clients:
            yield from (Question(name, value, client) for value in _values(setting))


def _values(setting: java_configs.Setting) -> list[str]:
    if setting.values:
        return [*setting.values, *(each.swapcase() for each in setting.values), "no-such-value", ""]
    if setting.kind == "boolean":
        return ["true", "FALSE", "yes", "1", ""]
    if setting.kind == "double":
        bounds = [each for each in (setting.low, setting.high) if each is not None]
        return [*map(str, bounds), *(str(each + step) for each in bounds for step in (-0.01, 0.01)), "x", "1e-1", "-1"]
    if setting.kind in _BITS:
        half = 1 << (_BITS[setting.kind] - 1)
        bounds = [-half, half - 1] + [int(each) for each in (setting.low, setting.high) if each is not None]
        return [str(each + step) for each in dict.fromkeys(bounds) for step in (-1, 0, 1)] + ["", "1.0", "+7", "x"]
    return ["x"]


def ours(question: Question, release: str) -> bool:
    """Whether we say that the client of this release takes it."""
    line = ".".join(release.split(".")[:2])
    return not any(
        question.client in found.clients and line in found.releases
        for found in java_rules.refusals(question.properties)
    )


def disagreements(judge: Judge, asked: t.Sequence[Question]) -> list[str]:
    """Where the two verdicts differ."""
    verdicts = judge.ask([(_CLIENTS[each.client], each.file) for each in asked])
    return [
        f"{_CLIENTS[each.client]} {each.name}={each.value}: Java {verdict.refusal or 'accepts'}"
        for each, verdict in zip(asked, verdicts, strict=True)
        if verdict.accepted != ours(each, judge.release)
    ]


def test_every_configuration_at_its_edges(judges: list[Judge], told: list[str], soak: bool) -> None:
    # All of them take Java some minutes. tests/unit/kafka compares the whole table with the clients' own.
    asked = list(questions())[:: 1 if soak else 5]
    wrong = [f"Kafka {judge.release}: {line}" for judge in judges for line in disagreements(judge, asked)]
    told.append(f"table: {len(asked)} values of configurations, {len(wrong)} wrong")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("name", "flipped"),
    [
        ("max.poll.records", {"low": 0}),
        ("sasl.login.refresh.buffer.seconds", {"high": 3601}),
        ("isolation.level", {"values": ("read_committed",)}),
        ("enable.idempotence", {"kind": "string"}),
        ("linger.ms", {"kind": "int"}),
        ("compression.lz4.level", {"since": ""}),
    ],
)
def test_a_flipped_value_is_noticed(
    name: str, flipped: dict[str, t.Any], judges: list[Judge], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [each for each in questions() if each.name == name]
    changed = java_configs.SETTINGS[name]._replace(**flipped)
    monkeypatch.setitem(java_configs.SETTINGS, name, changed)
    assert any(disagreements(judge, asked) for judge in judges)


def test_rules_do_not_depend_on_the_order(judges: list[Judge]) -> None:
    properties = {"acks": "2", "auto.offset.reset": "smallest"}
    with pytest.raises(InputError, match="acks"):
        java_rules.judge(properties, "p")
    with pytest.raises(InputError, match="auto"):
        java_rules.judge(dict(reversed(properties.items())), "c")
