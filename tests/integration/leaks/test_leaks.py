# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret comes out of a real ansible-playbook, through any channel; and a planted one is found in each."""

from __future__ import annotations

import pathlib
import re
import sys
import typing as t

import pytest

from tests.integration.leaks import plays
from tests.integration.leaks.canaries import Canaries, spellings
from tests.integration.leaks.channels import CHANNELS, Seen, run
from tests.integration.projects.conftest import LOGIN, Modules


@pytest.fixture
def world(hopsworks: Modules, tmp_path: pathlib.Path) -> plays.World:
    return plays.World(hopsworks.emulator, tmp_path)


def assert_clean(canaries: Canaries, seen: Seen) -> None:
    assert set(seen.channels) == set(CHANNELS)
    found = {channel: canaries.found(text) for channel, text in seen.channels.items()}
    # The list of processes shows every command with its arguments, also the one that restarts the service.
    found["processes"] = {place for place in found["processes"] if not place.endswith("password in a command")}
    leaks = {channel: sorted(places) for channel, places in found.items()}
    assert {channel: places for channel, places in leaks.items() if places} == {}


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        (["--diff"], {}),
        (["--check", "--diff"], {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}),
    ],
    ids=["run", "check"],
)
def test_success(world: plays.World, arguments: list[str], settings: dict[str, str]) -> None:
    seen = run(plays.everything(world, "success"), *arguments, **settings)
    output = seen.channels["output"]
    assert seen.status == 0, output[-3000:]
    assert_clean(world.canaries, seen)
    # What may be shown is there, and readable.
    for text in (
        "project_2",
        "SASL_SSL",
        *plays.FIELD,
        "module_args",
        "old.example.com:1",
        "127.0.0.1:1",
        "--- before",
    ):
        assert text in output, text
    on_hosts = ("onlinefs_config", "onlinefs_move", "onlinefs_move_info")
    for module in ("kafka_probe", "kafka_connector", "kafka_carry_over", "hopsworks_variable", *on_hosts):
        assert re.search(rf"{module}(\[\d+\])?: Invoked with", seen.channels["system log"]), module
        assert module in seen.channels["processes"], module
    assert "SASL_SSL" in seen.channels["callbacks"] and "SASL_SSL" in seen.channels["log file"]
    assert seen.channels["temporary files"] == "", "nothing is left over"


def test_failure(hopsworks: Modules, world: plays.World) -> None:
    hopsworks.emulator.set_faults(plays.faults(world))
    tasks = plays.failures(world, "failure")
    seen = run(tasks, "--diff", ANSIBLE_STDOUT_CALLBACK="ansible.builtin.minimal")
    output = seen.channels["output"]
    assert seen.status == 0, output[-3000:]
    assert_clean(world.canaries, seen)
    assert output.count("localhost | FAILED! => ") == len(tasks)
    for text in ("option truststore: it must be a dictionary", "refused", "ERROR", "Hopsworks rejected the connector"):
        assert text in output, text


def test_a_short_secret_garbles_nothing(hopsworks: Modules) -> None:
    """A weak password is a part of many words; those must stay as they are."""
    properties = {
        "bootstrap.servers": "kafka.example.com:9092",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": LOGIN.format("kafka", "kafka"),
    }
    done = hopsworks.connector(projects=["project_3"], properties=properties)
    assert done["results"][0]["project"] == "project_3"
    assert done["invocation"]["module_args"]["name"] == "kafka_connector"
    assert done["invocation"]["module_args"]["properties"]["sasl.jaas.config"] == "********"


def test_a_planted_leak_is_found_in_every_channel() -> None:
    """One secret for each channel and spelling, so that none is found in place of another."""
    canaries = Canaries()
    tasks: list[dict[str, t.Any]] = []
    planted: dict[str, set[str]] = {}
    for channel in CHANNELS:
        for number in range(len(spellings(""))):
            place = f"{channel}, spelling {number}"
            planted.setdefault(channel, set()).add(place)
            tasks.append(leaking(channel, spellings(canaries.new(place, plays.HARD))[number]))
    seen = run(tasks, ANSIBLE_NO_TARGET_SYSLOG="1")
    found = {channel: canaries.found(text) & planted[channel] for channel, text in seen.channels.items()}
    assert found == planted, seen.channels["output"][-2000:]
    assert not canaries.found(seen.channels["system log"]) & planted["output"]


def leaking(channel: str, text: str) -> dict[str, t.Any]:
    """A task that puts a text into a channel."""
    programs = {
        "system log": "import syslog, sys; syslog.syslog(sys.stdin.read())",
        "temporary files": "import os, sys; open(os.environ['TMPDIR'] + '/left', 'a').write(sys.stdin.read())",
        "processes": "import time; time.sleep(0.3)",
    }
    if channel not in programs:
        return {"ansible.builtin.debug": {"msg": text}}
    argv = [sys.executable, "-c", programs[channel], *([text] if channel == "processes" else [])]
    return {"ansible.builtin.command": {"argv": argv, "stdin": text}, "no_log": True}
