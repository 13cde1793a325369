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
  - Reads first and writes only differences. The visibility of a variable is kept, which the server itself would
    reset.
  - The user of the API key needs the role C(HOPS_ADMIN), and the key the scope C(ADMIN).
  - A server of several nodes takes over a change on the others when their caches expire.
  - In check mode it tells which variables are not as given, and changes nothing.
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
      - Or as a list of dictionaries with C(name), C(value) and optionally C(visibility), which is V(ADMIN), V(USER)
        or V(NOTAUTHENTICATED).
      - True and false are written as the server writes them. A variable that does not exist is created, visible to
        administrators only unless you say otherwise.
    type: raw
    required: true
seealso:
  - module: hopsworks.kafka.kafka_connector
"""

EXAMPLES = r"""
- name: Let projects bring their own Kafka
  hopsworks.kafka.hopsworks_variable:
    host: hopsworks.example.com
    api_key: "{{ vault_admin_api_key }}"
    variables:
      enable_bring_your_own_kafka: true

- name: Two variables, one of them for all users to see
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
  description: What differed, each with C(what), C(before) and C(after). Values that the server hides are masked.
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
  description: The same as one line.
  returned: always
  type: str
  sample: "1 of 1 variables changed: enable_bring_your_own_kafka"
error:
  description: Why it failed, with C(reason), C(message), C(remedy), C(http_status) and C(error_code).
  returned: failure
  type: dict
  sample: {reason: not_admin, message: "the API key's user is no administrator", remedy: "", http_status: 403,
    error_code: 320003}
"""

from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import variables_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.masked_module import run_module


def main() -> None:
    """Run the module."""
    run_module(variables_task.TASK)


if __name__ == "__main__":
    main()
