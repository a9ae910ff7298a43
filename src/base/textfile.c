/* Writing files whole. */
#include "lore/base/textfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static lore_status fail_operation(const char *operation, const char *path, int error) {
  return lore_fail(LORE_FILE, "cannot %s %s: %s", operation, path, strerror(error));
}

/* What is put in its place would be a regular file: /dev/null would be none any more. */
static lore_status check_target(const char *path) {
  struct stat about;
  if (stat(path, &about) || S_ISREG(about.st_mode) || S_ISDIR(about.st_mode))
    return LORE_OK; /* a directory is not replaced */
  return lore_fail(LORE_FILE, "cannot write %s: it is no regular file", path);
}

lore_status lore_partial_name(const char *path, char **partial) {
  LORE_TRY(check_target(path));
  if (asprintf(partial, "%s.partial", path) < 0)
    return lore_fail(LORE_MEMORY, "cannot allocate the name of %s", path);
  return LORE_OK;
}

int lore_bytes_write(int fd, const void *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t more = write(fd, (const char *)bytes + done, size - done);
    if (more == 0 || (more < 0 && errno != EINTR))
      return more ? errno : EIO;
    done += more > 0 ? (size_t)more : 0;
  }
  return 0;
}

/* Some file systems cannot flush a directory and say EINVAL. */
static lore_status flush_directory(const char *path) {
  char *copy = strdup(path);
  if (!copy)
    return lore_fail(LORE_MEMORY, "cannot allocate the name of %s", path);
  int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free(copy);
  int error = fd < 0 || (fsync(fd) && errno != EINVAL) ? errno : 0;
  if (fd >= 0 && close(fd) && !error)
    error = errno;
  return error ? fail_operation("flush the directory of", path, error) : LORE_OK;
}

lore_status lore_partial_flush(int fd, const char *partial) {
  return fsync(fd) ? fail_operation("flush", partial, errno) : LORE_OK;
}

lore_status lore_partial_rename(const char *partial, const char *path) {
  if (rename(partial, path))
    return fail_operation("put a new file at", path, errno);
  return flush_directory(path);
}

lore_status lore_partial_finish(lore_status status, char *partial, const char *path) {
  if (status == LORE_OK)
    status = lore_partial_rename(partial, path);
  if (status != LORE_OK)
    unlink(partial);
  free(partial);
  return status;
}

/* Temporary names of `prefix` whose process is dead, on this machine; others' may be alive. */
static void remove_left(const char *directory, const char *prefix) {
  DIR *stream = opendir(directory);
  for (struct dirent *entry; stream && (entry = readdir(stream));) {
    char *end;
    if (strncmp(entry->d_name, prefix, strlen(prefix)))
      continue;
    long process = strtol(entry->d_name + strlen(prefix), &end, 10);
    if (!*end && process > 0 && kill((pid_t)process, 0) && errno == ESRCH)
      unlinkat(dirfd(stream), entry->d_name, 0);
  }
  if (stream)
    closedir(stream);
}

/* PATH.partial-HOST-PID, a name of this process's own; also removes what killed ones have left. */
static lore_status name_own_partial(const char *path, char **partial) {
  LORE_TRY(check_target(path));
  char host[65] = "", *folder = strdup(path), *prefix = NULL;
  const char *slash = strrchr(path, '/');
  gethostname(host, sizeof host - 1);
  if (asprintf(&prefix, "%s.partial-%s-", slash ? slash + 1 : path, host) < 0)
    prefix = NULL;
  bool named =
      folder && prefix && asprintf(partial, "%s.partial-%s-%ld", path, host, (long)getpid()) >= 0;
  if (named)
    remove_left(dirname(folder), prefix);
  free(folder);
  free(prefix);
  return named ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate the name of %s", path);
}

/* What a stream writes to: the C library's own would keep no reason of a failure. */
struct lore_textfile_sink {
  int fd, error; /* errno of the first write that failed */
};

static ssize_t write_sink(void *context, const char *bytes, size_t size) {
  lore_textfile_sink *sink = context;
  if (!sink->error)
    sink->error = lore_bytes_write(sink->fd, bytes, size);
  return sink->error ? 0 : (ssize_t)size;
}

static void free_textfile(lore_textfile *file) {
  if (file->stream)
    fclose(file->stream);
  if (file->sink && file->sink->fd >= 0)
    close(file->sink->fd);
  free(file->sink);
  free(file->path);
  free(file->partial);
  *file = (lore_textfile){0};
}

lore_status lore_textfile_begin(const char *path, bool shared, lore_textfile *file) {
  *file = (lore_textfile){0};
  LORE_TRY((shared ? name_own_partial : lore_partial_name)(path, &file->partial));
  file->path = strdup(path);
  file->sink = calloc(1, sizeof *file->sink);
  lore_status status = LORE_OK;
  if (file->sink) {
    file->sink->fd =
        open(file->partial, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0666);
    if (file->sink->fd < 0)
      status = fail_operation("write", path, errno);
    else
      file->stream = fopencookie(file->sink, "w", (cookie_io_functions_t){.write = write_sink});
  }
  if (status == LORE_OK && (!file->path || !file->stream))
    status = lore_fail(LORE_MEMORY, "cannot allocate the name of %s", path);
  if (status != LORE_OK)
    free_textfile(file);
  return status;
}

/* Ends the stream and its file; 0 or errno of whatever went wrong with them. */
static int close_stream(lore_textfile *file) {
  lore_textfile_sink *sink = file->sink;
  int failed = fclose(file->stream), error = sink->error;
  file->stream = NULL;
  if (!error && failed)
    error = EIO;
  if (!error && fsync(sink->fd))
    error = errno;
  if (close(sink->fd) && !error)
    error = errno;
  sink->fd = -1;
  return error;
}

lore_status lore_textfile_commit(lore_textfile *file) {
  int error = close_stream(file);
  if (!error && rename(file->partial, file->path))
    error = errno;
  if (error)
    unlink(file->partial);
  lore_status status =
      error ? fail_operation("write", file->path, error) : flush_directory(file->path);
  free_textfile(file);
  return status;
}

void lore_textfile_abandon(lore_textfile *file) {
  unlink(file->partial);
  free_textfile(file);
}

lore_status lore_bytes_put(const char *path, const void *bytes, size_t size) {
  lore_textfile file;
  LORE_TRY(lore_textfile_begin(path, true, &file));
  file.sink->error = lore_bytes_write(file.sink->fd, bytes, size);
  return lore_textfile_commit(&file);
}

/* Makes a file in `directory` that never has a name; 0 or errno. Not all file systems can: those
 * are asked for permission only. */
static int try_directory(const char *directory) {
  int fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (fd >= 0)
    return close(fd) ? errno : 0;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
    return errno;
  return access(directory, W_OK | X_OK) ? errno : 0;
}

lore_status lore_textfile_try(const char *path, bool makes) {
  struct stat about;
  LORE_TRY(check_target(path));
  if (!stat(path, &about) && S_ISDIR(about.st_mode))
    return fail_operation("write", path, EISDIR);
  char *copy = strdup(path);
  if (!copy)
    return lore_fail(LORE_MEMORY, "cannot allocate the name of %s", path);
  char *directory = dirname(copy);
  while (makes && access(directory, F_OK) && errno == ENOENT && strcmp(directory, ".") != 0)
    directory = dirname(directory);
  int error = try_directory(directory);
  free(copy);
  return error ? fail_operation("write", path, error) : LORE_OK;
}
