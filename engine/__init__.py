"""Makes it happen: HTTP, PostgreSQL, Redis, jobs, time and the command line."""

import sys
from types import ModuleType

# The CEL library would load its own command line, and with it a terminal's whole furniture: a seventh of our start.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
