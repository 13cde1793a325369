# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is PRIVATE to the collection: it may change at any time.
"""What the action plugins pass around."""

from __future__ import annotations

import typing as t

#: The arguments of a task, and its result.
Values = t.Dict[str, t.Any]
#: The variables of a task, or of a host.
Variables = t.Mapping[str, t.Any]
