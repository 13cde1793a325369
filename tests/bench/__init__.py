"""Figures, both sides measured in one run. ``python -m tests.bench [projects] [scale] [probe] [hosts]``."""
