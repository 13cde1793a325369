# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs from the field, judged by Kafka's own Java clients and by this collection.

cases/       the inputs in YAML: a properties file each, with its kind, its source, and the client that is to read it
corpus.py    reads them
stores.py    makes the certificates and stores that they name
Judge.java   what Kafka's Java clients say; judge.py asks it
ours.py      what kafka_probe says
listed.yml   the disagreements that are right, each with its reason
"""
