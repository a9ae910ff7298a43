EXTRA_DIST += doc

# Man pages are what the program says of itself. Of lore(1) and lore-study(5), the rest is in *.in.
command_pages = \
	doc/man/lore-bench.1 \
	doc/man/lore-check.1 \
	doc/man/lore-collect.1 \
	doc/man/lore-export.1 \
	doc/man/lore-init.1 \
	doc/man/lore-plan.1 \
	doc/man/lore-probe.1 \
	doc/man/lore-report.1 \
	doc/man/lore-run.1 \
	doc/man/lore-settings.1 \
	doc/man/lore-show.1 \
	doc/man/lore-status.1 \
	doc/man/lore-submit.1 \
	doc/man/lore-verify.1
man1_MANS = doc/man/lore.1 $(command_pages)
man5_MANS = doc/man/lore-study.5
CLEANFILES += $(man1_MANS) $(man5_MANS)

generate = $(SHELL) "$(srcdir)/src/cli/generate.sh" ./lore$(EXEEXT)
generated_from = lore$(EXEEXT) src/cli/generate.sh

$(command_pages): $(generated_from)
	$(AM_V_at)$(MKDIR_P) doc/man
	$(AM_V_GEN)$(generate) $@ '.so man1/lore.1' help --man `echo $@ | sed 's|.*/lore-||; s|\.1$$||'`

fill_page = sed -e 's/@DATE@/$(LORE_DATE)/; s/@RELEASE@/$(PACKAGE_VERSION)/' -e '/^@[A-Z]*@$$/{' -e 'r $@.part' -e d -e '}'

doc/man/lore.1: doc/man/lore.1.in $(generated_from)
	$(AM_V_at)$(MKDIR_P) doc/man
	$(AM_V_GEN)$(generate) $@.part '' help --man && $(fill_page) "$(srcdir)/$@.in" >$@.new && \
	  mv -f $@.new $@ && rm -f $@.part

doc/man/lore-study.5: doc/man/lore-study.5.in $(generated_from)
	$(AM_V_at)$(MKDIR_P) doc/man
	$(AM_V_GEN)$(generate) $@.part '' help --man study && $(fill_page) "$(srcdir)/$@.in" >$@.new && \
	  mv -f $@.new $@ && rm -f $@.part

# For editors.
pkgdata_DATA = study.schema.json
CLEANFILES += study.schema.json
study.schema.json: $(generated_from)
	$(AM_V_GEN)$(generate) $@ '{}' settings --schema

# Completion, where the shells look for it. Each is named as its shell wants it.
EXTRA_DIST += src/cli/generate.sh
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = src/cli/completion/bash/lore
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = src/cli/completion/zsh/_lore
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_fishcompletion_DATA = src/cli/completion/fish/lore.fish

# The pages are installed in the folders that they have here: they refer to each other.
nobase_dist_doc_DATA = \
	README.md \
	CHANGELOG.md \
	CITATION.cff \
	CONTRIBUTING.md \
	COPYING \
	data/README.md \
	doc/architecture.md \
	doc/beyond.md \
	doc/checkpoint.md \
	doc/collect.md \
	doc/distributions.md \
	doc/draws.md \
	doc/export.md \
	doc/figures.md \
	doc/findings.md \
	doc/gallery.md \
	doc/guide.md \
	doc/install.md \
	doc/memory.md \
	doc/metrics.md \
	doc/performance.md \
	doc/probe.md \
	doc/python.md \
	doc/readers.md \
	doc/report.md \
	doc/science.md \
	doc/slurm.md \
	doc/status.md \
	doc/study.md \
	doc/sweeps.md \
	doc/pictures/asking.png \
	doc/pictures/bits.png \
	doc/pictures/capacity.png \
	doc/pictures/confidence.png \
	doc/pictures/exposure.png \
	doc/pictures/forgetting.png \
	doc/pictures/groups.png \
	doc/pictures/imbalance.png \
	doc/pictures/injection.png \
	doc/pictures/memory.png \
	doc/pictures/mixture.png \
	doc/pictures/optimizers.png \
	doc/pictures/patching.png \
	doc/pictures/phases.png \
	doc/pictures/probe.png \
	doc/pictures/questions.png \
	doc/pictures/report.png
