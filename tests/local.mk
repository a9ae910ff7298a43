# A new test is one line: C tests by cmocka in `float_tests` or `double_tests`, command-line tests
# by bats in `shell_tests`.
float_tests = \
	tests/test_answers \
	tests/test_attention \
	tests/test_base \
	tests/test_batch \
	tests/test_bf16 \
	tests/test_checkpoint \
	tests/test_collect \
	tests/test_crew \
	tests/test_decoder \
	tests/test_distribution \
	tests/test_evaluate \
	tests/test_exposure \
	tests/test_exp \
	tests/test_gemm \
	tests/test_head \
	tests/test_layers \
	tests/test_levels \
	tests/test_json \
	tests/test_linalg \
	tests/test_manifest \
	tests/test_manifest_file \
	tests/test_memory \
	tests/test_metrics \
	tests/test_metrics_kill \
	tests/test_metrics_refused \
	tests/test_metrics_resume \
	tests/test_mixture \
	tests/test_questions \
	tests/test_muon \
	tests/test_model \
	tests/test_optimiser \
	tests/test_paint \
	tests/test_patch_start \
	tests/test_patching \
	tests/test_phases \
	tests/test_pieces \
	tests/test_population \
	tests/test_probe \
	tests/test_probe_memory \
	tests/test_queue \
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
	tests/test_thin \
	tests/test_tokens \
	tests/test_trainer \
	tests/test_vocabulary \
	tests/test_workspace

# Kernels of v4_bf16, with its instructions made of others: the tile, packing and edges of pairs of
# bf16 on any processor.
check_LIBRARIES += libkernels_pairs.a
libkernels_pairs_a_SOURCES = $(kernel_sources)
libkernels_pairs_a_CPPFLAGS = $(AM_CPPFLAGS) -DLORE_LEVEL=pairs -DLORE_BF16_PAIRS=1 -DLORE_VECTOR_BYTES=64
libkernels_pairs_a_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS) $(LORE_V3_CFLAGS) -Wno-psabi
tests_test_tokens_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=lore_batch_training -Wl,--wrap=lore_batch_evaluation
tests_test_bf16_LDADD = libkernels_pairs.a $(LDADD)
tests_test_bf16_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=lore_kernels
tests_test_gemm_LDADD = libkernels_pairs.a $(LDADD)

# Kernels that are headers, as each level has them.
if !LORE_ONE_LEVEL
float_tests += tests/test_exp_v3 tests/test_exp_v4
endif
tests_test_exp_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS) $(LORE_V2_CFLAGS)
tests_test_exp_v3_SOURCES = tests/test_exp.c
tests_test_exp_v3_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS) $(LORE_V3_CFLAGS)
tests_test_exp_v4_SOURCES = tests/test_exp.c
tests_test_exp_v4_CFLAGS = $(AM_CFLAGS) $(LORE_KERNEL_CFLAGS) $(LORE_V4_CFLAGS)

# The same sources with -DLORE_DOUBLE, or tests in double only. Each also needs its flags below.
double_tests = \
	tests/test_attention_double \
	tests/test_bf16_double \
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
tests_test_bf16_double_SOURCES = tests/test_bf16.c
tests_test_bf16_double_CPPFLAGS = $(double_test_flags)
tests_test_bf16_double_LDADD = $(double_test_libs)
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
tests_support_write_probe_rows_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_support_write_probe_rows_LDADD = $(probe_libraries) $(lore_libs)
tests_test_probe_memory_LDADD = $(probe_libraries) $(lore_libs) $(CMOCKA_LIBS)
tests_test_probe_LDADD = $(probe_libraries) $(lore_libs) $(CMOCKA_LIBS)

# Programs that tests call.
test_helpers = \
	tests/support/change_attribute \
	tests/support/hold_run \
	tests/support/time_ranks \
	tests/support/train_ranks \
	tests/support/write_checkpoint_example \
	tests/support/write_logits \
	tests/support/write_metrics_example \
	tests/support/write_probe_rows \
	tests/support/write_scores

# This one compares with LAPACK.
if HAVE_SCALAPACK
if HAVE_LAPACK
test_helpers += tests/support/linalg_ranks
endif
endif
tests_support_linalg_ranks_LDADD = $(linalg_libraries) $(LAPACK_LIBS) $(lore_libs)

shell_tests = \
	tests/test_alike.bats \
	tests/test_analysis.bats \
	tests/test_backend.bats \
	tests/test_broken.bats \
	tests/test_collect_command.bats \
	tests/test_complete.bats \
	tests/test_configure.bats \
	tests/test_deaths.bats \
	tests/test_definitions.bats \
	tests/test_distributions.bats \
	tests/test_earlier.bats \
	tests/test_export.bats \
	tests/test_figures.bats \
	tests/test_file_fault.bats \
	tests/test_init.bats \
	tests/test_install.bats \
	tests/test_isa.bats \
	tests/test_kill.bats \
	tests/test_launch.bats \
	tests/test_linalg_ranks.bats \
	tests/test_lists.bats \
	tests/test_man.bats \
	tests/test_memory_runs.bats \
	tests/test_mixer.bats \
	tests/test_mpi_fault.bats \
	tests/test_night.bats \
	tests/test_options.bats \
	tests/test_origin.bats \
	tests/test_package.bats \
	tests/test_pages.bats \
	tests/test_patched_runs.bats \
	tests/test_plan.bats \
	tests/test_precision.bats \
	tests/test_probe_command.bats \
	tests/test_processor.bats \
	tests/test_ranks.bats \
	tests/test_readers.bats \
	tests/test_reference.bats \
	tests/test_release.bats \
	tests/test_report.bats \
	tests/test_report_browser.bats \
	tests/test_rooms.bats \
	tests/test_run.bats \
	tests/test_schema.bats \
	tests/test_second_findings.bats \
	tests/test_show.bats \
	tests/test_slurm.bats \
	tests/test_slurm_jobs.bats \
	tests/test_start_file.bats \
	tests/test_status.bats \
	tests/test_submit.bats \
	tests/test_sweep.bats \
	tests/test_threads.bats \
	tests/test_torch.bats \
	tests/test_unwritable.bats \
	tests/test_verify.bats

