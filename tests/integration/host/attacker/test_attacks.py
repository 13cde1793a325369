# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's user owns its home and attacks root, who changes files there. Nothing leads further than that user.

Each run ends in time, with success or with a clear error; what is outside the user's reach is not read, changed,
created, given away or removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import owner_process, state_directory
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owned_files import OwnedFiles

from tests.integration.host.attacker.hanging import DEVICE, hanging
from tests.integration.host.attacker.world import (
    BOUND,
    CANARY,
    FAILING,
    FILES,
    GID,
    MANAGED,
    SITE,
    STORE,
    TIMES,
    UID,
    World,
    replace_by_link,
)

# --- nothing attacks --------------------------------------------------------------------------------------------------


def test_without_an_attack_the_change_and_the_way_back_work(world: World) -> None:
    before = {name: (world.etc / name).read_bytes() for name in os.listdir(world.etc)}
    ran = world.run()
    assert not ran.failed and ran.result["changed"], ran.output
    for name in FILES:
        status = (world.etc / name).stat()
        assert (status.st_uid, status.st_gid) == (UID, GID), name
    assert (world.etc / FILES[2]).stat().st_mode & 0o7777 == 0o640
    assert not world.run().result["changed"]
    ran = world.run(state="reverted")
    assert not ran.failed and {n: (world.etc / n).read_bytes() for n in os.listdir(world.etc)} == before
    world.check(ran)


def test_a_failing_change_is_rolled_back(world: World) -> None:
    before = {name: (world.etc / name).read_bytes() for name in os.listdir(world.etc)}
    ran = world.run(**FAILING)
    assert ran.failed and ran.result["rolled_back"]
    assert {name: (world.etc / name).read_bytes() for name in os.listdir(world.etc)} == before
    world.check(ran)


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, FAILING, {"state": "reverted"}], ids=["change", "rollback", "revert"])
@pytest.mark.parametrize("target", ["secret", "public", "missing", "etc"])
@pytest.mark.parametrize("name", [*FILES, STORE])
def test_a_file_that_is_a_link_to_something_of_root(
    world: World, name: str, target: str, options: dict[str, t.Any]
) -> None:
    if "state" in options:
        assert not world.run().failed
    world.plant(lambda: replace_by_link(world.etc / name, world.root / target))
    ran = world.run(**options)
    world.check(ran)


@pytest.mark.parametrize("where", ["etc", "logs"])
@pytest.mark.parametrize("target", ["root/etc", "root", "other", "/etc"])
def test_a_directory_that_is_a_link_to_one_of_somebody_else(world: World, where: str, target: str) -> None:
    world.plant(lambda: replace_by_link(world.home / where, world.folder / target))
    world.check(world.run(**FAILING))
    world.check(world.run())


def test_a_home_whose_parts_are_moved_away(world: World) -> None:
    def move() -> None:
        world.etc.rename(world.data / "away")
        world.etc.symlink_to(world.root / "etc")

    assert not world.run().failed
    world.plant(move)
    for options in ({}, FAILING, {"state": "reverted"}):
        ran = world.run(**options)
        assert ran.failed
        world.check(ran)


@pytest.mark.parametrize("target", ["secret", "etc", "public"])
def test_a_superseded_store_that_is_a_link(world: World, target: str) -> None:
    """On a converged host too: the link goes, what it leads to stays."""
    assert not world.run().failed
    world.plant(lambda: (world.etc / STORE).symlink_to(world.root / target))
    ran = world.run()
    world.check(ran)
    assert not ran.failed and not os.path.lexists(world.etc / STORE)


@pytest.mark.parametrize("kind", ["unreadable", "readable"])
def test_root_reads_no_file_of_its_own_where_a_link_of_the_user_leads(world: World, kind: str) -> None:
    """Else the login of root's own Kafka client, say, would be used, or kept, for what the user names."""
    (world.root / "secret").chmod(0o600 if kind == "unreadable" else 0o644)
    world.plant(lambda: replace_by_link(world.etc / FILES[2], world.root / "secret"))
    files = OwnedFiles(str(world.etc), UID)
    if kind == "readable":
        found = files.read(FILES[2])
        assert found is not None and CANARY in found.content.decode()
        return
    with pytest.raises(HostError, match="can replace it, but cannot read it"):
        files.read(FILES[2])
    # A name that a shell would take for more than one word is quoted in what root is told to do.
    world.plant(lambda: (world.etc / "a; b.conf").symlink_to(world.root / "secret"))
    with pytest.raises(HostError, match=rf"chown {UID} '/.*/a; b.conf'"):
        files.read("a; b.conf")


