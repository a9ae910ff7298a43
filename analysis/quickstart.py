#!/usr/bin/env python3
"""Draws one run: quickstart.py DIR [-o PICTURE]"""

from lore.script import script

script("quickstart")
