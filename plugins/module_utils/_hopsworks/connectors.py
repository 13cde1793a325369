# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read and write a project's storage connectors: one function for each request.

https://github.com/logicalclocks/hopsworks/blob/2b1cb50ee5c8ab1395e54baa21511195bcd28e44/hopsworks-api/src/main/java/io/hops/hopsworks/api/featurestore/storageconnector/FeaturestoreStorageConnectorService.java
Classes that comments name are those of the same commit.
"""

from __future__ import annotations

import typing as t

from .answers import AnswerReader, Object
from .projects import Project
from .request_errors import CONNECTOR_NOT_FOUND, ApiError
from .session import Session

#: The name that the server and every released client look for.
#: (FeaturestoreStorageConnectorController.java, line 109, at that commit).
USED_NAME = "kafka_connector"

#: Names that mean something else in the routes of connectors.
RESERVED_NAMES = ("types", "onlinefeaturestore", "testConnection")

#: Jackson's name for the Kafka connector. The server answers any other name, or none, with HTTP 500.
DISCRIMINATOR = "featureStoreKafkaConnectorDTO"

KAFKA = "KAFKA"
_ALL = "/project/{project}/featurestores/{store}/storageconnectors"
_ONE = _ALL + "/{name}"

#: The server accepts 2,000 characters of options as JSON, which are fewer than 100 options.
#: (FeatureStoreKafkaConnectorController.java, lines 128 to 170, at that commit).
MAX_OPTIONS = 1000
MAX_CONNECTORS = 5000

#: The texts of a connector of any type, and those that one of ours may share with others.
_COMMON_FIELDS = ("description", "storageConnectorType", "sslTruststoreLocation", "sslKeystoreLocation")

#: Texts of a Kafka connector (FeatureStoreKafkaConnectorDTO.java).
TEXT_FIELDS = (
    *_COMMON_FIELDS,
    "bootstrapServers",
    "securityProtocol",
    "sslTruststorePassword",
    "sslKeystorePassword",
    "sslKeyPassword",
    "sslEndpointIdentificationAlgorithm",
)

#: A connector as the REST API has it: ``name``, those of TEXT_FIELDS that it has, ``id``, ``externalKafka``, and
#: ``options``, a list of ``{name, value}``. Holds secrets: the server answers them in clear to every member.
Connector = t.Dict[str, t.Any]


def feature_store_id(session: Session, project: Project) -> int:
    """Return the id of the project's own feature store."""
    name = f"{project.name.lower()}_featurestore"
    route = "/project/{project}/featurestores/{name}"
    reader = AnswerReader(f"GET {route}")
    store = session.call("GET", route, {"project": project.id, "name": name})
    return reader.integer(reader.object(store), "featurestoreId")


def get(session: Session, project: Project, store: int, name: str) -> t.Optional[Connector]:
    """Return the connector of that name; None if there is none."""
    try:
        found = session.call("GET", _ONE, {"project": project.id, "store": store, "name": name})
    except ApiError as error:
        if error.error_code == CONNECTOR_NOT_FOUND:
            return None
        raise
    return _connector(AnswerReader(f"GET {_ONE}"), found)


def get_all(session: Session, project: Project, store: int) -> t.List[Connector]:
    """Return all connectors of the project, of every type that the cluster has enabled."""
    reader = AnswerReader(f"GET {_ALL}")
    listed = reader.object(session.call("GET", _ALL, {"project": project.id, "store": store}))
    return [_connector(reader, item) for item in reader.items(listed, "items", MAX_CONNECTORS)]


def effective(session: Session, project: Project, store: int) -> Connector:
    """Return the connector that clients outside the cluster are given.

    ``externalKafka`` is true only if the project's own connector is in force: the answer is then the same as that of
    :func:`get` (getKafkaConnector in the file named above). Otherwise the server makes one up for the Kafka that
    Hopsworks manages, with the id -1.
    """
    route = _ALL + "/kafka_connector/byok"
    found = session.call("GET", route, {"project": project.id, "store": store}, query={"external": "true"})
    return _connector(AnswerReader(f"GET {route}"), found)


def _connector(reader: AnswerReader, answer: t.Any) -> Connector:
    item = reader.object(answer)
    found: Connector = {"name": reader.name(item, "name")}
    kafka = item.get("storageConnectorType") in (KAFKA, None)
    for field in TEXT_FIELDS if kafka else _COMMON_FIELDS:
        value = reader.optional_text(item, field)
        if value is not None:
            found[field] = value
    identity = reader.optional_integer(item, "id")
    if identity is not None:
        found["id"] = identity
    external = reader.optional_boolean(item, "externalKafka")
    if external is not None:
        found["externalKafka"] = external
    if kafka:
        found["options"] = [_option(reader, option) for option in reader.items(item, "options", MAX_OPTIONS)]
    return found


def _option(reader: AnswerReader, option: Object) -> t.Dict[str, t.Optional[str]]:
    return {"name": reader.text(option, "name"), "value": reader.optional_text(option, "value")}


def create(session: Session, project: Project, store: int, body: t.Mapping[str, t.Any]) -> None:
    """Create a connector."""
    session.call("POST", _ALL, {"project": project.id, "store": store}, json={**body, "featurestoreId": store})


def replace(session: Session, project: Project, store: int, body: t.Mapping[str, t.Any]) -> None:
    """Replace the connector named in the body as a whole. What the body leaves out is wiped, secrets too."""
    ids = {"project": project.id, "store": store, "name": body["name"]}
    session.call("PUT", _ONE, ids, json={**body, "featurestoreId": store})


def delete(session: Session, project: Project, store: int, name: str) -> None:
    """Delete the connector. A missing one is not an error. The server deletes the files of its stores too."""
    session.call("DELETE", _ONE, {"project": project.id, "store": store, "name": name})
