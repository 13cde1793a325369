#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_connector_info
short_description: Tell which Kafka the projects of a Hopsworks cluster use
description:
  - Reads the Kafka storage connector of any number of projects, in one task. Secrets are masked.
  - With O(effective), also tells what the clients of a project are really sent to. A connector alone does not decide that.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._hopsworks
  - hopsworks.kafka._attributes
attributes:
  check_mode:
    support: full
    details:
      - It changes nothing.
  diff_mode:
    support: N/A
  idempotent:
    support: full
options:
  name:
    description:
      - Name of the connector.
    type: str
    default: kafka_connector
  projects:
    description:
      - The projects, by name. Dictionaries with C(name) are taken too, so that the list of
        M(hopsworks.kafka.kafka_connector) fits.
      - All projects in which the owner of the API key is Data owner, when neither this nor O(project_query) is given.
    type: list
    elements: raw
  project_query:
    description:
      - A JMESPath expression that selects projects, as of M(hopsworks.kafka.kafka_connector).
    type: str
  exclude:
    description:
      - Projects to leave out, by name or by shell pattern.
    type: list
    elements: str
    default: []
  slice:
    description:
      - Only a part of the projects, for jobs that share the work.
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
  effective:
    description:
      - Also ask the server what the clients of each project are given. One request more for each project.
    type: bool
    default: false
  check_files:
    description:
      - Also look whether the stores are there. Up to two requests more for each project.
    type: bool
    default: false
seealso:
  - module: hopsworks.kafka.kafka_connector
"""

EXAMPLES = r"""
- name: Which Kafka do my projects use?
  hopsworks.kafka.kafka_connector_info:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    effective: true
  register: kafka

- name: Projects that are still on the Kafka that Hopsworks manages
  ansible.builtin.debug:
    msg: "{{ kafka.results | rejectattr('effective.external') | map(attribute='project') }}"
"""

RETURN = r"""
results:
  description: One entry for each project, in the order of O(projects), else in the order of the projects' ids.
  returned: success
  type: list
  elements: dict
  contains:
    project:
      description: Name of the project.
      type: str
      sample: fraud
    exists:
      description: Whether the project has the connector. Null where it could not be read.
      type: bool
      sample: true
    connector:
      description: The connector's fields by the names of the REST API, secrets masked. Null where there is none.
      type: dict
      sample:
        id: 1031
        bootstrapServers: kafka-1.example.com:9092
        securityProtocol: PLAINTEXT
        sslEndpointIdentificationAlgorithm: HTTPS
        options: []
    declaration:
      description:
        - The same as a declaration in Kafka's own names, for a playbook. Secrets are masked and have to be filled in.
      type: dict
      sample: {properties: {bootstrap.servers: "kafka-1.example.com:9092", security.protocol: PLAINTEXT}}
    effective:
      description:
        - What the server gives to clients outside of the cluster. Null unless O(effective) is set.
        - C(external) is true where it is this connector. It is false, with C(id) -1, where it is the Kafka that Hopsworks
          manages.
      type: dict
      sample: {external: true, id: 1031, bootstrap_servers: "kafka-1.example.com:9092"}
    missing_files:
      description: Stores that the connector names and that are not there. Null unless O(check_files) is set.
      type: list
      elements: str
      sample: []
    error:
      description: Why it could not be read, null otherwise. As of M(hopsworks.kafka.kafka_connector).
      type: dict
      sample: null
msg:
  description: The same as one line.
  returned: always
  type: str
  sample: "25 projects: 25 with connector kafka_connector, 0 without, 0 not readable"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hopsworks.kafka.plugins.module_utils import _arguments
from ansible_collections.hopsworks.kafka.plugins.module_utils._errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout import task


def main() -> None:
    spec = _arguments.hopsworks_arguments()
    spec.update(_arguments.selection_arguments())
    spec.update(
        name={"type": "str", "default": "kafka_connector"},
        effective={"type": "bool", "default": False},
        check_files={"type": "bool", "default": False},
    )
    module = AnsibleModule(
        argument_spec=spec, supports_check_mode=True, mutually_exclusive=[("projects", "project_query")]
    )
    options = _arguments.conceal(module)
    try:
        results = task.information(options)
    except HopsworksKafkaError as error:
        module.fail_json(msg=str(error))
    there = sum(entry["exists"] is True for entry in results)
    absent = sum(entry["exists"] is False for entry in results)
    message = (
        f"{len(results)} projects: {there} with connector {options['name']}, {absent} without, "
        f"{len(results) - there - absent} not readable"
    )
    module.exit_json(changed=False, msg=message, results=results)


if __name__ == "__main__":
    main()
