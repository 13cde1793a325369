#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_carry_over
short_description: Carry rows that nobody reads any more from an old Kafka to a new one
description:
  - Carries ranges of rows from one Kafka to another, for example rows that clients have written to the old Kafka after
    the online feature store service has left it.
  - Each row keeps its key, value, headers and timestamp, and the order of its partition. It goes to the topic of the
    same name and to the partition of the same number. If the topic has fewer partitions in the new Kafka, it goes to
    the number modulo theirs, and the task warns.
  - Rows are carried in transactions. What was carried is marked in the same transactions, as offsets of the consumer
    group C(hopsworks_kafka_carry_over) in the new Kafka. Therefore a second run carries nothing twice. If a run is
    killed at any point, the next one completes it.
  - Only committed rows are carried. Rows of aborted transactions are not.
  - Before anything is written, the task fails if both are the same cluster, if a topic is missing in the new Kafka, or
    if the old Kafka does not have all of the rows.
  - At the end, the task reads back from the new Kafka whether all rows are committed.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._attributes
attributes:
  check_mode:
    support: full
    details:
      - The rows are read from the old Kafka and counted. Nothing is written.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - A second run carries nothing, as long as the new Kafka keeps the marks. It deletes them
        C(offsets.retention.minutes) after the last run (7 days by default), and with the topic.
      - Marks contain the id of the topic in the old Kafka, from Kafka 2.8 on. If the topic is deleted and created again
        there, its rows count as other rows.
options:
  source:
    description:
      - The old Kafka. Needs the rights Describe and Read on the topics.
    type: dict
    required: true
    suboptions: &cluster
      properties:
        description:
          - The Kafka client, with the property names of Apache Kafka's own (Java) clients, as for the other modules of
            this collection.
        type: dict
        required: true
      truststore:
        description: The certificates that verify the brokers' certificates, in any supported format.
        type: dict
        suboptions: &store
          path:
            description:
              - The file to read. It is read where the task runs.
              - Mutually exclusive with C(content).
            type: path
          content:
            description:
              - The store itself, for example from a vault. PEM as text, PKCS12 and JKS in Base64.
              - Mutually exclusive with C(path).
            type: str
          type:
            description: The type of the store. If omitted, it is detected from the content.
            type: str
            choices: [PEM, PKCS12, JKS]
          password:
            description: The password of the store. Not needed for PEM.
            type: str
          key_password:
            description: The password of the private key, if it differs from the password of the store.
            type: str
      keystore:
        description: The client's certificate chain and private key, in any supported format.
        type: dict
        suboptions: *store
  target:
    description:
      - The new Kafka, with the same suboptions. Needs the rights Describe, Read and Write on the topics, Read on the
        group C(hopsworks_kafka_carry_over), and Describe and Write on the transactional id of the same name.
    type: dict
    required: true
    suboptions: *cluster
  ranges:
    description:
      - The rows to carry. Ranges of a partition may touch or overlap. A row is carried once.
    type: list
    elements: dict
    required: true
    suboptions:
      topic:
        description: The topic.
        type: str
        required: true
      partition:
        description: The number of the partition in the old Kafka.
        type: int
        required: true
      start:
        description: The offset of the first row.
        type: int
        required: true
      end:
        description: The offset after the last row. The partition must reach it.
        type: int
        required: true
  accept_deleted:
    description:
      - Whether to carry the remaining rows if the old Kafka has deleted some rows of the ranges by age or size. Their
        number is returned in RV(deleted), and the task warns. By default, the task fails, and nothing is carried.
    type: bool
    default: false
  timeout:
    description:
      - The number of seconds after which the task ends, whatever the network and the brokers do. What was committed
        until then stays, and the next run continues there.
    type: float
    default: 3600
requirements:
  - cryptography >= 41.0.0 (Python library, where the task runs), for stores in PEM or PKCS12
notes:
  - Needs Kafka 0.11 or newer on both sides. Rows in the message formats before that are refused.
  - Only one run at a time can carry rows to a cluster. A second run ends the first one, which then fails with a message
    that says so.
  - If a run is killed, a consumer with C(isolation.level=read_uncommitted), Kafka's default, may read rows of its open
    transaction, and the same rows again from the next run. With C(read_committed), a consumer reads each row once.
  - Rows keep their timestamp, and the retention of the new Kafka depends on it. Rows that are older than
    C(retention.ms) of their topic are deleted soon after they have arrived.
  - Rows are passed on in the batches in which they were produced. If a range begins or ends within a batch that is
    compressed with snappy, lz4 or zstd, the other rows of that batch are carried as well. Their number is returned in
    RV(extra), and the task warns. From batches without compression or with gzip, only the rows of the range are
    carried.
  - If the old Kafka sets the timestamp when it stores a row (C(message.timestamp.type=LogAppendTime)), the row gets the
    timestamp of its producer in the new Kafka, and the task warns.
  - The mechanism C(GSSAPI) (Kerberos) is not supported.
