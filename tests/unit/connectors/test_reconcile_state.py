"""What follows an error: every kind of error, action, plan and state."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Change, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.reconcile_state import (
    MAX_ROUNDS,
    NextStep,
    ReconcileState,
    adopt_plan,
    begin,
    next_step,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import (
    ApiError,
    RequestError,
    TransportError,
)

FAIL, INSPECT, AGAIN, WAIT = NextStep.FAIL, NextStep.INSPECT_FILE, NextStep.PLAN_AGAIN, NextStep.WAIT
REPEAT = NextStep.REPEAT
VERBS = ("upload", "create", "replace", "delete", "remove")
CREATED = "somebody else created the connector during this run"
DELETED = "somebody else deleted the connector during this run"


def api(status: int, code: int | None = None, temporary: bool = False, cluster_wide: bool = False) -> ApiError:
    return ApiError("x", "x", status=status, error_code=code, temporary=temporary, cluster_wide=cluster_wide)


ERRORS: dict[str, RequestError] = {
    "answer lost": TransportError("timeout", "x", temporary=True),
    "never sent": TransportError("unreachable", "x", temporary=True, sent=False),
    "certificate": TransportError("certificate", "x", sent=False),
    "no JSON": TransportError("not_json", "x"),
    "proxy busy": api(503, temporary=True),
    "too many": api(429, temporary=True),
    "internal": api(500),
    "connector exists": api(400, 270030),
    "connector not found": api(404, 270042),
    "connector refused": api(400, 270136),
    "file exists": api(400, 110012),
    "forbidden": api(403),
    "bad key": api(401, 320012, cluster_wide=True),
}
#: The errors after which a write may have been done.
UNKNOWN = {"answer lost", "no JSON", "proxy busy", "internal"}
#: What follows each of them while a file is uploaded, the connector is written, or a file is removed.
STEPS: dict[str, tuple[NextStep, NextStep, NextStep]] = {
    "answer lost": (WAIT, WAIT, REPEAT),
    "never sent": (WAIT, WAIT, REPEAT),
    "certificate": (FAIL, FAIL, FAIL),
    "no JSON": (AGAIN, AGAIN, FAIL),
    "proxy busy": (WAIT, WAIT, REPEAT),
    "too many": (WAIT, WAIT, REPEAT),
    "internal": (AGAIN, AGAIN, FAIL),
    "connector exists": (AGAIN, AGAIN, FAIL),
    "connector not found": (AGAIN, AGAIN, FAIL),
    "connector refused": (AGAIN, AGAIN, FAIL),
    "file exists": (INSPECT, FAIL, FAIL),
    "forbidden": (FAIL, FAIL, FAIL),
    "bad key": (FAIL, FAIL, FAIL),
}


def plan(*verbs: str, changes: int = 1, notes: tuple[str, ...] = ()) -> Plan:
    return Plan(
        "p",
        "updated" if verbs else "unchanged",
        tuple(Action(verb, verb) for verb in verbs),
        tuple(Change(str(number), 1, 2) for number in range(changes)),
        notes,
    )


def expected(error: str, verb: str) -> NextStep:
    return STEPS[error][{"upload": 0, "remove": 2}.get(verb, 1)]


def test_the_table_is_whole() -> None:
    assert set(STEPS) == set(ERRORS)
    assert {name for name, error in ERRORS.items() if error.outcome_unknown} == UNKNOWN


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("round_number", [1, MAX_ROUNDS - 1, MAX_ROUNDS, MAX_ROUNDS + 1])
@pytest.mark.parametrize("unsure", [False, True])
@pytest.mark.parametrize(("has_files", "check_files"), [(True, False), (True, True), (False, False)])
def test_next_step(verb: str, error: str, round_number: int, unsure: bool, has_files: bool, check_files: bool) -> None:
    before = dataclasses.replace(begin(plan(verb, "remove"), has_files, check_files), round=round_number, unsure=unsure)
    step, after = next_step(before, ERRORS[error])
    wanted = expected(error, verb)
    if error == "connector refused" and (not has_files or check_files):
        # Only a listing of the files, which was not made yet, can help.
        wanted = FAIL
    if round_number > MAX_ROUNDS or (round_number == MAX_ROUNDS and wanted is not INSPECT):
        wanted = FAIL
    assert step is wanted
    assert after == dataclasses.replace(
        before,
        unsure=unsure or error in UNKNOWN,
        check_files=check_files or (error == "connector refused" and wanted is AGAIN),
        round=round_number + (wanted is REPEAT),
    )


# --- a new plan -------------------------------------------------------------------------------------------------------


def adopted(
    error: str, had: t.Sequence[str], has: t.Sequence[str], **state: t.Any
) -> tuple[NextStep, ReconcileState, ReconcileState]:
    before = dataclasses.replace(begin(plan(*had), True, False), **state)
    step, after = adopt_plan(before, ERRORS[error], plan(*has))
    return step, before, after


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("had", ["create", "replace", "delete"])
@pytest.mark.parametrize("has", ["create", "replace", "delete", ""])
@pytest.mark.parametrize("unsure", [False, True])
def test_adopt_plan(error: str, had: str, has: str, unsure: bool) -> None:
    step, before, after = adopted(error, [had], [has] if has else [], unsure=unsure)
    if had == has and error in ("no JSON", "internal"):
        # The server failed and nothing was written: the same request would fail in the same way.
        assert step is FAIL
        assert after == dataclasses.replace(before, unsure=False)
        return
    assert step is AGAIN
    notes: tuple[str, ...] = ()
    if had == "create" and (has == "replace" or (error == "connector exists" and not unsure)):
        notes = (CREATED,)
    elif (had, has) == ("replace", "create"):
        notes = (DELETED,)
    assert after == dataclasses.replace(
        before,
        plan=after.plan,
        todo=after.plan.actions,
        round=2,
        written=unsure and not has,
        notes=notes,
    )
    assert [action.verb for action in after.todo] == ([has] if has else [])


@pytest.mark.parametrize(("verb", "unsure"), [("upload", True), ("remove", False)])
def test_a_file_that_may_be_there_stays_unknown(verb: str, unsure: bool) -> None:
    step, _before, after = adopted("internal", [verb, "replace"], [verb, "replace"], unsure=True)
    assert (step, after.unsure) == (FAIL, unsure)


def test_only_files_are_left_to_write() -> None:
    step, _before, after = adopted("internal", ["replace", "remove"], ["remove"], unsure=True)
    assert step is AGAIN and after.written
    assert [action.verb for action in after.todo] == ["remove"]
    step, _before, after = adopted("internal", ["remove"], ["remove"], unsure=False, written=True)
    assert step is AGAIN and after.written


def test_notes_are_collected() -> None:
    _step, _before, first = adopted("connector not found", ["replace"], ["create"])
    _step, second = adopt_plan(first, ERRORS["connector exists"], plan("replace"))
    assert second.notes == (DELETED, CREATED) and second.round == 3


# --- the state --------------------------------------------------------------------------------------------------------


def test_actions_are_done_in_order() -> None:
    state = begin(plan("upload", "replace", "remove"), True, False)
    assert not state.may_have_written and not state.cleaning
    state = state.done()
    assert state.written and state.may_have_written and state.todo[0].verb == "replace"
    state = state.done()
    assert state.cleaning
    state = state.done()
    assert state.todo == () and not state.cleaning


def test_an_action_is_replaced_and_counted() -> None:
    state = begin(plan("upload", "replace"), True, False)
    after = state.instead([Action("remove", "x"), state.todo[0]])
    assert [action.verb for action in after.todo] == ["remove", "upload", "replace"]
    assert (after.round, after.written) == (2, False)
    rest = state.instead([])
    assert ([action.verb for action in rest.todo], rest.round) == (["replace"], 1)


def test_a_state_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        begin(plan("create"), False, False).written = True  # type: ignore[misc]


def test_a_lost_answer_may_have_been_a_write() -> None:
    assert dataclasses.replace(begin(plan("create"), False, False), unsure=True).may_have_written


# --- what is reported -------------------------------------------------------------------------------------------------


def report(first: Plan, last: Plan, *notes: str) -> Plan:
    return dataclasses.replace(begin(first, True, False), plan=last, notes=notes).report()


def test_the_first_plan_is_reported() -> None:
    """The second one, after a lost answer, finds nothing left to do."""
    first = plan("create", changes=3)
    assert report(first, plan(changes=0)) is first
    assert report(first, plan("create", changes=3)) is first


def test_a_plan_to_which_a_listing_of_files_added_is_reported() -> None:
    last = plan("upload", "replace", changes=4)
    assert report(plan("replace", changes=3), last) is last


def test_after_writes_of_others_the_last_plan_is_reported_with_notes() -> None:
    last = plan("replace", changes=1, notes=("a note",))
    assert report(plan("create", changes=3), last, CREATED) == dataclasses.replace(last, notes=("a note", CREATED))
