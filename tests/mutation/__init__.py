"""Mutation tests: the planners and the dialects are broken in every small way, and the unit tests must notice."""
