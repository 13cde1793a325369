# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Turn the common declaration and the overrides of projects into connectors and files.

Everything is read and checked before the first request. Stores are converted once however many projects share them:
only the names of their files carry the name of the project.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import MASK
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import Options
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import files
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.connectors import RESERVED_NAMES, USED_NAME
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration as kafka_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import dialect_connector, java_rules
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_python_client import python_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import stores

from .connector_planner import DesiredConnector, StoreFile

#: The server's limits for every connector (FeaturestoreStorageConnectorController.java).
MAX_NAME_LENGTH = 1000
MAX_DESCRIPTION_LENGTH = 1000

#: The parts of the declaration that a project may override.
OVERRIDABLE = ("properties", "truststore", "keystore")

#: The number of converted stores that are kept in memory.
MAX_KEPT_STORES = 64

#: The number of wrong overrides that one message lists.
_MAX_LISTED = 10


def overrides_by_project(projects: t.Any) -> t.Optional[t.Dict[str, Options]]:
    """Return the option ``projects`` as name to override, in its order; None if it is not given.

    :raises InputError: it is not a list, an item has another shape, or a name is given twice.
    """
    if projects is None:
        return None
    if not isinstance(projects, (list, tuple)):
        raise InputError("option projects", "it is not a list", "Give a list of names or of {name, properties, …}")
    overrides: t.Dict[str, Options] = {}
    for number, item in enumerate(projects, start=1):
        name, override = _name_and_override(item, f"option projects, item {number}")
        if name in overrides:
            raise InputError("option projects", f"{name} is given twice", "Name each project once")
        overrides[name] = override
    return overrides


def _name_and_override(item: t.Any, subject: str) -> t.Tuple[str, Options]:
    if isinstance(item, str) and item.strip():
        return item, {}
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not item["name"].strip():
        raise InputError(subject, "it is neither a name nor a dictionary with a name", "Give {name, properties, …}")
    unknown = sorted(str(key) for key in item if key not in ("name", *OVERRIDABLE))
    if unknown:
        raise InputError(subject, f"unknown key {unknown[0]!r}", f"Use only name, {', '.join(OVERRIDABLE)}")
    for key in OVERRIDABLE:
        if item.get(key) is not None and not isinstance(item[key], dict):
            raise InputError(subject, f"{key} must be a dictionary", f"Give {key} as a dictionary")
    return item["name"], {key: item[key] for key in OVERRIDABLE if item.get(key) is not None}


class DeclaredStore(t.NamedTuple):
    """A store of a declaration as JKS.

    :param role: ``truststore`` or ``keystore``.
    :param name_end: the end of its file's name, with a hash of the content.
    :param size: in bytes.
    :param load: returns the content.
    """

    role: str
    name_end: str
    size: int
    load: t.Callable[[], bytes]


class ConnectorDeclaration(t.NamedTuple):
    """A checked declaration: the connector's fields and its stores, except for the names of their files.

    :param fields: as :func:`dialect_connector.connector` makes them. Holds secrets.
    """

    fields: t.Mapping[str, t.Any]
    stores: t.Tuple[DeclaredStore, ...]

    def desired(self, base: DesiredConnector, project: str, directory: str) -> DesiredConnector:
        """Return the desired state of a project.

        :param base: everything that does not come from the declaration.
        :param directory: the directory of the project that the stores go into.
        """
        fields, store_files = dict(self.fields), []
        for store in self.stores:
            path = files.location(project, directory, f"kafka_{project}{store.name_end}")
            fields[dialect_connector.LOCATION_FIELDS[store.role]] = path
            store_files.append(StoreFile(path, store.size, store.load))
        return dataclasses.replace(base, project=project, fields=fields, files=tuple(store_files))


class DeclaredConnectors(t.NamedTuple):
    """The common declaration and those of projects that override it.

    :param common: None if every project overrides it.
    :param own: the declarations of the projects that override the common one.
    :param notes: warnings about any of them, each sentence once.
    """

    common: t.Optional[ConnectorDeclaration]
    own: t.Mapping[str, ConnectorDeclaration]
    notes: t.Tuple[str, ...]

    def of(self, project: str) -> ConnectorDeclaration:
        """Return the declaration of a project."""
        declaration = self.own.get(project, self.common)
        if declaration is None:
            raise KeyError(project)
        return declaration


def declare_connectors(common: Options, overrides: t.Optional[t.Mapping[str, Options]]) -> DeclaredConnectors:
    """Read and check the common declaration and every override. Equal ones are read once.

    :param common: ``{properties, truststore, keystore}``.
    :param overrides: by project, as :func:`overrides_by_project` returns them; None if no project is named.
    :raises InputError: names each project with a wrong declaration, and what is wrong.
    """
    read: t.Dict[t.Any, ConnectorDeclaration] = {}
    contents: t.Dict[bytes, bytes] = {}
    notes: t.Dict[str, None] = {}

    def declare(override: Options) -> ConnectorDeclaration:
        key = _key({part: value for part, value in override.items() if value or part != "properties"})
        if key not in read:
            read[key], own_notes = _declare(common, override, contents)
            notes.update(dict.fromkeys(own_notes))
        return read[key]

    shared = declare({}) if overrides is None or not all(overrides.values()) else None
    own: t.Dict[str, ConnectorDeclaration] = {}
    faults: t.List[t.Tuple[str, InputError]] = []
    for project, override in (overrides or {}).items():
        if not override:
            continue
        try:
            own[project] = declare(override)
        except InputError as error:
            faults.append((project, error))
    if faults:
        raise _together(faults)
    return DeclaredConnectors(shared, types.MappingProxyType(own), tuple(notes))


