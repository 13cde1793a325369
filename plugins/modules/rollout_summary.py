#!/usr/bin/python
# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_summary
short_description: Show the findings and the summary of a run of the playbooks
description:
  - The playbooks of this collection end with this task. It collects what their tasks have registered, on localhost and
    on the hosts of OnlineFS, and shows at most 40 lines. These are what is wrong, grouped by cause, then what was done
    and seen, what was left out or could not be proved, and what to do next.
  - The lines are the same with every callback and without a terminal. With a callback that writes JSON for programs,
    they go to standard error.
  - It never fails because of what it shows. The playbooks fail in a task of their own if RV(summary.ok) is false.
  - Runs on the controller, and runs nothing on a host.
author:
  - The hopsworks.kafka authors (@logicalclocks)
version_added: "1.0.0"
extends_documentation_fragment:
  - hopsworks.kafka._attributes
  - hopsworks.kafka._attributes.info_module
options:
  after:
    description:
      - Do not show the summary. Only return how the run continues after this step.
    type: str
    choices: [preflight, moves, projects, count]
  bootstrap_servers:
    description:
      - The declared bootstrap servers, to show.
    type: str
    default: ""
  existing:
    description:
      - As for M(hopsworks.kafka.kafka_connector). With V(keep), a connector that differs from the declaration is not a
        finding.
    type: str
    default: update
  left_behind:
    description:
      - With V(allow), a project that the rollout does not reach is not a finding.
    type: str
    default: stop
  saved_offsets:
    description:
      - With V(reset) or V(accept), rows that OnlineFS may skip after a move to another Kafka are not a finding.
    type: str
    default: ""
  old_cluster:
    description:
      - With V(unreadable), it is not a finding that the Kafka that OnlineFS leaves cannot be read.
    type: str
    default: ""
seealso:
  - module: hopsworks.kafka.kafka_connector
  - module: hopsworks.kafka.onlinefs_config
"""

EXAMPLES = r"""
- name: Show what the run did
  hopsworks.kafka.rollout_summary:
  register: rollout

- name: Fail if something is wrong
  ansible.builtin.fail:
    msg: "{{ rollout.msg }}"
  when: not rollout.summary.ok
"""

RETURN = r"""
stops:
  description: Whether the part has findings, or the run has stopped before. The later parts then change nothing.
  returned: if O(after) is V(preflight), V(moves) or V(projects)
  type: bool
hosts:
  description:
    - The hosts that the next part on hosts has to work on. Empty if RV(stops) is true.
    - After C(preflight), all hosts if one of them needs a change or was not seen reading from the declared Kafka, or if
      the user has named the rollout. Otherwise none.
    - After C(projects), the hosts that were not seen reading from the declared Kafka.
    - After C(count), the hosts that carry over what a move has left behind.
  returned: if O(after) is V(preflight), V(projects) or V(count)
  type: list
  elements: str
moved:
  description: The hosts that have recorded a move whose old Kafka could be read.
  returned: if O(after) is V(preflight) or V(projects)
  type: list
  elements: str
roll:
  description: The hosts that change in batches. Empty in a move.
  returned: if O(after) is V(moves) and RV(stops) is false
  type: list
  elements: str
move:
  description: The hosts that change together in a move to another Kafka. Empty if there is no move.
  returned: if O(after) is V(moves) and RV(stops) is false
  type: list
  elements: str
leave:
  description: The hosts of a move that do not read from the new Kafka yet.
  returned: if O(after) is V(moves) and RV(stops) is false
  type: list
  elements: str
converged:
  description:
    - Whether C(preflight) has seen every project and every host as declared and in use. Then nothing is left to change
      or to verify there.
    - Always false after C(projects).
  returned: if O(after) is V(preflight) or V(projects)
  type: bool
msg:
  description: The first line that was shown.
  returned: if O(after) is not given
  type: str
  sample: "hopsworks.kafka.site: done, and nothing is wrong."
lines:
  description: The lines that were shown.
  returned: if O(after) is not given
  type: list
  elements: str
