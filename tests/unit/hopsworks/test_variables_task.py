"""The planner of the cluster's variables, and its execution."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Change, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import variables as api
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import (
    RequestError,
    TransportError,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.variables_task import (
    MAX_ROUNDS,
    VISIBILITIES,
    DesiredVariable,
    declared,
    plan_variables,
    set_variables,
)
from hypothesis import given
from hypothesis import strategies as st


def there(
    value: str = "true", visibility: str = "USER", hide: bool = False, name: str = "byok"
) -> dict[str, api.Variable]:
    return {name: api.Variable(name, value, visibility, hide)}


# --- what is declared -------------------------------------------------------------------------------------------------


def test_both_shapes() -> None:
    assert declared({"a": True, "b": False, "c": 3, "d": 0.5, "e": "x"}) == [
        DesiredVariable("a", "true"),
        DesiredVariable("b", "false"),
        DesiredVariable("c", "3"),
        DesiredVariable("d", "0.5"),
        DesiredVariable("e", "x"),
    ]
    for visibility in ("ADMIN", "USER", "NOTAUTHENTICATED"):
        assert declared([{"name": "a", "value": "", "visibility": visibility}]) == [
            DesiredVariable("a", "", visibility)
        ]
    assert declared(({"name": "a", "value": 1, "visibility": None},)) == [DesiredVariable("a", "1")]
    assert len(VISIBILITIES) == 3


@pytest.mark.parametrize(
    ("variables", "subject", "cause"),
    [
        (None, "option variables", "a dictionary or a list"),
        ({}, "option variables", "not empty"),
        ([], "option variables", "not empty"),
        ("a", "option variables", "a dictionary or a list"),
        (["a"], "option variables", "an item has no name"),
        ([{"value": 1}], "option variables", "an item has no name"),
        ([{"name": " ", "value": 1}], "option variables", "an item has no name"),
        ([{"name": None, "value": 1}], "option variables", "an item has no name"),
        ([{"name": "a"}], "option variables", "no value"),
        ([{"name": "a", "value": 1, "z": 1, "b": 1}], "variable a", "unknown key 'b'"),
        ([{"name": "a", "value": None}], "variable a", "neither text"),
        ([{"name": "a", "value": [1]}], "variable a", "neither text"),
        ([{"name": "a", "value": 1, "visibility": "user"}], "variable a", "unknown visibility 'user'"),
        ([{"name": "a", "value": 1}, {"name": "b", "value": 1}, {"name": "a", "value": 2}], "option variables", "a is"),
    ],
)
def test_what_is_refused(variables: t.Any, subject: str, cause: str) -> None:
    with pytest.raises(InputError) as raised:
        declared(variables)
    assert raised.value.subject == subject
    assert cause in raised.value.cause
    assert raised.value.remedy


def test_all_that_are_given_twice_are_named() -> None:
    with pytest.raises(InputError, match="a, b is given twice"):
        declared([{"name": name, "value": 1} for name in "babca"])


def test_values_are_not_shown() -> None:
    assert "S3CRET" not in repr(DesiredVariable("a", "S3CRET"))
    with pytest.raises(AttributeError):
        DesiredVariable("a", "b").name = "c"  # type: ignore[misc]


# --- the plan ---------------------------------------------------------------------------------------------------------


def test_one_that_is_as_declared_is_left() -> None:
    for wanted in (DesiredVariable("byok", "true"), DesiredVariable("byok", "true", "USER")):
        plan = plan_variables([wanted], there())
        assert (plan.subject, plan.outcome, plan.actions, plan.changes) == ("cluster", "unchanged", (), ())


def test_a_new_one_is_for_administrators() -> None:
    plan = plan_variables([DesiredVariable("byok", "true")], {})
    assert (plan.subject, plan.outcome, plan.changes) == ("cluster", "updated", (Change("byok", None, "true"),))
    assert [(str(action), action.payload) for action in plan.actions] == [
        ("write byok", api.Variable("byok", "true", "ADMIN", False))
    ]
    own = plan_variables([DesiredVariable("byok", "true", "USER")], {})
    assert own.actions[0].payload.visibility == "USER"


def test_one_keeps_its_visibility_and_its_mark() -> None:
    plan = plan_variables([DesiredVariable("byok", "true")], there("false", hide=True))
    assert plan.actions[0].payload == api.Variable("byok", "true", "USER", True)
    assert plan.changes == (Change("byok", "false", "true", secret=True),)
    assert plan_variables([DesiredVariable("byok", "true")], there("false")).changes[0].secret is False
    for visibility in VISIBILITIES:
        kept = plan_variables([DesiredVariable("byok", "true")], there("false", visibility))
        assert kept.actions[0].payload.visibility == visibility


def test_the_visibility_alone_may_change() -> None:
    plan = plan_variables([DesiredVariable("byok", "true", "ADMIN")], there())
    assert plan.changes == (Change("byok, visibility", "USER", "ADMIN"),)
    assert plan.actions[0].payload.visibility == "ADMIN"
    both = plan_variables([DesiredVariable("byok", "x", "ADMIN")], there())
    assert [change.what for change in both.changes] == ["byok", "byok, visibility"]
    assert len(both.actions) == 1


@pytest.mark.parametrize(
    ("name", "before", "after", "secret"),
    [
        ("kafka_password", None, "S3CRET", True),
        ("kafka_password", "x", "S3CRET", True),
        ("a_name_that_nobody_listed", "x", "y", True),
        ("a_name_that_nobody_listed", None, "y", True),
        ("a_name_that_nobody_listed", "S3CRET", "true", True),
        ("a_name_that_nobody_listed", "true", "1234", True),
        ("a_name_that_nobody_listed", "false", "true", False),
        ("a_name_that_nobody_listed", None, "true", False),
        ("online_kafka_storage_connector_name", "a", "b", False),
    ],
)
def test_a_value_is_a_secret_unless_its_name_is_known(name: str, before: str | None, after: str, secret: bool) -> None:
    found = {} if before is None else there(before, name=name)
    change = plan_variables([DesiredVariable(name, after)], found).changes[0]
    assert change.secret is secret
    assert ("S3CRET" in str(change.to_result())) is False


def test_several_in_the_order_given() -> None:
    plan = plan_variables(
        [DesiredVariable("b", "1"), DesiredVariable("byok", "true"), DesiredVariable("a", "1")], there()
    )
    assert [action.target for action in plan.actions] == ["b", "a"]
    assert [change.what for change in plan.changes] == ["b", "a"]


VARIABLES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["true", "false", ""]))


@given(VARIABLES, VARIABLES)
def test_a_second_run_finds_nothing_to_do(wanted: dict[str, str], found: dict[str, str]) -> None:
    stored: dict[str, api.Variable] = {}
    for name, value in found.items():
        stored |= there(value, name=name)
    wishes = [DesiredVariable(name, value) for name, value in wanted.items()]
    for action in plan_variables(wishes, stored).actions:
        stored[action.target] = action.payload
    assert not plan_variables(wishes, stored).changed
    assert {name: stored[name].value for name in wanted} == wanted
    assert all(stored[name].visibility == "USER" for name in found)


# --- the writes -------------------------------------------------------------------------------------------------------


class Server:
    """Stands for the session: holds variables, and fails as it is told."""

    def __init__(self, *failures: RequestError | None, writes: bool = False) -> None:
        self.variables: dict[str, dict[str, t.Any]] = {}
        self.calls: list[str] = []
        self.pauses: list[int] = []
        self.patient = True
        self._failures = list(failures)
        self._writes = writes

    def call(self, method: str, route: str, ids: t.Any = None, json: t.Any = None) -> t.Any:
        self.calls.append(f"{method} {ids['name']}" if ids else method)
        if method == "GET":
            return {"items": list(self.variables.values())}
        failures = [each for each in self._failures[:1] if each is not None]
        del self._failures[:1]
        if not failures or self._writes:
            self.variables[json["name"]] = json
        for failure in failures:
            raise failure
        return None

    started = 7.0

    def pause(self, attempt: int, error: RequestError, since: float) -> bool:
        assert since == 7.0
        self.pauses.append(attempt)
        return self.patient


def run(server: Server, names: str = "ab", check_mode: bool = False) -> tuple[Plan, list[str]]:
    written: list[str] = []
    return set_variables(
        t.cast(t.Any, server), [DesiredVariable(name, "1") for name in names], check_mode, written
    ), written


def lost() -> RequestError:
    return TransportError("cut_off", "the connection ended", temporary=True)


def test_writes_what_differs() -> None:
    server = Server()
    plan, written = run(server)
    assert plan.outcome == "updated"
    assert written == ["a", "b"]
    assert server.calls == ["GET", "POST a", "POST b"]
    assert run(server)[0].outcome == "unchanged"
    assert server.calls[3:] == ["GET"]


def test_check_mode_writes_nothing() -> None:
    server = Server()
    plan, written = run(server, check_mode=True)
    assert [action.target for action in plan.actions] == ["a", "b"]
    assert (written, server.calls) == ([], ["GET"])


def test_a_lost_answer_is_looked_up() -> None:
    """Written although the answer was lost: not written again, and told as written."""
    server = Server(None, lost(), writes=True)
    plan, written = run(server, "abc")
    assert server.calls == ["GET", "POST a", "POST b", "GET", "POST c"]
    assert written == ["a", "b", "c"]
    assert [action.target for action in plan.actions] == ["a", "b", "c"]
    assert server.pauses == [1]


def test_a_write_that_was_not_done_is_done_again() -> None:
    server = Server(lost(), lost())
    _plan, written = run(server, "a")
    assert server.calls == ["GET", "POST a", "GET", "POST a", "GET", "POST a"]
    assert written == ["a"]
    assert server.pauses == [1, 2]


def test_it_is_given_up_in_the_end() -> None:
    server = Server(*[lost() for _unused in range(9)])
    with pytest.raises(TransportError):
        run(server, "a")
    assert server.calls.count("POST a") == MAX_ROUNDS == 5
    impatient = Server(lost())
    impatient.patient = False
    with pytest.raises(TransportError):
        run(impatient, "a")
    assert impatient.calls == ["GET", "POST a"]


def test_what_lasts_is_not_tried_again() -> None:
    server = Server(TransportError("proxy", "it wants a login"))
    with pytest.raises(TransportError):
        run(server, "a")
    assert (server.calls, server.pauses) == (["GET", "POST a"], [])
