# A new file is one line in the list of its room.
base_sources = \
	src/base/arena.c \
	src/base/barrier.c \
	src/base/build.c \
	src/base/clock.c \
	src/base/json.c \
	src/base/log.c \
	src/base/memory.c \
	src/base/mpi.c \
	src/base/random.c \
	src/base/shown.c \
	src/base/status.c \
	src/base/stop.c \
	src/base/team.c \
	src/base/textfile.c \
	src/base/threads.c

data_sources = \
	src/data/attribute.c \
	src/data/batch.c \
	src/data/distribution.c \
	src/data/exposure.c \
	src/data/lists.h \
	src/data/names.c \
	src/data/names.h \
	src/data/pairs.c \
	src/data/population.c \
	src/data/power_law.c \
	src/data/power_law.h \
	src/data/sampler.c \
	src/data/vocabulary.c

eval_sources = \
	src/eval/answers.c \
	src/eval/evaluate.c \
	src/eval/pair_scores.c \
	src/eval/phases.c

train_sources = \
	src/train/adamw.c \
	src/train/bench.c \
	src/train/crews.c \
	src/train/crews.h \
	src/train/exchange.c \
	src/train/exchange.h \
	src/train/memory_trainer.c \
	src/train/moments.c \
	src/train/moments.h \
	src/train/muon.c \
	src/train/muon.h \
	src/train/newton_schulz.c \
	src/train/newton_schulz.h \
	src/train/optimizer.c \
	src/train/pieces.c \
	src/train/pieces.h \
	src/train/reduction.c \
	src/train/reduction.h \
	src/train/schedule.c \
	src/train/sum.c \
	src/train/sum.h \
	src/train/trainer.c

io_sources = \
	src/io/checkpoint.c \
	src/io/checkpoint.h \
	src/io/classic.c \
	src/io/classic.h \
	src/io/collect.c \
	src/io/collect_define.c \
	src/io/collect_define.h \
	src/io/collect_survey.c \
	src/io/collect_survey.h \
	src/io/memory_checkpoint.c \
	src/io/metrics.c \
	src/io/metrics_check.c \
	src/io/metrics_old.c \
	src/io/metrics_old.h \
	src/io/metrics_read.c \
	src/io/metrics_row.c \
	src/io/metrics_table.c \
	src/io/metrics_table.h \
	src/io/ncfile.c \
	src/io/path.c \
	src/io/quote.c \
	src/io/resume.c \
	src/io/seal.c \
	src/io/seal.h \
	src/io/state.c \
	src/io/tokens.c \
	src/io/tokens_define.c \
	src/io/tokens_define.h \
	src/io/variables.c \
	src/io/variables.h \
	src/io/whole.c \
	src/io/words.c \
	src/io/words.h

settings_sources = \
	src/settings/biographies.c \
	src/settings/contradictions.c \
	src/settings/contradictions.h \
	src/settings/effect.c \
	src/settings/groups.c \
	src/settings/hash.c \
	src/settings/memory.c \
	src/settings/nearest.c \
	src/settings/read.c \
	src/settings/reference.c \
	src/settings/sampling.c \
	src/settings/source.c \
	src/settings/study.c \
	src/settings/table.c \
	src/settings/task.c \
	src/settings/task.h \
	src/settings/value.c \
	src/settings/word.c \
	src/settings/write.c \
	src/settings/yaml.c

manifest_sources = \
	src/manifest/axes.c \
	src/manifest/axes.h \
	src/manifest/cells.c \
	src/manifest/cells.h \
	src/manifest/compare.c \
	src/manifest/expand.c \
	src/manifest/experiments.c \
	src/manifest/experiments.h \
	src/manifest/file.c \
	src/manifest/inputs.c \
	src/manifest/inputs.h \
	src/manifest/lineage.c \
	src/manifest/lineage.h \
	src/manifest/manifest.c \
	src/manifest/names.c \
	src/manifest/names.h \
	src/manifest/parents.c \
	src/manifest/pool.c \
	src/manifest/pool.h \
	src/manifest/runs.c \
	src/manifest/schema.c \
	src/manifest/task.c \
	src/manifest/task.h \
	src/manifest/task_biographies.c \
	src/manifest/task_memory.c

run_sources = \
	src/run/assembly.c \
	src/run/assignment.c \
	src/run/assignment.h \
	src/run/backend.c \
	src/run/backend.h \
	src/run/export.c \
	src/run/exposure.c \
	src/run/exposure.h \
	src/run/level.c \
	src/run/level.h \
	src/run/progress.c \
	src/run/progress.h \
	src/run/provenance.c \
	src/run/queue.c \
	src/run/queue.h \
	src/run/run.c \
	src/run/session.c \
	src/run/session.h \
	src/run/sweep.c \
	src/run/task.c \
	src/run/task.h \
	src/run/task_biographies.c \
	src/run/task_memory.c

