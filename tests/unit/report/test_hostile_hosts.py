"""A host may return anything: the summary neither ends with an exception nor takes it for success, and stays short."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._report import host_results, layout
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.run import (
    Run,
    hosts_to_change,
    hosts_to_verify,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.summary import Summary, summarize
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._rollout import collect
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.playbooks.test_rollout import variables

PARTS = ("preflight", "settings", "onlinefs", "projects", "verify")
#: A result of onlinefs_config with every key that a summary reads, on success and on failure.
WHOLE: dict[str, t.Any] = {
    "changes": [{"what": "a file"}],
    "actions": ["write a file"],
    "generation": 3,
    "proved": True,
    "not_proved": ["Kafka did not answer"],
    "cluster_id": "abc",
    "members": [{"partitions": [{"partition": 0}], "lag": 4}],
    "certificates": [{"store": "keystore", "subject": "CN=us", "expires": "2027-01-01", "days_left": 9}],
    "health": {"service": "active"},
    "interrupted": False,
    "msg": "it failed",
    "module_stderr": "Killed",
    "reasons": ["no member", "it does not start"],
    "rolled_back": True,
    "unreachable": False,
}
GOOD = {**WHOLE, "changes": [], "actions": [], "not_proved": []}
for key in ("msg", "module_stderr", "reasons", "rolled_back"):
    del GOOD[key]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400) | st.just("x" * 100_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(list(WHOLE)), inner),
    max_leaves=6,
)


def places(value: t.Any, path: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    """The path of each value inside of another one."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def replaced(value: t.Any, path: tuple[t.Any, ...], by: t.Any) -> t.Any:
    changed = copy.deepcopy(value)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = by
    return changed


def shown(*results: tuple[str, t.Any], **given: t.Any) -> Summary:
    """The summary of a site with such a host, after every way to read it."""
    run = Run("hopsworks.kafka.site", PARTS, PARTS, PARTS, hosts={"h1": dict(results)}, **given)
    hosts_to_change(run), hosts_to_verify(run)
    summary = summarize(run)
    lines = layout.lines(summary)
    assert len(lines) <= layout.MAX_LINES and all(len(line) < 2000 for line in lines)
    assert len(json.dumps(summary.to_result())) < 200_000
    return summary


def test_the_good_result_is_green() -> None:
    """Otherwise the other tests would show nothing."""
    assert not shown(("verify", GOOD)).causes


@given(
    st.sampled_from(["preflight", "onlinefs", "verify", "revert"]),
    st.sampled_from([WHOLE, GOOD]),
    st.data(),
    st.booleans(),
)
def test_no_value_in_any_place_ends_the_summary(
    part: str, base: dict[str, t.Any], data: st.DataObject, proved: bool
) -> None:
    result = replaced(base, data.draw(st.sampled_from(list(places(base)))), data.draw(anything))
    shown((part, result), unproved=() if proved else ("h1",))


@given(anything, anything)
def test_no_result_ends_the_summary_or_is_green(first: t.Any, last: t.Any) -> None:
    assert shown(("preflight", first), ("verify", last)).causes


OTHERS: list[t.Any] = [7, 10**5000, True, 1.5, "text", None, [], {}]
#: Places whose value may be null.
OPTIONAL = ("generation", "cluster_id", "lag")


@pytest.mark.parametrize("path", [path for path in places(GOOD) if path[-1] != "partition"], ids=str)
def test_a_value_of_another_type_is_never_green(path: tuple[t.Any, ...]) -> None:
    before = GOOD
    for key in path:
        before = before[key]
    wrong = [other for other in OTHERS if type(other) is not type(before) or other == 10**5000]
    wrong = [other for other in wrong if other is not None or path[-1] not in OPTIONAL]
    assert len(wrong) >= 6
    for value in wrong:
        assert shown(("verify", replaced(GOOD, path, value))).causes, value
        assert shown(("verify", replaced(GOOD, path, value)), unproved=("h1",)).causes, value


def test_texts_and_lists_of_any_size_stay_short() -> None:
    huge = "é" * 5_000_000
    result = {**WHOLE, "msg": huge, "reasons": [huge] * 3, "not_proved": [huge] * 5000, "cluster_id": huge}
    del result["changes"]
    lines = layout.lines(shown(("onlinefs", result)))
    assert sum(map(len, lines)) < 5000
    many = {**GOOD, "proved": False, "not_proved": [f"reason {number}" for number in range(9000)]}
    [host] = shown(("verify", many)).hosts
    assert host.not_proved == ("reason 0", "reason 1", "reason 2", "reason 3", "8996 more reasons")
    certificates = GOOD["certificates"] * (host_results.MAX_ITEMS + 1)
    assert shown(("verify", {**GOOD, "certificates": certificates})).causes


def test_a_result_that_is_nested_without_end_is_no_success() -> None:
    deep: t.Any = {}
    for _level in range(5000):
        deep = {"changes": [deep]}
    run = collect(variables({"h1": {"onlinefs_verify_result": deep}}), ["h1"])
    assert "never returns" in run.hosts["h1"]["verify"]["msg"]


def test_what_a_host_returned_is_named_by_its_place_and_not_quoted() -> None:
    [cause] = shown(("verify", {**GOOD, "certificates": [{**GOOD["certificates"][0], "days_left": "s3cret"}]})).causes
    assert "certificates.days_left has another type or size" in cause.cause and "s3cret" not in cause.cause
