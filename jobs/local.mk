# Studies are installed; the scripts are for the source tree.
studiesdir = $(pkgdatadir)/studies
dist_studies_DATA = \
	jobs/studies/figQ.yaml \
	jobs/studies/figR.yaml \
	jobs/studies/quickstart.yaml

EXTRA_DIST += \
	jobs/packages.txt \
	jobs/collect.sbatch \
	jobs/quickstart.sh \
	jobs/run.sbatch \
	jobs/setup.sh
