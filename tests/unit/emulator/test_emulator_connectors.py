"""Storage connectors: what is accepted and kept, what is refused and in which order."""

from __future__ import annotations

import typing as t

import pytest

from tests.emulator.fixtures import Emulator
from tests.emulator.samples import kafka_connector, refusal, s3_connector, user_message

ARGUMENT = (400, 270136, "Illegal storage connector argument")
NAME = (400, 270030, "Illegal storage connector name")
GENERIC = (500, 120000, "A generic error occurred.")
FORBIDDEN = (403, 270024, "User is forbidden to enact these changes")
NOT_FOUND = (404, 270042, "Connector not found")
DISABLED = (400, 270214, "Storage connector type not enabled")
STORES = {
    "securityProtocol": "SSL",
    "sslTruststoreLocation": "/Projects/project_1/Resources/trust.jks",
    "sslTruststorePassword": "trust-secret",
    "sslKeystoreLocation": "hdfs:///Projects/project_1/Resources/key.jks",
    "sslKeystorePassword": "store-secret",
    "sslKeyPassword": "key-secret",
}


@pytest.fixture
def path(emulator: Emulator) -> str:
    emulator.upload("project_1", "trust.jks", b"trust")
    emulator.upload("project_1", "key.jks", b"key")
    return emulator.store_path("project_1")


# -------------------------------------------------------------------- accepted


def test_create_answers_201_with_what_is_then_read(emulator: Emulator, path: str) -> None:
    answer = emulator.api("POST", path, kafka_connector(**STORES, externalKafka=True, unknown=1))
    assert answer.status == 201
    created = answer.json()
    body = kafka_connector(**STORES)
    assert {name: created[name] for name in body} == body
    assert set(created) - set(body) == {"id", "featurestoreId"}
    assert created["featurestoreId"] == emulator.state("project_1")["featurestoreId"]
    assert emulator.api("GET", f"{path}/kafka_connector?temporaryCredentials=True").json() == created


def test_secrets_are_read_by_every_member_and_by_those_the_store_is_shared_with(emulator: Emulator) -> None:
    path = emulator.store_path("project_2")
    emulator.api("POST", path, kafka_connector(sslTruststorePassword="in-clear"))
    shared = f"{emulator.project_path('project_3')}/featurestores/{emulator.state('project_2')['featurestoreId']}"
    key = emulator.add_key("sci.secret", "sam", roles={"project_2": "Data scientist", "project_3": "Data scientist"})
    for read in (path, f"{shared}/storageconnectors"):
        assert emulator.api("GET", f"{read}/kafka_connector", key=key).json()["sslTruststorePassword"] == "in-clear"


def test_null_fields_are_left_out_and_no_options_are_an_empty_list(emulator: Emulator, path: str) -> None:
    created = emulator.api("POST", path, kafka_connector(description=None, options=None)).json()
    assert created["options"] == []
    assert "description" not in created
    assert None not in created.values()


@pytest.mark.parametrize(("sent", "kept"), [("", ""), ("https", "HTTPS"), ("HTTPS", "HTTPS")])
def test_the_endpoint_algorithm_as_it_is_kept(emulator: Emulator, path: str, sent: str, kept: str) -> None:
    created = emulator.api("POST", path, kafka_connector(sslEndpointIdentificationAlgorithm=sent)).json()
    assert created["sslEndpointIdentificationAlgorithm"] == kept


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL"])
def test_only_ssl_needs_its_files_to_be_there(emulator: Emulator, path: str, protocol: str) -> None:
    body = kafka_connector(securityProtocol=protocol, sslTruststoreLocation="/Projects/project_1/Resources/none.jks")
    assert emulator.api("POST", path, body).status == 201


