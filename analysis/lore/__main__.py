"""python3 -m lore COMMAND ..."""

from lore.commands import main

main()
