# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a change whose consumer group the controller checks: whatever happens there, the host is told."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.action.onlinefs_config import ActionModule
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import consumer_groups
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.consumer_groups import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import declare
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import options

HELD = {"changed": True, "health": {"group": {"name": "g", "client_id": "onlinefs_h1_1"}}, "generations": []}


def end(monkeypatch: pytest.MonkeyPatch, check: t.Callable[..., ConsumerGroup], **given: t.Any) -> tuple[t.Any, t.Any]:
    """What the module was asked for at the end, and the result."""
    asked: list[dict[str, t.Any]] = []
    action = ActionModule.__new__(ActionModule)
    monkeypatch.setattr(
        action, "_module", lambda _arguments, _variables, transaction: asked.append(transaction) or {"generations": [1]}
    )
    monkeypatch.setattr(consumer_groups, "wait_for_member", check)
    held = {**HELD, **given.pop("held", {})}
    result = action._end_change(held, "id-1", declare({"bootstrap.servers": "k:1"}), given, {})
    [transaction] = asked
    return transaction, result


def test_a_part_of_a_change_is_asked_for_in_the_environment() -> None:
    """It is no option of the module, and the task's own environment is as it was afterwards."""
    seen: list[t.Any] = []
    action = ActionModule.__new__(ActionModule)
    action._task = t.cast(t.Any, type("Task", (), {"environment": [{"LANG": "C"}]}))
    action._execute_module = lambda **_given: seen.append(action._task.environment) or {}
    reason = {"phase": "roll_back", "id": "id-1", "reason": "{{ 'quoted' }} \"'"}
    action._module({}, {}, reason)
    action._module({}, {})
    (language, added), plain = seen
    assert language == {"LANG": "C"} and plain == action._task.environment == [language]
    assert options.transaction_of(added) == reason and options.transaction_of({}) is None
    assert not set("{'\"") & set(str(*added.values()))


@pytest.mark.parametrize(
    ("joined", "verify", "phase"),
    [
        (True, "auto", "commit"),
        (None, "auto", "commit"),
        (None, "required", "roll_back"),
        (False, "auto", "roll_back"),
    ],
)
def test_the_group_decides(monkeypatch: pytest.MonkeyPatch, joined: bool | None, verify: str, phase: str) -> None:
    def check(_client: object, name: str, client_id: str, _seconds: float) -> ConsumerGroup:
        return ConsumerGroup(name, client_id, joined, "why", partitions=1)

    transaction, result = end(monkeypatch, check, verify_consumer_group=verify)
    assert transaction["phase"] == phase and transaction["id"] == "id-1"
    if phase == "commit":
        assert transaction["group"]["joined"] is joined and result["generations"] == [1]
        assert bool(result.get("warnings")) == (joined is None)
    else:
        assert "why" in transaction["reason"]


def test_a_defect_rolls_back_and_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(*_arguments: object) -> t.NoReturn:
        raise RuntimeError("canary")

    transaction, _result = end(monkeypatch, check)
    assert transaction["phase"] == "roll_back" and "RuntimeError" in transaction["reason"]
    assert "canary" not in transaction["reason"]


@pytest.mark.parametrize("health", [None, {}, {"group": None}, {"group": {"name": "g"}}])
def test_an_answer_of_another_shape_rolls_back(monkeypatch: pytest.MonkeyPatch, health: t.Any) -> None:
    transaction, _result = end(monkeypatch, lambda *_: pytest.fail("not reached"), held={"health": health})
    assert transaction["phase"] == "roll_back"
