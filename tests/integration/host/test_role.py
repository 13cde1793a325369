# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role and the module, run by ansible-playbook over hosts of this machine with the stand-in as their service."""

from __future__ import annotations

import base64
import json
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest

from tests.integration.host.bed import Bed
from tests.unit.kafka import pki

CANARY = "canary-7f3a"
OUTER = "- hosts: onlinefs\n  gather_facts: false\n  roles: [outer]\n"
PREDICTED = ("changed", "changes", "actions", "files", "restarted", "generation")


@pytest.fixture
def declared(mock_brokers: str) -> dict[str, t.Any]:
    # The mock brokers do not describe groups.
    return {
        "hopsworks_kafka_properties": {"bootstrap.servers": mock_brokers, "client.rack": "r1"},
        "onlinefs_topics": ["fraud_onlinefs"],
        "onlinefs_verify_consumer_group": False,
    }


def test_check_mode_predicts_apply_does_and_a_second_run_does_nothing(bed: Bed, declared: dict[str, t.Any]) -> None:
    before = {name: bed.files(name) for name in bed.names}
    pids = {name: bed.pid(name) for name in bed.names}
    predicted = bed.run(declared, "--check", "--diff")
    assert predicted.code == 0, predicted.output
    assert bed.module_runs() == 3
    assert {name: bed.files(name) for name in bed.names} == before
    assert not any(bed.state(name).exists() for name in bed.names)

    done = bed.run(declared, "--diff")
    assert done.code == 0, done.output
    assert bed.module_runs() == 3, "a change on a host that has the library is one run of the module"
    for name in bed.names:
        for key in PREDICTED:
            assert predicted.results[name][key] == done.results[name][key], key
        assert predicted.results[name]["diff"] == done.results[name]["diff"]
        assert done.recap(name, "changed") == 1 and bed.pid(name) != pids[name]
        assert done.results[name]["health"]["metrics"] == "ok"
        assert done.results[name]["probe"]["ok"]
    pids = {name: bed.pid(name) for name in bed.names}

    again = bed.run(declared, "--diff")
    assert again.code == 0 and bed.module_runs() == 3
    for name in bed.names:
        assert again.recap(name, "changed") == 0 and bed.pid(name) == pids[name]
    assert "search-canary" not in predicted.output + done.output + again.output


def test_rolling_stops_at_the_first_failure_and_the_rest_is_untouched(bed: Bed, declared: dict[str, t.Any]) -> None:
    bed.run(declared)
    before = {name: bed.files(name) for name in bed.names}
    pids = {name: bed.pid(name) for name in bed.names}
    broken = {
        **declared,
        "hopsworks_kafka_properties": {"bootstrap.servers": "127.0.0.1:1"},
        "onlinefs_probe": "never",
        # The service comes up with this and its metrics too, but nowhere that one looks for them.
        "onlinefs_metrics_url": "http://127.0.0.1:1/metrics",
        "onlinefs_service_timeout": 10,
    }
    failed = bed.run(broken, "-e", "onlinefs_metrics_url=http://127.0.0.1:1/metrics", serial="1")
    assert failed.code != 0
    assert {name: bed.files(name) for name in bed.names} == before
    result = failed.results["host1"]
    assert result["rolled_back"] and len(result["reasons"]) == 2
    assert "metrics at http://127.0.0.1:1/metrics do not answer" in result["msg"]
    assert "does not work with it either" in result["msg"]
    assert result["diagnosis"]["log"] and "pid" in result["diagnosis"]["service"]
    assert sorted(failed.results) == ["host1"]
    assert [bed.pid(name) == pids[name] for name in bed.names] == [False, True, True]


