# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Make the files that a declaration asks for, and tell what configurations contain."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import dialect_java, properties
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

from . import onlinefs_versions, site_xml
from .files import MAX_FILE, Attributes, File
from .generations import FOUND, FileSet
from .manifest import Generation

HEADER = "Written by Ansible (hopsworks.kafka). The next run overwrites manual changes."


@dataclasses.dataclass(frozen=True)
class OnlinefsDeclaration:
    """What the user declares for a host.

    :param client: the Kafka client that all files share.
    :param consumer: the same with the properties for the consumer only.
    :param version: the version of OnlineFS.
    :param overrides: the option's name to the properties for one file only; ``None`` removes a property.
    :param topics: the topic list of ``onlinefs-site.xml``; ``None`` keeps the current one.
    :param topic_pattern: the same for the topic pattern.
    :param container_dir: the configuration directory as the service sees it.
    :param client_id: the client id of this host's consumers, without the generation's number; empty to use Kafka's.
    """

    client: KafkaDeclaration
    consumer: KafkaDeclaration
    version: onlinefs_versions.Version
    overrides: t.Mapping[str, t.Mapping[str, t.Optional[str]]]
    topics: t.Optional[t.Sequence[str]]
    topic_pattern: t.Optional[str]
    container_dir: str
    client_id: str


@dataclasses.dataclass(frozen=True)
class Ownership:
    """Owner, group and mode of the files that this collection writes; ``None`` keeps what is there."""

    uid: t.Optional[int]
    gid: t.Optional[int]
    mode: int

    def of(self, current: t.Optional[File], directory: Attributes) -> Attributes:
        """Return the attributes for a file: an existing one, or a new one in a directory."""
        model = current.attributes if current else Attributes(directory.uid, directory.gid, 0)
        uid = model.uid if self.uid is None else self.uid
        gid = model.gid if self.gid is None else self.gid
        return Attributes(uid, gid, self.mode, model.xattrs)


def declared(
    declaration: OnlinefsDeclaration,
    current: FileSet,
    owner: Ownership,
    directory: Attributes,
    number: int,
    site: t.Optional[File],
) -> t.Dict[str, File]:
    """Return the files that a declaration asks for, stores first.

    A file that already says the same is kept as it is, with its order and comments.

    :param current: the files that are there now.
    :param directory: the attributes of the configuration directory: new files belong to its owner.
    :param number: the number that the next generation will get. Consumers have it in their client id, so that a member
        of the group is known to run this configuration, and not the one from before the restart.
    :param site: the ``onlinefs-site.xml`` to set the topics in, see :func:`site_to_edit`.
    :raises InputError: topics are declared and ``onlinefs-site.xml`` is missing or not well-formed.
    """
    stores_of_client, locations = _stores(declaration, current, owner, directory)
    connection = dialect_java.java_properties(declaration.client, locations["truststore"], locations["keystore"])
    edited = _site(declaration, site)
    desired: t.Dict[str, File] = {}
    # A number that is there already is kept as long as nothing else changes.
    for client_id in (declaration.client_id, None):
        desired = dict(stores_of_client)
        for file in onlinefs_versions.properties_files(declaration.version):
            there = current.get(file.name)
            content = _unless_same(_properties(file, connection, declaration, number), there, client_id)
            desired[file.name] = File(content, owner.of(there, directory))
        if edited is not None:
            desired[onlinefs_versions.SITE_FILE] = edited
        if all(
            file.content == there.content for name, file in desired.items() for there in [current.get(name)] if there
        ):
            break
    return desired


def _stores(
    declaration: OnlinefsDeclaration, current: FileSet, owner: Ownership, directory: Attributes
) -> t.Tuple[t.Dict[str, File], t.Dict[str, t.Optional[str]]]:
    """Return the stores of a declaration by file name, and by role the path at which the service sees each of them."""
    files: t.Dict[str, File] = {}
    locations: t.Dict[str, t.Optional[str]] = {"truststore": None, "keystore": None}
    client = declaration.client
    if client.truststore is None and client.keystore is None:
        return files, locations
    # Imported only here, see declare().
    from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import stores  # noqa: PLC0415

    for role, content in (
        ("truststore", stores.truststore_jks(client.truststore) if client.truststore else None),
        ("keystore", stores.keystore_jks(client.keystore) if client.keystore else None),
    ):
        if content is not None:
            name = stores.file_name(onlinefs_versions.STORE_PREFIX, role, content)
            locations[role] = os.path.join(declaration.container_dir, name)
            files[name] = File(content, owner.of(current.get(name), directory))
    return files, locations


def store(path: str, files: FileSet, read: t.Callable[[str, int], bytes]) -> bytes:
    """Return a store that a configuration names.

    :param read: reads one that somebody else placed on the host, up to a number of bytes.
    :raises InputError: one of this collection is missing.
    """
    name = os.path.basename(path)
    if not onlinefs_versions.STORE_NAME.fullmatch(name):
        return read(path, MAX_FILE)
    file = files.get(name)
    if file is None:
        raise InputError(path, "the configuration names this store and does not contain it")
    return file.content


def parsed(name: str, file: t.Optional[File]) -> t.Dict[str, str]:
    """Return the properties of a file, or the topics of ``onlinefs-site.xml``; none if it is missing or malformed."""
    return {} if file is None else dict(_parsed(name, file.content))


