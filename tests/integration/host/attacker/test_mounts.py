# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's user mounts a file system that answers only that user. Root, who waits for it, waits for ever."""

from __future__ import annotations

import os
import signal
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common import path_walk
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import owner_process, path_owner
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.files import Attributes, File
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owned_files import OwnedFiles
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.service import CommandService

from tests.integration.host.attacker.hanging import DEVICE, hanging
from tests.integration.host.attacker.world import FILES, GID, OTHER, UID, Hung, World

pytestmark = pytest.mark.skipif(not os.path.exists(DEVICE), reason="this kernel has no FUSE")

#: The group is the one of users whom the system does not know.
NOBODY = 65534


def told(work: t.Callable[[], str]) -> str:
    """What a process of root's says, in a bounded time. It ends in any case when the file system goes."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, work().encode())
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    deadline = time.monotonic() + 15
    try:
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                raise Hung("root waits for a file system of the attacker's")
            time.sleep(0.02)
        return os.read(reading, 10_000).decode()
    finally:
        os.close(reading)


@pytest.mark.parametrize("others", [False, True], ids=["own", "allow_other"])
@pytest.mark.parametrize("owner", [UID, 0, OTHER])
def test_root_does_not_touch_a_file_that_the_user_has_created_there(
    world: World, monkeypatch: pytest.MonkeyPatch, owner: int, others: bool
) -> None:
    """Even to close it would take an answer."""
    monkeypatch.setattr(owner_process, "ANSWER_SECONDS", 5.0)

    def stage() -> str:
        file = File(b"acks = all\n", Attributes(owner, GID, 0o640))
        return OwnedFiles(str(world.etc), UID).stage(FILES[2], file)

    with hanging(world.etc, UID, NOBODY, only_for_root=True, others=others):
        assert f"HostError: {world.etc}: user {UID} has mounted a file system there" in told(stage)


@pytest.mark.parametrize("below", ["", "onlinefs-kafka.properties", "a/b/c"])
@pytest.mark.parametrize("others", [False, True], ids=["own", "allow_other"])
def test_who_has_mounted_it_decides_where_a_path_leads(world: World, others: bool, below: str) -> None:
    for directory in (world.etc, world.home):
        with hanging(directory, UID, NOBODY, others=others):
            path = str(directory / below)
            assert told(lambda path=path: str(path_owner.path_owner(path))) == str(UID)


def test_a_command_that_waits_for_it_does_not_hold_up_the_rollback(world: World) -> None:
    """One that becomes the service's user, as the commands of a service may, cannot be killed then."""
    command = f"setpriv --reuid {UID} --regid {NOBODY} --clear-groups ls {world.etc}/x"

    def restart() -> str:
        CommandService("onlinefs", command, "", 1.0).restart()
        return "restarted"

    with hanging(world.etc, UID, NOBODY):
        assert told(restart).startswith("HostError: command setpriv: not finished after 1 s")


def test_a_state_directory_that_a_user_has_mounted_is_no_place_of_root(world: World) -> None:
    state = world.folder / "state"
    state.mkdir(0o700)

    def check() -> str:
        with pytest.raises(HostError, match=f"user {UID} has mounted a file system there"):
            path_owner.check_private(str(state / "host"))
        return "refused"

    with hanging(state, UID, NOBODY, others=True):
        assert told(check) == "refused"


def test_a_file_system_that_root_has_mounted_is_like_any_other(world: World) -> None:
    """A volume may be one of FUSE."""
    with hanging(world.etc, 0, 0, only_for_root=True, others=True):
        descriptor = os.open(world.etc, os.O_PATH)
        assert path_walk.mounting_user(descriptor) is None
        os.close(descriptor)


def test_what_is_not_mounted_any_more_is_not_trusted(world: World) -> None:
    with hanging(world.etc, UID, NOBODY):
        descriptor = os.open(world.etc, os.O_PATH)
        assert path_walk.mounting_user(descriptor) == UID
    with pytest.raises(OSError, match="unmounted"):
        path_walk.mounting_user(descriptor)
    os.close(descriptor)
