"""Runs of a part: tags, limits, slices. What is left out is named, and nothing looks complete that is not."""

from __future__ import annotations

import pytest

from tests.integration.site.conftest import PROJECTS, Bed
from tests.integration.site.test_bad_input import OTHER_DIRECTORY

PARTS = ["preflight", "settings", "onlinefs", "projects", "verify"]
#: A task of each part.
TASKS = {
    "preflight": "Connect to Kafka with the declaration",
    "settings": "Read the cluster variables",
    "onlinefs": "Stop the rollout if the host failed",
    "projects": "Configure the declared Kafka in every project",
    "verify": "Read each project's effective connector",
}


@pytest.mark.parametrize(
    ("chosen", "ran"),
    [
        (["--tags", "preflight"], {"preflight"}),
        (["--tags", "settings,onlinefs"], {"settings", "onlinefs"}),
        (["--skip-tags", "onlinefs,verify"], {"preflight", "settings", "projects"}),
        (["--tags", "verify"], {"verify"}),
        ([], set(PARTS)),
    ],
)
def test_tags_select_parts_of_site_and_the_rest_is_named(bed: Bed, chosen: list[str], ran: set[str]) -> None:
    run = bed.play("site", "--check", *chosen)
    assert run.code == 0, run
    assert {part for part, task in TASKS.items() if f"TASK [{task}]" in run.output} == ran, run
    left = ", ".join(part for part in PARTS if part not in ran)
    assert (f"Not run, because of --tags, --skip-tags or --limit: {left}." in run.output) == bool(left), run
    assert "Not reached" not in run.output


@pytest.mark.parametrize("playbook", ["preflight", "onlinefs", "verify"])
def test_hosts_that_a_limit_left_out_are_named(bed: Bed, playbook: str) -> None:
    run = bed.play(playbook, "--check", "--limit", "localhost,onlinefs1")
    assert run.code == 0 and set(run.changed) == {"localhost", "onlinefs1"}, run
    assert "Not reached, because of --limit: onlinefs2." in run.output, run
    whole = bed.play(playbook, "--check")
    assert whole.code == 0 and "Not reached" not in whole.output, whole


@pytest.mark.parametrize("playbook", ["site", "projects", "onlinefs"])
def test_a_limit_without_localhost_is_refused(bed: Bed, playbook: str) -> None:
    before = bed.files()
    run = bed.play(playbook, "--limit", "onlinefs1")
    assert run.code != 0 and "Add it: --limit 'onlinefs1,localhost'" in run.output, run
    assert bed.writes() == 0 and bed.files() == before


@pytest.mark.parametrize("task", ["Configure the declared Kafka in every project", "Configure the declared Kafka"])
def test_a_start_in_the_middle_is_refused(bed: Bed, task: str) -> None:
    before = bed.files()
    run = bed.play("site", "--start-at-task", task)
    assert run.code != 0 and "use --tags instead of --start-at-task" in run.output, run
    assert bed.writes() == 0 and bed.files() == before


def test_a_list_of_tasks_and_the_syntax_check_need_no_run(bed: Bed) -> None:
    for options in (["--list-tasks"], ["--list-hosts", "--limit", "localhost,onlinefs1"], ["--syntax-check"]):
        run = bed.play("site", *options)
        assert run.code == 0, run


def test_another_strategy_does_not_go_on_after_a_failed_preflight(bed: Bed) -> None:
    free = {"ANSIBLE_STRATEGY": "free"}
    run = bed.play("site", environment=free, onlinefs_config_dir=OTHER_DIRECTORY)
    assert run.code != 0 and "/nonesuch" in run.output, run
    assert bed.writes() == 0 and set(bed.connectors().values()) == {None}


def test_slices_share_the_projects_and_only_the_first_switches_the_cluster(bed: Bed) -> None:
    """Runs last in this file: it is the only test that changes something."""
    first, second = ({"hopsworks_kafka_slice": {"index": index, "count": 2}} for index in (0, 1))
    before = bed.files()

    checked = bed.play("preflight", "-v", **second)
    assert checked.code == 0, checked
    run = bed.play("site", "--skip-tags", "verify", **second)
    assert run.code == 0 and set(run.changed) == {"localhost"}, run
    assert "Only the projects of slice 1 of 2" in run.output and "belong to slice 0" in run.output, run
    assert "or --limit: verify." in run.output, run
    done = {name for name, connector in bed.connectors().items() if connector is not None}
    assert 0 < len(done) < PROJECTS
    assert [name for name in bed.connectors() if f'"project": "{name}"' in checked.output] == sorted(done), checked
    assert bed.variable()["value"] == "false" and bed.files() == before

    run = bed.play("site", **first)
    assert run.code == 0 and set(run.changed) == {"localhost", "onlinefs1", "onlinefs2"}, run
    assert all(connector is not None for connector in bed.connectors().values())
    assert bed.variable()["value"] == "true" and bed.files() != before

    switched = bed.files()
    run = bed.play("revert", **first)
    assert run.code == 0 and set(run.changed) == {"localhost"}, run
    assert {name for name, connector in bed.connectors().items() if connector is not None} == done
    assert bed.variable()["value"] == "true" and bed.files() == switched
    assert bed.play("verify", **second).code == 0
    assert bed.play("verify", **first).code != 0
