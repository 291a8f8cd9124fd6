"""What the engine does against those who wish it ill, or only send it nonsense."""
