# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A child that has given up root keeps nothing of root's: no directory, no open file, no environment, no memory."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.user_rights import rights_of
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.cluster_reader import ClusterSource, read_cluster
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owner_channel import Answer
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owner_process import OwnerProcess
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import file_rights

from tests.integration.host.attacker.world import CANARY, GID, UID, World

VARIABLE = "ATTACKED_ACCESS_KEY"
Look = t.Callable[[], t.Any]


def owner_process(look: Look) -> t.Any:
    child = OwnerProcess(UID, GID, {"look": lambda _arguments, _content: Answer(look())})
    try:
        return child.call("look").value
    finally:
        child.close()


def cluster_reader(look: Look) -> t.Any:
    """What reads the old Kafka, and what carries rows over."""

    def client() -> t.NoReturn:
        raise InputError("seen", json.dumps(look()))

    reason = read_cluster(ClusterSource(client, rights_of(UID, GID)), 10).reason
    return json.loads(reason[reason.index("[") : reason.rindex("]") + 1])


def probe(look: Look) -> t.Any:
    """What uses a properties file of the user."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            file_rights.become(UID)
            os.write(writing, json.dumps(look()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.wait()
    with os.fdopen(reading) as stream:
        return json.loads(stream.read())


@pytest.mark.parametrize("child", [owner_process, cluster_reader, probe], ids=lambda child: child.__name__)
def test_what_a_child_of_the_user_has_of_root(
    world: World, monkeypatch: pytest.MonkeyPatch, child: t.Callable[[Look], t.Any]
) -> None:
    """A relative path, say of a store, leads into the directory in which root was, which the user could not reach."""
    hidden = world.root / "hidden/within"
    hidden.mkdir(0o755, parents=True)
    hidden.parent.chmod(0o700)
    (hidden / "store").write_text(CANARY)
    monkeypatch.chdir(hidden)
    monkeypatch.setenv(VARIABLE, CANARY)

    def look() -> t.Any:
        try:
            found = pathlib.Path("store").read_text()
        except OSError as error:
            found = type(error).__name__
        return [found, os.environ.get(VARIABLE), os.environ.get("HOME"), os.getcwd(), os.getuid()]

    assert child(look) == ["FileNotFoundError", None, "/", "/", UID]


@pytest.mark.parametrize("child", [owner_process, cluster_reader], ids=lambda child: child.__name__)
def test_no_file_of_root_stays_open_in_a_child(world: World, child: t.Callable[[Look], t.Any]) -> None:
    def look() -> t.Any:
        links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
        return [os.readlink(link) for link in links if os.path.lexists(link)]

    with open(world.root / "secret") as held, open(world.root / "lock", "w") as lock:
        seen = child(look)
        assert not held.closed and not lock.closed
    assert {path.partition(":")[0] for path in seen} <= {"/dev/null", "socket", "pipe"}, seen
    assert len([path for path in seen if path != "/dev/null"]) == 1, seen


@pytest.mark.parametrize("name", ["environ", "mem", "maps", "fd", "cwd", "root", "exe", "fdinfo", "auxv"])
def test_the_user_cannot_look_into_its_child(world: World, name: str) -> None:
    """It is a copy of root's process, with all of its secrets."""

    def attack(pid: int) -> t.Callable[[], None]:
        def look() -> None:
            path = f"/proc/{pid}/{name}"
            with pytest.raises(PermissionError):
                if name in ("fd", "fdinfo"):
                    os.listdir(path)
                elif name in ("cwd", "root", "exe"):
                    os.readlink(path)
                else:
                    pathlib.Path(path).read_bytes()

        return look

    child = OwnerProcess(UID, GID, {"pid": lambda _arguments, _content: Answer(os.getpid())})
    try:
        world.plant(attack(child.call("pid").value))
    finally:
        child.close()
