/* The fastest backend is measured once for a directory of results and then kept. The file is locked
 * while it is read and written: of several jobs that begin at once, one measures. */
#include "backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/log.h"
#include "lore/base/threads.h"
#include "lore/data/vocabulary.h"
#include "lore/io/path.h"
#include "lore/model/decoder.h"
#include "lore/settings/settings.h"
#include "task.h"

#define KEY "gemm: "

enum { FILE_SIZE = 1024, TIMES = 128 };

/* The first run whose settings say auto. (The products of a toy memory are too small to tell
 * backends apart; those in bf16 are always our own.) */
static bool find_undecided(const lore_manifest *manifest, lore_settings *settings) {
  for (int r = 0; r < manifest->runs; r++) {
    lore_manifest_settings(manifest, r, settings);
    if (lore_gemm_for(settings->model.precision, settings->compute.gemm) == LORE_GEMM_AUTO &&
        lore_run_task_of(settings->task)->sharded)
      return true;
  }
  return false;
}

/* Selects the fastest backend on the shapes of a step; `times` says how fast they are. */
static lore_status time_shapes(const lore_settings *s, const lore_model *model, int longest,
                               char *times) {
  enum { ROWS_MAX = 512, ROWS_MIN = 64 };
  lore_gemm_shape shapes[LORE_GEMM_SHAPES_MAX];
  int threads = s->compute.threads ? s->compute.threads : lore_threads_allowed();
  int rows = s->train.shard * longest;
  /* So many that a pass takes a few hundredths of a second. */
  double affordable = 3e9 / lore_model_flops_per_token(model, 0);
  if (rows > affordable)
    rows = affordable > ROWS_MIN ? (int)affordable : ROWS_MIN;
  int count = lore_decoder_gemm_shapes(model, rows < ROWS_MAX ? rows : ROWS_MAX, shapes);
  LORE_TRY(lore_threads_pin(threads));
  return lore_gemm_choose(shapes, count, threads, 0.3, TIMES, times);
}

static lore_status time_backends(const lore_settings *settings, char *times) {
  lore_vocabulary *vocabulary = NULL;
  lore_model *model = NULL;
  lore_status status = lore_vocabulary_create(settings->population.questions, &vocabulary);
  int longest = status == LORE_OK ? lore_vocabulary_longest_biography(vocabulary) : 0;
  if (status == LORE_OK)
    status = lore_model_create(&settings->model, lore_vocabulary_size(vocabulary), longest, &model);
  if (status == LORE_OK)
    status = time_shapes(settings, model, longest, times);
  lore_model_destroy(model);
  lore_vocabulary_destroy(vocabulary);
  return status;
}

/* The backend that `text` names; LORE_GEMM_AUTO if it is not the whole of such a file. */
static lore_gemm_backend parse_backend(const char *text) {
  const char *line = strstr(text, "\n" KEY);
  if (!line || text[strlen(text) - 1] != '\n')
    return LORE_GEMM_AUTO;
  line += 1 + strlen(KEY);
  for (int b = LORE_GEMM_BUILTIN; b <= LORE_GEMM_ONEDNN; b++) {
    const char *name = lore_gemm_name((lore_gemm_backend)b);
    if (strcspn(line, "\n") == strlen(name) && !strncmp(line, name, strlen(name)))
      return (lore_gemm_backend)b;
  }
  return LORE_GEMM_AUTO;
}

static lore_status read_backend(int fd, const char *path, lore_gemm_backend *backend) {
  char text[FILE_SIZE];
  ssize_t length = pread(fd, text, sizeof text - 1, 0);
  if (length < 0)
    return lore_fail(LORE_FILE, "cannot read %s: %s", path, strerror(errno));
  text[length] = 0;
  *backend = parse_backend(text);
  /* Without its last line end it is what a killed process has left: measured anew. */
  if (*backend == LORE_GEMM_AUTO && length > 0 && text[length - 1] == '\n')
    return lore_fail(LORE_USER,
                     "%s is damaged: no line '" KEY "' with builtin, cblas or onednn; "
                     "'compute.gemm: auto' means what it says, so put it back, or name a backend "
                     "in the study",
                     path);
  if (lore_gemm_has(*backend))
    return LORE_OK;
  return lore_fail(LORE_USER,
                   "%s says that 'compute.gemm: auto' is %s here, which this build of lore lacks; "
                   "continue with a build that has it, or begin again in another directory",
                   path, lore_gemm_name(*backend));
}

static lore_status write_backend(int fd, const char *path, lore_gemm_backend backend,
                                 const char *times) {
  char text[FILE_SIZE];
  int length = snprintf(text, sizeof text,
                        "# What 'compute.gemm: auto' stands for in this directory; measured once:\n"
                        "# %s\n" KEY "%s\n",
                        times, lore_gemm_name(backend));
  if (!ftruncate(fd, 0) && pwrite(fd, text, (size_t)length, 0) == length && !fsync(fd))
    return LORE_OK;
  int error = errno ? errno : ENOSPC;
  (void)!ftruncate(fd, 0);
  return lore_fail(LORE_FILE, "cannot write %s: %s", path, strerror(error));
}

/* With the file open and locked. */
static lore_status settle(int fd, const char *path, const lore_settings *settings, bool quiet,
                          lore_gemm_backend *backend) {
  char times[TIMES];
  LORE_TRY(read_backend(fd, path, backend));
  if (*backend != LORE_GEMM_AUTO)
    return LORE_OK;
  LORE_TRY(time_backends(settings, times));
  *backend = lore_gemm_selected();
  if (!quiet)
    lore_info("matrix products: %s (kept in %s)", times, path);
  errno = 0;
  return write_backend(fd, path, *backend, times);
}

lore_status lore_backend_settle(const lore_manifest *manifest, const char *directory, bool quiet,
                                lore_gemm_backend *backend) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  char path[LORE_PATH_MAX];
  lore_settings settings;
  *backend = LORE_GEMM_BUILTIN;
  if (!find_undecided(manifest, &settings))
    return LORE_OK;
  LORE_TRY(lore_directory_make(directory));
  LORE_TRY(lore_path_join(directory, LORE_PATH_GEMM, path));
  int fd = lore_path_open(path, O_RDWR | O_CREAT);
  if (fd < 0)
    return lore_fail(LORE_FILE, "cannot open %s: %s", path, lore_path_reason(errno));
  lore_status status = fcntl(fd, F_OFD_SETLKW, &whole)
                           ? lore_fail(LORE_FILE, "cannot lock %s: %s", path, strerror(errno))
                           : settle(fd, path, &settings, quiet, backend);
  close(fd);
  return status;
}
