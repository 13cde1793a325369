#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: onlinefs_config
short_description: Connect the online feature store service of a host to an external Kafka
description:
  - Configures the online feature store service (OnlineFS) of one host for an external Kafka. All files of the host are
    handled together.
  - The change is a transaction. The module checks everything first, writes the new files next to the live ones, moves
    them into place, restarts the service, and checks that it works. If any step fails, the module restores the previous
    files byte for byte with owner and mode, restarts the service with them, and fails with the reason.
  - The service is restarted only if what it reads changes. Reordering or comments do not trigger a restart.
  - The module keeps the previous configurations of the host as numbered generations, see O(generations). Generation 0
    is the configuration from before the first run. O(state=reverted) restores any of them.
  - An interrupted run never leaves a partially written file. The next run finishes its work, restarts the service, and
    checks it.
  - Managed hosts need only the Python standard library.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._attributes
  - hopsworks.kafka._kafka_client.on_host
  - hopsworks.kafka._onlinefs
  - hopsworks.kafka._onlinefs.consumer
  - hopsworks.kafka._onlinefs.service
attributes:
  check_mode:
    support: full
    details:
      - Everything is read and checked as in a normal run, including O(probe).
  diff_mode:
    support: full
    details:
      - Of C(onlinefs-site.xml), only the topics are shown.
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) writes the declared configuration.
      - V(reverted) restores the files of O(generation) with owner and mode. Changes that others have made to
        C(onlinefs-site.xml) are kept. Only its topics are restored, unless the file is malformed.
    type: str
    choices: [present, reverted]
    default: present
  generation:
    description:
      - The generation to restore with O(state=reverted).
      - A number, or the name of a rollout, see O(rollout). Numbers differ from host to host. The name of a rollout
        means the configuration that each host had at the end of that rollout.
      - V(0) is the configuration from before the first run, usually for the Kafka that Hopsworks manages.
    type: raw
    default: 0
  rollout:
    description:
      - A name for this rollout, the same on all hosts, for example the time at which it began. It is kept with the
        configuration, even if the host needed no change.
      - Up to 100 letters, digits and C(._:+@-), not digits alone.
    type: str
  service_version:
    description:
      - The version of Hopsworks, major and minor. It determines which files OnlineFS reads.
        C(onlinefs-kafka.properties) since 3.3, C(onlinefs-kafka-vector-db.properties) since 3.7, and
        C(producer.properties) since 3.8.
      - Required for O(state=present).
    type: str
  properties:
    description:
      - The Kafka client, with the property names of Apache Kafka's own (Java) clients.
      - The files replace those that the installer of OnlineFS renders. The module therefore also writes the other
        properties of the installer's templates, for example C(group.id), C(auto.offset.reset) and
        C(enable.auto.commit). The properties given here override them.
      - Required for O(state=present).
  truststore:
    description:
      - The certificates that verify the brokers' certificates.
      - The module writes them to the host as JKS. The file name contains a hash of the content.
  keystore:
    description:
      - The client's certificate chain and private key.
      - The module writes them to the host as JKS. The file name contains a hash of the content.
  vector_db_properties:
    description:
      - Properties for C(onlinefs-kafka-vector-db.properties) only. They override O(properties). Null removes a
        property.
      - C(group.id) of this file comes from here or from the template.
    type: dict
    default: {}
  producer_properties:
    description:
      - Properties for C(producer.properties) only. They override O(properties). Null removes a property.
    type: dict
    default: {}
  topics:
    description:
      - The topics to read, set as C(topicList) in C(onlinefs-site.xml). With a list of topics, OnlineFS ignores
        O(topic_pattern). An empty list clears C(topicList).
      - If omitted, C(topicList) is not changed.
  topic_pattern:
    description:
      - A Java regular expression that matches the topics to read, set as C(topicPattern) in C(onlinefs-site.xml).
        Control characters are not allowed.
      - If omitted, C(topicPattern) is not changed.
  container_home:
    description:
      - The path of O(home) as the service sees it. The service's unit mounts the directory there, so the files refer to
        the stores with this path.
  config_dir:
    description:
      - The directory of the files. May be a symbolic link. If omitted, C(etc) in O(home).
      - A directory outside of O(home) must have the same path for the service.
  owner:
    description:
      - The owner of the files, a name or a number. If omitted, existing files keep their owner, and new files get the
        owner of the directory.
    type: str
  group:
    description:
      - The group of the files, a name or a number. If omitted, existing files keep their group, and new files get the
        group of the directory.
    type: str
  mode:
    description:
      - The permission bits of the properties files and stores, in octal digits.
      - The files contain passwords, so others must not have access.
    type: str
    default: "0640"
  client_id:
    description:
      - The client id of this host's consumers in Kafka. The module appends the number of the generation, so a member
        with that id in the consumer group is known to use this configuration.
      - If omitted, C(onlinefs_) and the host's name in the inventory. An empty string leaves the client id to Kafka.
      - C(client.id) in O(properties) or O(consumer_properties) is used as it is.
    type: str
  service_manager:
    description:
      - How to restart the service and check its state. With V(systemd), with the commands in O(service_commands)
        (V(command)), or not at all (V(none)).
  log_file:
    description:
      - The log of the service. If the service does not work, its last lines are returned without secrets.
      - If omitted, C(logs/onlinefs.log) in O(home).
    type: path
  probe:
    description:
      - When to test the declared Kafka from the host before anything is written. V(changed) tests it before a restart,
        V(always) in every run.
      - The test includes the TLS handshake. If C(confluent-kafka) is installed on the host, it also includes login,
        metadata, topics and the consumer group.
    type: str
    choices: [changed, always, never]
    default: changed
  probe_timeout:
    description:
      - The number of seconds that the test may take.
    type: int
    default: 15
  health_check:
    description:
      - When to check that the service works. V(changed) checks it after a restart, V(always) also if nothing needs to
        be changed, and in check mode.
    type: str
    choices: [changed, always]
    default: changed
  verify_consumer_group:
    description:
      - Whether the check includes that the service reads from Kafka. Kafka itself must describe a member of this host
        in the consumer group of C(onlinefs-kafka.properties), and in that of C(onlinefs-kafka-vector-db.properties) if
        C(onlinefs-site.xml) names this file.
      - After a restart, the member must not have been there before, must have partitions, and must still be there
        after O(service_settle). Without a restart, one description by Kafka is enough, and the check fails after 30
        seconds if Kafka does not answer or the member is missing.
      - The module asks Kafka from the host with the service's own login, and needs only the Python standard library.
        C(GSSAPI) (Kerberos) is not supported.
      - With V(false), RV(proved) is false.
      - The group of a configuration that this module did not write is not checked.
    type: bool
    default: true
  min_days_valid:
    description:
      - Warn of each certificate that expires in fewer days, those of the brokers included. Fail if a new one does. A
        certificate that the host has already never blocks a change.
    type: int
    default: 30
  generations:
    description:
      - The number of configurations to keep in addition to generation 0. While M(hopsworks.kafka.onlinefs_move) has
        recorded a move, none is removed.
    type: int
    default: 5
  state_dir:
    description:
      - The directory for the kept configurations, accessible only to the user that runs the task.
      - If the task runs as root, this directory and every directory above it must belong to root, and no other user may
        be able to write to them. If omitted, it is a directory below C(/var/lib/hopsworks_kafka) that is named after
        O(home), for example C(/var/lib/hopsworks_kafka/srv-hops-onlinefs).
      - If the task runs as another user and this is omitted, it is C(.kafka_generations) in O(home).
      - Configurations that root kept in C(.kafka_generations) before are taken over if every part of that directory
        belongs to root. Otherwise, the task fails and names the part.
