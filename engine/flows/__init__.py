"""What Makegood does, one verb at a time: load, decide, record, announce."""
