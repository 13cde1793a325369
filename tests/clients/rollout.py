"""The real playbook task: `hopsworks.kafka.kafka_connector`, run by ansible-playbook against the emulator."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

from tests.conftest import COLLECTIONS
from tests.emulator.fixtures import ROOT, Emulator

RUN_SECONDS = 120


def roll_out(emulator: Emulator, directory: pathlib.Path, **options: t.Any) -> str:
    """Run the task with verified certificates and return its output. Fail if the play fails."""
    task = {
        "name": "Roll out the connector",
        "hopsworks.kafka.kafka_connector": {**emulator.connection, **options},
    }
    play = [{"name": "Projects", "hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    playbook = directory / "playbook.yml"
    playbook.write_text(json.dumps(play))  # JSON is YAML
    playbook.chmod(0o600)
    done = subprocess.run(
        [pathlib.Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local", playbook],
        cwd=directory,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
