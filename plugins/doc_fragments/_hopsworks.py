# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This doc fragment is PRIVATE to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """How a module reaches Hopsworks.

    Keep in step with ``hopsworks_arguments`` in ``module_utils/_hopsworks/arguments.py``.
    """

    DOCUMENTATION = r"""
options:
  host:
    description:
      - Name or address of the Hopsworks server, without C(https://). Only HTTPS is spoken.
      - Taken from the environment variable E(HOPSWORKS_HOST) when not given.
    type: str
    required: true
  port:
    description:
      - Port of the Hopsworks server.
      - Taken from the environment variable E(HOPSWORKS_PORT) when not given.
    type: int
    default: 443
  api_key:
    description:
      - API key of the user in whose name the module works.
      - Taken from the environment variable E(HOPSWORKS_API_KEY) when not given.
    type: str
    required: true
  validate_certs:
    description:
      - Whether to verify the certificate of the Hopsworks server.
      - Set it to V(false) for a trial only. Whoever sits in between can then read the API key and all passwords.
    type: bool
    default: true
  ca_path:
    description:
      - File (PEM) or directory with the certificates of the authorities that the server's certificate is verified with.
      - Without it, those that the C(requests) library trusts are used, or E(REQUESTS_CA_BUNDLE) where that is set.
    type: path
  timeout:
    description:
      - Seconds to wait for one answer of the server.
      - A request that is safe to repeat is repeated after a failure on the way, or when the server is busy.
        No new attempt starts once this many seconds have passed since the first.
    type: int
    default: 30
  workers:
    description:
      - How many requests to have under way at the same time, from V(1) to V(64).
      - More than V(32) gain little. That is how many connections to its database a Hopsworks has unless somebody
        changed it, and its other users need some of them.
    type: int
    default: 25
requirements:
  - requests >= 2.31.0 (Python library, where the task runs)
"""
