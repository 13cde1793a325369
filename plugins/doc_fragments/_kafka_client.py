# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This doc fragment is PRIVATE to the collection: it may change at any time.

from __future__ import annotations

_REQUIREMENTS = "requirements:\n"
_HERE = "It is read where the task runs."
_HERE_OR_THERE = "It is read on the controller, or on the host if C(remote_src) is true."
_LAST = "  keystore:\n"
_REMOTE_SRC = r"""
      remote_src:
        description:
          - Whether C(path) is on the managed host. PKCS12 and encrypted PEM keys then need C(cryptography) there.
          - The file is read with the rights of the user who owns its directory, and must be a regular file.
        type: bool
        default: false
"""


class ModuleDocFragment:
    """Options that declare a Kafka client.

    Keep in step with ``kafka_client_arguments`` in ``module_utils/_kafka/arguments.py``.
    """

    DOCUMENTATION = r"""
options:
  properties:
    description:
      - The Kafka client, with the property names of Apache Kafka's own (Java) clients, for example
        C(bootstrap.servers), C(security.protocol), C(sasl.mechanism), C(sasl.jaas.config).
      - Values may be strings, numbers or booleans.
      - Certificates are given in O(truststore) and O(keystore), or inline in C(ssl.truststore.certificates),
        C(ssl.keystore.certificate.chain) and C(ssl.keystore.key), as Kafka itself allows.
      - C(ssl.truststore.location) and C(ssl.keystore.location) name a file that already exists where the client runs.
    type: dict
  truststore:
    description:
      - The certificates that verify the brokers' certificates, in any supported format.
    type: dict
    suboptions: &store
      path:
        description:
          - The file to read. It is read where the task runs.
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
  keystore:
    description:
      - The client's certificate chain and private key, in any supported format.
      - A PEM file contains the key and the chain, the client's certificate first.
    type: dict
    suboptions: *store
requirements:
  - cryptography >= 41.0.0 (Python library, where the task runs), for stores in PEM or PKCS12
"""

    # For a module that runs on the hosts of OnlineFS, with stores of the controller or of the host. The annotation is
    # for ansible-test, which expects text in every assignment without one.
    ON_HOST: str = (
        DOCUMENTATION.partition(_REQUIREMENTS)[0].replace(_HERE, _HERE_OR_THERE).replace(_LAST, _REMOTE_SRC + _LAST)
    )
