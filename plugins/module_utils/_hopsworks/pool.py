# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Sessions for many threads: each has one of its own, made when it first asks and kept for all its requests."""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.errors import RequestError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import Connection, Reached, Session


class Pool:
    """Calls as :meth:`Session.call` does, from any thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._reached = Reached()
        self._local = threading.local()

    def call(self, method: str, route: str, ids: t.Optional[t.Mapping[str, t.Any]] = None, **parts: t.Any) -> t.Any:
        return self._session().call(method, route, ids, **parts)

    def pause(self, attempt: int, error: RequestError) -> bool:
        """As :meth:`Session.pause`."""
        return self._session().pause(attempt, error)

    def _session(self) -> Session:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = Session(self._connection, self._reached)
        return t.cast(Session, session)
