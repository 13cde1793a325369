# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run kafka_connector_info like any other module, after its stores were found on the controller."""

from __future__ import annotations

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._stores import ControllerStoresMixin


class ActionModule(ControllerStoresMixin, NormalAction):  # type: ignore[misc]
    """The module, with paths of stores on the controller resolved as for every module of this collection."""
