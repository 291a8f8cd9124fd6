"""The report: its statistics against other implementations, its figures against worked-out cases."""
