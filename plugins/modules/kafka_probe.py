#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_probe
short_description: Find out what is wrong with a Kafka connection, stage by stage
description:
  - Checks a Kafka connection in stages. Reports the stage that fails, the server, the reason and a remedy. The stages
    are, in this order, C(config), C(resolve), C(connect), C(tls), C(sasl), C(metadata), C(listeners),
    C(topics), C(groups), C(round_trip).
  - Checks a declaration, like all modules of this collection, or with O(properties_file) the properties file of a Java
    client.
  - Changes nothing, except that O(round_trip) writes a record. That is not reported as a change.
  - Runs where the task runs. Run it on the hosts of the online feature store service, and on the controller with
    C(delegate_to), to see the connection from both.
  - A failed probe fails the task and still returns everything. No secret is shown.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._kafka_client
  - hopsworks.kafka._attributes
  - hopsworks.kafka._attributes.info_module
attributes:
  check_mode:
    details:
      - In check mode, O(round_trip) is ignored.
options:
  properties_file:
    description:
      - A properties file of a Java client, for example C(onlinefs-kafka.properties) of a host. Its stores are read
        from the locations that it names.
      - Mutually exclusive with O(properties).
      - If root runs the task and another user owns the file or a directory on its path, the probe runs with the rights
        of that user. Only the stores that the task itself names are then read with the rights of root.
    type: path
  path_map:
    description:
      - Prefixes of the paths in O(properties_file), and the prefixes that replace them on this machine. A container
        sees files at other paths than its host.
    type: dict
    default: {}
  topics:
    description:
      - Topics that must exist, with a leader and in-sync replicas, and that the principal must be allowed to use.
      - Each is a name, or a dictionary of C(name) and C(operations). If C(operations) is omitted, O(operations) apply.
    type: list
    elements: raw
    default: []
  operations:
    description:
      - The operations on each of O(topics) that the principal must be allowed, as Kafka's ACL operations in lower case.
    type: list
    elements: str
    choices: [read, write, describe, describe_configs, alter, alter_configs, create, delete]
    default: [read, write]
  groups:
    description:
      - Consumer groups that the principal must be allowed to use. A group that does not exist yet is not a failure.
    type: list
    elements: str
    default: []
  round_trip:
    description:
      - Produce one record to the first of O(topics), and read it back from the offset at which it was stored.
      - The record has a unique key and no value, which Kafka calls a tombstone. Kafka removes it from a compacted
        topic, and from other topics when their retention ends.
      - Name a topic that exists for this purpose. Consumers of any other topic receive the record as well.
    type: bool
    default: false
  timeout:
    description:
      - The number of seconds after which a probe ends, whatever the network and the brokers do. A single step on the
        network takes at most half of that time.
      - Applies to each item of O(probes).
    type: float
    default: 15
  until:
    description:
      - The last stage to check. If omitted, all stages are checked.
      - On a host without the library C(confluent-kafka), the probe can pass with V(tls).
    type: str
    choices: [config, resolve, connect, tls, sasl, metadata, listeners, topics, groups, round_trip]
  min_days_valid:
    description:
      - Fail if the certificate of a broker or of the client expires in fewer days.
    type: int
    default: 0
  probes:
    description:
      - Many credentials in one task, for example the principal of each project with its own topic.
      - The options of an item override those of the task. Properties are merged by name, and null removes one. Stores,
        topics and groups replace those of the task.
      - In the names of topics and groups, C({name}) is replaced by the name of the item.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the item in the results.
        type: str
        required: true
      properties:
        description: Properties of this item. They override O(properties).
        type: dict
      truststore:
        description: Used instead of O(truststore), with the same suboptions.
        type: dict
      keystore:
        description: Used instead of O(keystore), with the same suboptions.
        type: dict
      topics:
        description: Used instead of O(topics).
        type: list
        elements: raw
      groups:
        description: Used instead of O(groups).
        type: list
        elements: str
  workers:
    description:
      - The number of O(probes) that run at the same time.
    type: int
    default: 16
