# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check the consumer groups of a configuration that root knows.

The service's user can write any configuration into its own files. A client that root starts must not follow one: it
would open the files and connect to the servers that it names. So nothing is read back from the host, and only
configurations that this collection wrote are checked.
"""

from __future__ import annotations

import dataclasses
import re
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import group_membership
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import ClusterFault, Secure
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.group_membership import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import (
    KafkaDeclaration,
    with_located_stores,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import tls_handshake

from . import desired_files, onlinefs_versions
from .generations import FileSet, Generations
from .health_check import NOT_OURS, Members
from .options import ConfigRequest
from .owner_process import read_bounded

_ASK_AGAIN_SECONDS = 0.3
#: Whether onlinefs-site.xml names the file of the second consumer. Without it, OnlineFS does not start that consumer.
_VECTOR_DB = re.compile(
    rb"<propertiesFileVectorDb>\s*" + re.escape(onlinefs_versions.VECTOR_DB_FILE.encode()) + rb"\s*</"
)


class _Target(t.NamedTuple):
    """A group to check, and the client to do it with; ``problem`` says why there is none."""

    file: str
    group: str
    client_id: str
    client: t.Optional[KafkaDeclaration]
    secure: t.Optional[Secure]
    problem: str


class GroupCheck:
    """Check that the host's consumers have joined the groups of a configuration.

    :param request: the options.
    :param generations: tells which configurations this collection wrote.
    :param declared: the properties that the user declares, by file; empty if nothing is declared.
    :param secrets: texts that must not be shown.
    """

    def __init__(
        self,
        request: ConfigRequest,
        generations: Generations,
        declared: t.Mapping[str, t.Mapping[str, str]],
        secrets: t.Collection[str],
    ) -> None:
        self._request = request
        self._generations = generations
        self._declared = declared
        self._secrets = secrets
        self._targets: t.Tuple[FileSet, t.List[_Target]] = ({}, [])

    def members(self, files: FileSet, seconds: float) -> Members:
        """Return the members that the groups of a configuration have now."""
        return {target.file: self._members(target, seconds) for target in self._of(files)}

    def look(self, files: FileSet, before: t.Optional[Members], seconds: float) -> t.List[ConsumerGroup]:
        """Look at the groups of a configuration once.

        :param files: the configuration that is live now.
        :param before: the members from before the restart, which prove nothing; ``None`` without a restart.
        """
        return [self._look(target, before, seconds) for target in self._of(files)]

    def _members(self, target: _Target, seconds: float) -> t.Optional[t.FrozenSet[str]]:
        if target.client is None:
            return None
        deadline = Deadline(seconds)
        while True:
            try:
                return group_membership.member_ids(target.client, target.secure, target.group, deadline.left())
            except ClusterFault as fault:
                if fault.final or deadline.over:
                    return None
            # A Kafka that no consumer has ever joined prepares itself for groups when it is asked first.
            time.sleep(min(_ASK_AGAIN_SECONDS, deadline.left()))

    def _look(self, target: _Target, before: t.Optional[Members], seconds: float) -> ConsumerGroup:
        if target.client is None:
            return ConsumerGroup(target.group, target.client_id, None, target.problem, final=True)
        ignored = frozenset() if before is None else before.get(target.file)
        found = group_membership.look(
            target.client, target.secure, target.group, target.client_id, seconds, ignored or ()
        )
        if found.joined and ignored is None:
            reason = "Kafka did not say which members were there before the restart, so this may be an old one"
            found = dataclasses.replace(found, joined=None, reason=reason)
        return dataclasses.replace(found, reason=clean(found.reason, self._secrets))

    def _of(self, files: FileSet) -> t.List[_Target]:
        """Return the groups of a configuration. They are kept, as reading the stores takes a while."""
        known, targets = self._targets
        if known is not files:
            written = desired_files.written(self._generations.all())
            targets = [self._target(name, files, written) for name in _consumers(files)]
            self._targets = (files, targets)
        return targets

    def _target(self, name: str, files: FileSet, written: t.Set[t.Tuple[str, str]]) -> _Target:
        file = files[name]
        properties = desired_files.parsed(name, file)
        target = _Target(name, properties.get("group.id", ""), properties.get("client.id", ""), None, None, NOT_OURS)
        ours = file is not None and (name, file.sha256) in written
        if not ours and properties != self._declared.get(name):
            return target
        try:
            # A store that somebody else placed on the host is read with the rights of the service's user.
            client = with_located_stores(
                properties, self._request.paths.on_host, lambda path: desired_files.store(path, files, read_bounded)
            )
            secure = tls_handshake.secure(client)
        except HopsworksKafkaError as error:
            return target._replace(problem=clean(str(error), self._secrets))
        return target._replace(client=client, secure=secure)


def _consumers(files: FileSet) -> t.List[str]:
    """Return the files of the consumers that the service starts."""
    names = [onlinefs_versions.CONSUMER_FILE]
    site = files.get(onlinefs_versions.SITE_FILE)
    if site is not None and _VECTOR_DB.search(site.content):
        names.append(onlinefs_versions.VECTOR_DB_FILE)
    return [name for name in names if files.get(name) is not None]
