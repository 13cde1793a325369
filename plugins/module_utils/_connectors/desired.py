# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The declaration of the cluster and those of projects that override it, as connectors and files.

All of it is read and checked before the first request. Stores are read and converted once, however many projects share
them: only the names of their files carry the project.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import MASK
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import files
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.connectors import RESERVED_NAMES, USED_NAME
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration as kafka_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import dialect_connector
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_python_client import python_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import stores

from .connector_planner import Desired, StoreFile

Options = t.Mapping[str, t.Any]

#: The server's bounds for every connector (FeaturestoreStorageConnectorController).
MAX_NAME_LENGTH = 1000
MAX_DESCRIPTION_LENGTH = 1000

#: What of the declaration a project may override.
OVERRIDABLE = ("properties", "truststore", "keystore")
_LOCATION_FIELDS = {"truststore": "sslTruststoreLocation", "keystore": "sslKeystoreLocation"}

#: How many faults of overrides one message lists.
_LISTED = 10


def overrides_by_project(projects: t.Optional[t.Sequence[t.Any]]) -> t.Optional[t.Dict[str, Options]]:
    """The option ``projects`` as name to override, in its order; None where it is not given.

    :raises InputError: an item of another shape, a name given twice.
    """
    if projects is None:
        return None
    found: t.Dict[str, Options] = {}
    for number, item in enumerate(projects, start=1):
        name, override = _entry(item, f"option projects, item {number}")
        if name in found:
            raise InputError("option projects", f"{name} is given twice", "Name each project once")
        found[name] = override
    return found


def _entry(item: t.Any, subject: str) -> t.Tuple[str, Options]:
    if isinstance(item, str) and item.strip():
        return item, {}
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not item["name"].strip():
        raise InputError(subject, "it is neither a name nor a dictionary with a name", "Give {name, properties, …}")
    unknown = sorted(str(key) for key in item if key not in ("name", *OVERRIDABLE))
    if unknown:
        raise InputError(subject, f"it has no {unknown[0]}", f"It takes name, {', '.join(OVERRIDABLE)}")
    for key in OVERRIDABLE:
        if item.get(key) is not None and not isinstance(item[key], dict):
            raise InputError(subject, f"its {key} is no dictionary", "Correct it")
    return item["name"], {key: item[key] for key in OVERRIDABLE if item.get(key) is not None}


class ConnectorDeclaration:
    """A checked declaration: the connector's fields and the stores as JKS, all but the names of their files."""

    def __init__(self, options: Options, known: t.Optional[t.Dict[bytes, bytes]] = None) -> None:
        """
        :param options: ``{properties, truststore, keystore}``.
        :param known: stores of other declarations; an equal one is not kept a second time.
        :raises InputError: whatever cannot work.
        """
        known = {} if known is None else known
        _refuse_masks(options)
        client = dialect_connector.complete(
            kafka_client.declare(
                options.get("properties") or {},
                kafka_client.store_option("truststore", options.get("truststore")),
                kafka_client.store_option("keystore", options.get("keystore")),
            )
        )
        self._stores: t.Dict[str, bytes] = {}
        if client.truststore:
            self._stores["truststore"] = stores.truststore_jks(client.truststore)
        if client.keystore:
            self._stores["keystore"] = stores.keystore_jks(client.keystore)
        self._stores = {role: known.setdefault(content, content) for role, content in self._stores.items()}
        places = {role: f"/{role}.jks" for role in self._stores}
        self._fields = dialect_connector.connector(client, places.get("truststore"), places.get("keystore"))
        self.notes: t.Tuple[str, ...] = (*client.notes, *python_client(self._fields).problems)

    def wanted(self, base: Desired, project: str, directory: str) -> Desired:
        """What a project is to have.

        :param base: all that is not of the declaration.
        :param directory: where in the project the stores go.
        """
        fields, named = dict(self._fields), []
        for role, content in self._stores.items():
            name = stores.file_name(f"kafka_{project}", role, content)
            path = files.location(project, directory, name)
            fields[_LOCATION_FIELDS[role]] = path
            named.append(StoreFile(path, content))
        return dataclasses.replace(base, project=project, fields=fields, files=tuple(named))


