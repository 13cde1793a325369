"""The variables of the playbooks: what is undefined, misplaced or of the wrong shape is refused at the start."""

from __future__ import annotations

import sys
import typing as t

import pytest

from tests.integration.site.conftest import HOSTS, Bed

#: All hosts stop together then, so every value of every host is checked before.
MOVES = True
STOPS = "TASK [hopsworks.kafka.onlinefs : Move | Stop the service]"
UNDEFINED = "{{ not_defined_anywhere }}"


@pytest.fixture(autouse=True)
def nothing_is_written(bed: Bed) -> t.Iterator[None]:
    before = bed.files()
    yield
    assert bed.writes() == 0
    assert bed.files() == before


@pytest.mark.parametrize(
    ("playbook", "variable", "value"),
    [
        ("preflight", "hopsworks_kafka_projects", UNDEFINED),
        ("preflight", "hopsworks_kafka_topics", [UNDEFINED]),
        ("preflight", "hopsworks_kafka_project_topic", UNDEFINED),
        ("projects", "hopsworks_kafka_projects", UNDEFINED),
        ("projects", "hopsworks_kafka_project_query", UNDEFINED),
        ("projects", "hopsworks_kafka_truststore", UNDEFINED),
        ("verify", "hopsworks_kafka_projects", [{"name": UNDEFINED}]),
        ("verify", "hopsworks_kafka_connector_name", UNDEFINED),
        ("revert", "hopsworks_kafka_projects", UNDEFINED),
        ("revert", "hopsworks_kafka_slice", {"index": 0, "count": UNDEFINED}),
        ("revert", "onlinefs_generation", UNDEFINED),
        ("onlinefs", "hopsworks_kafka_keystore", UNDEFINED),
        ("onlinefs", "hopsworks_kafka_keystore", {"path": "client.p12", "password": UNDEFINED}),
        ("onlinefs", "hopsworks_kafka_properties", {"bootstrap.servers": "kafka:9092", "ssl.key.password": UNDEFINED}),
        ("settings", "hopsworks_workers", UNDEFINED),
        ("settings", "hopsworks_validate_certs", UNDEFINED),
    ],
)
def test_a_variable_set_to_something_undefined_is_named(bed: Bed, playbook: str, variable: str, value: object) -> None:
    run = bed.play(playbook, **{variable: value})
    assert run.code != 0, run
    assert f"Set to something that is undefined: {variable}. Nothing was done." in run.output, run
    assert "onlinefs1" not in run.changed, run


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("{{ lookup('file', '/nonesuch/canary-Hunter2') }}", "lookup file"),
        ("{{ 'canary-Hunter2' | b64decode | from_yaml | combine('canary-Hunter2') }}", ""),
        ("{{ 'canary-Hunter2' | nosuchfilter }}", "filter nosuchfilter"),
        ("{{ ('canary-Hunter2' }}", ""),
    ],
    ids=["lookup", "value", "filter", "syntax"],
)
def test_an_error_of_a_template_is_not_quoted(bed: Bed, value: str, why: str) -> None:
    """ansible-core quotes the template, and the lines before it, where the login often stands."""
    properties = {"sasl.jaas.config": "canary-Hunter2", "x.unknown": value}
    run = bed.play("site", "-vvv", hopsworks_kafka_properties=properties)
    assert run.code != 0 and "Cannot be evaluated: hopsworks_kafka_properties (" in run.output, run
    assert why in run.output and "canary-Hunter2" not in run.output, run


def test_so_is_the_old_name_of_a_variable(bed: Bed) -> None:
    run = bed.play("verify", online_kafka_storage_connector_name=UNDEFINED)
    assert run.code != 0 and "undefined: hopsworks_kafka_connector_name. Nothing" in run.output, run


@pytest.mark.parametrize("variable", ["hopsworks_kafka_keystore", "onlinefs_client_id", "onlinefs_service_version"])
def test_so_is_one_that_only_the_hosts_have(bed: Bed, variable: str) -> None:
    before = bed.files()
    further = bed.inventory(onlinefs={"hosts": {"onlinefs1": {variable: UNDEFINED}}})
    run = bed.play("onlinefs", "-i", further)
    assert run.code != 0, run
    assert "'not_defined_anywhere' is undefined" in run.output, run
    assert STOPS not in run.output and "onlinefs2: not changed" in run.output, run
    assert bed.files() == before


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("onlinefs_service_timeout", "soon", "service_timeout"),
        ("onlinefs_service_manager", "upstart", "service_manager"),
        ("onlinefs_truststore", "", "option truststore: it must be a dictionary"),
        ("onlinefs_become", "perhaps", "become"),
    ],
)
def test_a_host_with_a_wrong_value_stays_as_it_is(bed: Bed, variable: str, value: str, told: str) -> None:
    before = bed.files()
    run = bed.play("onlinefs", "-i", bed.inventory(onlinefs={"hosts": {"onlinefs1": {variable: value}}}))
    assert run.code != 0 and told in run.output, run
    assert STOPS not in run.output and "onlinefs2: not changed" in run.output, run
    assert bed.files() == before


