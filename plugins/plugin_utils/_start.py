# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is PRIVATE to the collection: it may change at any time.
"""Check the variables of a run of the playbooks before anything is done. Pure."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_label

#: The variables that localhost reads. The playbooks cannot work with one that refers to something undefined.
NAMES = (
    "hopsworks_kafka_properties",
    "hopsworks_host",
    "hopsworks_port",
    "hopsworks_api_key",
    "hopsworks_validate_certs",
    "hopsworks_ca_path",
    "hopsworks_timeout",
    "hopsworks_workers",
    "hopsworks_kafka_truststore",
    "hopsworks_kafka_keystore",
    "hopsworks_kafka_topics",
    "hopsworks_kafka_projects",
    "hopsworks_kafka_project_query",
    "hopsworks_kafka_slice",
    "hopsworks_kafka_project_topic",
    "hopsworks_kafka_existing",
    "hopsworks_kafka_check_files",
    "hopsworks_kafka_recreate_unreadable",
    "hopsworks_kafka_connector_name",
    "hopsworks_kafka_left_behind",
    "hopsworks_kafka_onlinefs",
    "hopsworks_kafka_onlinefs_hosts",
    "hopsworks_kafka_serial",
    "hopsworks_kafka_drain_timeout",
    "hopsworks_kafka_saved_offsets",
    "hopsworks_kafka_reset_offsets_command",
    "hopsworks_kafka_old_cluster",
    "hopsworks_kafka_carry_over_properties",
    "hopsworks_kafka_carry_timeout",
    "onlinefs_generation",
    "onlinefs_rollout",
)
#: Those that must not be set to another value for a host of OnlineFS, because nothing would read it.
READ_ON_LOCALHOST = (
    "hopsworks_kafka_carry_timeout",
    "hopsworks_kafka_check_files",
    "hopsworks_kafka_connector_name",
    "hopsworks_kafka_drain_timeout",
    "hopsworks_kafka_existing",
    "hopsworks_kafka_left_behind",
    "hopsworks_kafka_old_cluster",
    "hopsworks_kafka_onlinefs",
    "hopsworks_kafka_onlinefs_hosts",
    "hopsworks_kafka_project_query",
    "hopsworks_kafka_project_topic",
    "hopsworks_kafka_projects",
    "hopsworks_kafka_recreate_unreadable",
    "hopsworks_kafka_reset_offsets_command",
    "hopsworks_kafka_saved_offsets",
    "hopsworks_kafka_serial",
    "hopsworks_kafka_slice",
    "hopsworks_kafka_topics",
    "onlinefs_generation",
    "onlinefs_rollout",
)

_LISTS = {
    "hopsworks_kafka_projects": (
        'must be a list, such as [fraud]. On the command line: -e \'{"hopsworks_kafka_projects": ["fraud"]}\'.'
    ),
    "hopsworks_kafka_topics": "must be a list, such as [fraud_onlinefs].",
}
_CARRY = "hopsworks_kafka_carry_over_properties"
#: What the variables of a move may be.
_MOVES = {"hopsworks_kafka_saved_offsets": ("reset", "accept"), "hopsworks_kafka_old_cluster": ("unreadable",)}
_PLUGIN = re.compile(
    r"\b(filter|lookup|test)\b(?: plugin)?(?: named)? ?[('\"]"
    r"([a-z_][a-z0-9_]{0,60}(?:\.[a-z_][a-z0-9_]{0,60}){0,4})[)'\"]",
    re.IGNORECASE,
)
_WHERE = "Set it in `all` or group_vars/all"


@dataclasses.dataclass(frozen=True)
class Start:
    """What a run starts with.

    :param parts: the parts of the playbook.
    :param values: the variables of localhost that are set and not omitted, by name.
    :param environment: environment variables.
    :param now: the time, which names the rollout unless the user does.
    """

    parts: t.Sequence[str]
    values: t.Mapping[str, t.Any]
    environment: t.Mapping[str, str]
    now: str = ""

    @property
    def hosts_only(self) -> bool:
        """Whether this is a revert of the hosts to a later configuration, which leaves the projects unchanged."""
        return "revert" in self.parts and str(self.values.get("onlinefs_generation", 0)) != "0"

    @property
    def on_hosts_alone(self) -> bool:
        """Whether this is a playbook that needs no connection to Hopsworks."""
        return list(self.parts) in (["onlinefs"], ["carry_over"])

    @property
    def cluster_wide(self) -> bool:
        """Whether the cluster setting and the hosts belong to this run.

        They are there once for all projects: the first slice switches them, and only a revert of every project switches
        them back.
        """
        chosen = ("hopsworks_kafka_projects", "hopsworks_kafka_project_query", "hopsworks_kafka_slice")
        if "revert" in self.parts:
            return self.hosts_only or not any(name in self.values for name in chosen)
        part: t.Any = self.values.get("hopsworks_kafka_slice")
        if "carry_over" in self.parts:
            return True
        return not is_slice(part) or int(part["index"]) == 0

    @property
    def unset(self) -> t.List[str]:
        """Return the variables that are not set and without which Hopsworks cannot be asked for its projects."""
        needed = ("hopsworks_host", "hopsworks_api_key", "hopsworks_kafka_properties")
        return [name for name in needed if not str(self.values.get(name) or "").strip()]

    @property
    def asks(self) -> bool:
        """Whether the run changes something about which Hopsworks can be asked first."""
        if list(self.parts) == ["onlinefs"] and self.unset:
            return False
        return any(part in self.parts for part in ("settings", "onlinefs", "projects"))

    @property
    def pattern(self) -> t.Any:
        """Return the pattern of the hosts of OnlineFS; an empty list if the run has none."""
        if not self.cluster_wide or self.values.get("hopsworks_kafka_onlinefs") == "none":
            return []
        return self.values.get("hopsworks_kafka_onlinefs_hosts") or []

    def run(self) -> t.Dict[str, t.Any]:
        """Return what the later plays read."""
        elsewhere = [*([] if self.cluster_wide else ["settings"]), *([] if self.pattern else ["onlinefs"])]
        part = self.values.get("hopsworks_kafka_slice")
        return {
            "playbook": f"hopsworks.kafka.{self.parts[0] if len(self.parts) == 1 else 'site'}",
            "parts": [part for part in self.parts if part not in elsewhere],
            "asks": self.asks,
            "unset": self.unset,
            "cluster_wide": self.cluster_wide,
            "hosts_only": self.hosts_only,
            "hosts": self.pattern,
            "rollout": str(self.values.get("onlinefs_rollout") or self.now),
            "rollout_named": bool(self.values.get("onlinefs_rollout")),
            "serial": self.values.get("hopsworks_kafka_serial"),
            "onlinefs": self.values.get("hopsworks_kafka_onlinefs"),
            "slice": part if is_slice(part) else {},
        }


def undefined(names: t.Sequence[str]) -> str:
    """Return the message about variables that refer to something undefined."""
    return (
        f"Set to something that is undefined: {', '.join(names)}. Nothing was done. "
        "Define what the value refers to, for localhost too, or remove the variable."
    )


def not_evaluated(errors: t.Mapping[str, BaseException]) -> str:
    """Return the message about variables whose templates fail.

    The text of such an error is not quoted: it may hold the template, the arguments of a lookup, or the lines of the
    file around it, which are often those of a password.

    :param errors: by the name of the variable.
    """
    told = ", ".join(f"{name} ({_why(error)})" for name, error in errors.items())
    return (
        f"Cannot be evaluated: {told}. Nothing was done. The error is not quoted, because it may contain a secret: "
        "`ansible localhost -m debug -a var=NAME` shows it."
    )


def _why(error: BaseException) -> str:
    """Return the kind of an error, and the plugin that failed or does not exist. Templates name no secret like that."""
    plugin = _PLUGIN.search(str(error))
    return f"{type(error).__name__}, {plugin[1].lower()} {plugin[2]}" if plugin else type(error).__name__


def problems(start: Start, hosts: t.Sequence[str], misplaced: t.Sequence[t.Tuple[str, str]]) -> t.List[str]:
    """Return everything that is wrong with the variables of a run, each in a sentence with its remedy.

    :param hosts: the hosts that match the pattern.
    :param misplaced: names of variables, and the hosts for which they are set to another value than for localhost.
    """
    return [
        *_of_choices(start),
        *_of_connection(start),
        *_of_shapes(start),
        *_of_hosts(start, hosts, misplaced),
    ]


def is_slice(value: t.Any) -> bool:
    """Return whether a value is ``{index, count}`` with an index from 0 to count - 1."""
    return (
        isinstance(value, t.Mapping)
        and sorted(value) == ["count", "index"]
        and all(re.fullmatch("[0-9]+", str(number)) for number in value.values())
        and int(value["index"]) < int(value["count"])
    )


def _of_choices(start: Start) -> t.Iterator[str]:
    onlinefs = start.values.get("hopsworks_kafka_onlinefs")
    if onlinefs not in ("hosts", "none"):
        yield f"hopsworks_kafka_onlinefs must be hosts or none, not '{public_label(str(onlinefs))}'."
    if onlinefs == "none" and start.on_hosts_alone:
        yield (
            f"hopsworks_kafka_onlinefs is none, so hopsworks.kafka.{start.parts[0]} has nothing to do. "
            "Run hopsworks.kafka.site, or remove the variable."
        )
    left_behind = start.values.get("hopsworks_kafka_left_behind")
    if left_behind not in ("stop", "allow"):
        yield f"hopsworks_kafka_left_behind must be stop or allow, not '{public_label(str(left_behind))}'."
    for name, choices in _MOVES.items():
        given = start.values.get(name) or ""
        if given not in ("", *choices):
            yield f"{name} must be {' or '.join(choices)}, or not set, not '{public_label(str(given))}'."
    for name in ("hopsworks_kafka_drain_timeout", "hopsworks_kafka_carry_timeout"):
        seconds = str(start.values.get(name, ""))
        if seconds and not re.fullmatch("[1-9][0-9]{0,6}", seconds):
            yield f"{name} must be a number of seconds, or not set."


def _of_connection(start: Start) -> t.Iterator[str]:
    declares = any(part in start.parts for part in ("preflight", "projects", "verify"))
    if declares and "hopsworks_kafka_properties" not in start.values:
        yield (
            f"hopsworks_kafka_properties is not set for localhost. {_WHERE} beside the inventory: "
            "the projects are configured from localhost, which is in no other group."
        )
    if start.on_hosts_alone or start.hosts_only:
        return
    if not str(start.values.get("hopsworks_host") or "").strip():
        unset = not start.environment.get("HOPSWORKS_HOST")
        yield f"hopsworks_host is {'not set, and HOPSWORKS_HOST is unset' if unset else 'empty'}. {_WHERE}."
    if not str(start.values.get("hopsworks_api_key") or "").strip():
        unset = not start.environment.get("HOPSWORKS_API_KEY")
        yield (
            f"The API key of Hopsworks is empty{': HOPSWORKS_API_KEY is unset' if unset else ''}. "
            "Set hopsworks_api_key, or export HOPSWORKS_API_KEY where ansible-playbook runs."
        )


def _of_shapes(start: Start) -> t.Iterator[str]:
    for name, told in _LISTS.items():
        if name in start.values and not isinstance(start.values[name], list):
            yield f"{name} {told}"
    if not isinstance(start.values.get(_CARRY, {}), t.Mapping):
        yield f"{_CARRY} must be a dictionary of properties, such as those of a login that may write."
    if "hopsworks_kafka_slice" in start.values and not is_slice(start.values["hopsworks_kafka_slice"]):
        yield "hopsworks_kafka_slice must be {index: I, count: N}, with an index from 0 to N - 1."
    if "revert" in start.parts and not _is_generation(start.values.get("onlinefs_generation", 0)):
        yield (
            "onlinefs_generation must be the number of a configuration, the name of a rollout, or 0 for the "
            "configuration from before the first run."
        )


def _of_hosts(start: Start, hosts: t.Sequence[str], misplaced: t.Sequence[t.Tuple[str, str]]) -> t.Iterator[str]:
    if start.pattern and not hosts:
        pattern = public_label(str(start.pattern))
        yield (
            f"No host of the inventory matches '{pattern}', so OnlineFS would stay unchanged on every host. "
            "Add its hosts to that group, or name another group or pattern in hopsworks_kafka_onlinefs_hosts, in `all` "
            "or group_vars/all. If OnlineFS runs on no hosts of the inventory, set hopsworks_kafka_onlinefs to none."
        )
    if misplaced:
        told = ", ".join(f"{name} ({host})" for name, host in misplaced)
        yield (
            f"These variables are read on localhost, but set to another value for hosts of OnlineFS: {told}. "
            "Set them in `all` or group_vars/all instead."
        )


def _is_generation(value: t.Any) -> bool:
    """Return whether a value may be the number of a configuration or the name of a rollout."""
    return isinstance(value, (int, str)) and re.fullmatch("[A-Za-z0-9._:+@][A-Za-z0-9._:+@-]*", str(value)) is not None
