# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""A project's storage connectors: the routes of FeaturestoreStorageConnectorService, one function each."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.errors import (
    CONNECTOR_NOT_FOUND,
    ApiError,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.pool import Pool
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Project

#: The name that the server and every released client look for (FeaturestoreStorageConnectorController.java).
USED_NAME = "kafka_connector"

#: Jackson's name for the Kafka connector. Any other, or none, is answered with HTTP 500.
DISCRIMINATOR = "featureStoreKafkaConnectorDTO"

Connector = t.Dict[str, t.Any]

_ALL = "/project/{project}/featurestores/{store}/storageconnectors"
_ONE = f"{_ALL}/{{name}}"


def feature_store_id(session: Pool, project: Project) -> int:
    """The id of the project's own feature store. One request."""
    name = f"{project.name.lower()}_featurestore"
    store = session.call("GET", "/project/{project}/featurestores/{name}", {"project": project.id, "name": name})
    return int(store["featurestoreId"])


def _ids(project: Project, store: int, name: str = "") -> t.Dict[str, t.Any]:
    return {"project": project.id, "store": store, "name": name}


def get(session: Pool, project: Project, store: int, name: str) -> t.Optional[Connector]:
    """The connector with its secrets, as the server answers it in clear to any member; ``None`` where there is none."""
    try:
        return t.cast(Connector, session.call("GET", _ONE, _ids(project, store, name)))
    except ApiError as error:
        if error.error_code == CONNECTOR_NOT_FOUND:
            return None
        raise


def get_all(session: Pool, project: Project, store: int) -> t.List[Connector]:
    """All connectors of the project, of every type that the cluster has enabled."""
    listed = session.call("GET", _ALL, _ids(project, store)) or {}
    return t.cast(t.List[Connector], listed.get("items") or [])


def effective(session: Pool, project: Project, store: int) -> Connector:
    """The connector that clients outside of the cluster are given (the byok route).

    ``externalKafka`` is true only where the project's own connector is in force; else the answer is a passing one with
    id -1, for the Kafka that Hopsworks manages.
    """
    ids = _ids(project, store, USED_NAME)
    return t.cast(Connector, session.call("GET", f"{_ONE}/byok", ids, query={"external": "true"}))


def create(session: Pool, project: Project, store: int, body: Connector) -> None:
    session.call("POST", _ALL, _ids(project, store), json=body)


def replace(session: Pool, project: Project, store: int, body: Connector) -> None:
    """A PUT is a full replacement: what the body leaves out is wiped, secrets too."""
    session.call("PUT", _ONE, _ids(project, store, body["name"]), json=body)


def delete(session: Pool, project: Project, store: int, name: str) -> None:
    """The server deletes the connector's key and trust store files with it."""
    session.call("DELETE", _ONE, _ids(project, store, name))
