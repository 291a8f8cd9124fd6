"""The marketer's desk around `config/`: what a change would do, cost and earn, before and after it is live."""