def test_update_replaces_everything_and_wipes_what_is_left_out(emulator: Emulator, path: str) -> None:
    created = emulator.api("POST", path, kafka_connector(**STORES)).json()
    answer = emulator.api("PUT", f"{path}/kafka_connector", kafka_connector(description=None, bootstrapServers="c:1"))
    assert answer.status == 200
    updated = answer.json()
    assert updated["id"] == created["id"]
    assert updated["bootstrapServers"] == "c:1"
    assert not {name for name in updated if name.startswith("ssl")} - {"sslEndpointIdentificationAlgorithm"}
    assert "description" not in updated
    assert emulator.api("GET", f"{path}/kafka_connector").json() == updated


def test_delete_answers_200_without_a_body_and_takes_the_files_along(emulator: Emulator, path: str) -> None:
    emulator.api("POST", path, kafka_connector(**STORES))
    emulator.upload("project_1", "other.jks", b"other")
    for _again in range(2):
        answer = emulator.api("DELETE", f"{path}/kafka_connector")
        assert (answer.status, answer.body) == (200, b"")
    assert list(emulator.files("project_1")) == ["/Projects/project_1/Resources/other.jks"]
    assert refusal(emulator.api("GET", f"{path}/kafka_connector")) == NOT_FOUND


def test_delete_does_not_ask_who_else_uses_the_files(emulator: Emulator, path: str) -> None:
    emulator.api("POST", path, kafka_connector(**STORES))
    emulator.api("POST", path, kafka_connector(**STORES, name="second"))
    emulator.api("DELETE", f"{path}/second")
    assert emulator.files("project_1") == {}
    assert emulator.connector("project_1") is not None


# -------------------------------------------------------------------- lists


def test_the_list_with_filter_order_and_page(emulator: Emulator, path: str) -> None:
    for name in ("b", "a"):
        emulator.api("POST", path, kafka_connector(name=name))
    emulator.api("POST", path, s3_connector())

    def names(query: str) -> tuple[list[str], int]:
        listed = emulator.api("GET", path + query).json()
        assert set(listed) == {"href", "items", "count"}
        return [item["name"] for item in listed["items"]], listed["count"]

    made = ["project_1_Training_Datasets", "project_1_admin_onlinefeaturestore"]
    assert names("") == ([*made, "b", "a", "bucket"], 5)
    assert names("?filter_by=type:KAFKA") == (["b", "a"], 2)
    assert names("?filter_by=type:KAFKA&sort_by=ID:desc") == (["a", "b"], 2)
    assert names("?sort_by=NAME:asc&offset=1&limit=2") == (["b", "bucket"], 5)
    emulator.set_variables(enable_kafka_storage_connectors="false")
    assert names("") == ([*made, "bucket"], 3)


def test_the_types_that_are_enabled(emulator: Emulator, path: str) -> None:
    assert "KAFKA" in emulator.api("GET", f"{path}/types").json()
    emulator.set_variables(enable_kafka_storage_connectors="false")
    types = emulator.api("GET", f"{path}/types").json()
    assert "KAFKA" not in types
    assert {"S3", "JDBC", "HOPSFS"} <= set(types)


def test_the_online_feature_stores_connector_and_the_connection_test(emulator: Emulator, path: str) -> None:
    assert emulator.api("GET", f"{path}/onlinefeaturestore").json()["storageConnectorType"] == "JDBC"
    tested = emulator.api("POST", f"{path}/testConnection", kafka_connector()).json()
    assert set(tested) == {"connectionOutput", "statusCode"}


# -------------------------------------------------------------------- refused


def test_one_that_is_not_there(emulator: Emulator, path: str) -> None:
    answer = emulator.api("GET", f"{path}/nothing")
    assert refusal(answer) == NOT_FOUND
    assert user_message(answer) == "Cannot find storage connector with name: nothing"
    answer = emulator.api("PUT", f"{path}/nothing", kafka_connector(name="nothing"))
    assert refusal(answer) == NOT_FOUND
    assert user_message(answer) == "Cannot find storage connector with name: nothing"


def test_a_name_that_is_taken(emulator: Emulator, path: str) -> None:
    emulator.api("POST", path, kafka_connector())
    answer = emulator.api("POST", path, kafka_connector(bootstrapServers=None))
    assert refusal(answer) == NAME
    assert user_message(answer) == "Storage connector with the same name already exists. Name=kafka_connector"


