/* Who has a run: an open-file-description lock, which no death of its holder can leave behind. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/io/path.h"
#include "lore/io/state.h"

static lore_status lock_name(const char *directory, char **path) {
  if (asprintf(path, "%s/" LORE_PATH_LOCK, directory) < 0)
    return lore_fail(LORE_MEMORY, "no memory for the name of the lock in %s", directory);
  return LORE_OK;
}

/* The text that the holder left in the file; "unknown" before it has. */
static void read_holder(int fd, char *holder) {
  ssize_t length = pread(fd, holder, LORE_STATE_TEXT - 1, 0);
  holder[length > 0 ? length : 0] = '\0';
  holder[strcspn(holder, "\n")] = '\0';
  if (!*holder)
    strcpy(holder, "unknown");
}

/* The text only serves messages, so a full disk is no failure: the file is empty then. */
static void write_holder(int fd) {
  char host[LORE_STATE_TEXT - 16] = "unknown", text[LORE_STATE_TEXT];
  gethostname(host, sizeof host - 1);
  int length = snprintf(text, sizeof text, "%s %ld\n", host, (long)getpid());
  if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)length, 0) != length)
    (void)!ftruncate(fd, 0);
}

static lore_status fail_lock(const char *path, int error) {
  if (error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP || error == EINVAL)
    return lore_fail(LORE_FILE,
                     "cannot lock %s: %s; the file system has no locks, without which two jobs "
                     "could train the same run: put the directory on another file system, or have "
                     "this one mounted with locks (NFS: version 4, or lockd without 'nolock'; "
                     "Lustre: 'flock')",
                     path, strerror(error));
  return lore_fail(LORE_FILE, "cannot lock %s: %s", path, strerror(error));
}

static lore_status take(const char *path, int *lock, char *holder) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0)
    return lore_fail(LORE_FILE, "cannot open %s: %s", path, strerror(errno));
  if (!fcntl(fd, F_OFD_SETLK, &whole)) {
    write_holder(fd);
    *lock = fd;
    return LORE_OK;
  }
  int error = errno;
  if (error == EAGAIN || error == EACCES)
    read_holder(fd, holder);
  close(fd);
  return error == EAGAIN || error == EACCES ? LORE_OK : fail_lock(path, error);
}

lore_status lore_state_lock(const char *directory, int *lock, char *holder) {
  char *path;
  *lock = -1;
  *holder = '\0';
  LORE_TRY(lock_name(directory, &path));
  lore_status status = take(path, lock, holder);
  free(path);
  return status;
}

void lore_state_unlock(int lock) {
  (void)!ftruncate(lock, 0);
  close(lock);
}

bool lore_state_locked(const char *directory) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  char *path;
  if (lock_name(directory, &path) != LORE_OK)
    return false;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  free(path);
  if (fd < 0)
    return false;
  bool locked = !fcntl(fd, F_OFD_GETLK, &whole) && whole.l_type != F_UNLCK;
  close(fd);
  return locked;
}
