# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Plan one project: compare what is desired with what was read, and return the writes in order. Pure functions."""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Change, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.connectors import (
    DISCRIMINATOR,
    KAFKA,
    USED_NAME,
    Connector,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_connector import FIELDS, LOCATION_FIELDS
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.sensitive import secret_property

#: The end of a store's name, as ``stores.file_name`` makes it.
_STORE_NAME = re.compile(r"[0-9a-f]{8}_(truststore|keystore)\.jks")

#: The options that the Hopsworks Python client reads in order: the later one decides. See ``dialect_python_client``.
_ORDERED = ("sasl.jaas.config", "sasl.mechanism")


class RefusedChange(HopsworksKafkaError):
    """A change that must not be made in a project although it was requested.

    :param reason: one word for programs.
    """

    def __init__(self, reason: str, cause: str, remedy: str) -> None:
        super().__init__("", cause, remedy, reason)


@dataclasses.dataclass(frozen=True)
class StoreFile:
    """A JKS file in the project. Its name carries a hash of its content.

    :param path: absolute, as a connector names it.
    :param size: in bytes.
    :param load: returns the content. Only an upload needs it, and thousands of projects may have stores of their own.
    """

    path: str
    size: int
    load: t.Callable[[], bytes] = dataclasses.field(repr=False, compare=False)


@dataclasses.dataclass(frozen=True)
class DesiredConnector:
    """The desired state of one project.

    :param project: the name of the project.
    :param name: the name of the connector.
    :param present: whether the connector must exist.
    :param keep: leave a connector that differs as it is, and report the differences.
    :param fields: the connector as :func:`dialect_connector.connector` makes it. Holds secrets.
    :param description: None keeps the current description.
    :param files: the stores that ``fields`` name.
    :param remove_shared_stores: delete the connector even if other connectors use its files.
    :param recreate_unreadable: delete and create a connector that Hopsworks cannot read.
    """

    project: str
    name: str
    present: bool = True
    keep: bool = False
    fields: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)
    description: t.Optional[str] = None
    files: t.Tuple[StoreFile, ...] = ()
    remove_shared_stores: bool = False
    recreate_unreadable: bool = False


@dataclasses.dataclass(frozen=True)
class CurrentConnector:
    """The current state of one project, as far as it was read.

    :param connector: the connector of the desired name; None if there is none.
    :param others: the project's other connectors; None if they were not read, see :func:`needs_others`.
    :param sizes: the files of the directory by path, in bytes; None if the directory was not read.
    :param unreadable: there is a connector, but Hopsworks cannot read it.
    """

    connector: t.Optional[Connector] = dataclasses.field(default=None, repr=False)
    others: t.Optional[t.Sequence[Connector]] = dataclasses.field(default=None, repr=False)
    sizes: t.Optional[t.Mapping[str, int]] = None
    unreadable: bool = False


def may_recreate(desired: DesiredConnector) -> bool:
    """Tell whether a connector that Hopsworks cannot read may be deleted.

    Only the name that Hopsworks reserves for Kafka says that it is a Kafka connector.
    """
    return desired.recreate_unreadable and desired.name == USED_NAME


def needs_others(desired: DesiredConnector, current: CurrentConnector) -> bool:
    """Return whether :func:`plan_project` needs the other connectors: only where files may be deleted.

    A converged project costs no request for them.
    """
    if current.unreadable:
        return False  # Hopsworks cannot list the connectors while it cannot read one of them.
    if current.connector is None:
        return bool(desired.present and _leftovers(desired, current))
    if not desired.present:
        return bool(locations(current.connector))
    return not desired.keep and bool(_leftovers(desired, current))


def plan_project(desired: DesiredConnector, current: CurrentConnector) -> Plan:
    """Return what must be done in one project.

    :raises Refusal: the connector is of another type, or other connectors use its files.
    """
    if current.unreadable:
        return _plan_unreadable(desired)
    connector = current.connector
    if connector is not None and connector.get("storageConnectorType", KAFKA) != KAFKA:
        raise RefusedChange(
            "wrong_type",
            f"connector {desired.name} is of type {connector.get('storageConnectorType')}",
            "Choose another name, or remove that connector",
        )
    if not desired.present:
        return _plan_absent(desired, current)
    if connector is not None and desired.keep:
        changes = differences(desired, connector)
        return Plan(desired.project, "skipped" if changes else "unchanged", (), changes)
    return _plan_present(desired, current)