@pytest.mark.parametrize("mode", [0o600, 0o644])
@pytest.mark.parametrize("name", [*FILES, STORE])
def test_a_file_that_is_another_name_of_one_of_root(world: World, name: str, mode: int) -> None:
    """Where the kernel lets users link files of others."""
    secret = world.root / "secret"
    secret.chmod(mode)
    (world.etc / name).unlink(missing_ok=True)
    os.link(secret, world.etc / name)
    before = (secret.stat().st_uid, secret.stat().st_mode, secret.read_bytes())
    for options in ({}, FAILING, {"state": "reverted"}):
        ran = world.run(**options)
        assert (secret.stat().st_uid, secret.stat().st_mode, secret.read_bytes()) == before
        assert mode == 0o644 or CANARY not in ran.output


# --- what never ends, and what is no file -----------------------------------------------------------------------------


def no_file(path: pathlib.Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    elif kind == "terminal":
        path.symlink_to("/dev/ptmx")
    elif kind == "directory":
        (path / "full").mkdir(parents=True)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            os.chdir(path.parent)
            bound.bind(path.name)
    elif kind == "circle":
        path.symlink_to(path.name)
    else:
        with open(path, "wb") as stream:
            stream.truncate(64 * 1024**3)


KINDS = ("pipe", "endless", "terminal", "directory", "socket", "circle", "huge")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*FILES, STORE, "by-hand.conf"])
def test_what_is_no_file_in_the_configuration(world: World, name: str, kind: str) -> None:
    world.plant(lambda: no_file(world.etc / name, kind))
    began = time.monotonic()
    for options in (FAILING, {}):
        world.check(world.run(**options))
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_log_does_not_hold_up_the_rollback(world: World, kind: str) -> None:
    before = {name: (world.etc / name).read_bytes() for name in os.listdir(world.etc)}
    world.plant(lambda: no_file(world.logs / "onlinefs.log", kind))
    ran = world.run(**FAILING)
    assert ran.failed and ran.result["rolled_back"], ran.output
    assert {name: (world.etc / name).read_bytes() for name in os.listdir(world.etc)} == before
    world.check(ran)


