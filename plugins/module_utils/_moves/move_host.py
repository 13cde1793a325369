# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""A host that moves from one Kafka cluster to another, as the modules of a move see it.

The old cluster is read with the configuration that the host has, and with that user's rights; the declared one with the
declaration.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import same_servers
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_text
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import Options
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration as kafka_declaration
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import generations, options, transaction
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.generations import FileSet, Generations
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owned_files import open_files

from . import move_planner, move_record
from .cluster_reader import ClusterSource, Reading, read_cluster
from .move_record import MoveRecord
from .old_cluster import Places, groups_of, servers_of, source_of, topics_of

_LOCK_SECONDS = 60.0
#: What a record says of a kept configuration without a Kafka.
_NO_SERVERS = "none"
#: Options of onlinefs_config that these modules, or one of them, do not have.
_NOT_GIVEN = ("log_file", "vector_db_properties", "producer_properties", "service_commands")
_MAX_SHOWN = 300


@dataclasses.dataclass(frozen=True)
class MoveHost:
    """A host, and what is declared for it.

    :param declared: the Kafka that its consumer is to read from; ``None`` if it is to return to a kept configuration.
    :param target: that kept configuration; ``None`` otherwise.
    :param files: the configuration that its service reads, or read before a change that was interrupted.
    :param interrupted: whether there is such a change.
    :param base: the generation to go back to from it; -1 if there is none.
    """

    params: Options
    places: Places
    generations: Generations
    declared: t.Optional[kafka_declaration.KafkaDeclaration]
    target: t.Optional[FileSet]
    files: FileSet
    interrupted: bool
    base: int

    @property
    def old_servers(self) -> str:
        return move_record.servers_text(servers_of(self.files))

    @property
    def new_servers(self) -> str:
        if self.declared is None:
            return move_record.servers_text(servers_of(self.target or {}) or _NO_SERVERS)
        return move_record.servers_text(self.declared.properties["bootstrap.servers"])

    @contextlib.contextmanager
    def locked(self, record: t.Optional[MoveRecord]) -> t.Iterator[None]:
        """Keep other runs on this host out, if none has changed since what this run has decided by.

        :param record: the record that this run has read.
        :raises HostError: one has, or does not end.
        """
        with self.generations.locked(_LOCK_SECONDS):
            if move_record.read(self.generations) != record:
                raise HostError(
                    "move", "another run on this host has changed its record in the meantime", "Run the task again"
                )
            files, base = _configuration(self.generations, self.places.paths.directory)
            if not generations.same(files, self.files) or base != self.base:
                raise HostError(
                    self.places.paths.directory,
                    "the configuration was changed in the meantime, by another run or by somebody else",
                    "Run the task again",
                )
            yield

    @property
    def is_there(self) -> bool:
        """Whether the host has the configuration for the declared Kafka already."""
        return same_servers(self.old_servers, self.new_servers)

    @property
    def cluster_before(self) -> t.Optional[str]:
        """The id that the cluster at the host's addresses had when OnlineFS was last seen to read from it, if ever."""
        complete = self.completed(move_record.read(self.generations))
        return move_planner.last_cluster(self.generations.all(), self.old_servers, complete)

    def completed(self, record: t.Optional[MoveRecord]) -> t.Optional[MoveRecord]:
        """Return a record if the host has the configuration that its move led to."""
        if record is None or self.interrupted:
            return None
        return record if same_servers(record.new_servers, self.old_servers) else None

    def moves(self, old: t.Optional[str], new: t.Optional[str]) -> t.Optional[bool]:
        """Return whether OnlineFS is to read from another cluster, see :func:`.move_planner.is_move`."""
        return move_planner.is_move(old, new, self.old_servers, self.new_servers, self.cluster_before)

    def cluster_there(self, declared: Reading) -> t.Optional[str]:
        """Return the id of the cluster at the host's addresses, which are the declared ones too; ``None`` if unknown.

        The host's configuration may read it where the declared one does not: a new password may be wrong.

        :param declared: what was read with the declared configuration.
        """
        return declared.cluster_id or self.old(topics=False).cluster_id

    def left_behind(self, answering: Reading) -> Reading:
        """Return what is known of the cluster that OnlineFS leaves.

        :param answering: the one that answers at the addresses of the host. It may be another one.
        """
        before = self.cluster_before
        if before is None or answering.cluster_id in (None, before):
            return answering
        return Reading(before, reason=f"cluster {answering.cluster_id} answers at the addresses of cluster {before}")

    def old(self, topics: bool, members: bool = False, carried: bool = False) -> Reading:
        """Read the Kafka of the host's configuration."""
        source = source_of(self.files, self.places, topics_of(self.files) if topics else None)
        members_of = groups_of(self.files) if members else ()
        marker = move_planner.CARRIED if carried else ""
        return self._read(dataclasses.replace(source, members_of=members_of, carried=marker))

    def new(self, topics: bool, carried: bool = False) -> Reading:
        """Read the declared Kafka, or that of the configuration to which the host is to return."""
        marker = move_planner.CARRIED if carried else ""
        declared = self.declared
        if declared is None:
            target = self.target or {}
            source = source_of(target, self.places, topics_of(target) if topics else None)
            return self._read(dataclasses.replace(source, carried=marker))
        read = topics_of(self.files, self.params["topics"], self.params["topic_pattern"]) if topics else None
        return self._read(ClusterSource(lambda: declared, None, read, carried=marker))

    def source_left(self, record: MoveRecord) -> ClusterSource:
        """Return the Kafka that a record is about.

        :raises InputError: the configuration for it is not kept any more.
        """
        files = self.generations.files(record.generation)
        return source_of(files, self.places, topics_of(files))

    def left(self, record: MoveRecord) -> Reading:
        """Read the Kafka that a record is about.

        :raises InputError: the configuration for it is not kept any more.
        """
        return self._read(self.source_left(record))

    def _read(self, source: ClusterSource) -> Reading:
        return read_cluster(source, self.params["timeout"])

    def is_led_to_by(self, record: MoveRecord) -> bool:
        """Return whether a record is that of a move to the declared Kafka, by its addresses."""
        return same_servers(record.new_servers, self.new_servers)

    def is_of_the_same_addresses(self, record: MoveRecord, new_cluster: t.Optional[str]) -> bool:
        """Return whether a record is that of the declared cluster, which has taken the addresses of the one before."""
        told = (record.old_cluster, record.new_cluster)
        return record.keeps_addresses and self.is_led_to_by(record) and told == (self.cluster_before, new_cluster)


