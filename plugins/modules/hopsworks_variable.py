#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hopsworks_variable
short_description: Set cluster variables of Hopsworks
description:
  - Sets variables of the cluster's configuration (Cluster Settings, Configuration), many in one task.
  - Reads first and writes only differences. The visibility of a variable is kept, although the server resets it on
    every change.
  - The user of the API key needs the role C(HOPS_ADMIN), and the key the scope C(ADMIN).
  - If Hopsworks runs on several nodes, the other nodes apply a change when their caches expire.
  - In check mode, it reports which variables differ, and changes nothing.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._hopsworks
  - hopsworks.kafka._attributes
  - hopsworks.kafka._attributes.action_group
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  variables:
    description:
      - The variables, as a dictionary of names and values.
      - Alternatively, a list of dictionaries with C(name), C(value) and optionally C(visibility), which is V(ADMIN),
        V(USER) or V(NOTAUTHENTICATED).
      - Booleans are written as C(true) and C(false), as the server does. A variable that does not exist is created.
        Unless C(visibility) is given, only administrators can see it.
    type: raw
    required: true
seealso:
  - module: hopsworks.kafka.kafka_connector
"""

EXAMPLES = r"""
- name: Enable connectors to an external Kafka
  hopsworks.kafka.hopsworks_variable:
    host: hopsworks.example.com
    api_key: "{{ vault_admin_api_key }}"
    variables:
      enable_bring_your_own_kafka: true

- name: Set two variables, one of them visible to all users
  hopsworks.kafka.hopsworks_variable:
    host: hopsworks.example.com
    api_key: "{{ vault_admin_api_key }}"
    variables:
      - name: enable_kafka_storage_connectors
        value: true
      - name: online_kafka_storage_connector_name
        value: kafka_connector
        visibility: USER
"""

RETURN = r"""
changes:
  description: The differences, each with C(what), C(before) and C(after). Values that the server hides are masked.
  returned: success
  type: list
  elements: dict
  sample: [{what: enable_bring_your_own_kafka, before: "false", after: "true"}]
written:
  description: The variables that were written. Empty in check mode.
  returned: always
  type: list
  elements: str
  sample: [enable_bring_your_own_kafka]
msg:
  description: A summary in one line.
  returned: always
  type: str
  sample: "1 of 1 variables changed: enable_bring_your_own_kafka"
error:
  description: Why it failed, with C(reason), C(message), C(remedy), C(http_status) and C(error_code).
  returned: failure
  type: dict
  sample:
    reason: not_admin
    message: "the user of the API key is not an administrator"
    remedy: "Use an administrator's key"
    http_status: 403
    error_code: 320003
"""

from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import variables_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.masked_module import run_module


def main() -> None:
    """Run the module."""
    run_module(variables_task.TASK)


if __name__ == "__main__":
    main()
