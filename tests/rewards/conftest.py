"""Hypothesis, for the pure rooms: the same examples on every run, and no stop-watch, for the machine may be busy."""

from hypothesis import settings

settings.register_profile("makegood", deadline=None, derandomize=True)
settings.load_profile("makegood")
