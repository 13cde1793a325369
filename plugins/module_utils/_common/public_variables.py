# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Decide which of the cluster's variables may be shown.

Many variables of Hopsworks hold passwords and tokens under any name, so all but the few below are secret:
https://github.com/logicalclocks/hopsworks/blob/2b1cb50/hopsworks-common/src/main/java/io/hops/hopsworks/common/util/Settings.java
"""

from __future__ import annotations

_PUBLIC = frozenset(
    {
        "enable_bring_your_own_kafka",
        "enable_kafka_storage_connectors",
        "kafka_enabled",
        "online_kafka_storage_connector_name",
        "onlinefs_byok_deployments_enabled",
        "onlinefs_cluster_deployment_enabled",
        "onlinefs_service_thread_number",
    }
)


def secret_variable(name: str) -> bool:
    """Tell whether the value of a variable of the cluster must not be shown."""
    return name not in _PUBLIC
