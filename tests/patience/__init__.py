"""The patience programme, from the rule to the books."""
