# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What a project is to have: the declaration of the cluster, merged with the project's own, as a connector and files.

All of it is read and checked before the first request that writes. The stores of a declaration are read and converted
once, however many projects share it: only their file names carry the project.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import files
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Project
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import client as kafka_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import dialect_connector, stores
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_python_client import python_client

#: The server's bounds for every connector (FeaturestoreStorageConnectorController).
LONGEST_NAME = 1000
LONGEST_DESCRIPTION = 1000


@dataclasses.dataclass(frozen=True)
class StoreFile:
    """A JKS file in a project, named after its content."""

    name: str
    content: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What one project is to have.

    :param name: the connector's.
    :param present: whether it is to be there.
    :param keep: leave a connector that differs alone, and tell.
    :param fields: the connector's fields by the names of the REST API. Holds secrets.
    :param description: ``None`` to leave a description as it is.
    :param files: the stores that ``fields`` name.
    :param directory: where in the project the files are.
    :param check_files: look whether the files are there although the connector is as wanted.
    :param remove_shared_stores: delete the connector although others use its files.
    """

    name: str
    present: bool = True
    keep: bool = False
    fields: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)
    description: t.Optional[str] = None
    files: t.Tuple[StoreFile, ...] = ()
    directory: str = "Resources"
    check_files: bool = False
    remove_shared_stores: bool = False


class Declaration:
    """A checked declaration with its stores converted, from which each project's wanted state is made."""

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        """:param options: ``{properties, truststore, keystore}``; :raises InputError: whatever can't work."""
        self.client = dialect_connector.complete(
            kafka_client.declare(
                options.get("properties") or {},
                kafka_client.store_option("truststore", options.get("truststore")),
                kafka_client.store_option("keystore", options.get("keystore")),
            )
        )
        self._stores: t.Dict[str, bytes] = {}
        if self.client.truststore:
            self._stores["truststore"] = stores.truststore_jks(self.client.truststore)
        if self.client.keystore:
            self._stores["keystore"] = stores.keystore_jks(self.client.keystore)
        # What the server would refuse, and what the Python client can't use, are the same for every project.
        fields = self._fields({role: f"/Projects/x/Resources/kafka_{role}.jks" for role in self._stores})
        self.notes = tuple(self.client.notes) + tuple(python_client(fields).problems)

    def wanted(self, project: Project, base: Wanted) -> Wanted:
        """What the project is to have. ``base`` says all that is not of the declaration."""
        named = {
            role: StoreFile(stores.file_name(f"kafka_{project.name}", role, content), content)
            for role, content in self._stores.items()
        }
        places = {role: files.location(project, base.directory, file.name) for role, file in named.items()}
        return dataclasses.replace(base, fields=self._fields(places), files=tuple(named.values()))

    def _fields(self, places: t.Mapping[str, str]) -> t.Dict[str, t.Any]:
        return dialect_connector.connector(self.client, places.get("truststore"), places.get("keystore"))


class Declarations:
    """The cluster's declaration and those of the projects that override it. Equal ones are read once."""

    def __init__(self, common: t.Mapping[str, t.Any], overrides: t.Mapping[str, t.Mapping[str, t.Any]]) -> None:
        self._common = common
        self._overrides = overrides
        self._read: t.Dict[str, Declaration] = {}

    def of(self, name: str) -> Declaration:
        """:raises InputError: names the project where what is wrong may be its own."""
        override = self._overrides.get(name) or {}
        options = kafka_client.merge(self._common, override)
        key = json.dumps(options, sort_keys=True, default=str)
        if key not in self._read:
            try:
                self._read[key] = Declaration(options)
            except InputError as error:
                if not override:
                    raise
                raise InputError(f"project {name}, {error.subject}", error.cause, error.remedy) from None
        return self._read[key]

    @property
    def notes(self) -> t.List[str]:
        """What should be told of any of them, each sentence once."""
        return list(dict.fromkeys(note for declaration in self._read.values() for note in declaration.notes))


def check_names(name: str, description: t.Optional[str]) -> None:
    """The server's own rules for every connector. :raises InputError: where it would refuse."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InputError("option name", f"it has {len(name)} characters", f"A connector's name has 1 to {LONGEST_NAME}")
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        raise InputError(
            "option description", f"it has {len(description)} characters", f"It may have {LONGEST_DESCRIPTION}"
        )
