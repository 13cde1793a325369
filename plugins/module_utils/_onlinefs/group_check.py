# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check the consumer group of a configuration that root knows.

The service's user can write any configuration into its own files. A client that root starts must not follow one: it
would open the files and connect to the servers that it names. So nothing is read back from the host, and only
configurations that this collection wrote are checked.
"""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import consumer_groups
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.consumer_groups import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError, InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration as kafka_declaration

from . import desired_files, onlinefs_versions
from .generations import FileSet, Generations
from .health_check import require_joined
from .options import Request
from .owner_process import read_bounded

NOT_OURS = "this configuration was not written by this collection, so root does not follow it"

_MAX_STORE = 16 * 1024 * 1024


class GroupCheck:
    """Check that the host's consumer has joined the group of a configuration.

    :param request: the options.
    :param generations: tells which configurations this collection wrote.
    :param declared: the consumer's properties that the user declares; empty if nothing is declared.
    :param secrets: texts that must not be shown.
    """

    def __init__(
        self, request: Request, generations: Generations, declared: t.Mapping[str, str], secrets: t.Collection[str]
    ) -> None:
        self._request = request
        self._generations = generations
        self._declared = declared
        self._secrets = secrets

    def __call__(self, files: FileSet, seconds: float) -> ConsumerGroup:
        """Wait until the consumer has joined.

        :param files: the configuration that is live now.
        :raises HostError: it has not joined, or that could not be checked although it is required.
        """
        name = onlinefs_versions.CONSUMER_FILE
        file = files.get(name)
        properties = desired_files.parsed(name, file)
        group, client_id = properties.get("group.id", ""), properties.get("client.id", "")
        written = file is not None and (name, file.sha256) in desired_files.written(self._generations.all())
        if not written and properties != self._declared:
            return ConsumerGroup(group, client_id, None, NOT_OURS)
        found = self._look(properties, files, group, client_id, seconds)
        found = dataclasses.replace(found, reason=clean(found.reason, self._secrets))
        require_joined(found, self._request.group_required)
        return found

    def _look(
        self, properties: t.Mapping[str, str], files: FileSet, group: str, client_id: str, seconds: float
    ) -> ConsumerGroup:
        if not consumer_groups.available():
            return ConsumerGroup(group, client_id, None, consumer_groups.NO_LIBRARY)
        try:
            client = self._client(properties, files)
        except HopsworksKafkaError as error:
            return ConsumerGroup(group, client_id, None, str(error))
        return consumer_groups.wait_for_member(client, group, client_id, seconds)

    def _client(self, properties: t.Mapping[str, str], files: FileSet) -> kafka_declaration.KafkaDeclaration:
        """Return the Kafka client of a configuration, its stores taken from the configuration itself.

        A store that somebody else placed on the host is read with the rights of the service's user.
        """
        rest: t.Dict[str, t.Any] = dict(properties)
        stores: t.Dict[str, t.Optional[kafka_declaration.StoreOption]] = {}
        for role in kafka_declaration.STORE_PROPERTIES:
            option = kafka_declaration.located_store(role, rest, self._request.paths.on_host)
            if option is not None and option.path is not None:
                option = dataclasses.replace(option, content=self._store(option.path, files))
            stores[role] = option
        return kafka_declaration.declare(rest, stores["truststore"], stores["keystore"])

    def _store(self, path: str, files: FileSet) -> bytes:
        name = posixpath.basename(path)
        if onlinefs_versions.STORE_NAME.fullmatch(name):
            file = files.get(name)
            if file is None:
                raise InputError(path, "the configuration names this store and does not contain it")
            return file.content
        return read_bounded(path, _MAX_STORE)
