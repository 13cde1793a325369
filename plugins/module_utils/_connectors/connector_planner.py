# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The planner of a project: from what is wanted and what was read to an ordered list of writes. Pure."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Change, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.connectors import (
    DISCRIMINATOR,
    KAFKA,
    Connector,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_connector import FIELDS
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.sensitive import secret_property

#: What the name of a store of ours ends with.
_STORE = re.compile(r"[0-9a-f]{8}_(truststore|keystore)\.jks")

_LOCATIONS = ("sslTruststoreLocation", "sslKeystoreLocation")

#: The Python client obeys the later of the two, and takes the first for SCRAM-SHA-256 whatever it says.
_ORDERED = ("sasl.jaas.config", "sasl.mechanism")


class Refusal(HopsworksKafkaError):
    """Something that must not be done in a project, though it was asked for.

    :param reason: one word for programs.
    """

    def __init__(self, reason: str, cause: str, remedy: str) -> None:
        super().__init__("", cause, remedy, reason)


@dataclasses.dataclass(frozen=True)
class StoreFile:
    """A JKS file in the project. Its name carries a hash of its content.

    :param path: absolute, as a connector names it.
    """

    path: str
    content: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Desired:
    """What one project is to have.

    :param project: its name.
    :param name: the connector's.
    :param present: whether it is to be there.
    :param keep: leave one alone that differs, and tell.
    :param fields: the connector as :func:`dialect_connector.connector` makes it. Holds secrets.
    :param description: None to leave a description as it is.
    :param files: the stores that ``fields`` name.
    :param remove_shared_stores: delete the connector although others use its files.
    """

    project: str
    name: str
    present: bool = True
    keep: bool = False
    fields: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)
    description: t.Optional[str] = None
    files: t.Tuple[StoreFile, ...] = ()
    remove_shared_stores: bool = False

    def of(self, project: str) -> Desired:
        """The same for a project."""
        return dataclasses.replace(self, project=project)


@dataclasses.dataclass(frozen=True)
class Current:
    """What was read of a project.

    :param connector: the one of the wanted name; None where there is none.
    :param others: the project's other connectors; None where they were not read, see :func:`needs_others`.
    :param sizes: the files that were looked for by path, in bytes; None where nobody looked.
    """

    connector: t.Optional[Connector] = dataclasses.field(default=None, repr=False)
    others: t.Optional[t.Sequence[Connector]] = dataclasses.field(default=None, repr=False)
    sizes: t.Optional[t.Mapping[str, int]] = None


def needs_others(wanted: Desired, found: Current) -> bool:
    """Whether :func:`plan_project` must know the other connectors: only where files may be deleted.

    A converged project costs no request for it.
    """
    if found.connector is None:
        return bool(wanted.present and _leftovers(wanted, found))
    if not wanted.present:
        return bool(locations(found.connector))
    return not wanted.keep and bool(_leftovers(wanted, found))


def plan_project(wanted: Desired, found: Current) -> Plan:
    """What is to be done in one project.

    :raises Refusal: the name belongs to a connector of another type; other connectors use the files.
    """
    if found.connector is not None and found.connector.get("storageConnectorType", KAFKA) != KAFKA:
        raise Refusal(
            "wrong_type",
            f"connector {wanted.name} is of type {found.connector.get('storageConnectorType')}",
            "Choose another name, or remove that connector",
        )
    if not wanted.present:
        return _absent(wanted, found)
    if found.connector is not None and wanted.keep:
        changes = differences(wanted, found.connector)
        return Plan(wanted.project, "skipped" if changes else "unchanged", (), changes)
    return _present(wanted, found)


def _present(wanted: Desired, found: Current) -> Plan:
    changes = list(differences(wanted, found.connector or {}))
    in_use = locations(found.connector or {})
    before: t.List[Action] = []
    for file in wanted.files:
        size = None if found.sizes is None else found.sizes.get(file.path)
        # A connector that names the file was given it: the file itself is looked for only on demand.
        missing = file.path not in in_use if found.sizes is None else size != len(file.content)
        if not missing:
            continue
        if size is not None:
            before.append(Action("remove", file.path))
        before.append(Action("upload", file.path, file))
        if file.path in in_use:
            state = None if size is None else f"damaged ({size} bytes)"
            changes.append(Change(f"file {file.path}", state, f"{len(file.content)} bytes"))
    actions = list(before)
    if found.connector is None:
        actions.append(Action("create", wanted.name, body(wanted, None)))
    elif differences(wanted, found.connector):
        actions.append(Action("replace", str(found.connector.get("name")), body(wanted, found.connector)))
    used = {place for other in found.others or () for place in locations(other)}
    for path in sorted(_leftovers(wanted, found) - used):
        actions.append(Action("remove", path))
        changes.append(Change(f"file {path}", "superseded", None))
    outcome = "created" if found.connector is None else "updated" if actions else "unchanged"
    return Plan(wanted.project, outcome, tuple(actions), tuple(changes))


