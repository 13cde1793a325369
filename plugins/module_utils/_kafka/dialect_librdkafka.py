# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Translate the declaration to a configuration of librdkafka, for ``confluent_kafka``.

Every property is either translated or listed in ``ignored`` with the reason.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_label
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import x509

from . import jaas
from .declaration import KafkaDeclaration
from .java_configs import SETTINGS
from .java_file import from_java
from .librdkafka_configs import PROPERTIES, Release
from .librdkafka_names import ASSIGNORS, JAVA_ONLY, MINIMUMS, TARGETS
from .validation import STORE_LOCATIONS

_MSK_REGION = re.compile(r"\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com")
_NUMBERS = ("int", "long", "short", "double")
_TLS13_SUITE = re.compile(r"TLS_(AES|CHACHA20)_\w+")

Ignored = t.Tuple[str, str]


@dataclasses.dataclass(frozen=True)
class MskIam:
    """The options for creating tokens for Amazon MSK; see the library ``aws-msk-iam-sasl-signer-python``.

    :param region: the AWS region of the cluster; None if the servers' names do not contain it.
    :param profile: the AWS profile to take credentials from, or None for the default ones.
    :param role_arn: the role to assume, or None.
    :param role_session: the name of that session, or None.
    """

    region: t.Optional[str]
    profile: t.Optional[str] = None
    role_arn: t.Optional[str] = None
    role_session: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class LibrdkafkaConfig:
    """A configuration for ``confluent_kafka``.

    :param config: names to values, the certificates in it as PEM text. Holds secrets.
    :param ca_pem: the certificates to trust; None for those of the system.
    :param certificate_pem: the client's chain, leaf first; None if it has none.
    :param key_pem: the client's private key, not encrypted; None if it has none.
    :param ignored: properties with no counterpart, each with the reason.
    :param needs: what must be installed besides ``confluent_kafka``, as sentences; empty as a rule.
    :param msk_iam: set where the caller must add an ``oauth_cb`` that makes tokens for Amazon MSK.
    """

    config: t.Dict[str, str] = dataclasses.field(repr=False)
    ca_pem: t.Optional[str] = dataclasses.field(default=None, repr=False)
    certificate_pem: t.Optional[str] = dataclasses.field(default=None, repr=False)
    key_pem: t.Optional[str] = dataclasses.field(default=None, repr=False)
    ignored: t.Tuple[Ignored, ...] = ()
    needs: t.Tuple[str, ...] = ()
    msk_iam: t.Optional[MskIam] = None


def librdkafka(client: KafkaDeclaration, release: t.Optional[Release] = None) -> LibrdkafkaConfig:
    """Translate a client.

    :param release: librdkafka's release, such as ``(2, 3, 0)``. Properties that it does not support are ignored and
        listed. The newest if not given; see ``confluent_kafka.libversion()``.
    :raises InputError: a store that is given by its location cannot be read here.
    """
    if any(name in client.properties for name in STORE_LOCATIONS):
        client = from_java(client.properties)
    translation = _Translation(release)
    for name, value in client.properties.items():
        translation.take(name, value)
    translation.settle()
    if client.properties["security.protocol"].startswith("SASL"):
        _login(client.properties, translation)
    ca_pem = certificate_pem = key_pem = None
    if client.properties["security.protocol"].endswith("SSL"):
        # The path of the system's certificates depends on the system; by default, the library looks in one place only.
        translation.config["ssl.ca.location"] = "probe"
        if client.truststore:
            ca_pem = "".join(map(x509.pem, client.truststore.certificates))
            del translation.config["ssl.ca.location"]
            translation.config["ssl.ca.pem"] = ca_pem
        if client.keystore:
            certificate_pem = "".join(map(x509.pem, client.keystore.chain))
            key_pem = x509.pem(client.keystore.private_key, "PRIVATE KEY")
            translation.config.update({"ssl.certificate.pem": certificate_pem, "ssl.key.pem": key_pem})
    return LibrdkafkaConfig(
        config=translation.config,
        ca_pem=ca_pem,
        certificate_pem=certificate_pem,
        key_pem=key_pem,
        ignored=tuple(translation.ignored),
        needs=tuple(translation.needs),
        msk_iam=translation.msk_iam,
    )


