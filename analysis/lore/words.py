"""Numbers and names in words, for pictures, tables and messages."""

from __future__ import annotations

from collections.abc import Sequence


def short(number: float | str) -> str:
    """65536 -> 64k, 2621440 -> 2.5M; others as they are."""
    number = float(number)
    for size, letter in ((1024**2, "M"), (1024, "k")):
        if number >= size and (number % (size / 4) == 0 or number / size >= 16):
            return f"{number / size:.4g}{letter}"
    return f"{number:.4g}"


def some(names: Sequence[str], count: int = 4) -> str:
    """The first `count` names, and how many more there are."""
    return ", ".join(names[:count]) + (f" and {len(names) - count} more" if len(names) > count else "")


def setting(name: str) -> str:
    """A setting's name as studies write it: "train_steps" -> "train.steps"."""
    return name.replace("_", ".", 1)
