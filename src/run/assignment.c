/* A packed run is a head of fixed length, five texts and a delta of settings. */
#include "assignment.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  uint64_t hash;
  int64_t first_step, weights_step;
  int32_t base;
  int32_t patched;
} lore_packed_head;

enum { TEXTS = 5 };

/* The weights of another study that the line of a run begins with; NULL: none. */
static const lore_manifest_weights *weights_of(const lore_manifest_run *run) {
  return run->parent < 0 ? run->start : NULL;
}

static void list_texts(const lore_manifest *m, const lore_manifest_run *run, const char **text) {
  const lore_manifest_weights *start = weights_of(run);
  text[0] = run->id;
  text[1] = run->parent < 0 ? "" : m->run[run->parent].id;
  text[2] = start ? start->path : "";
  text[3] = start ? start->about.run : "";
  text[4] = start ? start->about.checksum : "";
}

static bool is_patched(const lore_manifest *m, int run) {
  lore_settings settings;
  lore_manifest_settings(m, run, &settings);
  return lore_patch_wanted(&settings.train.patch);
}

/* A patched run begins with initial weights. */
static int64_t count_first_steps(const lore_manifest *m, int run) {
  int64_t steps = 0;
  for (; m->run[run].parent >= 0 && !is_patched(m, run); run = m->run[run].parent)
    steps += m->run[run].parent_step;
  const lore_manifest_weights *start = m->run[run].start;
  return start ? steps + start->about.steps_before + start->about.step : steps;
}

size_t lore_assignment_length(const lore_manifest *m, int run) {
  const char *text[TEXTS];
  size_t length = sizeof(lore_packed_head) + lore_delta_length(m->run[run].delta);
  list_texts(m, &m->run[run], text);
  for (int i = 0; i < TEXTS; i++)
    length += strlen(text[i]) + 1;
  return length;
}

void lore_assignment_pack(const lore_manifest *m, int run, unsigned char *packed) {
  const lore_manifest_run *r = &m->run[run];
  const lore_manifest_weights *start = weights_of(r);
  const char *text[TEXTS];
  lore_packed_head head = {.hash = r->hash,
                           .first_step = count_first_steps(m, run),
                           .weights_step = start ? start->about.step : r->parent_step,
                           .base = r->base,
                           .patched = is_patched(m, run)};
  memcpy(packed, &head, sizeof head);
  packed += sizeof head;
  list_texts(m, r, text);
  for (int i = 0; i < TEXTS; i++) {
    size_t size = strlen(text[i]) + 1;
    memcpy(packed, text[i], size);
    packed += size;
  }
  memcpy(packed, r->delta, lore_delta_length(r->delta));
}

int lore_assignment_base(const unsigned char *packed) {
  lore_packed_head head;
  memcpy(&head, packed, sizeof head);
  return head.base;
}

const char *lore_assignment_id(const unsigned char *packed) {
  return (const char *)packed + sizeof(lore_packed_head);
}

void lore_assignment_unpack(const unsigned char *packed, const lore_settings *base,
                            lore_assignment *a) {
  lore_packed_head head;
  memcpy(&head, packed, sizeof head);
  packed += sizeof head;
  memset(a, 0, sizeof *a);
  a->hash = head.hash;
  a->first_step = head.first_step;
  a->weights_step = head.weights_step;
  a->patched = head.patched;
  char *const text[TEXTS] = {a->id, a->parent, a->path, a->writer, a->checksum};
  const size_t capacity[TEXTS] = {sizeof a->id, sizeof a->parent, sizeof a->path, sizeof a->writer,
                                  sizeof a->checksum};
  for (int i = 0; i < TEXTS; i++) {
    size_t size = strlen((const char *)packed) + 1;
    assert(size <= capacity[i]);
    memcpy(text[i], packed, size);
    packed += size;
  }
  lore_delta_apply(base, packed, &a->settings);
}

/* The weights of its parent, which are at `path`, or of another study; none: zeros. */
static lore_weights find_weights(const lore_assignment *run, const char *path) {
  if (*run->parent)
    return (lore_weights){.path = path, .run = run->parent, .step = run->weights_step};
  if (*run->path)
    return (lore_weights){run->path, run->writer, run->weights_step, run->checksum};
  return (lore_weights){0};
}

lore_run_options lore_assignment_options(const lore_assignment *run, const char *path) {
  const lore_weights weights = find_weights(run, path), none = {0};
  return (lore_run_options){.id = run->id,
                            .start = run->patched ? none : weights,
                            .reference = run->patched ? weights : none,
                            .first_step = run->first_step,
                            .hash = run->hash};
}
