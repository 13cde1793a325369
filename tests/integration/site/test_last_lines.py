"""The last lines of a run: what is wrong, what was done, what was not; the same on every callback, and never long."""

from __future__ import annotations

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.integration.site.conftest import HOSTS, PROJECTS, Bed, Run


def shown(run: Run) -> list[str]:
    """The findings and the summary in the output of a run."""
    lines = run.output.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("hopsworks.kafka."))
    found = []
    for line in lines[start:]:
        if found and not line.startswith("  "):
            break
        found.append(line)
    return found


def test_all_that_is_wrong_with_projects_and_hosts_is_one_short_list(bed: Bed) -> None:
    bed.control("POST", "faults", [{"match": {"route": "*/featurestores*"}, "fault": 500}])
    nowhere = "{{ '/nonesuch' if inventory_hostname == 'onlinefs2' else onlinefs_home ~ '/etc' }}"
    files = bed.files()
    try:
        run = bed.play("preflight", onlinefs_config_dir=nowhere)
    finally:
        bed.control("DELETE", "faults")
    lines = shown(run)
    assert run.code != 0 and len(lines) <= 40, run
    assert any(
        line.startswith(f"  {PROJECTS} projects (project_1, project_2, project_3 and 1 more): ") for line in lines
    ), run
    assert any(line.startswith("  host onlinefs2: ") and "/nonesuch" in line for line in lines), run
    assert "failed_when" not in run.output and len(run.output) < 10_000, run
    assert bed.writes() == 0 and bed.files() == files


def test_a_store_in_a_vault_is_named_by_its_option(bed: Bed) -> None:
    secret = VaultSecret(b"opens-the-vault")
    password, store = bed.directory / "vault", bed.directory / "vaulted.pem"
    password.write_text("opens-the-vault")
    store.write_bytes(VaultLib([("default", secret)]).encrypt("no certificate", secret))
    run = bed.play("preflight", "--vault-password-file", str(password), hopsworks_kafka_truststore={"path": str(store)})
    assert run.code != 0 and "truststore" in "".join(shown(run)), run
    assert "/tmp" not in run.output.replace(str(bed.directory), "") and ".ansible" not in run.output, run


@pytest.mark.parametrize("callback", ["default", "minimal", "oneline"])
def test_the_lines_do_not_depend_on_the_callback(bed: Bed, callback: str) -> None:
    run = bed.play("preflight", environment={"ANSIBLE_STDOUT_CALLBACK": callback})
    assert run.code == 0, run
    lines = shown(run)
    assert lines[0] == "hopsworks.kafka.preflight: done, and nothing is wrong."
    assert f"  Projects      {PROJECTS} projects: {PROJECTS} to create" in lines
    assert lines[-1] == "  Next          Run hopsworks.kafka.site to roll out."


def test_a_host_that_fails_ends_the_rollout_with_what_is_done_and_what_is_not(bed: Bed) -> None:
    """Runs before the projects are changed, so the second host stops them too."""
    broken = {"restart": "false", "status": "true"}
    further = bed.inventory(onlinefs={"hosts": {"onlinefs2": {"onlinefs_service_commands": broken}}})
    run = bed.play("site", "-i", further, onlinefs_probe="never")
    assert run.code != 0, run
    lines = shown(run)
    assert lines[0] == "hopsworks.kafka.site: 1 thing is wrong. The run stopped at onlinefs."
    assert any("onlinefs1: changed" in line for line in lines), run
    assert any("onlinefs2: rolled back" in line or "onlinefs2: failed" in line for line in lines), run
    assert any("Not run, because the run stopped at onlinefs: projects, verify." in line for line in lines), run
    assert set(bed.connectors().values()) == {None}


def test_a_converged_run_starts_one_module_on_a_host_and_none_on_the_controller(bed: Bed) -> None:
    """Runs last in this file: it rolls out."""
    assert bed.play("site").code == 0
    bed.control("DELETE", "requests")
    # Without pipelining, each module that runs is a file of its own.
    run = bed.play("site", "-vvv", environment={"ANSIBLE_PIPELINING": "false"})
    assert run.code == 0 and set(run.changed.values()) == {0}, run
    started = [
        line for line in run.output.splitlines() if " EXEC " in line and "AnsiballZ_" in line and "chmod" not in line
    ]
    assert sorted(line.split(">")[0] for line in started) == [f"<onlinefs{number + 1}" for number in range(HOSTS)], run
    # Of each project: its feature store, what its clients use, its connector; the rest is read once for all.
    assert sum(bed.control("GET", "requests").values()) <= 5 * PROJECTS + 10
