"""A module that meets an unexpected exception fails clearly, with a traceback at -vvv, and shows no value."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t

import pytest
from ansible.module_utils.common.parameters import PASS_VARS

from tests.conftest import COLLECTIONS

SECRET = "S3CRET-in-a-text"
OPTIONS: dict[str, t.Any] = {
    "host": "hopsworks.example.com",
    "api_key": "prefix.0123456789abcdef",
    "properties": {"bootstrap.servers": "kafka:9092"},
    "_ansible_verbosity": 3,
}
if "tracebacks_for" in PASS_VARS:  # what ansible-core from 2.19 on sends at -vvv
    OPTIONS["_ansible_tracebacks_for"] = ["error"]
#: Runs a module whose task raises an exception that has a secret in its text.
PROGRAM = """
from ansible_collections.hopsworks.kafka.plugins.modules import {module} as module

def broken(*given):
    secret = "{secret}"
    raise KeyError(secret)

module.{task}.{function} = broken
module.main()
"""


@pytest.mark.parametrize(
    ("module", "task", "function"),
    [
        ("kafka_connector", "connector_task", "run"),
        ("kafka_connector", "connector_task", "roll_out"),
        ("kafka_connector_info", "connector_info", "run"),
    ],
)
def test_a_defect(module: str, task: str, function: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module, task=task, function=function, secret=SECRET)],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": OPTIONS}),
        env={"PYTHONPATH": str(COLLECTIONS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    result: dict[str, t.Any] = json.loads(done.stdout)
    assert result["failed"] and result["msg"].startswith("defect in hopsworks.kafka: KeyError at ")
    assert "in broken" in result["exception"]
    assert SECRET not in done.stdout + done.stderr and done.stderr == ""