requirements:
  - confluent-kafka >= 2.3.0 (Python library, where the task runs), for the stages after C(tls). Without it the stages
    up to C(tls) run, and the probe then fails and says so.
  - aws-msk-iam-sasl-signer-python (Python library, where the task runs), for the mechanism C(AWS_MSK_IAM)
notes:
  - The mechanism C(GSSAPI) (Kerberos) needs a build of C(confluent-kafka) that supports it. The one from PyPI does
    not.
  - Kafka 4.0 and newer refuse SCRAM logins from librdkafka before 2.6.1 even with the right password. The probe
    recognises this, and warns if such a cluster shuts out older Hopsworks clients.
"""

EXAMPLES = r"""
- name: Check that Kafka can be reached
  hopsworks.kafka.kafka_probe:
    properties:
      bootstrap.servers: kafka-1.example.com:9092

- name: Check that the feature store may read its topics
  hopsworks.kafka.kafka_probe:
    properties:
      bootstrap.servers: kafka-1.example.com:9093,kafka-2.example.com:9093
      security.protocol: SASL_SSL
      sasl.mechanism: SCRAM-SHA-512
      sasl.jaas.config: >-
        org.apache.kafka.common.security.scram.ScramLoginModule required
        username="hopsworks" password="{{ vault_kafka_password }}";
    truststore:
      path: /etc/kafka/ca.pem
    topics: [fraud_onlinefs, credit_onlinefs]
    operations: [read]
    groups: [onlinefs_rondb]

- name: Check the properties file that the service of this host uses
  hopsworks.kafka.kafka_probe:
    properties_file: /srv/hops/onlinefs/etc/onlinefs-kafka.properties
    path_map:
      /onlinefs: /srv/hops/onlinefs
    min_days_valid: 14

- name: Check each project's own login on its own topic
  hopsworks.kafka.kafka_probe:
    properties: "{{ hopsworks_kafka_properties }}"
    truststore: "{{ hopsworks_kafka_truststore }}"
    topics:
      - name: "{name}_onlinefs"
        operations: [write]
    probes:
      - name: fraud
        properties:
          sasl.jaas.config: "{{ vault_fraud_jaas }}"
      - name: credit
        properties:
          sasl.jaas.config: "{{ vault_credit_jaas }}"
        topics: [credit_online]
"""

RETURN = r"""
ok:
  description: Whether no stage failed. With O(probes), whether no stage of any item failed.
  returned: always
  type: bool
  sample: false
failed_stage:
  description: The first stage that failed, or null. With O(probes), that of the first item that failed.
  returned: always
  type: str
  sample: tls
