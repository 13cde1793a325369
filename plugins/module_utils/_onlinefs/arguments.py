# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The options that the modules on the hosts of OnlineFS share. Doc fragment: ``_onlinefs``."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import kafka_client_arguments

#: For ``required_if``.
COMMANDS_REQUIRED = ("service_manager", "command", ("service_commands",))


def path_arguments() -> t.Dict[str, t.Any]:
    """Return the options that say where the files of a host are."""
    return {
        "home": {"type": "path", "default": "/srv/hops/onlinefs"},
        "config_dir": {"type": "path"},
        "state_dir": {"type": "path"},
    }


def host_arguments() -> t.Dict[str, t.Any]:
    """Return the options that declare what OnlineFS reads, and where its files are."""
    client = kafka_client_arguments()
    for role in ("truststore", "keystore"):
        client[role]["options"]["remote_src"] = {"type": "bool", "default": False}
    return {
        **client,
        **path_arguments(),
        "container_home": {"type": "str", "default": "/onlinefs"},
        "consumer_properties": {"type": "dict", "default": {}},
        "topics": {"type": "list", "elements": "str"},
        "topic_pattern": {"type": "str"},
    }


def service_arguments() -> t.Dict[str, t.Any]:
    """Return the options that say how to restart the service, and how to see that it works."""
    return {
        "service_manager": {"type": "str", "choices": ["systemd", "command", "none"], "default": "systemd"},
        "service_name": {"type": "str", "default": "onlinefs"},
        "service_commands": {
            "type": "dict",
            "options": {
                "restart": {"type": "str", "required": True},
                "status": {"type": "str"},
                "stop": {"type": "str"},
                "start": {"type": "str"},
            },
        },
        "service_timeout": {"type": "int", "default": 120},
        "service_settle": {"type": "int", "default": 5},
        "metrics_url": {"type": "str", "default": "http://127.0.0.1:12800/metrics"},
    }
