# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Predict how the Hopsworks Python client reads a connector, so that problems do not first appear in a notebook.

Facts are those of the client 5.2.1 (``KafkaConnector.kafka_options`` and ``confluent_options``), the release that the
tests run. It searches the JAAS text with a regular expression, opens JKS stores only, with one password for store and
key, and passes a short list of options on; it silently drops everything else.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import jaas
from .dialect_connector import LOCATION_FIELDS
from .librdkafka_configs import PROPERTIES
from .validation import STORE_PROPERTIES

#: How the client finds module, user and password: in this order, in quotes of either kind.
_LOGIN = re.compile(r"""(.+?) .*username=["'](.+?)["'] .*password=["'](.+?)["']""")
_MECHANISMS = {
    jaas.PLAIN_MODULE: "PLAIN",
    jaas.SCRAM_MODULE: "SCRAM-SHA-256",
    jaas.OAUTH_MODULE: "OAUTHBEARER",
}
_STORES = tuple(fields[part] for fields in STORE_PROPERTIES.values() for part in ("path", "password"))
_RENAMED = {
    "queued.max.requests": "queue.buffering.max.messages",
    "queued.max.request.bytes": "queue.buffering.max.kbytes",
}
_PASSED = frozenset(
    {
        "acks",
        "bootstrap.servers",
        "compression.type",
        "connections.max.idle.ms",
        "delivery.timeout.ms",
        "enable.idempotence",
        "group.id",
        "linger.ms",
        "message.max.bytes",
        "reconnect.backoff.max.ms",
        "reconnect.backoff.ms",
        "request.timeout.ms",
        "retries",
        "retry.backoff.ms",
        "sasl.mechanism",
        "security.protocol",
        "socket.connection.setup.timeout.ms",
        "transaction.timeout.ms",
        "transactional.id",
    }
)
_WORKING_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclasses.dataclass(frozen=True)
class Prediction:
    """The predicted configuration of the client.

    :param confluent: what ``confluent_options()`` returns. Empty if it raises an error. Contains secrets.
    :param kafka: what ``kafka_options()`` returns. Holds secrets.
    :param problems: why the client cannot connect with it, each as a sentence with cause and cure, without secrets.
    :param dropped: options that ``confluent_options()`` leaves out, by name.
    """

    confluent: t.Dict[str, t.Any] = dataclasses.field(repr=False)
    kafka: t.Dict[str, t.Any] = dataclasses.field(repr=False)
    problems: t.List[str]
    dropped: t.List[str]


def python_client(dto: t.Mapping[str, t.Any], project_id: t.Optional[int] = None) -> Prediction:
    """Predict how the client reads a connector.

    :param dto: the connector's fields, as :func:`dialect_connector.connector` makes them or the server returns them.
    :param project_id: stands in the names of the PEM files that the client writes.
    """
    problems: t.List[str] = []
    kafka = _kafka_options(dto)
    confluent: t.Dict[str, t.Any] = {}
    dropped: t.List[str] = []
    usable = True
    for name, value in kafka.items():
        if name in _STORES:
            if "ssl.ca.location" not in confluent:
                usable &= _stores(kafka, dto, problems)
                prefix = f"/tmp/kafka_sc_{project_id}_{dto.get('id')}"  # noqa: S108  (where the client writes)
                confluent["ssl.ca.location"] = kafka.get("ssl.ca.location") or f"{prefix}_ca_chain.pem"
                confluent["ssl.certificate.location"] = f"{prefix}_client_cert.pem"
                confluent["ssl.key.location"] = f"{prefix}_client_key.pem"
        elif name == "sasl.jaas.config":
            usable &= _login(str(value), confluent, problems)
        elif name == "ssl.endpoint.identification.algorithm":
            confluent[name] = "none" if value == "" else value
        elif name in _RENAMED:
            confluent[_RENAMED[name]] = value
        elif name in _PASSED:
            confluent[name] = value
            _range(name, value, problems)
        elif name != "ssl.key.password":
            dropped.append(name)
    _mechanism(kafka, confluent, problems)
    return Prediction(confluent if usable else {}, kafka, problems, dropped)