def read_host(params: Options, secrets: t.Set[str]) -> MoveHost:
    """Read the options and the host.

    :raises HopsworksKafkaError: something in them cannot work.
    """
    params = {**dict.fromkeys(_NOT_GIVEN), **params}
    secrets |= options.secrets(params)
    paths = options.paths(params)
    home = params["home"]
    certificates = params["certs_dir"] or _default_certs_dir(home)
    kept = Generations(paths.state, paths.earlier)
    declared, target = None, None
    if params["generation"] is None:
        declared = kafka_declaration.declare(
            {**params["properties"], **(params["consumer_properties"] or {})},
            options.store("truststore", params["truststore"]),
            options.store("keystore", params["keystore"]),
        )
    else:
        target = kept.files(options.generation_number(params["generation"], kept.all()))
    files, base = _configuration(kept, paths.directory)
    return MoveHost(
        params=params,
        places=Places(paths, home, params["container_home"], certificates),
        generations=kept,
        declared=declared,
        target=target,
        files=files,
        interrupted=base >= 0,
        base=base,
    )


def _configuration(kept: Generations, directory: str) -> t.Tuple[FileSet, int]:
    """Return the files that the service reads, or read before a change that was interrupted, and their number then."""
    journal = kept.journal()
    if journal is not None:
        return kept.files(journal.base), journal.base
    return transaction.read_configuration(open_files(directory)), -1


def _default_certs_dir(home: str) -> str:
    """Return where the installer of Hopsworks keeps the certificates of the service in ``home``."""
    return f"{home.rstrip('/').rpartition('/')[0]}/super_crypto/onlinefs"


def shown(text: str) -> str:
    """Return a text of a host or a broker as results show it."""
    return public_text(text)[:_MAX_SHOWN]
