# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What a host is to have: the files of its configuration, rendered from the declaration or taken from a generation."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import dialect_java, properties
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import stores

from . import onlinefs_versions, site_xml
from .files import Attributes, File
from .generations import FOUND, FileSet, Generation

HEADER = "Written by Ansible (hopsworks.kafka). What is changed here by hand is overwritten."


@dataclasses.dataclass(frozen=True)
class OnlinefsDeclaration:
    """What the user declares for a host.

    :param client: the Kafka client that all files share.
    :param consumer: the same with the properties for the consumer alone.
    :param version: of OnlineFS.
    :param overrides: option name of a properties file to the properties for that file alone; ``None`` removes one.
    :param topics: the topic list of ``onlinefs-site.xml``; ``None`` leaves it as it is.
    :param topic_pattern: the same for the topic pattern.
    :param container_dir: the configuration directory as the service sees it.
    :param client_id: what this host's consumers are called, before the generation's number; empty to leave it to Kafka.
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
    """Owner, group and mode for files that this collection writes; ``None`` where the user leaves it open."""

    uid: t.Optional[int]
    gid: t.Optional[int]
    mode: int

    def of(self, found: t.Optional[File], directory: Attributes) -> Attributes:
        """For a file that is there already, or for a new one in a directory."""
        model = found.attributes if found else Attributes(directory.uid, directory.gid, 0)
        uid = model.uid if self.uid is None else self.uid
        gid = model.gid if self.gid is None else self.gid
        return Attributes(uid, gid, self.mode, model.xattrs)


def declared(
    declaration: OnlinefsDeclaration, found: FileSet, owner: Ownership, directory: Attributes, number: int
) -> t.Dict[str, File]:
    """The files that a declaration asks for, stores first.

    A file that says the same already is taken as it stands: order and comments are no reason to touch it.

    :param found: what is there now.
    :param directory: the attributes of the configuration directory: new files belong to its owner.
    :param number: the number that the next generation will get. Consumers carry it in their client id, so that a member
        seen in the group is one that runs this configuration, not one left over from before the restart. A number that
        stands there stays as long as nothing else changes.
    :raises InputError: topics are declared and ``onlinefs-site.xml`` is missing or not well-formed.
    """
    wanted = _rendered(declaration, found, owner, directory, number, numbered_anew=False)
    if any(file.content != there.content for name, file in wanted.items() for there in [found.get(name)] if there):
        return _rendered(declaration, found, owner, directory, number, numbered_anew=True)
    return wanted


def _rendered(
    declaration: OnlinefsDeclaration,
    found: FileSet,
    owner: Ownership,
    directory: Attributes,
    number: int,
    numbered_anew: bool,
) -> t.Dict[str, File]:
    wanted: t.Dict[str, File] = {}
    locations: t.Dict[str, t.Optional[str]] = {"truststore": None, "keystore": None}
    client = declaration.client
    for role, content in (
        ("truststore", stores.truststore_jks(client.truststore) if client.truststore else None),
        ("keystore", stores.keystore_jks(client.keystore) if client.keystore else None),
    ):
        if content is not None:
            name = stores.file_name(onlinefs_versions.STORE_PREFIX, role, content)
            locations[role] = os.path.join(declaration.container_dir, name)
            wanted[name] = File(content, owner.of(found.get(name), directory))
    connection = dialect_java.java_properties(client, locations["truststore"], locations["keystore"])
    for file in onlinefs_versions.properties_files(declaration.version):
        merged = _properties(file, connection, declaration, number)
        content = _unless_same(merged, found.get(file.name), None if numbered_anew else declaration.client_id)
        wanted[file.name] = File(content, owner.of(found.get(file.name), directory))
    site = _site(declaration, found.get(onlinefs_versions.SITE_FILE))
    if site is not None:
        wanted[onlinefs_versions.SITE_FILE] = site
    return wanted


def parsed(name: str, file: t.Optional[File]) -> t.Dict[str, str]:
    """The properties of a file, or the topics of ``onlinefs-site.xml``; empty where it is missing or not readable."""
    if file is None:
        return {}
    try:
        if name == onlinefs_versions.SITE_FILE:
            return {element: text for element, text in site_xml.read(file.content, name).items() if text is not None}
        if name.endswith(".properties"):
            return properties.parse(file.content.decode(properties.ENCODING), name)
    except InputError:
        return {}
    return {}


def generation(
    number: int, kept: FileSet, known: t.Sequence[Generation], found: FileSet
) -> t.Dict[str, t.Optional[File]]:
    """The files that bring a generation back.

    What somebody else changed since in ``onlinefs-site.xml`` stays: then only the topics go back. A file that the
    generation does not have is removed only if this collection wrote it.

    :param kept: the generation's files.
    :param known: all generations, to tell what this collection wrote.
    :param found: what is there now.
    """
    # Who had a file first: what this collection wrote is found again beside what somebody altered later.
    first: t.Dict[t.Tuple[str, str], str] = {}
    for each in sorted(known, key=lambda each: each.number):
        for name, sha in each.hashes.items():
            if sha is not None:
                first.setdefault((name, sha), each.origin)
    wanted: t.Dict[str, t.Optional[File]] = {}
    for name, file in kept.items():
        live = found.get(name)
        if file is not None:
            wanted[name] = (
                _topics_of(file, live, number) if name == onlinefs_versions.SITE_FILE and live is not None else file
            )
        elif live is not None and first.get((name, live.sha256), FOUND) != FOUND:
            wanted[name] = None
    return wanted


def superseded(found: FileSet, wanted: FileSet, others: t.Iterable[bytes]) -> t.List[str]:
    """Stores of this collection's naming that nothing refers to once ``wanted`` is in place.

    :param others: the content of the other files in the configuration directory; one may have been made by hand.
    """
    final = {**found, **wanted}
    texts = [
        file.content
        for name, file in final.items()
        if file is not None and not onlinefs_versions.STORE_NAME.fullmatch(name)
    ]
    texts.extend(others)
    return sorted(
        name
        for name in found
        if onlinefs_versions.STORE_NAME.fullmatch(name)
        and wanted.get(name) is None
        and not any(name.encode("ascii") in text for text in texts)
    )


def _properties(
    file: onlinefs_versions.PropertiesFile,
    connection: t.Mapping[str, str],
    declaration: OnlinefsDeclaration,
    number: int,
) -> t.Dict[str, str]:
    """Template, then declaration, then the properties for this file alone: the later wins.

    The group is a file's own: two consumers in one group would take each other's records.
    """
    shared = dialect_java.for_consumer(connection) if file.consumes else dialect_java.for_producer(connection)
    if file.name != onlinefs_versions.CONSUMER_FILE:
        shared.pop("group.id", None)
    if shared["security.protocol"].endswith("SSL"):
        # The template switches the check of the broker's name off, for the Kafka that Hopsworks manages. Kafka's
        # default is on.
        shared.setdefault("ssl.endpoint.identification.algorithm", "https")
    merged: t.Dict[str, t.Optional[str]] = {**shared, **{k: v for k, v in file.defaults.items() if k not in shared}}
    if file.consumes and declaration.client_id:
        merged["client.id"] = connection.get("client.id", f"{declaration.client_id}_{number}")
    merged.update(declaration.overrides.get(file.option, {}))
    return {key: value for key, value in merged.items() if value is not None}


def _unless_same(merged: t.Dict[str, str], found: t.Optional[File], client_id: t.Optional[str]) -> bytes:
    """The file as it stands where it says the same; with a ``client_id``, whatever the number after that."""
    rendered = properties.render(merged, HEADER).encode(properties.ENCODING)
    if found is None:
        return rendered
    there = parsed(onlinefs_versions.CONSUMER_FILE, found)
    if client_id is not None:
        numbered = re.compile(re.escape(client_id) + r"_\d+")
        if numbered.fullmatch(merged.get("client.id", "")) and numbered.fullmatch(there.get("client.id", "")):
            there["client.id"] = merged["client.id"]
    return found.content if there == merged else rendered


def _site(declaration: OnlinefsDeclaration, found: t.Optional[File]) -> t.Optional[File]:
    elements: t.Dict[str, str] = {}
    if declaration.topics is not None:
        onlinefs_versions.check_topics(declaration.topics)
        elements[site_xml.TOPIC_LIST] = ",".join(declaration.topics)
    if declaration.topic_pattern is not None:
        elements[site_xml.TOPIC_PATTERN] = declaration.topic_pattern
    if not elements:
        return None
    if found is None:
        raise InputError(
            onlinefs_versions.SITE_FILE,
            "not there, so its topics cannot be set",
            "Install OnlineFS first, or check option config_dir",
        )
    return File(site_xml.edit(found.content, elements, onlinefs_versions.SITE_FILE), found.attributes)


def _topics_of(kept: File, live: File, number: int) -> File:
    """``kept`` itself where the live file differs in its topics alone, else the live file with the topics of that."""
    topics = site_xml.read(kept.content, f"{onlinefs_versions.SITE_FILE} of generation {number}")
    there = site_xml.read(live.content, onlinefs_versions.SITE_FILE)
    if (
        site_xml.edit(kept.content, {k: v for k, v in there.items() if v is not None}, onlinefs_versions.SITE_FILE)
        == live.content
    ):
        return kept
    elements = {name: text or "" for name, text in topics.items() if text is not None or there[name] is not None}
    return File(site_xml.edit(live.content, elements, onlinefs_versions.SITE_FILE), live.attributes)