def _kafka_options(dto: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    options = {option["name"]: option["value"] for option in dto.get("options") or []}
    options["bootstrap.servers"] = dto.get("bootstrapServers")
    options["security.protocol"] = dto.get("securityProtocol")
    options["ssl.endpoint.identification.algorithm"] = dto.get("sslEndpointIdentificationAlgorithm")
    fields = {
        "ssl.truststore.location": _downloaded(dto.get("sslTruststoreLocation")),
        "ssl.truststore.password": dto.get("sslTruststorePassword"),
        "ssl.keystore.location": _downloaded(dto.get("sslKeystoreLocation")),
        "ssl.keystore.password": dto.get("sslKeystorePassword"),
        "ssl.key.password": dto.get("sslKeyPassword"),
    }
    options.update({name: value for name, value in fields.items() if value is not None})
    return options


def _downloaded(location: t.Optional[str]) -> t.Optional[str]:
    return f"/tmp/{location.rsplit('/', 1)[-1]}" if location else location  # noqa: S108  (where the client writes)


def _stores(kafka: t.Mapping[str, t.Any], dto: t.Mapping[str, t.Any], problems: t.List[str]) -> bool:
    """Check that the client can open the stores, as far as the connector shows."""
    missing = [name for name in _STORES if not kafka.get(name)]
    if missing:
        problems.append(
            "The Python client needs truststore and keystore with their passwords as soon as one of them is given, and "
            f"{', '.join(missing)} is missing. Give both stores, or none where a public authority signed the brokers' "
            "certificates"
        )
        return False
    for field in LOCATION_FIELDS.values():
        location = str(dto.get(field))
        if location.lower().endswith((".p12", ".pfx", ".pkcs12", ".pem", ".crt", ".cer")):
            problems.append(f"The Python client reads JKS stores only, and {location} is not one. Convert it")
    if dto.get("sslKeyPassword") not in (None, dto.get("sslKeystorePassword")):
        problems.append(
            "The Python client opens the private key with the password of its store, and the key has another one. Make "
            "them the same"
        )
    return True


def _login(text: str, confluent: t.Dict[str, t.Any], problems: t.List[str]) -> bool:
    """Check that the client can parse the JAAS text."""
    found = _LOGIN.search(text)
    if not found:
        problems.append(
            "The Python client stops at sasl.jaas.config: it needs username before password, both in quotes and not "
            "empty, and cannot log in by other means. Use PLAIN or SCRAM, and write the login module so"
        )
        return False
    confluent["sasl.mechanisms"] = _MECHANISMS.get(found.group(1))
    confluent["sasl.username"] = found.group(2)
    confluent["sasl.password"] = found.group(3)
    try:
        options = jaas.parse(text).options
    except InputError as error:
        problems.append(f"Java clients do not read sasl.jaas.config: {error.cause}")
        return True
    for name, value in (("username", found.group(2)), ("password", found.group(3))):
        if options.get(name) != value:
            problems.append(
                f"The Python client takes another {name} out of sasl.jaas.config than Kafka does: it ends at the first "
                "quote and knows no backslash. Choose one without \", ' and \\"
            )
    return True


def _mechanism(kafka: t.Mapping[str, t.Any], confluent: t.Dict[str, t.Any], problems: t.List[str]) -> None:
    """Check the mechanism. Of its two names, librdkafka uses the later one."""
    if not str(kafka.get("security.protocol", "")).startswith("SASL"):
        return
    used = next((value for name, value in reversed(list(confluent.items())) if name.startswith("sasl.mechanism")), None)
    declared = kafka.get("sasl.mechanism")
    if confluent.get("sasl.mechanisms", "") is None:
        problems.append(
            "The Python client does not know the login module in sasl.jaas.config. Use Kafka's own PlainLoginModule or "
            "ScramLoginModule"
        )
    elif declared is not None and used != declared:
        problems.append(
            f"The Python client would use {used} instead of {declared}: the option sasl.mechanism must stand after "
            "sasl.jaas.config"
        )
    elif used is None:
        problems.append("The Python client finds no mechanism. Give the options sasl.jaas.config and sasl.mechanism")
    elif used not in _WORKING_MECHANISMS:
        problems.append(
            f"The Python client cannot log in with {used}: it passes user and password on, and nothing else. Use one "
            f"of {', '.join(_WORKING_MECHANISMS)}, or client certificates"
        )


def _range(name: str, value: t.Any, problems: t.List[str]) -> None:
    """Check a number: librdkafka rejects the whole configuration if one is outside its range."""
    known = PROPERTIES[name]
    if known.low is None or known.high is None or name == "acks":  # acks takes "all" as well
        return
    try:
        accepted = known.low <= int(str(value)) <= known.high
    except ValueError:
        accepted = False
    if not accepted:
        problems.append(
            f"The Python client passes {name} to librdkafka, which accepts {known.low} to {known.high}. "
            "Give a number in that range"
        )