notes:
  - On the controller, PEM and PKCS12 stores need C(cryptography).
seealso:
  - module: hopsworks.kafka.onlinefs_config_info
  - module: hopsworks.kafka.onlinefs_move
  - module: hopsworks.kafka.kafka_connector
  - module: hopsworks.kafka.kafka_probe
"""

EXAMPLES = r"""
- name: Connect OnlineFS to an external Kafka
  hopsworks.kafka.onlinefs_config:
    service_version: "3.8"
    properties:
      bootstrap.servers: kafka.example.org:9093
      security.protocol: SASL_SSL
      sasl.mechanism: SCRAM-SHA-512
      sasl.jaas.config: >-
        org.apache.kafka.common.security.scram.ScramLoginModule required
        username="onlinefs" password="{{ vault_kafka_password }}";
    truststore:
      path: files/kafka-ca.pem

- name: Use mutual TLS and read only these topics
  hopsworks.kafka.onlinefs_config:
    service_version: "3.8"
    properties:
      bootstrap.servers: kafka.example.org:9094
      security.protocol: SSL
    truststore:
      path: files/kafka-ca.pem
    keystore:
      content: "{{ vault_kafka_client_pem }}"
    consumer_properties:
      max.poll.records: 500
    topics:
      - fraud_onlinefs
      - recommendations_onlinefs
    owner: onlinefs
    group: onlinefs

