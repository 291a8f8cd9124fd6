"""What a person reads on the terminal: an error is a sentence and an exit code, never a traceback."""

import functools
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from sqlalchemy.exc import OperationalError

from engine.embedded import EmbeddedPostgresError
from engine.errors import MakegoodError
from engine.settings import SettingsError
from engine.toml_files import ConfigError

EXIT_FAULT = 1
EXIT_BAD_SETUP = 2

console = Console(highlight=False, emoji=False)  # a place such as file.toml:100:1 is no picture
errors = Console(stderr=True, highlight=False, emoji=False)


def friendly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the errors a person can mend into a sentence: exit code 2 for the set-up, 1 for the rest."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except ConfigError as error:
            print_problems(error)
            sys.exit(EXIT_BAD_SETUP)
        except (SettingsError, EmbeddedPostgresError) as error:
            errors.print(f"makegood cannot start: {error}", markup=False)
            sys.exit(EXIT_BAD_SETUP)
        except OperationalError as error:
            errors.print(f"the database does not answer: {str(error.orig).splitlines()[0]}", markup=False)
            sys.exit(EXIT_FAULT)
        except MakegoodError as error:
            errors.print(error.detail, markup=False)
            sys.exit(EXIT_FAULT)
        except OSError as error:
            if error.filename is None or error.strerror is None:  # a reader that went away, such as `| head`
                raise
            errors.print(f"{error.filename}: {error.strerror}", markup=False, soft_wrap=True)
            sys.exit(EXIT_BAD_SETUP)
        except KeyboardInterrupt:
            sys.exit(130)

    return wrapped


def print_problems(error: ConfigError) -> None:
    """Print every problem on a line of its own, in the form editors can jump to."""
    for problem in error.problems:
        errors.print(str(problem), markup=False, soft_wrap=True)
    count = len(error.problems)
    errors.print(f"{count} problem{'s' if count > 1 else ''}; the config was not taken.")
