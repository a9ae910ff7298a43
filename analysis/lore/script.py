"""The whole of the scripts beside this package."""

from __future__ import annotations

import sys

from lore.interpreter import choose


def script(name: str) -> None:
    choose()
    from lore.commands import run  # needs what may be missing here
    run(name, sys.argv[1:])
