# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The options of ``kafka_probe``, as its DOCUMENTATION describes them."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import kafka_client_arguments

from .report import STAGES

#: Kafka's ACL operations on topics (org.apache.kafka.common.acl.AclOperation), in lower case.
OPERATIONS = ("read", "write", "describe", "describe_configs", "alter", "alter_configs", "create", "delete")


def probe_spec() -> t.Dict[str, t.Any]:
    """Return the options of ``kafka_probe`` and their dependencies, as ``AnsibleModule`` takes them."""
    return {
        "argument_spec": {
            **kafka_client_arguments(),
            "properties_file": {"type": "path"},
            "path_map": {"type": "dict", "default": {}},
            "topics": {"type": "list", "elements": "raw", "default": []},
            "operations": {
                "type": "list",
                "elements": "str",
                "choices": list(OPERATIONS),
                "default": ["read", "write"],
            },
            "groups": {"type": "list", "elements": "str", "default": []},
            "round_trip": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 15},
            "until": {"type": "str", "choices": list(STAGES)},
            "min_days_valid": {"type": "int", "default": 0},
            "probes": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "name": {"type": "str", "required": True},
                    "properties": {"type": "dict"},
                    "truststore": {"type": "dict"},
                    "keystore": {"type": "dict"},
                    "topics": {"type": "list", "elements": "raw"},
                    "groups": {"type": "list", "elements": "str"},
                },
            },
            "workers": {"type": "int", "default": 16},
        },
        "mutually_exclusive": [("properties", "properties_file")],
        "required_one_of": [("properties", "properties_file", "probes")],
    }
