# Studies are installed; the scripts are for the source tree.
studiesdir = $(pkgdatadir)/studies
dist_studies_DATA = \
	jobs/studies/capacity.yaml \
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
	jobs/studies/questions.yaml \
	jobs/studies/quickstart.yaml

EXTRA_DIST += \
	jobs/figure.sh \
	jobs/studies/small \
	jobs/packages.txt \
	jobs/collect.sbatch \
	jobs/quickstart.sh \
	jobs/run.sbatch \
	jobs/setup.sh
