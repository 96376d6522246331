"""Runs a module of the tooling inside the environment, after bringing it up to date.

Usage: python -m mailbox_tools.run MODULE [ARGUMENT …]
"""

import os
from collections.abc import Sequence

from mailbox_tools import paths, setup
from mailbox_tools.env import ToolingError, command_line


@command_line
def main(arguments: Sequence[str]) -> int:
    """Set up, then become ``python -m MODULE`` in the environment of this checkout."""
    if not arguments:
        raise ToolingError("usage: python -m mailbox_tools.run MODULE [ARGUMENT …]")
    setup.ensure()
    python = str(paths.python())
    os.chdir(paths.REPOSITORY)
    os.execv(python, [python, "-m", *arguments])


if __name__ == "__main__":
    main()
