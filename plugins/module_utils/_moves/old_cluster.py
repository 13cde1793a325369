# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The Kafka that a configuration of the host names: the one that OnlineFS reads from, or has left."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.user_rights import rights_of
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import (
    KafkaDeclaration,
    with_located_stores,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import (
    desired_files,
    onlinefs_versions,
    site_xml,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.bounded_read import read_file
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.generations import FileSet
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.options import Paths
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.path_owner import path_owner

from .cluster_reader import ClusterSource
from .offsets import Topics

#: The pattern of the installer, for a host whose onlinefs-site.xml names none.
DEFAULT_PATTERN = ".*_onlinefs"
#: Where the container sees the certificates of the service.
#: https://github.com/logicalclocks/onlinefs-chef/blob/e3735e9/templates/default/onlinefs.service.erb
_CERTIFICATES = "/certs"
_CONSUMERS = (onlinefs_versions.CONSUMER_FILE, onlinefs_versions.VECTOR_DB_FILE)
_NOBODY = 65534


@dataclasses.dataclass(frozen=True)
class Places:
    """Where the files lie on the host that the service names by their paths in its container.

    :param home: the home directory.
    :param container_home: the same as the service sees it.
    :param certificates: the directory of the service's certificates.
    """

    paths: Paths
    home: str
    container_home: str
    certificates: str

    def on_host(self, location: str) -> str:
        """Return the path on the host for a path as the service sees it."""
        place = self.paths.on_host(location)
        if place != location:
            return place
        for inside, outside in ((_CERTIFICATES, self.certificates), (self.container_home, self.home)):
            if location.startswith(inside.rstrip("/") + "/"):
                return os.path.join(outside, location[len(inside.rstrip("/")) + 1 :])
        return location


def servers_of(files: FileSet) -> str:
    """Return the bootstrap servers that the consumer of a configuration reads from; empty if it names none."""
    return _consumer(files).get("bootstrap.servers", "")


def groups_of(files: FileSet) -> t.Tuple[str, ...]:
    """Return the consumer groups of a configuration."""
    groups = (desired_files.parsed(name, files.get(name)).get("group.id") for name in _CONSUMERS)
    return tuple(dict.fromkeys(group for group in groups if group))


def topics_of(files: FileSet, names: t.Optional[t.Sequence[str]] = None, pattern: t.Optional[str] = None) -> Topics:
    """Return the topics that OnlineFS reads with a configuration.

    :param names: a topic list that is declared, and goes before that of the file.
    :param pattern: the same for the pattern.
    """
    there = desired_files.parsed(onlinefs_versions.SITE_FILE, files.get(onlinefs_versions.SITE_FILE))
    listed = there.get(site_xml.TOPIC_LIST, "").split(",") if names is None else names
    told = there.get(site_xml.TOPIC_PATTERN) if pattern is None else pattern
    return Topics(tuple(name.strip() for name in listed if name.strip()), told or DEFAULT_PATTERN)


def source_of(files: FileSet, places: Places, topics: t.Optional[Topics] = None) -> ClusterSource:
    """Return the cluster of a configuration, to be read with the rights of the owner of the configuration directory.

    :raises HostError: several users can replace that directory.
    """
    owner = path_owner(places.paths.directory) if os.geteuid() == 0 else None
    return ClusterSource(
        client=lambda: _client(files, places),
        rights=None if owner is None else rights_of(owner, _NOBODY),
        topics=topics,
        groups=groups_of(files),
    )


def _client(files: FileSet, places: Places) -> KafkaDeclaration:
    """Return the Kafka client of a configuration. Stores that are not part of it are read with this process's rights.

    :raises HopsworksKafkaError: the configuration cannot be used here.
    """
    properties = _consumer(files)
    if not properties:
        raise InputError(onlinefs_versions.CONSUMER_FILE, "there is no such file, or it names no Kafka")
    return with_located_stores(properties, places.on_host, lambda path: desired_files.store(path, files, read_file))


def _consumer(files: FileSet) -> t.Dict[str, str]:
    name = onlinefs_versions.CONSUMER_FILE
    return desired_files.parsed(name, files.get(name))