class _Translation:
    """Build a configuration."""

    def __init__(self, release: t.Optional[Release]) -> None:
        self.release = release
        self.config: t.Dict[str, str] = {}
        self.ignored: t.List[Ignored] = []
        self.needs: t.List[str] = []
        self.msk_iam: t.Optional[MskIam] = None

    def take(self, name: str, value: str) -> None:
        """Translate one property that does not depend on another."""
        if name in TARGETS:
            self.set(name, TARGETS[name], value)
        elif name in _SPECIAL:
            _SPECIAL[name](self, name, value)
        elif name in JAVA_ONLY:
            self.ignore(name, JAVA_ONLY[name])
        elif name not in SETTINGS:
            self.ignore(name, "it is not a property of Kafka's clients")
        elif name not in _LOGIN:
            self.ignore(name, "librdkafka has no such property")

    def ignore(self, name: str, why: str) -> None:
        self.ignored.append((name, why))

    def set(self, name: str, target: str, value: str) -> None:
        """Set the counterpart of a property, if the release has it, within its range."""
        known = PROPERTIES[target]
        if self.release is not None and tuple(self.release) < known.since:
            since = ".".join(map(str, known.since))
            self.ignore(name, f"librdkafka has it from {since} on")
            return
        if known.low is not None and known.high is not None and SETTINGS[name].kind in _NUMBERS:
            try:
                number = int(value)
            except ValueError:
                # Of a property that only newer Java clients have, they alone refuse the value.
                self.ignore(name, "its value is not a number")
                return
            # Java's -1 for the system's default, or for never, is 0 in librdkafka.
            used = 0 if number < 0 and known.low == 0 else min(max(number, known.low), known.high)
            if used != number and number >= 0:
                self.ignore(name, f"librdkafka takes {known.low} to {known.high}, and {used} is used")
            value = str(used)
        self.config[target] = value

    def settle(self) -> None:
        """Raise properties to the minimum that librdkafka requires for others, and Java does not."""
        for rule in MINIMUMS:
            least = self._number(rule.other) + rule.margin
            if self._number(rule.name) < least:
                if rule.name in self.config:
                    self.ignore(rule.name, f"librdkafka needs at least {least} beside {rule.other}, and that is used")
                self.config[rule.name] = str(least)

    def _number(self, target: str) -> int:
        return int(self.config.get(target, PROPERTIES[target].default or 0))


# --- single properties -----------------------------------------------------------------------------------------------


def _endpoint(translation: _Translation, name: str, value: str) -> None:
    translation.config[name] = value.lower() or "none"


def _offset_reset(translation: _Translation, name: str, value: str) -> None:
    known = {"latest": "latest", "earliest": "earliest", "none": "error"}
    if value in known:
        translation.config[name] = known[value]
    else:
        translation.ignore(name, f"librdkafka knows {', '.join(known)} only")


def _assignors(translation: _Translation, name: str, value: str) -> None:
    classes = [part.strip() for part in value.split(",")]
    known = [ASSIGNORS[part] for part in classes if part in ASSIGNORS]
    # The library rejects a mix of eager and cooperative assignors.
    if "cooperative-sticky" in known and len(known) > 1:
        known = ["cooperative-sticky"]
    if known:
        translation.config[name] = ",".join(known)
    if len(known) != len(classes):
        translation.ignore(name, f"librdkafka has {', '.join(ASSIGNORS.values())} only, one kind at a time")


def _cipher_suites(translation: _Translation, name: str, value: str) -> None:
    suites = [suite.strip() for suite in value.split(",") if suite.strip()]
    older = [suite for suite in suites if not _TLS13_SUITE.fullmatch(suite)]
    if older:
        translation.config[name] = ":".join(older)
    if len(older) != len(suites):
        translation.ignore(name, "librdkafka cannot choose among the suites of TLS 1.3")


