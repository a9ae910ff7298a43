/* Every path and file name of a directory of results:
 *
 *   DIR/study.yaml  study.overrides  manifest.tsv    the frozen study (manifest)
 *       gemm.yaml                                    what compute.gemm: auto stands for (run)
 *       jobs/                                        scripts and logs (submit)
 *       runs/<id>/study.yaml  state.yaml  lock       a run's settings, state, holder
 *                 metrics.nc  exposure.nc  probe.nc  what it measured
 *                 checkpoints/weights_<step>.nc      snapshots
 *                             resume_<step>.nc       resume points
 *       <study>.nc  <study>_probe.nc                 collected from all runs
 *       report.html                                  all of it as a page (report)
 */
#ifndef LORE_IO_PATH_H
#define LORE_IO_PATH_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "lore/base/status.h"

/* Of the directory. */
#define LORE_PATH_OVERRIDES "study.overrides"
#define LORE_PATH_MANIFEST  "manifest.tsv"
#define LORE_PATH_GEMM      "gemm.yaml"
#define LORE_PATH_JOBS      "jobs"
#define LORE_PATH_RUNS      "runs"
#define LORE_PATH_REPORT    "report.html"

/* Of the directory and of a run. */
#define LORE_PATH_STUDY "study.yaml"

/* Of a run. */
#define LORE_PATH_STATE       "state.yaml"
#define LORE_PATH_LOCK        "lock"
#define LORE_PATH_METRICS     "metrics.nc"
#define LORE_PATH_EXPOSURE    "exposure.nc"
#define LORE_PATH_PROBE       "probe.nc"
#define LORE_PATH_CHECKPOINTS "checkpoints"

enum { LORE_PATH_MAX = 4096 };

/* All `path`s that are written to have LORE_PATH_MAX bytes; LORE_USER if that is too few. */

/* directory/name */
lore_status lore_path_join(const char *directory, const char *name, char *path);

/* directory/runs/<id>, for all that is of one run. */
lore_status lore_directory_of_run(const char *directory, const char *id, char *path);

/* run/checkpoints/weights_<step>.nc; `run` is the run's directory. */
lore_status lore_path_of_weights(const char *run, int64_t step, char *path);

/* The absolute form of `path`, which exists. Links stay, also in the name of the working directory
 * as the shell has it: other machines may have their targets at another place. LORE_FILE. */
lore_status lore_path_absolute(const char *path, char *absolute);

/* directory/<study>.nc; <study>_probe.nc if `probes`. */
lore_status lore_path_of_collection(const char *directory, const char *study, bool probes,
                                    char *path);

/* The step in the name weights_<step>.nc; -1 if `name` is another one. */
int64_t lore_path_weights_step(const char *name);

/* For scandir: whether an entry has such a name. */
int lore_path_is_weights(const struct dirent *entry);

/* Whether `path` can be read now, or within LORE_FILE_WAIT seconds (environment; 60): a network
 * file system may show a file of another node late. Returns early if told to stop. `who` needs it:
 * says so once on stderr if it has to wait. */
bool lore_path_appears(const char *path, const char *who);

/* Opens a regular file as open(2) does, never waiting for the other end of a pipe. Returns -1 and
 * sets errno otherwise: EISDIR for a directory, ENXIO for a pipe, a socket or a device. `flags` may
 * include O_CREAT. */
int lore_path_open(const char *path, int flags);

/* What an errno of lore_path_open means. */
const char *lore_path_reason(int error);

/* Makes the directory `path` and those that lead to it. LORE_FILE with the system's reason. */
lore_status lore_directory_make(const char *path);

#endif
