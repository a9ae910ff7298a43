/* A file of tokens is written in three passes over its sequences, which are made anew each time:
 * they are counted, written, and compared with what can be read. */
#include "lore/io/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lore/base/stop.h"
#include "lore/base/textfile.h"
#include "seal.h"
#include "tokens_define.h"

enum {
  UNIT = 256,       /* sequences in memory at a time, at most */
  NO_SENTENCE = -1, /* a question has one sentence, and room for those of a biography */
  HEADER = 1 << 18  /* bytes, more than anything but the table's variables needs */
};

/* Some sequences of a part, in memory as in the file. */
typedef struct {
  lore_batch batch;
  int64_t *offset;
  int32_t *individual, *length, *name_at, *value_at;
  int8_t *attribute, *template;
  const void *value[LORE_TOKENS_VARIABLES];
  void *scratch; /* as large as the largest of these */
  lore_arena arena;
} token_unit;

/* A pass over a file. */
typedef struct {
  const lore_tokens *tokens;
  token_unit unit;
  int ncid;
  int id[LORE_TOKENS_VARIABLES];
  int64_t positions; /* before this unit */
} token_pass;

static void layout_unit(token_unit *u, int sequences, int longest) {
  size_t sentences = (size_t)sequences * LORE_ATTRIBUTES;
  size_t most = (size_t)sequences * (size_t)longest;
  lore_arena *arena = &u->arena;
  lore_batch_layout(&u->batch, arena, sequences, longest);
  u->offset = lore_arena_take(arena, (size_t)sequences, sizeof *u->offset);
  u->individual = lore_arena_take(arena, (size_t)sequences, sizeof *u->individual);
  u->length = lore_arena_take(arena, (size_t)sequences, sizeof *u->length);
  u->name_at = lore_arena_take(arena, sentences, sizeof *u->name_at);
  u->value_at = lore_arena_take(arena, sentences, sizeof *u->value_at);
  u->attribute = lore_arena_take(arena, sentences, sizeof *u->attribute);
  u->template = lore_arena_take(arena, sentences, sizeof *u->template);
  u->scratch = lore_arena_take(arena, most > sentences ? most : sentences, sizeof(int64_t));
  const void *value[LORE_TOKENS_VARIABLES] = {[LORE_TOKENS_INDIVIDUAL] = u->individual,
                                              [LORE_TOKENS_OFFSET] = u->offset,
                                              [LORE_TOKENS_LENGTH] = u->length,
                                              [LORE_TOKENS_QUESTION] = u->batch.question,
                                              [LORE_TOKENS_SENTENCE_ATTRIBUTE] = u->attribute,
                                              [LORE_TOKENS_SENTENCE_TEMPLATE] = u->template,
                                              [LORE_TOKENS_NAME_AT] = u->name_at,
                                              [LORE_TOKENS_VALUE_AT] = u->value_at,
                                              [LORE_TOKENS_VALUE_LENGTH] = u->batch.value_length,
                                              [LORE_TOKENS_TOKEN] = u->batch.token,
                                              [LORE_TOKENS_TARGET] = u->batch.target,
                                              [LORE_TOKENS_ROLE] = u->batch.role,
                                              [LORE_TOKENS_TARGET_ROLE] = u->batch.target_role};
  memcpy(u->value, value, sizeof value);
}

static lore_status create_unit(const lore_tokens *tokens, token_unit *u) {
  int sequences = tokens->sequences < UNIT ? tokens->sequences : UNIT;
  *u = (token_unit){0};
  layout_unit(u, sequences, tokens->longest);
  size_t bytes = u->arena.used;
  u->arena = (lore_arena){0};
  LORE_TRY(lore_arena_create(&u->arena, bytes));
  layout_unit(u, sequences, tokens->longest);
  return LORE_OK;
}

/* Sequences [first, first+count) of `part`. */
static void fill_unit(token_pass *pass, int64_t part, int64_t first, int count) {
  const lore_tokens *tokens = pass->tokens;
  token_unit *u = &pass->unit;
  lore_batch *b = &u->batch;
  lore_batch_clear(b);
  tokens->fill(tokens->context, b, part, first, count);
  for (int s = 0; s < count; s++) {
    u->offset[s] = pass->positions + b->offset[s];
    u->individual[s] = (int32_t)b->individual[s];
    u->length[s] = b->offset[s + 1] - b->offset[s];
    for (int k = s * LORE_ATTRIBUTES; k < (s + 1) * LORE_ATTRIBUTES; k++) {
      bool there = b->value_length[k] > 0;
      u->attribute[k] = there ? (int8_t)b->attribute[k] : NO_SENTENCE;
      u->template[k] = there ? (int8_t)b->template[k] : NO_SENTENCE;
      u->name_at[k] = there ? b->name_at[k] - b->offset[s] : NO_SENTENCE;
      u->value_at[k] = there ? b->value_at[k] - b->offset[s] : NO_SENTENCE;
    }
  }
}

