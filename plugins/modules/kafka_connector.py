#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_connector
short_description: Connect the projects of a Hopsworks cluster to an external Kafka
description:
  - Manages the Kafka storage connector of any number of projects in one task. The connector tells the clients of a
    project which Kafka to use, and with which credentials.
  - Reads the current state first and writes only differences, including those in secrets. Certificates are converted to
    JKS, the only format that the Hopsworks clients read, and uploaded to each project in files named after their
    content. Files of earlier runs are removed once no connector uses them.
  - All input is checked before anything is written. After that, a project that fails does not stop the others. The task
    then fails at the end, and its results list what was done in each project.
  - When the task runs on the controller, in a terminal and with Ansible's default output, it shows its progress.
  - Hopsworks ignores the connector unless the cluster variable C(enable_bring_your_own_kafka) is true. See
    M(hopsworks.kafka.hopsworks_variable).
  - The options of a connector are compared by name. Their order matters only for C(sasl.jaas.config) and
    C(sasl.mechanism), because the Hopsworks Python client reads these in order. The module writes them in the order
    that works.
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
      - Projects with the same changes share one diff.
  idempotent:
    support: full
options:
  name:
    description:
      - Name of the connector.
      - Hopsworks and its clients only use the connector named V(kafka_connector). A connector with another name has no
        effect on what projects write to, and the module warns about it.
    type: str
    default: kafka_connector
  description:
    description:
      - Description of the connector. If omitted, the current description is kept.
    type: str
  projects:
    description:
      - Names of the projects.
      - An item can also be a dictionary with C(name), and any of C(properties), C(truststore) and C(keystore) to
        override the declaration for that project, for example with its own credentials.
      - Properties are merged one by one, and null removes a property. A store replaces the common store as a whole, and
        an empty dictionary removes it.
      - If neither this nor O(project_query) is given, the task manages every project where the API key's user is Data
        owner.
      - The task fails before anything is written if a project does not exist. A project where the user is not Data
        owner fails, and the others continue.
    type: list
    elements: raw
  state:
    description:
      - V(present) creates the connector or updates it to match the declaration.
      - V(absent) deletes the connector. Hopsworks also deletes the stores of a deleted connector, so a project fails if
        another of its connectors uses them. See O(remove_shared_stores).
    type: str
    choices: [present, absent]
    default: present
  existing:
    description:
      - V(update) updates an existing connector to match the declaration.
      - V(keep) leaves an existing connector unchanged and reports the differences. Only projects without a connector
        get one.
    type: str
    choices: [update, keep]
    default: update
  directory:
    description:
      - Dataset of each project, or a directory in it, that the stores are uploaded to. All members of the project can
        read it.
    type: str
    default: Resources
  check_files:
    description:
      - Also check that the stores exist, and look for stores of earlier runs that no connector uses.
      - Needs one more request for each project that has stores, and another for every further 500 files in
        O(directory).
    type: bool
    default: false
  remove_shared_stores:
    description:
      - With O(state=absent), delete the connector even if another connector of the project uses its stores. The other
        connector then no longer works.
    type: bool
    default: false
  recreate_unreadable:
    description:
      - Delete and create a connector that Hopsworks cannot read, instead of failing. With O(state=absent), only delete
        it.
      - The passwords of a connector are a secret of the user who created it. After that user has left the project,
        nobody can read the connector any more, no client of the project works, and an update does not help. It must
        be deleted, so this is the only case in which a connector is not updated in place.
      - Hopsworks deletes the connector's stores with it. Which ones these are cannot be read, so another connector that
        uses the same stores no longer works.
      - Applies to O(existing=keep) too, and only to the connector named V(kafka_connector).
    type: bool
    default: false
seealso:
  - module: hopsworks.kafka.kafka_connector_info
  - module: hopsworks.kafka.kafka_probe
  - module: hopsworks.kafka.hopsworks_variable
"""

EXAMPLES = r"""
- name: Configure Kafka in all projects I own
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    properties:
      bootstrap.servers: kafka-1.example.com:9092,kafka-2.example.com:9092
      security.protocol: PLAINTEXT

