# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This doc fragment is PRIVATE to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules that look at a move from one Kafka to another, or make it.

    Keep in step with ``argument_spec`` in ``module_utils/_moves/argument_spec.py``.
    """

    DOCUMENTATION = r"""
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
    suboptions: &store
      path:
        description:
          - The file to read. It is read on the controller, or on the host if C(remote_src) is true.
          - A relative path on the controller is searched for next to the playbook and the role as in other tasks, then
            next to the inventory, then in the current directory. The file may be encrypted with ansible-vault.
          - Mutually exclusive with C(content).
        type: path
      content:
        description:
          - The store itself, for example from a vault. PEM as text, PKCS12 and JKS in Base64.
          - Mutually exclusive with C(path).
        type: str
      type:
        description:
          - The type of the store. If omitted, it is detected from the content.
        type: str
        choices: [PEM, PKCS12, JKS]
      password:
        description:
          - The password of the store.
          - Not needed for PEM. If omitted, a store made from PEM gets a password that is derived from its content.
        type: str
      key_password:
        description:
          - The password of the private key, if it differs from the password of the store.
        type: str
      remote_src:
        description:
          - Whether C(path) is on the managed host. PKCS12 and encrypted PEM keys then need C(cryptography) there.
          - The file is read with the rights of the user who owns its directory, and must be a regular file.
        type: bool
        default: false
  keystore:
    description:
      - The client's certificate chain and private key for the declared Kafka.
    type: dict
    suboptions: *store
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
  home:
    description:
      - The home directory of OnlineFS on the host.
    type: path
    default: /srv/hops/onlinefs
  container_home:
    description:
      - The path of O(home) as the service sees it.
    type: str
    default: /onlinefs
  config_dir:
    description:
      - The directory of the files. May be a symbolic link. If omitted, C(etc) in O(home).
    type: path
  certs_dir:
    description:
      - The directory on the host that the service sees as C(/certs). The configuration of the installer of Hopsworks
        names its stores there.
      - If omitted, C(super_crypto/onlinefs) in the directory that contains O(home), for example
        C(/srv/hops/super_crypto/onlinefs).
    type: path
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
