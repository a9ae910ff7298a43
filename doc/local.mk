dist_man1_MANS = doc/man/lore.1
EXTRA_DIST += doc

# The pages are installed in the folders that they have here: they refer to each other.
nobase_dist_doc_DATA = \
	README.md \
	CONTRIBUTING.md \
	COPYING \
	data/README.md \
	doc/architecture.md \
	doc/checkpoint.md \
	doc/collect.md \
	doc/distributions.md \
	doc/draws.md \
	doc/figures.md \
	doc/findings.md \
	doc/guide.md \
	doc/memory.md \
	doc/metrics.md \
	doc/performance.md \
	doc/probe.md \
	doc/science.md \
	doc/slurm.md \
	doc/status.md \
	doc/study.md \
	doc/sweeps.md \
	doc/pictures/capacity.png \
	doc/pictures/forgetting.png \
	doc/pictures/phases.png \
	doc/pictures/probe.png \
	doc/pictures/questions.png
