# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check certificates, files and the connection to Kafka before anything is written."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import java_rules, properties
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import store_types

from . import onlinefs_versions
from .generations import FileSet
from .host_error import HostError

if t.TYPE_CHECKING:
    from ansible_collections.hopsworks.kafka.plugins.module_utils._probe.report import Report

_DAY = 86400


class ProbeFailed(HostError):
    """The declared Kafka cannot be used from this host. Nothing was written.

    :param report: the stages of the probe. No secrets.
    """

    def __init__(self, report: Report) -> None:
        super().__init__("", "Nothing was changed: this host cannot use the declared Kafka", report.headline())
        self.table = report.table()
        self.report = report.to_result()

    def __str__(self) -> str:
        return f"{self.cause}.\n{self.table}"


def check_certificates(client: KafkaDeclaration, current: FileSet, min_days_valid: int, now: float) -> None:
    """Check that no new certificate expires soon. One that the host has already blocks no change.

    A trust store with an old and a new authority, as in a rotation, works until the later of them expires.

    :param current: the files that the host has now. JKS stores contain certificates as they are.
    :param now: seconds since 1970.
    :raises InputError: a new certificate expires in fewer than ``min_days_valid`` days.
    """
    declared = store_types.certificates(client)
    if not declared:
        return
    # Imported only here, see declare().
    from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import x509  # noqa: PLC0415

    found: t.Dict[str, t.List[t.Tuple[int, bytes]]] = {}
    for role, der in declared:
        found.setdefault(role, []).append((x509.read(der).not_after, der))
    for role, certificates in found.items():
        expires, der = max(certificates)
        if expires - now >= min_days_valid * _DAY or any(file and der in file.content for file in current.values()):
            continue
        days = max(int((expires - now) // _DAY), 0)
        subject = x509.read(der).subject
        cause = f"the new certificate {subject} ({role}) expires in {days} days, and min_days_valid is {min_days_valid}"
        raise InputError("certificates", cause, "Give a newer certificate, or lower min_days_valid")


def _check_client(name: str, read: t.Mapping[str, str]) -> None:
    client = "p" if name == onlinefs_versions.PRODUCER_FILE else "c"
    try:
        java_rules.judge(read, client, java_rules.HOPSWORKS)
    except InputError as error:
        raise InputError(f"{name}, {error.subject}", error.cause, error.remedy, error.reason) from None


def check_files(files: FileSet) -> None:
    """Read the rendered files like the service: the properties parse, and the stores that they name can be opened.

    :param files: the files to write.
    :raises InputError: the client that reads a file would refuse its properties.
    :raises HostError: a file is wrong, which is a defect of this collection.
    """
    for name, file in files.items():
        if file is None or not name.endswith(".properties"):
            continue
        read = properties.parse(file.content.decode(properties.ENCODING), name)
        _check_client(name, read)
        for role in ("truststore", "keystore"):
            location = read.get(f"ssl.{role}.location", "").rpartition("/")[2]
            if onlinefs_versions.STORE_NAME.fullmatch(location):
                store = files.get(location)
                if store is None:
                    raise HostError(name, f"it names the store {location}, which is missing")
                # Imported only here, see declare().
                from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import jks  # noqa: PLC0415

                jks.read(store.content, read.get(f"ssl.{role}.password", ""), read.get("ssl.key.password"), location)


def reach_kafka(client: KafkaDeclaration, group: str, topics: t.Sequence[str], seconds: float) -> t.Dict[str, t.Any]:
    """Probe Kafka from this host: up to TLS with Python alone, further where confluent-kafka is installed.

    :param client: the consumer's declaration.
    :param group: the consumer group that it must be allowed to use.
    :param topics: the topics that it must be allowed to read.
    :returns: the report for results: ``{ok, failed_stage, stages, cluster_id}``.
    :raises ProbeFailed: a stage failed. Nothing was written.
    """
    # Imported only here: a host that needs no change does without the probe and the library, which take a while.
    from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import librdkafka_client  # noqa: PLC0415
    from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import probe  # noqa: PLC0415

    options = probe.ProbeOptions(
        topics=tuple(probe.TopicRequirement(topic, ("read",)) for topic in topics),
        groups=(group,) if group else (),
        timeout=seconds,
        until=None if librdkafka_client.available() else "tls",
    )
    report = probe.probe(client, options)
    if not report.ok:
        raise ProbeFailed(report)
    return {**report.to_result(), "cluster_id": report.cluster_id or None}
