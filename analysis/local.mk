# Installed together: the figures import what they share from their own directory.
analysisdir = $(pkgdatadir)/analysis
dist_analysis_DATA = \
	analysis/forward.py \
	analysis/lore_results.py \
	analysis/quickstart.py
