"""Storage connectors: routes and the order of the server's checks (FeaturestoreStorageConnectorController.java)."""

from __future__ import annotations

import typing as t

from tests.emulator import errors
from tests.emulator.messages import Response, to_json
from tests.emulator.routes import kafka
from tests.emulator.routes.featurestores import SCOPES, owner_of_store
from tests.emulator.routes.table import route
from tests.emulator.routing import Answer, Call
from tests.emulator.state import DATA_OWNER, Project, State

STORE = "/project/{pid}/featurestores/{fsid}/storageconnectors"
KAFKA_CONNECTOR = "kafka_connector"
# The server reads the body as the class that `type` names; any other text gives the base class, which does not fit.
CLASSES = {
    kafka.CLASS: "KAFKA",
    "featurestoreS3ConnectorDTO": "S3",
    "featurestoreJdbcConnectorDTO": "JDBC",
    "featurestoreHopsfsConnectorDTO": "HOPSFS",
    "featurestoreRedshiftConnectorDTO": "REDSHIFT",
    "featurestoreADLSConnectorDTO": "ADLS",
    "featurestoreSnowflakeConnectorDTO": "SNOWFLAKE",
    "featureStoreGcsConnectorDTO": "GCS",
    "featurestoreBigqueryConnectorDTO": "BIGQUERY",
}
# What the Python client's save() sends for a Kafka connector; accepted only in lenient mode.
CLIENT_CLASS = "featurestoreKafkaConnectorDTO"
ALWAYS_ENABLED = frozenset(("JDBC", "HOPSFS", "S3"))
NAME_LENGTH = DESCRIPTION_LENGTH = 1000
# Service users may read one connector, but neither list nor write them (FeaturestoreStorageConnectorService.java).
PEOPLE = ("HOPS_ADMIN", "HOPS_USER")


def enabled_types(state: State) -> list[str]:
    return [
        kind
        for kind in sorted(CLASSES.values())
        if kind in ALWAYS_ENABLED or state.variable_is_true(f"enable_{kind.lower()}_storage_connectors")
    ]


def _require_enabled(state: State, kind: str) -> None:
    if kind not in enabled_types(state):
        raise errors.ApiError(errors.CONNECTOR_TYPE_NOT_ENABLED, f"Storage connector type '{kind}' is not enabled")


def _require_data_owner(call: Call, store: Project, action: str) -> None:
    """The store must be the project's own one, and the caller Data owner there."""
    project = call.the_project()
    if store is project and call.role() == DATA_OWNER:
        return
    content = f"project: {project.name}, featurestoreId: {store.featurestore_id}, userRole: {call.role()}"
    raise errors.ApiError(errors.FORBIDDEN_FEATURESTORE_OPERATION, f"{content}, {action} storage connector")


def _illegal(text: str) -> errors.ApiError:
    return errors.ApiError(errors.ILLEGAL_CONNECTOR_ARGUMENT, text)


def _not_found(name: str) -> errors.ApiError:
    return errors.ApiError(errors.CONNECTOR_NOT_FOUND, f"Cannot find storage connector with name: {name}")


def _readable(store: Project, record: dict[str, t.Any]) -> dict[str, t.Any]:
    """A connector as it is answered.

    Its passwords are a secret of the user who created it, and the server reads them in that user's name: once that user
    has left the project, nobody gets the connector any more (StorageConnectorUtil.getSecret,
    SecretsController.getShared), nor a list with it in it (FeaturestoreStorageConnectorBuilder).
    """
    owner = store.secret_owners.get(record["name"])
    if record["storageConnectorType"] == "KAFKA" and owner is not None and owner not in store.team:
        name = f"kafka_{record['name'].replace(' ', '_').lower()}_{store.featurestore_id}"
        text = f"Unable to retrieve Secret {name} for this storage connector."
        raise errors.ApiError(errors.CONNECTOR_GET_ERROR, text)
    return record


