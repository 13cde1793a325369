# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Tell which classes of a declaration Java's clients need on their class path."""

from __future__ import annotations

import re
import typing as t

from .java_configs import SETTINGS

_CLASS_LISTS = ("interceptor.classes", "metric.reporters", "partition.assignment.strategy", "security.providers")
_PROVIDER_CLASS = re.compile(r"config\.providers\.[^.]+\.class")
#: The jars of classes that many use, by the beginning of their names.
_JARS = {
    "software.amazon.msk.": "the jar aws-msk-iam-auth",
    "io.strimzi.kafka.oauth.": "the jar kafka-oauth-client",
}


def classes(properties: t.Mapping[str, str]) -> t.List[str]:
    """Return a note for each class that is not one of Kafka's own."""
    found = []
    for name, value in properties.items():
        listed = name in _CLASS_LISTS
        if (name in SETTINGS and SETTINGS[name].kind == "class") or listed or _PROVIDER_CLASS.fullmatch(name):
            for part in value.split(",") if listed else [value]:
                kind = part.strip()
                if kind and not kind.startswith("org.apache.kafka."):
                    known = next((jar for start, jar in _JARS.items() if kind.startswith(start)), "")
                    where = f" ({known})" if known else ""
                    found.append(f"property {name}: Java needs the class on its class path{where}, or refuses it")
    return found