def _buffer_memory(translation: _Translation, name: str, value: str) -> None:
    translation.set(name, "queue.buffering.max.kbytes", str(max(int(value) // 1024, 1)))


def _partitioner(translation: _Translation, name: str, value: str) -> None:
    translation.ignore(name, f"{public_label(value.rsplit('.', 1)[-1])} is a Java class")


_SPECIAL: t.Dict[str, t.Callable[[_Translation, str, str], None]] = {
    "ssl.endpoint.identification.algorithm": _endpoint,
    "auto.offset.reset": _offset_reset,
    "partition.assignment.strategy": _assignors,
    "ssl.cipher.suites": _cipher_suites,
    "buffer.memory": _buffer_memory,
    "partitioner.class": _partitioner,
}

# --- login -----------------------------------------------------------------------------------------------------------

#: Properties that the functions below handle.
_LOGIN = frozenset(
    {
        "sasl.mechanism",
        "sasl.jaas.config",
        "sasl.login.callback.handler.class",
        "sasl.client.callback.handler.class",
        "sasl.oauthbearer.client.credentials.client.id",
        "sasl.oauthbearer.client.credentials.client.secret",
        "sasl.oauthbearer.scope",
        "sasl.oauthbearer.token.endpoint.url",
        "sasl.oauthbearer.jwt.retriever.class",
    }
)


def _login(properties: t.Mapping[str, str], translation: _Translation) -> None:
    mechanism = properties["sasl.mechanism"]
    login = jaas.parse(properties["sasl.jaas.config"])
    translation.config["sasl.mechanism"] = mechanism
    if mechanism == "OAUTHBEARER":
        _oauth(properties, login, translation)
    elif mechanism == "AWS_MSK_IAM":
        _msk_iam(properties, login, translation)
    elif mechanism == "GSSAPI":
        _kerberos(properties, login, translation)
    else:
        translation.config["sasl.username"] = login.options.get("username", "")
        translation.config["sasl.password"] = login.options.get("password", "")
        for name in ("sasl.login.callback.handler.class", "sasl.client.callback.handler.class"):
            if name in properties:
                translation.ignore(name, "it is a Java class")


def _oauth(properties: t.Mapping[str, str], login: jaas.Jaas, translation: _Translation) -> None:
    config = translation.config
    url = properties.get("sasl.oauthbearer.token.endpoint.url")
    if not url:
        _unsecured(login, translation)
        return
    if not url.startswith(("http://", "https://")):
        translation.needs.append(
            "sasl.oauthbearer.token.endpoint.url names a file, which only Java reads. Outside of Java it must be the "
            "http(s) address of a token endpoint"
        )
        return
    config["sasl.oauthbearer.method"] = "oidc"
    config["sasl.oauthbearer.token.endpoint.url"] = url
    sources = (
        ("sasl.oauthbearer.client.id", "sasl.oauthbearer.client.credentials.client.id", "clientId"),
        ("sasl.oauthbearer.client.secret", "sasl.oauthbearer.client.credentials.client.secret", "clientSecret"),
        ("sasl.oauthbearer.scope", "sasl.oauthbearer.scope", "scope"),
    )
    for name, new, old in sources:
        value = properties.get(new, login.options.get(old))
        if value:
            config[name] = value
    extensions = [f"{name[10:]}={value}" for name, value in login.options.items() if name.startswith("extension_")]
    if extensions:
        config["sasl.oauthbearer.extensions"] = ",".join(extensions)
    if "JwtBearer" in properties.get("sasl.oauthbearer.jwt.retriever.class", ""):
        grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        translation.set("sasl.oauthbearer.jwt.retriever.class", "sasl.oauthbearer.grant.type", grant)
    if any(name.startswith("ssl.") for name in login.options):
        translation.ignore(
            "sasl.jaas.config, options ssl.*", "the token endpoint is checked by the system's certificates"
        )


def _unsecured(login: jaas.Jaas, translation: _Translation) -> None:
    """Configure unsigned tokens, which Kafka offers for trials of OAUTHBEARER."""
    principal = login.options.get("unsecuredLoginStringClaim_sub")
    if principal is None:
        translation.needs.append(
            "The tokens come from a Java class (sasl.login.callback.handler.class). Outside of Java they need "
            "sasl.oauthbearer.token.endpoint.url"
        )
        return
    translation.config["enable.sasl.oauthbearer.unsecure.jwt"] = "true"
    translation.config["sasl.oauthbearer.config"] = f"principal={principal}"


def _kerberos(properties: t.Mapping[str, str], login: jaas.Jaas, translation: _Translation) -> None:
    translation.needs.append(
        "GSSAPI (Kerberos) needs a librdkafka that is built with it, and pip's confluent-kafka is not: install "
        "librdkafka-dev, libsasl2-modules-gssapi-mit and krb5-user, then pip install --no-binary confluent-kafka "
        "confluent-kafka"
    )
    options = {"principal": "sasl.kerberos.principal", "keyTab": "sasl.kerberos.keytab"}
    for option, name in options.items():
        if option in login.options:
            translation.config[name] = login.options[option]
    if "serviceName" in login.options and "sasl.kerberos.service.name" not in properties:
        translation.config["sasl.kerberos.service.name"] = login.options["serviceName"]


def _msk_iam(properties: t.Mapping[str, str], login: jaas.Jaas, translation: _Translation) -> None:
    translation.needs.append(
        "AWS_MSK_IAM needs the Python library aws-msk-iam-sasl-signer-python, which makes its tokens: "
        "pip install aws-msk-iam-sasl-signer-python"
    )
    # Amazon's brokers take the same signed token as OAUTHBEARER.
    translation.config["sasl.mechanism"] = "OAUTHBEARER"
    found = _MSK_REGION.search(properties["bootstrap.servers"])
    translation.msk_iam = MskIam(
        region=login.options.get("awsStsRegion") or (found.group(1) if found else None),
        profile=login.options.get("awsProfileName"),
        role_arn=login.options.get("awsRoleArn"),
        role_session=login.options.get("awsRoleSessionName"),
    )