def test_kafka_that_does_not_answer_stops_the_run_before_anything_is_written(
    host: Bed, declared: dict[str, t.Any]
) -> None:
    before, pids = {n: host.files(n) for n in host.names}, {n: host.pid(n) for n in host.names}
    ran = host.run({**declared, "hopsworks_kafka_properties": {"bootstrap.servers": "127.0.0.1:1"}})
    assert ran.code != 0 and "connect" in ran.results["host1"]["msg"]
    assert ran.results["host1"]["probe"]["failed_stage"] == "connect"
    assert {n: host.files(n) for n in host.names} == before and {n: host.pid(n) for n in host.names} == pids
    assert not host.state("host1").exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"hopsworks_kafka_properties": {"security.protocol": "PLAINTEXT"}}, "bootstrap.servers"),
        ({"hopsworks_kafka_truststore": {"path": "nowhere.pem"}}, "there is no such file on the controller"),
        ({"hopsworks_kafka_truststore": {"content": "!!"}}, "neither PEM text nor base64"),
        ({"onlinefs_service_version": "2.5"}, "service_version"),
        ({"onlinefs_topics": ["no good"]}, "not a valid topic name"),
        ({"onlinefs_user": "nobody_of_that_name"}, "this host has no user"),
        ({"onlinefs_config_dir": "/nowhere/etc"}, "no such file or directory"),
        ({"onlinefs_service_commands": {"restart": "it's"}}, "not a command"),
        ({"onlinefs_file_mode": "0644"}, "option mode"),
        ({"onlinefs_service_manager": "upstart"}, "upstart"),
    ],
)
def test_bad_input_names_itself_and_writes_nothing(
    host: Bed, declared: dict[str, t.Any], wrong: dict[str, t.Any], told: str
) -> None:
    before = host.files("host1")
    # Stronger than what the bed sets for each host.
    extra = json.dumps({name: value for name, value in wrong.items() if name == "onlinefs_service_commands"})
    ran = host.run({**declared, **wrong}, "-e", extra)
    assert ran.code != 0 and told in ran.output
    assert "Traceback" not in ran.output
    assert host.files("host1") == before and not host.state("host1").exists()


def test_certificates_reach_the_host_as_jks_and_no_secret_is_shown(host: Bed, declared: dict[str, t.Any]) -> None:
    identity = pki.client()
    (host.folder / "files").mkdir()
    vaulted = host.folder / "files/ca.pem"
    vaulted.write_text(pki.authority().pem)
    (host.folder / "vault-password").write_text("for the vault")
    vault = [f"{sys.prefix}/bin/ansible-vault", "encrypt", "--vault-password-file", "vault-password", str(vaulted)]
    subprocess.run(vault, cwd=host.folder, check=True, capture_output=True, timeout=60)
    secret = {
        **declared,
        "onlinefs_probe": "never",
        "hopsworks_kafka_properties": {
            **declared["hopsworks_kafka_properties"],
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'username="u" password="{CANARY}-jaas";',
        },
        "hopsworks_kafka_truststore": {"path": "ca.pem", "password": f"{CANARY}-store"},
        "hopsworks_kafka_keystore": {
            "content": identity.pem + identity.key_pem(f"{CANARY}-key"),
            "password": f"{CANARY}-keystore",
            "key_password": f"{CANARY}-key",
        },
    }
    outputs = []
    for options in (["--check"], [], [], ["-e", "onlinefs_topics=['no good']"]):
        environment = {"ANSIBLE_INJECT_INVOCATION": "1", "ANSIBLE_LOG_PATH": str(host.folder / "log")}
        arguments = ["--diff", "-vvvv", "--vault-password-file", "vault-password", *options]
        outputs.append(host.run(secret, *arguments, environment=environment).output)
    assert "failed=0" in outputs[1] and "failed=1" in outputs[3]
    [truststore] = (host.home("host1") / "etc").glob("kafka_*_truststore.jks")
    [keystore] = (host.home("host1") / "etc").glob("kafka_*_keystore.jks")
    everything = "".join(outputs) + (host.folder / "log").read_text()
    for form in (
        CANARY,
        base64.b64encode(CANARY.encode()).decode()[:10],
        base64.b64encode(keystore.read_bytes()).decode()[:60],
    ):
        assert form not in everything
    assert truststore.read_bytes()[:4] == b"\xfe\xed\xfe\xed" == keystore.read_bytes()[:4]
    assert truststore.stat().st_mode & 0o7777 == 0o640
    assert not list(pathlib.Path(host.folder, "tmp").rglob("*.pem")), "a decrypted file was left behind"


