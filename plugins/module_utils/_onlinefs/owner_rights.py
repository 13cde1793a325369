# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Follow a configuration file with no more rights than the user has who can change it.

A Kafka client opens the files that its configuration names and sends what it finds there to servers that the
configuration names, too. If root did that with a file of the service's user, the user could have any file of the host
sent to anywhere.
"""

from __future__ import annotations

import json
import os
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common import child_process
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError

from .host_error import HostError
from .owner_process import give_up_root
from .path_owner import path_owner

_PIECE = 64 * 1024
_MEGABYTES = 400

Data = t.TypeVar("Data")


def with_owner_rights(path: t.Optional[str], work: t.Callable[[], Data], seconds: float) -> Data:
    """Do ``work``, in a child process that gave up root if another user can change the file at ``path``.

    :param path: the file that ``work`` follows, if any.
    :param work: returns plain data, as JSON knows it.
    :param seconds: the time limit of the child. The user may stop or kill it, as it is a process of that user.
    :raises HopsworksKafkaError: ``work`` raised it, or the child did not finish.
    """
    uid = path_owner(path) if path and os.geteuid() == 0 else None
    if uid is None:
        return work()
    owner = uid
    pieces: t.List[str] = []

    def in_child(send: child_process.Send) -> None:
        give_up_root(owner)
        try:
            answer: t.Dict[str, t.Any] = {"data": work()}
        except HopsworksKafkaError as error:
            answer = {"failure": [error.subject, error.cause, error.remedy, error.reason]}
        text = json.dumps(answer)
        for start in range(0, len(text), _PIECE):
            send({"piece": text[start : start + _PIECE]})

    until = child_process.seconds_until(time.monotonic() + seconds)
    ended = child_process.run_in_child(
        in_child, lambda message: pieces.append(message["piece"]), until, max_megabytes=_MEGABYTES
    )
    if ended != child_process.ChildExit():
        cause = f"the process that works with the rights of user {owner} failed: {_fault(ended)}"
        raise HostError(str(path), cause, "Run the task again as that user to see why")
    answer = json.loads("".join(pieces))
    if "failure" in answer:
        raise HopsworksKafkaError(*answer["failure"])
    return t.cast("Data", answer["data"])


def _fault(ended: child_process.ChildExit) -> str:
    if ended.overdue:
        return "it did not finish in time"
    if ended.too_large:
        return "it took too much memory"
    return f"it was ended by {ended.signal}" if ended.signal else ended.defect