def _body(call: Call) -> tuple[dict[str, t.Any], str]:
    """The body and its storageConnectorType. Without one the server stumbles over a null."""
    body = call.request.json()
    if not isinstance(body, dict):
        raise errors.MalformedBody("Cannot deserialize instance of FeaturestoreStorageConnectorDTO")
    kind = body.get("storageConnectorType")
    if kind is not None and kind not in CLASSES.values():
        raise errors.MalformedBody(f"Cannot deserialize value of type FeaturestoreConnectorType from String {kind!r}")
    if body.get("type") == kafka.CLASS:
        kafka.require_readable(body)
    if kind is None:
        raise errors.ApiError(errors.GENERIC_ERROR)
    return body, kind


def _require_class(call: Call, body: t.Mapping[str, t.Any], kind: str) -> None:
    given = body.get("type")
    if given == CLIENT_CLASS and call.state.lenient_types:
        given = kafka.CLASS
    if CLASSES.get(str(given)) != kind:
        raise errors.ApiError(errors.GENERIC_ERROR)  # a ClassCastException


def _require_description(body: t.Mapping[str, t.Any]) -> None:
    if len(body.get("description") or "") > DESCRIPTION_LENGTH:
        text = f"the description should be less than: {DESCRIPTION_LENGTH}"
        raise _illegal(f"ILLEGAL_FEATURE_DESCRIPTION, {text}")


def _fields(call: Call, store: Project, body: t.Mapping[str, t.Any], kind: str) -> dict[str, t.Any]:
    """What is stored of a body, by its kind: the whole of it is checked for Kafka only."""
    _require_class(call, body, kind)
    if kind == "KAFKA":
        return kafka.checked_fields(body, lambda path: _exists(store, path))
    common = ("id", "name", "description", "featurestoreId", "storageConnectorType", "type")
    return {name: value for name, value in body.items() if name not in common and value is not None}


def _exists(project: Project, path: str) -> bool:
    bare = kafka.bare_path(path)
    return bare in project.files or bare in project.directories


def _stored(store: Project, name: str, body: t.Mapping[str, t.Any], kind: str, identifier: int) -> dict[str, t.Any]:
    record: dict[str, t.Any] = {"id": identifier, "name": name, "featurestoreId": store.featurestore_id}
    record["type"] = next(cls for cls, of in CLASSES.items() if of == kind)
    record["storageConnectorType"] = kind
    if body.get("description") is not None:
        record["description"] = body["description"]
    return record


@route("GET", STORE, SCOPES, PEOPLE)
def list_connectors(call: Call) -> Answer:
    store = owner_of_store(call)
    types = set(enabled_types(call.state))
    for text in call.request.query.get("filter_by", []):
        field, _colon, value = text.partition(":")
        if field.upper() == "TYPE":
            types &= {value.upper()}
    items = [record for record in list(store.connectors.values()) if record["storageConnectorType"] in types]
    field, _colon, direction = call.request.first("sort_by", "ID:asc").partition(":")
    key = "name" if field.upper() == "NAME" else "id"
    items.sort(key=lambda record: t.cast(t.Any, record[key]), reverse=direction.lower() == "desc")
    offset, limit = int(call.request.first("offset", "0")), int(call.request.first("limit", "0"))
    page = items[offset : offset + limit] if limit else items[offset:]
    href = f"/hopsworks-api/api/project/{call.the_project().id}/featurestores/{store.featurestore_id}/storageconnectors"
    return {"href": href, "items": [_readable(store, item) for item in page], "count": len(items)}


@route("GET", STORE + "/types", SCOPES)
def list_types(call: Call) -> Answer:
    return t.cast(list[t.Any], enabled_types(call.state))


@route("GET", STORE + "/onlinefeaturestore", SCOPES)
def online_connector(call: Call) -> Answer:
    store = owner_of_store(call)
    for record in list(store.connectors.values()):
        if record["name"].endswith("_onlinefeaturestore"):
            return record
    raise errors.ApiError(errors.CONNECTOR_NOT_FOUND)


