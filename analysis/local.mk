# Installed together: the scripts find the package beside them.
analysisdir = $(pkgdatadir)
analysis_scripts = \
	analysis/figures.py \
	analysis/findings.py \
	analysis/forward.py \
	analysis/probe.py \
	analysis/quickstart.py
analysis_package = \
	analysis/lore/__init__.py \
	analysis/lore/__main__.py \
	analysis/lore/commands.py \
	analysis/lore/dataset.py \
	analysis/lore/directory.py \
	analysis/lore/drawing/__init__.py \
	analysis/lore/drawing/names.py \
	analysis/lore/drawing/panel.py \
	analysis/lore/drawing/sheet.py \
	analysis/lore/drawing/style.py \
	analysis/lore/errors.py \
	analysis/lore/figures/__init__.py \
	analysis/lore/figures/bits.py \
	analysis/lore/figures/exposure.py \
	analysis/lore/figures/injection.py \
	analysis/lore/figures/asking.py \
	analysis/lore/figures/mixture.py \
	analysis/lore/figures/optimizers.py \
	analysis/lore/figures/patching.py \
	analysis/lore/figures/phases.py \
	analysis/lore/figures/precision.py \
	analysis/lore/figures/probe.py \
	analysis/lore/figures/quickstart.py \
	analysis/lore/figures/schedules.py \
	analysis/lore/figures/sequential.py \
	analysis/lore/figures/tuning.py \
	analysis/lore/files.py \
	analysis/lore/findings/__init__.py \
	analysis/lore/findings/beyond.py \
	analysis/lore/findings/finding.py \
	analysis/lore/findings/patching.py \
	analysis/lore/findings/phases.py \
	analysis/lore/findings/rules.py \
	analysis/lore/findings/schedules.py \
	analysis/lore/findings/sequential.py \
	analysis/lore/findings/tuning.py \
	analysis/lore/forward.py \
	analysis/lore/interpreter.py \
	analysis/lore/plot.py \
	analysis/lore/py.typed \
	analysis/lore/records.py \
	analysis/lore/script.py \
	analysis/lore/selections/__init__.py \
	analysis/lore/selections/bits.py \
	analysis/lore/selections/curricula.py \
	analysis/lore/selections/exposure.py \
	analysis/lore/selections/families.py \
	analysis/lore/selections/injection.py \
	analysis/lore/selections/asking.py \
	analysis/lore/selections/mixture.py \
	analysis/lore/selections/optimizers.py \
	analysis/lore/selections/patching.py \
	analysis/lore/selections/phases.py \
	analysis/lore/selections/precision.py \
	analysis/lore/selections/schedules.py \
	analysis/lore/selections/sequential.py \
	analysis/lore/selections/tuning.py \
	analysis/lore/statistics.py \
	analysis/lore/study.py \
	analysis/lore/tables.py \
	analysis/lore/torch.py \
	analysis/lore/words.py \
	analysis/pyproject.toml
nobase_dist_analysis_SCRIPTS = $(analysis_scripts)
nobase_dist_analysis_DATA = $(analysis_package)
EXTRA_DIST += analysis/mypy.ini

# Bytecode that Python wrote beside the installed files, and the folders if nothing else is in them.
uninstall-hook:
	if test -d "$(DESTDIR)$(analysisdir)/analysis"; then \
	  find "$(DESTDIR)$(analysisdir)/analysis" -name __pycache__ -prune -exec rm -rf {} + ; \
	  find "$(DESTDIR)$(analysisdir)/analysis" -depth -type d -exec rmdir {} + ; \
	fi
