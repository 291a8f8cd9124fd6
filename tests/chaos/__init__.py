"""Faults on purpose: what was acknowledged must still be true after everything has been killed, cut and stalled."""