@route("GET", STORE + "/kafka_connector/byok", SCOPES)
def effective_kafka_connector(call: Call) -> Answer:
    """The connector that clients use: the project's own, or a passing one for the Kafka that Hopsworks manages."""
    store = owner_of_store(call)
    record = store.connectors.get(KAFKA_CONNECTOR)
    if record is None or not call.state.variable_is_true("enable_bring_your_own_kafka"):
        return kafka.managed(store, external=call.request.first("external", "false").lower() == "true")
    if record["storageConnectorType"] != "KAFKA":
        raise errors.ApiError(errors.ILLEGAL_CONNECTOR_TYPE, "Storage connector type should be KAFKA")
    return {**_readable(store, record), "externalKafka": True}


@route("GET", STORE + "/{name}", SCOPES)
def get_connector(call: Call) -> Answer:
    store = owner_of_store(call)
    record = store.connectors.get(call.params["name"])
    if record is None:
        raise _not_found(call.params["name"])
    _require_enabled(call.state, record["storageConnectorType"])
    return _readable(store, record)


@route("POST", STORE, SCOPES, PEOPLE)
def create_connector(call: Call) -> Answer:
    store = owner_of_store(call)
    body, kind = _body(call)
    _require_data_owner(call, store, "create")
    _require_enabled(call.state, kind)
    name = body.get("name")
    if name in store.connectors:
        raise errors.ApiError(
            errors.ILLEGAL_CONNECTOR_NAME, f"Storage connector with the same name already exists. Name={name}"
        )
    if name == KAFKA_CONNECTOR and kind != "KAFKA":
        reserved = "The provided storage connector name is reserved exclusively for KAFKA connector."
        raise errors.ApiError(errors.ILLEGAL_CONNECTOR_NAME, reserved)
    if not isinstance(name, str) or not name:
        raise _illegal("ILLEGAL_FEATURE_NAME, the storage connector name cannot be empty")
    if len(name) > NAME_LENGTH:
        text = f"the name should be less than {NAME_LENGTH} characters, the provided name was: {name}"
        raise _illegal(f"ILLEGAL_FEATURE_NAME, {text}")
    _require_description(body)
    fields = _fields(call, store, body, kind)
    record = {**_stored(store, name, body, kind, call.state.next_connector_id()), **fields}
    store.connectors[name] = record
    store.secret_owners[name] = call.the_user().name
    call.state.save(store)
    return to_json(record, 201)


@route("PUT", STORE + "/{name}", SCOPES, PEOPLE)
def update_connector(call: Call) -> Answer:
    """Replaces the connector whole: what the body leaves out, passwords included, is gone.

    The secret keeps its owner (StorageConnectorUtil.updateProjectSecret).
    """
    store = owner_of_store(call)
    body, kind = _body(call)
    _require_enabled(call.state, kind)
    name = call.params["name"]
    if name.lower() != str(body.get("name")).lower():
        raise _illegal("Can not update connector name.")
    old = store.connectors.get(name)
    if old is None:
        raise _not_found(name)
    _require_data_owner(call, store, "update")
    _require_description(body)
    fields = _fields(call, store, body, old["storageConnectorType"])
    record = {**_stored(store, name, body, old["storageConnectorType"], old["id"]), **fields}
    store.connectors[name] = record
    call.state.save(store)
    return _readable(store, record)


@route("DELETE", STORE + "/{name}", SCOPES, PEOPLE)
def delete_connector(call: Call) -> Answer:
    """Removes the connector and the files of its stores, whoever else uses them. One that is absent is no error."""
    store = owner_of_store(call)
    record = store.connectors.get(call.params["name"])
    if record is None:
        return Response(200)
    _require_enabled(call.state, record["storageConnectorType"])
    _require_data_owner(call, store, "delete")
    for field in ("sslKeystoreLocation", "sslTruststoreLocation"):
        store.files.pop(kafka.bare_path(record.get(field) or ""), None)
    del store.connectors[record["name"]]
    store.secret_owners.pop(record["name"], None)
    call.state.save(store)
    return Response(200)


@route("POST", STORE + "/testConnection", SCOPES)
def test_connection(call: Call) -> Answer:
    owner_of_store(call)
    return {"connectionOutput": "", "statusCode": 0}
