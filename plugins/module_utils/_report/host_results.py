# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check the shape and the size of what a host returned.

A host may be in the hands of an attacker. A result of another shape than that of ``onlinefs_config`` must neither end
the summary with an exception nor count as success, so it becomes that of a task that failed.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_label

StepResult = t.Mapping[str, t.Any]
_Shape = t.Callable[[str, t.Any], t.Any]

#: The length at which a text is cut.
MAX_TEXT = 20_000
#: The length at which a name is cut: of a certificate, a cluster, a property.
MAX_NAME = 1000
#: The number of items that a list may have.
MAX_ITEMS = 10_000

_MAX_NUMBER = 2**63


class _UnexpectedError(Exception):
    """A value has not the shape that its place in a result has. The text names the place alone."""


def checked(result: t.Any) -> t.Dict[str, t.Any]:
    """Return the part of a host's result that a summary reads, or that of a failed task if its shape is another one."""
    if not isinstance(result, dict):
        return _unexpected("it")
    try:
        return {key: shape(key, result[key]) for key, shape in _KEYS.items() if key in result}
    except _UnexpectedError as error:
        return _unexpected(str(error))


def too_deep() -> t.Dict[str, t.Any]:
    """Return the result that takes the place of one that is nested without end."""
    return _unexpected("it")


def _unexpected(where: str) -> t.Dict[str, t.Any]:
    return {
        "msg": f"the host returned a result that onlinefs_config never returns: {where} has another type or size. "
        "Look at Python and at the files of Ansible on this host"
    }


# --- shapes ----------------------------------------------------------------------------------------------------------


def _text(limit: int) -> _Shape:
    def shape(where: str, value: t.Any) -> str:
        if not isinstance(value, str):
            raise _UnexpectedError(where)
        return value if len(value) <= limit else f"{value[: limit - 1]}…"

    return shape


def _flag(where: str, value: t.Any) -> bool:
    if not isinstance(value, bool):
        raise _UnexpectedError(where)
    return value


def _number(where: str, value: t.Any) -> int:
    # A number of thousands of digits cannot even be shown.
    if isinstance(value, bool) or not isinstance(value, int) or not -_MAX_NUMBER < value < _MAX_NUMBER:
        raise _UnexpectedError(where)
    return value


def _optional(shape: _Shape) -> _Shape:
    return lambda where, value: None if value is None else shape(where, value)


def _list(shape: _Shape, limit: int = MAX_ITEMS) -> _Shape:
    def of_list(where: str, value: t.Any) -> t.List[t.Any]:
        if not isinstance(value, (list, tuple)) or len(value) > limit:
            raise _UnexpectedError(where)
        return [shape(where, item) for item in value]

    return of_list


def _record(**keys: _Shape) -> _Shape:
    """Return the shape of a dictionary with at least these keys. Others are left out."""

    def of_record(where: str, value: t.Any) -> t.Dict[str, t.Any]:
        if not isinstance(value, dict) or any(key not in value for key in keys):
            raise _UnexpectedError(where)
        return {key: shape(f"{where}.{key}", value[key]) for key, shape in keys.items()}

    return of_record


def _some(of_key: _Shape, *keys: str) -> _Shape:
    """Return the shape of a dictionary of which these keys are read, null if it lacks one. Others are left out."""

    def of_some(where: str, value: t.Any) -> t.Dict[str, t.Any]:
        if not isinstance(value, dict):
            raise _UnexpectedError(where)
        return {key: of_key(f"{where}.{key}", value.get(key)) for key in keys}

    return of_some


def _name(where: str, value: t.Any) -> str:
    return public_label(_text(MAX_NAME)(where, value))


_NAME = _name
_LONG = _text(MAX_TEXT)

#: A cluster may have many partitions.
_MAX_PARTITIONS = 250_000


def checked_move(result: t.Any) -> t.Dict[str, t.Any]:
    """Return the same of ``onlinefs_move_info`` and ``onlinefs_move``."""
    if not isinstance(result, dict):
        return _unexpected("it")
    try:
        return {key: shape(key, result[key]) for key, shape in _MOVE_KEYS.items() if key in result}
    except _UnexpectedError as error:
        return _unexpected(str(error))


#: The keys that a summary reads, with their shapes. ``onlinefs_config`` documents them.
_KEYS: t.Mapping[str, _Shape] = {
    "actions": _list(_NAME),
    "certificates": _list(_record(store=_NAME, subject=_NAME, expires=_NAME, days_left=_number)),
    "changes": _list(_record(what=_NAME)),
    "cluster_id": _optional(_NAME),
    "generation": _optional(_number),
    "generations": _list(_some(_optional(_LONG), "cluster_id", "bootstrap_servers")),
    "health": _record(service=_NAME),
    "interrupted": _flag,
    "members": _list(_record(partitions=_list(_record()), lag=_optional(_number))),
    "module_stderr": _LONG,
    "move_recorded": _flag,
    "msg": _LONG,
    "not_proved": _list(_LONG),
    "proved": _flag,
    "reasons": _list(_LONG),
    "rolled_back": _flag,
    "unreachable": _flag,
}

_RANGES = _list(_record(topic=_NAME, partition=_number, start=_number, end=_number, rows=_number), _MAX_PARTITIONS)
_ROWS = {
    "rows": _optional(_number),
    "counted": _number,
    "partitions": _RANGES,
    "unknown": _list(_record(topic=_NAME, partition=_number, reason=_LONG), _MAX_PARTITIONS),
}
_CLUSTER = _optional(_record(cluster_id=_optional(_NAME), bootstrap_servers=_NAME, reason=_optional(_LONG)))
#: The same for ``onlinefs_move_info``, ``onlinefs_move``, and ``onlinefs_config`` when it goes back.
_MOVE_KEYS: t.Mapping[str, _Shape] = {
    "bytes": _number,
    "carried_before": _number,
    "changed": _flag,
    "changes": _list(_record(what=_NAME)),
    "complete": _flag,
    "drained": _optional(_flag),
    "generation": _optional(_number),
    "missing": _list(_NAME, _MAX_PARTITIONS),
    "module_stderr": _LONG,
    "move": _optional(_flag),
    "msg": _LONG,
    "new": _CLUSTER,
    "old": _CLUSTER,
    "overlap": _optional(_RANGES),
    "record": _optional(_record(old_cluster=_optional(_NAME), old_servers=_LONG, generation=_number)),
    "rows": _number,
    "same_addresses": _flag,
    "service": _LONG,
    "stranded": _optional(_record(**_ROWS, before=_number, deleted=_RANGES)),
    "unread": _optional(_record(**_ROWS)),
    "unreachable": _flag,
}
