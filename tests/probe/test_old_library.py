# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trap of the field, with its real parts: SCRAM from librdkafka before 2.6.1 is refused by Kafka 4.0 and newer."""

from __future__ import annotations

import pathlib
import site
import subprocess
import sys
import venv

import pytest

from tests.kafka import cluster
from tests.kafka.fixtures import shared_kafka
from tests.kafka.jars import cache_dir
from tests.probe.support import declared, run

OLD = "2.3.0"
BEFORE_4 = "3.9.1"


@pytest.fixture(scope="session")
def old_python() -> str:
    """A virtual environment with confluent-kafka 2.3.0, and all else from that of the tests."""
    home = cache_dir().parent / "venvs" / f"confluent-kafka-{OLD}-{sys.version_info[0]}.{sys.version_info[1]}"
    python = home / "bin" / "python"
    ready = home / ".ready"
    if not ready.exists():
        venv.create(home, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"confluent-kafka=={OLD}"], check=True, timeout=300)
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        (home / "lib" / version / "site-packages" / "rest.pth").write_text("\n".join(site.getsitepackages()))
        ready.touch()
    return str(python)


@pytest.fixture(scope="session")
def kafka_3() -> cluster.Description:
    """The last release that takes the repeated nonce."""
    return shared_kafka(BEFORE_4)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_the_library_is_named_and_not_the_password(kafka: cluster.Description, old_python: str, mechanism: str) -> None:
    options = declared(kafka, "sasl_ssl", mechanism)
    assert run(options).result["ok"], "the password is right"
    outcome = run({**options, "timeout": 5}, python=old_python)
    assert outcome.failure == ("sasl", "client_too_old"), outcome.result["msg"]
    assert "2.6.1" in outcome.entries("sasl")[0]["remedy"]
    assert outcome.seconds < 6


def test_plain_works_with_the_old_library(kafka: cluster.Description, old_python: str) -> None:
    outcome = run({**declared(kafka, "sasl_ssl", "PLAIN"), "topics": ["orders"]}, python=old_python)
    assert outcome.result["ok"], outcome.result["msg"]


def test_scram_works_with_the_old_library_on_kafka_3(kafka_3: cluster.Description, old_python: str) -> None:
    options = declared(kafka_3, "sasl_ssl", "SCRAM-SHA-512")
    outcome = run({**options, "topics": ["orders"], "groups": ["onlinefs"], "round_trip": True}, python=old_python)
    assert outcome.result["ok"], outcome.result["msg"]
    assert "Kafka 3.9" in outcome.entries("metadata")[0]["detail"]
    assert outcome.entries("sasl")[0]["reason"] == "", "nobody is shut out there"
    wrong = run(declared(kafka_3, "sasl_ssl", "SCRAM-SHA-512", password="wrong-Secret-2"), python=old_python)
    assert wrong.failure == ("sasl", "credentials_refused")


def test_the_old_environment_is_what_it_says(old_python: str) -> None:
    script = "import confluent_kafka; print(confluent_kafka.libversion()[0], confluent_kafka.__file__)"
    done = subprocess.run([old_python, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    release, file = done.stdout.split()
    assert release == OLD
    assert pathlib.Path(file).is_relative_to(pathlib.Path(old_python).parent.parent)
