#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: onlinefs_config_info
short_description: List the configurations of the online feature store service that a host keeps
description:
  - Lists the configurations that M(hopsworks.kafka.onlinefs_config) keeps on a host, to choose one to revert to.
  - Writes nothing, and needs only the Python standard library on the host. Run it as the user that runs
    M(hopsworks.kafka.onlinefs_config), usually root.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._attributes
  - hopsworks.kafka._attributes.info_module
  - hopsworks.kafka._onlinefs
seealso:
  - module: hopsworks.kafka.onlinefs_config
"""

EXAMPLES = r"""
- name: List the configurations of the host
  hopsworks.kafka.onlinefs_config_info:
  become: true
  register: onlinefs

- name: Show them
  ansible.builtin.debug:
    var: onlinefs.table

- name: Restore the second-to-last configuration
  hopsworks.kafka.onlinefs_config:
    state: reverted
    generation: "{{ onlinefs.generations[-2].number }}"
  become: true
"""

RETURN = r"""
generations:
  description: The kept configurations, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    number:
      description: The number for the option O(hopsworks.kafka.onlinefs_config#module:generation).
      type: int
    origin:
      description: V(applied) or V(reverted) if the collection wrote the configuration, V(found) if not.
      type: str
    created:
      description: The time at which it was kept, in UTC.
      type: str
      sample: "2026-01-31T12:00:00Z"
    proved:
      description: The time at which the service was seen to read with it. Null if that was not seen.
      type: str
    cluster_id:
      description: The id of the Kafka cluster that the service read from. Null if it is not known.
      type: str
    rollouts:
      description: The names of the rollouts that wrote it or found it live, the oldest first.
      type: list
      elements: str
    service_version:
      description: The declared version of Hopsworks.
      type: str
    bootstrap_servers:
      description: The bootstrap servers of the consumer.
      type: str
    files:
      description: The names of the files.
      type: list
      elements: str
    changes:
      description: What differs from the configuration before it. Names only, no values.
      type: list
      elements: str
      sample: ["onlinefs-kafka.properties: bootstrap.servers"]
    current:
      description: Whether it is live now.
      type: bool
generation:
  description: The number of the configuration that is live now. Null if it is not kept, because
    somebody changed the files.
  returned: success
  type: int
  sample: 3
table:
  description: The configurations as lines of a table, the newest first. A star marks the live one.
  returned: success
  type: list
  elements: str
"""

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask, RunMode
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.masked_module import run_module
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import config_info
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.arguments import path_arguments


def argument_spec() -> t.Dict[str, t.Any]:
    """Return the argument spec that DOCUMENTATION describes."""
    return path_arguments()


def _run(options: t.Mapping[str, t.Any], _mode: RunMode) -> t.Dict[str, t.Any]:
    try:
        return config_info.run(options)
    except HopsworksKafkaError as error:
        return {"failed": True, "msg": str(error)}


TASK = ModuleTask("onlinefs_config_info", lambda: {"argument_spec": argument_spec()}, _run)


def main() -> None:
    """Run the module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
