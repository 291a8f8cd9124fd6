"""What stands in deploy/ is what the engine really is."""
