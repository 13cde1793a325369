# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Find the directory for the state of a host. The state decides what root writes, so only root may write there."""

from __future__ import annotations

import os
import urllib.parse

STATE_ROOT = "/var/lib/hopsworks_kafka"
#: Where an earlier version of this collection kept it, in the service's home, and runs without root keep it still.
HOME_STATE = ".kafka_generations"


def default_directory(home: str) -> str:
    """Return the default directory for the state of the service in ``home``."""
    home = os.path.normpath(home)
    if os.geteuid() != 0:
        return os.path.join(home, HOME_STATE)
    # A different name for each path, such as srv-hops-onlinefs: hyphens in the path are escaped.
    name = urllib.parse.quote(home.strip("/"), safe="").replace("-", "%2D").replace("%2F", "-")
    return os.path.join(STATE_ROOT, name)