/* What is done with a unit whose first sequence is number `first` of the `row`-th part; NetCDF's
 * code or one of ours. */
typedef int unit_action(token_pass *pass, int64_t row, int64_t first);

/* The unit's values of a variable: which they are of the file's, and how many. */
static size_t place_values(const token_pass *pass, int variable, int64_t row, int64_t first,
                           size_t start[3], size_t count[3]) {
  const lore_batch *b = &pass->unit.batch;
  size_t sequences = (size_t)b->sequences;
  if (lore_tokens_table[variable].shape == LORE_BY_POSITION) {
    start[0] = (size_t)pass->positions;
    return count[0] = (size_t)b->tokens;
  }
  start[0] = (size_t)row;
  start[1] = (size_t)first;
  start[2] = 0;
  count[0] = 1;
  count[1] = sequences;
  count[2] = LORE_ATTRIBUTES;
  return lore_tokens_table[variable].shape == LORE_BY_SENTENCE ? sequences * LORE_ATTRIBUTES
                                                               : sequences;
}

static int put_unit(token_pass *pass, int64_t row, int64_t first) {
  int error = NC_NOERR;
  for (int i = 0; i < LORE_TOKENS_VARIABLES && !error; i++) {
    size_t start[3], count[3];
    place_values(pass, i, row, first, start, count);
    error = nc_put_vara(pass->ncid, pass->id[i], start, count, pass->unit.value[i]);
  }
  return error;
}

static int compare_unit(token_pass *pass, int64_t row, int64_t first) {
  int error = NC_NOERR;
  for (int i = 0; i < LORE_TOKENS_VARIABLES && !error; i++) {
    size_t start[3], count[3], values = place_values(pass, i, row, first, start, count);
    error = nc_get_vara(pass->ncid, pass->id[i], start, count, pass->unit.scratch);
    if (!error && memcmp(pass->unit.scratch, pass->unit.value[i],
                         values * lore_tokens_bytes(&lore_tokens_table[i])))
      error = LORE_NC_DAMAGED;
  }
  return error;
}

/* Without an action, sequences are only counted. */
static lore_status make_pass(token_pass *pass, unit_action *action, const char *operation,
                             const char *path) {
  const lore_tokens *tokens = pass->tokens;
  int64_t first_part = tokens->groups > 0 ? 0 : tokens->first_step;
  pass->positions = 0;
  for (int64_t row = 0; row < lore_tokens_parts(tokens); row++)
    for (int64_t first = 0; first < tokens->sequences; first += UNIT) {
      int64_t left = tokens->sequences - first;
      if (lore_stop_wanted(0))
        return lore_fail(LORE_STOPPED, "stopped by %s; nothing was written", lore_stop_reason());
      fill_unit(pass, first_part + row, first, left < UNIT ? (int)left : UNIT);
      if (action)
        LORE_TRY(lore_netcdf_status(action(pass, row, first), operation, path));
      pass->positions += pass->unit.batch.tokens;
    }
  return LORE_OK;
}

/* So that a full disk is noticed before anything is written: the library may not survive it. What
 * lies behind the end is given back by seal_file. File systems that cannot reserve are found out
 * when writing. */
static int reserve_file(const lore_tokens *tokens, int fd, int64_t positions) {
  int64_t sequences = lore_tokens_parts(tokens) * tokens->sequences, bytes = HEADER;
  for (int i = 0; i < LORE_TOKENS_VARIABLES; i++) {
    const lore_tokens_variable *v = &lore_tokens_table[i];
    bytes += (int64_t)lore_tokens_bytes(v) * (v->shape == LORE_BY_POSITION ? positions
                                              : v->shape == LORE_BY_SENTENCE
                                                  ? sequences * LORE_ATTRIBUTES
                                                  : sequences);
  }
  bytes += (int64_t)(sizeof(double) + sizeof(int32_t)) * lore_tokens_parts(tokens);
  return lore_file_reserve(fd, FALLOC_FL_KEEP_SIZE, 0, bytes);
}

