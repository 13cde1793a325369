# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Return what a run has proved of a host, and what it has not, for results."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import store_types

if t.TYPE_CHECKING:
    from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

    from .health_check import Health

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


def certificates(
    client: t.Optional[KafkaDeclaration],
    health: t.Optional[Health],
    probe: t.Optional[t.Mapping[str, t.Any]],
    now: float,
) -> t.List[t.Dict[str, t.Any]]:
    """Return subject and expiry of the certificates in the declared stores, and of the brokers' that were seen."""
    found = [] if client is None else list(store_types.certificates(client))
    brokers = {server: der for group in (health.groups if health else ()) for server, der in group.certificates}
    found += brokers.items()
    shown = _read(found, now) if found else []
    shown += [
        {"store": stage["target"], **stage["certificate"]}
        for stage in (probe or {}).get("stages", ())
        if stage.get("certificate") and stage["target"] not in brokers
    ]
    return shown


def _read(found: t.Iterable[t.Tuple[str, bytes]], now: float) -> t.List[t.Dict[str, t.Any]]:
    # Imported only here, see declare().
    from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import x509  # noqa: PLC0415

    shown = []
    for store, der in found:
        with contextlib.suppress(ValueError, IndexError):  # OpenSSL reads some that x509 does not
            shown.append({"store": store, **x509.to_result(x509.read(der), now)})
    return shown


def warnings(shown: t.Sequence[t.Mapping[str, t.Any]], min_days_valid: int) -> t.List[str]:
    """Return a warning for each certificate that expires soon."""
    return [
        f"{each['store']}: {each['subject']} expires in {max(each['days_left'], 0)} days ({each['expires']})"
        for each in shown
        if each["days_left"] < min_days_valid
    ]
