# Installed together: the figures import what they share from their own directory.
analysisdir = $(pkgdatadir)/analysis
dist_analysis_DATA = \
	analysis/figures.py \
	analysis/figures_patching.py \
	analysis/figures_phases.py \
	analysis/figures_schedules.py \
	analysis/figures_sequential.py \
	analysis/figures_tuning.py \
	analysis/findings.py \
	analysis/findings_patching.py \
	analysis/findings_phases.py \
	analysis/findings_schedules.py \
	analysis/findings_table.py \
	analysis/findings_tuning.py \
	analysis/forward.py \
	analysis/lore_files.py \
	analysis/lore_names.py \
	analysis/lore_results.py \
	analysis/lore_sheet.py \
	analysis/lore_statistics.py \
	analysis/lore_study.py \
	analysis/probe.py \
	analysis/quickstart.py
