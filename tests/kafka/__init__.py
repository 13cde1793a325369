# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Apache Kafka for the tests: `python -m tests.kafka start|stop|status`.

jars.py          the broker's jars, by Maven coordinates, kept between runs
certificates.py  a CA made for the run, good and bad certificates, each as PEM, PKCS12 and JKS
tokens.py        the token endpoint for OAUTHBEARER, with its JWKS
settings.py      listeners, users and server.properties: what a node is told
cluster.py       starts, checks and stops the nodes; writes the one JSON that describes them
fixtures.py      running_kafka() and shared_kafka() for tests
"""
