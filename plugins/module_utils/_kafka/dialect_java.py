# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Translate the declaration to the properties of a Java client: what OnlineFS reads."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from .declaration import KafkaDeclaration
from .java_configs import SETTINGS
from .validation import STORE_PROPERTIES

_FIRST = ("bootstrap.servers", "security.protocol")


def java_properties(
    client: KafkaDeclaration, truststore_location: t.Optional[str] = None, keystore_location: t.Optional[str] = None
) -> t.Dict[str, str]:
    """Return Java properties: servers and protocol first, the others by name, whatever the order of the declaration.

    :param truststore_location: where the client will see the JKS file of :func:`stores.truststore_jks`; needed where
        there is a trust store. Likewise ``keystore_location``.
    :raises InputError: a store without a location.
    """
    properties = dict(client.properties)
    if client.truststore:
        _place(properties, "truststore", truststore_location, client.truststore.password)
    if client.keystore:
        _place(properties, "keystore", keystore_location, client.keystore.password)
        properties[STORE_PROPERTIES["keystore"]["key_password"]] = client.keystore.password
    names = [name for name in _FIRST if name in properties]
    return {name: properties[name] for name in names + sorted(set(properties) - set(names))}


def for_consumer(properties: t.Mapping[str, str]) -> t.Dict[str, str]:
    """Return the properties without those that only a producer or an admin client has. Unknown names stay."""
    return _for("c", properties)


def for_producer(properties: t.Mapping[str, str]) -> t.Dict[str, str]:
    """Return the properties without those that only a consumer or an admin client has. Unknown names stay."""
    return _for("p", properties)


def _for(client: str, properties: t.Mapping[str, str]) -> t.Dict[str, str]:
    return {
        name: value for name, value in properties.items() if name not in SETTINGS or client in SETTINGS[name].clients
    }


def _place(properties: t.Dict[str, str], role: str, location: t.Optional[str], password: str) -> None:
    if not location:
        raise InputError(role, "its location on the client's host is missing", "Give its location")
    names = STORE_PROPERTIES[role]
    properties[names["path"]] = location
    properties[names["password"]] = password
    properties[names["type"]] = "JKS"
