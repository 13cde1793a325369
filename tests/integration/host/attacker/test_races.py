# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Races: while root works, the service's user replaces what root works on.

Each race is run against code that takes no care, too, and has to win there: one that never wins proves nothing.
"""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import health_check, transaction

from tests.integration.host.attacker import world as worlds
from tests.integration.host.attacker.careless import CarelessFiles, read_anything
from tests.integration.host.attacker.world import CANARY, FAILING, FILES, STORE, TIMES, World, replace_by_link

Race = t.Callable[[World], t.Callable[[], None]]


def swapped(world: World) -> t.Callable[[], None]:
    """The directory of the files is now itself, now a link to a directory of root's."""
    away, link = world.data / "away", world.data / "link"

    def flip() -> None:
        if not os.path.lexists(link):
            link.symlink_to(world.root / "etc")
        world.etc.rename(away)
        link.rename(world.etc)
        world.etc.rename(link)
        away.rename(world.etc)

    return flip


def link_flipped(world: World) -> t.Callable[[], None]:
    """The link to the directory leads now here, now to root's."""
    link, home = world.home / "new", world.home / "etc"

    def flip() -> None:
        for target in (world.root / "etc", world.etc):
            replace_by_link(link, target)
            link.rename(home)

    return flip


def file_flipped(world: World) -> t.Callable[[], None]:
    """A file is now a file, now a link to one of root's."""
    link, path = world.data / "link", world.etc / FILES[2]

    def flip() -> None:
        replace_by_link(link, world.root / "secret")
        link.rename(path)
        path.unlink()
        path.write_text("acks = all\n")

    return flip


def staged_replaced(world: World) -> t.Callable[[], None]:
    """Whatever is staged is replaced by a link, as a rule; else by a directory or a pipe, or moved away."""
    turn = 0

    def replace() -> None:
        nonlocal turn
        for name in os.listdir(world.etc):
            path = world.etc / name
            if not name.startswith(".hopsworks_kafka.") or path.is_symlink():
                continue
            turn += 1
            path.rename(world.home / f"stolen{turn}")
            if turn % 8 == 0:
                path.mkdir()
            elif turn % 8 == 2:
                os.mkfifo(path)
            elif turn % 8 != 4:
                path.symlink_to(world.root / "secret")

    return replace


def store_flipped(world: World) -> t.Callable[[], None]:
    """A store that nothing needs is now a link to a file of root's, now a file."""
    path = world.etc / STORE

    def flip() -> None:
        replace_by_link(world.data / "link", world.root / "secret")
        (world.data / "link").rename(path)
        (world.data / "own").write_text("")
        (world.data / "own").rename(path)

    return flip


def log_flipped(world: World) -> t.Callable[[], None]:
    path = world.logs / "onlinefs.log"

    def flip() -> None:
        replace_by_link(world.data / "link", world.root / "secret")
        (world.data / "link").rename(path)
        os.mkfifo(world.data / "own")
        (world.data / "own").rename(path)
        (world.data / "own").write_text("INFO\n")
        (world.data / "own").rename(path)

    return flip


def moved_in(world: World) -> t.Callable[[], None]:
    """As soon as something is staged, it is the attacker's own file, and its place a link to somewhere of root's."""

    def strike() -> None:
        staged = [name for name in os.listdir(world.etc) if name.startswith(".hopsworks_kafka.")]
        if not staged:
            return
        for name in FILES:
            replace_by_link(world.data / "link", world.root / "placed")
            (world.data / "link").rename(world.etc / name)
        for name in staged:
            (world.data / "own").write_text("of the attacker\n")
            (world.data / "own").rename(world.etc / name)

    return strike


RACES = (swapped, link_flipped, file_flipped, staged_replaced, moved_in, store_flipped, log_flipped)


def run(world: World, number: int) -> worlds.Ran:
    options = (FAILING, {}, {"state": "reverted"})[number % 3]
    return world.run(properties={"bootstrap.servers": f"kafka{number}:9092"}, **options)


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_races(world: World, race: Race) -> None:
    with world.attack(race(world)):
        for number in range(TIMES):
            world.unharmed(run(world, number))


def is_won(world: World, number: int) -> bool:
    """Whether the attacker changed or learned something of root's, or held the run up."""
    try:
        output = run(world, number).output
    except worlds.Hung:
        return True
    return CANARY in output or world.outside() != world.before


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_each_race_is_won_against_code_that_takes_no_care(
    world: World, monkeypatch: pytest.MonkeyPatch, race: Race
) -> None:
    monkeypatch.setattr(transaction, "open_files", CarelessFiles)
    monkeypatch.setattr(health_check, "read_bounded", read_anything)
    monkeypatch.setattr(worlds, "BOUND", 3.0)
    with world.attack(race(world)):
        assert any(is_won(world, number) for number in range(10 * TIMES))
