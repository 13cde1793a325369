# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Know which files each version of OnlineFS reads, and what its installer's templates put into them.

Source: recipes/default.rb and templates/default/*.erb over the history of
https://github.com/logicalclocks/onlinefs-chef/tree/e3735e9. A file of the user's replaces the template as a whole, so
whatever a template sets besides the connection must be set again: without ``group.id`` the consumer cannot subscribe,
and Kafka's own defaults skip old records and commit records that are not stored yet.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t
import unicodedata

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import site_xml

CONSUMER_FILE = "onlinefs-kafka.properties"
VECTOR_DB_FILE = "onlinefs-kafka-vector-db.properties"
PRODUCER_FILE = "producer.properties"
SITE_FILE = "onlinefs-site.xml"

#: Every file, apart from the stores, that some version reads and this collection may write.
KNOWN_FILES = (CONSUMER_FILE, VECTOR_DB_FILE, PRODUCER_FILE, SITE_FILE)

#: Names of the stores that this collection writes (``_keystores.stores.file_name``).
STORE_PREFIX = "kafka"
STORE_NAME = re.compile(r"kafka_[0-9a-f]{8}_(?:truststore|keystore)\.jks")

#: The first version with a properties file of its own. Before, the properties were inside onlinefs-site.xml.
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

    :param name: the name in the configuration directory.
    :param option: the option with the user's properties for this file only.
    :param defaults: what the template sets besides the connection.
    """

    name: str
    option: str
    defaults: t.Mapping[str, str]

    @property
    def consumes(self) -> bool:
        return "group.id" in self.defaults


def version(text: str) -> Version:
    """Return major and minor of a version such as ``3.8``, ``3.8.1`` or ``4.0-SNAPSHOT``.

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
            "option service_version", f"OnlineFS {text} reads no Kafka properties file", "Upgrade to 3.3 or newer"
        )
    return read


def properties_files(of: Version) -> t.Tuple[PropertiesFile, ...]:
    """Return the properties files that a version reads. Before 3.7, its only consumer group is called ``0``."""
    group = "onlinefs_rondb" if of >= _VECTOR_DB_VERSION else "0"
    files = [PropertiesFile(CONSUMER_FILE, "consumer_properties", {"group.id": group, **_CONSUMER})]
    if of >= _VECTOR_DB_VERSION:
        defaults = {"group.id": "onlinefs_vectordb", **_CONSUMER}
        files.append(PropertiesFile(VECTOR_DB_FILE, "vector_db_properties", defaults))
    if of >= _PRODUCER_VERSION:
        files.append(PropertiesFile(PRODUCER_FILE, "producer_properties", _PRODUCER))
    return tuple(files)


def container_directory(config_dir: str, home: str, container_home: str) -> str:
    """Return the path at which the service sees its configuration directory.

    Its unit mounts the home directory at another path inside the container, and data volumes at their own path:
    https://github.com/logicalclocks/onlinefs-chef/blob/e3735e9/templates/default/onlinefs.service.erb
    """
    inside = os.path.relpath(config_dir, home)
    if inside == os.pardir or inside.startswith(os.pardir + os.sep):
        return config_dir
    return os.path.normpath(os.path.join(container_home, inside))


def check_topics(topics: t.Iterable[str]) -> None:
    """Check that Kafka can have topics of these names: 1 to 249 of ``[a-zA-Z0-9._-]``, not ``.`` or ``..``.

    :raises InputError: a name is not valid.
    """
    for topic in topics:
        if not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", topic) or topic in (".", ".."):
            raise InputError(
                "option topics", f"{topic!r} is not a valid topic name", "Use 1 to 249 letters, digits, dots, _ and -"
            )


def check_topic_pattern(pattern: str) -> None:
    """Check that an XML file can hold a pattern, and that it has no control characters.

    :raises InputError: it cannot.
    """
    control = next((f"U+{ord(each):04X}" for each in pattern if unicodedata.category(each) == "Cc"), "")
    bad = control or site_xml.forbidden_character(pattern)
    if bad:
        cause = f"it contains the character {bad}, which {SITE_FILE} cannot hold"
        raise InputError("option topic_pattern", cause, "Remove the character")