#: What takes long to read, or to tell, of a size in bytes.
LONG: dict[str, t.Callable[[int], str]] = {
    "names": lambda size: "".join(f"{number:06x}\n" for number in range(size // 7)),
    "continued": lambda size: "a\\\n" * (size // 3),
    "backslashes": lambda size: "a=" + "\\" * (size // 2 * 2 - 2),
    "escapes": lambda size: "a=" + "\\u0041" * (size // 6 - 1),
    "blank lines": lambda size: "\n" * size,
}


@pytest.mark.parametrize("kind", LONG)
def test_a_long_file_costs_a_bounded_time(world: World, kind: str) -> None:
    limit = 512 * 1024
    before = {name: (world.etc / name).read_bytes() for name in os.listdir(world.etc)}
    began = time.monotonic()
    world.plant(lambda: (world.etc / FILES[2]).write_text(LONG[kind](16 * 1024 * 1024)))
    ran = world.run()
    world.check(ran)
    assert ran.failed and f"larger than {limit} bytes" in ran.result["msg"], ran.output
    # The same, when the service writes it as it starts: the rollback replaces it.
    (world.etc / FILES[2]).rename(world.data / "long")
    script = world.folder.parent / "restart"
    script.write_text(f"#!/bin/sh\ncp -p {world.data / 'long'} {world.etc / FILES[2]}\nexit 1\n")
    script.chmod(0o700)
    ran = world.run(service_commands={"restart": str(script)})
    world.check(ran)
    assert ran.failed and ran.result["rolled_back"], ran.output
    (world.etc / FILES[2]).unlink(missing_ok=True)
    assert {name: (world.etc / name).read_bytes() for name in os.listdir(world.etc)} == before
    world.plant(lambda: (world.etc / FILES[2]).write_text(LONG[kind](limit)))
    ran = world.run()
    world.check(ran)
    assert not ran.failed, ran.output
    assert time.monotonic() - began < BOUND


def access_list(entries: int) -> bytes:
    """An access control list of a file, as acl(5) and the kernel's posix_acl_xattr.h describe it."""
    users = [(2, 6, 2000 + number) for number in range(entries)]
    whole = [(1, 6, 2**32 - 1), *users, (4, 4, 2**32 - 1), (16, 6, 2**32 - 1), (32, 0, 2**32 - 1)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in whole)


@pytest.mark.parametrize(("entries", "stores"), [(500, 190), (5000, 190), (5000, 0), (7000, 0)])
def test_access_control_lists_do_not_make_a_state_that_cannot_be_read(world: World, entries: int, stores: int) -> None:
    """A manifest has those of all files. One that is too large would block the host, for good."""
    paths = [world.etc / FILES[0], *(world.etc / f"kafka_{number:08x}_truststore.jks" for number in range(stores))]

    def plant() -> None:
        for path in paths:
            path.touch()
            os.setxattr(path, "system.posix_acl_access", access_list(entries))

    world.plant(plant)
    for options in (FAILING, {}, {"state": "reverted"}):
        ran = world.run(**options)
        world.unharmed(ran)
        if entries == 500:
            assert ran.failed == (options == FAILING), ran.output
        elif "state" not in options:
            assert ran.failed and "its access control list is too long" in ran.result["msg"], ran.output
    for path in paths:
        if path.exists():
            os.removexattr(path, "system.posix_acl_access")
    ran = world.run()
    assert not ran.failed, ran.output
    ran = world.run(state="reverted")
    assert not ran.failed, ran.output


def test_any_number_of_other_files_is_in_nobodys_way(world: World) -> None:
    def plant() -> None:
        for number in range(20_000):
            (world.etc / f"{number}{'x' * 60}").touch()

    world.plant(plant)
    ran = world.run(**FAILING)
    assert ran.failed and ran.result["rolled_back"], ran.output
    ran = world.run()
    assert not ran.failed, ran.output
    world.check(ran)


def test_a_log_that_is_a_link_to_a_file_of_root_is_not_told(world: World) -> None:
    world.plant(lambda: replace_by_link(world.logs / "onlinefs.log", world.root / "secret"))
    ran = world.run(**FAILING)
    assert ran.failed and ran.result["rolled_back"]
    world.check(ran)


@pytest.mark.parametrize("kind", ["pipe", "endless", "directory", "link"])
def test_a_store_on_the_host_that_is_no_file_of_the_user(world: World, kind: str) -> None:
    store = world.home / "ca.pem"
    target = world.root / "secret"
    world.plant(lambda: replace_by_link(store, target) if kind == "link" else no_file(store, kind))
    tls = {"bootstrap.servers": "kafka.example.org:9093", "security.protocol": "SSL"}
    ran = world.run(properties=tls, truststore={"path": str(store), "remote_src": True})
    assert ran.failed
    world.check(ran)


# --- state that is planted --------------------------------------------------------------------------------------------


PROGRAM = b"#!/bin/sh\n"


def manifest(**entry: t.Any) -> dict[str, t.Any]:
    sha256 = hashlib.sha256(PROGRAM).hexdigest()
    whole = {"sha256": sha256, "uid": 0, "gid": 0, "mode": "4755", "xattrs": {}, **entry}
    return {
        "number": 0,
        "origin": "found",
        "created": "2026-01-31T12:00:00Z",
        "proved": None,
        "cluster_id": None,
        "facts": {},
        "files": {"../../x": whole, "onlinefs-kafka.properties": whole},
    }


def plant_state(world: World, how: str) -> None:
    state = world.home / ".kafka_generations"
    if how == "link":
        state.symlink_to(world.root / "etc")
        return
    state.mkdir()
    if how == "lock":
        (state / "lock").symlink_to(world.root / "made")
        return
    (state / "0").mkdir()
    (state / "0/manifest.json").write_text(json.dumps(manifest()))
    for path in (world.home / "x", state / "0/onlinefs-kafka.properties"):
        path.write_bytes(PROGRAM)
    if how == "journal":
        (state / "journal.json").write_text(json.dumps({"base": 0, "target": 1, "restart": True}))


@pytest.mark.parametrize("options", [{}, FAILING, {"state": "reverted"}], ids=["change", "rollback", "revert"])
@pytest.mark.parametrize("option", ["default", "given"])
@pytest.mark.parametrize("how", ["manifest", "journal", "lock", "link"])
def test_a_planted_state_is_never_followed(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str, option: str, options: dict[str, t.Any]
) -> None:
    monkeypatch.setattr(state_directory, "STATE_ROOT", str(world.folder / "var/lib"))
    world.plant(lambda: plant_state(world, how))
    given = str(world.home / ".kafka_generations") if option == "given" else None
    ran = world.run(state_dir=given, **options)
    assert ran.failed and ".kafka_generations" in ran.result["msg"], ran.output
    assert (world.etc / FILES[0]).read_text() == MANAGED
    world.check(ran)


@pytest.mark.parametrize("part", ["all", "none", "file", "directory", "writable", "link"])
def test_the_state_of_an_earlier_version_is_taken_over_only_if_it_is_roots(
    world: World, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Generation 0 of it is what a revert goes back to."""
    monkeypatch.setattr(state_directory, "STATE_ROOT", str(world.folder / "var/lib"))
    earlier = world.home / ".kafka_generations"
    assert not world.run().failed
    world.state.rename(earlier)
    if part == "none":
        subprocess.run(["chown", "-R", f"{UID}:{GID}", str(earlier)], check=True)
    elif part == "file":
        os.chown(earlier / "0/manifest.json", UID, GID)
    elif part == "directory":
        os.chown(earlier / "0", UID, GID)
    elif part == "writable":
        (earlier / "0").chmod(0o722)
    elif part == "link":
        (earlier / "0").rename(world.home / "0")
        (earlier / "0").symlink_to("../0")
    checked = world.run(state_dir=None, state="reverted", _ansible_check_mode=True)
    assert checked.failed == (part != "all"), checked.output
    assert earlier.exists() and not (world.folder / "var/lib").exists()
    ran = world.run(state_dir=None, state="reverted")
    world.unharmed(ran)
    assert ran.failed == (part != "all"), ran.output
    if part == "all":
        assert (world.etc / FILES[0]).read_text() == MANAGED and (world.etc / FILES[3]).read_text() == SITE
        assert not earlier.exists()
        assert not world.run(state_dir=None).failed
    else:
        assert "chown -R root:root" in ran.result["msg"] and earlier.exists()


def test_state_below_a_directory_of_the_user_is_refused(world: World) -> None:
    for path in (world.home / "state", world.etc / "state"):
        ran = world.run(state_dir=str(path))
        assert ran.failed and "state_dir" in ran.result["msg"]
        world.check(ran)
        assert not path.exists()


# --- files of root ----------------------------------------------------------------------------------------------------


def test_nothing_new_belongs_to_root_in_a_directory_of_the_user(world: World) -> None:
    for owner in ({"owner": "0"}, {"group": "0"}, {"owner": "root"}):
        before = sorted(os.listdir(world.etc))
        ran = world.run(**owner)
        assert ran.failed and "belong to root" in ran.result["msg"], ran.output
        assert sorted(os.listdir(world.etc)) == before and not world.state.exists()


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_that_roots_installer_left_is_kept_and_comes_back(world: World, mode: int) -> None:
    """Whoever may not read it cannot read a copy of it at any moment either."""
    path, seen = world.etc / FILES[0], world.home / "seen"
    path.write_text(f"{MANAGED}sasl.jaas.config={CANARY}\n")
    os.chown(path, 0, 0)
    path.chmod(mode)

    def look() -> None:
        for name in os.listdir(world.etc):
            with open(world.etc / name) as stream:
                if CANARY in stream.read():
                    seen.write_text(name)

    with world.attack(look):
        for _time in range(TIMES):
            ran = world.run(**FAILING, owner=None, group=None)
            assert ran.failed and ran.result["rolled_back"], ran.output
            assert not world.run().failed
            ran = world.run(state="reverted")
            assert not ran.failed, ran.output
            status = path.stat()
            assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (0, 0, mode)
            assert CANARY in path.read_text() and CANARY not in ran.output
            subprocess.run(["rm", "-rf", str(world.state)], check=True)
    assert seen.exists() == (mode == 0o644)


# --- processes --------------------------------------------------------------------------------------------------------


def parent(pid: int) -> int:
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_processes_of_the_user_are_killed_or_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch, blow: signal.Signals
) -> None:
    """The child that works with the user's rights is the user's to kill: an error in time, and no more."""
    monkeypatch.setattr(owner_process, "ANSWER_SECONDS", 1.0)

    def strike() -> None:
        for name in os.listdir("/proc"):
            # Of the processes with this user's id only those that the module under test has started.
            if name.isdigit() and parent(parent(int(name))) == os.getppid():
                with contextlib.suppress(OSError):
                    os.kill(int(name), blow)
        time.sleep(0.01)

    with world.attack(strike):
        for _time in range(3):
            ran = world.run()
            world.check(ran)
            assert not ran.failed or "did not answer" in ran.result["msg"], ran.output
    ran = world.run(properties={"bootstrap.servers": "after:9092"})
    assert not ran.failed, ran.output
    world.check(ran)


@pytest.mark.parametrize(
    "limit",
    [
        (resource.RLIMIT_FSIZE, 10),
        (resource.RLIMIT_NOFILE, 4),
        (resource.RLIMIT_NOFILE, 7),
        (resource.RLIMIT_AS, 4096),
        (resource.RLIMIT_CPU, 0),
    ],
    ids=["size", "no files", "few files", "memory", "time"],
)
def test_processes_of_the_user_get_limits(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: tuple[int, int]
) -> None:
    """A user may limit each process with its own ids, as prlimit(2) says. What is left of a change is completed."""
    monkeypatch.setattr(owner_process, "_NOBODY", GID)
    monkeypatch.setattr(owner_process, "ANSWER_SECONDS", 2.0)
    limited = world.home / "limited"
    kind, number = limit

    def strike() -> None:
        for name in os.listdir("/proc"):
            if name.isdigit() and parent(parent(int(name))) == os.getppid():
                with contextlib.suppress(OSError):
                    resource.prlimit(int(name), kind, (number, number))
                    limited.touch()

    with world.attack(strike):
        for turn in range(4):
            ran = world.run(properties={"bootstrap.servers": f"kafka{turn}:9092"}, **(FAILING if turn % 2 else {}))
            world.check(ran)
    assert limited.exists()
    ran = world.run(properties={"bootstrap.servers": "after:9092"})
    assert not ran.failed and b"after:9092" in (world.etc / FILES[0]).read_bytes(), ran.output
    world.check(ran)


@pytest.mark.skipif(not os.path.exists(DEVICE), reason="this kernel has no FUSE")
@pytest.mark.parametrize("options", [{}, FAILING], ids=["change", "rollback"])
@pytest.mark.parametrize("where", ["etc", "logs"])
@pytest.mark.parametrize("others", [False, True], ids=["own", "allow_other"])
def test_a_file_system_that_answers_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, others: bool, where: str, options: dict[str, t.Any]
) -> None:
    """Who waits for it cannot be killed. Root does not wait for whom it cannot kill, and leaves no lock with it."""
    monkeypatch.setattr(owner_process, "ANSWER_SECONDS", 1.0)
    before = {name: (world.etc / name).read_bytes() for name in os.listdir(world.etc)}
    # The group is the one of users whom the system does not know.
    with hanging(world.data / where, UID, 65534, others=others):
        ran = world.run(**options)
        world.unharmed(ran)
        assert ran.failed == (where == "etc" or options == FAILING)
        if where == "etc":
            assert "did not answer" in ran.result["msg"], ran.output
    if options == FAILING:
        assert {name: (world.etc / name).read_bytes() for name in os.listdir(world.etc)} == before
    world.check(world.run())


# --- what lies in the way ---------------------------------------------------------------------------------------------


def test_things_at_staged_names_are_in_nobodys_way(world: World) -> None:
    def plant() -> None:
        for name in FILES:
            for suffix in (".new", ".0123456789abcdef.new"):
                path = world.etc / f".hopsworks_kafka.{name}{suffix}"
                (path / "full").mkdir(parents=True)
        (world.etc / ".hopsworks_kafka.x.0000000000000000.new").symlink_to(world.root / "secret")

    world.plant(plant)
    ran = world.run(**FAILING)
    assert ran.failed and ran.result["rolled_back"], ran.output
    world.check(ran)
    ran = world.run()
    assert not ran.failed, ran.output
    world.check(ran)


def test_bits_that_change_the_user_are_not_carried(world: World) -> None:
    world.plant(lambda: (world.etc / FILES[0]).chmod(0o6755))
    ran = world.run(mode="0600")
    assert not ran.failed, ran.output
    assert not world.run(state="reverted").failed
    world.check(ran)