cost_sources = \
	src/cost/disk.c \
	src/cost/estimate.c \
	src/cost/operations.c \
	src/cost/plan.c \
	src/cost/speed.c \
	src/cost/task.c \
	src/cost/task.h \
	src/cost/task_biographies.c \
	src/cost/task_memory.c

control_sources = \
	src/control/attention.c \
	src/control/duration.c \
	src/control/job_scripts.h \
	src/control/refusals.c \
	src/control/sbatch_options.c \
	src/control/slurm.c \
	src/control/status.c \
	src/control/status_print.c \
	src/control/submit.c \
	src/control/submit_command.c \
	src/control/submit_command.h

report_sources = \
	src/report/curves.c \
	src/report/curves.h \
	src/report/describe.c \
	src/report/describe.h \
	src/report/page_parts.h \
	src/report/report.c \
	src/report/runs.c \
	src/report/runs.h \
	src/report/thin.c \
	src/report/thin.h

linalg_sources = \
	src/linalg/bytes.h \
	src/linalg/grid.c \
	src/linalg/matrix.c \
	src/linalg/nearest.c \
	src/linalg/regression.c \
	src/linalg/scalapack.h \
	src/linalg/spectra.c

probe_sources = \
	src/probe/codes.c \
	src/probe/codes.h \
	src/probe/file.c \
	src/probe/file.h \
	src/probe/keys.c \
	src/probe/keys.h \
	src/probe/linear_memory.c \
	src/probe/linear_memory.h \
	src/probe/memory_file.c \
	src/probe/memory_file.h \
	src/probe/options.c \
	src/probe/plan.c \
	src/probe/probe.c \
	src/probe/probe.h \
	src/probe/probed.c \
	src/probe/probed.h \
	src/probe/problem.c \
	src/probe/problem.h \
	src/probe/reader.c \
	src/probe/reader.h \
	src/probe/readout.c \
	src/probe/readout.h \
	src/probe/result.c \
	src/probe/result.h \
	src/probe/study.c \
	src/probe/task.c \
	src/probe/task.h \
	src/probe/task_biographies.c \
	src/probe/task_memory.c \
	src/probe/work.c \
	src/probe/work.h

cli_sources = \
	src/cli/alike.c \
	src/cli/alike.h \
	src/cli/bench.c \
	src/cli/biography.c \
	src/cli/biography.h \
	src/cli/check.c \
	src/cli/collect.c \
	src/cli/commands.h \
	src/cli/complete.c \
	src/cli/export.c \
	src/cli/help.c \
	src/cli/help.h \
	src/cli/init.c \
	src/cli/launch.c \
	src/cli/launch.h \
	src/cli/main.c \
	src/cli/manual.c \
	src/cli/manual.h \
	src/cli/needs.c \
	src/cli/needs.h \
	src/cli/options.c \
	src/cli/options.h \
	src/cli/plan.c \
	src/cli/probe.c \
	src/cli/starters.h \
	src/cli/report.c \
	src/cli/run.c \
	src/cli/settings.c \
	src/cli/show.c \
	src/cli/status.c \
	src/cli/submit.c \
	src/cli/table.c \
	src/cli/table.h \
	src/cli/task.c \
	src/cli/task.h \
	src/cli/task_biographies.c \
	src/cli/task_memory.c \
	src/cli/verify.c

model_sources = \
	src/model/attention_block.c \
	src/model/decoder.c \
	src/model/gemm.c \
	src/model/kernels.c \
	src/model/memory.c \
	src/model/mixer.c \
	src/model/mixer.h \
	src/model/model.c \
	src/model/pass.c \
	src/model/pass.h \
	src/model/recurrent_block.c \
	src/model/tensor.c \
	src/model/workspace.c \
	src/model/workspace.h

# Where a run spends its time: compiled once for each level of processors (include/lore/model/kernels.h),
# with LORE_KERNEL_CFLAGS (configure.ac says why). Each includes level.h first.
kernel_sources = \
	src/model/activation.c \
	src/model/attention.c \
	src/model/bf16.h \
	src/model/convolution.c \
	src/model/embedding.c \
	src/model/gelu.h \
	src/model/gemm_kernel.c \
	src/model/gemm_kernel.h \
	src/model/gemm_pack.c \
	src/model/gemm_pack.h \
	src/model/head.c \
	src/model/level.c \
	src/model/level.h \
	src/model/linear.c \
	src/model/norm.c \
	src/model/recurrent.c \
	src/model/rotary.c \
	src/model/simd.h \
	src/model/vecmath.h \
	src/model/vector.c