@functools.lru_cache(maxsize=8)
def _parsed(name: str, content: bytes) -> t.Mapping[str, str]:
    """Return what a file says. Each is asked for many times, and the service's user may write one that takes long."""
    try:
        if name == onlinefs_versions.SITE_FILE:
            return {element: text for element, text in site_xml.read(content, name).items() if text is not None}
        if name.endswith(".properties"):
            return properties.parse(content.decode(properties.ENCODING), name)
    except InputError:
        return {}
    return {}


def written(known: t.Iterable[Generation]) -> t.Set[t.Tuple[str, str]]:
    """Return name and SHA-256 of the files that this collection wrote, and that nobody else had before."""
    # Generations also keep what somebody else wrote, and a revert writes such a file again.
    first: t.Dict[t.Tuple[str, str], str] = {}
    for each in sorted(known, key=lambda each: each.number):
        for name, sha in each.hashes.items():
            if sha is not None:
                first.setdefault((name, sha), each.origin)
    return {file for file, origin in first.items() if origin != FOUND}


def malformed_site(file: t.Optional[File]) -> bool:
    """Tell whether ``onlinefs-site.xml`` is there and its topics cannot be read."""
    if file is None:
        return False
    try:
        site_xml.read(file.content, onlinefs_versions.SITE_FILE)
    except InputError:
        return True
    return False


def site_to_edit(current: FileSet, known: t.Sequence[Generation], kept: t.Callable[[int], FileSet]) -> t.Optional[File]:
    """Return the ``onlinefs-site.xml`` to set topics in: the live one as a rule.

    If this collection wrote a live file that is malformed, it is the last well-formed one that was kept.

    :param kept: reads a generation's files.
    """
    name = onlinefs_versions.SITE_FILE
    live = current.get(name)
    if live is None or not malformed_site(live) or (name, live.sha256) not in written(known):
        return live
    for each in sorted(known, key=lambda each: each.number, reverse=True):
        file = kept(each.number).get(name)
        if file is not None and not malformed_site(file):
            return File(file.content, live.attributes)
    return live


def superseded(current: FileSet, desired: FileSet, others: t.Iterable[bytes]) -> t.List[str]:
    """Return this collection's stores that nothing refers to once ``desired`` is in place.

    :param others: the content of the other files in the configuration directory, some of which may be hand-made.
    """
    final = {**current, **desired}
    texts = [
        file.content
        for name, file in final.items()
        if file is not None and not onlinefs_versions.STORE_NAME.fullmatch(name)
    ]
    texts.extend(others)
    return sorted(
        name
        for name in current
        if onlinefs_versions.STORE_NAME.fullmatch(name)
        and desired.get(name) is None
        and not any(name.encode("ascii") in text for text in texts)
    )


def _properties(
    file: onlinefs_versions.PropertiesFile,
    connection: t.Mapping[str, str],
    declaration: OnlinefsDeclaration,
    number: int,
) -> t.Dict[str, str]:
    """Return the properties of a file. Those for this file only override the declaration, and that the template.

    Each file has its own group: two consumers in one group would take each other's records.
    """
    shared = dialect_java.for_consumer(connection) if file.consumes else dialect_java.for_producer(connection)
    if file.name != onlinefs_versions.CONSUMER_FILE:
        shared.pop("group.id", None)
    if shared["security.protocol"].endswith("SSL"):
        # The template disables the check of the broker's name, for the Kafka that Hopsworks manages. Kafka's default
        # is to check it.
        shared.setdefault("ssl.endpoint.identification.algorithm", "https")
    merged: t.Dict[str, t.Optional[str]] = {**shared, **{k: v for k, v in file.defaults.items() if k not in shared}}
    if file.consumes and declaration.client_id:
        merged["client.id"] = connection.get("client.id", f"{declaration.client_id}_{number}")
    merged.update(declaration.overrides.get(file.option, {}))
    return {key: value for key, value in merged.items() if value is not None}


def _unless_same(merged: t.Dict[str, str], current: t.Optional[File], client_id: t.Optional[str]) -> bytes:
    """Return the current file if it says the same, else the new one.

    :param client_id: ignore the number after this client id; ``None`` to compare it too.
    """
    rendered = properties.render(merged, HEADER).encode(properties.ENCODING)
    if current is None:
        return rendered
    there = parsed(onlinefs_versions.CONSUMER_FILE, current)
    if client_id is not None:
        numbered = re.compile(re.escape(client_id) + r"_\d+")
        if numbered.fullmatch(merged.get("client.id", "")) and numbered.fullmatch(there.get("client.id", "")):
            there["client.id"] = merged["client.id"]
    return current.content if there == merged else rendered


def _site(declaration: OnlinefsDeclaration, current: t.Optional[File]) -> t.Optional[File]:
    elements: t.Dict[str, str] = {}
    if declaration.topics is not None:
        onlinefs_versions.check_topics(declaration.topics)
        elements[site_xml.TOPIC_LIST] = ",".join(declaration.topics)
    if declaration.topic_pattern is not None:
        onlinefs_versions.check_topic_pattern(declaration.topic_pattern)
        elements[site_xml.TOPIC_PATTERN] = declaration.topic_pattern
    if not elements:
        return None
    if current is None:
        raise InputError(
            onlinefs_versions.SITE_FILE,
            "the file is missing, so its topics cannot be set",
            "Install OnlineFS first, or check option config_dir",
        )
    return File(site_xml.edit(current.content, elements, onlinefs_versions.SITE_FILE), current.attributes)
