"""Sheets of panels: how curves, points and heat maps look, whatever they show."""

import matplotlib

matplotlib.use("Agg")  # pictures go to files; no screen is needed
