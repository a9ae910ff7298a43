#!/usr/bin/env python3
"""Decides the findings: findings.py DIR... [-o TABLE]"""

from lore.script import script

script("findings")