def test_the_name_kafka_connector_is_for_kafka(emulator: Emulator, path: str) -> None:
    answer = emulator.api("POST", path, s3_connector(name="kafka_connector"))
    assert refusal(answer) == NAME
    assert "reserved exclusively for KAFKA connector." in str(user_message(answer))


@pytest.mark.parametrize("name", [None, "", "n" * 1001])
def test_names_that_are_empty_or_too_long(emulator: Emulator, path: str, name: str | None) -> None:
    assert refusal(emulator.api("POST", path, kafka_connector(name=name))) == ARGUMENT
    assert emulator.api("POST", path, kafka_connector(name="any / name, even this" + "n" * 979)).status == 201


@pytest.mark.parametrize("length", [1000, 1001])
def test_the_length_of_a_description(emulator: Emulator, path: str, length: int) -> None:
    answer = emulator.api("POST", path, kafka_connector(description="d" * length))
    if length == 1000:
        assert answer.status == 201
    else:
        assert refusal(answer) == ARGUMENT


SSL = {**STORES}
CHECKS: list[tuple[dict[str, t.Any], str]] = [
    ({"bootstrapServers": None}, "Bootstrap server string cannot be null or empty."),
    ({"bootstrapServers": ""}, "Bootstrap server string cannot be null or empty."),
    ({"securityProtocol": None}, "Kafka security protocol cannot be null or empty."),
    (
        {"bootstrapServers": "b" * 1001},
        "Bootstrap server string is too long, can be maximum 1000 characters.",
    ),
    (
        {"options": [{"name": "a", "value": "v" * 1980}]},
        "Additional Kafka Option list is too long, please raise an Issue with the Hopsworks team.",
    ),
    ({**SSL, "sslTruststoreLocation": None}, "Truststore location is mandatory"),
    (
        {**SSL, "sslTruststoreLocation": "/Projects/project_1/Resources/none.jks"},
        "Truststore location does not exists",
    ),
    ({**SSL, "sslKeystoreLocation": ""}, "Keystore location is mandatory"),
    ({**SSL, "sslKeystoreLocation": "/Projects/project_1/Resources/none.jks"}, "Keystore location does not exists"),
    ({**SSL, "sslKeyPassword": None}, "Key password cannot be null or empty for Kafka SSL Security Policy."),
]


@pytest.mark.parametrize(("changes", "message"), CHECKS)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_kafkas_own_checks(emulator: Emulator, path: str, method: str, changes: dict[str, t.Any], message: str) -> None:
    if method == "PUT":
        emulator.api("POST", path, kafka_connector())
    before = emulator.connector("project_1")
    answer = emulator.api(method, path if method == "POST" else f"{path}/kafka_connector", kafka_connector(**changes))
    assert refusal(answer) == ARGUMENT
    assert user_message(answer) == message
    assert emulator.connector("project_1") == before


def test_lengths_that_are_just_right(emulator: Emulator, path: str) -> None:
    # As Java counts: a letter with an accent is one, a character beyond the first 65,536 is two.
    value = "é" * (1998 - len('[{"name":"a","value":""}]')) + "\N{GRINNING FACE}"
    options = [{"name": "a", "value": value}]
    longer = [{"name": "a", "value": value + "v"}]
    assert refusal(emulator.api("POST", path, kafka_connector(options=longer))) == ARGUMENT
    assert emulator.api("POST", path, kafka_connector(bootstrapServers="b" * 1000, options=options)).status == 201


