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
  return lore_ncfile_variable(file, LORE_SEAL_VARIABLE, NC_BYTE, 1, &dimension,
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

static void print_hash(const XXH128_canonical_t *hash, char text[LORE_XXH3_TEXT]) {
  for (int i = 0; i < LORE_SEAL_SIZE; i++)
    snprintf(text + 2 * i, 3, "%02x", hash->digest[i]);
}

int lore_seal_hash(int fd, off_t size, char text[LORE_XXH3_TEXT]) {
  XXH128_canonical_t hash;
  int error = hash_bytes(fd, size, &hash);
  print_hash(&hash, text);
  return error;
}

static int read_seal(int fd, off_t size, lore_seal *s) {
  if (size < LORE_SEAL_SIZE)
    return ENODATA;
  s->stored_at = size - LORE_SEAL_SIZE;
  int error = hash_bytes(fd, s->stored_at, &s->computed);
  return error ? error : read_bytes(fd, &s->stored, LORE_SEAL_SIZE, s->stored_at);
}

lore_status lore_seal_put(int fd, const char *path) {
  lore_seal s = {0};
  struct stat file;
  int error = fstat(fd, &file) ? errno : read_seal(fd, file.st_size, &s);
  if (!error && lseek(fd, s.stored_at, SEEK_SET) < 0)
    error = errno;
  if (!error)
    error = lore_bytes_write(fd, &s.computed, LORE_SEAL_SIZE);
  LORE_TRY(lore_netcdf_status(error, "seal", path));
  return lore_partial_flush(fd, path);
}

void lore_seal_stamp(void *bytes, size_t size) {
  char *end = (char *)bytes + size - LORE_SEAL_SIZE;
  XXH128_canonical_t seal;
  XXH128_canonicalFromHash(&seal, XXH3_128bits(bytes, size - LORE_SEAL_SIZE));
  memcpy(end, &seal, LORE_SEAL_SIZE);
}

bool lore_seal_exists(int ncid) {
  int id;
  return nc_inq_varid(ncid, LORE_SEAL_VARIABLE, &id) == NC_NOERR ||
         nc_inq_attid(ncid, NC_GLOBAL, LORE_SEAL_VARIABLE, &id) == NC_NOERR;
}

lore_status lore_seal_verify(const char *path, char text[LORE_XXH3_TEXT]) {
  lore_seal s = {0};
  off_t size;
  int fd, error = lore_file_open(path, &fd, &size);
  if (!error)
    error = read_seal(fd, size, &s);
  if (fd >= 0)
    close(fd);
  if (error && error != ENODATA)
    return lore_netcdf_status(error, "open", path);
  if (error || memcmp(&s.computed, &s.stored, LORE_SEAL_SIZE))
    return lore_fail(LORE_NETCDF,
                     "%s is truncated, damaged or no checkpoint: its checksum is wrong", path);
  print_hash(&s.stored, text);
  return LORE_OK;
}
