# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks leave the check of the role's variables to the module, so it must refuse whatever the role refuses."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml
from ansible_collections.hopsworks.kafka.plugins.modules import onlinefs_config, onlinefs_move
from jinja2.nativetypes import NativeEnvironment

from tests.conftest import ROOT

ROLE = ROOT / "roles" / "onlinefs"
ENTRIES = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]
#: The variable to the option that it is given to: in the variables of the role, and in its tasks.
OPTIONS = {
    variable: option
    for path in (ROLE / "vars/main.yml", *sorted((ROLE / "tasks").glob("*.yml")))
    for option, variable in re.findall(r'^ +(\w+): "\{\{.*?\b(onlinefs_\w+)\b.*\}\}"$', path.read_text(), re.MULTILINE)
}
IS = ("type", "elements", "choices")


@pytest.mark.parametrize("entry", ["main", "preflight", "verify", "revert"])
def test_the_module_checks_each_variable_of_the_role_as_the_role_does(entry: str) -> None:
    # What onlinefs_config has no option for, the modules for a move check.
    spec = {**onlinefs_move.argument_spec(), **onlinefs_config.argument_spec()}

    def check(option: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {name: option.get(name) for name in IS}

    for variable, given in ENTRIES[entry]["options"].items():
        option = OPTIONS[variable]
        # Ansible itself checks the keyword.
        expected = {"type": "bool"} if option == "become" else spec[option]
        assert check(given) == check(expected), variable


def test_what_the_role_requires_the_module_requires_too() -> None:
    required = {
        OPTIONS[variable]
        for entry in ("main", "preflight", "verify", "revert")
        for variable, given in ENTRIES[entry]["options"].items()
        if given.get("required")
    }
    state, value, names = onlinefs_config._spec()["required_if"][0]
    assert (state, value) == ("state", "present")
    assert required == {"service_version"} <= set(names)


def test_only_what_is_empty_as_documented_is_left_out() -> None:
    """``onlinefs_truststore: ""`` must not mean "no trust store"."""
    text = (ROLE / "vars/main.yml").read_text()
    left_out = set(re.findall(r"\{\{ (onlinefs_\w+) or omit \}\}", text))
    types = {ENTRIES["main"]["options"][variable]["type"] for variable in left_out}
    assert left_out == {"onlinefs_user", "onlinefs_group"} and types == {"str"}


SERVERS = "onlinefs-kafka.properties: bootstrap.servers"


@pytest.mark.parametrize(
    ("kept", "result", "compares"),
    [
        (["a"], {"cluster_id": "a"}, False),
        (["a"], {"cluster_id": "b"}, True),
        (["a", None], {"cluster_id": "b"}, True),
        (["b", "a"], {"cluster_id": "b"}, True),
        ([None], {"cluster_id": "b"}, False),
        ([], {"cluster_id": "b"}, False),
        (["a"], {"cluster_id": None, "probe": {"cluster_id": "a"}}, False),
        (["a"], {"cluster_id": None, "probe": {"cluster_id": "b"}}, True),
        (["a"], {"cluster_id": None, "probe": {"cluster_id": None}}, True),  # the probe ends after TLS
        (["a"], {"cluster_id": None}, True),
        (["a"], {"cluster_id": "a", "interrupted": True}, True),
        (["a"], {"cluster_id": "a", "changes": [{"what": SERVERS}]}, True),
        (["a"], {"cluster_id": "a", "changes": [{"what": "onlinefs-kafka.properties: group.id"}]}, False),
    ],
)
def test_clusters_are_compared_only_where_they_may_differ(
    kept: list[str | None], result: dict[str, t.Any], compares: bool
) -> None:
    expression = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__onlinefs_may_move"]
    result = {"changes": [], "generations": [{"cluster_id": each} for each in kept], **result}
    assert NativeEnvironment().from_string(expression).render(onlinefs_preflight_result=result) is compares
    assert NativeEnvironment().from_string(expression).render(onlinefs_preflight_result={"msg": "failed"}) is False
