# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This doc fragment is PRIVATE to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """The declared Kafka client.

    Keep in step with ``kafka_client_arguments`` in ``module_utils/_kafka/arguments.py``.
    """

    DOCUMENTATION = r"""
options:
  properties:
    description:
      - The Kafka client, in the property names of Apache Kafka's own (Java) clients, as its reference lists them.
        For example C(bootstrap.servers), C(security.protocol), C(sasl.mechanism), C(sasl.jaas.config).
      - Values may be strings, numbers or booleans.
      - Certificates are given in O(truststore) and O(keystore), or inline in C(ssl.truststore.certificates),
        C(ssl.keystore.certificate.chain) and C(ssl.keystore.key), as Kafka itself allows.
      - C(ssl.truststore.location) and C(ssl.keystore.location) name a file that is already where it is needed.
    type: dict
  truststore:
    description:
      - The certificates that the brokers' certificates are verified with, in the form in which you have them.
    type: dict
    suboptions: &store
      path:
        description:
          - The file to read. It is read where the task runs.
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
  keystore:
    description:
      - The client's own certificate chain and private key, in the form in which you have them.
      - A PEM holds the key and the chain, the client's own certificate first.
    type: dict
    suboptions: *store
requirements:
  - cryptography >= 41.0.0 (Python library, where the task runs), for stores in PEM or PKCS12
"""