def test_preflight_verify_and_revert(host: Bed, declared: dict[str, t.Any]) -> None:
    before = host.files("host1")
    preflight = host.run(declared, entry="preflight")
    assert preflight.code == 0, preflight.output
    assert preflight.recap("host1", "changed") == 0 and host.files("host1") == before
    assert preflight.results["host1"]["probe"]["ok"]

    early = host.run(declared, entry="verify")
    assert early.code != 0 and "is not configured as declared: onlinefs-kafka.properties" in early.output

    assert host.run(declared).code == 0
    verify = host.run(declared, entry="verify")
    assert verify.code == 0, verify.output
    assert verify.results["host1"]["health"]["metrics"] == "ok" and verify.recap("host1", "changed") == 0
    result = verify.results["host1"]
    assert not result["proved"] and "verify_consumer_group is false" in result["not_proved"][0]

    predicted = host.run(declared, "--check", entry="revert")
    revert = host.run(declared, entry="revert")
    assert revert.code == 0, revert.output
    assert host.files("host1") == before
    for key in PREDICTED:
        assert predicted.results["host1"][key] == revert.results["host1"][key], key
    assert [g["origin"] for g in revert.results["host1"]["generations"]] == ["found", "applied", "reverted"]
    assert host.run(declared, entry="revert").recap("host1", "changed") == 0


def test_the_configurations_that_a_host_keeps_are_shown_as_a_table(host: Bed, declared: dict[str, t.Any]) -> None:
    before = host.files("host1")
    none = host.run(declared, entry="generations")
    assert none.code == 0 and "generation  rollout" in none.output, none.output
    assert not host.state("host1").exists(), "a look makes no directory"

    assert host.run({**declared, "onlinefs_rollout": "spring"}).code == 0
    applied = host.files("host1")
    shown = host.run(declared, entry="generations")
    assert shown.code == 0 and shown.recap("host1", "changed") == 0 and host.module_runs() == 1, shown.output
    # The newest first, and a star at the one that is live.
    assert re.search(r"generation +rollout.*\n.*\b1 \* +spring .*client\.rack.*\n.*\b0 +- ", shown.output), shown.output
    assert host.files("host1") == applied != before


def test_what_nobody_can_look_at_is_no_success(host: Bed, declared: dict[str, t.Any]) -> None:
    """This Kafka describes no groups."""
    before = {name: host.files(name) for name in host.names}
    failed = host.run({**declared, "onlinefs_verify_consumer_group": True, "onlinefs_service_timeout": 10})
    assert failed.code != 0 and "Kafka could not be asked for its members" in failed.results["host1"]["msg"]
    assert failed.results["host1"]["rolled_back"] and host.module_runs() == 1
    assert {name: host.files(name) for name in host.names} == before

    done = host.run(declared)
    assert done.code == 0 and host.module_runs() == 1, done.output
    assert done.results["host1"]["generations"][-1]["proved"] is None
    group = {"onlinefs_verify_consumer_group": True, "onlinefs_service_timeout": 10}
    verify = host.run({**declared, **group}, entry="verify")
    assert verify.code != 0 and "set verify_consumer_group to false" in verify.results["host1"]["msg"]


@pytest.mark.parametrize("how", ["from another role", "include", "facts", "no facts in variables", "no pipelining"])
def test_ways_to_run_the_role(host: Bed, declared: dict[str, t.Any], how: str) -> None:
    environment = {"ANSIBLE_INJECT_FACT_VARS": "false"} if how == "no facts in variables" else {}
    if how == "no pipelining":
        environment["ANSIBLE_PIPELINING"] = "false"
    if how == "from another role":
        tasks = host.folder / "roles/outer/tasks"
        tasks.mkdir(parents=True)
        (tasks / "main.yml").write_text("- ansible.builtin.include_role:\n    name: hopsworks.kafka.onlinefs\n")
        # What the outer role sets for itself is no input of this one.
        (host.folder / "roles/outer/vars").mkdir()
        (host.folder / "roles/outer/vars/main.yml").write_text("state: absent\nmode: '0777'\nowner: nobody\n")
    ran = host.run(
        declared,
        playbook=OUTER if how == "from another role" else "",
        how="include" if how == "include" else "import",
        facts=how == "facts",
        environment=environment,
    )
    assert ran.code == 0, ran.output
    assert ran.recap("host1", "changed") == 1
    assert (host.home("host1") / "etc/producer.properties").exists()


def test_nothing_is_restarted_where_nobody_is_to_restart_it(host: Bed, declared: dict[str, t.Any]) -> None:
    pids = {name: host.pid(name) for name in host.names}
    ran = host.run({**declared, "onlinefs_service_manager": "none"})
    assert ran.code == 0, ran.output
    assert {name: host.pid(name) for name in host.names} == pids
    assert not ran.results["host1"]["restarted"] and "must be restarted" in ran.output
    assert ran.results["host1"]["generations"][-1]["proved"] is None
