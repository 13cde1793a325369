# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""A project's storage connectors: the routes of FeaturestoreStorageConnectorService, one function each."""

from __future__ import annotations

import typing as t

from .projects import Project
from .request_errors import CONNECTOR_NOT_FOUND, ApiError, TransportError
from .session import Session

#: The name that the server and every released client look for (FeaturestoreStorageConnectorController.java).
USED_NAME = "kafka_connector"

#: Names below the route of connectors that mean something else.
RESERVED_NAMES = ("types", "onlinefeaturestore", "testConnection")

#: Jackson's name for the Kafka connector. Any other, or none, is answered with HTTP 500.
DISCRIMINATOR = "featureStoreKafkaConnectorDTO"

KAFKA = "KAFKA"
_ALL = "/project/{project}/featurestores/{store}/storageconnectors"
_ONE = _ALL + "/{name}"

#: A connector as the REST API has it. Holds secrets: the server answers them in clear to every member.
Connector = t.Dict[str, t.Any]


def feature_store_id(session: Session, project: Project) -> int:
    """The id of the project's own feature store."""
    name = f"{project.name.lower()}_featurestore"
    request = "/project/{project}/featurestores/{name}"
    store = session.call("GET", request, {"project": project.id, "name": name})
    return int(_object(store, request)["featurestoreId"])


def get(session: Session, project: Project, store: int, name: str) -> t.Optional[Connector]:
    """The connector of that name; None where there is none."""
    try:
        found = session.call("GET", _ONE, {"project": project.id, "store": store, "name": name})
    except ApiError as error:
        if error.error_code == CONNECTOR_NOT_FOUND:
            return None
        raise
    return _object(found, _ONE)


def get_all(session: Session, project: Project, store: int) -> t.List[Connector]:
    """All connectors of the project, of every type that the cluster has enabled."""
    listed = session.call("GET", _ALL, {"project": project.id, "store": store})
    return t.cast("t.List[Connector]", _object(listed, _ALL).get("items") or [])


def effective(session: Session, project: Project, store: int) -> Connector:
    """The connector that clients outside of the cluster are given.

    ``externalKafka`` is true only where the project's own connector is in force. Otherwise it is a passing one with the
    id -1, for the Kafka that Hopsworks manages.
    """
    route = _ALL + "/kafka_connector/byok"
    found = session.call("GET", route, {"project": project.id, "store": store}, query={"external": "true"})
    return _object(found, route)


def create(session: Session, project: Project, store: int, body: t.Mapping[str, t.Any]) -> None:
    session.call("POST", _ALL, {"project": project.id, "store": store}, json={**body, "featurestoreId": store})


def replace(session: Session, project: Project, store: int, body: t.Mapping[str, t.Any]) -> None:
    """Replaces the connector named in the body as a whole: what the body leaves out is wiped, secrets too."""
    ids = {"project": project.id, "store": store, "name": body["name"]}
    session.call("PUT", _ONE, ids, json={**body, "featurestoreId": store})


def delete(session: Session, project: Project, store: int, name: str) -> None:
    """Removes the connector; one that is gone is no error. The server deletes the files of its stores with it."""
    session.call("DELETE", _ONE, {"project": project.id, "store": store, "name": name})


def _object(answer: t.Any, route: str) -> t.Dict[str, t.Any]:
    if isinstance(answer, dict):
        return answer
    raise TransportError(
        "not_json",
        "the answer is not what Hopsworks answers there",
        "Check host and port; is there a login page or proxy in between",
        request=f"GET {route}",
    )