def test_the_order_of_kafkas_checks(emulator: Emulator, path: str) -> None:
    wrong: dict[str, t.Any] = {
        "bootstrapServers": None,
        "securityProtocol": None,
        "options": [{"name": "a", "value": "v" * 2000}],
    }
    cures: list[dict[str, t.Any]] = [
        {"bootstrapServers": "b" * 1001},
        {"securityProtocol": "SSL"},
        {"bootstrapServers": "b"},
        {"options": None},
        {"sslTruststoreLocation": STORES["sslTruststoreLocation"]},
        {"sslKeystoreLocation": STORES["sslKeystoreLocation"]},
    ]
    messages = []
    for cure in [{}, *cures]:
        wrong.update(cure)
        answer = emulator.api("POST", path, kafka_connector(**wrong, sslEndpointIdentificationAlgorithm=None))
        messages.append(str(user_message(answer)).split(" ", maxsplit=1)[0])
    assert messages == ["Bootstrap", "Kafka", "Bootstrap", "Additional", "Truststore", "Keystore", "Key"]
    wrong["sslKeyPassword"] = "secret"
    answer = emulator.api("POST", path, kafka_connector(**wrong, sslEndpointIdentificationAlgorithm=None))
    assert refusal(answer) == GENERIC


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_endpoint_algorithm_is_never_null_and_never_another(emulator: Emulator, path: str, method: str) -> None:
    if method == "PUT":
        emulator.api("POST", path, kafka_connector())
        path += "/kafka_connector"
    answer = emulator.api(method, path, kafka_connector(sslEndpointIdentificationAlgorithm=None))
    assert refusal(answer) == GENERIC
    answer = emulator.api(method, path, kafka_connector(sslEndpointIdentificationAlgorithm="none"))
    assert refusal(answer) == (422, 120001, "An argument was not provided or it was malformed.")
    assert user_message(answer) == "Invalid ssl endpoint identification algorithm provided"


