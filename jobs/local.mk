# Studies are installed, and the scripts for Slurm; the others are for the source tree.
studiesdir = $(pkgdatadir)/studies
dist_studies_DATA = \
	jobs/studies/asking.yaml \
	jobs/studies/capacity.yaml \
	jobs/studies/exposure.yaml \
	jobs/studies/fig2.yaml \
	jobs/studies/fig3.yaml \
	jobs/studies/fig4.yaml \
	jobs/studies/fig5.yaml \
	jobs/studies/figA.yaml \
	jobs/studies/figC.yaml \
	jobs/studies/figD.yaml \
	jobs/studies/figF.yaml \
	jobs/studies/figG.yaml \
	jobs/studies/figH.yaml \
	jobs/studies/figI.yaml \
	jobs/studies/figJ.yaml \
	jobs/studies/figK.yaml \
	jobs/studies/figL.yaml \
	jobs/studies/figM.yaml \
	jobs/studies/figN.yaml \
	jobs/studies/figO.yaml \
	jobs/studies/figP.yaml \
	jobs/studies/figQ.yaml \
	jobs/studies/figR.yaml \
	jobs/studies/figS.yaml \
	jobs/studies/figT.yaml \
	jobs/studies/figU.yaml \
	jobs/studies/figV.yaml \
	jobs/studies/figW.yaml \
	jobs/studies/figX.yaml \
	jobs/studies/injection.yaml \
	jobs/studies/mixture.yaml \
	jobs/studies/optimizers.yaml \
	jobs/studies/precision.yaml \
	jobs/studies/questions.yaml \
	jobs/studies/quickstart.yaml \
	jobs/studies/stored_bits.yaml

smallstudiesdir = $(studiesdir)/small
dist_smallstudies_DATA = \
	jobs/studies/small/adaptive.yaml \
	jobs/studies/small/asking.yaml \
	jobs/studies/small/exposure.yaml \
	jobs/studies/small/fig2.yaml \
	jobs/studies/small/fig3.yaml \
	jobs/studies/small/fig4.yaml \
	jobs/studies/small/fig5.yaml \
	jobs/studies/small/figA.yaml \
	jobs/studies/small/figC.yaml \
	jobs/studies/small/figG.yaml \
	jobs/studies/small/figH.yaml \
	jobs/studies/small/figI.yaml \
	jobs/studies/small/figK.yaml \
	jobs/studies/small/figP.yaml \
	jobs/studies/small/figQ.yaml \
	jobs/studies/small/figR.yaml \
	jobs/studies/small/figS.yaml \
	jobs/studies/small/figT.yaml \
	jobs/studies/small/figU.yaml \
	jobs/studies/small/figV.yaml \
	jobs/studies/small/figW.yaml \
	jobs/studies/small/injection.yaml \
	jobs/studies/small/mixture.yaml \
	jobs/studies/small/optimizers.yaml \
	jobs/studies/small/precision.yaml \
	jobs/studies/small/precision_power_law.yaml \
	jobs/studies/small/repeats.yaml \
	jobs/studies/small/stored_bits.yaml \
	jobs/studies/small/throw_away.yaml

nightstudiesdir = $(studiesdir)/night
dist_nightstudies_DATA = \
	jobs/studies/night/fine_tuning.yaml \
	jobs/studies/night/headline.yaml \
	jobs/studies/night/imbalance.yaml \
	jobs/studies/night/phases.yaml

# What lore init writes; src/local.mk lists them.
initstudiesdir = $(studiesdir)/init
dist_initstudies_DATA = $(starters)

jobsdir = $(pkgdatadir)/jobs
dist_jobs_DATA = jobs/collect.sbatch jobs/run.sbatch

EXTRA_DIST += \
	jobs/figure.sh \
	jobs/packages.txt \
	jobs/quickstart.sh \
	jobs/release.sh \
	jobs/setup.sh

# module use PREFIX/share/modulefiles; module load lore
modulefiledir = $(datadir)/modulefiles/lore
modulefile_DATA = jobs/cluster/$(PACKAGE_VERSION)
CLEANFILES += jobs/cluster/$(PACKAGE_VERSION)
EXTRA_DIST += jobs/cluster
jobs/cluster/$(PACKAGE_VERSION): jobs/cluster/modulefile.in Makefile
	$(AM_V_at)$(MKDIR_P) jobs/cluster
	$(AM_V_GEN)sed -e 's|[@]prefix@|$(prefix)|; s|[@]VERSION@|$(PACKAGE_VERSION)|' "$(srcdir)/jobs/cluster/modulefile.in" >$@
