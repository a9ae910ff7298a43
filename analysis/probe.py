#!/usr/bin/env python3
"""Draws what `lore probe` found: probe.py DIR [--run ID] [-o PICTURE]"""

from lore.script import script

script("probe")
