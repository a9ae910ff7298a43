/* A library to preload that makes calls on files fail, as a full quota or a broken disk does.
 *
 * LORE_FILE_FAULT=write:3:EIO:exposure.nc lets all writes to files whose names contain exposure.nc
 * fail from the third on; write:3-3:... only the third. A name with a slash is looked for in the
 * whole path. Calls are write (which stands for pwrite and fallocate too), close, fsync, rename and
 * open (for writing). LORE_FAULT_FILE, if given, is created at the first fault. With
 * LORE_FAULT_WHILE nothing fails unless a file of that name is there. A close that fails has closed
 * the file, but what was written since the last fsync may be lost: the end of the file becomes
 * zeros. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int error_number(const char *name) {
  static const struct {
    const char *name;
    int number;
  } errors[] = {{"EIO", EIO}, {"EDQUOT", EDQUOT}, {"ENOSPC", ENOSPC}, {"EROFS", EROFS}};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (!strcmp(name, errors[i].name))
      return errors[i].number;
  abort();
}

/* The fault's errno if this call on `path` is to fail, else 0. */
static int is_due(const char *call, const char *path) {
  static int calls;
  char wanted[16], error[16], name[256];
  int first, last = 1 << 30;
  const char *fault = getenv("LORE_FILE_FAULT"), *file = getenv("LORE_FAULT_FILE");
  const char *during = getenv("LORE_FAULT_WHILE");
  if (!fault ||
      (sscanf(fault, "%15[^:]:%d-%d:%15[^:]:%255s", wanted, &first, &last, error, name) != 5 &&
       (last = 1 << 30,
        sscanf(fault, "%15[^:]:%d:%15[^:]:%255s", wanted, &first, error, name) != 4)))
    return 0;
  const char *end = strrchr(path, '/');
  if (strcmp(call, wanted) || !strstr(end && !strchr(name, '/') ? end : path, name) ||
      (during && access(during, F_OK)) || ++calls < first || calls > last)
    return 0;
  if (file) {
    int fd = creat(file, 0666);
    if (fd >= 0)
      ((int (*)(int))dlsym(RTLD_NEXT, "close"))(fd);
  }
  return errno = error_number(error);
}

static int is_due_at(const char *call, int fd) {
  char link[64], path[4096];
  int before = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = before;
  path[length > 0 ? length : 0] = 0;
  return length > 0 && *path == '/' ? is_due(call, path) : 0;
}

/* As a file system that kept data back and cannot write them. */
static void lose_end(int fd) {
  struct stat about;
  char link[64];
  enum { LOST = 64 };
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY || fstat(fd, &about) ||
      !S_ISREG(about.st_mode) || about.st_size < LOST)
    return;
  if (!truncate(link, about.st_size - LOST))
    (void)!truncate(link, about.st_size);
}

#define NEXT(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

ssize_t write(int fd, const void *bytes, size_t size) {
  return is_due_at("write", fd) ? -1 : NEXT(write)(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  return is_due_at("write", fd) ? -1 : NEXT(pwrite)(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  return is_due_at("write", fd) ? -1 : NEXT(pwrite64)(fd, bytes, size, at);
}

int fallocate(int fd, int mode, off_t at, off_t size) {
  return is_due_at("write", fd) ? -1 : NEXT(fallocate)(fd, mode, at, size);
}

int fsync(int fd) {
  return is_due_at("fsync", fd) ? -1 : NEXT(fsync)(fd);
}

int close(int fd) {
  int error = is_due_at("close", fd);
  if (error)
    lose_end(fd);
  int result = NEXT(close)(fd);
  if (!error)
    return result;
  errno = error;
  return -1;
}

int rename(const char *from, const char *to) {
  return is_due("rename", to) ? -1 : NEXT(rename)(from, to);
}

static int may_open(const char *path, int flags) {
  return (flags & O_ACCMODE) == O_RDONLY || !is_due("open", path);
}

int open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  int mode = va_arg(arguments, int);
  va_end(arguments);
  return may_open(path, flags) ? NEXT(open)(path, flags, mode) : -1;
}

int open64(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  int mode = va_arg(arguments, int);
  va_end(arguments);
  return may_open(path, flags) ? NEXT(open64)(path, flags, mode) : -1;
}
