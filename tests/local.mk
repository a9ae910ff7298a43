# A new test is one line: C tests by cmocka in `float_tests` or `double_tests`, command-line tests
# by bats in `shell_tests`.
float_tests = \
	tests/test_attention \
	tests/test_base \
	tests/test_batch \
	tests/test_checkpoint \
	tests/test_collect \
	tests/test_decoder \
	tests/test_distribution \
	tests/test_evaluate \
	tests/test_gemm \
	tests/test_head \
	tests/test_layers \
	tests/test_linalg \
	tests/test_manifest \
	tests/test_manifest_file \
	tests/test_memory \
	tests/test_metrics \
	tests/test_metrics_kill \
	tests/test_metrics_refused \
	tests/test_metrics_resume \
	tests/test_model \
	tests/test_optimiser \
	tests/test_patch_start \
	tests/test_patching \
	tests/test_phases \
	tests/test_population \
	tests/test_probe \
	tests/test_probe_memory \
	tests/test_recurrent \
	tests/test_reduction \
	tests/test_resume \
	tests/test_resume_damage \
	tests/test_resume_full \
	tests/test_sampling \
	tests/test_settings \
	tests/test_settings_hash \
	tests/test_settings_random \
	tests/test_state \
	tests/test_step_quiet \
	tests/test_textfile \
	tests/test_trainer \
	tests/test_vocabulary \
	tests/test_workspace

# The same sources with -DLORE_DOUBLE, or tests in double only. Each also needs its flags below.
double_tests = \
	tests/test_attention_double \
	tests/test_decoder_double \
	tests/test_gemm_double \
	tests/test_gradients \
	tests/test_head_double \
	tests/test_layers_double \
	tests/test_memory_gradients \
	tests/test_recurrent_double
tests_test_attention_double_SOURCES = tests/test_attention.c
tests_test_attention_double_CPPFLAGS = $(double_test_flags)
tests_test_attention_double_LDADD = $(double_test_libs)
tests_test_decoder_double_SOURCES = tests/test_decoder.c
tests_test_decoder_double_CPPFLAGS = $(double_test_flags)
tests_test_decoder_double_LDADD = $(double_test_libs)
tests_test_gemm_double_SOURCES = tests/test_gemm.c
tests_test_gemm_double_CPPFLAGS = $(double_test_flags)
tests_test_gemm_double_LDADD = $(double_test_libs)
tests_test_gradients_CPPFLAGS = $(double_test_flags)
tests_test_gradients_LDADD = $(double_test_libs)
tests_test_head_double_SOURCES = tests/test_head.c
tests_test_head_double_CPPFLAGS = $(double_test_flags)
tests_test_head_double_LDADD = $(double_test_libs)
tests_test_layers_double_SOURCES = tests/test_layers.c
tests_test_layers_double_CPPFLAGS = $(double_test_flags)
tests_test_layers_double_LDADD = $(double_test_libs)
tests_test_recurrent_double_SOURCES = tests/test_recurrent.c
tests_test_recurrent_double_CPPFLAGS = $(double_test_flags)
tests_test_recurrent_double_LDADD = $(double_test_libs)
tests_test_memory_gradients_CPPFLAGS = $(double_test_flags)
tests_test_memory_gradients_LDADD = $(double_test_libs)

tests_test_linalg_LDADD = $(linalg_libraries) $(lore_libs) $(CMOCKA_LIBS)
tests_write_probe_rows_LDADD = $(probe_libraries) $(lore_libs)
tests_test_probe_memory_LDADD = $(probe_libraries) $(lore_libs) $(CMOCKA_LIBS)
tests_test_probe_LDADD = $(probe_libraries) $(lore_libs) $(CMOCKA_LIBS)

# Programs that tests call.
test_helpers = \
	tests/hold_run \
	tests/train_ranks \
	tests/write_checkpoint_example \
	tests/write_metrics_example \
	tests/write_probe_rows \
	tests/write_scores

# This one compares with LAPACK.
if HAVE_SCALAPACK
if HAVE_LAPACK
test_helpers += tests/linalg_ranks
endif
endif
tests_linalg_ranks_LDADD = $(linalg_libraries) $(LAPACK_LIBS) $(lore_libs)

