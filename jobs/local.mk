# Studies are installed; the scripts are for the source tree.
studiesdir = $(pkgdatadir)/studies
dist_studies_DATA = \
	jobs/studies/quickstart.yaml

EXTRA_DIST += \
	jobs/packages.txt \
	jobs/quickstart.sh \
	jobs/setup.sh
