#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: onlinefs_config
short_description: Make the online feature store service of a host read from your Kafka
description:
  - Gives the online feature store service (OnlineFS) of one host a Kafka that somebody else runs. All of the host's
    files are one action.
  - The change is a transaction. Everything is checked first, then written beside the live files and moved into place,
    the service
    is restarted, and it is proved to work. If any of that fails, the files from before come back byte for byte with
    owner and mode,
    the service is restarted with them, and the task fails and says why.
  - The service is restarted only if what it reads has changed. Order and comments are no reason.
  - The configurations that a host has had are kept as numbered generations, see O(generations). Generation 0 is what
    was there before
    the first run. O(state=reverted) goes back to any of them.
  - A run that is killed leaves no file half-written. The next run takes up its work, restarts the service and proves
    it.
  - Managed hosts need the Python standard library alone. Where C(confluent-kafka) is installed, on the host or else on
    the controller,
    it is also proved that the service has joined its consumer group.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._attributes
attributes:
  check_mode:
    support: full
    details:
      - Everything is read and checked as in a real run, also with O(probe).
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) writes the configuration that is declared.
      - V(reverted) brings the files of O(generation) back, with owner and mode. What others changed since in
        C(onlinefs-site.xml)
        stays; there only the topics go back.
    type: str
    choices: [present, reverted]
    default: present
  generation:
    description:
      - For O(state=reverted), the generation to go back to.
      - V(0) is what was there before the first run, as a rule the Kafka that Hopsworks manages.
    type: int
    default: 0
  service_version:
    description:
      - Version of Hopsworks, major and minor. It says which files OnlineFS reads.
        C(onlinefs-kafka.properties) from 3.3 on, also C(onlinefs-kafka-vector-db.properties) from 3.7, and
        C(producer.properties) from 3.8.
      - Required for O(state=present).
    type: str
  properties:
    description:
      - The Kafka client, in the property names of Apache Kafka's own (Java) clients.
      - A file of yours replaces the one that the installer of OnlineFS renders, so everything else that its template
        sets is
        written too, for example C(group.id), C(auto.offset.reset) and C(enable.auto.commit). What you give here wins
        over that.
      - Required for O(state=present).
    type: dict
  truststore:
    description:
      - The certificates that the brokers' certificates are verified with, in the form in which you have them.
      - It arrives on the host as JKS, in a file named after its content.
    type: dict
    suboptions: &store
      path:
        description:
          - The file to read. It is read on the controller, or on the host if C(remote_src) is true.
          - On the controller a relative path is looked for as by other tasks, beside the playbook and the role, then
            beside the inventory, then where Ansible was started. There the file may be encrypted by ansible-vault.
          - Give this or C(content).
        type: path
      content:
        description:
          - The store itself, for example from a vault. PEM as text, PKCS12 and JKS in Base64.
          - Give this or C(path).
        type: str
      type:
        description:
          - The form of the store. Recognised from its content when not given.
        type: str
        choices: [PEM, PKCS12, JKS]
      password:
        description:
          - The password of the store.
          - Not needed for PEM. The store that is made from PEM then gets a password that is derived from its content.
        type: str
      key_password:
        description:
          - The password of the private key, where it differs from that of the store.
        type: str
      remote_src:
        description:
          - Whether C(path) is on the managed host. Reading PKCS12, or an encrypted PEM key, then needs C(cryptography)
            there.
        type: bool
        default: false
  keystore:
    description:
      - The client's own certificate chain and private key, in the form in which you have them.
      - It arrives on the host as JKS, in a file named after its content.
    type: dict
    suboptions: *store
  consumer_properties:
    description:
      - Properties for C(onlinefs-kafka.properties) alone. They win over O(properties). Null removes one.
    type: dict
    default: {}
  vector_db_properties:
    description:
      - Properties for C(onlinefs-kafka-vector-db.properties) alone, likewise. Its C(group.id) is taken from here or
        from the template.
    type: dict
    default: {}
  producer_properties:
    description:
      - Properties for C(producer.properties) alone, likewise.
    type: dict
    default: {}
  topics:
    description:
      - The topics to read, set as C(topicList) in C(onlinefs-site.xml). An empty list empties it.
      - OnlineFS then no longer reads what O(topic_pattern) matches.
      - When not given, C(topicList) is left as it is.
    type: list
    elements: str
  topic_pattern:
    description:
      - A regular expression of Java for the topics to read, set as C(topicPattern) in C(onlinefs-site.xml).
      - When not given, C(topicPattern) is left as it is.
    type: str
  home:
    description:
      - The home directory of OnlineFS on the host.
    type: path
    default: /srv/hops/onlinefs
  container_home:
    description:
      - Where the service sees O(home). Its unit mounts it there, so the files name the stores by that path.
    type: str
    default: /onlinefs
  config_dir:
    description:
      - The directory of the files. It may be a symbolic link. C(etc) in O(home) when not given.
      - A directory outside of O(home) is taken to be seen by the service at the same path.
    type: path
  owner:
    description:
      - Owner of the files, a name or a number. When not given, a file keeps its owner, and a new one belongs to the
        directory's.
    type: str
  group:
    description:
      - Group of the files, likewise.
    type: str
  mode:
    description:
      - Permission bits of the properties files and stores, in octal digits. They hold passwords.
    type: str
    default: "0640"
  client_id:
    description:
      - What this host's consumers call themselves in Kafka, followed by the number of the generation.
        A member of that name in the consumer group is then one that runs this very configuration.
      - C(onlinefs_) and the host's name in the inventory when not given. An empty text leaves it to Kafka.
      - C(client.id) in O(properties) or O(consumer_properties) is taken as it is.
    type: str
  service_manager:
    description:
      - How the service is restarted and looked at. V(systemd), commands of yours (V(command)), or not at all (V(none)).
    type: str
    choices: [systemd, command, none]
    default: systemd
  service_name:
    description:
      - The service's name; for systemd its unit.
    type: str
    default: onlinefs
  service_commands:
    description:
      - For O(service_manager=command). No shell reads them.
    type: dict
    suboptions:
      restart:
        description:
          - Ends the service where it runs, and starts it. Must end by itself.
        type: str
        required: true
      status:
        description:
          - Its exit status is 0 while the service runs.
        type: str
  service_timeout:
    description:
      - Seconds that a restart may take, and again the proof after it.
    type: int
    default: 120
  service_settle:
    description:
      - Seconds for which the service must stay up after a restart, so that one that falls over and over is found out.
    type: int
    default: 5
  metrics_url:
    description:
      - Answers while the service runs. Asked on the host. An empty text leaves it out.
    type: str
    default: http://127.0.0.1:12800/metrics
  log_file:
    description:
      - The log of the service. Its last lines, with secrets taken out, are returned when the service does not work.
        C(logs/onlinefs.log) in O(home) when not given.
    type: path
  probe:
    description:
      - Whether to try the declared Kafka from the host before anything is written. V(changed) does so before a restart,
        V(always) in every run. It goes up to the TLS handshake, or up to the brokers' metadata where C(confluent-kafka)
        is on the host.
    type: str
    choices: [changed, always, never]
    default: changed
  probe_timeout:
    description:
      - Seconds that this may take.
    type: int
    default: 15
  health_check:
    description:
      - When to prove that the service works. V(changed) does so after a restart, V(always) also where nothing was to be
        done,
        and in check mode.
    type: str
    choices: [changed, always]
    default: changed
  verify_consumer_group:
    description:
      - Whether the proof includes that the service has joined its consumer group.
      - V(auto) warns where nobody could look, as C(confluent-kafka) is neither on the host nor on the controller, or
        Kafka cannot be
        reached from there. V(required) takes the change back in that case. V(never) does not look.
    type: str
    choices: [auto, required, never]
    default: auto
  min_days_valid:
    description:
      - Refuse certificates that are valid for fewer days.
    type: int
    default: 14
  generations:
    description:
      - How many configurations of the host to keep besides generation 0.
    type: int
    default: 5
  state_dir:
    description:
      - Where they are kept, readable by the user alone that the task runs as. C(.kafka_generations) in O(home) when not
        given.
    type: path
