# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kafka's clients can be told, asked of the clients themselves: `python -m tests.configs` writes the tables.

java.py         the ConfigDef of kafka-clients, read from its jars by Configs.java
librdkafka.py   the properties of librdkafka, printed by the library inside the wheels of confluent-kafka

Both give the text of a module in plugins/module_utils/_kafka. A unit test compares the text with the file.
"""
