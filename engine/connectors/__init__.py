"""The outside world, called from jobs only."""
