#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_connector
short_description: Make the projects of a Hopsworks cluster use your Kafka
description:
  - Gives any number of projects a Kafka storage connector, in one task. It is what tells the clients of a project which
    Kafka to write to, and with which credentials.
  - Reads first and writes only differences, secrets included. Certificates are converted to the only form that the
    Hopsworks clients read, and put into each project in files named after their content.
  - All of the input is checked before anything is written. After that, a project that fails does not stop the others. The
    task fails in the end, and its results say what was done in each.
  - A connector has an effect only where the cluster variable C(enable_bring_your_own_kafka) is true,
    see M(hopsworks.kafka.hopsworks_variable).
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._hopsworks
  - hopsworks.kafka._kafka_client
  - hopsworks.kafka._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description:
      - Name of the connector.
      - The server and all released clients use V(kafka_connector) and no other, so another name has no effect on ingestion.
    type: str
    default: kafka_connector
  description:
    description:
      - Description of the connector. What a connector has is kept where this is not given.
    type: str
  projects:
    description:
      - The projects, by name.
      - An item may also be a dictionary with C(name), and any of C(properties), C(truststore) and C(keystore) to override the
        declaration for that project, such as its own login.
        Properties are merged one by one, and null removes one. A store replaces the common one as a whole.
      - All projects in which the owner of the API key is Data owner, when neither this nor O(project_query) is given.
    type: list
    elements: raw
  project_query:
    description:
      - A JMESPath expression that is applied to the list of projects of which the owner of the API key is a member. It gives
        projects, or their names.
      - A project has C(id), C(name), C(role) (V(Data owner) or V(Data scientist)), C(owner) (an email address), C(created), and
        all that the server's C(GET /project) says of it.
      - It is an error if it matches nothing.
    type: str
  exclude:
    description:
      - Projects to leave out, by name or by shell pattern.
    type: list
    elements: str
    default: []
  slice:
    description:
      - Only a part of the projects, for jobs that share the work. The parts of all indexes are disjoint and complete.
    type: dict
    suboptions:
      index:
        description:
          - Which part, from 0 on.
        type: int
        required: true
      count:
        description:
          - How many parts there are.
        type: int
        required: true
  state:
    description:
      - V(present) for a connector as declared.
      - V(absent) for none. The server deletes the connector's stores with it, so this refuses where another connector of the
        project uses them, see O(remove_shared_stores).
    type: str
    choices: [present, absent]
    default: present
  existing:
    description:
      - V(update) makes a connector that is there already as declared.
      - V(keep) leaves it alone and tells what differs. Only projects without one get one.
    type: str
    choices: [update, keep]
    default: update
  directory:
    description:
      - Dataset, or directory in one, of each project that the stores are put into. Members of the project can read it.
    type: str
    default: Resources
  check_files:
    description:
      - Also look whether the stores are there, and remove those of earlier runs that nothing uses. One to two requests more
        for each project.
    type: bool
    default: false
  remove_shared_stores:
    description:
      - For O(state=absent), delete the connector although another one of the project uses its stores. That one breaks.
    type: bool
    default: false
seealso:
  - module: hopsworks.kafka.kafka_connector_info
  - module: hopsworks.kafka.kafka_probe
  - module: hopsworks.kafka.hopsworks_variable
"""

EXAMPLES = r"""
- name: Every project of which I am Data owner uses this Kafka
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    properties:
      bootstrap.servers: kafka-1.example.com:9092,kafka-2.example.com:9092
      security.protocol: PLAINTEXT

- name: Three projects with mutual TLS, one of them with a certificate of its own
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    projects:
      - churn
      - pricing
      - name: fraud
        keystore:
          path: files/fraud.p12
          password: "{{ vault_fraud_password }}"
    properties:
      bootstrap.servers: kafka-1.example.com:9093
      security.protocol: SSL
    truststore:
      path: files/kafka-ca.pem
    keystore:
      path: files/hopsworks.p12
      password: "{{ vault_keystore_password }}"

- name: New projects alone, by a query; those that changed their connector keep it
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    project_query: "[?starts_with(name, 'team_') && role == 'Data owner']"
    existing: keep
    properties: "{{ hopsworks_kafka_properties }}"

- name: Back to the Kafka that Hopsworks manages
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    state: absent
"""

RETURN = r"""
results:
  description:
    - One entry for each project, in the order of O(projects), else in the order of the projects' ids.
  returned: always, once the projects are known
  type: list
  elements: dict
  contains:
    project:
      description: Name of the project.
      type: str
      sample: fraud
    action:
      description: What was done, or in check mode would be.
      type: str
      sample: updated
      choices: [created, updated, deleted, unchanged, skipped, failed]
    changed:
      description: Whether anything was written in this project. Can be true for a failed one.
      type: bool
      sample: true
    changes:
      description: What differed, each with C(what), C(before) and C(after). Values of secrets are masked.
      type: list
      elements: dict
      sample: [{what: bootstrapServers, before: "old.example.com:9092", after: "kafka-1.example.com:9092"}]
    error:
      description:
        - Why it failed, null otherwise. C(reason) is a code for programs, such as C(not_data_owner), C(not_a_member),
          C(project_not_found), C(missing_scope), C(bad_api_key), C(type_disabled), C(shared_stores), C(timeout),
          C(server_error).
        - C(message) and C(remedy) are for people. C(http_status) and C(error_code) are the server's, null where there is none.
      type: dict
      sample: null
counts:
  description: How many projects came to which action.
  returned: always, once the projects are known
  type: dict
  sample: {created: 1, updated: 0, deleted: 0, unchanged: 24, skipped: 0, failed: 0}
msg:
  description: The same as one line, with the first failures.
  returned: always
  type: str
  sample: "25 projects: 1 created, 24 unchanged"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hopsworks.kafka.plugins.module_utils import _arguments
from ansible_collections.hopsworks.kafka.plugins.module_utils._errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout import report, task


def main() -> None:
    spec = _arguments.hopsworks_arguments()
    spec.update(_arguments.kafka_client_arguments())
    spec.update(_arguments.selection_arguments())
    spec.update(
        name={"type": "str", "default": "kafka_connector"},
        description={"type": "str"},
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        existing={"type": "str", "choices": ["update", "keep"], "default": "update"},
        directory={"type": "str", "default": "Resources"},
        check_files={"type": "bool", "default": False},
        remove_shared_stores={"type": "bool", "default": False},
    )
    module = AnsibleModule(
        argument_spec=spec,
        supports_check_mode=True,
        mutually_exclusive=[("projects", "project_query")],
        required_if=[("state", "present", ("properties",))],
    )
    options = _arguments.conceal(module)
    try:
        done = task.connectors(options, module.check_mode)
    except HopsworksKafkaError as error:
        module.fail_json(msg=str(error))
    for warning in done.warnings:
        module.warn(warning)
    result = report.shown(done.outcomes, module.check_mode)
    if module._diff:
        result["diff"] = report.diff(done.outcomes)
    if result["counts"]["failed"]:
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
