/* A training step after the first allocates nothing and touches no file. Calls of all threads are
 * counted by functions of libc's names, which stand before libc's for all libraries. */
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

enum { SKIPPED = 77 };

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ ||                                 \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
int main(void) {
  puts("sanitizers have an allocator of their own");
  return SKIPPED;
}
#else

#include "lore/model/gemm.h"
#include "support/small_world.h"

enum call {
  MALLOC,
  CALLOC,
  REALLOC,
  FREE,
  POSIX_MEMALIGN,
  ALIGNED_ALLOC,
  MMAP,
  BRK,
  SBRK,
  OPEN,
  OPENAT,
  FOPEN,
  READ,
  WRITE,
  CALLS
};

static const char *const call_name[CALLS] = {
    "malloc", "calloc", "realloc", "free",   "posix_memalign", "aligned_alloc", "mmap",
    "brk",    "sbrk",   "open",    "openat", "fopen",          "read",          "write"};

static atomic_int counting;
static atomic_long counted[CALLS];

/* LLVM's OpenMP takes memory for every loop; GNU's does not. */
static int is_of_llvm_openmp(void *caller) {
  Dl_info place;
  return dladdr(caller, &place) && place.dli_fname && strstr(place.dli_fname, "libomp.so");
}

static void count_from(enum call call, void *caller) {
  if (atomic_load(&counting) && !is_of_llvm_openmp(caller))
    atomic_fetch_add(&counted[call], 1);
}

#define COUNT(call) count_from(call, __builtin_return_address(0))

static void begin_counting(void) {
  for (int c = 0; c < CALLS; c++)
    atomic_store(&counted[c], 0);
  atomic_store(&counting, 1);
}

static void end_counting(void) {
  atomic_store(&counting, 0);
}

/* libc's allocator under its own names: dlsym allocates. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t items, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

void *malloc(size_t size) {
  COUNT(MALLOC);
  return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
  COUNT(CALLOC);
  return __libc_calloc(items, size);
}

void *realloc(void *memory, size_t size) {
  COUNT(REALLOC);
  return __libc_realloc(memory, size);
}

void free(void *memory) {
  COUNT(FREE);
  __libc_free(memory);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  COUNT(POSIX_MEMALIGN);
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size) {
  COUNT(ALIGNED_ALLOC);
  return __libc_memalign(alignment, size);
}

/* The function that would have been called. */
#define NEXT(name)  ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

