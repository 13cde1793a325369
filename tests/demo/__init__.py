"""The main job on embedded parts, as a newcomer sees it: ``make demo``."""