/* Writes everything into the file that is open as pass->ncid, and as `fd`. */
static lore_status fill_file(token_pass *pass, int fd, const char *partial) {
  lore_ncfile file = {.ncid = pass->ncid, .sealed = true};
  int64_t positions = pass->positions;
  file.error = reserve_file(pass->tokens, fd, positions); /* again: the library has emptied it */
  if (!file.error)
    file.error = nc_set_fill(file.ncid, NC_NOFILL, NULL);
  lore_tokens_define(&file, pass->tokens, positions, pass->id);
  LORE_TRY(lore_netcdf_status(file.error, "write", partial));
  LORE_TRY(make_pass(pass, put_unit, "write", partial));
  return lore_netcdf_status(nc_sync(pass->ncid), "write", partial);
}

/* Closes the library's file. It dies if it cannot write or close what it closes, so from now on it
 * writes into memory: its descriptor is one of those after `fd`, which was open before. What it has
 * flushed is a whole file. */
static int close_library(int ncid, int fd) {
  enum { NEXT = 16 };
  struct stat file, other;
  int memory = memfd_create("rest", MFD_CLOEXEC),
      error = memory < 0 || fstat(fd, &file) ? errno : 0;
  for (int next = fd + 1; next < fd + NEXT && !error; next++)
    if (!fstat(next, &other) && other.st_dev == file.st_dev && other.st_ino == file.st_ino &&
        dup2(memory, next) < 0)
      error = errno;
  int closed = nc_close(ncid);
  if (memory >= 0)
    close(memory);
  return error ? error : closed;
}

static lore_status compare_file(token_pass *pass, int fd, const char *partial) {
  LORE_TRY(lore_netcdf_status(lore_netcdf_open(partial, 0, &pass->ncid), "read back", partial));
  lore_status status = make_pass(pass, compare_unit, "read back", partial);
  close_library(pass->ncid, fd);
  return status;
}

/* Appends the seal and gives back what was reserved behind it. */
static lore_status seal_file(int fd, const char *partial) {
  static const char seal[LORE_SEAL_SIZE];
  off_t end = lseek(fd, 0, SEEK_END);
  int error = end < 0 ? errno : lore_bytes_write(fd, seal, sizeof seal);
  if (!error && ftruncate(fd, end + LORE_SEAL_SIZE))
    error = errno;
  LORE_TRY(lore_netcdf_status(error, "seal", partial));
  return lore_seal_put(fd, partial);
}

/* Writes `partial`, which is open as `fd`, too: there errors show that the library overlooks. */
static lore_status write_partial(token_pass *pass, int fd, const char *partial) {
  LORE_TRY(lore_netcdf_status(reserve_file(pass->tokens, fd, pass->positions), "write", partial));
  /* What it says of a file that is open here is not why. */
  if (nc_create(partial, NC_NETCDF4 | NC_CLOBBER, &pass->ncid))
    return lore_netcdf_status(NC_EHDFERR, "write", partial);
  lore_status status = fill_file(pass, fd, partial);
  int error = close_library(pass->ncid, fd);
  LORE_TRY(status);
  LORE_TRY(lore_netcdf_status(error, "write", partial));
  LORE_TRY(lore_partial_flush(fd, partial));
  LORE_TRY(compare_file(pass, fd, partial));
  return seal_file(fd, partial);
}

static lore_status make_partial(token_pass *pass, const char *partial) {
  unlink(partial); /* whatever it is */
  int fd = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0)
    return lore_netcdf_status(errno, "write", partial);
  lore_status status = write_partial(pass, fd, partial);
  if (close(fd) && status == LORE_OK)
    status = lore_netcdf_status(errno, "write", partial);
  return status;
}

static lore_status write_file(token_pass *pass, const char *path) {
  char *partial;
  LORE_TRY(lore_partial_name(path, &partial));
  return lore_partial_finish(make_partial(pass, partial), partial, path);
}

lore_status lore_tokens_write(const char *path, const lore_tokens *tokens, lore_tokens_size *size) {
  token_pass pass = {.tokens = tokens};
  /* The library wants to lock the file, which not all file systems can. */
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
  lore_status status = create_unit(tokens, &pass.unit);
  if (status == LORE_OK)
    status = make_pass(&pass, NULL, "write", path);
  if (status == LORE_OK)
    status = write_file(&pass, path);
  lore_arena_destroy(&pass.unit.arena);
  *size = (lore_tokens_size){lore_tokens_parts(tokens) * tokens->sequences, pass.positions};
  return status;
}
