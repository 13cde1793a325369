#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: onlinefs_move_info
short_description: Tell what a move of the online feature store service to another Kafka would leave behind
description:
  - Compares the Kafka that the online feature store service (OnlineFS) of a host reads from with the declared one. If
    the clusters differ, this is a move, and the module counts the rows that a move can lose.
  - RV(unread) are rows of the old Kafka that OnlineFS has not read yet. RV(overlap) are rows of the declared Kafka that
    OnlineFS may skip, because the offsets that it has saved carry no cluster. RV(stranded) are rows that were left in
    the old Kafka by a move that M(hopsworks.kafka.onlinefs_move) has recorded.
  - A number that is not known is V(null), and never zero.
  - The old Kafka is read with the configuration that the host has, by a process with the rights of the user who owns
    the directory of that configuration. Managed hosts need only the Python standard library.
  - Rows are counted by their offsets. A topic that is compacted or written in transactions may contain fewer rows.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._attributes
  - hopsworks.kafka._attributes.info_module
  - hopsworks.kafka._onlinefs.move
  - hopsworks.kafka._kafka_client.on_host
  - hopsworks.kafka._onlinefs
  - hopsworks.kafka._onlinefs.consumer
options:
  drain_timeout:
    description:
      - The number of seconds to wait until OnlineFS has read what was in the old Kafka when the task began. Rows that
        clients write in the meantime are not waited for.
      - If omitted, the task does not wait.
    type: int
seealso:
  - module: hopsworks.kafka.onlinefs_move
  - module: hopsworks.kafka.onlinefs_config
"""

EXAMPLES = r"""
- name: Find out whether this is another Kafka, and what would be left behind
  hopsworks.kafka.onlinefs_move_info:
    properties:
      bootstrap.servers: kafka.example.org:9092
  become: true
  register: move

- name: Show the rows that OnlineFS has not read yet
  ansible.builtin.debug:
    var: move.unread
  when: move.move is not false
"""

RETURN = r"""
move:
  description:
    - Whether the declared Kafka is another cluster than the one that the host is configured for. Null if one of them
      cannot be read, so that this is not known.
    - If the bootstrap servers stay, the id of the cluster decides. M(hopsworks.kafka.onlinefs_config) keeps it when it
      sees that the service reads from Kafka.
  returned: success
  type: bool
same_addresses:
  description: Whether the host has the declared bootstrap servers already, and another cluster answers there now, or
    may do so. What the service has left in the old one is not known then.
  returned: success
  type: bool
old:
  description: The Kafka that the host is configured for. Null if it has the declared bootstrap servers already, unless
    RV(same_addresses) is true.
  returned: success
  type: dict
  contains:
    cluster_id:
      description: The id of the cluster. Null if it cannot be read.
      type: str
    bootstrap_servers:
      description: Its bootstrap servers.
      type: str
    reason:
      description: Why it cannot be read. Null if it can.
      type: str
new:
  description: The declared Kafka, or that of the configuration to return to, likewise. Also returned if the host has
    these bootstrap servers already, if Kafka was asked.
  returned: success
  type: dict
unread:
  description: The rows of the old Kafka that OnlineFS has not read yet. Null if this is no move.
  returned: success
  type: dict
  contains: &rows
    rows:
      description: The number of rows. Null if not all of them could be counted.
      type: int
    counted:
      description: The number of rows that could be counted.
      type: int
    partitions:
      description: Where they are, with C(topic), C(partition), C(start), C(end) (the offset after the last one) and
        C(rows).
      type: list
      elements: dict
    unknown:
      description: What could not be counted, with C(topic), C(partition) and C(reason). An empty topic means all of
        them.
      type: list
      elements: dict
drained:
  description: Whether OnlineFS has read what was there when the task began. Null without O(drain_timeout), or if Kafka
    does not know how far it has read.
  returned: success
  type: bool
overlap:
  description: The rows of the declared Kafka that OnlineFS may skip, in topics that the old Kafka has as well, with
    C(topic), C(partition), C(start), C(end) and C(rows). If the old Kafka cannot be read, those of all topics. Null if
    this is no move, or the declared Kafka cannot be read.
  returned: success
  type: list
  elements: dict
missing:
  description: The topics with rows in the old Kafka that the declared Kafka does not have, or does not show to this
    login. OnlineFS finds them only some time after they were created, and may then skip rows. Empty if all topics have
    new names, or if one of the two cannot be read.
  returned: success
  type: list
  elements: str
record:
  description: The move that the host has recorded, see RV(hopsworks.kafka.onlinefs_move#module:record). Null if it has
    recorded none.
  returned: success
  type: dict
stranded:
  description: The rows that were left in the old Kafka by the recorded move, and were not carried over. Null if no
    move is recorded, or the recorded move is not complete.
  returned: success
  type: dict
  contains:
    rows:
      description: The number of rows that OnlineFS has certainly not read. If Kafka does not know how far it has read,
        these are the rows since the host began to stop it. Null if not all of them could be counted.
      type: int
    counted:
      description: The number of rows that could be counted.
      type: int
    partitions:
      description: Where they are, as in RV(unread).
      type: list
      elements: dict
    unknown:
      description: What could not be counted, as in RV(unread).
      type: list
      elements: dict
    before:
      description: The number of rows from before OnlineFS left for which it is not known whether OnlineFS has read
        them, because it does not keep its offsets in Kafka.
      type: int
    deleted:
      description: Rows that were left there, and that the old Kafka has deleted since, as in RV(unread).
      type: list
      elements: dict
"""

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask, RunMode
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.masked_module import run_module
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import argument_spec as shared
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import move_info


def argument_spec() -> t.Dict[str, t.Any]:
    """Return the argument spec that DOCUMENTATION describes."""
    return {**shared.argument_spec(), "drain_timeout": {"type": "int"}}


def _run(given: t.Mapping[str, t.Any], _mode: RunMode) -> t.Dict[str, t.Any]:
    secrets: t.Set[str] = set()
    try:
        return move_info.info(given, secrets)
    except HopsworksKafkaError as error:
        return {"failed": True, "msg": clean(str(error), secrets)}


TASK = ModuleTask("onlinefs_move_info", lambda: {"argument_spec": argument_spec()}, _run)


def main() -> None:
    """Run the module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