notes:
  - On the controller, PEM and PKCS12 stores need C(cryptography).
  - A change takes one run of this module on the host, or two where the consumer group is looked at from the controller.
    A host that needs no change takes one.
seealso:
  - module: hopsworks.kafka.kafka_connector
  - module: hopsworks.kafka.kafka_probe
"""

EXAMPLES = r"""
- name: Read from our Kafka
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

- name: Mutual TLS, and these topics only
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

- name: Go back to the Kafka that Hopsworks manages
  hopsworks.kafka.onlinefs_config:
    state: reverted

- name: List the configurations that are kept
  hopsworks.kafka.onlinefs_config:
    state: reverted
  check_mode: true
  register: onlinefs
  # then: onlinefs.generations
"""

RETURN = r"""
changes:
  description: What differs, and was changed or, in check mode, would be. Secrets are masked.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: The file and what of it, a property for example.
      type: str
      sample: "onlinefs-kafka.properties: bootstrap.servers"
    before:
      description: What was there. Null where there was nothing.
      type: raw
    after:
      description: What is there now. Null where it is gone.
      type: raw
actions:
  description: What was done, in order.
  returned: success
  type: list
  elements: str
  sample: ["write onlinefs-kafka.properties", "restart service"]
files:
  description: Paths of the files that are managed.
  returned: success
  type: list
  elements: str
  sample: ["/srv/hopsworks-data/onlinefs/etc/onlinefs-kafka.properties"]
restarted:
  description: Whether the service was restarted or, in check mode, would be.
  returned: success
  type: bool
probe:
  description: What the host saw of the declared Kafka before anything was written.
  returned: when it was tried, also on failure
  type: dict
  contains:
    ok:
      description: Whether every stage that was tried went well.
      type: bool
    stages:
      description: What each stage saw, as M(hopsworks.kafka.kafka_probe) returns it.
      type: list
      elements: dict
    failed_stage:
      description: The first stage that failed.
      type: str