def _plan_unreadable(desired: DesiredConnector) -> Plan:
    """Plan to delete a connector that Hopsworks cannot read, and to create it again.

    This is the one exception from the rule that nothing is deleted to be created again. A PUT keeps the owner of the
    connector's secret, so the connector would stay unreadable, while a DELETE does not read the secret
    (StorageConnectorUtil.updateProjectSecret, FeaturestoreStorageConnectorController.deleteConnectorWithName). The
    DELETE removes the connector's stores as well, so they are uploaded after it. If the run is killed in between, the
    next one finds no connector and creates it.
    """
    delete = Action("delete", desired.name)
    unreadable = Change("connector", "unreadable: the user who created it has left the project", None)
    if not desired.present:
        return Plan(desired.project, "deleted", (delete,), (unreadable,))
    uploads = tuple(Action("upload", file.path, file) for file in desired.files)
    create = Action("create", desired.name, body(desired, None))
    changes = (dataclasses.replace(unreadable, after="created again"), *differences(desired, {}))
    return Plan(desired.project, "updated", (delete, *uploads, create), changes)


class _Step(t.NamedTuple):
    """A part of a plan: writes, and the differences that they remove."""

    actions: t.Tuple[Action, ...] = ()
    changes: t.Tuple[Change, ...] = ()


def _plan_present(desired: DesiredConnector, current: CurrentConnector) -> Plan:
    """Plan the files first, then the connector that names them, then the removal of files that it no longer names."""
    connector = _write_connector(desired, current.connector)
    uploads = [_upload(file, current) for file in desired.files]
    removals = _remove_leftovers(desired, current)
    actions = [action for step in (*uploads, connector, removals) for action in step.actions]
    changes = [change for step in (connector, *uploads, removals) for change in step.changes]
    outcome = "created" if current.connector is None else "updated" if actions else "unchanged"
    return Plan(desired.project, outcome, tuple(actions), tuple(changes))


def _upload(file: StoreFile, current: CurrentConnector) -> _Step:
    """Return what brings a store into the project.

    Without a listing of the files, one that the connector names is taken to be there.
    """
    named = file.path in locations(current.connector or {})
    size = None if current.sizes is None else current.sizes.get(file.path)
    there = named if current.sizes is None else size == file.size
    if there:
        return _Step()
    actions = [Action("upload", file.path, file)]
    if size is not None:
        actions.insert(0, Action("remove", file.path))
    if not named:
        return _Step(tuple(actions))
    before = None if size is None else f"damaged ({size} bytes)"
    return _Step(tuple(actions), (Change(f"file {file.path}", before, f"{file.size} bytes"),))


def _write_connector(desired: DesiredConnector, connector: t.Optional[Connector]) -> _Step:
    changes = differences(desired, connector or {})
    if connector is None:
        return _Step((Action("create", desired.name, body(desired, None)),), changes)
    if not changes:
        return _Step()
    return _Step((Action("replace", str(connector.get("name")), body(desired, connector)),), changes)


def _remove_leftovers(desired: DesiredConnector, current: CurrentConnector) -> _Step:
    used = {path for other in current.others or () for path in locations(other)}
    paths = sorted(_leftovers(desired, current) - used)
    return _Step(
        tuple(Action("remove", path) for path in paths),
        tuple(Change(f"file {path}", "superseded", None) for path in paths),
    )


def _plan_absent(desired: DesiredConnector, current: CurrentConnector) -> Plan:
    connector = current.connector
    if connector is None:
        return Plan(desired.project, "unchanged")
    paths = locations(connector)
    sharing = sorted(str(other.get("name")) for other in current.others or () if paths & locations(other))
    if sharing and not desired.remove_shared_stores:
        raise RefusedChange(
            "shared_stores",
            f"to delete {desired.name} also deletes its stores, and connector {', '.join(sharing)} uses them too",
            "Give that connector stores of its own first, or set remove_shared_stores",
        )
    changes = [
        dataclasses.replace(change, before=change.after, after=None)
        for change in differences(DesiredConnector(desired.project, desired.name, fields=connector), {})
    ]
    changes += [Change(f"file {path}", "present", None) for path in sorted(paths)]
    return Plan(desired.project, "deleted", (Action("delete", str(connector.get("name"))),), tuple(changes))


# --- the comparison --------------------------------------------------------------------------------------------------


def _text(value: t.Any) -> t.Optional[str]:
    """Return a field as text; None if it is absent or empty, which means the same."""
    return None if value is None or value == "" else str(value)


