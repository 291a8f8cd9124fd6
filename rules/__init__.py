"""Whether a shopper may be offered something: facts in, decision with every reason out; no I/O, no clock, no chance."""
