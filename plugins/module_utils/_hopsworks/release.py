# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The release of a Hopsworks server.

https://github.com/logicalclocks/hopsworks/blob/2b1cb50ee5c8ab1395e54baa21511195bcd28e44/hopsworks-api/src/main/java/io/hops/hopsworks/api/util/VariablesService.java
"""

from __future__ import annotations

import re
import typing as t

from .answers import AnswerReader
from .session import Session

#: The first release with bring-your-own-Kafka: the setting is not in branch-3.3, and in branch-3.4 it is
#: (Settings.java, ENABLE_BRING_YOUR_OWN_KAFKA).
FIRST_RELEASE = (3, 4)


def read_release(session: Session) -> t.Optional[str]:
    """Return the release of the server, such as ``5.2.1``; None if it names none. Everybody may read it."""
    reader = AnswerReader("GET /variables/versions")
    for item in reader.objects(session.call("GET", "/variables/versions")):
        if item.get("software") == "hopsworks":
            return reader.optional_name(item, "version")
    return None


def too_old(release: t.Optional[str]) -> bool:
    """Tell whether a release has no bring-your-own-Kafka. An unknown one is not too old."""
    found = re.match(r"(\d{1,4})\.(\d{1,4})", release or "")
    return found is not None and (int(found[1]), int(found[2])) < FIRST_RELEASE
