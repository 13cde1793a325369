"""The declaration as a librdkafka configuration: the library itself takes every one of them."""

from __future__ import annotations

import pathlib
import time
import typing as t

import confluent_kafka
import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration, dialect_java, jaas
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_librdkafka import (
    _LOGIN,
    LibrdkafkaConfig,
    MskIam,
    librdkafka,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.java_configs import SETTINGS
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.librdkafka_names import JAVA_ONLY, TARGETS
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import stores
from confluent_kafka.admin import AdminClient
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.kafka import pki
from tests.unit.kafka.test_declaration import PLAIN, SCRAM, SERVERS, keystore, truststore

NOBODY = {"bootstrap.servers": "127.0.0.1:1"}
OAUTH = {**PLAIN, "sasl.mechanism": "OAUTHBEARER", "sasl.jaas.config": f"{jaas.OAUTH_MODULE} required;"}
URL = {"sasl.oauthbearer.token.endpoint.url": "http://127.0.0.1:1/token"}


def translate(
    properties: dict[str, t.Any], *options: declaration.StoreOption | None, **more: t.Any
) -> LibrdkafkaConfig:
    return librdkafka(declaration.declare({**SERVERS, **properties}, *options), **more)


def accept(config: LibrdkafkaConfig) -> None:
    """Build each kind of client from a configuration: librdkafka refuses names, values and certificates here."""
    quiet = {**config.config, **NOBODY, "log_level": 0}
    confluent_kafka.Consumer({"group.id": "g", **quiet}).close()
    confluent_kafka.Producer(quiet)
    AdminClient(quiet)


# --- every combination of protocol, stores and login -----------------------------------------------------------------

SCRAM_256 = {**SCRAM, "sasl.mechanism": "SCRAM-SHA-256"}
TOKENS = f'{jaas.OAUTH_MODULE} required clientId="id" clientSecret="secret" scope="s" extension_a="b" extension_c="d";'
UNSIGNED = f'{jaas.OAUTH_MODULE} required unsecuredLoginStringClaim_sub="alice";'
LOGINS: dict[str, dict[str, str]] = {
    "none": {},
    "PLAIN": PLAIN,
    "SCRAM-SHA-256": SCRAM_256,
    "SCRAM-SHA-512": SCRAM,
    "tokens": {**OAUTH, **URL, "sasl.jaas.config": TOKENS},
    "unsigned tokens": {**OAUTH, "sasl.jaas.config": UNSIGNED},
}


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("with_stores", ["", "trust", "key", "trust and key"])
def test_the_library_takes_every_combination(login: str, encrypted: bool, with_stores: str) -> None:
    protocol = ("SASL_" if LOGINS[login] else "") + ("SSL" if encrypted else "PLAINTEXT")
    options = [
        truststore() if encrypted and "trust" in with_stores else None,
        keystore() if encrypted and "key" in with_stores else None,
    ]
    translated = translate({**LOGINS[login], "security.protocol": protocol}, *options)
    assert (translated.ca_pem is not None, translated.key_pem is not None) == tuple(
        option is not None for option in options
    )
    assert (translated.certificate_pem is None) == (translated.key_pem is None)
    assert ("ssl.ca.location" in translated.config) == (encrypted and options[0] is None)
    assert all(name == "sasl.login.callback.handler.class" for name, _unused in translated.ignored)
    accept(translated)


@pytest.mark.parametrize("kind", ["rsa", "ec", "ed25519"])
def test_the_library_takes_every_kind_of_key(kind: str) -> None:
    content = pki.client(kind).key_pem() + pki.client(kind).pem + pki.intermediate().pem
    option = declaration.store_option("keystore", {"content": content})
    translated = translate({"security.protocol": "SSL"}, truststore(), option)
    assert translated.certificate_pem == pki.client(kind).pem + pki.intermediate().pem
    assert translated.key_pem == pki.client(kind).key_pem()
    assert translated.config["ssl.ca.pem"] == translated.ca_pem == pki.authority().pem
    accept(translated)


def test_user_and_password_come_out_of_the_login_module() -> None:
    login = jaas.render(jaas.Jaas(jaas.SCRAM_MODULE, "required", {"password": 'p"\\ä', "username": "u s"}))
    config = translate({**SCRAM, "sasl.jaas.config": login}).config
    assert (config["sasl.mechanism"], config["sasl.username"], config["sasl.password"]) == (
        "SCRAM-SHA-512",
        "u s",
        'p"\\ä',
    )
    assert "sasl.jaas.config" not in config


def test_tokens() -> None:
    expected = {
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.client.id": "id",
        "sasl.oauthbearer.client.secret": "secret",
        "sasl.oauthbearer.scope": "s",
        **URL,
    }
    older = translate({**OAUTH, **URL, "sasl.jaas.config": TOKENS})
    assert older.config == {
        **SERVERS,
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": "probe",
        **expected,
        "sasl.oauthbearer.extensions": "a=b,c=d",
    }
    newer = {
        "sasl.oauthbearer.client.credentials.client.id": "id",
        "sasl.oauthbearer.client.credentials.client.secret": "secret",
        "sasl.oauthbearer.scope": "s",
        "sasl.login.callback.handler.class": "org.apache.kafka.Handler",
    }
    translated = translate({**OAUTH, **URL, **newer})
    assert translated.config.items() >= expected.items()
    assert translated.ignored == ()
    by_tls = {"sasl.oauthbearer.token.endpoint.url": "https://127.0.0.1:1/token"}
    assert translate({**OAUTH, **by_tls, "sasl.jaas.config": TOKENS}).config.items() >= by_tls.items()
    unsigned = translate({**OAUTH, "sasl.jaas.config": UNSIGNED}).config
    assert unsigned["sasl.oauthbearer.config"] == "principal=alice"
    assert unsigned["enable.sasl.oauthbearer.unsecure.jwt"] == "true"


def test_assertions_instead_of_a_secret(tmp_path: pathlib.Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text(pki.client("rsa").key_pem())
    properties = {
        **OAUTH,
        **URL,
        "sasl.oauthbearer.jwt.retriever.class": "org.apache.kafka.common.security.oauthbearer.JwtBearerJwtRetriever",
        "sasl.oauthbearer.assertion.private.key.file": str(key),
        "sasl.oauthbearer.assertion.claim.aud": "kafka",
        "sasl.oauthbearer.assertion.claim.iss": "me",
        "sasl.oauthbearer.assertion.claim.sub": "me",
    }
    translated = translate(properties)
    assert translated.config["sasl.oauthbearer.grant.type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    accept(translated)
    since = {name for name in properties if ".assertion." in name or name.endswith("retriever.class")}
    for older in ((2, 3, 0), (2, 10, 1)):
        assert dict(translate(properties, release=older).ignored).keys() == since
    assert translate(properties, release=(2, 11, 0)).ignored == ()


def test_tokens_from_a_java_class_need_something_else() -> None:
    translated = translate({**OAUTH, "sasl.login.callback.handler.class": "com.example.Mine"})
    assert len(translated.needs) == 1 and "sasl.oauthbearer.token.endpoint.url" in translated.needs[0]


def test_tokens_from_a_file_need_something_else() -> None:
    translated = translate({**OAUTH, "sasl.oauthbearer.token.endpoint.url": "file:///var/run/token"})
    assert len(translated.needs) == 1 and "only Java reads" in translated.needs[0]


def test_kerberos_says_what_it_needs() -> None:
    login = (
        f'{jaas.KERBEROS_MODULE} required useKeyTab=true keyTab="/etc/a.keytab" principal="a@B" serviceName="kafka";'
    )
    translated = translate(
        {**PLAIN, "sasl.mechanism": "GSSAPI", "sasl.jaas.config": login, "sasl.kerberos.kinit.cmd": "/k"}
    )
    assert translated.config["sasl.kerberos.principal"] == "a@B"
    assert translated.config["sasl.kerberos.keytab"] == "/etc/a.keytab"
    assert translated.config["sasl.kerberos.service.name"] == "kafka"
    assert "pip install --no-binary confluent-kafka" in translated.needs[0]
    assert [name for name, _unused in translated.ignored] == ["sasl.kerberos.kinit.cmd"]
    own = {**PLAIN, "sasl.mechanism": "GSSAPI", "sasl.kerberos.service.name": "own"}
    assert translate({**own, "sasl.jaas.config": login}).config["sasl.kerberos.service.name"] == "own"
    unnamed = login.replace(' serviceName="kafka"', "")
    assert translate({**own, "sasl.jaas.config": unnamed}).config["sasl.kerberos.service.name"] == "own"


@pytest.mark.parametrize(
    ("servers", "region"),
    [
        ("b-1.demo.abc123.c2.kafka.eu-west-1.amazonaws.com:9098", "eu-west-1"),
        ("boot-x.c1.kafka-serverless.us-east-2.amazonaws.com:9098", "us-east-2"),
        ("kafka.example.com:9098", None),
    ],
)
def test_msk_says_what_it_needs_and_how(servers: str, region: str | None) -> None:
    role = 'awsRoleArn="arn:aws:iam::1:role/r" awsRoleSessionName="s"'
    login = f'{jaas.MSK_IAM_MODULE} required awsProfileName="dev" {role};'
    properties = {**PLAIN, "bootstrap.servers": servers, "sasl.mechanism": "AWS_MSK_IAM", "sasl.jaas.config": login}
    translated = translate(properties)
    assert translated.msk_iam == MskIam(region, "dev", "arn:aws:iam::1:role/r", "s")
    assert translated.config["sasl.mechanism"] == "OAUTHBEARER"
    assert "aws-msk-iam-sasl-signer-python" in translated.needs[0]
    token = {"oauth_cb": lambda _: ("token", time.time() + 300)}
    confluent_kafka.Producer({**translated.config, **NOBODY, "log_level": 0, **token})
    named = translate({**properties, "sasl.jaas.config": f'{jaas.MSK_IAM_MODULE} required awsStsRegion="eu-north-1";'})
    assert named.msk_iam and named.msk_iam.region == "eu-north-1"


def test_what_would_shut_out_the_client_in_service_is_not_taken_over() -> None:
    translated = translate({"transactional.id": "onlinefs", "group.instance.id": "onlinefs-1"})
    assert [name for name, why in translated.ignored if "fence the first one off" in why] == [
        "transactional.id",
        "group.instance.id",
    ]
    assert not {"transactional.id", "group.instance.id"} & set(translated.config)


# --- every setting ---------------------------------------------------------------------------------------------------

CHOICES = {
    "acks": ["all", "-1", "0", "1"],
    "auto.offset.reset": ["latest", "earliest", "none", "by_duration:PT1H"],
    "client.dns.lookup": ["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"],
    "compression.type": ["none", "gzip", "snappy", "lz4", "zstd"],
    "group.protocol": ["classic", "CONSUMER"],
    "isolation.level": ["read_committed", "read_uncommitted"],
    "metadata.recovery.strategy": ["none", "REBOOTSTRAP"],
    "partition.assignment.strategy": [
        "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
        "org.apache.kafka.clients.consumer.RoundRobinAssignor, org.apache.kafka.clients.consumer.RangeAssignor",
        "org.apache.kafka.clients.consumer.StickyAssignor",
    ],
    "sasl.oauthbearer.assertion.algorithm": ["RS256", "ES256"],
    "ssl.cipher.suites": [
        "TLS_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_CHACHA20_POLY1305_SHA256",
    ],
    "ssl.endpoint.identification.algorithm": ["", "https", "HTTPS"],
}
#: Kafka's own limits; other numbers are refused by Java as well.
LIMITS = {"int": 2**31 - 1, "long": 2**63 - 1, "short": 900}
LEAST = {"max.in.flight.requests.per.connection": 1, "metadata.max.idle.ms": 5000}
MINUS_ONE = ("send.buffer.bytes", "receive.buffer.bytes", "connections.max.idle.ms")
APART = ("bootstrap.servers", "security.protocol", "sasl.mechanism", "sasl.jaas.config")
APART += ("ssl.truststore.location", "ssl.keystore.location")


def values(name: str) -> st.SearchStrategy[str]:
    kind = SETTINGS[name].kind
    if name in CHOICES:
        return st.sampled_from(CHOICES[name])
    if kind in LIMITS:
        least = -1 if name in MINUS_ONE else LEAST.get(name, 0)
        return (st.integers(least, 100000) | st.integers(least, LIMITS[kind])).map(str)
    return st.sampled_from({"boolean": ["true", "false"], "double": ["0.5"]}.get(kind, ["some.text"]))


ANY_SETTING = st.fixed_dictionaries({}, optional={name: values(name) for name in sorted(SETTINGS) if name not in APART})


@given(ANY_SETTING)
@settings(max_examples=60)
def test_every_setting_is_translated_or_named_and_the_library_takes_the_rest(properties: dict[str, str]) -> None:
    # Java refuses these together as well, and so does declare().
    if properties.get("enable.idempotence") == "true":
        for name in ("acks", "retries", "max.in.flight.requests.per.connection"):
            properties.pop(name, None)
    translated = librdkafka(declaration.KafkaDeclaration({**SERVERS, "security.protocol": "PLAINTEXT", **properties}))
    named = {name for name, _unused in translated.ignored}
    for name in properties:
        if name in TARGETS:
            assert name in named or TARGETS[name] in translated.config
        if name in JAVA_ONLY:
            assert name in named
    assert all(why for _unused, why in translated.ignored)
    if translated.config.get("group.protocol", "").lower() == "consumer":
        # Java refuses these together as well.
        for name in ("session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"):
            translated.config.pop(name, None)
    accept(translated)


def test_no_setting_of_javas_is_dropped_without_a_word() -> None:
    """Each one alone is translated, named, or a part of what login and stores are made of."""
    for name in sorted(set(SETTINGS) - _LOGIN - set(APART)):
        value = CHOICES.get(name, ["5" if SETTINGS[name].kind in LIMITS else "text"])[0]
        properties = {**SERVERS, "security.protocol": "PLAINTEXT"}
        translated = librdkafka(declaration.KafkaDeclaration({**properties, name: value}))
        assert translated.config != properties or translated.ignored, name


def test_an_older_library_gets_only_what_it_knows() -> None:
    properties = {"enable.metrics.push": True, "group.protocol": "consumer", "metadata.recovery.strategy": "none"}
    assert dict(translate(properties, release=(2, 3, 0)).ignored) == {
        "enable.metrics.push": "librdkafka has it from 2.5.0 on",
        "group.protocol": "librdkafka has it from 2.4.0 on",
        "metadata.recovery.strategy": "librdkafka has it from 2.10.0 on",
    }
    assert translate(properties, release=(2, 16, 0)).ignored == ()


def test_numbers_outside_of_the_range_are_moved_and_named() -> None:
    properties = {"linger.ms": 1000000, "request.timeout.ms": 1, "connections.max.idle.ms": -1, "send.buffer.bytes": -1}
    translated = translate(properties)
    assert translated.config["linger.ms"] == "900000"
    assert translated.config["socket.timeout.ms"] == "10"
    assert translated.config["connections.max.idle.ms"] == translated.config["socket.send.buffer.bytes"] == "0"
    assert translated.ignored == (
        ("linger.ms", "librdkafka takes 0 to 900000, and 900000 is used"),
        ("request.timeout.ms", "librdkafka takes 10 to 300000, and 10 is used"),
    )
    assert translate({"reconnect.backoff.ms": 20000}).config["reconnect.backoff.max.ms"] == "20000"
    assert translate({"linger.ms": 400000}).config["delivery.timeout.ms"] == "400001"


ASSIGNOR = "org.apache.kafka.clients.consumer.{}Assignor"


@pytest.mark.parametrize(
    ("name", "value", "config", "told"),
    [
        ("auto.offset.reset", "earliest", {"auto.offset.reset": "earliest"}, ""),
        ("auto.offset.reset", "latest", {"auto.offset.reset": "latest"}, ""),
        ("auto.offset.reset", "none", {"auto.offset.reset": "error"}, ""),
        ("auto.offset.reset", "by_duration:P1D", {}, "librdkafka knows latest, earliest, none only"),
        ("ssl.cipher.suites", "TLS_AES_128_GCM_SHA256", {}, "cannot choose among the suites of TLS 1.3"),
        (
            "ssl.cipher.suites",
            "ECDHE-RSA-AES128-GCM-SHA256, ECDHE-RSA-AES256-GCM-SHA384",
            {"ssl.cipher.suites": "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"},
            "",
        ),
        (
            "ssl.cipher.suites",
            "TLS_AES_128_GCM_SHA256,ECDHE-RSA-AES128-GCM-SHA256",
            {"ssl.cipher.suites": "ECDHE-RSA-AES128-GCM-SHA256"},
            "cannot choose among the suites of TLS 1.3",
        ),
        ("ssl.endpoint.identification.algorithm", "", {"ssl.endpoint.identification.algorithm": "none"}, ""),
        ("ssl.endpoint.identification.algorithm", "HTTPS", {"ssl.endpoint.identification.algorithm": "https"}, ""),
        ("my.own.setting", "x", {}, "it is not a property of Kafka's clients"),
        ("buffer.memory", str(2**63 - 1), {"queue.buffering.max.kbytes": "2147483647"}, "and 2147483647 is used"),
        ("buffer.memory", "33554432", {"queue.buffering.max.kbytes": "32768"}, ""),
        ("buffer.memory", "1023", {"queue.buffering.max.kbytes": "1"}, ""),
        ("buffer.memory", "3000", {"queue.buffering.max.kbytes": "2"}, ""),
        ("partitioner.class", "com.example.ByTeam", {}, "ByTeam is a Java class"),
        ("max.poll.records", "7", {}, "each call says how many records it takes"),
        ("send.buffer.bytes", "-1", {"socket.send.buffer.bytes": "0"}, ""),
        ("send.buffer.bytes", "0", {"socket.send.buffer.bytes": "0"}, ""),
        ("retry.backoff.ms", "0", {"retry.backoff.ms": "1"}, "librdkafka takes 1 to 300000, and 1 is used"),
        ("fetch.min.bytes", "0", {"fetch.min.bytes": "1"}, "librdkafka takes 1 to 100000000, and 1 is used"),
        (
            "reconnect.backoff.max.ms",
            "50",
            {"reconnect.backoff.max.ms": "100"},
            "librdkafka needs at least 100 beside reconnect.backoff.ms, and that is used",
        ),
        ("reconnect.backoff.max.ms", "100", {"reconnect.backoff.max.ms": "100"}, ""),
        ("reconnect.backoff.ms", "20000", {"reconnect.backoff.ms": "20000", "reconnect.backoff.max.ms": "20000"}, ""),
    ],
)
def test_one_setting(name: str, value: str, config: dict[str, str], told: str) -> None:
    plain = translate({}).config
    translated = translate({name: value})
    assert {key: it for key, it in translated.config.items() if plain.get(key) != it} == config
    assert [key for key, _why in translated.ignored] == ([name] if told else [])
    assert all(told in why for _key, why in translated.ignored)


@pytest.mark.parametrize(
    ("names", "used", "told"),
    [
        (["Range"], "range", False),
        (["CooperativeSticky"], "cooperative-sticky", False),
        (["Range", "RoundRobin"], "range,roundrobin", False),
        (["Range", "CooperativeSticky"], "cooperative-sticky", True),
        (["Sticky", "Range"], "range", True),
        (["Sticky"], None, True),
    ],
)
def test_assignors(names: list[str], used: str | None, told: bool) -> None:
    name = "partition.assignment.strategy"
    translated = translate({name: ",".join(map(ASSIGNOR.format, names))})
    assert translated.config.get(name) == used
    assert [key for key, _why in translated.ignored] == [name] * told


@pytest.mark.parametrize("name", ["sasl.login.callback.handler.class", "sasl.client.callback.handler.class"])
def test_a_java_class_beside_a_login_is_named(name: str) -> None:
    assert translate({**PLAIN, name: "com.example.Handler"}).ignored == ((name, "it is a Java class"),)


def test_options_for_the_token_endpoints_tls_are_named() -> None:
    login = f'{jaas.OAUTH_MODULE} required clientId="id" clientSecret="secret" ssl.truststore.location="/etc/ca.jks";'
    (told,) = translate({**OAUTH, **URL, "sasl.jaas.config": login}).ignored
    assert told[0] == "sasl.jaas.config, options ssl.*"


def test_certificates_stand_in_the_configuration_too() -> None:
    translated = translate({"security.protocol": "SSL"}, truststore(), keystore())
    assert translated.config["ssl.ca.pem"] == translated.ca_pem
    assert translated.config["ssl.certificate.pem"] == translated.certificate_pem
    assert translated.config["ssl.key.pem"] == translated.key_pem
    assert "ssl.ca.location" not in translated.config


@pytest.mark.parametrize("role", ["truststore", "keystore"])
def test_one_store_that_lies_somewhere_is_read(tmp_path: pathlib.Path, role: str) -> None:
    made = declaration.declare({**SERVERS, "security.protocol": "SSL"}, truststore(), keystore())
    assert made.truststore and made.keystore
    jks = {"truststore": stores.truststore_jks(made.truststore), "keystore": stores.keystore_jks(made.keystore)}
    password = {"truststore": made.truststore.password, "keystore": made.keystore.password}
    (tmp_path / "store.jks").write_bytes(jks[role])
    located = {f"ssl.{role}.location": str(tmp_path / "store.jks"), f"ssl.{role}.password": password[role]}
    translated = translate({"security.protocol": "SSL", **located})
    assert bool(translated.ca_pem) == (role == "truststore")
    assert bool(translated.key_pem) == (role == "keystore")


def test_stores_that_lie_somewhere_are_read(tmp_path: pathlib.Path) -> None:
    declared = declaration.declare({**SERVERS, "security.protocol": "SSL"}, truststore(), keystore())
    assert declared.truststore and declared.keystore
    (tmp_path / "t.jks").write_bytes(stores.truststore_jks(declared.truststore))
    (tmp_path / "k.jks").write_bytes(stores.keystore_jks(declared.keystore))
    located = declaration.declare(
        dialect_java.java_properties(declared, str(tmp_path / "t.jks"), str(tmp_path / "k.jks"))
    )
    assert located.truststore is None
    assert librdkafka(located).config == librdkafka(declared).config


def test_reprs_hide_everything() -> None:
    assert "S3CRET" not in repr(translate(SCRAM, truststore(), keystore()))
    assert "BEGIN" not in repr(translate(SCRAM, truststore(), keystore()))
