"""Projects that a rollout does not reach: site stops before anything is switched, or names them. Rights of the key."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.site.conftest import Bed

SCOPES = ("PROJECT", "FEATURESTORE", "DATASET_VIEW", "DATASET_CREATE", "DATASET_DELETE", "ADMIN")
SOME = {"hopsworks_kafka_projects": ["project_1", "project_2"]}
ALLOW = {"hopsworks_kafka_left_behind": "allow"}
NAMED = "This rollout does not reach 2 projects of the cluster. Not chosen: project_3, project_4."


@pytest.fixture
def files(bed: Bed) -> dict[str, str]:
    bed.control("DELETE", "requests")
    return bed.files()


def untouched(bed: Bed, files: dict[str, str]) -> bool:
    return bed.writes() == 0 and bed.files() == files and bed.variable()["value"] == "false"


def key(bed: Bed, scopes: t.Sequence[str] = SCOPES, admin: bool = True, projects: int = 4) -> dict[str, str]:
    roles = {f"project_{number}": "Data owner" for number in range(1, projects + 1)}
    body = {"key": "engineer.0123456789", "user": "engineer", "admin": admin, "scopes": list(scopes), "roles": roles}
    bed.control("POST", "keys", body)
    return {"hopsworks_api_key": "engineer.0123456789"}


def test_preflight_names_them(bed: Bed, files: dict[str, str]) -> None:
    run = bed.play("preflight", **SOME)
    assert run.code == 0 and NAMED in run.output, run
    assert untouched(bed, files)


@pytest.mark.parametrize("check", [False, True])
def test_site_stops_before_anything_is_switched(bed: Bed, files: dict[str, str], check: bool) -> None:
    run = bed.play("site", *(["--check"] if check else []), **SOME)
    assert run.code != 0 and NAMED in run.output and "hopsworks_kafka_left_behind=allow" in run.output, run
    assert untouched(bed, files)


def test_a_project_of_others_is_left_behind_too(bed: Bed, files: dict[str, str]) -> None:
    run = bed.play("site", **key(bed, projects=3))
    assert run.code != 0 and "User of the API key no member: project_4." in run.output, run
    assert untouched(bed, files)


def test_a_list_that_cannot_be_read_stops_it_unless_it_is_allowed(bed: Bed, files: dict[str, str]) -> None:
    bed.control("POST", "faults", [{"match": {"route": "/project/getAll"}, "fault": 500}])
    try:
        run = bed.play("site")
        assert run.code != 0 and "left behind is not known" in run.output, run
        assert untouched(bed, files)
        run = bed.play("site", "--check", **ALLOW)
        assert run.code == 0 and "left behind is not known" in run.output, run
        run = bed.play("verify", "--tags", "verify")
        assert run.code != 0, run
    finally:
        bed.control("DELETE", "faults")


@pytest.mark.parametrize("missing", ["FEATURESTORE", "DATASET_CREATE", "DATASET_DELETE", "ADMIN"])
def test_preflight_finds_a_missing_scope_without_a_write(bed: Bed, files: dict[str, str], missing: str) -> None:
    run = bed.play("preflight", **key(bed, [scope for scope in SCOPES if scope != missing]))
    assert run.code != 0 and f"The API key lacks the scope {missing}" in run.output, run
    assert untouched(bed, files)


def test_a_run_without_the_settings_needs_no_administrator(bed: Bed, files: dict[str, str]) -> None:
    engineer = key(bed, admin=False)
    run = bed.play("preflight", **engineer)
    assert run.code != 0 and "not an administrator" in run.output, run
    run = bed.play("site", "--check", "--skip-tags", "settings", **engineer)
    assert run.code == 0, run
    assert untouched(bed, files)


def test_an_old_release_is_refused(bed: Bed, files: dict[str, str]) -> None:
    bed.control("PUT", "settings", {"version": "3.3.0"})
    try:
        run = bed.play("site")
    finally:
        bed.control("PUT", "settings", {"version": "5.2.1"})
    assert run.code != 0 and "Hopsworks 3.3.0 cannot use an external Kafka" in run.output, run
    assert untouched(bed, files)


def test_another_word_than_stop_or_allow_is_refused(bed: Bed, files: dict[str, str]) -> None:
    run = bed.play("site", hopsworks_kafka_left_behind="yes")
    assert run.code != 0 and "must be stop or allow, not 'yes'" in run.output, run
    assert untouched(bed, files)


def test_allowed_they_are_named_and_the_rest_is_rolled_out(bed: Bed) -> None:
    """Runs last in this file: it is the only test that changes something."""
    run = bed.play("site", **SOME, **ALLOW)
    assert run.code == 0 and run.output.count(NAMED) >= 1, run
    done = {name for name, connector in bed.connectors().items() if connector is not None}
    assert done == {"project_1", "project_2"}
    again = bed.play("verify", **SOME)
    assert again.code == 0 and NAMED in again.output, again
    # The projects that have the declared Kafka already are reached, whichever run gave it to them.
    rest = bed.play("site", hopsworks_kafka_projects=["project_3", "project_4"])
    assert rest.code == 0 and "does not reach" not in rest.output, rest
