# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This doc fragment is PRIVATE to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """What a module supports. A module states ``support`` for each, and ``details`` where there is more to say."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode. It then reports what it would change, and changes nothing.
  diff_mode:
    description: In diff mode, returns what changed (or, in check mode, what would change). Secrets are never shown.
  idempotent:
    description:
      - A second run with the same options changes nothing.
      - This assumes that nobody else changed the same object in the meantime.
"""

    # A module that only reads.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module changes nothing.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
  idempotent:
    support: full
    details:
      - This module changes nothing.
"""

    # A module that talks to the Hopsworks REST API.
    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: C(group/hopsworks.kafka.hopsworks) in C(module_defaults) sets the connection of all REST modules.
    support: full
    membership:
      - hopsworks.kafka.hopsworks
"""
