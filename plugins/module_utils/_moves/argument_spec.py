# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The options that ``onlinefs_move_info`` and ``onlinefs_move`` share. Doc fragment: ``_onlinefs``, part ``MOVE``."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.arguments import host_arguments


def argument_spec() -> t.Dict[str, t.Any]:
    """Return the argument spec of both."""
    spec = host_arguments()
    return {
        **spec,
        "properties": {**spec["properties"], "required": True},
        "certs_dir": {"type": "path"},
        "generation": {"type": "raw"},
        "timeout": {"type": "int", "default": 30},
    }
