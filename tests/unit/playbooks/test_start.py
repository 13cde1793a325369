"""The variables of a run: which are refused, and what the later plays read."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._start import Start, is_slice, not_evaluated, problems

SITE = ("preflight", "settings", "onlinefs", "projects", "verify")
VALUES = {
    "hopsworks_kafka_properties": {"bootstrap.servers": "kafka:9092"},
    "hopsworks_host": "hopsworks.example.com",
    "hopsworks_api_key": "a.key",
    "hopsworks_kafka_onlinefs": "hosts",
    "hopsworks_kafka_onlinefs_hosts": "onlinefs",
    "hopsworks_kafka_left_behind": "stop",
    "hopsworks_kafka_serial": [1],
}


def start(parts: t.Sequence[str] = SITE, environment: t.Mapping[str, str] | None = None, **values: t.Any) -> Start:
    given = {**VALUES, **{f"hopsworks_{name}": value for name, value in values.items()}}
    return Start(parts, {name: value for name, value in given.items() if value is not None}, environment or {})


def revert(generation: t.Any = None, **values: t.Any) -> Start:
    made = start(("revert",), **values)
    return made if generation is None else Start(made.parts, {**made.values, "onlinefs_generation": generation}, {})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (start(), None),
        (start(kafka_properties=None), "hopsworks_kafka_properties is not set for localhost. Set it in `all`"),
        (start(("settings",), kafka_properties=None), None),
        (start(host=""), "hopsworks_host is not set, and HOPSWORKS_HOST is unset."),
        (start(host=" ", environment={"HOPSWORKS_HOST": "x"}), "hopsworks_host is empty."),
        (start(api_key=""), "The API key of Hopsworks is empty: HOPSWORKS_API_KEY is unset."),
        (start(api_key="", environment={"HOPSWORKS_API_KEY": "x"}), "The API key of Hopsworks is empty. Set"),
        (start(("onlinefs",), api_key="", host=""), None),
        (start(("carry_over",), api_key="", host="", kafka_properties=None), None),
        (start(("carry_over",), kafka_onlinefs="none"), "hopsworks.kafka.carry_over has nothing to do"),
        (start(kafka_carry_over_properties="sasl"), "hopsworks_kafka_carry_over_properties must be a dictionary"),
        (start(kafka_carry_over_properties={"sasl.jaas.config": "x"}), None),
        (revert(1, api_key=""), None),
        (revert(0, api_key=""), "The API key of Hopsworks is empty"),
        (start(kafka_projects="fraud"), "hopsworks_kafka_projects must be a list, such as [fraud]."),
        (start(kafka_projects={"fraud": {}}), "hopsworks_kafka_projects must be a list"),
        (start(kafka_topics="fraud"), "hopsworks_kafka_topics must be a list"),
        (start(kafka_onlinefs="kubernetes"), "hopsworks_kafka_onlinefs must be hosts or none, not 'kubernetes'."),
        (start(("onlinefs",), kafka_onlinefs="none"), "hopsworks.kafka.onlinefs has nothing to do"),
        (start(kafka_left_behind="yes"), "hopsworks_kafka_left_behind must be stop or allow, not 'yes'."),
        (
            start(kafka_saved_offsets="keep"),
            "hopsworks_kafka_saved_offsets must be reset or accept, or not set, not 'keep'.",
        ),
        (start(kafka_saved_offsets="reset", kafka_old_cluster="unreadable", kafka_drain_timeout=600), None),
        (start(kafka_saved_offsets="", kafka_old_cluster="", kafka_drain_timeout=""), None),
        (start(kafka_old_cluster="gone"), "hopsworks_kafka_old_cluster must be unreadable, or not set, not 'gone'."),
        (start(kafka_drain_timeout="soon"), "hopsworks_kafka_drain_timeout must be a number of seconds, or not set."),
        (start(kafka_drain_timeout=0), "hopsworks_kafka_drain_timeout must be a number"),
        (start(kafka_carry_timeout=7200), None),
        (start(kafka_carry_timeout=""), None),
        (start(kafka_carry_timeout="2h"), "hopsworks_kafka_carry_timeout must be a number of seconds, or not set."),
        (start(kafka_carry_timeout=0), "hopsworks_kafka_carry_timeout must be a number"),
        (start(kafka_slice="0/2"), "hopsworks_kafka_slice must be {index: I, count: N}"),
        (revert(-1), "onlinefs_generation must be the number of a configuration"),
        (revert(""), "onlinefs_generation must be the number of a configuration"),
        (revert(["1"]), "onlinefs_generation must be the number of a configuration"),
        (revert("2026-01-31T12:00:00Z"), None),
        (revert("2"), None),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(given: Start, told: str | None) -> None:
    found = problems(given, ["h1"], [])
    assert len(found) == (told is not None)
    assert told is None or told in found[0]


def test_hosts_that_are_missing_and_variables_that_nothing_reads_are_told() -> None:
    [missing, misplaced] = problems(start(), [], [("hopsworks_kafka_serial", "h1"), ("onlinefs_generation", "h2")])
    assert "No host of the inventory matches 'onlinefs'" in missing
    assert "hopsworks_kafka_serial (h1), onlinefs_generation (h2)" in misplaced
    assert problems(start(kafka_onlinefs="none"), [], []) == []


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ({"index": 0, "count": 1}, True),
        ({"index": "1", "count": "2"}, True),
        ({"index": 2, "count": 2}, False),
        ({"index": -1, "count": 2}, False),
        ({"index": 0}, False),
        ({"index": 0, "count": 2, "of": 3}, False),
        ([0, 2], False),
        (None, False),
    ],
)
def test_a_slice_has_an_index_below_its_count(value: t.Any, good: bool) -> None:
    assert is_slice(value) is good


@pytest.mark.parametrize(
    ("given", "cluster_wide", "hosts_only", "hosts", "parts"),
    [
        (start(), True, False, "onlinefs", [*SITE]),
        (start(kafka_slice={"index": 0, "count": 2}), True, False, "onlinefs", [*SITE]),
        (start(kafka_slice={"index": 1, "count": 2}), False, False, [], ["preflight", "projects", "verify"]),
        (start(kafka_projects=["a"]), True, False, "onlinefs", [*SITE]),
        (start(kafka_onlinefs="none"), True, False, [], ["preflight", "settings", "projects", "verify"]),
        (revert(), True, False, "onlinefs", ["revert"]),
        (revert(kafka_projects=["a"]), False, False, [], ["revert"]),
        (revert(kafka_project_query="[]"), False, False, [], ["revert"]),
        (revert(kafka_slice={"index": 0, "count": 2}), False, False, [], ["revert"]),
        (revert(2, kafka_projects=["a"]), True, True, "onlinefs", ["revert"]),
        (start(("carry_over",), kafka_slice={"index": 1, "count": 2}), True, False, "onlinefs", ["carry_over"]),
    ],
)
def test_what_belongs_to_a_run(
    given: Start, cluster_wide: bool, hosts_only: bool, hosts: t.Any, parts: list[str]
) -> None:
    run = given.run()
    assert (run["cluster_wide"], run["hosts_only"], run["hosts"], run["parts"]) == (
        cluster_wide,
        hosts_only,
        hosts,
        parts,
    )
    assert run["playbook"] == f"hopsworks.kafka.{parts[0] if len(parts) == 1 else 'site'}"


@pytest.mark.parametrize("name", ["onlinefs", "left_behind", "saved_offsets", "old_cluster", "onlinefs_hosts"])
def test_a_secret_in_the_wrong_variable_is_not_quoted(name: str) -> None:
    values = ('x required password="Hunter2";', {"password": "Hunter2"}, "https://u:Hunter2@h", "token=Hunter2\x1b[2J")
    for value in values:
        told = problems(start(**{f"kafka_{name}": value}), [], [])
        assert told and "Hunter2" not in str(told) and "\x1b" not in "".join(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("No filter named 'x.y.z'. String: {{ 'Hunter2' }}", "(ValueError, filter x.y.z)"),
        ("The lookup plugin 'file' failed: could not locate Hunter2", "(ValueError, lookup file)"),
        ("Could not find filter(Hunter2, lookup('Hunter2'))", "(ValueError)"),
        ("Hunter2", "(ValueError)"),
    ],
)
def test_of_an_error_only_the_plugin_is_named(text: str, told: str) -> None:
    message = not_evaluated({"hopsworks_api_key": ValueError(text)})
    assert f"Cannot be evaluated: hopsworks_api_key {told}. Nothing was done." in message and "Hunter2" not in message
