"""The planner of the cluster's variables."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.plan import Change
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.variables import (
    Wanted,
    declared,
    plan_variables,
)
from hypothesis import given
from hypothesis import strategies as st


def found(value: str, visibility: str = "USER", hide: bool = False) -> dict[str, t.Any]:
    return {"name": "flag", "value": value, "visibility": visibility, "hide": hide}


def test_declared() -> None:
    assert declared({"a": True, "b": False, "c": 3, "d": "x"}) == [
        Wanted("a", "true"), Wanted("b", "false"), Wanted("c", "3"), Wanted("d", "x"),
    ]  # fmt: skip
    assert declared([{"name": "a", "value": True, "visibility": "USER"}]) == [Wanted("a", "true", "USER")]


@pytest.mark.parametrize(
    "given",
    [
        None, "a", {}, [], ["a"], {"a": None}, {"a": {}}, {"": 1}, [{"name": "a"}], [{"value": "a"}],
        [{"name": "a", "value": 1, "visible": True}], [{"name": "a", "value": 1, "visibility": "ALL"}],
        [{"name": "a", "value": 1}, {"name": "a", "value": 2}],
    ],
)  # fmt: skip
def test_bad(given: t.Any) -> None:
    with pytest.raises(InputError):
        declared(given)


def test_differences() -> None:
    plan = plan_variables([Wanted("flag", "true")], {"flag": found("false")})
    assert plan.changes == (Change("flag", "false", "true"),)
    assert plan.actions[0].payload == found("true")
    assert not plan_variables([Wanted("flag", "true")], {"flag": found("true")}).changed
    new = plan_variables([Wanted("flag", "true")], {})
    assert new.changes == (Change("flag", None, "true"),)
    assert new.actions[0].payload["visibility"] == "ADMIN"


def test_visibility() -> None:
    assert not plan_variables([Wanted("flag", "true", "USER")], {"flag": found("true")}).changed
    plan = plan_variables([Wanted("flag", "true", "ADMIN")], {"flag": found("true")})
    assert plan.changes == (Change("flag, visibility", "USER", "ADMIN"),)
    assert (
        plan_variables([Wanted("flag", "x")], {"flag": found("y", "NOTAUTHENTICATED")}).actions[0].payload["visibility"]
        == "NOTAUTHENTICATED"
    )


@pytest.mark.parametrize(
    ("name", "hide", "secret"), [("flag", False, False), ("flag", True, True), ("x_password", False, True)]
)
def test_hidden(name: str, hide: bool, secret: bool) -> None:
    plan = plan_variables([Wanted(name, "new")], {name: found("old", hide=hide)})
    assert plan.changes[0].secret is secret
    assert plan.actions[0].payload["hide"] is hide


VARIABLES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["true", "false", ""]))


@given(VARIABLES, VARIABLES)
def test_a_second_run_finds_nothing_to_do(wanted: dict[str, str], there: dict[str, str]) -> None:
    stored = {
        name: {"name": name, "value": value, "visibility": "USER", "hide": False} for name, value in there.items()
    }
    wishes = [Wanted(name, value) for name, value in wanted.items()]
    plan = plan_variables(wishes, stored)
    for action in plan.actions:
        stored[action.target] = action.payload
    assert not plan_variables(wishes, stored).changed
    assert {name: stored[name]["value"] for name in wanted} == wanted
    assert all(stored[name]["visibility"] == "USER" for name in there)
