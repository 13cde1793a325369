# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a host: which are taken, what they mean, and which are refused before anything is written."""

from __future__ import annotations

import os
import pwd
import types
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import options, service

from .support import Home

KNOWN: t.Any = [
    types.SimpleNamespace(number=0, rollouts=()),
    types.SimpleNamespace(number=1, rollouts=("spring", "1st")),
    types.SimpleNamespace(number=2, rollouts=("spring",)),
    types.SimpleNamespace(number=3, rollouts=("summer",)),
]


@pytest.mark.parametrize(
    ("given", "number"),
    [(0, 0), (-1, -1), (7, 7), ("2", 2), ("spring", 2), ("1st", 1), ("summer", 3)],
)
def test_a_generation_is_a_number_or_the_last_one_of_a_rollout(given: object, number: int) -> None:
    assert options.generation_number(given, KNOWN) == number


@pytest.mark.parametrize("given", [True, 1.5, None, "", "../etc", "a b", "x" * 101, "spring\n"])
def test_what_is_neither(given: object) -> None:
    with pytest.raises(InputError, match="neither a number nor the name of a rollout"):
        options.generation_number(given, KNOWN)


def test_a_rollout_that_this_host_does_not_have() -> None:
    with pytest.raises(InputError, match="Choose one of: spring, 1st, summer"):
        options.generation_number("autumn", KNOWN)
    with pytest.raises(InputError, match="Choose one of: none"):
        options.generation_number("autumn", [])


@pytest.mark.parametrize("name", ["a", "2026-01-31T12:00:00Z", "x" * 100, "1a", "v1.2+b_3@host"])
def test_names_of_rollouts(home: Home, name: str) -> None:
    options.request(home.params(rollout=name))


@pytest.mark.parametrize("name", ["12", "-a", ".a", "a/b", "a b", "x" * 101, "a\n", "ä"])
def test_names_that_are_refused(home: Home, name: str) -> None:
    with pytest.raises(InputError, match="option rollout"):
        options.request(home.params(rollout=name))


def test_at_least_one_generation_is_kept(home: Home) -> None:
    options.request(home.params(generations=1))
    with pytest.raises(InputError, match="option generations"):
        options.request(home.params(generations=0))


def test_owner_group_and_mode(home: Home) -> None:
    nobody = pwd.getpwnam("nobody")
    found = options.ownership(home.params(owner="nobody", group="1521", mode="0770"))
    assert (found.uid, found.gid, found.mode) == (nobody.pw_uid, 1521, 0o770)
    found = options.ownership(home.params(owner="", group=None, mode="0600"))
    assert (found.uid, found.gid, found.mode) == (None, None, 0o600)
    assert options.ownership(home.params(owner=str(2**32 - 2))).uid == 2**32 - 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"owner": "no_such_user"}, "option owner: this host has no user no_such_user"),
        ({"group": "no_such_group"}, "option group: this host has no group no_such_group"),
        # -1 to chown(2): leave it as it is.
        ({"owner": str(2**32 - 1)}, "option owner: 4294967295 is too large"),
        ({"group": "9" * 30}, "option group: 9+ is too large"),
    ],
)
def test_owners_that_are_refused(home: Home, given: dict[str, str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        options.ownership(home.params(**given))


def test_paths_follow_the_home_unless_they_are_given(home: Home) -> None:
    found = options.paths({**home.params(), "state_dir": None})
    assert found.directory == f"{home.path}/etc" and found.log == f"{home.path}/logs/onlinefs.log"
    assert found.earlier.startswith(f"{home.path}/"), "a state of an earlier release is looked for"
    assert not found.state.startswith(f"{home.path}/") or os.geteuid() != 0
    found = options.paths(home.params(config_dir="/srv/etc", log_file="/var/log/x", state_dir="/srv/state"))
    assert (found.directory, found.log, found.state, found.earlier) == ("/srv/etc", "/var/log/x", "/srv/state", "")


def test_a_path_as_the_service_sees_it(home: Home) -> None:
    found = options.paths(home.params(container_home="/srv/onlinefs"))
    assert found.on_host(f"{found.inside}/ca.jks") == f"{home.path}/etc/ca.jks"
    assert found.on_host(f"{found.inside}/deeper/ca.jks") == f"{found.inside}/deeper/ca.jks"
    assert found.on_host("/etc/pki/ca.jks") == "/etc/pki/ca.jks"


def test_which_service_is_restarted(home: Home) -> None:
    assert isinstance(options.service(home.params(service_manager="systemd")), service.SystemdUnit)
    assert isinstance(options.service(home.params(service_manager="none")), service.NoService)
    commands = {"restart": "/bin/true", "status": "/bin/true"}
    by_command = options.service(home.params(service_manager="command", service_commands=commands))
    assert isinstance(by_command, service.CommandService)