summary:
  description: The same for programs.
  returned: if O(after) is not given
  type: dict
  contains:
    ok:
      description: Whether nothing is wrong.
      type: bool
    check_mode:
      description: Whether nothing was written because of check mode.
      type: bool
    findings:
      description: What is wrong, grouped by cause.
      type: list
      elements: dict
      contains:
        kind:
          description: V(project), V(host), or what else it is about, such as V(Kafka) or V(Hopsworks).
          type: str
        cause:
          description: What is wrong.
          type: str
        remedy:
          description: What to do about it.
          type: str
        subjects:
          description: The names of all projects or hosts with this cause.
          type: list
          elements: str
    rollout:
      description: The name of the rollout that the hosts keep with their configuration.
      type: str
    kafka:
      description: The C(cluster_id) that was read, or null, and the declared C(bootstrap_servers).
      type: dict
    release:
      description: The release of Hopsworks. Null if it was not read.
      type: str
    projects:
      description: The number of projects by outcome, as in the C(counts) of M(hopsworks.kafka.kafka_connector). After
        C(verify) alone, the number whose clients use the declared Kafka (C(external)) or the one that Hopsworks manages
        (C(managed)).
      type: dict
    left_behind:
      description: The projects that this rollout does not reach, with C(project), C(reason) and C(message). Null if
        this is not known.
      type: list
      elements: dict
    hosts:
      description: Every host of OnlineFS that the run is for.
      type: list
      elements: dict
      contains:
        host:
          description: The name of the host in the inventory.
          type: str
        state:
          description: One of V(unchanged), V(changed), V(would change), V(differs), V(not reached), V(unreachable),
            V(rolled back), V(failed), V(not changed).
          type: str
        generation:
          description: The number of its live configuration.
          type: int
        members:
          description: The number of its own members in its consumer groups. Null if they were not checked.
          type: int
        partitions:
          description: The number of partitions that these members read.
          type: int
        lag:
          description: The number of records that they are behind. Null if not known.
          type: int
        proved:
          description: Whether Kafka named the host as a member of its groups during this run.
          type: bool
        not_proved:
          description: What could not be proved, and why. At most five texts.
          type: list
          elements: str
    certificates:
      description: Every certificate that was seen, the first to expire first, with C(where), C(subject), C(expires) and
        C(days_left).
      type: list
      elements: dict
    not_proved:
      description: What could not be proved, by host.
      type: list
      elements: str
    left_out:
      description: What tags, limits, slices or a stop left out of this run.
      type: list
      elements: str
    next:
      description: What to do next.
      type: list
      elements: str
    move:
      description: The move of OnlineFS to another Kafka that this run has recognised. Null if it has seen none.
      type: dict
      contains:
        hosts:
          description: The hosts that move.
          type: list
          elements: str
        known:
          description: Whether the clusters were seen to differ. False if one of them could not be read.
          type: bool
        old_cluster:
          description: The id of the cluster that OnlineFS leaves. Null if it is not known.
          type: str
        new_cluster:
          description: The id of the declared cluster. Null if it is not known.
          type: str
        unread:
          description: The number of rows that OnlineFS had not read before. Null if it is not known.
          type: int
        reason:
          description: Why it is not known.
          type: str
        overlap:
          description: The rows of the declared Kafka that OnlineFS may skip, with C(topic), C(partition), C(start),
            C(end) and C(rows). Null if they are not known.
          type: list
          elements: dict
        missing:
          description: The topics that OnlineFS has read in the old Kafka, and that the declared one does not have, or
            hides from its login.
          type: list
          elements: str
        same_addresses:
          description: Whether another cluster answers at the addresses of the old one.
          type: bool
    stranded:
      description: What was left in each Kafka that OnlineFS has left, counted by C(verify) or C(carry_over).
      type: list
      elements: dict
      contains:
        old_cluster:
          description: The id of that cluster. Null if it is not known.
          type: str
        rows:
          description: The number of rows that OnlineFS has not read, and that were not carried over. Null if not all
            could be counted.
          type: int
        counted:
          description: The number of those that could be counted.
          type: int
        partitions:
          description: Where they are, with C(topic), C(partition), C(start), C(end) (the offset after the last one) and
            C(rows).
          type: list
          elements: dict
        reason:
          description: Why not all could be counted.
          type: str
        before:
          description: The number of rows for which it is not known whether OnlineFS has read them.
          type: int
        deleted:
          description: The number of rows that the old Kafka has deleted since.
          type: int
    carried:
      description: What was carried over or, in check mode, would be.
      type: list
      elements: dict
      contains:
        host:
          description: The host that did it.
          type: str
        old_cluster:
          description: The id of the cluster from which the rows came. Null if it is not known.
          type: str
        rows:
          description: The number of rows.
          type: int
        bytes:
          description: The size of their batches.
          type: int
        before:
          description: The number of offsets that had been carried before.
          type: int
        complete:
          description: Whether nothing failed.
          type: bool
"""

# The action plugin of the same name does the work.
