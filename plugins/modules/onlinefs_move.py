#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: onlinefs_move
short_description: Take the online feature store service of a host out of one Kafka, before it moves to another
description:
  - Stops the online feature store service (OnlineFS) of a host and records what it leaves in its Kafka, so that these
    rows can be counted and carried over. M(hopsworks.kafka.onlinefs_config) then configures the declared Kafka and
    starts the service.
  - Two hosts of OnlineFS must not read from two clusters at the same time, because they share the offsets that OnlineFS
    has saved. Therefore all hosts stop (O(state=stopped)), then all record (O(state=left)), and then all change. The
    playbooks of this collection do that.
  - O(state=stopped) and O(state=left) do not change a host that already has the declared bootstrap servers, unless
    another cluster answers there than the one that the service was last seen to read from. Then,
    M(hopsworks.kafka.onlinefs_config) starts the service again, although no file changes.
  - If a run is interrupted, the next one completes it.
  - Managed hosts need only the Python standard library.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._attributes
  - hopsworks.kafka._onlinefs.move
  - hopsworks.kafka._kafka_client.on_host
  - hopsworks.kafka._onlinefs
  - hopsworks.kafka._onlinefs.consumer
  - hopsworks.kafka._onlinefs.service
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  state:
    description:
      - V(stopped) stops the service. A record of the same move is removed if the service has run since. If Kafka does
        not know how far the service has read, it is first noted where the topics end.
      - V(left) stops the service, waits until the consumer groups of its configuration have no members, and records
        where the topics end and how far they were read. If Kafka does not know that, the end is the one before the
        service was stopped. A record of the same move is kept, unless O(record_again).
      - V(returned) starts the service with the old configuration again, checks that it works, and removes the record.
        If the configuration was changed, restore it with M(hopsworks.kafka.onlinefs_config) first.
      - V(closed) removes the record. Rows that are left in the old Kafka are no longer counted. Run it on every host.
      - V(carried) carries the rows that the recorded move has left in the old Kafka to the declared one, as
        M(hopsworks.kafka.kafka_carry_over) does, and counts again what is left. The old Kafka is read with the kept
        configuration, so no secret in it leaves the host. Run it on one host only, which carries the rows for all
        hosts. In check mode, the rows are counted.
    type: str
    choices: [stopped, left, returned, closed, carried]
    default: left
  accept_unreadable:
    description:
      - Whether to continue if the old Kafka, or a partition of it, cannot be read. What is left there then stays
        unknown.
    type: bool
    default: false
  record_again:
    description:
      - For O(state=left), whether to record what OnlineFS leaves even if this host has recorded the same move. Set it
        if OnlineFS has run on any host since, because it has read on there.
    type: bool
    default: false
  carry_timeout:
    description:
      - For O(state=carried), the number of seconds after which it ends, whatever the network and the brokers do. What
        was committed until then stays, and the next run continues there.
    type: int
    default: 3600
  service_manager:
    description:
      - How to stop the service, start it, and read its state. With V(systemd), with the commands in
        O(service_commands) (V(command)), or not at all (V(none)). With V(none), stop the service before the task.
  service_timeout:
    description:
      - The number of seconds that stopping or starting may take, and the number of seconds to wait until the members
        have left.
  service_settle:
    description:
      - The number of seconds for which the service must keep running after it was started again.
