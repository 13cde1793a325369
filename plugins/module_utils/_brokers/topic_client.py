# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Ask a cluster for the ids of its topics. A topic that is deleted and created again has another id."""

from __future__ import annotations

import typing as t

from .cluster_client import TOPIC_NAME
from .group_client import GroupClient
from .wire_reader import compact_array, compact_string

_METADATA = 3
#: The first version that names the ids, since Kafka 2.8.
_WITH_IDS = 10
_NO_ID = bytes(16)


class TopicClient(GroupClient):
    """A connection to the brokers of a declaration, to ask about groups and topics."""

    def topic_ids(self, topics: t.Collection[str]) -> t.Dict[str, str]:
        """Return the ids of topics, as hexadecimal digits. A topic that Kafka gives none has none.

        :raises ClusterFault: Kafka could not be asked.
        """
        where = self._bootstrap()
        if not topics or self._offered(where).get(_METADATA, (0, 0))[1] < _WITH_IDS:
            return {}
        names = [_NO_ID + compact_string(name) + b"\0" for name in sorted(topics)]
        # Create no topic, tell nothing of rights, no tagged fields.
        answer = self._ask(where, _METADATA, _WITH_IDS, compact_array(names) + bytes(4), flexible=True)
        answer.tags()
        answer.int32()
        for _broker in range(answer.compact_count()):
            answer.int32()
            answer.compact_string()
            answer.int32()
            answer.compact_string()
            answer.tags()
        answer.compact_string()
        answer.int32()
        found: t.Dict[str, str] = {}
        for _topic in range(answer.compact_count()):
            error, topic, topic_id = answer.int16(), answer.compact_string(), answer.uuid()
            answer.skip(1)
            for _partition in range(answer.compact_count()):
                answer.skip(2 + 4 + 4 + 4)
                for _replicas in range(3):
                    answer.skip(4 * answer.compact_count())
                answer.tags()
            answer.int32()
            answer.tags()
            if not error and topic_id != _NO_ID.hex() and TOPIC_NAME.fullmatch(topic):
                found[topic] = topic_id
        return found
