/* Writing files whole. */
#include "lore/base/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static lore_status fail_operation(const char *operation, const char *path, int error) {
  return lore_fail(LORE_FILE, "cannot %s %s: %s", operation, path, strerror(error));
}

lore_status lore_partial_name(const char *path, char **partial) {
  if (asprintf(partial, "%s.partial", path) < 0)
    return lore_fail(LORE_MEMORY, "cannot allocate the name of %s", path);
  return LORE_OK;
}

/* fsync of a file or directory; 0 or errno. Some file systems cannot flush a directory and say
 * EINVAL. */
static int flush_file(const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0)
    return errno;
  int error = fsync(fd) && errno != EINVAL ? errno : 0;
  close(fd);
  return error;
}

static lore_status flush_directory(const char *path) {
  char *copy = strdup(path);
  if (!copy)
    return lore_fail(LORE_MEMORY, "cannot allocate the name of %s", path);
  int error = flush_file(dirname(copy), O_RDONLY | O_DIRECTORY);
  free(copy);
  return error ? fail_operation("flush the directory of", path, error) : LORE_OK;
}

lore_status lore_partial_commit(const char *partial, const char *path) {
  int error = flush_file(partial, O_RDWR);
  if (error)
    return fail_operation("flush", partial, error);
  if (rename(partial, path))
    return fail_operation("put a new file at", path, errno);
  return flush_directory(path);
}

static lore_status name_partial(const char *path, bool shared, char **partial) {
  char host[65] = "";
  if (!shared)
    return lore_partial_name(path, partial);
  gethostname(host, sizeof host - 1);
  if (asprintf(partial, "%s.partial-%s-%ld", path, host, (long)getpid()) < 0)
    return lore_fail(LORE_MEMORY, "cannot allocate the name of %s", path);
  return LORE_OK;
}

static void free_textfile(lore_textfile *file) {
  free(file->path);
  free(file->partial);
  *file = (lore_textfile){0};
}

lore_status lore_textfile_begin(const char *path, bool shared, lore_textfile *file) {
  *file = (lore_textfile){0};
  LORE_TRY(name_partial(path, shared, &file->partial));
  file->path = strdup(path);
  file->stream = fopen(file->partial, "we");
  if (file->path && file->stream)
    return LORE_OK;
  lore_status status = file->path ? fail_operation("write", path, errno)
                                  : lore_fail(LORE_MEMORY, "cannot allocate the name of %s", path);
  if (file->stream)
    fclose(file->stream);
  free_textfile(file);
  return status;
}

/* Closes the stream; 0 or errno of whatever went wrong with it. */
static int close_stream(FILE *stream) {
  int failed_before = ferror(stream);
  int error = fflush(stream) ? errno : failed_before ? EIO : 0;
  if (!error && fsync(fileno(stream)))
    error = errno;
  return fclose(stream) && !error ? errno : error;
}

lore_status lore_textfile_commit(lore_textfile *file) {
  int error = close_stream(file->stream);
  if (!error && rename(file->partial, file->path))
    error = errno;
  if (error)
    unlink(file->partial);
  lore_status status =
      error ? fail_operation("write", file->path, error) : flush_directory(file->path);
  free_textfile(file);
  return status;
}
