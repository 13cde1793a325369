#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hopsworks_projects_info
short_description: Show which projects a rollout reaches, and what the API key may do
description:
  - Compares all projects of a Hopsworks cluster with those that M(hopsworks.kafka.kafka_connector) reaches with the
    same options. The other projects are left behind. OnlineFS reads from one Kafka, so nobody reads what these projects
    write to another one.
  - Finds out whether the API key may do everything that a rollout needs, and whether the release of Hopsworks supports
    an external Kafka.
  - Writes nothing. To find out whether the key may upload and delete files, it sends requests that name a dataset that
    does not exist.
  - The task fails if the rollout would fail, and still returns all results. Projects that are left behind do not fail
    it.
  - Needs three requests for the cluster, up to five for the rights, and one for each project of which the user of the
    API key is a member. If O(properties) is given, projects that the rollout does not write to need another one, and
    with O(existing=keep) all projects do. With O(check_projects=false), it needs a single request.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._hopsworks
  - hopsworks.kafka._selection
  - hopsworks.kafka._attributes
  - hopsworks.kafka._attributes.info_module
  - hopsworks.kafka._attributes.action_group
options:
  projects:
    description:
      - The projects of the rollout, as for M(hopsworks.kafka.kafka_connector).
      - If neither this nor O(project_query) is given, the rollout is for every project where the API key's user is Data
        owner.
    type: list
    elements: raw
  slice:
    description:
      - Only a part of the projects, for jobs that share the work. The projects of the other slices belong to the other
        jobs. They do not count as left behind, and are not in the results.
  properties:
    description:
      - The Kafka client that is rolled out, as for M(hopsworks.kafka.kafka_connector). Only C(bootstrap.servers) is
        used.
      - A project that the rollout does not write to counts as reached if its connector names one of these servers.
      - If omitted, the servers of projects are not compared.
    type: dict
  name:
    description:
      - Name of the connector.
    type: str
    default: kafka_connector
  existing:
    description:
      - What the rollout does with an existing connector, as for M(hopsworks.kafka.kafka_connector). With V(keep), a
        connector with other servers stays, so its project is left behind.
    type: str
    choices: [update, keep]
    default: update
  check_projects:
    description:
      - With V(false), only find out whether the release of Hopsworks supports an external Kafka. O(check_rights) is
        then ignored, RV(projects) is empty, and it is not known which projects are left behind.
    type: bool
    default: true
  check_rights:
    description:
      - Also find out whether the API key has the scopes that a rollout needs.
    type: bool
    default: true
  admin:
    description:
      - With O(check_rights), also find out whether the API key may change cluster variables. Only
        M(hopsworks.kafka.hopsworks_variable) needs that.
    type: bool
    default: true
seealso:
  - module: hopsworks.kafka.kafka_connector
  - module: hopsworks.kafka.hopsworks_variable
"""

EXAMPLES = r"""
- name: Find out whether the rollout can work, and which projects it leaves behind
  hopsworks.kafka.hopsworks_projects_info:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    projects: "{{ hopsworks_kafka_projects }}"
    properties: "{{ hopsworks_kafka_properties }}"
  register: reach

- name: Stop if OnlineFS would miss rows
  ansible.builtin.assert:
    that: reach.left_behind_blocking is not none and reach.left_behind_blocking | length == 0
    fail_msg: "{{ reach.left_behind_error or reach.left_behind_message }}"

- name: List the projects of the cluster that use another Kafka
  hopsworks.kafka.hopsworks_projects_info:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    properties:
      bootstrap.servers: kafka-1.example.com:9092
    check_rights: false
"""

RETURN = r"""
user:
  description: User name of the API key's user. Null if the user is a member of no project.
  returned: once the projects are known
  type: str
  sample: meb10000
admin:
  description: Whether the API key may change cluster variables. Null if that was not asked, or not
    answered.
  returned: once the projects are known
  type: bool
  sample: true
release:
  description: The release of Hopsworks. Null if the server does not name it.
  returned: once the projects are known
  type: str
  sample: 3.7.0
projects:
  description:
    - One entry for each project of the cluster, by id. With O(slice), of the slice.
    - If the list of all projects cannot be read, these are the projects of which the user is a member.
  returned: once the projects are known
  type: list
  elements: dict
  contains:
    project:
      description: Name of the project.
      type: str
      sample: fraud
    reached:
      description: Whether the clients of this project use the declared Kafka after the rollout.
      type: bool
      sample: false
    reason:
      description:
        - Why it is not reached; null if it is.
        - V(not_chosen), V(not_owned) (the user is not Data owner), V(not_a_member), V(own_brokers) (bootstrap servers
          of its own), V(not_readable), V(no_feature_store) or V(not_done) (Hopsworks has not created it completely).
      type: str
      sample: not_a_member
    message:
      description: The same in words. Empty for a project that the rollout writes to.
      type: str
      sample: the user of the API key is not a member of this project
    missing_rights:
      description:
        - What the API key lacks for the rollout in this project, V(Data owner) or a scope.
        - Empty for a project that the rollout is not for.
      type: list
      elements: str
      sample: []
left_behind:
  description:
    - The projects that are not reached, each with C(project), C(reason) and C(message) as above.
    - Null if that is not known. See RV(left_behind_error). Null also with O(check_projects=false).
  returned: once the projects are known
  type: list
  elements: dict
  sample: [{project: fraud, reason: not_a_member, message: the user of the API key is not a member of this project}]
left_behind_blocking:
  description:
    - Those of RV(left_behind) whose rows OnlineFS would miss, by name. A project without a feature store, or one that
      is not created completely, writes no rows yet.
  returned: once the projects are known
  type: list
  elements: str
  sample: [fraud]
left_behind_message:
  description: The projects of RV(left_behind) in one sentence, by reason. Empty if there are none.
  returned: once the projects are known
  type: str
  sample: "This rollout does not reach 1 project of the cluster. User of the API key no member: fraud."
left_behind_error:
  description: Why it is not known which projects are left behind, and what to do. Null if it is known.
  returned: once the projects are known
  type: str
  sample: null
problems:
  description:
    - What would make the rollout fail, each with C(reason), C(message), C(remedy) and C(projects). C(projects) is
      empty if the problem concerns all of them.
    - Reasons are V(release_too_old), V(release_unknown), V(missing_scope), V(not_admin), V(service_user),
      V(rights_unknown), V(not_data_owner), V(no_projects) and V(not_readable).
  returned: once the projects are known
  type: list
  elements: dict
  sample: [{reason: missing_scope, message: The API key lacks the scope DATASET_DELETE,
    remedy: Create a key that also has the scope DATASET_DELETE, projects: []}]
msg:
  description: The number of projects that are reached, the problems, and the projects left behind, in one line.
  returned: always
  type: str
  sample: 24 of 25 projects reached
error:
  description: Why the task did not start. Has the same keys as RV(hopsworks.kafka.kafka_connector#module:error).
  returned: when the input is wrong, or the user's projects cannot be listed
  type: dict
  sample: {reason: bad_api_key, message: "the API key is wrong", remedy: "Check api_key", http_status: 401,
    error_code: 320012}
"""

from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import reach_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.masked_module import run_module


def main() -> None:
    """Run the module."""
    run_module(reach_task.TASK)


if __name__ == "__main__":
    main()
