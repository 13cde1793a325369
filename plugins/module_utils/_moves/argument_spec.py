# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The options that ``onlinefs_move_info`` and ``onlinefs_move`` share. Doc fragment: ``_onlinefs_move``."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import kafka_client_arguments


def argument_spec() -> t.Dict[str, t.Any]:
    """Return the argument spec of both."""
    spec = kafka_client_arguments()
    spec["properties"] = {**spec["properties"], "required": True}
    for role in ("truststore", "keystore"):
        spec[role]["options"]["remote_src"] = {"type": "bool", "default": False}
    spec.update(
        consumer_properties={"type": "dict", "default": {}},
        topics={"type": "list", "elements": "str"},
        topic_pattern={"type": "str"},
        home={"type": "path", "default": "/srv/hops/onlinefs"},
        container_home={"type": "str", "default": "/onlinefs"},
        config_dir={"type": "path"},
        certs_dir={"type": "path"},
        state_dir={"type": "path"},
        timeout={"type": "int", "default": 30},
    )
    return spec
