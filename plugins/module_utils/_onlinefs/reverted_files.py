# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Make the files that bring a kept configuration back."""

from __future__ import annotations

import typing as t

from . import desired_files, onlinefs_versions, site_xml
from .files import File
from .generations import FileSet
from .manifest import Generation


def reverted(
    number: int, kept: FileSet, known: t.Sequence[Generation], current: FileSet
) -> t.Dict[str, t.Optional[File]]:
    """Return the files that bring a generation back.

    Changes that others made to ``onlinefs-site.xml`` since are kept: only its topics go back. If it is malformed now,
    the generation's file replaces it. A file that the generation does not have is removed only if this collection wrote
    it.

    :param kept: the generation's files.
    :param known: all generations, to tell what this collection wrote.
    :param current: the files that are there now.
    """
    ours = desired_files.written(known)
    desired: t.Dict[str, t.Optional[File]] = {}
    for name, file in kept.items():
        live = current.get(name)
        if file is not None:
            edit = name == onlinefs_versions.SITE_FILE and live is not None and not desired_files.malformed_site(live)
            desired[name] = _topics_of(file, live, number) if edit and live else file
        elif live is not None and (name, live.sha256) in ours:
            desired[name] = None
    return desired


def _topics_of(kept: File, live: File, number: int) -> File:
    """Return ``kept`` if the live file differs only in its topics, else the live file with the topics of ``kept``."""
    topics = site_xml.read(kept.content, f"{onlinefs_versions.SITE_FILE} of generation {number}")
    there = site_xml.read(live.content, onlinefs_versions.SITE_FILE)
    if (
        site_xml.edit(kept.content, {k: v for k, v in there.items() if v is not None}, onlinefs_versions.SITE_FILE)
        == live.content
    ):
        return kept
    elements = {name: text or "" for name, text in topics.items() if text is not None or there[name] is not None}
    return File(site_xml.edit(live.content, elements, onlinefs_versions.SITE_FILE), live.attributes)
