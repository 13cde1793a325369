"""A whole Hopsworks with OnlineFS hosts on one machine, without root and without Java: for the demo and for Molecule.

The Hopsworks API is the emulator (tests.emulator). Kafka is librdkafka's mock cluster. Each OnlineFS host is a folder
with the files of the real service and a stand-in for it (tests.onlinefs), reached by Ansible's local connection.
"""