def _declare(
    common: Options, override: Options, contents: t.Dict[bytes, bytes]
) -> t.Tuple[ConnectorDeclaration, t.Tuple[str, ...]]:
    """Read one declaration; return it with its notes.

    :param contents: the stores that are kept in memory. A store beyond :data:`MAX_KEPT_STORES` is read and converted
        again when it is uploaded, so that thousands of projects with stores of their own need no memory for them.
    """
    options = kafka_client.merge(common, override)
    _refuse_masks(options)
    client = _client(options)
    # Spark's clients make consumers and producers of the same connector.
    java_rules.judge(client.properties, "cp", java_rules.HOPSWORKS, whole=False)
    declared = []
    for role, content in _convert(client).items():
        end = stores.file_name("", role, content)
        if len(contents) < MAX_KEPT_STORES:
            contents.setdefault(content, content)
        kept = contents.get(content)
        load = functools.partial(_load_again, common, override, role, end) if kept is None else _constant(kept)
        declared.append(DeclaredStore(role, end, len(content), load))
    paths = {store.role: f"/{store.role}.jks" for store in declared}
    fields = dialect_connector.connector(client, paths.get("truststore"), paths.get("keystore"))
    return ConnectorDeclaration(fields, tuple(declared)), (*client.notes, *python_client(fields).problems)


def _client(options: Options) -> kafka_client.KafkaDeclaration:
    return dialect_connector.complete(
        kafka_client.declare(
            options.get("properties") or {},
            kafka_client.store_option("truststore", options.get("truststore")),
            kafka_client.store_option("keystore", options.get("keystore")),
        )
    )


def _convert(client: kafka_client.KafkaDeclaration) -> t.Dict[str, bytes]:
    """Return the stores of a declaration as JKS, by role."""
    converted = {}
    if client.truststore:
        converted["truststore"] = stores.truststore_jks(client.truststore)
    if client.keystore:
        converted["keystore"] = stores.keystore_jks(client.keystore)
    return converted


def _constant(content: bytes) -> t.Callable[[], bytes]:
    return lambda: content


def _load_again(common: Options, override: Options, role: str, name_end: str) -> bytes:
    content = _convert(_client(kafka_client.merge(common, override)))[role]
    if stores.file_name("", role, content) != name_end:
        raise InputError(role, "the file changed while the task was running", "Run the task again")
    return content


def _key(value: t.Any) -> t.Any:
    """Return a hashable key that only equal overrides share. ``1``, ``True`` and ``"1"`` are not equal."""
    if isinstance(value, dict):
        return frozenset((_key(name), _key(item)) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(_key(item) for item in value)
    return type(value), value if isinstance(value, (str, int, float)) else repr(value)


def check_connector(name: str, description: t.Optional[str], directory: str) -> t.List[str]:
    """Check what every connector has, by the server's rules.

    :returns: warnings for the user about what is allowed but has no effect.
    :raises InputError: what the server would refuse.
    """
    if not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise InputError("option name", f"it has {len(name)} characters", f"Give 1 to {MAX_NAME_LENGTH} characters")
    if name in RESERVED_NAMES or "/" in name:
        raise InputError("option name", f"{name} cannot be the name of a connector", "Choose another name")
    if description is not None and len(description) > MAX_DESCRIPTION_LENGTH:
        raise InputError(
            "option description",
            f"it has {len(description)} characters",
            f"Give {MAX_DESCRIPTION_LENGTH} characters at most",
        )
    if not directory.strip("/") or directory != directory.strip("/") or ".." in directory.split("/"):
        raise InputError(
            "option directory", f"{directory} is not a directory of a project", "Give a directory such as Resources"
        )
    if name == USED_NAME:
        return []
    return [
        f"The connector is named {name}. Hopsworks and its clients use only a connector named {USED_NAME}, so this one "
        "has no effect on what projects write to."
    ]


def _refuse_masks(options: Options) -> None:
    """Refuse a masked secret, as kafka_connector_info shows it: it must not replace the real one."""
    for key in OVERRIDABLE:
        for name, value in (options.get(key) or {}).items():
            if isinstance(value, str) and MASK in value:
                raise InputError(
                    f"{'property' if key == 'properties' else key} {name}",
                    "it contains the mask that is shown instead of a secret",
                    "Give the secret itself, or leave the property out",
                )


def _together(faults: t.Sequence[t.Tuple[str, InputError]]) -> InputError:
    texts = [f"project {project}: {error}" for project, error in faults[:_MAX_LISTED]]
    if len(faults) > _MAX_LISTED:
        texts.append(f"and {len(faults) - _MAX_LISTED} more projects")
    return InputError("", " ".join(texts).rstrip("."))