def _path(value: t.Any) -> t.Optional[str]:
    """Return a location without its scheme: Hopsworks also writes ``hdfs:///Projects/…``."""
    text = _text(value)
    return text and re.sub(r"^\w+://[^/]*", "", text)


def _as_sent(value: t.Any) -> t.Any:
    return value


class _Comparer(t.NamedTuple):
    """How a field is compared, and how a difference in it is shown."""

    compared: t.Callable[[t.Any], t.Any] = _text
    shown: t.Callable[[t.Any], t.Any] = _text


#: Fields that are compared in a way of their own.
_COMPARERS: t.Mapping[str, _Comparer] = {
    **dict.fromkeys(LOCATION_FIELDS.values(), _Comparer(_path, _path)),
    # An empty value is shown: it turns the check of host names off.
    "sslEndpointIdentificationAlgorithm": _Comparer(shown=_as_sent),
}


def differences(desired: DesiredConnector, connector: t.Mapping[str, t.Any]) -> t.Tuple[Change, ...]:
    """Return the differences between a connector and the desired one, by the names of Kafka's properties.

    Absent and empty are the same. ``id``, ``href`` and ``externalKafka`` belong to the server and are not compared.
    """
    changes: t.List[Change] = []
    if desired.description is not None and desired.description != (connector.get("description") or ""):
        changes.append(Change("description", connector.get("description"), desired.description))
    for name, field in FIELDS.items():
        comparer = _COMPARERS.get(field, _Comparer())
        before, after = connector.get(field), desired.fields.get(field)
        if comparer.compared(before) != comparer.compared(after):
            changes.append(Change(name, comparer.shown(before), comparer.shown(after), secret=secret_property(name)))
    return (*changes, *_option_differences(_options(connector), _options(desired.fields)))


def _option_differences(before: t.List[t.Tuple[str, str]], after: t.List[t.Tuple[str, str]]) -> t.List[Change]:
    """Compare options by name. Their order counts only for those that a client reads in order."""
    had, wants = dict(before), dict(after)
    changes = [
        Change(name, had.get(name), wants.get(name), secret=secret_property(name))
        for name in sorted({**had, **wants})
        if had.get(name) != wants.get(name)
    ]
    repeated = sorted(name for name, count in collections.Counter(name for name, _value in before).items() if count > 1)
    if repeated:
        changes.append(Change("options given twice", ", ".join(repeated), None))
    elif not changes and _order(before) != _order(after):
        changes.append(Change("order of options", ", ".join(_order(before)), ", ".join(_order(after))))
    return changes


def _order(options: t.Sequence[t.Tuple[str, str]]) -> t.List[str]:
    return [name for name, _value in options if name in _ORDERED]


def _options(connector: t.Mapping[str, t.Any]) -> t.List[t.Tuple[str, str]]:
    return [
        (str(option.get("name")), "" if option.get("value") is None else str(option["value"]))
        for option in connector.get("options") or ()
    ]


# --- what is written and removed --------------------------------------------------------------------------------------


def body(desired: DesiredConnector, connector: t.Optional[Connector]) -> Connector:
    """Return the whole connector for a POST or PUT. The server clears every field that a PUT omits."""
    current = connector or {}
    description = current.get("description") if desired.description is None else desired.description
    return {
        "type": DISCRIMINATOR,
        "storageConnectorType": KAFKA,
        "name": current.get("name", desired.name),
        "description": description or "",
        **desired.fields,
    }


def locations(connector: t.Mapping[str, t.Any]) -> t.Set[str]:
    """Return the paths of the stores that a connector names."""
    return {path for path in (_path(connector.get(field)) for field in LOCATION_FIELDS.values()) if path}


def _leftovers(desired: DesiredConnector, current: CurrentConnector) -> t.Set[str]:
    """Return the project's files that have a name of ours, and that its connector will no longer name.

    Without a listing of the directory these are the files that the connector names now. A listing also shows what a
    run left behind that was killed before it had cleaned up.
    """
    start, ours = f"/Projects/{desired.project}/", f"kafka_{desired.project}_"
    known = locations(current.connector or {}) | set(current.sizes or ())
    names = {path: path.rsplit("/", 1)[1] for path in known if path.startswith(start)}
    own = {path for path, name in names.items() if name.startswith(ours) and _STORE_NAME.fullmatch(name[len(ours) :])}
    return own - locations(desired.fields)
