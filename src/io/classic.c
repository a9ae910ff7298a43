/* Reading a classic header: format as in "The NetCDF Classic Format Specification", versions 1
 * (classic), 2 (64-bit offset) and 5 (64-bit data). */
#include "classic.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/io/ncfile.h"

enum { BLOCK = 1 << 14, ALIGNMENT = 4, TAG_DIMENSION = 10, TAG_VARIABLE = 11, TAG_ATTRIBUTE = 12 };

typedef struct {
  int fd, version, error;
  off_t size, at; /* of the file; of the next byte */
  off_t block_at;
  size_t block_size;
  const unsigned char *block;
  unsigned char room[BLOCK];
  uint64_t dimensions, *length; /* 0: the record dimension */
  uint64_t packed;              /* record size if there is one record variable, not padded */
  int record_variables;
  lore_classic *classic;
} header_reader;

static uint64_t fail_header(header_reader *r, int error) {
  if (!r->error)
    r->error = error;
  return 0;
}

/* Bytes from r->at on that are there; 0 at the end of the file or after a failure. */
static size_t load_block(header_reader *r) {
  if (r->error)
    return 0;
  if (r->at < r->block_at || r->at >= r->block_at + (off_t)r->block_size) {
    ssize_t got = r->fd < 0 ? 0 : pread(r->fd, r->room, BLOCK, r->at);
    r->block = r->room;
    r->block_at = r->at;
    r->block_size = got > 0 ? (size_t)got : 0;
    if (got <= 0)
      fail_header(r, got < 0 ? errno : LORE_NC_TRUNCATED);
  }
  return r->block_size - (size_t)(r->at - r->block_at);
}

static uint64_t get_number(header_reader *r, int bytes) {
  uint64_t number = 0;
  for (int i = 0; i < bytes && load_block(r) > 0; i++)
    number = number << 8 | r->block[r->at++ - r->block_at];
  return r->error ? 0 : number;
}

/* A count, which version 5 has in 8 bytes; each of what it counts takes `least` bytes or more. */
static uint64_t get_count(header_reader *r, uint64_t least) {
  uint64_t count = get_number(r, r->version == 5 ? 8 : 4);
  return count > (uint64_t)(r->size - r->at) / least ? fail_header(r, LORE_NC_DAMAGED) : count;
}

static void skip_padded(header_reader *r, uint64_t bytes) {
  uint64_t padded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (r->error)
    return;
  if (padded > (uint64_t)(r->size - r->at))
    fail_header(r, LORE_NC_DAMAGED);
  else
    r->at += (off_t)padded;
}

static uint64_t get_list(header_reader *r, uint64_t wanted, uint64_t least) {
  uint64_t tag = get_number(r, 4), count = get_count(r, least);
  if (tag != wanted && !(tag == 0 && count == 0))
    return fail_header(r, LORE_NC_DAMAGED);
  return count;
}

static uint64_t get_type_size(header_reader *r) {
  static const unsigned char size[] = {0, 1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8};
  uint64_t type = get_number(r, 4);
  if (type == 0 || type >= sizeof size || (type > 6 && r->version != 5))
    return fail_header(r, LORE_NC_DAMAGED);
  return size[type];
}

static void skip_attributes(header_reader *r) {
  uint64_t attributes = get_list(r, TAG_ATTRIBUTE, 12);
  for (uint64_t i = 0; i < attributes && !r->error; i++) {
    skip_padded(r, get_count(r, 1));
    uint64_t size = get_type_size(r);
    uint64_t values = get_count(r, 1);
    if (size > 0 && values > (uint64_t)(r->size - r->at) / size)
      fail_header(r, LORE_NC_DAMAGED);
    skip_padded(r, values * size);
  }
}

static void get_dimensions(header_reader *r) {
  r->dimensions = get_list(r, TAG_DIMENSION, 8);
  r->length = calloc((size_t)r->dimensions + 1, sizeof *r->length);
  if (!r->length)
    fail_header(r, ENOMEM);
  for (uint64_t i = 0; i < r->dimensions && !r->error; i++) {
    skip_padded(r, get_count(r, 1));
    r->length[i] = get_number(r, r->version == 5 ? 8 : 4);
  }
}

