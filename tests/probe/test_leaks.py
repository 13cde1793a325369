# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret in what Ansible shows at its most talkative, whether the probe passes or fails."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from tests.kafka import cluster
from tests.probe.support import ROOT, Options, declared, jaas

WRONG = "canary-Wrong-Secret-2"


def shown(options: Options, tmp_path: pathlib.Path) -> str:
    """All that `ansible -vvvv --diff` writes, and its log file."""
    arguments = tmp_path / "arguments.yml"
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"hopsworks.kafka.kafka_probe": options}]}]
    arguments.write_text(json.dumps(play))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
        "ANSIBLE_LOG_PATH": str(tmp_path / "log"),
        "ANSIBLE_INJECT_INVOCATION": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-vvvv", "--diff", str(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert "kafka_probe" in done.stdout
    return done.stdout + done.stderr + (tmp_path / "log").read_text()


def forms(secret: str) -> list[str]:
    """A secret as it may turn up."""
    return [secret, base64.b64encode(secret.encode()).decode(), secret.encode().hex()]


@pytest.mark.parametrize("works", [True, False], ids=["passes", "fails"])
def test_single(kafka: cluster.Description, tmp_path: pathlib.Path, works: bool) -> None:
    key = pathlib.Path(kafka["certificates"]["alice"]["key"]).read_text()
    chain = pathlib.Path(kafka["certificates"]["alice"]["certificate"]).read_text()
    options = {
        **declared(kafka, "sasl_ssl", "SCRAM-SHA-512", password=None if works else WRONG),
        "keystore": {"content": key + chain, "password": "canary-Store-Secret"},
    }
    text = shown(options, tmp_path)
    assert ("stage sasl failed" in text) is not works
    secrets = [WRONG, kafka["users"]["alice"]["password"], "canary-Store-Secret", key.splitlines()[1]]
    for secret in secrets:
        for form in forms(secret):
            assert form not in text


def test_many(kafka: cluster.Description, tmp_path: pathlib.Path) -> None:
    probes: list[dict[str, t.Any]] = [
        {"name": "right", "properties": {"sasl.jaas.config": jaas(kafka, "project_1", "PLAIN")["sasl.jaas.config"]}},
        {
            "name": "wrong",
            "properties": {"sasl.jaas.config": jaas(kafka, "project_1", "PLAIN", WRONG)["sasl.jaas.config"]},
        },
    ]
    text = shown({**declared(kafka, "sasl_ssl", "PLAIN"), "probes": probes}, tmp_path)
    assert "1 of 2 passed" in text
    for secret in (WRONG, kafka["users"]["alice"]["password"], kafka["users"]["project_1"]["password"]):
        for form in forms(secret):
            assert form not in text
