# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Report a defect of this collection by type, file and line.

The text and the local variables of an unexpected exception may hold a password, so nothing here reads them.

Call ``fail_json`` after the ``except`` block, or give it ``exception=``. Otherwise ansible-core adds its own traceback
of the exception in progress at ``-vvv``, with the texts of the whole chain of exceptions:
https://github.com/ansible/ansible/blob/v2.19.0/lib/ansible/module_utils/basic.py (``AnsibleModule.fail_json``).
"""

from __future__ import annotations

import re
import traceback
import typing as t

from .errors import HopsworksKafkaError

#: The number of stack frames that a traceback shows of one exception. A ``RecursionError`` has a thousand.
MAX_FRAMES = 40

_OURS = re.compile(r".*ansible_collections/hopsworks/kafka/plugins/(?:module_utils/)?")
_LIBRARIES = re.compile(r".*(?:site|dist)-packages/")


class DefectError(HopsworksKafkaError):
    """An exception that nothing in this collection expects.

    :ivar traceback: for ``-vvv``; see :func:`traceback_lines`.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            "",
            f"defect in hopsworks.kafka: {where(error)}",
            "Report it together with the traceback that -vvv shows",
            "defect",
        )
        self.traceback = "\n".join(traceback_lines(error))


def where(error: BaseException) -> str:
    """Return the type of an exception and the innermost line of this collection that it passed through.

    For example ``KeyError at _connectors/reconcile.py:95 in plan``.
    """
    frames = list(_frames(error))
    ours = [frame for frame in frames if _OURS.match(frame.filename)]
    last = (ours or frames)[-1:]
    return " at ".join([type(error).__name__, *map(_place, last)])


def traceback_lines(error: BaseException) -> t.List[str]:
    """Return a traceback without texts and values: types of exceptions, file names, line numbers, function names.

    It has the order of Python's own: causes first, and in each exception the innermost call last.
    """
    lines: t.List[str] = []
    for number, link in enumerate(_chain(error)):
        frames = list(_frames(link))
        if number:
            lines.append("which led to")
        lines.append(f"{type(link).__name__}:")
        if len(frames) > MAX_FRAMES:
            lines.append(f"  ({len(frames) - MAX_FRAMES} calls left out)")
        lines += [f"  {_place(frame)}" for frame in frames[-MAX_FRAMES:]]
    return lines


def _frames(error: BaseException) -> t.Iterator[traceback.FrameSummary]:
    # Neither the source lines nor the variables are looked up.
    for frame, line in traceback.walk_tb(error.__traceback__):
        yield traceback.FrameSummary(frame.f_code.co_filename, line, frame.f_code.co_name, lookup_line=False)


def _place(frame: traceback.FrameSummary) -> str:
    return f"{_short(frame.filename)}:{frame.lineno} in {frame.name}"


def _short(path: str) -> str:
    """Return a path without what depends on the machine: folders of the user, temporary folders."""
    for start in (_OURS, _LIBRARIES):
        if start.match(path):
            return start.sub("", path)
    return "/".join(path.split("/")[-2:])


def _chain(error: BaseException) -> t.List[BaseException]:
    """Return an exception and those that led to it, the first one first."""
    links: t.List[BaseException] = []
    link: t.Optional[BaseException] = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return links[::-1]
