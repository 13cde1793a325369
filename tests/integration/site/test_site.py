"""The playbooks over a lab: roll out, again, look, alter, mend, take back. In that order, as an operator would."""

from __future__ import annotations

import json
import pathlib
import re

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.integration.site.conftest import HOSTS, PROJECTS, Bed

#: The hosts read from the Kafka that Hopsworks manages.
MOVES = True
SCRAM = {
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required "
    'username="hopsworks" password="correct-horse";',
}


@pytest.fixture(scope="module")
def before(bed: Bed) -> dict[str, str]:
    return bed.files()


def test_preflight_changes_nothing(bed: Bed, before: dict[str, str]) -> None:
    run = bed.play("preflight")
    assert run.code == 0, run
    assert set(run.changed.values()) == {0}
    assert bed.writes() == 0
    assert bed.files() == before


def test_preflight_tries_each_project_on_its_own_topic(bed: Bed) -> None:
    projects: list[object] = ["project_1", {"name": "project_2", "properties": {"client.id": "own"}}]
    own = {"hopsworks_kafka_project_topic": "{name}_onlinefs"}
    run = bed.play("preflight", hopsworks_kafka_projects=projects, **own)
    assert run.code == 0, run
    run = bed.play("preflight", hopsworks_kafka_projects=[*projects, "project_3"], **own)  # the lab has no topic for it
    assert run.code != 0
    assert "project project_3: stage topics failed at project_3_onlinefs: unknown_topic" in run.output, run


def test_check_mode_writes_nothing_and_foretells_the_run(bed: Bed, before: dict[str, str]) -> None:
    foretold = bed.play("site", "--check", "--diff")
    assert foretold.code == 0, foretold
    assert bed.writes() == 0
    assert bed.files() == before
    assert foretold.output.count("+++ after: onlinefs-kafka.properties") == HOSTS, foretold
    assert "+enable_bring_your_own_kafka: true" in foretold.output
    # Projects that change alike are shown once.
    assert f"+++ after: {PROJECTS} projects: project_1, project_2" in foretold.output, foretold


def test_values_from_a_vault_are_opened_for_hosts_and_projects(bed: Bed) -> None:
    secret = VaultSecret(b"opens-the-vault")
    text = VaultLib([("default", secret)]).encrypt("from-the-vault", secret).decode()
    password, variables = bed.directory / "vault", bed.directory / "vaulted.yml"
    password.write_text("opens-the-vault")
    properties = {"bootstrap.servers": bed.note["bootstrap"], "security.protocol": "PLAINTEXT"}
    declared = json.dumps({"hopsworks_kafka_properties": {**properties, "client.id": "VAULTED"}})
    variables.write_text(declared.replace('"VAULTED"', f"!vault {json.dumps(text)}"))
    run = bed.play("site", "--check", "--diff", "-e", f"@{variables}", "--vault-password-file", str(password))
    assert run.code == 0, run
    # From ansible-core 2.22 on, Ansible itself shows no value from a vault.
    opened = r"(from-the-vault|\$REDACTED\$)"
    assert len(re.findall(rf"\+client\.id={opened}", run.output)) == HOSTS * 3, (
        run
    )  # each host's three properties files
    assert len(re.findall(rf"\+client\.id: {opened}", run.output)) == 1, run  # once for all projects


@pytest.mark.parametrize("place", ["beside the inventory", "where Ansible is started"])
def test_a_relative_path_means_the_same_file_for_hosts_and_projects(
    bed: Bed, tmp_path: pathlib.Path, place: str
) -> None:
    name = f"{place.split()[0]}/kafka-ca.pem"
    file = (bed.directory if "inventory" in place else tmp_path) / name
    file.parent.mkdir()
    file.write_bytes(pathlib.Path(bed.note["ca"]).read_bytes())
    declared = {
        "hopsworks_kafka_properties": {**SCRAM, "bootstrap.servers": bed.note["bootstrap"]},
        "hopsworks_kafka_truststore": {"path": name},
        "onlinefs_probe": "never",
    }
    hosts = bed.play("onlinefs", "--check", start=tmp_path, **declared)
    # A move: each host stops, records, changes.
    assert hosts.code == 0 and hosts.changed == {"localhost": 0, "onlinefs1": 3, "onlinefs2": 3}, hosts
    projects = bed.play("projects", "--check", start=tmp_path, **declared)
    assert projects.code == 0 and set(projects.changed.values()) == {1}, projects
    probed = bed.play("preflight", start=tmp_path, **declared)
    assert "stage tls failed" in probed.output, probed  # the brokers of the lab speak no TLS, so the store was read


def test_site_rolls_out_to_every_host_and_project(bed: Bed, before: dict[str, str]) -> None:
    run = bed.play("site")
    assert run.code == 0, run
    assert all(connector is not None for connector in bed.connectors().values())
    servers = {connector["bootstrapServers"] for connector in bed.connectors().values()}
    assert servers == {bed.note["bootstrap"]}
    for home in bed.note["homes"]:
        text = pathlib.Path(home, "etc", "onlinefs-kafka.properties").read_text()
        assert f"bootstrap.servers={bed.note['bootstrap']}" in text.replace("\\:", ":")


