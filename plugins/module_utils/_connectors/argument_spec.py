# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The options of ``kafka_connector`` and ``kafka_connector_info``, as their DOCUMENTATION describes them."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.arguments import (
    hopsworks_arguments,
    selection_arguments,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import kafka_client_arguments


def connector_spec() -> t.Dict[str, t.Any]:
    """Return the options of ``kafka_connector`` and their dependencies, as ``AnsibleModule`` takes them."""
    return {
        "argument_spec": {
            **hopsworks_arguments(),
            **kafka_client_arguments(),
            **selection_arguments(),
            "name": {"type": "str", "default": "kafka_connector"},
            "description": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "existing": {"type": "str", "choices": ["update", "keep"], "default": "update"},
            "directory": {"type": "str", "default": "Resources"},
            "check_files": {"type": "bool", "default": False},
            "remove_shared_stores": {"type": "bool", "default": False},
            "recreate_unreadable": {"type": "bool", "default": False},
        },
        "mutually_exclusive": [("projects", "project_query")],
        "required_if": [("state", "present", ("properties",))],
    }


def connector_info_spec() -> t.Dict[str, t.Any]:
    """Return the options of ``kafka_connector_info`` and their dependencies."""
    return {
        "argument_spec": {
            **hopsworks_arguments(),
            **kafka_client_arguments(),
            **selection_arguments(),
            "name": {"type": "str", "default": "kafka_connector"},
            "directory": {"type": "str", "default": "Resources"},
            "effective": {"type": "bool", "default": False},
            "check_files": {"type": "bool", "default": False},
        },
        "mutually_exclusive": [("projects", "project_query")],
    }


def projects_info_spec() -> t.Dict[str, t.Any]:
    """Return the options of ``hopsworks_projects_info`` and their dependencies."""
    return {
        "argument_spec": {
            **hopsworks_arguments(),
            **selection_arguments(),
            "properties": kafka_client_arguments()["properties"],
            "name": {"type": "str", "default": "kafka_connector"},
            "existing": {"type": "str", "choices": ["update", "keep"], "default": "update"},
            "check_projects": {"type": "bool", "default": True},
            "check_rights": {"type": "bool", "default": True},
            "admin": {"type": "bool", "default": True},
        },
        "mutually_exclusive": [("projects", "project_query")],
    }
