/* The checksum of a whole file. */
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL /* makes the state a complete type */
#include <xxhash.h>

enum { HASH_BLOCK = 1 << 17 };

_Static_assert(sizeof(XXH128_canonical_t) == LORE_SEAL_SIZE, "128 bits");

int lore_seal_define(lore_ncfile *file) {
  int dimension = lore_ncfile_dimension(file, "checksum_bytes", LORE_SEAL_SIZE);
  return lore_ncfile_variable(file, "file_checksum", NC_BYTE, 1, &dimension,
                              "XXH3 (128 bits) of all bytes of the file before this", "1");
}

void lore_seal_reserve(lore_ncfile *file, int variable) {
  if (!file->error)
    file->error = nc_put_var_schar(file->ncid, variable, (signed char[LORE_SEAL_SIZE]){0});
}

/* The checksum of all bytes of the file but the last ones, and those. */
typedef struct {
  XXH128_canonical_t computed, stored;
  off_t stored_at;
} lore_seal;

/* Reads exactly `count` bytes. Not by mapping the file: there a bad block is a signal, not an
 * error.
 */
static int read_bytes(int fd, void *bytes, size_t count, off_t at) {
  for (size_t done = 0; done < count;) {
    ssize_t more = pread(fd, (char *)bytes + done, count - done, at + (off_t)done);
    if (more < 0 && errno != EINTR)
      return errno;
    if (more == 0)
      return ENODATA;
    done += more > 0 ? (size_t)more : 0;
  }
  return 0;
}

/* Checksum of the first `size` bytes. */
static int hash_bytes(int fd, off_t size, XXH128_canonical_t *computed) {
  XXH3_state_t state;
  char block[HASH_BLOCK];
  int error = 0;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset(&state);
  for (off_t at = 0; at < size && !error;) {
    size_t count = size - at < HASH_BLOCK ? (size_t)(size - at) : HASH_BLOCK;
    error = read_bytes(fd, block, count, at);
    if (!error)
      XXH3_128bits_update(&state, block, count);
    at += (off_t)count;
  }
  XXH128_canonicalFromHash(computed, XXH3_128bits_digest(&state));
  return error;
}

static int read_seal(int fd, lore_seal *s) {
  struct stat file;
  if (fstat(fd, &file))
    return errno;
  if (S_ISDIR(file.st_mode))
    return EISDIR;
  if (file.st_size < LORE_SEAL_SIZE)
    return ENODATA;
  s->stored_at = file.st_size - LORE_SEAL_SIZE;
  int error = hash_bytes(fd, s->stored_at, &s->computed);
  return error ? error : read_bytes(fd, &s->stored, LORE_SEAL_SIZE, s->stored_at);
}

lore_status lore_seal_put(const char *path) {
  lore_seal s = {0};
  int fd = open(path, O_RDWR | O_CLOEXEC);
  int error = fd < 0 ? errno : read_seal(fd, &s);
  if (!error && pwrite(fd, &s.computed, LORE_SEAL_SIZE, s.stored_at) != LORE_SEAL_SIZE)
    error = errno;
  if (fd >= 0)
    close(fd);
  return lore_netcdf_status(error, "seal", path);
}

lore_status lore_seal_verify(const char *path, char text[LORE_XXH3_TEXT]) {
  lore_seal s = {0};
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  int error = fd < 0 ? errno : read_seal(fd, &s);
  if (fd >= 0)
    close(fd);
  if (error && error != ENODATA)
    return lore_netcdf_status(error, "open", path);
  if (error || memcmp(&s.computed, &s.stored, LORE_SEAL_SIZE))
    return lore_fail(LORE_NETCDF,
                     "%s is truncated, damaged or no checkpoint: its checksum is wrong", path);
  for (int i = 0; i < LORE_SEAL_SIZE; i++)
    snprintf(text + 2 * i, 3, "%02x", s.stored.digest[i]);
  return LORE_OK;
}