shell_tests = \
	tests/test_analysis.bats \
	tests/test_broken.bats \
	tests/test_collect_command.bats \
	tests/test_distributions.bats \
	tests/test_figures.bats \
	tests/test_kill.bats \
	tests/test_launch.bats \
	tests/test_linalg_ranks.bats \
	tests/test_lists.bats \
	tests/test_memory_runs.bats \
	tests/test_mixer.bats \
	tests/test_origin.bats \
	tests/test_patched_runs.bats \
	tests/test_plan.bats \
	tests/test_probe_command.bats \
	tests/test_ranks.bats \
	tests/test_readers.bats \
	tests/test_reference.bats \
	tests/test_run.bats \
	tests/test_show.bats \
	tests/test_slurm.bats \
	tests/test_slurm_jobs.bats \
	tests/test_start_file.bats \
	tests/test_status.bats \
	tests/test_submit.bats \
	tests/test_sweep.bats

# Headers that tests share.
test_headers = \
	tests/biography.h \
	tests/child.h \
	tests/distributed.h \
	tests/metrics_check.h \
	tests/metrics_fixture.h \
	tests/metrics_resume.h \
	tests/naive.h \
	tests/naive_decoder.h \
	tests/mpi_test.h \
	tests/numbers.h \
	tests/people.h \
	tests/resume_fixture.h \
	tests/settings_file.h \
	tests/small_model.h \
	tests/small_world.h

# What command-line tests read and call.
test_data = \
	tests/broken \
	tests/check_analysis.py \
	tests/check_probe.py \
	tests/peak_memory.py \
	tests/planted.py \
	tests/exposure_checks.py \
	tests/same_metrics.py \
	tests/same_weights.py \
	tests/slurm \
	tests/slurm.bash \
	tests/studies \
	tests/whole_records.py \
	tests/whole_runs.bash

EXTRA_DIST += $(shell_tests) $(test_headers) $(test_data) tests/run.sh tests/leaks.supp tests/valgrind.supp

if HAVE_CMOCKA
check_PROGRAMS += $(float_tests) $(double_tests) $(test_helpers)
TESTS = $(float_tests) $(double_tests) $(shell_tests)
else
check-local:
	@echo "make check needs cmocka (Debian: libcmocka-dev); install it and configure again." >&2
	@false
endif
LDADD = $(float_libraries) $(lore_libs) $(CMOCKA_LIBS)
double_test_flags = $(AM_CPPFLAGS) -DLORE_DOUBLE
double_test_libs = $(double_libraries) $(lore_libs) $(CMOCKA_LIBS)

TEST_EXTENSIONS = .bats
if HAVE_BATS
BATS_LOG_COMPILER = $(BATS)
AM_BATS_LOG_FLAGS = --tap
else
# 77 makes Automake report the test as skipped.
BATS_LOG_COMPILER = $(SHELL)
AM_BATS_LOG_FLAGS = -c 'echo "bats is missing"; exit 77'
endif

# OpenBLAS starts threads that allocate when it is loaded, in the middle of a test that counts.
# Open MPI refuses root, as in containers, and more ranks than cores, unless told otherwise.
AM_TESTS_ENVIRONMENT = \
	LORE="$(abs_top_builddir)/lore$(EXEEXT)"; export LORE; \
	LORE_SOURCE="$(abs_top_srcdir)"; export LORE_SOURCE; \
	LORE_BUILD="$(abs_top_builddir)"; export LORE_BUILD; \
	OPENBLAS_NUM_THREADS=1; export OPENBLAS_NUM_THREADS; \
	OMPI_ALLOW_RUN_AS_ROOT=1; export OMPI_ALLOW_RUN_AS_ROOT; \
	OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM; \
	OMPI_MCA_rmaps_base_oversubscribe=1; export OMPI_MCA_rmaps_base_oversubscribe; \
	LSAN_OPTIONS="suppressions=$(top_srcdir)/tests/leaks.supp"; export LSAN_OPTIONS;
