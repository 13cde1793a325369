# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Cluster variables (Cluster Settings, Configuration)."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.pool import Pool


def read(session: Pool) -> t.Dict[str, t.Dict[str, t.Any]]:
    """Every variable by name: ``{name, value, visibility, hide}``. Needs the role HOPS_ADMIN and the scope ADMIN."""
    listed = session.call("GET", "/admin/configuration") or {}
    return {str(item["name"]): item for item in listed.get("items") or []}


def write(session: Pool, variable: t.Mapping[str, t.Any]) -> None:
    """Creates or changes one. The body must carry its visibility: left out, the server makes it ADMIN."""
    fields = {key: variable[key] for key in ("name", "value", "visibility", "hide")}
    session.call("POST", "/admin/configuration/{name}", {"name": variable["name"]}, json=fields)
