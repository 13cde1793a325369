# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This doc fragment is PRIVATE to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """Options for the connection to Hopsworks.

    Keep in step with ``hopsworks_arguments`` in ``module_utils/_hopsworks/arguments.py``.
    """

    DOCUMENTATION = r"""
options:
  host:
    description:
      - Name or address of the Hopsworks server, without C(https://). The connection always uses HTTPS.
      - If omitted, the environment variable E(HOPSWORKS_HOST) is used.
    type: str
    required: true
  port:
    description:
      - Port of the Hopsworks server.
      - If omitted, the environment variable E(HOPSWORKS_PORT) is used.
    type: int
    default: 443
  api_key:
    description:
      - API key that the module authenticates with.
      - If omitted, the environment variable E(HOPSWORKS_API_KEY) is used.
    type: str
    required: true
  validate_certs:
    description:
      - Whether to verify the certificate of the Hopsworks server.
      - Set it to V(false) for a trial only. Anyone on the network path can then read the API key and all passwords.
    type: bool
    default: true
  ca_path:
    description:
      - PEM file or directory with the certificate authorities that the server's certificate is verified with.
      - If omitted, E(REQUESTS_CA_BUNDLE) is used if it is set, else the authorities that C(requests) trusts.
    type: path
  timeout:
    description:
      - The number of seconds for one request including its retries, from the name lookup to the end of the answer.
      - A request that is safe to repeat is retried after a connection failure, or if the server is busy.
    type: int
    default: 30
  workers:
    description:
      - Number of requests at the same time, from V(1) to V(64).
      - Values above V(32) gain little, because a default Hopsworks has 32 connections to its database.
    type: int
    default: 25
requirements:
  - requests >= 2.31.0 (Python library, where the task runs)
"""
