#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_connector
short_description: Make the projects of a Hopsworks cluster use your Kafka
description:
  - Gives any number of projects a Kafka storage connector, in one task. It tells the clients of a project which
    Kafka to write to, and with which credentials.
  - Reads first and writes only differences, secrets included. Certificates are converted to the only form that the
    Hopsworks clients read, and put into each project in files named after their content. Old ones are removed once
    nothing uses them.
  - All of the input is checked before anything is written. After that a project that fails does not stop the
    others. The task fails in the end, and its results say what was done in each.
  - On a terminal, with Ansible's default output, it shows how far it is while it runs on the controller. Elsewhere it
    is quiet.
  - A connector has an effect only where the cluster variable C(enable_bring_your_own_kafka) is true. See
    M(hopsworks.kafka.hopsworks_variable).
  - Options of a connector are compared by name. Their order counts only for C(sasl.jaas.config) and
    C(sasl.mechanism), which the Hopsworks Python client reads in order. The module keeps them in the order that
    works.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._hopsworks
  - hopsworks.kafka._kafka_client
  - hopsworks.kafka._selection
  - hopsworks.kafka._attributes
  - hopsworks.kafka._attributes.action_group
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Projects that change in the same way share one diff.
  idempotent:
    support: full
options:
  name:
    description:
      - Name of the connector.
      - The server and all released clients use V(kafka_connector) and no other, so another name has no effect on what
        projects write to, and gives a warning.
    type: str
    default: kafka_connector
  description:
    description:
      - Description of the connector. What a connector has is kept where this is not given.
    type: str
  projects:
    description:
      - The projects, by name.
      - An item may also be a dictionary with C(name), and any of C(properties), C(truststore) and C(keystore) to
        override the declaration for that project, such as its own login.
      - Properties are merged one by one, and null removes one. A store replaces the common one as a whole, and an
        empty dictionary removes it.
      - All projects in which the user of the API key is Data owner, when neither this nor O(project_query) is given.
      - A name that no project has is an error before anything is written. A project in which the user is not Data
        owner fails, and the others go on.
    type: list
    elements: raw
  state:
    description:
      - V(present) for a connector as declared.
      - V(absent) for none. The server deletes the connector's stores with it, so a project fails where another of its
        connectors uses them. See O(remove_shared_stores).
    type: str
    choices: [present, absent]
    default: present
  existing:
    description:
      - V(update) makes a connector that is there already as declared.
      - V(keep) leaves it alone, and tells what differs. Only projects without one get one.
    type: str
    choices: [update, keep]
    default: update
  directory:
    description:
      - Dataset of each project, or directory in one, that the stores are put into. All members of the project can
        read it.
    type: str
    default: Resources
  check_files:
    description:
      - Also look whether the stores are there, and for stores of earlier runs that nothing uses.
      - It takes one request more for each project, and one for every further thousand files in O(directory).
    type: bool
    default: false
  remove_shared_stores:
    description:
      - With O(state=absent), delete the connector although another one of the project uses its stores. That one
        breaks.
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

- name: The projects of the teams; those that altered their connector keep it
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    project_query: "[?starts_with(name, 'team_')]"
    exclude: ["*_sandbox"]
    existing: keep
    properties: "{{ hopsworks_kafka_properties }}"

- name: Look for stores that somebody deleted, too
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    check_files: true
    properties: "{{ hopsworks_kafka_properties }}"
    truststore: "{{ hopsworks_kafka_truststore }}"

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
  returned: once the projects are known
  type: list
  elements: dict
  contains:
    project:
      description: Name of the project.
      type: str
      sample: fraud
    action:
      description:
        - What was done, or in check mode would be. One of V(created), V(updated), V(deleted), V(unchanged),
          V(skipped), V(failed).
        - V(skipped) is a connector that O(existing=keep) left alone although it differs, or a project that was not
          attempted, because others had failed for a reason that holds for all.
      type: str
      sample: updated
    changed:
      description: Whether anything was written. True also for a project that failed after a write.
      type: bool
      sample: true
    changes:
      description:
        - What differed, by the names of Kafka's properties, each with C(what), C(before) and C(after). Secrets are
          masked.
        - For V(skipped), what differs and was left as it is.
      type: list
      elements: dict
      sample: [{what: linger.ms, before: "5", after: "10"}]
    notes:
      description: What else should be known, such as that somebody else changed the connector during the run.
      type: list
      elements: str
      sample: []
    error:
      description:
        - Why it failed, null otherwise. C(reason) is for programs, C(message) and C(remedy) are for people,
          C(http_status) and C(error_code) are the server's, null where it gave none.
        - Reasons are C(not_data_owner), C(not_a_member), C(missing_scope), C(bad_api_key), C(project_not_found),
          C(no_feature_store), C(type_disabled), C(wrong_type), C(name_taken), C(refused), C(shared_stores),
          C(file_in_use), C(no_dataset), C(forbidden), C(not_found), C(too_many_requests), C(unavailable),
          C(server_error), C(unreachable), C(unknown_host), C(timeout), C(cut_off), C(certificate), C(tls),
          C(no_tls), C(proxy), C(redirected), C(not_json), C(not_attempted) and C(defect).
      type: dict
      sample: null
counts:
  description:
    - How many projects came to which action.
    - C(not_owned) is how many more the selection passed over, because the user of the API key is not Data owner
      there.
  returned: once the projects are known
  type: dict
  sample: {created: 1, updated: 0, deleted: 0, unchanged: 24, skipped: 0, failed: 0, not_owned: 2}
msg:
  description: The same as one line, with the first failures.
  returned: always
  type: str
  sample: "25 projects: 1 created, 24 unchanged"
error:
  description: Why nothing was begun. As RV(results[].error).
  returned: when the input is wrong, or the projects cannot be listed
  type: dict
  sample: {reason: bad_api_key, message: "the API key is wrong", remedy: "Check api_key", http_status: 401,
    error_code: 320012}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.defects import DefectReport
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.argument_spec import connector_spec
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import mask_params


def main() -> None:
    """Run the module. On the controller the action plugin of the same name does the work without it."""
    module = AnsibleModule(supports_check_mode=True, **connector_spec())
    options = mask_params(module)
    with DefectReport(module):
        result = connector_task.run(options, module.check_mode, module._diff)
        for warning in result.pop("warnings", ()):
            module.warn(warning)
        if result["failed"]:
            module.fail_json(**result)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
