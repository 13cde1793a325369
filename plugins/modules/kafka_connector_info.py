#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_connector_info
short_description: Show which Kafka the projects of a Hopsworks cluster use
description:
  - Reads the Kafka storage connector of any number of projects in one task. Secrets are masked.
  - With O(effective), also returns which Kafka Hopsworks gives to the clients of a project. The connector alone does
    not decide that.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._hopsworks
  - hopsworks.kafka._selection
  - hopsworks.kafka._kafka_client
  - hopsworks.kafka._attributes
  - hopsworks.kafka._attributes.info_module
  - hopsworks.kafka._attributes.action_group
options:
  name:
    description:
      - Name of the connector.
    type: str
    default: kafka_connector
  projects:
    description:
      - Names of the projects.
      - Accepts dictionaries as well, so that the list for M(hopsworks.kafka.kafka_connector) can be used. If
        O(properties) is given, RV(results[].desired) shows the declaration with their overrides.
      - If neither this nor O(project_query) is given, the task reads every project where the API key's user is Data
        owner.
      - The task fails if a project does not exist.
    type: list
    elements: raw
  directory:
    description:
      - Same as for M(hopsworks.kafka.kafka_connector). Only the locations in RV(results[].desired) depend on it.
    type: str
    default: Resources
  effective:
    description:
      - Also ask Hopsworks what it gives to the clients of each project. Needs one more request for each project.
    type: bool
    default: false
  check_files:
    description:
      - Also check that the stores exist. Needs one more request for each store.
    type: bool
    default: false
seealso:
  - module: hopsworks.kafka.kafka_connector
"""

EXAMPLES = r"""
- name: Show which Kafka my projects use
  hopsworks.kafka.kafka_connector_info:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    effective: true
  register: kafka

- name: Show the declaration with its overrides, and which projects differ from it
  hopsworks.kafka.kafka_connector_info:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    projects: "{{ hopsworks_kafka_projects }}"
    properties: "{{ hopsworks_kafka_properties }}"

- name: List the projects that still use the Kafka that Hopsworks manages
  ansible.builtin.debug:
    msg: "{{ kafka.results | rejectattr('effective.external') | map(attribute='project') }}"

- name: Keep the settings of each project, and set the secrets of all from the common declaration
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    projects: "{{ kafka.results | selectattr('exists') | map(attribute='declaration') }}"
    properties:
      sasl.jaas.config: "{{ vault_jaas_config }}"
"""

RETURN = r"""
results:
  description: >-
    One entry for each project, in the order of O(projects) if given, otherwise in the order of the projects' ids.
  returned: once the projects are known
  type: list
  elements: dict
  contains:
    project:
      description: Name of the project.
      type: str
      sample: fraud
    skipped:
      description:
        - Why the project was skipped, V(not_done) or V(no_feature_store). Null if it was not. A project that is
          skipped does not fail the task.
      type: str
      sample: null
    exists:
      description:
        - Whether the project has the connector. Null if that could not be read.
        - True with the error C(unreadable_connector) if Hopsworks cannot read it because the user who created it has
          left the project. No client of the project works then. See the option C(recreate_unreadable) of
          M(hopsworks.kafka.kafka_connector).
      type: bool
      sample: true
    connector:
      description: The connector's fields as the REST API names them, with secrets masked. Null if there is none.
      type: dict
      sample:
        id: 1031
        name: kafka_connector
        storageConnectorType: KAFKA
        bootstrapServers: kafka-1.example.com:9092
        securityProtocol: PLAINTEXT
        sslEndpointIdentificationAlgorithm: HTTPS
        options: []
    declaration:
      description:
        - The same as an item for the option C(projects) of M(hopsworks.kafka.kafka_connector), in Kafka's own names.
        - Secrets are left out. Stores appear as their locations in the project.
      type: dict
      sample: {name: fraud, properties: {bootstrap.servers: "kafka-1.example.com:9092", security.protocol: PLAINTEXT}}
    secrets:
      description: The names of the properties that RV(results[].declaration) leaves out.
      type: list
      elements: str
      sample: [sasl.jaas.config]
    effective:
      description:
        - What Hopsworks gives to clients outside of the cluster. Null unless O(effective) is set.
        - C(external) is true for the project's own connector. For the Kafka that Hopsworks manages it is false, and
          C(id) is -1.
      type: dict
      sample: {external: true, id: 1031, bootstrap_servers: "kafka-1.example.com:9092", security_protocol: PLAINTEXT}
    desired:
      description:
        - The connector that M(hopsworks.kafka.kafka_connector) would write for the same O(properties), O(truststore),
          O(keystore) and O(projects), in the form of RV(results[].connector). Overrides are merged, secrets are masked.
        - Null if no declaration is given.
      type: dict
      sample: null
    differs:
      description:
        - Differences from the declaration, each with C(what), C(before) and C(after), with secrets masked.
        - Empty if the connector matches the declaration. Null if no declaration is given.
      type: list
      elements: dict
      sample: null
    missing_files:
      description: Stores of the connector that do not exist. Null unless O(check_files) is set.
      type: list
      elements: str
      sample: []
    error:
      description:
        - Why the project could not be read; null if it could. Has C(reason), C(message), C(remedy), C(http_status) and
          C(error_code), as for M(hopsworks.kafka.kafka_connector).
      type: dict
      sample: null
settled:
  description:
    - Whether there is nothing to change in any of the projects. Their clients use the connector, as it is declared.
    - Projects that were skipped do not count, but there must be others. False unless O(effective) is set and a
      declaration is given. Stores are looked for only if O(check_files) is set.
  returned: once the projects are known
  type: bool
  sample: true
not_owned:
  description: The number of projects that were left out because the API key's user is not Data owner there.
  returned: once the projects are known
  type: int
  sample: 0
msg:
  description: A summary and the first failures in one line.
  returned: always
  type: str
  sample: "25 projects: 25 with the connector, 0 without, 0 not readable"
error:
  description: Why the task did not start. Has the same keys as RV(results[].error). C(reason) is C(bad_input) if an
    option is wrong.
  returned: when the input is wrong, or the projects cannot be listed
  type: dict
  sample: {reason: bad_api_key, message: "the API key is wrong", remedy: "Check api_key", http_status: 401,
    error_code: 320012}
"""

from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_info
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.masked_module import run_module


def main() -> None:
    """Run the module."""
    run_module(connector_info.TASK)


if __name__ == "__main__":
    main()