@pytest.mark.parametrize("place", ["all", "localhost", "the command line"])
def test_hosts_and_batches_are_read_wherever_localhost_reads_variables(bed: Bed, place: str) -> None:
    chosen = {"hopsworks_kafka_onlinefs_hosts": "picked", "hopsworks_kafka_serial": 2}
    groups: dict[str, t.Any] = {"picked": {"hosts": dict.fromkeys([f"onlinefs{n + 1}" for n in range(HOSTS)])}}
    if place == "all":
        groups["all"] = {"vars": chosen}
    elif place == "localhost":
        # Like Ansible's own implicit localhost, but with variables.
        own = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        groups["ungrouped"] = {"hosts": {"localhost": {**own, **chosen}}}
    further = bed.inventory(**groups)
    run = bed.play("onlinefs", "--check", "-i", further, **(chosen if place == "the command line" else {}))
    assert run.code == 0, run
    # The first change is a move: stop, record, change.
    assert run.changed == {"localhost": 0, "onlinefs1": 3, "onlinefs2": 3}, run
    assert run.output.count("PLAY [OnlineFS | Roll out to the hosts]") == 1, run


def test_a_group_that_is_empty_is_refused_wherever_it_is_named(bed: Bed) -> None:
    further = bed.inventory(all={"vars": {"hopsworks_kafka_onlinefs_hosts": "misspelt"}})
    for playbook in ("preflight", "onlinefs", "verify", "revert"):
        run = bed.play(playbook, "-i", further)
        assert run.code != 0 and "No host of the inventory matches 'misspelt'" in run.output, run


def test_variables_of_localhost_that_are_set_for_the_hosts_are_refused(bed: Bed) -> None:
    further = bed.inventory(onlinefs={"vars": {"hopsworks_kafka_serial": 1, "hopsworks_kafka_projects": ["project_1"]}})
    run = bed.play("site", "-i", further)
    assert run.code != 0, run
    for name in ("hopsworks_kafka_serial (onlinefs1)", "hopsworks_kafka_projects (onlinefs2)"):
        assert name in run.output, run
    assert "Set them in `all` or group_vars/all" in run.output, run


def test_so_is_the_generation_of_a_revert(bed: Bed) -> None:
    """Otherwise the hosts would return to it, and the projects to the Kafka that Hopsworks manages."""
    run = bed.play("revert", "-i", bed.inventory(onlinefs={"vars": {"onlinefs_generation": 1}}))
    assert run.code != 0 and "onlinefs_generation (onlinefs1)" in run.output, run


@pytest.mark.parametrize(
    ("playbook", "variables", "told"),
    [
        ("preflight", {"hopsworks_kafka_projects": "fraud"}, "hopsworks_kafka_projects must be a list"),
        ("revert", {"hopsworks_kafka_projects": "fraud"}, "hopsworks_kafka_projects must be a list"),
        ("projects", {"hopsworks_kafka_projects": {"fraud": {}}}, "hopsworks_kafka_projects must be a list"),
        ("preflight", {"hopsworks_kafka_topics": "fraud"}, "hopsworks_kafka_topics must be a list"),
        ("verify", {"hopsworks_kafka_slice": "0/2"}, "hopsworks_kafka_slice must be {index: I, count: N}"),
        ("site", {"hopsworks_kafka_slice": {"index": 2, "count": 2}}, "with an index from 0 to N - 1"),
        ("site", {"hopsworks_kafka_onlinefs": "kubernetes"}, "must be hosts or none, not 'kubernetes'"),
        ("onlinefs", {"hopsworks_kafka_onlinefs": "none"}, "hopsworks.kafka.onlinefs has nothing to do"),
        ("projects", {"hopsworks_api_key": "{{ lookup('env', 'HOPSWORKS_API_KEY') }}"}, "HOPSWORKS_API_KEY is unset"),
        ("revert", {"onlinefs_generation": -1}, "onlinefs_generation must be the number"),
        ("settings", {"hopsworks_host": ""}, "HOPSWORKS_HOST is unset"),
    ],
)
def test_a_value_of_the_wrong_shape_is_refused(bed: Bed, playbook: str, variables: dict[str, t.Any], told: str) -> None:
    run = bed.play(playbook, **variables)
    assert run.code != 0 and told in run.output, run


def test_a_declaration_that_only_the_hosts_have_is_refused(bed: Bed) -> None:
    path = bed.directory / "inventory.yml"
    kept = path.read_text()
    try:
        path.write_text(kept.replace('"hopsworks_kafka_properties"', '"elsewhere"'))
        further = bed.inventory(onlinefs={"vars": {"hopsworks_kafka_properties": {"bootstrap.servers": "kafka:9092"}}})
        run = bed.play("site", "-i", further)
    finally:
        path.write_text(kept)
    assert run.code != 0, run
    assert "hopsworks_kafka_properties is not set for localhost. Set it in `all` or group_vars/all" in run.output, run


def test_without_hosts_the_rest_works_and_the_end_says_what_was_not_looked_at(bed: Bed) -> None:
    for playbook, changed in (("preflight", 0), ("site", 2)):
        run = bed.play(playbook, "--check", hopsworks_kafka_onlinefs="none", hopsworks_kafka_onlinefs_hosts="nonesuch")
        assert run.code == 0 and run.changed == {"localhost": changed}, run
        assert "OnlineFS was not checked, because hopsworks_kafka_onlinefs is none" in run.output, run
        assert "Not run" not in run.output and "Not reached" not in run.output, run
