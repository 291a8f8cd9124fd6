"""Proves that Makegood stays right under load, over HTTP only."""