notes:
  - For O(state=carried), the login in O(properties) and O(consumer_properties) needs the rights that the option
    O(hopsworks.kafka.kafka_carry_over#module:target) names. The notes of M(hopsworks.kafka.kafka_carry_over) apply as
    well, for example on rows that share a compressed batch with rows that are left.
seealso:
  - module: hopsworks.kafka.onlinefs_move_info
  - module: hopsworks.kafka.onlinefs_config
  - module: hopsworks.kafka.kafka_carry_over
"""

EXAMPLES = r"""
- name: Stop OnlineFS on every host
  hopsworks.kafka.onlinefs_move:
    state: stopped
    properties: "{{ declared }}"
  become: true

- name: Record what OnlineFS leaves in the old Kafka
  hopsworks.kafka.onlinefs_move:
    state: left
    properties: "{{ declared }}"
  become: true

- name: Carry over what was left in the old Kafka, on one host for all
  hopsworks.kafka.onlinefs_move:
    state: carried
    properties: "{{ declared }}"
  become: true
  run_once: true

- name: Close the move before the old Kafka is shut down
  hopsworks.kafka.onlinefs_move:
    state: closed
    properties: "{{ declared }}"
  become: true
"""

RETURN = r"""
record:
  description: What the host has recorded of the move. Null if it has recorded none.
  returned: success
  type: dict
  contains:
    old_cluster:
      description: The id of the cluster that OnlineFS has left. Null if it could not be read.
      type: str
    new_cluster:
      description: The id of the declared cluster. Null if it could not be read.
      type: str
    old_servers:
      description: The bootstrap servers of the old cluster.
      type: str
    new_servers:
      description: The declared bootstrap servers.
      type: str
    generation:
      description: The number of the kept configuration for the old cluster.
      type: int
    left:
      description: The time at which the record was made, in UTC.
      type: str
      sample: "2026-01-31T12:00:00Z"
    partitions:
      description: The number of partitions whose end was recorded. Null if the old cluster could not be read.
      type: int
    positions_known:
      description: Whether Kafka knew for all of them how far OnlineFS had read.
      type: bool
generation:
  description: The number of the kept configuration for the old cluster, for
    O(hopsworks.kafka.onlinefs_config#module:generation). Null without a record.
  returned: success
  type: int
members_left:
  description: Whether Kafka confirmed that the consumer groups have no members any more. Null if it was not asked, or
    did not answer.
  returned: success, unless O(state=carried)
  type: bool
service:
  description: The state of the service.
  returned: success, unless O(state=carried)
  type: str
  sample: inactive (dead), pid 0, 0 restarts, result success
rows:
  description: The number of rows that this run has carried or, in check mode, would carry. C(bytes),
    C(carried_before), C(deleted), C(empty), C(extra), C(source_cluster), C(target_cluster), C(proved), C(partitions)
    and C(msg) are returned too, as by M(hopsworks.kafka.kafka_carry_over).
  returned: if O(state=carried)
  type: int
  sample: 566
complete:
  description: Whether all rows that were counted have been carried or, in check mode, could be carried.
  returned: if O(state=carried)
  type: bool
stranded:
  description: What is left in the old Kafka after that, as RV(hopsworks.kafka.onlinefs_move_info#module:stranded). Null
    if no move is recorded.
  returned: if O(state=carried)
  type: dict
"""

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask, RunMode
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.masked_module import run_module
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import argument_spec as shared
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import move_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.arguments import (
    COMMANDS_REQUIRED,
    service_arguments,
)

_STATES = ("stopped", "left", "returned", "closed", "carried")


def argument_spec() -> t.Dict[str, t.Any]:
    """Return the argument spec that DOCUMENTATION describes."""
    return {
        **shared.argument_spec(),
        **service_arguments(),
        "state": {"type": "str", "choices": [*_STATES], "default": "left"},
        "accept_unreadable": {"type": "bool", "default": False},
        "record_again": {"type": "bool", "default": False},
        "carry_timeout": {"type": "int", "default": 3600},
    }


def _spec() -> t.Dict[str, t.Any]:
    return {
        "argument_spec": argument_spec(),
        "required_if": [COMMANDS_REQUIRED],
    }


def _run(given: t.Mapping[str, t.Any], mode: RunMode) -> t.Dict[str, t.Any]:
    secrets: t.Set[str] = set()
    try:
        return move_task.run(given, mode.check_mode, secrets)
    except HopsworksKafkaError as error:
        return {"failed": True, "msg": clean(str(error), secrets)}


TASK = ModuleTask("onlinefs_move", _spec, _run)


def main() -> None:
    """Run the module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
