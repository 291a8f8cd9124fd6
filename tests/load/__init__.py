"""That the load run bites: every lie it looks for is told to it once."""