def _absent(wanted: Desired, found: Current) -> Plan:
    connector = found.connector
    if connector is None:
        return Plan(wanted.project, "unchanged")
    places = locations(connector)
    sharing = sorted(str(other.get("name")) for other in found.others or () if places & locations(other))
    if sharing and not wanted.remove_shared_stores:
        raise Refusal(
            "shared_stores",
            f"with connector {wanted.name} the server deletes its stores, and {', '.join(sharing)} uses them too",
            "Give that connector stores of its own first, or set remove_shared_stores",
        )
    changes = [
        dataclasses.replace(change, before=change.after, after=None)
        for change in differences(Desired(wanted.project, wanted.name, fields=connector), {})
    ]
    changes += [Change(f"file {path}", "present", None) for path in sorted(places)]
    return Plan(wanted.project, "deleted", (Action("delete", str(connector.get("name"))),), tuple(changes))


def differences(wanted: Desired, connector: t.Mapping[str, t.Any]) -> t.Tuple[Change, ...]:
    """What a connector has otherwise than is wanted, by the names of Kafka's properties.

    Absent and empty are the same. ``id``, ``href`` and ``externalKafka`` are the server's own and not compared.
    """
    found: t.List[Change] = []
    if wanted.description is not None and wanted.description != (connector.get("description") or ""):
        found.append(Change("description", connector.get("description"), wanted.description))
    for name, field in FIELDS.items():
        before, after = _value(connector, field), _value(wanted.fields, field)
        if before != after:
            found.append(Change(name, before, after, secret=secret_property(name)))
    # "" is a value here: it turns the check of host names off.
    algorithm = "sslEndpointIdentificationAlgorithm"
    found = [
        dataclasses.replace(change, before=connector.get(algorithm), after=wanted.fields.get(algorithm))
        if FIELDS.get(change.what) == algorithm
        else change
        for change in found
    ]
    return (*found, *_option_differences(_options(connector), _options(wanted.fields)))


def _option_differences(before: t.List[t.Tuple[str, str]], after: t.List[t.Tuple[str, str]]) -> t.List[Change]:
    """Options by name. Their order is no difference, but for the two that a client reads in order."""
    had, wants = dict(before), dict(after)
    changes = [
        Change(name, had.get(name), wants.get(name), secret=secret_property(name))
        for name in sorted({**had, **wants})
        if had.get(name) != wants.get(name)
    ]
    repeated = sorted({name for name, value in before if before.count((name, value)) > 1 or had[name] != value})
    if repeated:
        changes.append(Change("options given twice", ", ".join(repeated), None))
    elif not changes and _order(before) != _order(after):
        changes.append(Change("order of options", ", ".join(_order(before)), ", ".join(_order(after))))
    return changes


def _order(options: t.Sequence[t.Tuple[str, str]]) -> t.List[str]:
    return [name for name, _value in options if name in _ORDERED]


def body(wanted: Desired, connector: t.Optional[Connector]) -> Connector:
    """The whole connector for a POST or PUT: what a PUT leaves out, the server wipes."""
    found = connector or {}
    described = found.get("description") if wanted.description is None else wanted.description
    return {
        "type": DISCRIMINATOR,
        "storageConnectorType": KAFKA,
        "name": found.get("name", wanted.name),
        "description": described or "",
        **wanted.fields,
    }


def locations(connector: t.Mapping[str, t.Any]) -> t.Set[str]:
    """The paths of the stores that a connector names."""
    return {place for place in (_value(connector, field) for field in _LOCATIONS) if place}


def _leftovers(wanted: Desired, found: Current) -> t.Set[str]:
    """Files that carry the names of our own for this project, and that its connector will not point to any more.

    Where nobody looked into the directory these are what the connector pointed to; else also what a run left behind
    that was killed before it had cleaned up.
    """
    start, ours = f"/Projects/{wanted.project}/", f"kafka_{wanted.project}_"
    known = locations(found.connector or {}) | set(found.sizes or ())
    named = {path: path.rsplit("/", 1)[1] for path in known if path.startswith(start)}
    found_ours = {path for path, name in named.items() if name.startswith(ours) and _STORE.fullmatch(name[len(ours) :])}
    return found_ours - locations(wanted.fields)


def _value(connector: t.Mapping[str, t.Any], field: str) -> t.Optional[str]:
    """A field as text, None where it is absent or empty. A location loses its scheme: ``hdfs:///Projects/…`` is one."""
    value = connector.get(field)
    if value is None or value == "":
        return None
    text = str(value)
    return re.sub(r"^\w+://[^/]*", "", text) if field in _LOCATIONS else text


def _options(connector: t.Mapping[str, t.Any]) -> t.List[t.Tuple[str, str]]:
    return [
        (str(option.get("name")), "" if option.get("value") is None else str(option["value"]))
        for option in connector.get("options") or ()
    ]
