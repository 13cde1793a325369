"""Figures, both sides measured in one run. ``python -m tests.bench [projects] [scale] [probe] [hosts]``."""

from tests.conftest import link_collection

link_collection()  # the benchmarks import it
