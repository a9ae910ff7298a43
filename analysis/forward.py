#!/usr/bin/env python3
"""Predicts the next word from a checkpoint: forward.py CHECKPOINT WORDS"""

from lore.script import script

script("forward")
