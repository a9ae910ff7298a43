/* A run as others see it: its state file, one "key: value" per line (YAML that needs no YAML
 * parser), and the lock of the process that has it. */
#include "lore/io/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/textfile.h"
#include "lore/io/path.h"
#include "lore/io/quote.h"

enum { FILE_MAX = 16384, READ_ATTEMPTS = 3, HASH_DIGITS = 16 };

typedef enum {
  FIELD_STAGE,
  FIELD_INT,
  FIELD_INT64,
  FIELD_HASH,
  FIELD_SECONDS,
  FIELD_TEXT
} field_kind;

typedef struct {
  const char *key;
  field_kind kind;
  size_t offset, size; /* size: of a text */
  bool optional;       /* files of earlier versions lack it */
} field;

static const field fields[] = {
    {"state", FIELD_STAGE, offsetof(lore_state, stage), 0, false},
    {"step", FIELD_INT64, offsetof(lore_state, step), 0, false},
    {"steps", FIELD_INT64, offsetof(lore_state, steps), 0, false},
    {"ranks", FIELD_INT, offsetof(lore_state, ranks), 0, false},
    {"threads", FIELD_INT, offsetof(lore_state, threads), 0, false},
    {"attempts", FIELD_INT, offsetof(lore_state, attempts), 0, false},
    {"deaths", FIELD_INT, offsetof(lore_state, deaths), 0, true},
    {"hash", FIELD_HASH, offsetof(lore_state, hash), 0, true},
    {"records", FIELD_INT64, offsetof(lore_state, records), 0, true},
    {"metrics_checksum", FIELD_TEXT, offsetof(lore_state, checksum), LORE_STATE_TEXT, true},
    {"updated", FIELD_SECONDS, offsetof(lore_state, updated), 0, false},
    {"host", FIELD_TEXT, offsetof(lore_state, host), LORE_STATE_TEXT, false},
    {"job", FIELD_TEXT, offsetof(lore_state, job), LORE_STATE_TEXT, false},
    {"message", FIELD_TEXT, offsetof(lore_state, message), LORE_STATE_MESSAGE, false},
    {"isa", FIELD_TEXT, offsetof(lore_state, isa), LORE_STATE_TEXT, true},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static const char *const stage_names[] = {LORE_RUN_STAGE_LIST(LORE_ENUM_NAME)};
enum { STAGES = sizeof stage_names / sizeof *stage_names };

static lore_status state_path(const char *directory, char **path) {
  if (asprintf(path, "%s/" LORE_PATH_STATE, directory) < 0)
    return lore_fail(LORE_MEMORY, "cannot allocate the name of the state of %s", directory);
  return LORE_OK;
}

static bool parse_stage(const char *text, void *at) {
  for (int i = 0; i < STAGES; i++)
    if (!strcmp(text, stage_names[i])) {
      *(lore_run_stage *)at = (lore_run_stage)i;
      return true;
    }
  return false;
}

static bool parse_integer(const char *text, int64_t most, int64_t *number) {
  char *end;
  errno = 0;
  *number = strtoll(text, &end, 10);
  return end != text && !*end && !errno && *number >= 0 && *number <= most;
}

static bool parse_value(const field *field, const char *text, lore_state *state) {
  void *at = (char *)state + field->offset;
  int64_t number = 0;
  bool good = false;
  char *end;
  switch (field->kind) {
  case FIELD_STAGE:
    return parse_stage(text, at);
  case FIELD_INT:
    good = parse_integer(text, INT32_MAX, &number);
    *(int *)at = (int)number;
    return good;
  case FIELD_INT64:
    return parse_integer(text, INT64_MAX, at);
  case FIELD_HASH:
    *(uint64_t *)at = strtoull(text, &end, 16);
    return strlen(text) == HASH_DIGITS && !*end;
  case FIELD_SECONDS:
    *(double *)at = strtod(text, &end);
    return end != text && !*end;
  case FIELD_TEXT:
    return lore_quote_read(text, field->size, at);
  }
  return false;
}

/* Takes one line apart in place. Keys that a later version may add are passed over. */
static lore_status parse_line(const char *path, int number, char *line, lore_state *state,
                              unsigned *seen) {
  char *colon = strstr(line, ": ");
  if (!*line || *line == '#')
    return LORE_OK;
  if (colon)
    *colon = '\0';
  for (int i = 0; i < FIELDS && colon; i++)
    if (!strcmp(line, fields[i].key)) {
      *seen |= 1u << i;
      if (parse_value(&fields[i], colon + 2, state))
        return LORE_OK;
      return lore_fail(LORE_FILE, "%s, line %d: '%s' is not a value of '%s'", path, number,
                       colon + 2, line);
    }
  return colon ? LORE_OK
               : lore_fail(LORE_FILE, "%s, line %d: not of the form 'key: value'", path, number);
}

static lore_status parse_text(const char *path, char *text, lore_state *state) {
  unsigned seen = 0;
  int number = 1;
  if (!strncmp(text, "\xEF\xBB\xBF", 3))
    text += 3;
  for (char *line = text; *line; number++) {
    char *end = strchr(line, '\n');
    if (!end)
      return lore_fail(LORE_FILE, "%s, line %d: truncated", path, number);
    *end = '\0';
    if (end > line && end[-1] == '\r') /* an editor has saved it */
      end[-1] = '\0';
    LORE_TRY(parse_line(path, number, line, state, &seen));
    line = end + 1;
  }
  for (int i = 0; i < FIELDS; i++)
    if (!(seen & 1u << i) && !fields[i].optional)
      return lore_fail(LORE_FILE, "%s: '%s' is missing", path, fields[i].key);
  return LORE_OK;
}

/* The whole file at once, so that it is either the old or the new one. Returns its length, or
 * -errno. */
static ssize_t read_whole(const char *path, char *text, size_t size) {
  int fd = lore_path_open(path, O_RDONLY);
  if (fd < 0)
    return -errno;
  size_t length = 0;
  ssize_t got = 0;
  while (length < size && (got = read(fd, text + length, size - length)) > 0)
    length += (size_t)got;
  int error = got < 0 ? errno : 0;
  close(fd);
  return error ? -error : (ssize_t)length;
}

static lore_status read_state(const char *path, lore_state *state) {
  char text[FILE_MAX];
  ssize_t length = -ESTALE;
  /* NFS says ESTALE when the file is replaced between open and read. */
  for (int i = 0; i < READ_ATTEMPTS && length == -ESTALE; i++)
    length = read_whole(path, text, sizeof text - 1);
  if (length == -ENOENT || length == -ENOTDIR)
    return LORE_OK;
  if (length < 0)
    return lore_fail(LORE_FILE, "cannot read %s: %s", path, lore_path_reason((int)-length));
  text[length] = '\0';
  if (strlen(text) != (size_t)length)
    return lore_fail(LORE_FILE, "%s is damaged: it contains a zero byte", path);
  return parse_text(path, text, state);
}

lore_status lore_state_read(const char *directory, lore_state *state) {
  char *path;
  *state = (lore_state){.stage = LORE_RUN_WAITING};
  LORE_TRY(state_path(directory, &path));
  lore_status status = read_state(path, state);
  if (status != LORE_OK)
    *state = (lore_state){.stage = LORE_RUN_WAITING};
  free(path);
  return status;
}

static void write_field(FILE *file, const field *field, const lore_state *state) {
  const void *at = (const char *)state + field->offset;
  fprintf(file, "%s: ", field->key);
  if (field->kind == FIELD_STAGE)
    fputs(stage_names[*(const lore_run_stage *)at], file);
  else if (field->kind == FIELD_INT)
    fprintf(file, "%d", *(const int *)at);
  else if (field->kind == FIELD_INT64)
    fprintf(file, "%lld", (long long)*(const int64_t *)at);
  else if (field->kind == FIELD_HASH)
    fprintf(file, "%0*llx", HASH_DIGITS, (unsigned long long)*(const uint64_t *)at);
  else if (field->kind == FIELD_SECONDS)
    fprintf(file, "%.3f", *(const double *)at);
  else
    lore_quote_write(file, at);
  fputc('\n', file);
}

lore_status lore_state_write(const char *directory, const lore_state *state) {
  char *path;
  lore_textfile file;
  LORE_TRY(state_path(directory, &path));
  lore_status status = lore_textfile_begin(path, false, &file);
  free(path);
  LORE_TRY(status);
  fputs("# What is known of this run; replaced whole at every change.\n", file.stream);
  for (int i = 0; i < FIELDS; i++)
    write_field(file.stream, &fields[i], state);
  return lore_textfile_commit(&file);
}

/* The lock is an open-file-description lock, which no death of its holder leaves behind. */

static lore_status lock_path(const char *directory, char **path) {
  if (asprintf(path, "%s/" LORE_PATH_LOCK, directory) < 0)
    return lore_fail(LORE_MEMORY, "cannot allocate the name of the lock in %s", directory);
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

static lore_status try_lock(const char *path, int *lock, char *holder) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int fd = lore_path_open(path, O_RDWR | O_CREAT);
  if (fd < 0)
    return lore_fail(LORE_FILE, "cannot open %s: %s", path, lore_path_reason(errno));
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
  LORE_TRY(lock_path(directory, &path));
  lore_status status = try_lock(path, lock, holder);
  free(path);
  return status;
}

void lore_state_unlock(int lock) {
  (void)!ftruncate(lock, 0);
  close(lock);
}

/* The lock's file; -1: it cannot be opened. */
static int open_lock(const char *directory, int mode) {
  char *path;
  if (lock_path(directory, &path) != LORE_OK)
    return -1;
  int fd = lore_path_open(path, mode);
  free(path);
  return fd;
}

bool lore_state_locked(const char *directory) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int fd = open_lock(directory, O_RDONLY);
  if (fd < 0)
    return false;
  bool locked = !fcntl(fd, F_OFD_GETLK, &whole) && whole.l_type != F_UNLCK;
  close(fd);
  return locked;
}