- name: Restore the configuration for the Kafka that Hopsworks manages
  hopsworks.kafka.onlinefs_config:
    state: reverted

- name: Restore the configuration that the host had at the end of a rollout
  hopsworks.kafka.onlinefs_config:
    state: reverted
    generation: "2026-01-31T12:00:00Z"
  # hopsworks.kafka.onlinefs_config_info lists the kept configurations.
"""

RETURN = r"""
changes:
  description: The differences that the run removed or, in check mode, would remove. Secrets are masked.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: The file and the property or attribute that differs.
      type: str
      sample: "onlinefs-kafka.properties: bootstrap.servers"
    before:
      description: The previous value. Null if there was none.
      type: raw
    after:
      description: The new value. Null if it was removed.
      type: raw
actions:
  description: The actions, in order.
  returned: success
  type: list
  elements: str
  sample: ["write onlinefs-kafka.properties", "restart service"]
files:
  description: The paths of the managed files.
  returned: success
  type: list
  elements: str
  sample: ["/srv/hops/onlinefs/etc/onlinefs-kafka.properties"]
interrupted:
  description: Whether an earlier run was interrupted. This run has completed its work or, in check mode, a run would.
  returned: if one was interrupted
  type: bool
restarted:
  description: Whether the service was restarted or, in check mode, would be.
  returned: success
  type: bool
probe:
  description: The test of the declared Kafka from the host, before anything was written.
  returned: if it was tested, also on failure
  type: dict
  contains:
    ok:
      description: Whether all stages that were reached passed.
      type: bool
    stages:
      description: The stages, as M(hopsworks.kafka.kafka_probe) returns them.
      type: list
      elements: dict
    failed_stage:
      description: The first stage that failed.
      type: str
    cluster_id:
      description: The id of the Kafka cluster. Null if the test did not reach it. Not returned on failure.
      type: str
health:
  description: The check that the service works.
  returned: after a restart, or with O(health_check=always)
  type: dict
  contains:
    service:
      description: The state of the service.
      type: str
      sample: active (running), pid 4711, 0 restarts, result success
    metrics:
      description: V(ok), or null if the metrics are not checked.
      type: str
    group:
      description: The consumer group, or null if it is not checked.
      type: dict
      contains:
        name:
          description: The name of the group.
          type: str
          sample: onlinefs_rondb
        client_id:
          description: The client id of this host's members.
          type: str
          sample: onlinefs_host1_3
        joined:
          description: Whether such a member is in the group. Null if that could not be checked.
          type: bool
        reason:
          description: Why it could not be checked.
          type: str
        members:
          description: The number of members of the group.
          type: int
        partitions:
          description: The number of partitions that all members read together.
          type: int
        lag:
          description: The number of records that this host's members are behind. Null if it is not known.
          type: int
        cluster_id:
          description: The id of the Kafka cluster.
          type: str
members:
  description: The members of this host in its consumer groups, as Kafka describes them.
  returned: success
  type: list
  elements: dict
  contains:
    group:
      description: The name of the group.
      type: str
      sample: onlinefs_rondb
    member_id:
      description: The member's id.
      type: str
    client_id:
      description: The member's client id.
      type: str
      sample: onlinefs_host1_3
    partitions:
      description: The partitions that the member reads, each with C(topic), C(partition) and C(lag).
      type: list
      elements: dict
    lag:
      description:
        - The number of records that the member is behind. Null if it is not known, because OnlineFS keeps its offsets
          in its own database and not in Kafka.
      type: int
proved:
  description: Whether this run has seen that the service reads from the declared Kafka.
  returned: success
  type: bool
not_proved:
  description: What this run has not seen, and why. Empty if RV(proved) is true.
  returned: success
  type: list
  elements: str
cluster_id:
  description: The id of the Kafka cluster that the service reads from. Null if it is not known.
  returned: success
  type: str
move_recorded:
  description: Whether the host has recorded a move from another Kafka that could be read, see
    M(hopsworks.kafka.onlinefs_move).
  returned: success
  type: bool
