# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read and write the variables of the cluster (Cluster Settings, Configuration).

https://github.com/logicalclocks/hopsworks/blob/2b1cb50ee5c8ab1395e54baa21511195bcd28e44/hopsworks-api/src/main/java/io/hops/hopsworks/api/admin/conf/ConfigurationResource.java
"""

from __future__ import annotations

import typing as t

from .answers import AnswerReader
from .session import Session

_ALL = "/admin/configuration"

#: Hopsworks has about 600.
_MAX_VARIABLES = 10000


class Variable(t.NamedTuple):
    """A variable of the server.

    :param hide: the server itself hides its value.
    """

    name: str
    value: t.Optional[str]
    visibility: t.Optional[str]
    hide: bool


def read(session: Session) -> t.Dict[str, Variable]:
    """Return every variable, by name. Needs an administrator's key with the scope ADMIN."""
    reader = AnswerReader(f"GET {_ALL}")
    answer = reader.object(session.call("GET", _ALL))
    found = [
        Variable(
            reader.text(item, "name"),
            reader.optional_text(item, "value"),
            reader.optional_text(item, "visibility"),
            bool(reader.optional_boolean(item, "hide")),
        )
        for item in reader.items(answer, "items", _MAX_VARIABLES)
    ]
    return {variable.name: variable for variable in found}


def write(session: Session, variable: Variable) -> None:
    """Create or change a variable. Without a visibility in the request, the server sets it to ADMIN."""
    session.call("POST", _ALL + "/{name}", {"name": variable.name}, json=variable._asdict())
