# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare the stores of onlinefs_move on the controller."""

from __future__ import annotations

from ansible_collections.hopsworks.kafka.plugins.plugin_utils._host_action import HostAction


class ActionModule(HostAction):
    """Send the stores to the host, and run the module."""

    MODULE = "hopsworks.kafka.onlinefs_move"
