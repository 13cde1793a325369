# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Translate the declaration to a Kafka storage connector of Hopsworks.

Rules and limits are those of the server's ``FeatureStoreKafkaConnectorController`` and its DTO. Whatever the server
rejects, or answers with an internal error, is rejected here before anything is sent.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores.dummy_keystore import dummy_keystore

from . import jaas
from .declaration import KafkaDeclaration
from .validation import STORE_PROPERTIES

MAX_BOOTSTRAP_LENGTH = 1000
MAX_OPTIONS_LENGTH = 2000

#: Fields of the connector for properties; everything else goes into its options.
FIELDS = {
    "bootstrap.servers": "bootstrapServers",
    "security.protocol": "securityProtocol",
    "ssl.truststore.location": "sslTruststoreLocation",
    "ssl.truststore.password": "sslTruststorePassword",
    "ssl.keystore.location": "sslKeystoreLocation",
    "ssl.keystore.password": "sslKeystorePassword",
    "ssl.key.password": "sslKeyPassword",
    "ssl.endpoint.identification.algorithm": "sslEndpointIdentificationAlgorithm",
}

#: The fields of the stores' locations, by role.
LOCATION_FIELDS = {role: FIELDS[names["path"]] for role, names in STORE_PROPERTIES.items()}
_TYPES = tuple(names["type"] for names in STORE_PROPERTIES.values())


def complete(client: KafkaDeclaration) -> KafkaDeclaration:
    """Return the client with what a connector needs in addition: a dummy key store for a trust store without one.

    Only for SASL_SSL. With SSL the certificate is the login, so :func:`connector` requires a real one.
    """
    alone = not client.keystore and "ssl.keystore.location" not in client.properties
    if client.truststore and alone and client.properties["security.protocol"] == "SASL_SSL":
        return dataclasses.replace(client, keystore=dummy_keystore(client.truststore))
    return client


def connector(
    client: KafkaDeclaration, truststore_location: t.Optional[str] = None, keystore_location: t.Optional[str] = None
) -> t.Dict[str, t.Any]:
    """Return the connector's fields, without ``id``, ``name``, ``description``, ``type`` and ``storageConnectorType``.

    Fields without a value are omitted, as the server omits them from its answers.

    :param truststore_location: path in the project of the JKS file of :func:`stores.truststore_jks`; needed where the
        client has a trust store. Likewise ``keystore_location``.
    :returns: ``bootstrapServers``, ``securityProtocol``, ``sslEndpointIdentificationAlgorithm`` (``HTTPS`` or ``""``),
        ``options`` (``[{name, value}]`` by name), and where there are stores ``sslTruststoreLocation``,
        ``sslTruststorePassword``, ``sslKeystoreLocation``, ``sslKeystorePassword``, ``sslKeyPassword``.
    :raises InputError: what the server would refuse.
    """
    properties = dict(client.properties)
    for name in _TYPES:
        if properties.pop(name, "JKS").upper() != "JKS":
            raise InputError(
                f"property {name}",
                "the stores of a connector must be of type JKS, the only one that Hopsworks reads",
                f"Give the file in the option {name.split('.')[1]}: it is converted",
            )
    fields = {field: properties.pop(name) for name, field in FIELDS.items() if name in properties}
    if client.truststore:
        fields["sslTruststoreLocation"] = _location("truststore", truststore_location)
        fields["sslTruststorePassword"] = client.truststore.password
    if client.keystore:
        fields["sslKeystoreLocation"] = _location("keystore", keystore_location)
        fields["sslKeystorePassword"] = fields["sslKeyPassword"] = client.keystore.password
    elif "sslKeystorePassword" in fields:
        # Java opens the key with the store's password unless it has another one.
        fields.setdefault("sslKeyPassword", fields["sslKeystorePassword"])
    algorithm = fields.get("sslEndpointIdentificationAlgorithm", "https")
    fields["sslEndpointIdentificationAlgorithm"] = algorithm.upper()
    if "sasl.jaas.config" in properties:
        properties["sasl.jaas.config"] = jaas.render(jaas.parse(properties["sasl.jaas.config"]))
    # By name, so that the given order does not matter. The Python client needs sasl.jaas.config before sasl.mechanism:
    # it takes the first for SCRAM-SHA-256 whatever it is, and the later of the two counts.
    options = [{"name": name, "value": properties[name]} for name in sorted(properties)]
    _check(fields, options)
    return {**fields, "options": options}


def _location(role: str, location: t.Optional[str]) -> str:
    if not location:
        raise InputError(role, "its location in the project is missing", "Give its location")
    return location


def _check(fields: t.Mapping[str, str], options: t.List[t.Dict[str, str]]) -> None:
    servers, protocol = fields.get("bootstrapServers"), fields.get("securityProtocol")
    if not servers:
        raise InputError("property bootstrap.servers", "a connector needs it", "Give host:port, separated by commas")
    if len(servers) > MAX_BOOTSTRAP_LENGTH:
        raise InputError(
            "property bootstrap.servers",
            f"{len(servers)} characters, and a connector stores {MAX_BOOTSTRAP_LENGTH} at most",
            "Give fewer servers: a client learns the others from any of them",
        )
    if not protocol:
        raise InputError(
            "property security.protocol", "a connector needs it", "Give SSL, SASL_SSL, PLAINTEXT or SASL_PLAINTEXT"
        )
    if fields["sslEndpointIdentificationAlgorithm"] not in ("", "HTTPS"):
        raise InputError(
            "property ssl.endpoint.identification.algorithm",
            "a connector accepts https and the empty string only",
            'Give https, or "" to turn off the check of host names',
        )
    length = len(json.dumps(options, ensure_ascii=False, separators=(",", ":")).encode("utf-16-le")) // 2
    if length > MAX_OPTIONS_LENGTH:
        longest = max(options, key=lambda option: len(option["value"]))["name"]
        raise InputError(
            "properties",
            f"{length} characters as options of a connector, which stores {MAX_OPTIONS_LENGTH} at most",
            f"Omit some; the longest is {longest}",
        )
    if protocol == "SSL":
        _check_ssl(fields)


def _check_ssl(fields: t.Mapping[str, str]) -> None:
    for role, field in LOCATION_FIELDS.items():
        if not fields.get(field):
            raise InputError(
                role,
                "missing, and a connector with security.protocol SSL needs both a truststore and a keystore",
                f"Give {role}; for clients without a certificate, Hopsworks accepts SASL_SSL only",
            )
    if not fields.get("sslKeyPassword"):
        raise InputError(
            "property ssl.key.password",
            "missing, and a connector with security.protocol SSL needs it",
            "Give the password of the private key",
        )