certificates:
  description: The certificates in the declared stores, and those of the brokers that were asked.
  returned: success
  type: list
  elements: dict
  contains:
    store:
      description: V(truststore), V(keystore), or the address of the broker.
      type: str
    subject:
      description: The certificate's subject.
      type: str
      sample: CN=kafka,O=Example
    expires:
      description: The time until which it is valid, in UTC.
      type: str
      sample: "2026-01-31T12:00:00Z"
    days_left:
      description: The number of days until then.
      type: int
generation:
  description: The number of the configuration that is live after the run or, in check mode, would be.
  returned: success
  type: int
  sample: 3
generations:
  description: The kept configurations, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    number:
      description: The number for O(generation).
      type: int
    origin:
      description: V(applied) or V(reverted) if this module wrote the configuration, V(found) if not.
      type: str
    created:
      description: The time at which it was kept, in UTC.
      type: str
      sample: "2026-01-31T12:00:00Z"
    proved:
      description: The time at which the service was seen to work with it. Null if that was not checked.
      type: str
    cluster_id:
      description: The id of the Kafka cluster that the service worked with.
      type: str
    rollouts:
      description: The names of the rollouts that wrote this configuration or found it live, the oldest first.
      type: list
      elements: str
    service_version:
      description: The declared version of Hopsworks.
      type: str
    bootstrap_servers:
      description: The bootstrap servers of the consumer.
      type: str
    files:
      description: The names of the files.
      type: list
      elements: str
rolled_back:
  description: Whether the previous files were restored.
  returned: on failure after something was written
  type: bool
reasons:
  description: Why the change failed, and why the service does not work with the previous configuration, if so.
  returned: on failure after something was written
  type: list
  elements: str
diagnosis:
  description: The state of the service after the failed change, its log, and RV(probe). Secrets are masked.
  returned: on failure after something was written
  type: dict
"""

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common import compile_once

compile_once.install()

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.defects import DefectError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask, RunMode
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.masked_module import run_module
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import config_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.arguments import (
    COMMANDS_REQUIRED,
    host_arguments,
    service_arguments,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.file_checks import ProbeFailed
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.transaction import RolledBack


def argument_spec() -> t.Dict[str, t.Any]:
    """Return the argument spec that DOCUMENTATION describes."""
    return {
        **host_arguments(),
        **service_arguments(),
        "vector_db_properties": {"type": "dict", "default": {}},
        "producer_properties": {"type": "dict", "default": {}},
        "state": {"type": "str", "choices": ["present", "reverted"], "default": "present"},
        "generation": {"type": "raw", "default": 0},
        "rollout": {"type": "str"},
        "service_version": {"type": "str"},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "mode": {"type": "str", "default": "0640"},
        "client_id": {"type": "str"},
        "log_file": {"type": "path"},
        "probe": {"type": "str", "choices": ["changed", "always", "never"], "default": "changed"},
        "probe_timeout": {"type": "int", "default": 15},
        "health_check": {"type": "str", "choices": ["changed", "always"], "default": "changed"},
        "verify_consumer_group": {"type": "bool", "default": True},
        "min_days_valid": {"type": "int", "default": 30},
        "generations": {"type": "int", "default": 5},
    }


def _spec() -> t.Dict[str, t.Any]:
    return {
        "argument_spec": argument_spec(),
        "required_if": [
            ("state", "present", ("service_version", "properties")),
            COMMANDS_REQUIRED,
        ],
    }


def _run(given: t.Mapping[str, t.Any], mode: RunMode) -> t.Dict[str, t.Any]:
    """Return the module's result; ``failed`` is in it if the run failed. No secrets."""
    secrets: t.Set[str] = set()
    try:
        return config_task.run(given, mode.check_mode, mode.diff, secrets)
    except RolledBack as error:
        reasons = [reason for reason in (error.first, error.second) if reason]
        result = {
            "changed": True,
            "rolled_back": True,
            "restarted": error.restarted,
            "reasons": [clean(str(reason), secrets) for reason in reasons],
            "diagnosis": error.diagnosis,
        }
        for defect in reasons:
            if isinstance(defect, DefectError):
                result["exception"] = defect.traceback
        return {"failed": True, "msg": clean(str(error), secrets), **result}
    except ProbeFailed as error:
        return {"failed": True, "msg": clean(str(error), secrets), "probe": error.report}
    except HopsworksKafkaError as error:
        return {"failed": True, "msg": clean(str(error), secrets)}


def main() -> None:
    """Run the module."""
    run_module(ModuleTask("onlinefs_config", _spec, _run))


if __name__ == "__main__":
    main()