health:
  description: What was seen of the service when it worked.
  returned: after a restart, or with O(health_check=always)
  type: dict
  contains:
    service:
      description: State of the service.
      type: str
      sample: active (running), pid 4711, 0 restarts, result success
    metrics:
      description: V(ok), or null where they are left out.
      type: str
    group:
      description: The consumer group, or null where it is left out.
      type: dict
      contains:
        name:
          description: Its name.
          type: str
          sample: onlinefs_rondb
        client_id:
          description: What this host's members call themselves.
          type: str
          sample: onlinefs_host1_3
        joined:
          description: Whether such a member is in the group. Null where nobody could look.
          type: bool
        reason:
          description: Why nobody could look.
          type: str
        members:
          description: How many members the group has.
          type: int
        partitions:
          description: How many partitions they read, all together.
          type: int
        lag:
          description: Records that the group is behind. Null where Kafka holds no offsets of it, as OnlineFS may keep
            them itself.
          type: int
        cluster_id:
          description: What the Kafka cluster calls itself.
          type: str
generation:
  description: The configuration that is live now; in check mode, the one that would be.
  returned: success
  type: int
  sample: 3
generations:
  description: The configurations that are kept, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    number:
      description: What O(generation) calls it.
      type: int
    origin:
      description: V(applied), V(reverted), or V(found) for what this module did not write.
      type: str
    created:
      description: When, in UTC.
      type: str
      sample: "2026-01-31T12:00:00Z"
    proved:
      description: When the service was seen to work with it. Null where nobody looked.
      type: str
    cluster_id:
      description: The Kafka cluster that it was proved with.
      type: str
    service_version:
      description: As it was declared.
      type: str
    bootstrap_servers:
      description: Of its consumer.
      type: str
    files:
      description: Names of its files.
      type: list
      elements: str
rolled_back:
  description: The files from before are back.
  returned: on failure after something was written
  type: bool
reasons:
  description: Why the change did not work, and why the service does not work with the configuration from before, if so.
  returned: on failure after something was written
  type: list
  elements: str
diagnosis:
  description: What was seen of the service when it did not work, C(service), C(log) and C(probe). Secrets are masked.
  returned: on failure after something was written
  type: dict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.defects import DefectError, DefectReport
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import (
    kafka_client_arguments,
    mask_params,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import config_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.file_checks import ProbeFailed
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.transaction import RolledBack


def argument_spec() -> t.Dict[str, t.Any]:
    """The options, as DOCUMENTATION above describes them."""
    spec = kafka_client_arguments()
    for role in ("truststore", "keystore"):
        spec[role]["options"]["remote_src"] = {"type": "bool", "default": False}
    for name in ("consumer_properties", "vector_db_properties", "producer_properties"):
        spec[name] = {"type": "dict", "default": {}, "no_log": True}
    spec.update(
        state={"type": "str", "choices": ["present", "reverted"], "default": "present"},
        generation={"type": "int", "default": 0},
        service_version={"type": "str"},
        topics={"type": "list", "elements": "str"},
        topic_pattern={"type": "str"},
        home={"type": "path", "default": "/srv/hops/onlinefs"},
        container_home={"type": "str", "default": "/onlinefs"},
        config_dir={"type": "path"},
        owner={"type": "str"},
        group={"type": "str"},
        mode={"type": "str", "default": "0640"},
        client_id={"type": "str"},
        service_manager={"type": "str", "choices": ["systemd", "command", "none"], "default": "systemd"},
        service_name={"type": "str", "default": "onlinefs"},
        service_commands={
            "type": "dict",
            "options": {"restart": {"type": "str", "required": True}, "status": {"type": "str"}},
        },
        service_timeout={"type": "int", "default": 120},
        service_settle={"type": "int", "default": 5},
        metrics_url={"type": "str", "default": "http://127.0.0.1:12800/metrics"},
        log_file={"type": "path"},
        probe={"type": "str", "choices": ["changed", "always", "never"], "default": "changed"},
        probe_timeout={"type": "int", "default": 15},
        health_check={"type": "str", "choices": ["changed", "always"], "default": "changed"},
        verify_consumer_group={"type": "str", "choices": ["auto", "required", "never"], "default": "auto"},
        min_days_valid={"type": "int", "default": 14},
        generations={"type": "int", "default": 5},
        state_dir={"type": "path"},
        # Set by the action plugin, which splits a change in two when it checks the consumer group itself.
        _transaction={"type": "dict"},
    )
    return spec


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        supports_check_mode=True,
        required_if=[
            ("state", "present", ("service_version", "properties")),
            ("service_manager", "command", ("service_commands",)),
        ],
    )
    params = mask_params(module)
    with DefectReport(module):
        result = _run(params, module.check_mode, module._diff)
        if result.pop("failed", False):
            module.fail_json(**result)
        for warning in result.pop("warnings"):
            module.warn(warning)
        module.exit_json(**result)


def _run(params: t.Dict[str, t.Any], check: bool, diff: bool) -> t.Dict[str, t.Any]:
    """Return the module's result; ``failed`` is in it if the run failed. No secrets."""
    secrets: t.Set[str] = set()
    try:
        return config_task.run(params, check, diff, secrets)
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


if __name__ == "__main__":
    main()
