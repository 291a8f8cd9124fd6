"""What a shopper may win and how much it can cost: pure functions, no I/O, no clock, no hidden chance."""