stages:
  description: The results of the stages, at least one entry for each stage, in their order.
  returned: without O(probes)
  type: list
  elements: dict
  contains: &entry
    stage:
      description: The stage.
      type: str
      sample: tls
    target:
      description: A server, an advertised address, a topic, a group, a token endpoint. Empty if the stage has only
        one target.
      type: str
      sample: kafka-1.example.com:9093
    ok:
      description: Whether it passed. Null if it was not reached, not requested or not checked.
      type: bool
      sample: false
    reason:
      description:
        - A code for the cause. Codes do not change between releases.
        - In C(config), V(invalid_declaration), V(unreadable_file), V(not_permitted), V(store_password),
          V(key_password), V(key_mismatch), V(certificate_expired), V(certificate_not_yet_valid), V(expires_soon),
          V(library_refused).
        - In C(resolve), V(unresolved), V(resolve_timeout).
        - In C(connect), V(refused), V(connect_timeout), V(unreachable), V(connect_failed).
        - In C(tls), V(tls_expected), V(plaintext_port), V(untrusted_certificate), V(certificate_expired),
          V(certificate_not_yet_valid), V(host_name_mismatch), V(weak_certificate), V(certificate_invalid),
          V(expires_soon), V(client_certificate_missing), V(client_certificate_refused), V(tls_version),
          V(tls_handshake), V(tls_closed), V(silent).
        - In C(sasl), V(mechanism_not_offered), V(sasl_not_enabled), V(sasl_expected), V(credentials_refused),
          V(client_too_old), V(login_timeout), V(token_endpoint_unreachable), V(token_endpoint_timeout),
          V(token_endpoint_tls), V(token_denied), V(token_invalid_answer), V(token_source_unknown),
          V(token_not_valid_now), V(token_refused), V(gssapi_unsupported), V(signer_missing), V(signer_failed),
          V(silent), V(closed), V(not_kafka), V(library_missing), V(library_too_old).
        - In C(metadata), V(metadata_timeout), V(silent), V(closed), V(not_kafka), V(library_missing),
          V(library_too_old).
        - In C(listeners), those of C(resolve), C(connect) and C(tls).
        - In C(topics), V(unknown_topic), V(no_describe), V(no_read), V(no_write), V(missing_operation), V(no_leader),
          V(below_min_in_sync), V(request_failed).
        - In C(groups), V(group_denied), V(request_failed).
        - In C(round_trip), V(no_topic), V(no_write), V(no_read), V(produce_failed), V(consume_failed),
          V(round_trip_timeout).
        - In any stage, V(timeout), V(internal), V(library_crashed) if an answer crashed the library librdkafka, and
          V(answer_too_large) if the answers took too much memory.
        - A stage that passed may carry a warning, V(settings_ignored), V(old_clients_shut_out), V(under_replicated),
          V(rights_unknown) or V(group_state_unknown).
        - If C(ok) is null, V(not_reached), V(not_asked), or V(not_checked) for listeners beyond the first 100. Empty
          otherwise.
      type: str
      sample: certificate_expired
    detail:
      description: What was observed. The text is for people, and its wording may change.
      type: str
      sample: "certificate has expired: CN=kafka-1.example.com, issued by CN=Example CA, valid from … to …"
    remedy:
      description: What to do.
      type: str
      sample: Renew the certificate, and check the clock of this machine
    ms:
      description: The duration in milliseconds.
      type: int
      sample: 12
    certificate:
      description: The broker's certificate, with C(subject), C(expires) in UTC and C(days_left).
      returned: for a broker that passed C(tls), and for an advertised listener that speaks TLS
      type: dict
      sample: {subject: "CN=kafka-1,O=Example", expires: "2026-01-31T12:00:00Z", days_left: 90}
results:
  description: One entry for each of O(probes), in their order.
  returned: with O(probes)
  type: list
  elements: dict
  contains:
    name:
      description: The name of the item.
      type: str
      sample: fraud
    ok:
      description: Whether no stage failed.
      type: bool
      sample: true
    failed_stage:
      description: The first stage that failed, or null.
      type: str
      sample: null
    stages:
      description: The results of the stages.
      type: list
      elements: dict
      contains: *entry
certificates:
  description:
    - The certificates in the declared stores, and those of the brokers that were reached, each once. No private key.
    - Before the stage C(tls), there are none of brokers. With O(until), advertised listeners may be missing.
  returned: always
  type: list
  elements: dict
  contains:
    store:
      description: V(truststore), V(keystore), or the address of the broker. With O(probes), V(keystore of NAME) is a
        store that only this item has.
      type: str
      sample: kafka-1.example.com:9093
    subject:
      description: The certificate's subject.
      type: str
      sample: CN=kafka-1,O=Example
    expires:
      description: The time until which it is valid, in UTC.
      type: str
      sample: "2026-01-31T12:00:00Z"
    days_left:
      description: The number of days until then. Negative if it has expired.
      type: int
      sample: 90
cluster_id:
  description:
    - The id of the Kafka cluster. Null if the probe did not get that far.
    - With O(probes), that of the first item that did.
  returned: always
  type: str
  sample: 4L6g3nShT-eMCtK--X86sw
msg:
  description: The result as a table for people. With O(probes), a line for each item and the tables of the first
    items that failed.
  returned: always
  type: str
  sample: "Kafka connection: stage tls failed at kafka-1.example.com:9093: certificate_expired"
"""

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.masked_module import run_module
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import probe_task


def main() -> None:
    """Run the module."""
    run_module(probe_task.TASK)


if __name__ == "__main__":
    main()
