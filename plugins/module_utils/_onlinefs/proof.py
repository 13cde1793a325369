# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Return what a run has proved of a host, and what it has not, for results."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import x509

if t.TYPE_CHECKING:
    from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

    from .health_check import Health

_DAY = 86400
NOT_CHECKED = "The service was not checked in this run"
GROUP_NOT_CHECKED = "Not checked whether the service reads from Kafka: verify_consumer_group is false"


def doubts(health: t.Optional[Health]) -> t.List[str]:
    """Return what was not proved of a service; empty if it was seen to read from Kafka.

    :param health: the check of the service; ``None`` if there was none in this run.
    """
    if health is None:
        return [NOT_CHECKED]
    return health.doubts() if health.groups else [GROUP_NOT_CHECKED]


def to_result(health: t.Optional[Health]) -> t.Dict[str, t.Any]:
    """Return ``members``, ``proved``, ``not_proved`` and ``cluster_id``."""
    reasons = doubts(health)
    groups = health.groups if health else ()
    return {
        "members": [dict(member) for group in groups for member in group.own],
        "proved": not reasons,
        "not_proved": reasons,
        "cluster_id": health.cluster_id if health else None,
    }


def certificates(client: t.Optional[KafkaDeclaration], now: float) -> t.List[t.Dict[str, t.Any]]:
    """Return subject and expiry of the certificates in the declared stores."""
    if client is None:
        return []
    found = []
    for store, chain in (
        ("truststore", client.truststore.certificates if client.truststore else ()),
        ("keystore", client.keystore.chain[:1] if client.keystore else ()),
    ):
        found += [certificate(store, der, now) for der in chain]
    return found


def certificate(store: str, der: bytes, now: float) -> t.Dict[str, t.Any]:
    """Return subject and expiry of one certificate."""
    read = x509.read(der)
    return {
        "store": store,
        "subject": read.subject,
        "expires": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(read.not_after)),
        "days_left": int((read.not_after - now) // _DAY),
    }
