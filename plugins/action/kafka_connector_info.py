# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs kafka_connector_info as any other module, once its stores are found."""

from __future__ import annotations

from ansible_collections.hopsworks.kafka.plugins.plugin_utils._stores import WithStores


class ActionModule(WithStores):
    """The module, with the paths of stores on the controller as every module of this collection takes them."""