long lore_state_mark_offset(int rank) {
  return LORE_STATE_TEXT + rank;
}

int lore_state_open_marks(const char *directory) {
  return open_lock(directory, O_WRONLY);
}

void lore_state_put_marks(int lock, int ranks) {
  char *marks = malloc((size_t)ranks);
  if (!marks)
    return;
  memset(marks, '.', (size_t)ranks);
  (void)!pwrite(lock, marks, (size_t)ranks, lore_state_mark_offset(0));
  if (ranks > 1) /* ranks of other nodes write beside it */
    fdatasync(lock);
  free(marks);
}

/* Whether the file has marks, and none of a rank that was not told. */
static bool all_marked(int fd) {
  enum { BLOCK = 256 };
  char text[BLOCK];
  off_t at = lore_state_mark_offset(0);
  ssize_t length;
  bool any = false;
  while ((length = pread(fd, text, sizeof text, at)) > 0) {
    if (memchr(text, '.', (size_t)length))
      return false;
    at += length;
    any = true;
  }
  return any;
}

bool lore_state_died(const char *directory) {
  char name;
  int fd = open_lock(directory, O_RDONLY);
  if (fd < 0)
    return false;
  bool died = pread(fd, &name, 1, 0) == 1 && !all_marked(fd);
  close(fd);
  return died;
}
