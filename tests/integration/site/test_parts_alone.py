"""Parts that run without the preflight: they look at the release and at who is left behind, and at no more."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.site.conftest import Bed
from tests.integration.site.test_last_lines import shown
from tests.integration.site.test_left_behind import ALLOW, NAMED, SOME, key

#: How a run changes the hosts without the preflight.
WITHOUT_PREFLIGHT: list[tuple[str, list[str]]] = [
    ("onlinefs", []),
    ("onlinefs", ["--check"]),
    ("site", ["--tags", "onlinefs"]),
    ("site", ["--skip-tags", "preflight"]),
]


def untouched(bed: Bed, files: dict[str, str]) -> bool:
    return bed.writes() == 0 and bed.files() == files and bed.variable()["value"] == "false"


@pytest.fixture
def files(bed: Bed) -> dict[str, str]:
    bed.control("DELETE", "requests")
    return bed.files()


@pytest.mark.parametrize(("playbook", "options"), WITHOUT_PREFLIGHT)
def test_hosts_are_not_switched_while_projects_are_left_behind(
    bed: Bed, files: dict[str, str], playbook: str, options: list[str]
) -> None:
    run = bed.play(playbook, *options, **SOME)
    assert run.code != 0 and NAMED in run.output and "hopsworks_kafka_left_behind=allow" in run.output, run
    assert shown(run)[0].endswith("so nothing was changed."), run
    assert "because the run stopped at the start" in run.output
    assert untouched(bed, files)


def test_allowed_they_are_named(bed: Bed, files: dict[str, str]) -> None:
    run = bed.play("onlinefs", "--check", **SOME, **ALLOW)
    assert run.code == 0 and NAMED in run.output, run
    assert untouched(bed, files)


@pytest.mark.parametrize("missing", ["hopsworks_api_key", "hopsworks_kafka_properties"])
def test_without_what_it_takes_to_ask_the_end_says_that_nobody_looked(
    bed: Bed, files: dict[str, str], missing: str
) -> None:
    variables: dict[str, t.Any] = {missing: "" if missing != "hopsworks_kafka_properties" else {}}
    properties = {"onlinefs_properties": {"bootstrap.servers": bed.note["bootstrap"]}}
    run = bed.play("onlinefs", "--check", **properties, onlinefs_probe="never", **variables)
    assert run.code == 0, run
    lines = " ".join(" ".join(shown(run)).split())
    told = f"Which projects are left behind was not checked, because localhost does not have {missing}."
    assert told in lines, run
    assert sum(bed.control("GET", "requests").values()) == 0
    assert untouched(bed, files)


def test_hosts_can_be_repaired_while_hopsworks_is_down(bed: Bed, files: dict[str, str]) -> None:
    bed.control("POST", "faults", [{"match": {"route": "*"}, "fault": 401}])
    try:
        run = bed.play("onlinefs", "--check")
        assert run.code != 0 and "hopsworks_kafka_left_behind=allow" in run.output, run
        run = bed.play("onlinefs", "--check", **ALLOW)
    finally:
        bed.control("DELETE", "faults")
    assert run.code == 0 and "Left behind   Not known: " in run.output, run
    assert untouched(bed, files)


@pytest.mark.parametrize(
    ("playbook", "options"),
    [
        ("settings", []),
        ("projects", []),
        ("onlinefs", []),
        ("site", ["--tags", "projects,verify"]),
    ],
)
def test_an_old_release_is_refused_by_every_part(
    bed: Bed, files: dict[str, str], playbook: str, options: list[str]
) -> None:
    bed.control("PUT", "settings", {"version": "3.3.0"})
    try:
        run = bed.play(playbook, *options)
    finally:
        bed.control("PUT", "settings", {"version": "5.2.1"})
    assert run.code != 0 and "Hopsworks 3.3.0 cannot use an external Kafka" in run.output, run
    assert run.output.count("cannot use an external Kafka") == 1, run
    assert untouched(bed, files)


@pytest.mark.parametrize(
    ("playbook", "options", "release", "memberships", "everyone"),
    [
        ("settings", [], 1, 0, 0),
        ("projects", [], 1, 1, 0),
        ("onlinefs", [], 1, 1, 1),
        ("site", ["--tags", "settings,onlinefs,projects"], 1, 2, 1),
        ("site", [], 1, 3, 1),
    ],
)
def test_what_a_part_needs_to_know_is_asked_once(
    bed: Bed, files: dict[str, str], playbook: str, options: list[str], release: int, memberships: int, everyone: int
) -> None:
    run = bed.play(playbook, "--check", *options)
    assert run.code == 0 and "  Hopsworks     5.2.1" in run.output, run
    asked = bed.control("GET", "requests")
    routes = ("GET /variables/versions", "GET /project", "GET /project/getAll")
    assert [asked.get(route, 0) for route in routes] == [release, memberships, everyone], asked
    if playbook == "settings":
        assert asked == {"GET /variables/versions": 1, "GET /admin/configuration": 2}, asked
    assert untouched(bed, files)


def test_a_run_that_reaches_no_project_is_a_mistake_unless_it_is_for_hosts_alone(
    bed: Bed, files: dict[str, str]
) -> None:
    bed.control("PUT", "projects", {"name": "project_3", "status": "ONGOING"})
    only: dict[str, t.Any] = {"hopsworks_kafka_projects": ["project_3"], **ALLOW}
    try:
        for playbook in ("site", "projects"):
            run = bed.play(playbook, **only)
            assert run.code != 0 and "Projects: none was reached" in run.output, run
        hosts = bed.play("onlinefs", "--check", **only)
    finally:
        bed.control("PUT", "projects", {"name": "project_3", "status": "DONE"})
    assert hosts.code == 0, hosts
    nobody = bed.play("onlinefs", "--check", **ALLOW, **key(bed, projects=0))
    assert nobody.code == 0 and "Left behind   Not known: " in nobody.output, nobody
    assert untouched(bed, files)


def test_a_host_that_the_pattern_names_twice_and_batches_larger_than_the_group_change_nothing(
    bed: Bed, files: dict[str, str]
) -> None:
    pattern = ["onlinefs", "onlinefs1", "onlinefs"]
    run = bed.play("onlinefs", "--check", hopsworks_kafka_onlinefs_hosts=pattern, hopsworks_kafka_serial=[50, "300%"])
    assert run.code == 0 and set(run.changed) == {"localhost", "onlinefs1", "onlinefs2"}, run
    assert [line for line in shown(run) if "onlinefs1: " in line] == [
        "  Hosts         onlinefs1: would change, generation 1"
    ]
    assert untouched(bed, files)
