#!/usr/bin/env python3
"""Draws a figure: figures.py NAME DIR... [-o PICTURE]"""

from lore.commands import script

script("figures")