# What exists in float and in double.
numeric_sources = $(base_sources) $(data_sources) $(eval_sources) $(model_sources) $(train_sources)

EXTRA_DIST += include src/base/commit.sh

# The word lists and templates, compiled into the program.
data_lists = \
	data/cities.txt \
	data/companies.txt \
	data/first_names.txt \
	data/last_names.txt \
	data/majors.txt \
	data/universities.txt \
	data/questions/birth_date.txt \
	data/questions/birth_place.txt \
	data/questions/company.txt \
	data/questions/location.txt \
	data/questions/major.txt \
	data/questions/university.txt \
	data/templates/birth_date.txt \
	data/templates/birth_place.txt \
	data/templates/company.txt \
	data/templates/location.txt \
	data/templates/major.txt \
	data/templates/university.txt
EXTRA_DIST += data src/data/embed.awk
BUILT_SOURCES += src/data/lists.c
CLEANFILES += src/data/lists.c
src/data/lists.c: src/data/embed.awk $(data_lists)
	$(AM_V_at)$(MKDIR_P) src/data
	$(AM_V_GEN)$(AWK) -f "$(srcdir)/src/data/embed.awk" $(data_lists:%=$(srcdir)/%) >$@.new && \
	  mv -f $@.new $@

# The job scripts that lore submit writes.
job_scripts = jobs/run.sbatch jobs/collect.sbatch
EXTRA_DIST += src/control/embed_scripts.awk
BUILT_SOURCES += src/control/job_scripts.c
CLEANFILES += src/control/job_scripts.c
src/control/job_scripts.c: src/control/embed_scripts.awk $(job_scripts)
	$(AM_V_at)$(MKDIR_P) src/control
	$(AM_V_GEN)$(AWK) -f "$(srcdir)/src/control/embed_scripts.awk" $(job_scripts:%=$(srcdir)/%) >$@.new && \
	  mv -f $@.new $@

# The page that lore report writes; scripts in the order in which they stand in it. Without Chart.js
# it has no pictures.
page_parts = \
	src/report/page/page.html \
	src/report/page/page.css \
	src/report/page/data.js \
	src/report/page/table.js \
	src/report/page/chart.js \
	src/report/page/curves.js \
	src/report/page/effects.js \
	src/report/page/page.js
EXTRA_DIST += src/report/embed_page.awk $(page_parts)
BUILT_SOURCES += src/report/page_parts.c
CLEANFILES += src/report/page_parts.c
src/report/page_parts.c: src/report/embed_page.awk $(page_parts) $(CHARTJS)
	$(AM_V_at)$(MKDIR_P) src/report
	$(AM_V_GEN)$(AWK) -f "$(srcdir)/src/report/embed_page.awk" $(page_parts:%=$(srcdir)/%) LIBRARY=1 \
	  "$(CHARTJS)" >$@.new && mv -f $@.new $@

# The studies that lore init writes.
starters = \
	jobs/studies/init/phases.yaml \
	jobs/studies/init/imbalance.yaml \
	jobs/studies/init/warm-up.yaml \
	jobs/studies/init/fine-tuning.yaml \
	jobs/studies/init/capacity.yaml \
	jobs/studies/init/patching.yaml \
	jobs/studies/init/mixer.yaml \
	jobs/studies/init/memory.yaml \
	jobs/studies/init/exposure.yaml \
	jobs/studies/init/retention.yaml \
	jobs/studies/init/mixture.yaml \
	jobs/studies/init/optimizer.yaml \
	jobs/studies/init/asking.yaml
EXTRA_DIST += src/cli/embed_starters.awk
BUILT_SOURCES += src/cli/starters.c
CLEANFILES += src/cli/starters.c
src/cli/starters.c: src/cli/embed_starters.awk $(starters)
	$(AM_V_at)$(MKDIR_P) src/cli
	$(AM_V_GEN)$(AWK) -f "$(srcdir)/src/cli/embed_starters.awk" $(starters:%=$(srcdir)/%) >$@.new && \
	  mv -f $@.new $@

# The commit that "lore --version" names. Looked up by every make, written only when it changed.
BUILT_SOURCES += commit.h
CLEANFILES += commit.h
commit.h: always
	$(AM_V_at)commit=`$(SHELL) "$(srcdir)/src/base/commit.sh" "$(srcdir)"`; \
	echo "#define LORE_COMMIT \"$$commit\"" >$@.new; \
	if cmp -s $@.new $@; then rm -f $@.new; else mv -f $@.new $@; fi
.PHONY: always
always:
# For "make lore" in a fresh directory, which makes no BUILT_SOURCES first.
src/base/liblore_a-build.$(OBJEXT) src/base/liblore_double_a-build.$(OBJEXT): commit.h

