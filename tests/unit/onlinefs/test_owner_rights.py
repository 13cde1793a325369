# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration of a user is followed with the rights of that user, and no longer than a bound."""

from __future__ import annotations

import os
import pathlib
import signal
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.health_check import last_lines
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owner_rights import with_owner_rights
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import probe_task

from tests.unit.probe.test_task import params

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to others")

USER = 4713


@pytest.fixture
def secret(tmp_path: pathlib.Path) -> pathlib.Path:
    """A file that only root can read."""
    path = tmp_path / "secret"
    path.write_text("the-canary-of-root\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def etc(tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory of the service's user."""
    tmp_path.chmod(0o755)
    path = tmp_path / "etc"
    path.mkdir()
    os.chown(path, USER, USER)
    return path


def attempt(path: pathlib.Path) -> list[t.Any]:
    """What a run as root finds behind a path."""
    return [os.getresuid(), os.getresgid(), os.access(path, os.R_OK)]


def test_the_rights_of_the_owner_are_used_where_the_owner_decides(etc: pathlib.Path, secret: pathlib.Path) -> None:
    (etc / "a.properties").write_text("")
    result = with_owner_rights(str(etc / "a.properties"), lambda: attempt(secret), 30)
    assert result == [[USER] * 3, [65534] * 3, False]
    assert os.getresuid() == (0, 0, 0)


@pytest.mark.parametrize("path", [None, "/etc/passwd"])
def test_root_stays_root_where_only_root_decides(secret: pathlib.Path, path: str | None) -> None:
    assert with_owner_rights(path, lambda: attempt(secret), 30) == [(0, 0, 0), (0, 0, 0), True]


def test_an_error_and_a_large_answer_come_back(etc: pathlib.Path) -> None:
    def fail() -> t.NoReturn:
        raise HopsworksKafkaError("a", "b", "c", "d")

    with pytest.raises(HopsworksKafkaError, match=r"a: b\. c\.") as caught:
        with_owner_rights(str(etc), fail, 30)
    assert caught.value.reason == "d"
    assert with_owner_rights(str(etc), lambda: ["x" * 1_000_000], 30) == ["x" * 1_000_000]


@pytest.mark.parametrize("way", ["stopped", "killed", "defect"])
def test_a_child_that_its_user_stops_or_kills_is_told(etc: pathlib.Path, way: str) -> None:
    def work() -> None:
        if way == "defect":
            raise KeyError("canary")
        os.kill(os.getpid(), signal.SIGSTOP if way == "stopped" else signal.SIGKILL)

    began = time.monotonic()
    with pytest.raises(HopsworksKafkaError, match=f"the rights of user {USER} failed") as caught:
        with_owner_rights(str(etc), work, 1)
    assert time.monotonic() - began < 10 and "canary" not in str(caught.value)


@pytest.mark.parametrize("role", ["truststore", "keystore"])
def test_a_probe_of_a_users_file_reads_no_store_of_root(etc: pathlib.Path, secret: pathlib.Path, role: str) -> None:
    text = f"bootstrap.servers=127.0.0.1:1\nsecurity.protocol=SSL\nssl.{role}.location={secret}\n"
    (etc / "a.properties").write_text(text)
    options = params(properties_file=str(etc / "a.properties"))
    result, message, _warnings = with_owner_rights(
        str(etc / "a.properties"), lambda: list(probe_task.run(options)), probe_task.max_seconds(options)
    )
    assert result["failed_stage"] == "config" and "cannot be read: Permission denied" in message


def test_a_log_that_leads_to_a_file_of_root_is_not_shown(etc: pathlib.Path, secret: pathlib.Path) -> None:
    (etc / "onlinefs.log").symlink_to(secret)
    [line] = last_lines(str(etc / "onlinefs.log"), set())
    assert "permission denied" in line and "canary" not in line
