# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as a transaction: it works, or the host is as it was; and a killed run is finished by the next one."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import pathlib
import re
import subprocess
import threading
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.generations import Generations
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.live_files import STAGED_PREFIX
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.transaction import RolledBack

from tests.unit.kafka import pki
from tests.unit.onlinefs.support import MANAGED, SITE, Home, killed_at

CONFIG_TASK = "ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.config_task"
TOPICS = ["fraud_onlinefs", "ads_onlinefs"]
BROKEN = {"bootstrap.servers": "broken.example.org:9092"}
OTHER = {"bootstrap.servers": "other.example.org:9092"}


def test_first_run_keeps_what_was_there_and_restarts_once(home: Home) -> None:
    result = home.run(topics=TOPICS)
    assert result["changed"] and result["restarted"] and home.restarts == 1
    assert home.running == home.files()["onlinefs-kafka.properties"]
    assert b"<topicList>fraud_onlinefs,ads_onlinefs</topicList>" in home.files()["onlinefs-site.xml"]
    assert [g["number"] for g in result["generations"]] == [0, 1]
    assert (home.state / "0/onlinefs-kafka.properties").read_text() == MANAGED
    assert (home.state / "0/onlinefs-site.xml").read_text() == SITE


def test_second_run_changes_nothing_and_writes_nothing(home: Home) -> None:
    home.run(topics=TOPICS)
    before = {path: path.stat().st_mtime_ns for path in home.path.rglob("*")}
    result = home.run(topics=TOPICS)
    assert not result["changed"] and result["actions"] == [] and home.restarts == 1
    assert {path: path.stat().st_mtime_ns for path in home.path.rglob("*")} == before


def test_check_mode_predicts_and_writes_nothing(home: Home) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.path.rglob("*")}
    predicted = home.run(check=True, diff=True, topics=TOPICS)
    assert {path: path.stat().st_mtime_ns for path in home.path.rglob("*")} == before
    done = home.run(diff=True, topics=TOPICS)
    for name in ("changed", "changes", "actions", "files", "restarted", "diff", "generation"):
        assert predicted[name] == done[name], name


def test_order_and_comments_are_no_reason_to_touch_a_file(home: Home) -> None:
    home.run()
    path = home.etc / "onlinefs-kafka.properties"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["! by hand", *reversed(lines)]))
    assert not home.run()["changed"]
    assert path.read_text().startswith("! by hand")


def test_mode_alone_is_corrected_without_a_restart(home: Home) -> None:
    home.run()
    (home.etc / "producer.properties").chmod(0o600)
    result = home.run()
    assert result["changed"] and not result["restarted"] and home.restarts == 1
    assert home.modes()["producer.properties"] == 0o640


def test_failure_brings_everything_back_and_says_both_reasons(home: Home) -> None:
    before, modes = home.files(), home.modes()
    with pytest.raises(RolledBack) as caught:
        home.run(properties=BROKEN, topics=TOPICS)
    assert (home.files(), home.modes()) == (before, modes)
    assert home.restarts == 2 and home.running.decode() == MANAGED
    assert "fell over" in str(caught.value) and "generation 0" in str(caught.value)
    assert caught.value.diagnosis["log"][-1] == "ERROR password=******** was refused"
    assert not (home.state / "journal.json").exists() and not (home.state / "1").exists()


def test_failure_after_a_good_run_brings_that_one_back(home: Home) -> None:
    home.run(topics=TOPICS)
    good, modes = home.files(), home.modes()
    with pytest.raises(RolledBack, match="generation 1"):
        home.run(properties=BROKEN, topics=["x_onlinefs"], mode="0600")
    assert (home.files(), home.modes()) == (good, modes)
    assert not home.run(topics=TOPICS)["changed"]


def test_failure_of_the_old_configuration_too_is_told(home: Home) -> None:
    (home.etc / "onlinefs-kafka.properties").write_text("bootstrap.servers = broken\n")
    with pytest.raises(RolledBack, match="does not work with it either") as caught:
        home.run(properties=BROKEN)
    assert caught.value.second is not None


def test_what_somebody_else_changed_is_kept_as_a_generation(home: Home) -> None:
    home.run()
    path = home.etc / "onlinefs-kafka.properties"
    path.write_text("bootstrap.servers=by.hand:9092\n")
    result = home.run(properties=OTHER)
    assert [g["origin"] for g in result["generations"]] == ["found", "applied", "found", "applied"]
    assert (home.state / "2/onlinefs-kafka.properties").read_text() == "bootstrap.servers=by.hand:9092\n"