- name: Configure mutual TLS in three projects, one of them with its own certificate
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

- name: Configure the projects of the teams, but keep connectors that a team has changed
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    project_query: "[?starts_with(name, 'team_')]"
    exclude: ["*_sandbox"]
    existing: keep
    properties: "{{ hopsworks_kafka_properties }}"

- name: Also restore stores that were deleted
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    check_files: true
    properties: "{{ hopsworks_kafka_properties }}"
    truststore: "{{ hopsworks_kafka_truststore }}"

- name: Repair connectors whose creator has left the project
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    recreate_unreadable: true
    properties: "{{ hopsworks_kafka_properties }}"

- name: Return to the Kafka that Hopsworks manages
  hopsworks.kafka.kafka_connector:
    host: hopsworks.example.com
    api_key: "{{ vault_api_key }}"
    state: absent
"""

RETURN = r"""
results:
  description:
    - One entry for each project, in the order of O(projects) if given, otherwise in the order of the projects' ids.
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
        - What was done, or would be done in check mode. One of V(created), V(updated), V(deleted), V(unchanged),
          V(skipped), V(failed).
        - V(skipped) means that the project was skipped. See RV(results[].reason).
      type: str
      sample: updated
    reason:
      description:
        - Why a project was skipped. V(kept) if O(existing=keep) left a connector unchanged although it differs,
          V(not_done) if Hopsworks has not created the project completely, V(no_feature_store) if it has no feature
          store yet. None of these fails the task.
        - Null otherwise. A project that was not attempted because others had failed has an RV(results[].error).
      type: str
      sample: null
    changed:
      description: Whether anything was written. Also true for a project that failed after a write.
      type: bool
      sample: true
    changes:
      description:
        - The differences, by the names of Kafka's properties, each with C(what), C(before) and C(after). Secrets are
          masked.
        - For V(skipped), the differences that were left.
      type: list
      elements: dict
      sample: [{what: linger.ms, before: "5", after: "10"}]
    notes:
      description: Further information, for example that somebody else changed the connector during the run.
      type: list
      elements: str
      sample: []
    error:
      description:
        - Why the project failed; null if it did not. C(reason) is for programs, C(message) and C(remedy) are for
          people, C(http_status) and C(error_code) come from the server and are null if it sent none.
        - Reasons are C(not_data_owner), C(not_a_member), C(missing_scope), C(service_user), C(bad_api_key),
          C(project_not_found), C(unreadable_connector), C(type_disabled), C(wrong_type), C(name_taken), C(refused),
          C(shared_stores), C(file_in_use), C(no_dataset), C(forbidden), C(not_found), C(too_many_requests),
          C(unavailable), C(server_error), C(unreachable), C(unknown_host), C(timeout), C(cut_off), C(certificate),
          C(tls), C(no_tls), C(proxy), C(redirected), C(not_json), C(unexpected_answer), C(too_large),
          C(not_attempted) and C(defect).
      type: dict
      sample: null
counts:
  description:
    - The number of projects for each action.
    - C(not_owned) is the number of projects that were left out because the API key's user is not Data owner there.
  returned: once the projects are known
  type: dict
  sample: {created: 1, updated: 0, deleted: 0, unchanged: 24, skipped: 0, failed: 0, not_owned: 2}
msg:
  description: The counts and the first failures in one line.
  returned: always
  type: str
  sample: "25 projects: 1 created, 24 unchanged"
error:
  description: Why the task did not start. Has the same keys as RV(results[].error). C(reason) is C(bad_input) if an
    option is wrong.
  returned: when the input is wrong, or the projects cannot be listed
  type: dict
  sample: {reason: bad_api_key, message: "the API key is wrong", remedy: "Check api_key", http_status: 401,
    error_code: 320012}
"""

from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.masked_module import run_module


def main() -> None:
    """Run the module."""
    run_module(connector_task.TASK)


if __name__ == "__main__":
    main()
