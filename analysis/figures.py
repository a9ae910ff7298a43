#!/usr/bin/env python3
"""Draws a figure: figures.py NAME DIR... [-o PICTURE]"""

from lore.script import script

script("figures")
