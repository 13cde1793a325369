# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A move reads the Kafka that the service's user names, with that user's rights, and in a bounded time.

What cannot be read is not known, and never nothing.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import signal
import time
import typing as t

import pytest

from tests.integration.host.attacker.test_attacks import KINDS, no_file, parent
from tests.integration.host.attacker.test_followed import Attacker, attacker, plant
from tests.integration.host.attacker.world import CANARY, FILES, SITE, Ran, World, replace_by_link
from tests.moves.cluster import Cluster

__all__ = ["attacker"]

GROUP = "onlinefs_rondb"
#: Seconds that a run may take: it reads two or three times, each for a second and what it costs to end.
LIMIT = 16.0


@pytest.fixture
def old() -> t.Iterator[Cluster]:
    parts: dict[tuple[str, int], tuple[int, int] | None] = {("a_onlinefs", 0): (0, 10)}
    with Cluster("old", parts, {GROUP: {("a_onlinefs", 0): 7}}).running() as made:
        yield made


def write(world: World, bootstrap: str, *lines: str) -> None:
    plant(world, "\n".join([f"bootstrap.servers={bootstrap}", f"group.id={GROUP}", *lines, ""]))


def moves(world: World) -> t.Iterator[Ran]:
    """Every run of a move that reads what the service's user may have written."""
    given = {"properties": {"bootstrap.servers": "127.0.0.1:1"}}
    for run in (
        lambda: world.move_info(**given),
        lambda: world.move("left", **given),
        lambda: world.move("left", accept_unreadable=True, **given),
        lambda: world.move_info(**given),
        lambda: world.move("left", record_again=True, **given),
        lambda: world.move("carried", **given),
        lambda: world.move("closed", **given),
    ):
        began = time.monotonic()
        ran = run()
        assert time.monotonic() - began < LIMIT, ran.output
        world.check(ran)
        yield ran


def test_nothing_attacks(world: World, old: Cluster) -> None:
    write(world, old.bootstrap)
    info, left = itertools.islice(moves(world), 2)
    assert not info.failed and info.result["unread"]["rows"] == 3, info.output
    assert not left.failed and left.result["record"]["old_cluster"] == "old", left.output


def test_what_the_user_names_is_read_with_the_rights_of_the_user(world: World, attacker: Attacker) -> None:
    """The token endpoint of the attacker's gets what the attacker could have sent there."""
    plant(world, attacker.properties)
    for ran in moves(world):
        assert ran.failed or ran.result.get("unread", {"rows": None}) != {"rows": 0}, ran.output
    assert attacker.connections > 0
    assert CANARY.encode() not in b"".join(attacker.posts)


@pytest.mark.parametrize(
    ("kind", "inside"), [*((kind, "") for kind in KINDS), ("link", ""), ("link", "/onlinefs/"), ("link", "/certs/")]
)
def test_a_store_that_is_no_file_of_the_user(world: World, old: Cluster, kind: str, inside: str) -> None:
    store = world.home / "ca.jks"
    target = world.root / "secret"
    world.plant(lambda: replace_by_link(store, target) if kind == "link" else no_file(store, kind))
    location = f"{inside}../../../../../../../../..{store}" if inside else str(store)
    lines = ["security.protocol=SSL", f"ssl.truststore.location={location}", "ssl.truststore.password=x"]
    write(world, old.bootstrap, *lines)
    info, left = itertools.islice(moves(world), 2)
    assert not info.failed and info.result["unread"]["rows"] is None, info.output
    assert left.failed and "would not be known" in left.result["msg"], left.output


@pytest.mark.parametrize("name", FILES)
def test_a_configuration_that_is_a_link_to_something_of_root(world: World, name: str) -> None:
    world.plant(lambda: replace_by_link(world.etc / name, world.root / "secret"))
    for ran in moves(world):
        assert ran.failed or ran.result.get("record") is None


@pytest.mark.parametrize("pattern", ["(a+)+b", "(" * 5000, "(?:a{0,50000}){0,50000}", "((a|aa)+)+$", "[", "a**"])
def test_a_pattern_that_takes_any_time(world: World, old: Cluster, pattern: str) -> None:
    old.parts[f"{'a' * 60}_onlinefs", 0] = (0, 3)
    world.plant(lambda: (world.etc / FILES[3]).write_text(SITE.replace(".*_onlinefs", pattern)))
    write(world, old.bootstrap)
    info, left = itertools.islice(moves(world), 2)
    assert not info.failed and info.result["unread"]["rows"] is None, info.output
    assert left.failed, left.output


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_who_reads_is_killed_or_stopped(world: World, old: Cluster, blow: signal.Signals) -> None:
    write(world, old.bootstrap)
    # Slowly, so that each reading is hit.
    old.on_request = lambda _cluster: time.sleep(0.5)

    def only_readers() -> None:
        """Not the process that reads the files: it is the one that was there first."""
        children = sorted(
            int(name) for name in os.listdir("/proc") if name.isdigit() and parent(parent(int(name))) == os.getppid()
        )
        for pid in children[1:]:
            with contextlib.suppress(OSError):
                os.kill(pid, blow)

    with world.attack(only_readers):
        for ran in itertools.islice(moves(world), 4):
            unread = ran.result.get("unread")
            assert unread is None or unread["rows"] is None, ran.output
            record = ran.result.get("record")
            assert record is None or not record["positions_known"], ran.output


def test_a_record_of_a_move_is_never_the_users(world: World, old: Cluster) -> None:
    """In the home, where an earlier version kept its state."""
    write(world, old.bootstrap)

    def forge() -> None:
        state = world.home / ".kafka_generations"
        state.mkdir()
        (state / "move.json").write_text("{}")

    world.plant(forge)
    ran = world.move("left", properties={"bootstrap.servers": "127.0.0.1:1"}, state_dir=None)
    assert ran.failed and ".kafka_generations" in ran.result["msg"], ran.output
    assert pathlib.Path(world.home / ".kafka_generations/move.json").read_text() == "{}"
