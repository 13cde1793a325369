# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Which files OnlineFS reads, by its version, and what its installer's own templates put into them.

Source: logicalclocks/onlinefs-chef, recipes/default.rb and templates/default/*.erb over its history. A file of the
user's
replaces the template as a whole. Whatever a template sets beside the connection must therefore be set again: without
``group.id`` the consumer cannot subscribe, and Kafka's own defaults skip old records and commit what was not yet
stored.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

CONSUMER_FILE = "onlinefs-kafka.properties"
VECTOR_DB_FILE = "onlinefs-kafka-vector-db.properties"
PRODUCER_FILE = "producer.properties"
SITE_FILE = "onlinefs-site.xml"

#: Every file besides the stores that any version reads and this collection may write.
KNOWN_FILES = (CONSUMER_FILE, VECTOR_DB_FILE, PRODUCER_FILE, SITE_FILE)

#: Names of the stores that this collection writes (``_kafka.stores.file_name``).
STORE_PREFIX = "kafka"
STORE_NAME = re.compile(r"kafka_[0-9a-f]{8}_(?:truststore|keystore)\.jks")

#: The first version that takes a properties file of its own (its template stood inside onlinefs-site.xml before).
OLDEST_VERSION = (3, 3)
_VECTOR_DB_VERSION = (3, 7)
_PRODUCER_VERSION = (3, 8)

_CONSUMER = {
    "auto.offset.reset": "earliest",
    "metadata.max.age.ms": "60000",
    "max.partition.fetch.bytes": "1048576",
    "max.poll.records": "1000",
    "enable.auto.commit": "false",
}
_PRODUCER = {
    "metadata.max.age.ms": "60000",
    "batch.size": "16384",
    "linger.ms": "10",
    "acks": "all",
    "compression.type": "none",
}

Version = t.Tuple[int, int]


@dataclasses.dataclass(frozen=True)
class PropertiesFile:
    """A properties file of OnlineFS.

    :param name: its name in the configuration directory.
    :param option: the option with the user's own properties for this file alone.
    :param defaults: what the template sets beside the connection.
    """

    name: str
    option: str
    defaults: t.Mapping[str, str]

    @property
    def consumes(self) -> bool:
        return "group.id" in self.defaults


def version(text: str) -> Version:
    """``3.8``, ``3.8.1``, ``4.0-SNAPSHOT`` as major and minor.

    :raises InputError: not a version, or one before 3.3.
    """
    found = re.match(r"(\d+)\.(\d+)(?:$|[.-])", text)
    if not found:
        raise InputError(
            "option service_version", f"not a version: {text!r}", "Give major and minor as text, for example '3.8'"
        )
    read = (int(found.group(1)), int(found.group(2)))
    if read < OLDEST_VERSION:
        raise InputError(
            "option service_version", f"{text} takes no Kafka properties file", "OnlineFS does from 3.3 on"
        )
    return read


def properties_files(of: Version) -> t.Tuple[PropertiesFile, ...]:
    """The properties files that a version reads. Before 3.7 its one consumer group was called ``0``."""
    group = "onlinefs_rondb" if of >= _VECTOR_DB_VERSION else "0"
    files = [PropertiesFile(CONSUMER_FILE, "consumer_properties", {"group.id": group, **_CONSUMER})]
    if of >= _VECTOR_DB_VERSION:
        defaults = {"group.id": "onlinefs_vectordb", **_CONSUMER}
        files.append(PropertiesFile(VECTOR_DB_FILE, "vector_db_properties", defaults))
    if of >= _PRODUCER_VERSION:
        files.append(PropertiesFile(PRODUCER_FILE, "producer_properties", _PRODUCER))
    return tuple(files)


def container_directory(config_dir: str, home: str, container_home: str) -> str:
    """Where the service sees its configuration directory.

    Its unit mounts the home directory at another path inside the container, and data volumes at their own
    (templates/default/onlinefs.service.erb).
    """
    inside = os.path.relpath(config_dir, home)
    if inside == os.pardir or inside.startswith(os.pardir + os.sep):
        return config_dir
    return os.path.normpath(os.path.join(container_home, inside))


def check_topics(topics: t.Iterable[str]) -> None:
    """Raises InputError for a name that Kafka refuses: it takes 1 to 249 of ``[a-zA-Z0-9._-]``, not ``.`` or ``..``."""
    for topic in topics:
        if not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", topic) or topic in (".", ".."):
            raise InputError(
                "option topics", f"Kafka has no topic of the name {topic!r}", "Letters, digits, dot, _ and - only"
            )
