# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This doc fragment is PRIVATE to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules that run on the hosts of OnlineFS.

    Keep in step with ``module_utils/_onlinefs/arguments.py`` and ``module_utils/_moves/argument_spec.py``.
    """

    # Where the files of a host are.
    DOCUMENTATION = r"""
options:
  home:
    description:
      - The home directory of OnlineFS on the host.
    type: path
    default: /srv/hops/onlinefs
  config_dir:
    description:
      - The directory of the files. May be a symbolic link. If omitted, C(etc) in O(home).
    type: path
  state_dir:
    description:
      - The directory for the kept configurations, as for M(hopsworks.kafka.onlinefs_config).
    type: path
"""

    # What OnlineFS reads.
    CONSUMER = r"""
options:
  container_home:
    description:
      - The path of O(home) as the service sees it.
    type: str
    default: /onlinefs
  consumer_properties:
    description:
      - Properties for C(onlinefs-kafka.properties) only. They override O(properties). Null removes a property.
    type: dict
    default: {}
  topics:
    description:
      - The topics that OnlineFS is to read from the declared Kafka. If omitted, those of C(onlinefs-site.xml).
    type: list
    elements: str
  topic_pattern:
    description:
      - A Java regular expression that matches the topics that OnlineFS is to read from the declared Kafka. If omitted,
        that of C(onlinefs-site.xml). If Python cannot interpret the pattern, the topics are not known.
    type: str
"""

    # How to restart the service, and how to see that it works.
    SERVICE = r"""
options:
  service_manager:
    description:
      - How to stop the service, start it, and read its state. With V(systemd), with the commands in
        O(service_commands) (V(command)), or not at all (V(none)).
    type: str
    choices: [systemd, command, none]
    default: systemd
  service_name:
    description:
      - The name of the service. For systemd, the name of its unit.
    type: str
    default: onlinefs
  service_commands:
    description:
      - The commands for O(service_manager=command). Run without a shell.
    type: dict
    suboptions:
      restart:
        description:
          - The command that stops the service if it runs, and starts it. It must exit by itself.
          - A service that it leaves running should not keep writing to the output of the command.
        type: str
        required: true
      status:
        description:
          - The command that exits with status 0 while the service runs. If omitted, the service counts as running.
            M(hopsworks.kafka.onlinefs_move) needs it.
        type: str
      stop:
        description:
          - The command that stops the service. Only M(hopsworks.kafka.onlinefs_move) uses it, and needs it.
        type: str
      start:
        description:
          - The command that starts the service. Only M(hopsworks.kafka.onlinefs_move) uses it, and needs it.
        type: str
  service_timeout:
    description:
      - The number of seconds that a restart may take, and the number of seconds that the check after it may take.
    type: int
    default: 120
  service_settle:
    description:
      - The number of seconds for which the service must keep running after a restart. Detects crash loops.
    type: int
    default: 5
  metrics_url:
    description:
      - A page that answers with status 200 while the service runs. Requested from the host, without a login. Redirects
        are not followed.
      - "Empty string: skip this check."
    type: str
    default: http://127.0.0.1:12800/metrics
"""

    # Of the modules that look at a move to another Kafka, or make it. Named first, so that its descriptions apply.
    MOVE = r"""
options:
  properties:
    description:
      - The declared Kafka client, with the property names of Apache Kafka's own (Java) clients, as for
        M(hopsworks.kafka.onlinefs_config).
    type: dict
    required: true
  truststore:
    description:
      - The certificates that verify the certificates of the declared brokers.
    type: dict
  keystore:
    description:
      - The client's certificate chain and private key for the declared Kafka.
    type: dict
  certs_dir:
    description:
      - The directory on the host that the service sees as C(/certs). The configuration of the installer of Hopsworks
        names its stores there.
      - If omitted, C(super_crypto/onlinefs) in the directory that contains O(home), for example
        C(/srv/hops/super_crypto/onlinefs).
    type: path
  generation:
    description:
      - The kept configuration to which the host is to return, as a number or the name of a rollout, as for
        M(hopsworks.kafka.onlinefs_config). The Kafka that it names then takes the place of the declared one, and
        O(properties) may be empty.
    type: raw
  state_dir:
    description:
      - The directory for the kept configurations, as for M(hopsworks.kafka.onlinefs_config). The record of a move is
        kept there, too.
    type: path
  timeout:
    description:
      - The number of seconds that reading one Kafka may take.
    type: int
    default: 30
"""
