# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same play returns and shows the same on every ansible-core: readable, and without its secrets.

``make matrix`` runs this. It needs the virtual environments that ``tests.matrix`` makes.
"""

from __future__ import annotations

import functools
import json
import os
import pathlib
import re
import subprocess
import typing as t

import pytest

from tests import matrix
from tests.conftest import COLLECTIONS, ROOT
from tests.emulator.fixtures import running_emulator
from tests.pythons import interpreters
from tests.unit.onlinefs.support import Home

CORES = [version for version, _python in matrix.choose(interpreters())]
RUN_SECONDS = 300
SECRET = "canary0123456789"
PROPERTIES = {
    "bootstrap.servers": "127.0.0.1:1",
    "security.protocol": "SASL_PLAINTEXT",
    "sasl.mechanism": "PLAIN",
    "sasl.jaas.config": 'org.apache.kafka.common.security.plain.PlainLoginModule required username="5" '
    f'password="{SECRET}";',
    # ansible-core 2.22 removes each value of a no_log option from everything that it prints later on.
    "x.count": "5",
    "x.word": "localhost",
    "x.flag": "true",
}
KAFKA = {"properties": PROPERTIES, "truststore": {"path": "/nowhere.pem", "password": "ok"}}


def tasks(server: dict[str, t.Any], home: Home) -> list[dict[str, t.Any]]:
    def task(module: str, **options: t.Any) -> dict[str, t.Any]:
        return {f"hopsworks.kafka.{module}": options, "ignore_errors": True}

    onlinefs = {
        "home": str(home.path),
        "service_version": "3.8",
        "service_manager": "none",
        "probe": "never",
        "verify_consumer_group": False,
        "metrics_url": "",
        "state_dir": str(home.state),
    }
    return [
        task("kafka_connector", **server, properties=PROPERTIES, projects=["project_1"]),
        task("kafka_connector", **server, properties=PROPERTIES, projects=["nobodys"]),
        task("kafka_connector_info", **server, properties=PROPERTIES, projects=["project_1"]),
        task("hopsworks_projects_info", **server),
        task("hopsworks_variable", **server, variables={"x_count": 5, "x_word": "localhost", "x_secret": SECRET}),
        task("kafka_probe", properties=PROPERTIES, timeout=2),
        task("kafka_probe", **KAFKA, timeout=2),
        task("kafka_probe", properties=PROPERTIES, truststore=SECRET),
        task("kafka_probe", properties=SECRET, slice=SECRET),
        task("onlinefs_config", properties=PROPERTIES, **onlinefs),
        task("onlinefs_config", properties=PROPERTIES, **onlinefs, keystore=SECRET),
        {"ansible.builtin.debug": {"msg": "5 times true on localhost: ok"}},
    ]


class Played(t.NamedTuple):
    """What the default callback showed: the results, the changes of files and settings, the last lines."""

    results: list[t.Any]
    diffs: list[str]
    recap: str
    output: str


@functools.lru_cache(None)
def played(version: str, folder: pathlib.Path) -> Played:
    """Run the play on one ansible-core, with a server and a host of its own."""
    home = Home(folder / version / "home")
    python = matrix.environment(version, dict(matrix.choose(interpreters()))[version]) / "bin" / "python"
    playbook = folder / version / "play.yml"
    with running_emulator(projects=2) as emulator:
        play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks(emulator.connection, home)}
        playbook.write_text(json.dumps([play]))
        arguments = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={python}", "-vvv", "--diff"]
        done = subprocess.run(
            [python.with_name("ansible-playbook"), *arguments, playbook],
            env={
                **{name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")},
                "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_INJECT_INVOCATION": "1",
            },
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        output = done.stdout.replace(version, "VERSION")
        for text in (str(emulator.connection["port"]), str(emulator.connection["ca_path"])):
            output = output.replace(text, "0")
    assert done.returncode == 0, done.stdout + done.stderr
    starts = re.finditer(r"^(?:changed|ok|fatal): \[localhost\]:? (?:FAILED! )?=> ", output, re.MULTILINE)
    found = [json.JSONDecoder().raw_decode(output[start.end() :])[0] for start in starts]
    diffs = re.findall(r"^(?:[-+]|@@).*$", output, re.MULTILINE)
    return Played(
        [untimed(one) for one in found], diffs, output[output.index("PLAY RECAP") :], done.stdout + done.stderr
    )


def untimed(value: t.Any) -> t.Any:
    """Return a result without times, and without what each release shows in its own way."""
    if isinstance(value, dict):
        return {
            key: untimed(item) for key, item in value.items() if key not in ("ms", "created", "exception", "warnings")
        }
    if isinstance(value, list):
        return [untimed(item) for item in value]
    return re.sub(r" +(\d+ )?", " ", value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("cores")


def test_the_oldest_the_newest_and_the_release_candidate_are_there() -> None:
    assert CORES[0].startswith("2.17.") and "rc" in CORES[-1] and len(CORES) == 3


@pytest.mark.parametrize("version", CORES)
def test_the_output_is_readable_and_has_no_secret(folder: pathlib.Path, version: str) -> None:
    done = played(version, folder)
    assert SECRET not in done.output
    for placeholder in ("REDACTED", "VALUE_SPECIFIED_IN_NO_LOG", "NOT_LOGGING", "defect", "Traceback"):
        assert placeholder not in done.output, placeholder
    assert "5 times true on localhost: ok" in done.output
    assert re.search(r"^localhost +: ok=12 +changed=3 +unreachable=0 +failed=0 +.*ignored=6", done.recap, re.MULTILINE)


@pytest.mark.parametrize("version", CORES[1:])
def test_the_output_is_the_same(folder: pathlib.Path, version: str) -> None:
    first, other = played(CORES[0], folder), played(version, folder)
    assert len(first.results) == len(other.results) == 12
    assert first.results == other.results
    assert first.diffs == other.diffs
    assert first.recap == other.recap