# Headers that tests share.
test_headers = \
	tests/support/attribute.h \
	tests/support/biography.h \
	tests/support/child.h \
	tests/support/distributed.h \
	tests/support/levels.h \
	tests/support/metrics_check.h \
	tests/support/metrics_fixture.h \
	tests/support/metrics_resume.h \
	tests/support/naive.h \
	tests/support/naive_backward.h \
	tests/support/naive_decoder.h \
	tests/support/mpi_test.h \
	tests/support/numbers.h \
	tests/support/people.h \
	tests/support/resume_fixture.h \
	tests/support/settings_file.h \
	tests/support/sanitized.h \
	tests/support/small_model.h \
	tests/support/small_world.h

# What command-line tests read and call.
test_data = \
	tests/broken \
	tests/earlier \
	tests/studies \
	tests/support/bare.sh \
	tests/support/check_analysis.py \
	tests/support/check_definitions.py \
	tests/support/check_example.py \
	tests/support/check_package.py \
	tests/support/check_pages.py \
	tests/support/check_probe.py \
	tests/support/check_report.py \
	tests/support/check_schema.py \
	tests/support/check_torch.py \
	tests/support/click_report.py \
	tests/support/common.bash \
	tests/support/exposure_checks.py \
	tests/support/many_runs.py \
	tests/support/peak_memory.py \
	tests/support/planted.py \
	tests/support/refused_studies.py \
	tests/support/rooms.py \
	tests/support/same_metrics.py \
	tests/support/same_results.py \
	tests/support/same_weights.py \
	tests/support/second_beyond.py \
	tests/support/second_findings.py \
	tests/support/second_groups.py \
	tests/support/second_rows.py \
	tests/support/second_runs.py \
	tests/support/slurm \
	tests/support/slurm.bash \
	tests/support/twin.py \
	tests/support/typed_lines.py \
	tests/support/user_install.sh \
	tests/support/whole_records.py \
	tests/support/whole_runs.bash \
	tests/torture

EXTRA_DIST += $(shell_tests) $(test_headers) $(test_data) tests/run.sh tests/delay.sh \
	tests/support/delay_switch.c \
	tests/support/leaks.supp tests/support/valgrind.supp

# Preloaded, they make MPI calls and calls on files fail. Libraries, which Automake alone does not
# make.
check_DATA = tests/support/mpi_fault.so tests/support/file_fault.so
CLEANFILES += $(check_DATA)
EXTRA_DIST += tests/support/mpi_fault.c tests/support/file_fault.c
tests/support/mpi_fault.so: tests/support/mpi_fault.c
	$(AM_V_at)$(MKDIR_P) tests/support
	$(AM_V_CCLD)$(CC) $(MPI_CFLAGS) $(CFLAGS) -shared -fPIC -o $@ "$(srcdir)/tests/support/mpi_fault.c" $(MPI_LIBS)
tests/support/file_fault.so: tests/support/file_fault.c
	$(AM_V_at)$(MKDIR_P) tests/support
	$(AM_V_CCLD)$(CC) $(CFLAGS) -shared -fPIC -o $@ "$(srcdir)/tests/support/file_fault.c" -ldl

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
AM_BATS_LOG_FLAGS = --tap --timing
else
# 77 makes Automake report the test as skipped.
BATS_LOG_COMPILER = $(SHELL)
AM_BATS_LOG_FLAGS = -c 'echo "bats is missing"; exit 77'
endif

# OpenBLAS starts threads that allocate when it is loaded, in the middle of a test that counts.
# Open MPI refuses root, as in containers, and more ranks than cores (version 4, version 5), unless
# told otherwise. Over TCP it complains where there is no network; ranks of one machine need none. Without
# these two, version 4 looks for other networks for more than a second whenever it starts.
AM_TESTS_ENVIRONMENT = \
	LORE="$(abs_top_builddir)/lore$(EXEEXT)"; export LORE; \
	LORE_SOURCE="$(abs_top_srcdir)"; export LORE_SOURCE; \
	LORE_BUILD="$(abs_top_builddir)"; export LORE_BUILD; \
	OPENBLAS_NUM_THREADS=1; export OPENBLAS_NUM_THREADS; \
	OMPI_ALLOW_RUN_AS_ROOT=1; export OMPI_ALLOW_RUN_AS_ROOT; \
	OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM; \
	OMPI_MCA_rmaps_base_oversubscribe=1; export OMPI_MCA_rmaps_base_oversubscribe; \
	PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe; export PRTE_MCA_rmaps_default_mapping_policy; \
	OMPI_MCA_pml=ob1; export OMPI_MCA_pml; \
	OMPI_MCA_btl='^tcp,ofi'; export OMPI_MCA_btl; \
	LSAN_OPTIONS="suppressions=$(top_srcdir)/tests/support/leaks.supp"; export LSAN_OPTIONS;
