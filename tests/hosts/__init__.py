"""Hosts for tests on one Linux machine, without containers' tools: `python -m tests.hosts --help`.

A lab is a set of hosts. Each has its own network, process, mount and cgroup namespaces, an overlay over one shared
root file system, systemd as its process 1, a real sshd, and the layout of the OnlineFS service. A bridge joins them
that no outside network touches. Two labs do not see each other, so each may use the same addresses.
"""