def test_only_the_last_generations_are_kept_and_the_first(home: Home) -> None:
    for number in range(7):
        result = home.run(properties={"bootstrap.servers": f"kafka{number}:9092"}, generations=3)
    assert [g["number"] for g in result["generations"]] == [0, 5, 6, 7]
    assert sorted(path.name for path in home.state.iterdir()) == ["0", "5", "6", "7", "lock"]


def test_secrets_in_generations_are_for_the_owner_alone(home: Home) -> None:
    home.run()
    for path in [home.state, *home.state.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_revert_to_the_first_is_byte_for_byte(home: Home) -> None:
    before, modes = home.files(), home.modes()
    home.run(topics=TOPICS)
    home.run(properties=OTHER, topics=["x_onlinefs"], topic_pattern="x.*")
    result = home.run(state="reverted")
    assert (home.files(), home.modes()) == (before, modes)
    assert result["changed"] and result["restarted"] and result["generations"][-1]["origin"] == "reverted"
    again = home.run(state="reverted")
    assert not again["changed"] and home.restarts == 3


def test_revert_to_any_generation(home: Home) -> None:
    home.run(topics=TOPICS)
    first = home.files()
    home.run(properties=OTHER)
    home.run(state="reverted", generation=1)
    assert home.files() == first


def test_revert_of_elements_that_were_empty_or_missing_is_byte_for_byte(home: Home) -> None:
    path = home.etc / "onlinefs-site.xml"
    path.write_text("<onlinefs>\n  <kafkaConsumer>\n    <topicList/>\n  </kafkaConsumer>\n</onlinefs>\n")
    before = home.files()
    home.run(topics=TOPICS, topic_pattern="x.*")
    home.run(state="reverted")
    assert home.files() == before


def test_revert_leaves_what_others_changed_in_the_site_file(home: Home) -> None:
    home.run(topics=TOPICS)
    path = home.etc / "onlinefs-site.xml"
    path.write_text(path.read_text().replace("search-secret", "new-secret"))
    home.run(state="reverted")
    assert path.read_text() == SITE.replace("search-secret", "new-secret")


def test_revert_removes_what_was_written_whatever_somebody_altered_beside_it(home: Home) -> None:
    home.run()
    path = home.etc / "onlinefs-kafka.properties"
    path.write_text(path.read_text() + "max.poll.records=1\n")
    home.run()
    home.run(state="reverted")
    assert sorted(home.files()) == ["onlinefs-kafka.properties", "onlinefs-site.xml"]
    assert path.read_text() == MANAGED


def test_revert_keeps_a_file_that_the_installer_added_since(home: Home) -> None:
    home.run(service_version="3.7")
    (home.etc / "producer.properties").write_text("acks = all\n")
    home.run(state="reverted")
    assert (home.etc / "producer.properties").exists()
    assert not (home.etc / "onlinefs-kafka-vector-db.properties").exists()


def test_at_least_one_generation_is_kept(home: Home) -> None:
    with pytest.raises(InputError, match="option generations"):
        home.run(generations=0)


def test_revert_to_a_generation_that_is_not_kept(home: Home) -> None:
    home.run()
    with pytest.raises(InputError, match="Choose one of: 0, 1"):
        home.run(state="reverted", generation=9)


def test_damaged_generation_is_refused_before_anything(home: Home) -> None:
    home.run()
    (home.state / "0/onlinefs-kafka.properties").write_text("something else")
    before = home.files()
    with pytest.raises(HostError, match="damaged"):
        home.run(state="reverted")
    assert home.files() == before


# --- killed at every step ---------------------------------------------------------------------------------------------


def _consistent(home: Home, allowed: list[dict[str, bytes]]) -> None:
    """No live file is half-written: each is, as a whole, one of the versions that it may have."""
    for name, content in home.files().items():
        if not name.startswith(STAGED_PREFIX):
            assert any(version.get(name) == content for version in allowed), name


def _unnumbered(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: re.sub(rb"(?m)^(client.id=onlinefs_h1)_\d+$", rb"\1", content) for name, content in found.items()}


@pytest.mark.parametrize("seed", ["first", "later"])
def test_killed_at_any_step_the_next_run_finishes(tmp_path: pathlib.Path, seed: str) -> None:
    wanted = {"properties": OTHER, "topics": TOPICS}

    def fresh(name: str) -> Home:
        made = Home(tmp_path / name)
        if seed == "later":
            made.run(topics=["old_onlinefs"])
        return made

    model = fresh("model")
    old = model.files()
    model.run(**wanted)
    new = model.files()
    steps = 0
    while True:
        home = fresh(f"home{steps}")
        if not killed_at(steps, functools.partial(home.run, **wanted)):
            break
        _consistent(home, [old, new])
        home.run(**wanted)
        assert home.files() == new, steps
        assert home.running == new["onlinefs-kafka.properties"]
        assert not home.run(**wanted)["changed"], steps
        assert not (home.state / "journal.json").exists()
        reverted = home.run(state="reverted")
        assert reverted["changed"] and home.files()["onlinefs-kafka.properties"].decode() == MANAGED
        steps += 1
    assert steps > 30, "the kills did not reach the writing"


def test_killed_at_any_step_of_a_failing_change_the_next_run_still_rolls_back(tmp_path: pathlib.Path) -> None:
    steps = 0
    while True:
        home = Home(tmp_path / f"home{steps}")
        home.run(topics=TOPICS)
        good, modes = home.files(), home.modes()
        if not killed_at(steps, functools.partial(home.run, properties=BROKEN)):
            break
        if steps % 2:
            # The operator gives up on the change: what was declared before comes back, as a new generation.
            home.run(topics=TOPICS)
        else:
            with pytest.raises(RolledBack):
                home.run(properties=BROKEN)
        assert (_unnumbered(home.files()), home.modes()) == (_unnumbered(good), modes), steps
        assert steps % 2 or home.files() == good, steps
        assert home.running == home.files()["onlinefs-kafka.properties"], steps
        assert not home.run(topics=TOPICS)["changed"], steps
        steps += 1
    assert steps > 30


def test_killed_again_while_it_finishes_the_first_work(tmp_path: pathlib.Path) -> None:
    """The first run was killed after it had moved the files and before the restart; the second at any step."""
    for first in range(200):
        seed = Home(tmp_path / f"seed{first}")
        assert killed_at(first, functools.partial(seed.run, topics=TOPICS))
        if b"fraud_onlinefs" in seed.files()["onlinefs-site.xml"] and seed.restarts == 0:
            break
    steps = 0
    while True:
        home = Home(tmp_path / f"home{steps}")
        assert killed_at(first, functools.partial(home.run, topics=TOPICS))
        if not killed_at(steps, functools.partial(home.run, topics=TOPICS)):
            break
        home.run(topics=TOPICS)
        assert home.running == home.files()["onlinefs-kafka.properties"], steps
        assert not home.run(topics=TOPICS)["changed"]
        assert home.run(state="reverted")["changed"] and home.files()["onlinefs-site.xml"].decode() == SITE
        steps += 1
    assert steps > 10


@pytest.mark.parametrize("way", ["forward", "back"])
def test_killed_at_any_step_no_file_names_a_store_that_is_not_there(tmp_path: pathlib.Path, way: str) -> None:
    tls = {"bootstrap.servers": "k:1", "security.protocol": "SSL"}
    old, new = ({"properties": tls, "truststore": {"content": pki.authority(n).pem}} for n in ("old", "new"))
    steps = 0
    while True:
        home = Home(tmp_path / f"home{steps}")
        home.run(**old)
        step = functools.partial(home.run, **new)
        if way == "back":
            step()
            step = functools.partial(home.run, state="reverted", generation=1)
        killed = killed_at(steps, step)
        live = {k: v for k, v in home.files().items() if not k.startswith(STAGED_PREFIX)}
        for name, content in live.items():
            for store in re.findall(rb"kafka_[0-9a-f]{8}_truststore.jks", content):
                assert (home.etc / store.decode()).exists(), (steps, name)
        if not killed:
            break
        step()
        assert len(list(home.etc.glob("*.jks"))) == 1
        steps += 1
    assert steps > 30


def test_killed_between_restart_and_proof_the_service_is_restarted_again(home: Home) -> None:
    kills = 0
    while killed_at(kills, home.run):
        journal = home.state / "journal.json"
        if journal.exists() and b'"restart": true' in journal.read_bytes():
            break
        kills += 1
    restarts = home.restarts
    result = home.run()
    assert result["changed"] and result["restarted"] and home.restarts == restarts + 1


# --- what stands in the way -------------------------------------------------------------------------------------------


def test_links_stay_links(tmp_path: pathlib.Path) -> None:
    home = Home(tmp_path / "onlinefs")
    volume = tmp_path / "volume"
    volume.mkdir()
    home.etc.rename(volume / "etc")
    home.etc.symlink_to(volume / "etc")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (home.etc / "onlinefs-site.xml").rename(elsewhere / "site.xml")
    (home.etc / "onlinefs-site.xml").symlink_to(elsewhere / "site.xml")
    home.run(topics=TOPICS)
    assert home.etc.is_symlink() and (home.etc / "onlinefs-site.xml").is_symlink()
    assert "ads_onlinefs" in (elsewhere / "site.xml").read_text()
    assert sorted(os.listdir(elsewhere)) == ["site.xml"]
    home.run(state="reverted")
    assert (elsewhere / "site.xml").read_text() == SITE and (home.etc / "onlinefs-site.xml").is_symlink()


def test_dangling_link_is_refused(home: Home) -> None:
    (home.etc / "producer.properties").symlink_to(home.path / "nowhere")
    with pytest.raises(HostError, match="symbolic link to something that does not exist"):
        home.run()
    assert not home.state.exists()


def test_missing_directory_is_refused(home: Home) -> None:
    with pytest.raises(HostError, match="no such file or directory"):
        home.run(config_dir=str(home.path / "other"))
    assert not home.state.exists()


def test_missing_user_and_group_are_refused(home: Home) -> None:
    for option in ("owner", "group"):
        with pytest.raises(InputError, match="this host has no"):
            home.run(**{option: "nobody_of_that_name"})
    assert not home.state.exists()


def test_malformed_site_file_is_refused_before_anything(home: Home) -> None:
    (home.etc / "onlinefs-site.xml").write_text("<onlinefs><kafkaConsumer></onlinefs>")
    before = home.files()
    with pytest.raises(InputError, match="not well-formed"):
        home.run(topics=TOPICS)
    assert home.files() == before and not home.state.exists()


def test_full_disk_is_found_before_anything_is_written(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs

    def full(path: str) -> t.Any:
        found = list(real(path))
        found[3] = found[4] = 1
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "statvfs", full)
    with pytest.raises(HostError, match=r"free, and \d+ are needed"):
        home.run()
    assert not home.state.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
@pytest.mark.parametrize("pages", range(0, 30, 2))
def test_disk_that_fills_up_while_writing_leaves_the_host_as_it_was(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    with _mounted(tmp_path / "disk", "size=4m") as disk:
        home = Home(disk / "onlinefs")
        before = home.files()
        free = os.statvfs(disk).f_bavail - pages
        (disk / "filler").write_bytes(b"x" * 4096 * free)
        # The check before the writing would refuse this; it is let through, so that the writing itself fails.
        monkeypatch.setattr("os.statvfs", lambda _: os.statvfs_result((4096, 4096, 9**9, 9**9, 9**9, 9, 9, 9, 0, 255)))
        try:
            home.run(topics=TOPICS)
        except HostError as error:
            assert "no space left" in str(error)
            assert home.files() == before and home.restarts == 0
        monkeypatch.undo()
        (disk / "filler").unlink()
        home.run(topics=TOPICS)
        assert not home.run(topics=TOPICS)["changed"] and home.restarts == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_read_only_file_system_is_refused(tmp_path: pathlib.Path) -> None:
    with _mounted(tmp_path / "disk") as disk:
        home = Home(disk / "onlinefs")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(HostError, match="file system is read-only"):
            home.run()


@contextlib.contextmanager
def _mounted(path: pathlib.Path, options: str = "size=4m") -> t.Iterator[pathlib.Path]:
    """A small file system of its own."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


#: Renames of a run that changes all files of a host: three properties files and onlinefs-site.xml.
RENAMES = 4


def failing_renames(monkeypatch: pytest.MonkeyPatch, fails: t.Callable[[int], bool], error: int) -> list[str]:
    """Let renames of live files fail, by their number from 1 on. Returns the names that came to it."""
    real, seen = os.replace, []

    def failing(source: str, target: str, **directories: int) -> None:
        if directories:
            seen.append(target)
            if fails(len(seen)):
                raise OSError(error, os.strerror(error), target)
        real(source, target, **directories)

    monkeypatch.setattr(os, "replace", failing)
    return seen


@pytest.mark.parametrize("error", [errno.EACCES, errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("call", range(1, RENAMES + 1))
def test_a_rename_that_fails_leaves_the_host_as_it_was(
    home: Home, monkeypatch: pytest.MonkeyPatch, call: int, error: int
) -> None:
    before, modes = home.files(), home.modes()
    seen = failing_renames(monkeypatch, lambda number: number == call, error)
    with pytest.raises(RolledBack):
        home.run(topics=TOPICS)
    assert len(seen) >= call
    assert (home.files(), home.modes()) == (before, modes)
    monkeypatch.undo()
    seen = failing_renames(monkeypatch, lambda number: False, error)
    home.run(topics=TOPICS)
    assert len(seen) == RENAMES


def test_rollback_that_fails_says_so_and_the_next_run_takes_it_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = home.files()
    failing_renames(monkeypatch, lambda number: number > RENAMES - 1, errno.EIO)
    with pytest.raises(HostError, match="could not be restored"):
        home.run(properties=BROKEN)
    monkeypatch.undo()
    assert (home.state / "journal.json").exists()
    with pytest.raises(RolledBack):
        home.run(properties=BROKEN)
    assert home.files() == before and home.running.decode() == MANAGED


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to others")
def test_owner_mode_and_access_list_come_back(home: Home) -> None:
    path = home.etc / "onlinefs-kafka.properties"
    os.chown(path, 4711, 4712)
    entries = b"\x02\x00\x00\x00" + b"".join(
        tag.to_bytes(2, "little") + rights.to_bytes(2, "little") + who.to_bytes(4, "little", signed=True)
        for tag, rights, who in ((1, 6, -1), (2, 4, 99), (4, 0, -1), (16, 4, -1), (32, 0, -1))
    )
    try:
        os.setxattr(path, "system.posix_acl_access", entries)
    except OSError:
        pytest.skip("this file system has no access lists")
    home.run(owner="4713", group="4714", mode="0640")
    new = path.stat()
    assert (new.st_uid, new.st_gid, new.st_mode & 0o7777) == (4713, 4714, 0o640)
    home.run(state="reverted")
    old = path.stat()
    assert (old.st_uid, old.st_gid) == (4711, 4712)
    assert os.getxattr(path, "system.posix_acl_access") == entries
    site = (home.etc / "onlinefs-site.xml").stat()
    assert site.st_uid == os.geteuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="sets security contexts")
def test_security_contexts_are_kept_and_come_back(home: Home) -> None:
    """The kernel keeps the label of a file also where no SELinux reads it."""
    path = home.etc / "onlinefs-kafka.properties"
    label = b"system_u:object_r:onlinefs_conf_t:s0\0"
    try:
        os.setxattr(path, "security.selinux", label)
    except OSError:
        pytest.skip("this file system has no security labels")
    home.run()
    assert home.restarts == 1 and os.getxattr(path, "security.selinux") == label
    os.setxattr(path, "security.selinux", b"system_u:object_r:etc_t:s0\0")
    home.run(state="reverted")
    assert os.getxattr(path, "security.selinux") == label


@pytest.mark.skipif(os.geteuid() != 0, reason="sets security contexts")
def test_a_new_file_gets_the_label_of_its_place(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the tool of a host that has SELinux; a file that was there keeps what it had."""
    tools = home.path / "tools"
    tools.mkdir()
    (tools / "matchpathcon").write_text('#!/bin/sh\necho "of:$3"\n')
    (tools / "matchpathcon").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    real = os.path.isdir
    monkeypatch.setattr(os.path, "isdir", lambda path: path == "/sys/fs/selinux" or real(path))
    home.run()
    new, old = home.etc / "producer.properties", home.etc / "onlinefs-kafka.properties"
    try:
        assert os.getxattr(new, "security.selinux") == f"of:{new}\0".encode()
    except OSError:
        pytest.skip("this file system has no security labels")
    with pytest.raises(OSError):
        os.getxattr(old, "security.selinux")


def test_two_runs_at_once_do_not_mix(home: Home) -> None:
    results: list[object] = []

    def run(name: str) -> None:
        try:
            results.append(home.run(properties={"bootstrap.servers": f"{name}:9092"}))
        except HostError as error:
            results.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 2 and all(isinstance(result, dict) for result in results)
    servers = {line for line in home.running.decode().splitlines() if line.startswith("bootstrap")}
    assert servers == {
        line for line in home.files()["onlinefs-kafka.properties"].decode().splitlines() if "boots" in line
    }


def test_a_plan_from_before_another_run_is_made_anew(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Generations.locked

    @contextlib.contextmanager
    def late(self: Generations, seconds: float) -> t.Iterator[None]:
        """Another run goes first, just before this one gets the lock."""
        monkeypatch.setattr(Generations, "locked", real)
        home.run(topics=TOPICS)
        with real(self, seconds):
            yield

    monkeypatch.setattr(Generations, "locked", late)
    result = home.run(topics=TOPICS)
    assert not result["changed"] and home.restarts == 1


def test_locked_for_too_long(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{CONFIG_TASK}._LOCK_SECONDS", 0.3)
    home.state.mkdir()
    import fcntl

    with open(home.state / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        began = time.monotonic()
        with pytest.raises(HostError, match="another run on this host"):
            home.run()
        assert time.monotonic() - began < 5
