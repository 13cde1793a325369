"""The declaration: what is taken, how it is normalised, and what is refused before anything is written."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import (
    declaration,
    dialect_java,
    jaas,
    java_file,
    validation,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import store_types, stores
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.kafka import pki

SERVERS = {"bootstrap.servers": "kafka:9092"}
PLAIN_LOGIN = f'{jaas.PLAIN_MODULE} required username="alice" password="S3CRET";'
SCRAM_LOGIN = f'{jaas.SCRAM_MODULE} required username="alice" password="S3CRET";'
PLAIN = {**SERVERS, "security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.jaas.config": PLAIN_LOGIN}
SCRAM = {**PLAIN, "sasl.mechanism": "SCRAM-SHA-512", "sasl.jaas.config": SCRAM_LOGIN}


def truststore() -> declaration.StoreOption:
    return t.cast(declaration.StoreOption, declaration.store_option("truststore", {"content": pki.authority().pem}))


def keystore() -> declaration.StoreOption:
    content = pki.client().key_pem() + pki.client().pem
    return t.cast(declaration.StoreOption, declaration.store_option("keystore", {"content": content}))


def refusal(properties: dict[str, t.Any], *options: declaration.StoreOption | None) -> InputError:
    with pytest.raises(InputError) as raised:
        declaration.declare(properties, *options)
    assert "S3CRET" not in str(raised.value)
    return raised.value


# --- values ----------------------------------------------------------------------------------------------------------


def test_values_become_what_kafka_writes() -> None:
    declared = declaration.declare(
        {
            "bootstrap.servers": ["a:1", "b:2"],
            "enable.auto.commit": False,
            "check.crcs": True,
            "max.poll.records": 500,
            "sasl.login.refresh.window.factor": 0.8,
            "client.id": None,
            "client.rack": "",
        }
    )
    assert declared.properties == {
        "bootstrap.servers": "a:1,b:2",
        "enable.auto.commit": "false",
        "check.crcs": "true",
        "max.poll.records": "500",
        "sasl.login.refresh.window.factor": "0.8",
        "client.rack": "",
        "security.protocol": "PLAINTEXT",
    }
    assert declared.notes == ()


@pytest.mark.parametrize("value", [{"a": 1}, [{"a": 1}], object()])
def test_values_that_are_no_text_are_refused(value: object) -> None:
    assert refusal({**SERVERS, "client.id": value}).subject == "property client.id"


@pytest.mark.parametrize("item", [("client.id", "S3CRET\ud800"), ("client\udc00", "S3CRET")])
def test_half_a_character_is_refused(item: tuple[str, str]) -> None:
    error = refusal({**SERVERS, item[0]: item[1]})
    assert "half of a character" in error.cause and error.subject.startswith("property 'client")
    str(error).encode()


@pytest.mark.parametrize("name", ["", " client.id", "client id", 1])
def test_names_that_cannot_be_are_refused(name: t.Any) -> None:
    assert "not a name" in refusal({**SERVERS, name: "x"}).cause


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max.poll.records", "many"),
        ("max.poll.records", ""),
        ("linger.ms", "1.5"),
        ("linger.ms", "5 ms"),
        ("sasl.login.refresh.window.factor", "half"),
        ("enable.auto.commit", "yes"),
        ("ssl.endpoint.identification.algorithm", "none"),
        ("ssl.enabled.protocols", "TLSv1,TLSv1.1"),
        ("ssl.enabled.protocols", "TLSv1.2,TLSv1.4"),
        ("ssl.protocol", "TLSv1.4"),
        ("ssl.cipher.suites", "ECDHE-RSA-AES256-GCM-SHA384"),
        ("ssl.cipher.suites", "SSL_RSA_WITH_RC4_128_MD5"),
    ],
)
def test_values_that_kafka_would_refuse_are_refused(name: str, value: str) -> None:
    assert refusal({**SERVERS, "security.protocol": "SSL", name: value}).subject == f"property {name}"


def test_values_that_kafka_takes_are_taken() -> None:
    declaration.declare(
        {**SERVERS, "linger.ms": " 5 ", "retries": "0", "send.buffer.bytes": "-1", "enable.auto.commit": "TRUE"}
    )
    declaration.declare({**SERVERS, "ssl.endpoint.identification.algorithm": ""})
    declaration.declare({**SERVERS, "ssl.endpoint.identification.algorithm": "HTTPS"})
    declaration.declare(
        {**SERVERS, "group.protocol": "Consumer", "acks": "all", "auto.offset.reset": "by_duration:P1D"}
    )


@pytest.mark.parametrize(
    ("name", "good", "bad", "remedy"),
    [
        ("retries", ("0", "2147483647"), ("-1", "2147483648"), "Give a number between 0 and 2147483647"),
        ("send.buffer.bytes", ("-1", "2147483647"), ("-2",), "Give a number between -1 and 2147483647"),
        ("session.timeout.ms", ("2147483647",), ("2147483648",), "Give a number between -2147483648 and 2147483647"),
        ("linger.ms", ("0", f"{2**63 - 1}"), ("-1", f"{2**63}"), f"Give a number between 0 and {2**63 - 1}"),
        ("sasl.login.refresh.buffer.seconds", ("3600",), ("3601",), "Give a number between 0 and 3600"),
        ("sasl.login.refresh.window.factor", ("0.5", "1"), ("0.49", "1.1"), "Give a number between 0.5 and 1.0"),
        ("linger.ms", ("5", "+5"), ("5.0", "x", "9" * 41, ""), "Give a number"),
        ("acks", ("all", "1"), ("ALL", "2"), "Give one of -1, 0, 1, all"),
        ("isolation.level", ("read_committed",), ("committed",), "Give one of read_committed, read_uncommitted"),
    ],
)
def test_values_outside_of_kafkas_bounds_are_refused(
    name: str, good: tuple[str, ...], bad: tuple[str, ...], remedy: str
) -> None:
    for value in good:
        declaration.declare({**SERVERS, name: value})
    for value in bad:
        error = refusal({**SERVERS, name: value})
        assert (error.subject, error.remedy) == (f"property {name}", remedy)


def test_a_secret_in_the_wrong_property_is_not_quoted() -> None:
    for name in ("bootstrap.servers", "security.protocol", "acks", "sasl.mechanism", "linger.ms", "check.crcs"):
        assert "S3CRET" not in str(refusal({**PLAIN, name: PLAIN["sasl.jaas.config"]}))
    assert "S3CRET" not in str(refusal({**SERVERS, "bootstrap.servers": "user:S3CRET@host:9092"}))


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ("kafka:9092", "kafka:9092"),
        (" a.example.com:1 , b-2:65535,", "a.example.com:1,b-2:65535"),
        ("10.0.0.1:9092", "10.0.0.1:9092"),
        ("[::1]:9092,[fe80::1%eth0]:9093", "[::1]:9092,[fe80::1%eth0]:9093"),
        ("SASL_SSL://kafka_1:9092", "kafka_1:9092"),
        (":9092", "localhost:9092"),
        ("fe80::1:9092", "[fe80::1]:9092"),
    ],
)
def test_servers(servers: str, expected: str) -> None:
    assert declaration.declare({"bootstrap.servers": servers}).properties["bootstrap.servers"] == expected


NO_SERVERS = [
    "",
    " , ",
    "kafka",
    "kafka:",
    ":",
    "kafka:0",
    "kafka:65536",
    "kafka:90920000",
    "kafka:\uff19",
    "a b:1",
]
NO_SERVERS += ["a:1;b:2", "::1", "[::1]", "kafka:9092/path", "http://", "[kafka]:9092", "-a:1", "a-:1"]


@pytest.mark.parametrize("servers", NO_SERVERS)
def test_servers_that_are_none(servers: str) -> None:
    assert refusal({"bootstrap.servers": servers}).subject == "property bootstrap.servers"


def test_servers_are_needed() -> None:
    assert refusal({}).cause == "missing"


# --- protocol, stores and login --------------------------------------------------------------------------------------

TRUST, KEY = "truststore", "keystore"


@pytest.mark.parametrize("protocol", validation.PROTOCOLS)
@pytest.mark.parametrize("given_stores", [(), (TRUST,), (KEY,), (TRUST, KEY)])
@pytest.mark.parametrize("login", [None, "PLAIN"])
def test_protocol_stores_and_login_go_together(protocol: str, given_stores: tuple[str, ...], login: str | None) -> None:
    properties: dict[str, str] = {**SERVERS, "security.protocol": protocol.lower()}
    if login:
        properties.update({"sasl.mechanism": login, "sasl.jaas.config": PLAIN_LOGIN})
    options = (truststore() if TRUST in given_stores else None, keystore() if KEY in given_stores else None)
    works = (protocol.endswith("SSL") or not given_stores) and (bool(login) or not protocol.startswith("SASL"))
    if not works:
        assert refusal(properties, *options).subject in ("property security.protocol", "property sasl.mechanism")
        return
    declared = declaration.declare(properties, *options)
    assert declared.properties["security.protocol"] == protocol
    assert (declared.truststore is not None, declared.keystore is not None) == (
        TRUST in given_stores,
        KEY in given_stores,
    )
    unused = login and not protocol.startswith("SASL")
    assert [note.partition(":")[0] for note in declared.notes] == (
        ["property sasl.jaas.config", "property sasl.mechanism"] if unused else []
    )


def test_protocols_that_are_none() -> None:
    error = refusal({**SERVERS, "security.protocol": "TLS"})
    assert (error.subject, error.cause) == ("property security.protocol", "Kafka's clients refuse the value")
    (note,) = declaration.declare({**SERVERS, "ssl.truststore.location": "/a.jks"}).notes
    assert note.startswith("property ssl.truststore.location: PLAINTEXT uses no certificates, so it has no effect")


@pytest.mark.parametrize(
    ("changes", "subject", "cause"),
    [
        ({"sasl.mechanism": None}, "sasl.mechanism", "missing; Kafka's default is GSSAPI (Kerberos)"),
        ({"sasl.mechanism": "SCRAM-SHA512"}, "sasl.mechanism", "unknown mechanism"),
        ({"sasl.mechanism": "plain"}, "sasl.mechanism", "unknown mechanism"),
        ({"sasl.jaas.config": None}, "sasl.jaas.config", "missing, and sasl.mechanism PLAIN needs it"),
        ({"sasl.jaas.config": PLAIN_LOGIN[:-1]}, None, "the semicolon at its end is missing"),
        (
            {"sasl.mechanism": "SCRAM-SHA-256"},
            "sasl.jaas.config",
            f"the login module {jaas.PLAIN_MODULE} does not match",
        ),
        (
            {"sasl.jaas.config": SCRAM_LOGIN},
            "sasl.jaas.config",
            f"the login module {jaas.SCRAM_MODULE} does not match",
        ),
        ({"sasl.jaas.config": PLAIN_LOGIN.replace("PlainLogin", "PlainLogn")}, "sasl.jaas.config", "the login module"),
        (
            {"sasl.jaas.config": f'{jaas.PLAIN_MODULE} required password="S3CRET";'},
            "sasl.jaas.config",
            "username is missing",
        ),
        (
            {"sasl.jaas.config": f'{jaas.PLAIN_MODULE} required username="a";'},
            "sasl.jaas.config",
            "password is missing",
        ),
        (
            {"sasl.jaas.config": f'{jaas.PLAIN_MODULE} required username="a" password="";'},
            "sasl.jaas.config",
            "password is empty, and Kafka's brokers refuse that",
        ),
    ],
)
def test_logins_that_cannot_work(changes: dict[str, str | None], subject: str | None, cause: str) -> None:
    error = refusal({**PLAIN, **changes})
    assert error.subject == (f"property {subject}" if subject else "sasl.jaas.config")
    assert error.cause.startswith(cause)


def test_a_near_miss_gets_a_suggestion() -> None:
    assert refusal({**PLAIN, "sasl.mechanism": "plain"}).remedy == "Did you mean PLAIN?"
    assert refusal({**PLAIN, "sasl.mechanism": "SCRAM_SHA_512"}).remedy == "Did you mean SCRAM-SHA-512?"
    assert refusal({**PLAIN, "sasl.mechanism": "DIGEST-MD5"}).remedy.startswith("Give one of PLAIN, ")


def test_logins_of_every_mechanism() -> None:
    krb = f'{jaas.KERBEROS_MODULE} required useKeyTab=true keyTab="/etc/a.keytab" principal="a@B";'
    for mechanism, login, more in (
        ("PLAIN", PLAIN_LOGIN, {}),
        ("SCRAM-SHA-256", SCRAM_LOGIN, {}),
        ("SCRAM-SHA-512", SCRAM_LOGIN, {}),
        ("OAUTHBEARER", f'{jaas.OAUTH_MODULE} required unsecuredLoginStringClaim_sub="alice";', {}),
    ):
        assert (
            declaration.declare({**PLAIN, "sasl.mechanism": mechanism, "sasl.jaas.config": login, **more}).notes == ()
        )
    handler = "sasl.login.callback.handler.class"
    msk = {"sasl.client.callback.handler.class": "software.amazon.msk.X"}
    for mechanism, login, more, told in (
        ("GSSAPI", krb, {"sasl.kerberos.service.name": "kafka"}, "Java fetches a Kerberos ticket"),
        ("AWS_MSK_IAM", f"{jaas.MSK_IAM_MODULE} required;", msk, "the jar aws-msk-iam-auth"),
        ("OAUTHBEARER", f"{jaas.OAUTH_MODULE} required;", {handler: "com.example.Mine"}, "on its class path"),
    ):
        (note,) = declaration.declare({**PLAIN, "sasl.mechanism": mechanism, "sasl.jaas.config": login, **more}).notes
        assert told in note
    assert refusal({**PLAIN, "sasl.mechanism": "GSSAPI", "sasl.jaas.config": krb}).subject == (
        "property sasl.kerberos.service.name"
    )


def test_a_login_module_of_others_is_told_of() -> None:
    login = PLAIN_LOGIN.replace(jaas.PLAIN_MODULE, "com.example.VaultLogin")
    (note,) = declaration.declare({**PLAIN, "sasl.jaas.config": login}).notes
    told = "property sasl.jaas.config: the login module com.example.VaultLogin is not one of Kafka's own: Java needs it"
    assert note.startswith(told)


def test_oauth() -> None:
    oauth = {**PLAIN, "sasl.mechanism": "OAUTHBEARER"}
    login = f'{jaas.OAUTH_MODULE} required clientId="a" clientSecret="S3CRET";'
    error = refusal({**oauth, "sasl.jaas.config": login})
    assert error.remedy == "Give sasl.oauthbearer.token.endpoint.url"
    url = {"sasl.oauthbearer.token.endpoint.url": "https://id.example.com/token"}
    (note,) = declaration.declare({**oauth, **url, "sasl.jaas.config": login}).notes
    assert "sasl.login.callback.handler.class" in note
    package = "org.apache.kafka.common.security.oauthbearer"
    handler = {"sasl.login.callback.handler.class": f"{package}.OAuthBearerLoginCallbackHandler"}
    (note,) = declaration.declare({**oauth, **url, **handler, "sasl.jaas.config": login}).notes
    assert "org.apache.kafka.sasl.oauthbearer.allowed.urls" in note
    older = {"sasl.login.callback.handler.class": f"{package}.secured.OAuthBearerLoginCallbackHandler"}
    note, _other = declaration.declare({**oauth, **url, **older, "sasl.jaas.config": login}).notes
    assert "clients from Kafka 4.0 on refuse this class" in note
    assert (
        "clientSecret is missing"
        in refusal({**oauth, **url, **handler, "sasl.jaas.config": f'{jaas.OAUTH_MODULE} required clientId="a";'}).cause
    )
    no_scheme = {**handler, "sasl.oauthbearer.token.endpoint.url": "id.example.com/token"}
    assert "not an address" in refusal({**oauth, **no_scheme, "sasl.jaas.config": login}).cause
    newer = {
        "sasl.oauthbearer.client.credentials.client.id": "a",
        "sasl.oauthbearer.client.credentials.client.secret": "S3CRET",
        "sasl.jaas.config": None,
    }
    declared = declaration.declare({**oauth, **url, **handler, **newer})
    assert declared.properties["sasl.jaas.config"] == f"{jaas.OAUTH_MODULE} required;"


@pytest.mark.parametrize(
    ("properties", "subject"),
    [
        ({"enable.idempotence": True, "acks": 1}, "acks"),
        ({"enable.idempotence": True, "retries": 0}, "retries"),
        (
            {"enable.idempotence": True, "max.in.flight.requests.per.connection": 6},
            "max.in.flight.requests.per.connection",
        ),
        ({"enable.idempotence": False, "transactional.id": "x"}, "enable.idempotence"),
        ({"group.id": "g", "heartbeat.interval.ms": 3000, "session.timeout.ms": 3000}, "heartbeat.interval.ms"),
        ({"group.id": "g", "session.timeout.ms": 3000}, "session.timeout.ms"),
        ({"delivery.timeout.ms": 10000}, "delivery.timeout.ms"),
        ({"transactional.id": "x", "acks": 1}, "acks"),
    ],
)
def test_contradictions(properties: dict[str, t.Any], subject: str) -> None:
    assert refusal({**SERVERS, **properties}).subject == f"property {subject}"


def test_what_only_looks_like_a_contradiction() -> None:
    declaration.declare({**SERVERS, "enable.idempotence": True, "acks": -1})
    declaration.declare({**SERVERS, "heartbeat.interval.ms": 99999999})
    declaration.declare({**SERVERS, "heartbeat.interval.ms": 3000, "session.timeout.ms": 3000})
    declaration.declare({**SERVERS, "delivery.timeout.ms": 30005})
    declaration.declare({**SERVERS, "request.timeout.ms": 600000, "acks": "all"})


def test_what_one_release_refuses_is_told_with_the_release() -> None:
    for properties, told in (
        ({"auto.offset.reset": "by_duration:P1D"}, "consumers of Kafka 3.4, not those of 4.4, refuse it"),
        ({"compression.gzip.level": "10"}, "producers of Kafka 4.4, not those of 3.4, refuse it"),
        ({"delivery.timeout.ms": 30000}, "producers of Kafka 4.4, not those of 3.4, refuse it"),
        (
            {"group.protocol": "consumer", "session.timeout.ms": 9000},
            "consumers of Kafka 4.4, not those of 3.4, refuse it",
        ),
    ):
        (note,) = declaration.declare({**SERVERS, **properties}).notes
        assert told in note
    (note,) = declaration.declare({**SERVERS, "default.api.timeout.ms": 10, "group.id": "g"}).notes
    assert "admin clients of Kafka 3.4 and 4.4 refuse it" in note


def test_blanks_are_trimmed_as_java_trims_them() -> None:
    declared = declaration.declare({**PLAIN, "sasl.mechanism": "PLAIN \t", "my.own": " x "})
    assert (declared.properties["sasl.mechanism"], declared.properties["my.own"]) == ("PLAIN", " x ")


def test_a_placeholder_of_a_config_provider_is_refused() -> None:
    properties = {**PLAIN, "ssl.key.password": "${file:/a:key}"}
    declaration.declare({**SERVERS, "client.id": "${file:/a:key}"})
    error = refusal({**properties, "config.providers": "file"})
    assert (error.subject, "placeholder" in error.cause) == ("property ssl.key.password", True)


def test_unknown_names_are_told_of_and_librdkafka_names_refused() -> None:
    notes = declaration.declare({**SERVERS, "max.pol.records": 5, "my.own": 1}).notes
    assert notes == (
        "property max.pol.records: unknown to Kafka's clients, passed on unchanged; did you mean max.poll.records?",
        "property my.own: unknown to Kafka's clients, passed on unchanged",
    )
    error = refusal({**PLAIN, "sasl.password": "S3CRET"})
    assert (error.subject, error.remedy) == ("property sasl.password", "Give password in sasl.jaas.config")


# --- stores in properties --------------------------------------------------------------------------------------------


def test_inline_pem_is_a_store() -> None:
    properties = {
        **SERVERS,
        "security.protocol": "SSL",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": pki.authority().pem,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.key": pki.client().key_pem("S3CRET"),
        "ssl.keystore.certificate.chain": pki.client().pem + pki.intermediate().pem,
        "ssl.key.password": "S3CRET",
    }
    declared = declaration.declare(properties)
    assert set(declared.properties) == {"bootstrap.servers", "security.protocol"}
    assert declared.truststore and declared.truststore.certificates == (pki.authority().der,)
    assert declared.keystore and declared.keystore.chain == (pki.client().der, pki.intermediate().der)
    assert declared.keystore.private_key == pki.client().key_der


def test_a_store_is_given_once() -> None:
    ssl = {**SERVERS, "security.protocol": "SSL"}
    assert refusal({**ssl, "ssl.truststore.location": "/a.jks"}, truststore()).subject == "option truststore"
    assert (
        refusal({**ssl, "ssl.truststore.certificates": pki.authority().pem}, truststore()).subject
        == "option truststore"
    )
    both = {"ssl.truststore.certificates": pki.authority().pem, "ssl.truststore.location": "/a.jks"}
    assert refusal({**ssl, **both}).subject == "property ssl.truststore.certificates"


def test_passwords_of_a_store_may_stand_in_the_properties() -> None:
    ssl = {**SERVERS, "security.protocol": "SSL", "ssl.truststore.password": "from properties"}
    declared = declaration.declare(ssl, truststore())
    assert declared.truststore and declared.truststore.password == "from properties"
    assert "ssl.truststore.password" not in declared.properties
    option = declaration.store_option("truststore", {"content": pki.authority().pem, "password": "S3CRET"})
    assert refusal(ssl, option).cause == "password differs from ssl.truststore.password"


def test_locations_stay_as_they_are() -> None:
    located = {
        "ssl.truststore.location": "/certs/t.jks",
        "ssl.keystore.location": "/certs/k.jks",
        "ssl.keystore.password": "S3CRET",
    }
    declared = declaration.declare({**SERVERS, "security.protocol": "SSL", **located})
    assert {name: declared.properties[name] for name in located} == located
    assert (declared.truststore, declared.keystore) == (None, None)
    del located["ssl.keystore.password"]
    assert refusal({**SERVERS, "security.protocol": "SSL", **located}).subject == "property ssl.keystore.location"


def test_a_java_clients_files_are_read_from_where_they_lie(tmp_path: pathlib.Path) -> None:
    declared = declaration.declare({**SERVERS, "security.protocol": "SSL"}, truststore(), keystore())
    assert declared.truststore and declared.keystore
    (tmp_path / "t.jks").write_bytes(stores.truststore_jks(declared.truststore))
    (tmp_path / "k.jks").write_bytes(stores.keystore_jks(declared.keystore))
    properties = dialect_java.java_properties(declared, "/onlinefs/etc/t.jks", "/onlinefs/etc/k.jks")
    assert java_file.from_java(properties, lambda path: path.replace("/onlinefs/etc", str(tmp_path))) == declared
    with pytest.raises(InputError, match=r"truststore /onlinefs/etc/t\.jks: cannot be read"):
        java_file.from_java(properties)


def test_a_store_that_is_known_is_not_read_again() -> None:
    known: dict[declaration.StoreOption, t.Any] = {}
    ssl = {**SERVERS, "security.protocol": "SSL"}
    first = declaration.declare(ssl, truststore(), known=known)
    assert known == {truststore(): first.truststore}
    known[truststore()] = marker = store_types.TrustStore((pki.authority().der,), "known")
    assert declaration.declare(ssl, truststore(), known=known).truststore is marker


# --- merging ---------------------------------------------------------------------------------------------------------


def test_merging_goes_name_by_name_and_store_by_store() -> None:
    base = {
        "properties": {"a": 1, "b": 2, "c": 3},
        "truststore": {"path": "/t"},
        "keystore": {"path": "/k", "password": "x"},
    }
    override = {"properties": {"b": 20, "c": None, "d": 4, "e": None}, "truststore": None, "keystore": {"path": "/k2"}}
    assert declaration.merge(base, {"name": "fraud", **override}) == {
        "properties": {"a": 1, "b": 20, "d": 4},
        "truststore": {"path": "/t"},
        "keystore": {"path": "/k2"},
    }
    assert declaration.merge(base, {"keystore": {}})["keystore"] is None
    assert declaration.merge({}, {}) == {"properties": {}, "truststore": None, "keystore": None}


MAPPINGS = st.dictionaries(st.sampled_from("abcd"), st.none() | st.integers(), max_size=4)


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_merging_twice_is_merging_one_after_another(
    one: dict[str, t.Any], two: dict[str, t.Any], three: dict[str, t.Any]
) -> None:
    first = declaration.merge(declaration.merge({"properties": one}, {"properties": two}), {"properties": three})
    flat = {name: value for name, value in {**one, **two, **three}.items() if value is not None}
    assert first["properties"] == flat


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("sasl.jaas.config", True),
        ("ssl.key.password", True),
        ("ssl.keystore.key", True),
        ("ssl.keystore.certificate.chain", False),
        ("ssl.truststore.certificates", False),
        ("sasl.oauthbearer.client.credentials.client.secret", True),
        ("sasl.oauthbearer.assertion.private.key.file", False),
        ("sasl.oauthbearer.token.endpoint.url", False),
        ("bootstrap.servers", False),
        ("key.serializer", False),
        ("listener.name.x.plain.sasl.jaas.config", True),
        ("schema.registry.basic.auth.user.info", True),
        ("my.api.key", True),
        ("vault.token", True),
    ],
)
def test_which_properties_are_secret(name: str, secret: bool) -> None:
    assert declaration.secret_property(name) is secret


def test_every_secret_text_is_found() -> None:
    login = jaas.render(jaas.Jaas(jaas.PLAIN_MODULE, "required", {"username": "alice", "password": 'pa"ss\\word'}))
    key = pki.client().key_pem("key pw")
    found = declaration.secrets_of(
        {
            **SERVERS,
            "sasl.jaas.config": login,
            "ssl.keystore.key": key,
            "ssl.truststore.password": "",
            "client.id": "me",
        },
        {"content": "QUJD" * 9, "password": "store pw", "key_password": None},
        declaration.StoreOption("keystore", content=b"bytes", password="option pw"),
        declaration.StoreOption("truststore", content=pki.authority().pem.encode(), password="trust pw"),
        store_types.KeyStore(b"", (), "loaded pw"),
        None,
    )
    lines = {line for line in key.splitlines() if len(line) >= 16 and "-" not in line}
    jaas_texts = {login, 'pa"ss\\word', 'pa\\"ss\\\\word'}
    passwords = {"store pw", "option pw", "trust pw", "loaded pw"}
    assert found == {key, key.strip(), "QUJD" * 9, "Ynl0ZXM=", *jaas_texts, *passwords, *lines}


@pytest.mark.parametrize(
    ("login", "secrets"),
    [
        (f'{jaas.OAUTH_MODULE} required clientId="id" clientSecret="S1" scope="s" extension_x="y";', {"S1"}),
        (f"{jaas.KERBEROS_MODULE} required useKeyTab=true keyTab='/a' principal='p' serviceName=kafka;", set()),
        (f'{jaas.MSK_IAM_MODULE} required awsProfileName="p" awsRoleArn="arn";', set()),
        (f'{jaas.PLAIN_MODULE} required username="alice" password="S1" other="S2";', {"S1", "S2"}),
        (f'{jaas.PLAIN_MODULE} required username="alice" password="S1" broken', {"alice", "S1"}),
    ],
)
def test_secrets_inside_a_login(login: str, secrets: set[str]) -> None:
    assert declaration.secrets_of({"sasl.jaas.config": login}) == {login, *secrets}


def test_reprs_hide_everything() -> None:
    declared = declaration.declare(SCRAM, truststore(), keystore())
    assert "S3CRET" not in repr(declared) and "PRIVATE" not in repr(declared) and "alice" not in repr(declared)
