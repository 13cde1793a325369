# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run kafka_carry_over on the controller without a process of its own, and elsewhere like any other module."""

from __future__ import annotations

from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import carry_over_task
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    """The action of kafka_carry_over."""

    module_task = carry_over_task.TASK