def test_a_second_run_writes_nothing(bed: Bed) -> None:
    bed.control("DELETE", "requests")
    files = bed.files()
    run = bed.play("site")
    assert run.code == 0, run
    assert set(run.changed.values()) == {0}, run
    assert bed.writes() == 0
    assert bed.files() == files
    # The preflight saw all that the later parts would do and look at. They count as done.
    plays = ("OnlineFS | Roll out", "Projects | One connector", "Verify | The connector of", "Verify | The hosts of")
    for play in plays:
        assert re.search(rf"PLAY \[{re.escape(play)}[^\n]*\nskipping: no hosts matched", run.output), run
    assert "Not run" not in run.output and f"{PROJECTS} projects: {PROJECTS} unchanged" in run.output, run
    # For each project, its feature store twice and the connector that clients are given.
    requests = bed.control("GET", "requests")
    assert sum(count for route, count in requests.items() if "/featurestores/" in route) == 3 * PROJECTS + 2, requests


def test_what_somebody_altered_is_shown_and_mended(bed: Bed) -> None:
    path = pathlib.Path(bed.note["homes"][0], "etc", "onlinefs-kafka.properties")
    path.write_text(path.read_text().replace("max.poll.records=1000", "max.poll.records=7"))
    verified = bed.play("verify")
    assert verified.code != 0
    assert "max.poll.records" in verified.output, verified
    shown = bed.play("onlinefs", "--check", "--diff")
    assert "-max.poll.records=7" in shown.output, shown
    mended = bed.play("onlinefs")
    assert mended.code == 0, mended
    assert mended.changed == {"localhost": 0, "onlinefs1": 1, "onlinefs2": 0}
    assert bed.play("verify").code == 0


def test_a_switch_that_is_off_is_found(bed: Bed) -> None:
    bed.control("PUT", "variables", {"enable_bring_your_own_kafka": "false"})
    verified = bed.play("verify")
    assert verified.code != 0
    assert (
        "4 projects (project_1, project_2, project_3 and 1 more): its clients still use the Kafka" in verified.output
    ), verified
    assert bed.play("settings").code == 0
    assert bed.play("verify").code == 0


@pytest.mark.parametrize("found", ["nothing", "ADMIN", "USER"])
def test_settings_creates_the_variable_for_users_and_keeps_the_visibility_it_has(bed: Bed, found: str) -> None:
    value = None if found == "nothing" else {"value": "false", "visibility": found}
    bed.control("PUT", "variables", {"enable_bring_your_own_kafka": value})
    run = bed.play("settings")
    assert run.code == 0 and run.changed == {"localhost": 1}, run
    assert bed.variable()["value"] == "true"
    assert bed.variable()["visibility"] == ("ADMIN" if found == "ADMIN" else "USER")


def test_revert_of_one_project_leaves_the_switch_and_the_hosts(bed: Bed) -> None:
    files = bed.files()
    run = bed.play("revert", hopsworks_kafka_projects=["project_1"])
    assert run.code == 0 and run.changed == {"localhost": 1}, run
    assert [name for name, connector in bed.connectors().items() if connector is None] == ["project_1"]
    assert bed.variable()["value"] == "true"
    assert bed.files() == files
    assert "Only some projects were reverted" in run.output, run


def test_a_revert_names_the_hosts_that_a_limit_left_out(bed: Bed) -> None:
    limited = ("--check", "--limit", "localhost,onlinefs2")
    run = bed.play("revert", *limited, onlinefs_generation=1)
    assert run.code == 0 and set(run.changed) == {"localhost", "onlinefs2"}, run
    assert "Not reached, because of --limit: onlinefs1." in run.output, run


def test_a_revert_to_another_kafka_is_a_move_of_all_hosts(bed: Bed) -> None:
    files, connectors = bed.files(), bed.connectors()
    for arguments, variables, told in (
        (("--limit", "localhost,onlinefs2"), {}, "--limit leaves out onlinefs1"),
        ((), {"hopsworks_kafka_saved_offsets": ""}, "the configuration to restore is one for another Kafka"),
    ):
        run = bed.play("revert", *arguments, **variables)
        assert run.code != 0 and told in " ".join(run.output.split()), run
        assert bed.files() == files and bed.connectors() == connectors, run


def test_revert_gives_the_managed_kafka_back(bed: Bed, before: dict[str, str]) -> None:
    run = bed.play("revert")
    assert run.code == 0, run
    assert "All hosts stop, change and start together" in run.output, run
    assert set(bed.connectors().values()) == {None}
    assert bed.variable()["value"] == "false"
    assert bed.files() == before
    again = bed.play("revert")
    assert again.code == 0, again
    assert set(again.changed.values()) == {0}, again
    assert "Left out" not in again.output, again


def test_revert_creates_no_variable(bed: Bed) -> None:
    bed.control("PUT", "variables", {"enable_bring_your_own_kafka": None})
    run = bed.play("revert")
    assert run.code == 0 and set(run.changed.values()) == {0}, run
    assert bed.variable() is None