seealso:
  - module: hopsworks.kafka.kafka_probe
"""

EXAMPLES = r"""
- name: Count the rows that would be carried
  hopsworks.kafka.kafka_carry_over:
    source:
      properties:
        bootstrap.servers: old-kafka.example.com:9092
    target:
      properties: "{{ hopsworks_kafka_properties }}"
      truststore: "{{ hopsworks_kafka_truststore }}"
    ranges:
      - topic: project_1_onlinefs
        partition: 0
        start: 120345
        end: 120911
  check_mode: true

- name: Carry the rows that were left in the Kafka that Hopsworks manages, from a host that can reach both
  hopsworks.kafka.kafka_carry_over:
    source:
      properties:
        bootstrap.servers: broker.kafka.service.consul:9091
        security.protocol: SSL
      truststore:
        path: /srv/hops/onlinefs/etc/trustStore.jks
        password: "{{ vault_store_password }}"
      keystore:
        path: /srv/hops/onlinefs/etc/keyStore.jks
        password: "{{ vault_store_password }}"
    target:
      properties: "{{ hopsworks_kafka_properties }}"
      truststore: "{{ hopsworks_kafka_truststore }}"
    ranges: "{{ stranded_ranges }}"
"""

RETURN = r"""
rows:
  description: The number of rows in the ranges that this run has carried or, in check mode, would carry.
  returned: always
  type: int
  sample: 566
bytes:
  description: The size of their batches.
  returned: always
  type: int
  sample: 601233
carried_before:
  description: The number of offsets in the ranges that earlier runs have carried.
  returned: always
  type: int
  sample: 0
deleted:
  description: The number of offsets in the ranges that the old Kafka has deleted before they could be carried.
  returned: always
  type: int
  sample: 0
empty:
  description: The number of offsets in the ranges without a committed row, for example the ends of transactions.
  returned: always
  type: int
  sample: 0
extra:
  description: The number of rows outside of the ranges that were carried as well, because they share a compressed batch
    with rows in the ranges.
  returned: always
  type: int
  sample: 0
source_cluster:
  description: The id of the old cluster. Null if it is not known.
  returned: always
  type: str
  sample: Mk3OEYBSD34fcwNTJENDM2
target_cluster:
  description: The id of the new cluster. Null if it is not known.
  returned: always
  type: str
  sample: AXxfrVCzS6yHh7B3WcKJ2A
proved:
  description: Whether the task has read back that all rows are committed in the new Kafka. False in check mode.
  returned: always
  type: bool
  sample: true
partitions:
  description:
    - One entry for each partition of O(ranges).
    - If nothing failed, C(rows) + C(carried_before) + C(deleted) + C(empty) is the number of offsets in its ranges.
  returned: always
  type: list
  elements: dict
  contains:
    topic:
      description: The topic.
      type: str
      sample: project_1_onlinefs
    partition:
      description: The partition in the old Kafka.
      type: int
      sample: 0
    to_partition:
      description: The partition in the new Kafka.
      type: int
      sample: 0
    start:
      description: The first offset of its ranges.
      type: int
      sample: 120345
    end:
      description: The offset after the last of its ranges.
      type: int
      sample: 120911
    rows:
      description: As RV(rows), of this partition.
      type: int
      sample: 566
    bytes:
      description: As RV(bytes), of this partition.
      type: int
      sample: 601233
    carried_before:
      description: As RV(carried_before), of this partition.
      type: int
      sample: 0
    deleted:
      description: As RV(deleted), of this partition.
      type: int
      sample: 0
    empty:
      description: As RV(empty), of this partition.
      type: int
      sample: 0
    extra:
      description: As RV(extra), of this partition.
      type: int
      sample: 0
    target_end:
      description: The offset in the new Kafka after the last row that was carried to C(to_partition). Null if none was.
      type: int
      sample: 88210
msg:
  description: The result in a sentence.
  returned: always
  type: str
  sample: 566 rows (0.6 MB) were carried from 1 partition
"""

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.masked_module import run_module
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import carry_over_task


def main() -> None:
    """Run the module."""
    run_module(carry_over_task.TASK)


if __name__ == "__main__":
    main()
