# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Variables of the cluster (Cluster Settings, Configuration; ConfigurationResource.java)."""

from __future__ import annotations

import typing as t

from .session import Session

_ALL = "/admin/configuration"

#: A variable: ``{name, value, visibility, hide}``.
Variable = t.Dict[str, t.Any]


def read(session: Session) -> t.Dict[str, Variable]:
    """Every variable, by name. Needs an administrator's key with the scope ADMIN."""
    return _by_name(session.call("GET", _ALL))


def write(session: Session, variable: Variable) -> None:
    """Creates or changes one. It carries its visibility, for what is left out the server sets to ADMIN."""
    body = {field: variable[field] for field in ("name", "value", "visibility", "hide")}
    session.call("POST", _ALL + "/{name}", {"name": variable["name"]}, json=body)


def _by_name(answer: t.Any) -> t.Dict[str, Variable]:
    items = answer.get("items") if isinstance(answer, dict) else None
    return {str(item["name"]): item for item in items or ()}