@pytest.mark.parametrize("given", [None, "featurestoreKafkaConnectorDTO", "featurestoreS3ConnectorDTO", "KAFKA"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_another_class_name_or_none(emulator: Emulator, path: str, method: str, given: str | None) -> None:
    if method == "PUT":
        emulator.api("POST", path, kafka_connector())
        path += "/kafka_connector"
    assert refusal(emulator.api(method, path, kafka_connector(type=given))) == GENERIC


def test_the_python_clients_class_name_passes_in_lenient_mode_only(emulator: Emulator, path: str) -> None:
    emulator.control("PUT", "settings", {"lenient_types": True})
    answer = emulator.api("POST", path, kafka_connector(type="featurestoreKafkaConnectorDTO"))
    assert answer.status == 201
    assert answer.json()["type"] == "featureStoreKafkaConnectorDTO"


def test_without_a_storage_connector_type(emulator: Emulator, path: str) -> None:
    assert refusal(emulator.api("POST", path, kafka_connector(storageConnectorType=None))) == GENERIC


@pytest.mark.parametrize(
    "changes", [{"securityProtocol": "TLS"}, {"storageConnectorType": "KAFKAS"}, {"options": "a=b"}, {"options": ["a"]}]
)
def test_bodies_that_cannot_be_read(emulator: Emulator, path: str, changes: dict[str, t.Any]) -> None:
    answer = emulator.api("POST", path, kafka_connector(**changes))
    assert (answer.status, answer.headers["content-type"]) == (400, "text/plain")


def test_a_body_that_is_no_json(emulator: Emulator, path: str) -> None:
    headers = {"Authorization": f"ApiKey {emulator.api_key}"}
    assert emulator.send("POST", f"/hopsworks-api/api{path}", b"{", headers).status == 400


def test_a_type_that_is_disabled(emulator: Emulator, path: str) -> None:
    emulator.api("POST", path, kafka_connector())
    emulator.set_variables(enable_kafka_storage_connectors="false")
    calls: list[tuple[str, str, dict[str, t.Any] | None]] = [
        ("GET", "/kafka_connector", None),
        ("POST", "", kafka_connector(name="new")),
        ("PUT", "/kafka_connector", kafka_connector()),
        ("DELETE", "/kafka_connector", None),
    ]
    for method, below, body in calls:
        answer = emulator.api(method, path + below, body)
        assert refusal(answer) == DISABLED, method
        assert user_message(answer) == "Storage connector type 'KAFKA' is not enabled"
    assert emulator.connector("project_1") is not None


@pytest.mark.parametrize(
    ("method", "action"), [("POST", "create"), ("PUT", "update"), ("DELETE", "delete")], ids=lambda value: value
)
def test_a_data_scientist_reads_and_may_not_write(
    emulator: Emulator, path: str, scientist: str, method: str, action: str
) -> None:
    emulator.api("POST", path, kafka_connector())
    assert emulator.api("GET", f"{path}/kafka_connector", key=scientist).status == 200
    below = "" if method == "POST" else "/kafka_connector"
    answer = emulator.api(method, path + below, kafka_connector(), key=scientist)
    assert refusal(answer) == FORBIDDEN
    message = str(user_message(answer))
    identifier = emulator.state("project_1")["featurestoreId"]
    assert message.startswith(f"project: project_1, featurestoreId: {identifier}, userRole: Data scientist")
    assert action in message


def test_a_shared_store_is_read_only_even_for_the_owner_of_both(emulator: Emulator) -> None:
    own = emulator.store_path("project_2")
    emulator.api("POST", own, kafka_connector())
    shared = own.replace(emulator.project_path("project_2") + "/", emulator.project_path("project_3") + "/")
    assert emulator.api("GET", f"{shared}/kafka_connector").status == 200
    assert refusal(emulator.api("POST", shared, kafka_connector(name="new"))) == FORBIDDEN
    assert refusal(emulator.api("PUT", f"{shared}/kafka_connector", kafka_connector())) == FORBIDDEN
    assert refusal(emulator.api("DELETE", f"{shared}/kafka_connector")) == FORBIDDEN


def test_a_name_cannot_be_changed(emulator: Emulator, path: str) -> None:
    emulator.api("POST", path, kafka_connector())
    answer = emulator.api("PUT", f"{path}/kafka_connector", kafka_connector(name="another"))
    assert refusal(answer) == ARGUMENT
    assert user_message(answer) == "Can not update connector name."
    answer = emulator.api("PUT", f"{path}/kafka_connector", kafka_connector(name="KAFKA_connector"))
    assert answer.json()["name"] == "kafka_connector"


def test_the_order_of_checks_on_create(emulator: Emulator, path: str, scientist: str) -> None:
    """Owner, type enabled, duplicate, reserved name, name, description, then Kafka's checks, the class last of all."""
    emulator.api("POST", path, kafka_connector())
    emulator.set_variables(enable_kafka_storage_connectors="false")
    body = kafka_connector(description="d" * 1001, bootstrapServers=None)
    assert refusal(emulator.api("POST", path, body, scientist)) == FORBIDDEN
    assert refusal(emulator.api("POST", path, body)) == DISABLED
    emulator.set_variables(enable_kafka_storage_connectors="true")
    assert refusal(emulator.api("POST", path, body)) == NAME
    emulator.api("DELETE", f"{path}/kafka_connector")
    assert "FEATURE_DESCRIPTION" in str(user_message(emulator.api("POST", path, body)))
    body["name"] = ""
    assert "FEATURE_NAME" in str(user_message(emulator.api("POST", path, body)))


def test_the_order_of_checks_on_update(emulator: Emulator, path: str, scientist: str) -> None:
    """Type enabled, name in the body, found, owner, description, then Kafka's checks."""
    emulator.set_variables(enable_kafka_storage_connectors="false")
    body = kafka_connector(name="other", description="d" * 1001, bootstrapServers=None)
    put = f"{path}/kafka_connector"
    assert refusal(emulator.api("PUT", put, body, scientist)) == DISABLED
    emulator.set_variables(enable_kafka_storage_connectors="true")
    assert user_message(emulator.api("PUT", put, body, scientist)) == "Can not update connector name."
    body["name"] = "kafka_connector"
    assert refusal(emulator.api("PUT", put, body, scientist)) == NOT_FOUND
    emulator.api("POST", path, kafka_connector())
    assert refusal(emulator.api("PUT", put, body, scientist)) == FORBIDDEN
    assert "FEATURE_DESCRIPTION" in str(user_message(emulator.api("PUT", put, body)))


def test_delete_of_one_that_is_absent_asks_for_nothing(emulator: Emulator, path: str, scientist: str) -> None:
    emulator.set_variables(enable_kafka_storage_connectors="false")
    assert emulator.api("DELETE", f"{path}/nothing", key=scientist).status == 200


def test_a_connector_of_another_type_keeps_its_fields(emulator: Emulator, path: str) -> None:
    created = emulator.api("POST", path, s3_connector())
    assert (created.status, created.json()["bucket"]) == (201, "data")
    assert emulator.api("PUT", f"{path}/bucket", s3_connector(bucket="moved")).json()["bucket"] == "moved"
    # Its class is that of the stored connector, whatever the body says.
    assert refusal(emulator.api("PUT", f"{path}/bucket", kafka_connector(name="bucket"))) == GENERIC


# ------------------------------------------------- a secret whose owner has left, and service users


UNREADABLE = (500, 270126, "Error retrieving the storage connector")


@pytest.fixture
def orphan(emulator: Emulator, path: str) -> str:
    """The path of a connector whose secret belongs to a user who has left the project since."""
    key = emulator.add_key("own.secret", "olga", roles={"project_1": "Data owner"})
    assert emulator.api("POST", path, kafka_connector(), key=key).status == 201
    emulator.add_key("own.secret", "olga", roles={})
    return f"{path}/kafka_connector"


def test_without_the_owner_of_its_secret_nobody_reads_a_connector(emulator: Emulator, path: str, orphan: str) -> None:
    emulator.set_variables(enable_bring_your_own_kafka="true")
    for route in (orphan, path, f"{orphan}/byok?external=true"):
        answer = emulator.api("GET", route)
        assert refusal(answer) == UNREADABLE
        assert user_message(answer).startswith("Unable to retrieve Secret kafka_kafka_connector_1000067 ")
    emulator.set_variables(enable_bring_your_own_kafka="false")
    assert emulator.api("GET", f"{orphan}/byok").json()["id"] == -1


def test_an_update_keeps_the_owner_of_the_secret(emulator: Emulator, orphan: str) -> None:
    body = kafka_connector(bootstrapServers="written:9092")
    assert refusal(emulator.api("PUT", orphan, body)) == UNREADABLE
    stored = emulator.connector("project_1")
    assert stored is not None and stored["bootstrapServers"] == "written:9092"
    emulator.add_key("own.secret", "olga", roles={"project_1": "Data scientist"})
    assert emulator.api("GET", orphan).json()["bootstrapServers"] == "written:9092"


def test_a_delete_reads_no_secret_and_a_new_connector_has_a_new_owner(
    emulator: Emulator, path: str, orphan: str
) -> None:
    assert emulator.api("DELETE", orphan).status == 200
    assert emulator.api("POST", path, kafka_connector()).status == 201
    assert emulator.api("GET", orphan).status == 200


def test_a_service_user_reads_one_connector_but_neither_lists_nor_writes(emulator: Emulator, path: str) -> None:
    emulator.api("POST", path, kafka_connector())
    roles = {"project_1": "Data owner"}
    key = emulator.add_key("ser.secret", "service", roles=roles, platform_roles=["HOPS_SERVICE_USER"])
    one, role = f"{path}/kafka_connector", (403, 320003, "No valid role found for this invocation")
    assert emulator.api("GET", one, key=key).status == 200
    assert emulator.api("GET", f"{one}/byok", key=key).status == 200
    for method, route, body in (
        ("GET", path, None),
        ("POST", path, kafka_connector()),
        ("PUT", one, kafka_connector()),
        ("DELETE", one, None),
    ):
        assert refusal(emulator.api(method, route, body, key=key)) == role
    assert emulator.api("GET", "/project/getAll", key=key).status == 200
