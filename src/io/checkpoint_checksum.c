/* The checksums of a checkpoint: of its parameters, and of the whole file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL /* makes the state a complete type */
#include <xxhash.h>

#include "checkpoint_parts.h"
#include "lore/io/ncfile.h"

enum { HASH_BLOCK = 1 << 17 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "checksums are over little-endian numbers: swap them first");
_Static_assert(sizeof(XXH128_canonical_t) == LORE_SEAL_SIZE, "128 bits");

void lore_checkpoint_checksum(const lore_model *model, const real *parameters,
                              char text[LORE_CHECKSUM_TEXT]) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset(&state);
  for (int i = 0; i < model->tensors; i++) {
    const lore_tensor *tensor = &model->tensor[i];
    XXH3_128bits_update(&state, parameters + tensor->offset,
                        sizeof(real) * (size_t)tensor->rows * (size_t)tensor->columns);
  }
  XXH128_hash_t hash = XXH3_128bits_digest(&state);
  snprintf(text, LORE_CHECKSUM_TEXT, "%016llx%016llx", (unsigned long long)hash.high64,
           (unsigned long long)hash.low64);
}

/* The checksum of all bytes of the file but the last ones, and those. */
typedef struct {
  XXH128_canonical_t computed, stored;
  off_t stored_at;
} seal;

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

static int seal_take(int fd, seal *s) {
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

lore_status lore_checkpoint_seal(const char *path) {
  seal s = {0};
  int fd = open(path, O_RDWR | O_CLOEXEC);
  int error = fd < 0 ? errno : seal_take(fd, &s);
  if (!error && pwrite(fd, &s.computed, LORE_SEAL_SIZE, s.stored_at) != LORE_SEAL_SIZE)
    error = errno;
  if (fd >= 0)
    close(fd);
  return lore_netcdf_status(error, "seal", path);
}

lore_status lore_checkpoint_verify(const char *path) {
  char text[LORE_CHECKSUM_TEXT];
  return lore_checkpoint_verify_seal(path, text);
}

lore_status lore_checkpoint_verify_seal(const char *path, char text[LORE_CHECKSUM_TEXT]) {
  seal s = {0};
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  int error = fd < 0 ? errno : seal_take(fd, &s);
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