/* Bytes of a variable (of one record of it) before padding; *record: it has records. */
static uint64_t get_shape(header_reader *r, bool *record) {
  uint64_t rank = get_count(r, 4), values = 1;
  *record = false;
  for (uint64_t i = 0; i < rank && !r->error; i++) {
    uint64_t dimension = get_number(r, r->version == 5 ? 8 : 4);
    if (dimension >= r->dimensions || (r->length[dimension] == 0 && i > 0))
      return fail_header(r, LORE_NC_DAMAGED);
    uint64_t length = r->length[dimension];
    *record |= length == 0;
    if (length > 0 && __builtin_mul_overflow(values, length, &values))
      return fail_header(r, LORE_NC_DAMAGED);
  }
  return values;
}

static void add_variable(header_reader *r, bool record, uint64_t bytes, uint64_t begin) {
  lore_classic *c = r->classic;
  uint64_t most = (uint64_t)INT64_MAX / 4, padded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (bytes > most || begin > most) {
    fail_header(r, LORE_NC_DAMAGED);
    return;
  }
  if (!record) { /* the last one's padding need not be there */
    off_t end = (off_t)(begin + bytes);
    c->size = end > c->size ? end : c->size;
    return;
  }
  c->records_at =
      r->record_variables == 0 || (off_t)begin < c->records_at ? (off_t)begin : c->records_at;
  r->packed = bytes;
  r->record_variables++;
  if (__builtin_add_overflow(c->record_size, (off_t)padded, &c->record_size))
    fail_header(r, LORE_NC_DAMAGED);
}

static void get_variables(header_reader *r) {
  uint64_t variables = get_list(r, TAG_VARIABLE, 28), bytes;
  for (uint64_t i = 0; i < variables && !r->error; i++) {
    bool record;
    skip_padded(r, get_count(r, 1));
    uint64_t values = get_shape(r, &record);
    skip_attributes(r);
    if (__builtin_mul_overflow(values, get_type_size(r), &bytes))
      fail_header(r, LORE_NC_DAMAGED);
    get_number(r, r->version == 5 ? 8 : 4); /* what the library computes anew */
    uint64_t begin = get_number(r, r->version == 1 ? 4 : 8);
    if (!r->error)
      add_variable(r, record, bytes, begin);
  }
}

static void add_records(header_reader *r, uint64_t records) {
  lore_classic *c = r->classic;
  off_t all;
  c->records = (int64_t)records;
  if (r->record_variables == 1)
    c->record_size = (off_t)r->packed;
  if (r->record_variables == 0 || records == 0)
    return;
  if (records > INT64_MAX || __builtin_mul_overflow(c->record_size, c->records, &all) ||
      __builtin_add_overflow(all, c->records_at, &all))
    fail_header(r, LORE_NC_DAMAGED);
  else
    c->size = all > c->size ? all : c->size;
}

static int read_header(header_reader *r) {
  uint64_t magic = get_number(r, 4);
  r->version = (int)(magic & 255);
  if (magic >> 8 != 0x434446 || (r->version != 1 && r->version != 2 && r->version != 5))
    return r->error ? r->error : NC_ENOTNC;
  uint64_t records = get_number(r, r->version == 5 ? 8 : 4);
  get_dimensions(r);
  skip_attributes(r);
  get_variables(r);
  add_records(r, records);
  if (r->error)
    *r->classic = (lore_classic){0};
  if (r->at > r->classic->size)
    r->classic->size = r->at;
  if (!r->error && r->classic->size > r->size)
    r->error = LORE_NC_TRUNCATED;
  return r->error;
}

int lore_classic_read(int fd, const void *image, off_t size, lore_classic *classic) {
  header_reader *r = calloc(1, sizeof *r);
  *classic = (lore_classic){0};
  if (!r)
    return ENOMEM;
  r->fd = image ? -1 : fd;
  r->block = image;
  r->block_size = image ? (size_t)size : 0;
  r->size = size;
  r->classic = classic;
  int error = read_header(r);
  free(r->length);
  free(r);
  return error;
}
