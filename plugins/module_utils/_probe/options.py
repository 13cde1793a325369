# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Define the options of a probe."""

from __future__ import annotations

import typing as t

#: The operations on a topic that a principal must be allowed by default.
OPERATIONS = ("read", "write")


class TopicRequirement(t.NamedTuple):
    """A topic that must exist, and Kafka's ACL operations that the principal must be allowed on it."""

    name: str
    operations: t.Tuple[str, ...] = OPERATIONS


class ProbeOptions(t.NamedTuple):
    """The options of a probe, in addition to the connection.

    :param topics: topics that must exist, each with the operations that the principal must be allowed.
    :param groups: consumer groups that the principal must be allowed to use.
    :param round_trip: produce a record to the first of ``topics`` and read it back.
    :param timeout: the number of seconds after which the probe ends in any case.
    :param min_days_valid: fail if the certificate of a broker or of the client expires in fewer days.
    :param until: the last stage to check; None for all. Up to ``tls``, the standard library is enough.
    """

    topics: t.Tuple[TopicRequirement, ...] = ()
    groups: t.Tuple[str, ...] = ()
    round_trip: bool = False
    timeout: float = 15.0
    min_days_valid: int = 0
    until: t.Optional[str] = None
