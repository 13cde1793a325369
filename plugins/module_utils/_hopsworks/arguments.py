# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Define the options of every module that uses Hopsworks, as the fragments ``_hopsworks`` and ``_selection`` say."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.parameters import env_fallback

#: The number of requests at a time. Hopsworks handles 200, over 32 connections to its database: its installer sets the
#: first number (logicalclocks/hopsworks-chef, recipes/install.rb), and the second is Payara's default. Some of those
#: connections are left to other users.
DEFAULT_WORKERS = 25


def hopsworks_arguments() -> t.Dict[str, t.Any]:
    """Return the options of the connection to Hopsworks, with the environment variables of its Python client."""
    return {
        "host": {"type": "str", "required": True, "fallback": (env_fallback, ["HOPSWORKS_HOST"])},
        "port": {"type": "int", "default": 443, "fallback": (env_fallback, ["HOPSWORKS_PORT"])},
        "api_key": {"type": "str", "required": True, "no_log": True, "fallback": (env_fallback, ["HOPSWORKS_API_KEY"])},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "int", "default": 30},
        "workers": {"type": "int", "default": DEFAULT_WORKERS},
    }


def selection_arguments() -> t.Dict[str, t.Any]:
    """Return the options that select projects."""
    return {
        "projects": {"type": "list", "elements": "raw"},
        "project_query": {"type": "str"},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "slice": {
            "type": "dict",
            "options": {"index": {"type": "int", "required": True}, "count": {"type": "int", "required": True}},
        },
    }