class Declarations:
    """The cluster's declaration and the projects' own; equal ones are read once.

    :ivar notes: what should be told of any of them, each sentence once.
    """

    def __init__(self, common: Options, overrides: t.Optional[t.Mapping[str, Options]]) -> None:
        """
        :param common: ``{properties, truststore, keystore}``.
        :param overrides: by project, as :func:`entries` gives them; None where no project is named.
        :raises InputError: names each project and what is wrong there.
        """
        self.notes: t.List[str] = []
        self._read: t.Dict[bytes, ConnectorDeclaration] = {}
        self._stores: t.Dict[bytes, bytes] = {}
        self._by_project: t.Dict[str, ConnectorDeclaration] = {}
        self._common: t.Optional[ConnectorDeclaration] = None
        faults: t.List[t.Tuple[str, InputError]] = []
        if overrides is None or not all(overrides.values()):
            self._common = self._declaration(common)
        for project, override in (overrides or {}).items():
            if not override:
                continue
            try:
                self._by_project[project] = self._declaration(kafka_client.merge(common, override))
            except InputError as error:
                faults.append((project, error))
        if faults:
            raise _together(faults)
        self._read.clear()
        self._stores.clear()

    def _declaration(self, options: Options) -> ConnectorDeclaration:
        text = json.dumps(options, sort_keys=True, default=str)
        key = hashlib.sha256(text.encode("ascii")).digest()
        if key not in self._read:
            self._read[key] = declaration = ConnectorDeclaration(options, self._stores)
            self.notes += [note for note in declaration.notes if note not in self.notes]
            declaration.notes = ()
        return self._read[key]

    def of(self, project: str) -> ConnectorDeclaration:
        declaration = self._by_project.get(project) or self._common
        if declaration is None:
            raise KeyError(project)
        return declaration

    def forget(self, project: str) -> None:
        """Lets go of a project's own declaration, for there may be thousands, each with its stores."""
        self._by_project.pop(project, None)


def check_connector(name: str, description: t.Optional[str], directory: str) -> t.List[str]:
    """Checks what every connector has, by the server's rules.

    :returns: what the user should be told though it is allowed.
    :raises InputError: what the server would refuse.
    """
    if not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise InputError("option name", f"it has {len(name)} characters", f"Give 1 to {MAX_NAME_LENGTH}")
    if name in RESERVED_NAMES or "/" in name:
        raise InputError("option name", f"the server has another use for {name}", "Choose another name")
    if description is not None and len(description) > MAX_DESCRIPTION_LENGTH:
        raise InputError(
            "option description", f"it has {len(description)} characters", f"Give {MAX_DESCRIPTION_LENGTH} at most"
        )
    if not directory.strip("/") or directory != directory.strip("/") or ".." in directory.split("/"):
        raise InputError("option directory", f"{directory} is no directory in a project", "Give for example Resources")
    if name == USED_NAME:
        return []
    return [
        f"The connector is called {name}. Every released Hopsworks server and client looks for {USED_NAME} and no "
        "other, so this one has no effect on what projects write to."
    ]


def _refuse_masks(options: Options) -> None:
    """A masked secret, as kafka_connector_info shows it, must not be written over the real one."""
    for key in OVERRIDABLE:
        for name, value in (options.get(key) or {}).items():
            if isinstance(value, str) and MASK in value:
                raise InputError(
                    f"{'property' if key == 'properties' else key} {name}",
                    "it holds the mask that stands for a secret, not the secret",
                    "Give the secret itself, or leave the property out",
                )


def _together(faults: t.Sequence[t.Tuple[str, InputError]]) -> InputError:
    texts = [f"project {project}: {error}" for project, error in faults[:_LISTED]]
    if len(faults) > _LISTED:
        texts.append(f"and {len(faults) - _LISTED} more projects")
    return InputError("", " ".join(texts).rstrip("."))
