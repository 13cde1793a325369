#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_start
short_description: Check the variables of a run of the playbooks
description:
  - The playbooks of this collection start with this task. It reads the variables of localhost and fails if one of them
    refers to something undefined, has the wrong type, or is set where nothing would read it. At that point, nothing has
    been changed.
  - Runs on the controller, and runs nothing on a host.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._attributes
  - hopsworks.kafka._attributes.info_module
options:
  parts:
    description:
      - The parts of the playbook, for example V(preflight).
    type: list
    elements: str
    required: true
seealso:
  - module: hopsworks.kafka.rollout_summary
"""

EXAMPLES = r"""
- name: Check the variables
  hopsworks.kafka.rollout_start:
    parts: [preflight]
  register: rollout
"""

RETURN = r"""
playbook:
  description: The name of the playbook.
  returned: success
  type: str
  sample: hopsworks.kafka.site
parts:
  description: The parts of O(parts) that this run has. Those that belong to another slice, or that need hosts, are left
    out.
  returned: success
  type: list
  elements: str
asks:
  description: Whether Hopsworks can be asked for its release and its projects before something is changed.
  returned: success
  type: bool
unset:
  description: Those of C(hopsworks_host), C(hopsworks_api_key) and C(hopsworks_kafka_properties) that are not set.
  returned: success
  type: list
  elements: str
cluster_wide:
  description: Whether the cluster setting and the hosts belong to this run.
  returned: success
  type: bool
hosts_only:
  description: Whether only the hosts are reverted.
  returned: success
  type: bool
hosts:
  description: The pattern of the hosts of OnlineFS. An empty list if the run has none.
  returned: success
  type: raw
rollout:
  description: The name of the rollout, the same on all hosts. The time unless localhost has C(onlinefs_rollout).
  returned: success
  type: str
  sample: "2026-01-31T12:00:00Z"
rollout_named:
  description: Whether the user gave the rollout its name.
  returned: success
  type: bool
serial:
  description: The sizes of the batches in which the hosts change.
  returned: success
  type: raw
onlinefs:
  description: V(hosts) or V(none).
  returned: success
  type: str
slice:
  description: The chosen slice. Empty for every project.
  returned: success
  type: dict
again:
  description: Whether an earlier playbook of the collection has run in the same ansible-playbook. Its results are then
    forgotten.
  returned: success
  type: bool
hosts_again:
  description: RV(hosts) if RV(again) is true, so that these hosts forget their results too. Otherwise an empty list.
  returned: success
  type: raw
"""

# The action plugin of the same name does the work.
