# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Run the module kafka_probe: from its options to one probe or many, and to its result."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common import regular_files
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError, InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import (
    ModuleTask,
    Options,
    Result,
    RunMode,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import properties as properties_format
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import (
    STORE_PROPERTIES,
    KafkaDeclaration,
    declare,
    located_store,
    merge,
    store_option,
    without_store,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.java_file import declare_file
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores.stores import load_keystore, load_truststore

from . import file_rights
from .argument_spec import OPERATIONS, probe_spec
from .cache import ProbeCache
from .options import ProbeOptions, TopicRequirement
from .probe import Job, probe_all
from .report import Report

_TABLES = 3
_MAX_PROPERTIES = 1024 * 1024


class ProbeOutcome(t.NamedTuple):
    """What the task returns.

    :param result: ``ok``, ``failed_stage``, ``certificates``, ``cluster_id``, and ``stages`` or ``results``, as the
        module documents them.
    :param message: the table.
    """

    result: t.Dict[str, t.Any]
    message: str
    warnings: t.Tuple[str, ...] = ()


def run(params: Options, check_mode: bool = False) -> ProbeOutcome:
    """Probe as the options of the module say.

    :raises InputError: an option is wrong in itself, such as a topic without a name.
    """
    if params["timeout"] <= 0 or params["workers"] < 1:
        raise InputError(
            "options timeout and workers", "they must be greater than zero", "Omit them, or give larger numbers"
        )
    items = params.get("probes")
    merged = [params] if items is None else [{**params, **_merged(params, item)} for item in items]
    cache = ProbeCache()
    rights = _rights(params)
    jobs = [Job(functools.partial(_client, own, cache, rights), _options(params, own, check_mode)) for own in merged]
    reports = probe_all(jobs, params["workers"], cache, functools.partial(_prepare, merged, cache, rights))
    if items is not None:
        own_stores = [own["own_stores"] for own in merged]
        return _many([item["name"] for item in items], reports, own_stores)
    [report] = reports
    result = {**report.to_result(), "certificates": report.certificates, "cluster_id": report.cluster_id or None}
    return ProbeOutcome(result, report.table(), report.warnings)


# --- rights ----------------------------------------------------------------------------------------------------------


class _Rights(t.NamedTuple):
    """With whose rights to probe.

    :param user: the id of the user to become; None if this process may act itself.
    :param refusal: why nobody's rights will do.
    :param path: the absolute path of properties_file. Who becomes another user leaves the directory of the task.
    """

    user: t.Optional[int] = None
    refusal: t.Optional[InputError] = None
    path: str = ""


def _rights(params: Options) -> _Rights:
    if not params.get("properties_file"):
        return _Rights()
    try:
        path = os.path.abspath(str(params["properties_file"]))
        return _Rights(file_rights.user_to_become(path), path=path)
    except InputError as error:
        return _Rights(refusal=error)


def _prepare(declared: t.Sequence[Options], cache: ProbeCache, rights: _Rights) -> None:
    """Give up root, after the stores that the task itself names were read. Called in the process of the probes."""
    if rights.user is None:
        return
    for params in declared:
        for role, load in (("truststore", load_truststore), ("keystore", load_keystore)):
            with contextlib.suppress(InputError):  # the stage config raises it again
                option = store_option(role, params.get(role))
                if option is not None and option not in cache.stores:
                    cache.stores[option] = load(option)
    file_rights.become(rights.user)


# --- from options to a declaration -----------------------------------------------------------------------------------


def _merged(params: Options, item: Options) -> t.Dict[str, t.Any]:
    """Return the options of the task with those of an item of ``probes`` over them."""
    base = dict(params)
    own = [role for role in STORE_PROPERTIES if item.get(role)]
    for role in own:
        # A store replaces everything that the task says about it, in options and in properties.
        base["properties"] = without_store(role, base.get("properties") or {})
    merged: t.Dict[str, t.Any] = {
        **merge(base, item),
        "override": item.get("properties") or {},
        "own_stores": own,
    }
    for name in ("topics", "groups"):
        given = params.get(name) if item.get(name) is None else item[name]
        merged[name] = [_named(topic_or_group, item["name"]) for topic_or_group in given or ()]
    return merged


def _named(topic_or_group: t.Any, name: str) -> t.Any:
    """Return a topic or group with ``{name}`` replaced by the name of the item."""
    if isinstance(topic_or_group, dict) and "name" in topic_or_group:
        return {**topic_or_group, "name": _named(topic_or_group["name"], name)}
    return topic_or_group.replace("{name}", name) if isinstance(topic_or_group, str) else topic_or_group


def _client(params: Options, cache: ProbeCache, rights: t.Optional[_Rights] = None) -> KafkaDeclaration:
    """Return the declaration. Called as the stage ``config`` of a probe, where InputError belongs."""
    if rights is not None and rights.refusal is not None:
        raise rights.refusal
    try:
        path_map = params.get("path_map") or {}
        if params.get("properties_file"):
            given, notes = _from_file(params, rights.path if rights else "")
            options = {role: store_option(role, params.get(role)) for role in STORE_PROPERTIES}
            client = declare_file(given, options, lambda location: mapped(location, path_map), known=cache.stores)
            return dataclasses.replace(client, notes=notes + client.notes)
        given = dict(params.get("properties") or {})
        stores = {}
        for role in STORE_PROPERTIES:
            stores[role] = store_option(role, params.get(role)) or located_store(
                role, given, lambda location: mapped(location, path_map)
            )
        return declare(given, stores["truststore"], stores["keystore"], known=cache.stores)
    except InputError as error:
        if rights is None or rights.user is None or error.reason != "unreadable_file":
            raise
        cause = f"{error.cause} (with the rights of user {rights.user}, who can change properties_file)"
        raise InputError(error.subject, cause, error.remedy, "not_permitted") from None


def _from_file(params: Options, absolute: str) -> t.Tuple[t.Dict[str, t.Any], t.Tuple[str, ...]]:
    """Return the properties of a file as Java reads them, and notes about how it reads them.

    :param absolute: its absolute path; empty if that makes no difference.
    """
    path = str(params["properties_file"])
    subject = f"properties_file {path}"
    try:
        data = regular_files.read(absolute or path, _MAX_PROPERTIES)
    except OSError as error:
        raise InputError(subject, f"cannot be read: {error.strerror}", "Check the path", "unreadable_file") from error
    read, notes = properties_format.read_file(data, subject)
    given: t.Dict[str, t.Any] = dict(read)
    for role in params.get("own_stores", ()):
        given = without_store(role, given)
    given = {name: value for name, value in {**given, **params.get("override", {})}.items() if value is not None}
    if "bootstrap.servers" not in given and properties_format.MARK_NOTE in notes:
        raise InputError(subject, properties_format.MARK_NOTE, "Save the file without a byte order mark")
    return given, notes


def mapped(path: str, path_map: Options) -> str:
    """Return ``path`` with the longest matching prefix of ``path_map`` replaced; a prefix ends at a slash."""
    for prefix in sorted(path_map, key=len, reverse=True):
        start = prefix.rstrip("/")
        if path == start or path.startswith(start + "/"):
            return str(path_map[prefix]).rstrip("/") + path[len(start) :]
    return path


def _options(params: Options, merged: Options, check_mode: bool) -> ProbeOptions:
    return ProbeOptions(
        topics=tuple(_topic(item, params["operations"]) for item in merged.get("topics") or ()),
        groups=tuple(merged.get("groups") or ()),
        round_trip=bool(params["round_trip"]) and not check_mode,
        timeout=params["timeout"],
        min_days_valid=params["min_days_valid"],
        until=params["until"],
    )


def _topic(item: t.Any, operations: t.Sequence[str]) -> TopicRequirement:
    if isinstance(item, str) and item:
        return TopicRequirement(item, tuple(operations))
    if not isinstance(item, dict) or not item.get("name") or set(item) - {"name", "operations"}:
        raise InputError(
            "option topics",
            "an item is neither a name nor {name, operations}",
            "Give the name of a topic, or a dictionary",
        )
    wanted = item.get("operations") or operations
    unknown = [operation for operation in wanted if operation not in OPERATIONS]
    if unknown or isinstance(wanted, str):
        raise InputError(
            f"option topics, {item['name']}", "its operations are not known", f"Give some of {', '.join(OPERATIONS)}"
        )
    return TopicRequirement(str(item["name"]), tuple(wanted))


# --- many ------------------------------------------------------------------------------------------------------------


def _many(
    names: t.Sequence[str], reports: t.Sequence[Report], own_stores: t.Sequence[t.Collection[str]] = ()
) -> ProbeOutcome:
    """Return the outcome of many probes.

    :param own_stores: the roles of the stores that each has of its own.
    """
    failures = [(name, report) for name, report in zip(names, reports) if not report.ok]
    results = [{"name": name, **report.to_result()} for name, report in zip(names, reports)]
    result = {
        "ok": not failures,
        "failed_stage": failures[0][1].failed_stage if failures else None,
        "results": results,
        "certificates": _certificates(names, reports, own_stores),
        "cluster_id": next((report.cluster_id for report in reports if report.cluster_id), None),
    }
    lines = [f"Kafka connections: {len(names) - len(failures)} of {len(names)} passed"]
    width = max([4, *(len(name) for name, _report in failures)])
    for name, report in failures:
        lines.append(f"{name:<{width}}  {report.headline().partition(': ')[2]}")
    for name, report in failures[:_TABLES]:
        lines.append(f"\n--- {name}\n{report.table()}")
    warnings = tuple(dict.fromkeys(warning for report in reports for warning in report.warnings))
    return ProbeOutcome(result, "\n".join(lines), warnings)


def _certificates(
    names: t.Sequence[str], reports: t.Sequence[Report], own_stores: t.Sequence[t.Collection[str]]
) -> t.List[t.Dict[str, t.Any]]:
    """Return the certificates of all probes, each once. A store that one of them has of its own is called so."""
    found: t.List[t.Dict[str, t.Any]] = []
    for number, (name, report) in enumerate(zip(names, reports)):
        roles = own_stores[number] if own_stores else ()
        for entry in report.certificates:
            store = f"{entry['store']} of {name}" if entry["store"] in roles else entry["store"]
            found.append({**entry, "store": store})
    # Days left of a broker's certificate may differ by one, as the probes take their time.
    return list({(entry["store"], entry["subject"], entry["expires"]): entry for entry in found}.values())


def _module_result(options: Options, mode: RunMode) -> Result:
    """Return the result of the module, ``failed`` if the probe did not pass."""
    try:
        outcome = run(options, mode.check_mode)
    except HopsworksKafkaError as error:
        return {"failed": True, "msg": str(error)}
    return {**outcome.result, "failed": not outcome.result["ok"], "msg": outcome.message, "warnings": outcome.warnings}


TASK = ModuleTask("kafka_probe", probe_spec, _module_result)