void *mmap(void *at, size_t size, int protection, int flags, int file, off_t offset) {
  COUNT(MMAP);
  return NEXT(mmap)(at, size, protection, flags, file, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int file, off64_t offset) {
  COUNT(MMAP);
  return NEXT(mmap64)(at, size, protection, flags, file, offset);
}

int brk(void *end) {
  COUNT(BRK);
  return NEXT(brk)(end);
}

void *sbrk(intptr_t increment) {
  COUNT(SBRK);
  return NEXT(sbrk)(increment);
}

/* Reads the mode of open(), which is there only if a file may be made. */
#define MODE(flags, mode)                                                                          \
  do {                                                                                             \
    va_list rest;                                                                                  \
    va_start(rest, flags);                                                                         \
    mode = (flags) & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                             \
    va_end(rest);                                                                                  \
  } while (0)

int open(const char *path, int flags, ...) {
  mode_t mode;
  MODE(flags, mode);
  COUNT(OPEN);
  return NEXT(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  mode_t mode;
  MODE(flags, mode);
  COUNT(OPEN);
  return NEXT(open64)(path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
  mode_t mode;
  MODE(flags, mode);
  COUNT(OPENAT);
  return NEXT(openat)(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
  mode_t mode;
  MODE(flags, mode);
  COUNT(OPENAT);
  return NEXT(openat64)(directory, path, flags, mode);
}

FILE *fopen(const char *path, const char *mode) {
  COUNT(FOPEN);
  return NEXT(fopen)(path, mode);
}

FILE *fopen64(const char *path, const char *mode) {
  COUNT(FOPEN);
  return NEXT(fopen64)(path, mode);
}

ssize_t read(int file, void *to, size_t size) {
  COUNT(READ);
  return NEXT(read)(file, to, size);
}

ssize_t write(int file, const void *from, size_t size) {
  COUNT(WRITE);
  return NEXT(write)(file, from, size);
}

/* What the compiler must not know, so that it keeps calls whose result nobody uses. */
static void *volatile memory;
static volatile int file;

/* Makes one call of each kind; closing a stream frees it. */
static void *call_each(void *unused) {
  void *page;
  FILE *stream;
  char byte = 0;
  memory = malloc(10);
  memory = realloc(memory, 1000);
  free(memory);
  __libc_free(memory = calloc(2, 5));
  if (!posix_memalign(&page, 64, 128))
    __libc_free(page);
  __libc_free(memory = aligned_alloc(64, 128));
  page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page, 4096);
  brk(sbrk(0));
  file = open("/dev/zero", O_RDWR);
  file -= read(file, &byte, 1) == 1 && write(file, &byte, 1) == 1 ? 0 : 1000;
  close(file);
  file = openat(AT_FDCWD, "/dev/zero", O_RDONLY);
  close(file);
  stream = fopen("/dev/zero", "r");
  atomic_store(&counting, 0);
  fclose(stream);
  return unused;
}

/* fopen allocates, by whichever of these calls: then one more is seen. */
static void assert_each_counted(void) {
  for (int c = 0; c < CALLS; c++)
    if (!(counted[c] == 1 || (c == MALLOC && counted[c] == 2)))
      fail_msg("%s was called once, counted %ld times", call_name[c], counted[c]);
}

static void counters_count(void **state) {
  (void)state;
  begin_counting();
  memory = malloc(1);
  end_counting();
  free(memory);
  for (int c = 0; c < CALLS; c++)
    assert_int_equal(counted[c], c == MALLOC);
  begin_counting();
  call_each(NULL);
  assert_each_counted();
}

static void *wait_and_call(void *go) {
  while (!atomic_load((atomic_int *)go))
    usleep(1000);
  return call_each(NULL);
}

static void counters_see_other_threads(void **state) {
  (void)state;
  atomic_int go = 0;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, wait_and_call, &go), 0);
  begin_counting();
  atomic_store(&go, 1);
  pthread_join(thread, NULL);
  end_counting();
  assert_each_counted();
}

enum { WARM_UP = 3, STEPS = 10 };

static void check_steps_by(lore_optimizer optimizer, int threads, int shard, lore_mixer mixer,
                           lore_precision precision) {
  small_world world;
  lore_model_config config = small_world_config(2, 16);
  config.precision = precision;
  config.mixer = mixer;
  config.positions = lore_mixer_attends(mixer) ? LORE_POSITIONS_ROTARY : LORE_POSITIONS_NONE;
  config.recurrent_width = lore_mixer_has_width(mixer) ? 24 : 0;
  lore_train_config train = {.steps = WARM_UP + STEPS,
                             .batch = 6,
                             .shard = shard,
                             .learning_rate = 1e-3,
                             .final_learning_rate = 1e-4,
                             .optimizer = optimizer,
                             .matrix_learning_rate = 1e-3,
                             .momentum = 0.95,
                             .beta1 = 0.9,
                             .beta2 = 0.95,
                             .epsilon = 1e-8,
                             .clip = 1};
  lore_trainer *trainer;
  small_world_create(&world, &config, 100, 0);
  assert_int_equal(lore_gemm_select(LORE_GEMM_BUILTIN), LORE_OK);
  assert_int_equal(lore_trainer_create(world.model, &train, world.source, world.longest,
                                       lore_team_alone(), threads, 1, &trainer),
                   LORE_OK);
  for (int64_t step = 0; step < WARM_UP; step++)
    small_world_step(trainer, step);
  begin_counting();
  for (int64_t step = WARM_UP; step < WARM_UP + STEPS; step++)
    small_world_step(trainer, step);
  end_counting();
  lore_trainer_destroy(trainer);
  small_world_destroy(&world);
  for (int c = 0; c < CALLS; c++)
    if (counted[c] != 0)
      fail_msg("%d threads, shards of %d, %s, %s: %s was called %ld times in %d steps", threads,
               shard, lore_mixer_name(mixer), lore_precision_name(precision), call_name[c],
               counted[c], STEPS);
}

static void check_steps(int threads, int shard, lore_mixer mixer, lore_precision precision) {
  check_steps_by(LORE_OPTIMIZER_ADAMW, threads, shard, mixer, precision);
}

static void one_thread_is_quiet(void **state) {
  (void)state;
  check_steps(1, 1, LORE_MIXER_ATTENTION, LORE_FLOAT32);
}

static void two_threads_are_quiet(void **state) {
  (void)state;
  check_steps(2, 1, LORE_MIXER_ATTENTION, LORE_FLOAT32);
}

static void crews_are_quiet(void **state) {
  (void)state;
  check_steps(2, 6, LORE_MIXER_ATTENTION, LORE_FLOAT32);
  check_steps(6, 3, LORE_MIXER_RG_LRU, LORE_FLOAT32);
  check_steps(4, 3, LORE_MIXER_ATTENTION, LORE_BF16);
}

static void bf16_is_quiet(void **state) {
  (void)state;
  check_steps(1, 1, LORE_MIXER_ATTENTION, LORE_BF16);
  check_steps(2, 1, LORE_MIXER_ATTENTION, LORE_BF16);
}

static void muon_is_quiet(void **state) {
  (void)state;
  check_steps_by(LORE_OPTIMIZER_MUON, 1, 1, LORE_MIXER_ATTENTION, LORE_FLOAT32);
  check_steps_by(LORE_OPTIMIZER_MUON, 2, 1, LORE_MIXER_RG_LRU, LORE_BF16);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(muon_is_quiet),
      cmocka_unit_test(counters_count),
      cmocka_unit_test(counters_see_other_threads),
      cmocka_unit_test(one_thread_is_quiet),
      cmocka_unit_test(two_threads_are_quiet),
      cmocka_unit_test(crews_are_quiet),
      cmocka_unit_test(bf16_is_quiet),
  };
  const char *preload = getenv("LD_PRELOAD");
  if (preload && strstr(preload, "vgpreload")) {
    puts("valgrind has an allocator of its own");
    return SKIPPED;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