noinst_LIBRARIES += liblore.a
liblore_a_SOURCES = $(numeric_sources) $(io_sources) $(settings_sources) \
	$(manifest_sources) $(run_sources) $(cost_sources) $(control_sources) $(report_sources)
nodist_liblore_a_SOURCES = src/data/lists.c src/control/job_scripts.c src/report/page_parts.c
liblore_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src/data -I$(top_srcdir)/src/control \
	-I$(top_srcdir)/src/report

# Kernels of each level. A further level is a library here and a line in src/model/kernels.c.
if LORE_ONE_LEVEL
level_libraries = libkernels_arch.a
libkernels_arch_a_SOURCES = $(kernel_sources)
libkernels_arch_a_CPPFLAGS = $(AM_CPPFLAGS) -DLORE_LEVEL=arch
libkernels_arch_a_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS)
else
level_libraries = libkernels_v2.a libkernels_v3.a libkernels_v4.a libkernels_v4_bf16.a
libkernels_v2_a_SOURCES = $(kernel_sources)
libkernels_v2_a_CPPFLAGS = $(AM_CPPFLAGS) -DLORE_LEVEL=v2
libkernels_v2_a_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS) $(LORE_V2_CFLAGS)
libkernels_v3_a_SOURCES = $(kernel_sources)
libkernels_v3_a_CPPFLAGS = $(AM_CPPFLAGS) -DLORE_LEVEL=v3
libkernels_v3_a_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS) $(LORE_V3_CFLAGS)
libkernels_v4_a_SOURCES = $(kernel_sources)
libkernels_v4_a_CPPFLAGS = $(AM_CPPFLAGS) -DLORE_LEVEL=v4
libkernels_v4_a_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS) $(LORE_V4_CFLAGS)
libkernels_v4_bf16_a_SOURCES = $(kernel_sources)
libkernels_v4_bf16_a_CPPFLAGS = $(AM_CPPFLAGS) -DLORE_LEVEL=v4_bf16
libkernels_v4_bf16_a_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS) $(LORE_V4_BF16_CFLAGS)
endif
noinst_LIBRARIES += $(level_libraries)
float_libraries = liblore.a $(level_libraries) liblore.a libprocessor.a

# Probes and their algebra, libraries of their own: what does not use them need not load ScaLAPACK.
noinst_LIBRARIES += liblinalg.a libprobe.a
liblinalg_a_SOURCES = $(linalg_sources)
if !HAVE_SCALAPACK
liblinalg_a_SOURCES += src/linalg/absent.c
endif
linalg_libraries = liblinalg.a $(float_libraries) $(SCALAPACK_LIBS)
libprobe_a_SOURCES = $(probe_sources)
probe_libraries = libprobe.a $(linalg_libraries)

# The same in double, for tests of gradients and closed forms.
check_LIBRARIES += liblore_double.a $(double_level_libraries)
liblore_double_a_SOURCES = $(numeric_sources)
nodist_liblore_double_a_SOURCES = src/data/lists.c
liblore_double_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src/data -DLORE_DOUBLE
if LORE_ONE_LEVEL
double_level_libraries = libkernels_double_arch.a
libkernels_double_arch_a_SOURCES = $(kernel_sources)
libkernels_double_arch_a_CPPFLAGS = $(AM_CPPFLAGS) -DLORE_DOUBLE -DLORE_LEVEL=arch
libkernels_double_arch_a_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS)
else
double_level_libraries = libkernels_double_v2.a libkernels_double_v3.a
libkernels_double_v2_a_SOURCES = $(kernel_sources)
libkernels_double_v2_a_CPPFLAGS = $(AM_CPPFLAGS) -DLORE_DOUBLE -DLORE_LEVEL=v2
libkernels_double_v2_a_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS) $(LORE_V2_CFLAGS)
libkernels_double_v3_a_SOURCES = $(kernel_sources)
libkernels_double_v3_a_CPPFLAGS = $(AM_CPPFLAGS) -DLORE_DOUBLE -DLORE_LEVEL=v3
libkernels_double_v3_a_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS) $(LORE_V3_CFLAGS)
endif
double_libraries = liblore_double.a $(double_level_libraries) liblore_double.a libprocessor.a

# Runs on every processor, to tell that this one is too old for the rest.
noinst_LIBRARIES += libprocessor.a
libprocessor_a_SOURCES = src/base/features.c src/cli/processor.c src/cli/processor.h
libprocessor_a_CFLAGS = $(AM_CFLAGS) $(LORE_OLDEST_CFLAGS)

bin_PROGRAMS += lore
lore_SOURCES = $(cli_sources)
nodist_lore_SOURCES = src/cli/starters.c
lore_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src/cli
lore_LDADD = $(probe_libraries) $(lore_libs)
