"""`python -m engine.cli` is `makegood`."""

from engine.cli.main import main

main()
