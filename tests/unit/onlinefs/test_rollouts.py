# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout has one name on all hosts, though the numbers of their configurations differ."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import config_info
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.manifest import MAX_ROLLOUTS

from tests.unit.onlinefs.support import Home

FIRST, SECOND, THIRD = ({"bootstrap.servers": f"{name}:1"} for name in ("first", "second", "third"))


def info(home: Home) -> dict[str, t.Any]:
    return config_info.run({"home": str(home.path), "config_dir": None, "state_dir": str(home.state)})


def test_a_revert_to_a_rollout_is_the_same_on_hosts_whose_numbers_differ(home: Home, tmp_path: t.Any) -> None:
    other = Home(tmp_path / "other")
    home.run(properties=FIRST)
    home.run(properties=FIRST, rollout="a")  # nothing to change: this is what it has in rollout a
    other.run(properties=THIRD)
    other.run(properties=FIRST, rollout="a")
    for host in (home, other):
        host.run(properties=SECOND, rollout="b")
    numbers = [host.run(state="reverted", generation="a", rollout="c")["generation"] for host in (home, other)]
    assert numbers == [3, 4]
    for host in (home, other):
        assert b"first:1" in host.files()["onlinefs-kafka.properties"]
        assert host.run(state="reverted", generation="b")["changed"]
        assert b"second:1" in host.files()["onlinefs-kafka.properties"]


def test_a_rollout_that_is_not_kept_is_refused(home: Home) -> None:
    home.run(properties=FIRST, rollout="a")
    before = home.files()
    with pytest.raises(InputError, match=r"rollout z: this host has no configuration of it\. Choose one of: a"):
        home.run(state="reverted", generation="z")
    for wrong in ("", "a b", [], True, None, -1, 1.5):
        with pytest.raises(InputError):
            home.run(state="reverted", generation=wrong)
    assert home.files() == before
    assert home.run(state="reverted", generation="0")["changed"]


@pytest.mark.parametrize("name", ["12", "a b", "a/b", "-a", "a\n", "x" * 101])
def test_names_that_are_none(home: Home, name: str) -> None:
    with pytest.raises(InputError, match="option rollout"):
        home.run(properties=FIRST, rollout=name)


def test_check_mode_and_a_failed_rollout_leave_no_name(home: Home) -> None:
    home.run(properties=FIRST, rollout="a")
    home.run(properties=FIRST, rollout="checked", check=True)
    with pytest.raises(HostError):
        home.run(properties={"bootstrap.servers": "broken:1"}, rollout="failed")
    assert [each["rollouts"] for each in info(home)["generations"]] == [[], ["a"]]


def test_the_names_of_a_configuration_are_bounded(home: Home) -> None:
    home.run(properties=FIRST, rollout="r0")
    for number in range(1, MAX_ROLLOUTS + 3):
        home.run(properties=FIRST, rollout=f"r{number}")
    names = info(home)["generations"][-1]["rollouts"]
    assert len(names) == MAX_ROLLOUTS and names[-1] == f"r{MAX_ROLLOUTS + 2}"


def test_generations_are_listed_with_what_changed(home: Home) -> None:
    home.run(properties=FIRST, rollout="a")
    home.run(properties={**SECOND, "ssl.key.password": "canary"}, topics=["t"], rollout="b")
    found = info(home)
    assert [each["number"] for each in found["generations"]] == [0, 1, 2]
    last = found["generations"][-1]
    assert last["current"] and found["generation"] == 2 and not found["changed"]
    assert "onlinefs-kafka.properties: bootstrap.servers" in last["changes"]
    assert "onlinefs-site.xml: topicList" in last["changes"]
    assert found["generations"][0]["changes"] == [] and "canary" not in json.dumps(found)
    titles, newest, *_rest = found["table"]
    assert titles.split()[:2] == ["generation", "rollout"] and newest.startswith("2 *") and " b " in newest
    assert "and " in newest and " more" in newest
    (home.etc / "onlinefs-kafka.properties").write_text("a=1\n")
    assert info(home)["generation"] is None


def test_a_host_without_any_generation(home: Home) -> None:
    assert info(home)["generations"] == [] and len(info(home)["table"]) == 1
    assert not home.state.exists()


def test_rollouts_in_a_damaged_manifest_are_refused(home: Home) -> None:
    home.run(properties=FIRST, rollout="a")
    manifest = home.state / "1/manifest.json"
    for wrong in ("a", [1], ["a b"], ["x"] * (MAX_ROLLOUTS + 1)):
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "rollouts": wrong}))
        with pytest.raises(HostError, match="rollouts cannot be read"):
            info(home)
