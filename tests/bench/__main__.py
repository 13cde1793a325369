"""Runs the benchmarks named, or all of them; exit code 1 where a bound was missed."""

from __future__ import annotations

import sys

from tests.bench import carry_over, hosts, probe, projects, scale, site
from tests.bench.measure import MISSED

BENCHMARKS = {
    "projects": projects.beside_uri,
    "scale": scale.by_the_thousand,
    "probe": probe.beside_kafka_tools,
    "hosts": hosts.beside_a_plain_role,
    "site": site.converged,
    "carry_over": carry_over.beside_mirror_maker,
}


def main(names: list[str]) -> int:
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in names or list(BENCHMARKS):
        print(f"--- {name}", flush=True)
        BENCHMARKS[name]()
    if MISSED:
        print(f"missed: {'; '.join(MISSED)}")
    return 1 if MISSED else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
