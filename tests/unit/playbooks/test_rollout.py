"""What a run has registered, collected from the variables of localhost and of the hosts."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._rollout import collect, limit_patterns, to_be_proved


class HostVars(dict[str, dict[str, t.Any]]):
    def raw_get(self, host: str) -> dict[str, t.Any]:
        return self[host]


def variables(hosts: dict[str, dict[str, t.Any]], **given: t.Any) -> dict[str, t.Any]:
    run = {"playbook": "hopsworks.kafka.site", "parts": ["preflight", "onlinefs", "verify"], "cluster_wide": True}
    mine = {f"__hopsworks_kafka_{name}": value for name, value in given.items()}
    return {"__hopsworks_kafka_run": run, "hostvars": HostVars(hosts), **mine}


def test_results_are_found_by_their_parts_and_skipped_ones_are_none() -> None:
    h1 = {"onlinefs_preflight_result": {"changes": []}, "onlinefs_result": {"skipped": True}}
    run = collect(
        variables({"h1": h1, "h2": {}}, part_preflight={"results": []}, step_probe={"ok": True}),
        ["h1", "h2"],
        unproved=["h2"],
    )
    assert run.hosts == {"h1": {"preflight": {"changes": []}}, "h2": {}}
    assert run.steps == {"preflight": {"results": []}, "probe": {"ok": True}}
    assert (run.done, run.stopped, run.unproved) == ({"preflight"}, "", ["h2"])


def test_a_part_that_only_hosts_have_is_done_where_one_ran_it() -> None:
    assert collect(variables({"h1": {"onlinefs_result": {"changes": []}}}), ["h1"]).done == {"onlinefs"}


@pytest.mark.parametrize(
    ("hosts", "chosen", "left", "done"),
    [
        ([], ["all"], [], True),
        ([], ["onlinefs"], [], True),
        ([], ["preflight"], [], False),
        ([], ["all"], ["onlinefs"], False),
        (["h1"], ["all"], [], False),
    ],
)
def test_a_part_with_nothing_to_do_is_done_if_it_was_selected(
    hosts: list[str], chosen: list[str], left: list[str], done: bool
) -> None:
    given = variables({"h1": {}}, course={"stops": False, "roll": hosts, "move": []})
    run = collect({**given, "ansible_run_tags": chosen, "ansible_skip_tags": left}, ["h1"])
    assert ("onlinefs" in run.done) is done


def test_the_parts_that_the_preflight_left_nothing_to_do_for_are_done_if_they_were_selected() -> None:
    given = variables({"h1": {}}, after_preflight={"stops": False, "hosts": [], "converged": True})
    given["__hopsworks_kafka_run"]["parts"] = ["preflight", "settings", "onlinefs", "projects", "verify"]

    def done(**chosen: t.Any) -> set[str]:
        return set(collect({**given, "ansible_run_tags": ["all"], **chosen}, ["h1"]).done)

    assert done() == {"onlinefs", "projects", "verify"}
    assert done(ansible_run_tags=["preflight", "verify"]) == {"verify"}
    assert done(ansible_skip_tags=["projects"]) == {"onlinefs", "verify"}
    assert done(__hopsworks_kafka_stopped="settings") == set()


def test_after_a_stop_what_was_skipped_is_not_done() -> None:
    skipped = {"skipped": True}
    assert collect(variables({}, part_verify=skipped), []).done == {"verify"}  # check mode: nothing to verify
    assert collect(variables({}, part_verify=skipped, stopped="preflight"), []).done == set()


def test_on_a_revert_the_result_of_the_role_is_the_reverts() -> None:
    given = variables({"h1": {"onlinefs_result": {"changes": []}}})
    given["__hopsworks_kafka_run"] = {"parts": ["revert"], "cluster_wide": "False", "slice": {"index": 1, "count": 2}}
    run = collect(given, ["h1"])
    assert run.hosts == {"h1": {"revert": {"changes": []}}} and run.done == {"revert"}
    assert (run.cluster_wide, run.slice) == (False, (1, 2))


def test_what_an_earlier_playbook_left_and_the_start_has_emptied_is_not_done() -> None:
    emptied = variables(
        {"h1": {"onlinefs_result": {}}}, part_preflight={}, after_preflight={}, step_clients={}, stopped=""
    )
    run = collect({**emptied, "ansible_run_tags": ["all"]}, ["h1"])
    assert (run.done, run.steps, run.hosts, run.stopped) == (set(), {}, {"h1": {}}, "")
    assert run.selected == {"preflight", "onlinefs", "verify"}


def test_the_start_empties_everything_that_a_later_playbook_would_read() -> None:
    plays = pathlib.Path(__file__).parents[3] / "playbooks" / "plays"
    texts = {path.name: path.read_text(encoding="utf-8") for path in plays.glob("*.yml")}
    kept = {
        name
        for text in texts.values()
        for name in re.findall(
            r"(?:register: |^ +)(__hopsworks_kafka_[a-z_]+|onlinefs[a-z_]*_result)(?::|$)", text, re.M
        )
    }
    # Variables of a task or play are gone after it; the start and the end register theirs each time.
    kept -= {
        f"__hopsworks_kafka_{name}"
        for name in (
            "run",
            "summary",
            "parts",
            "changes",
            "switch",
            "with_topic",
            "with_login",
            "named",
            "before",
            "switches_hosts",
            "verifies",
            "probe",
        )
    }
    # The variables of the play of a move.
    kept -= {
        f"__hopsworks_kafka_{name}"
        for name in (
            *("moving", "number", "drained", "stopped_all", "left_all", "changed_all"),
            *("resets", "was_reset", "waits", "has_read", "all_leave", "resets_too_late", "reset_failed"),
            *("goes_back_too", "back_to", "moving_part", "returns"),
        )
    }
    assert "__hopsworks_kafka_stopped" in kept and "onlinefs_result" in kept
    assert [name for name in sorted(kept) if f"        {name}: " not in texts["start.yml"]] == []


def test_a_limit_may_name_a_file(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "site.retry"
    file.write_text("h1\nh2\n\n")
    assert limit_patterns(f"@{file},localhost") == ["h1", "h2", "localhost"]
    assert limit_patterns("all:!h3") == ["all", "!h3"]


@pytest.mark.parametrize("value", [False, "false", "No", 0, "off"])
def test_a_host_need_not_be_proved_if_its_variable_is_false(value: t.Any) -> None:
    assert to_be_proved({"onlinefs_verify_consumer_group": value}) is False


@pytest.mark.parametrize("value", [True, "yes", None, "", "flase", "__omit_place_holder__1"])
def test_whatever_else_is_set_a_host_must_be_proved(value: t.Any) -> None:
    assert to_be_proved({"onlinefs_verify_consumer_group": value}) and to_be_proved({})
