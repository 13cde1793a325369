# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an OnlineFS that reads from the Kafka which Hopsworks manages, as its installer renders them."""

from __future__ import annotations

_SITE = """\
<?xml version="1.0" encoding="UTF-8"?>
<onlinefs>
  <service>
    <threadNumber>10</threadNumber>
  </service>
  <kafka>
    <propertiesFile>onlinefs-kafka.properties</propertiesFile>
    <propertiesFileVectorDb>onlinefs-kafka-vector-db.properties</propertiesFileVectorDb>
    <propertiesFileNotification>producer.properties</propertiesFileNotification>
  </kafka>
  <kafkaConsumer>
    <topicPattern>.*_onlinefs</topicPattern>
    <topicList></topicList>
    <pollTimeoutMs>200</pollTimeoutMs>
  </kafkaConsumer>
  <opensearch><password>search-canary</password></opensearch>
  <metrics><port>{port}</port></metrics>
</onlinefs>
"""
_PROPERTIES = """\
# as the installer renders it
bootstrap.servers = {servers}
security.protocol = {protocol}
group.id = {group}
auto.offset.reset = earliest
enable.auto.commit = false
heartbeat.interval.ms = 500
"""
#: The consumer groups of the two properties files.
GROUPS = {
    "onlinefs-kafka.properties": "onlinefs_rondb",
    "onlinefs-kafka-vector-db.properties": "onlinefs_vectordb",
}


def files(servers: str, port: int = 12800, protocol: str = "PLAINTEXT") -> dict[str, str]:
    """``{name: text}`` of every file in its folder ``etc``.

    :param port: of the metrics.
    """
    rendered = {
        name: _PROPERTIES.format(servers=servers, protocol=protocol, group=group) for name, group in GROUPS.items()
    }
    return {"onlinefs-site.xml": _SITE.format(port=port), **rendered}
