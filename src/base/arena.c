/* One mapping, handed out from its start to its end. */
#include "lore/base/arena.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "lore/base/memory.h"

static const size_t huge_page = (size_t)2 << 20, page = 4096;

static size_t round_up(size_t size, size_t unit) {
  return (size + unit - 1) / unit * unit;
}

/* A small arena is one of many. */
static size_t page_for(size_t capacity) {
  return capacity < huge_page ? page : huge_page;
}

size_t lore_arena_mapped(size_t capacity) {
  /* A mapping cannot be empty. */
  return round_up(capacity > 0 ? capacity : 1, page_for(capacity));
}

static double gibibytes(size_t size) {
  return (double)size / (double)((size_t)1 << 30);
}

/* Maps `size` bytes at a multiple of `unit`: maps one page more, returns what sticks out. */
static char *map_aligned(size_t size, size_t unit) {
  char *start = mmap(NULL, size + unit, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED)
    return NULL;
  size_t before = (unit - (uintptr_t)start % unit) % unit;
  if (before > 0)
    munmap(start, before);
  if (before < unit)
    munmap(start + before + size, unit - before);
  return start + before;
}

lore_status lore_arena_create(lore_arena *arena, size_t capacity) {
  *arena = (lore_arena){0};
  /* Asking costs reading a dozen files: not for one of many small arenas. */
  size_t available = page_for(capacity) == page ? SIZE_MAX : lore_memory_available();
  if (capacity > available || capacity > SIZE_MAX / 2)
    return lore_fail(LORE_MEMORY, "%.2f GiB of memory are needed, %.2f GiB are available",
                     gibibytes(capacity), gibibytes(available));
  size_t size = lore_arena_mapped(capacity);
  char *base = map_aligned(size, page_for(capacity));
  if (!base)
    return lore_fail(LORE_MEMORY, "cannot allocate %.2f GiB of memory: %s", gibibytes(capacity),
                     strerror(errno));
  /* Only speed depends on it. */
  if (page_for(capacity) == huge_page)
    madvise(base, size, MADV_HUGEPAGE);
  *arena = (lore_arena){.base = base, .capacity = capacity};
  return LORE_OK;
}

void lore_arena_touch(lore_arena *arena, int threads) {
  int64_t pages = (int64_t)(lore_arena_mapped(arena->capacity) / page);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t p = 0; p < pages; p++)
    *(volatile char *)(arena->base + p * (int64_t)page) = 0;
}

void lore_arena_destroy(lore_arena *arena) {
  if (!arena->base)
    return;
  munmap(arena->base, lore_arena_mapped(arena->capacity));
  *arena = (lore_arena){0};
}

void *lore_arena_take(lore_arena *arena, size_t count, size_t size) {
  size_t bytes, start, end;
  bool overflow = __builtin_mul_overflow(count, size, &bytes);
  overflow |= __builtin_add_overflow(arena->used, LORE_ALIGNMENT - 1, &start);
  start -= start % LORE_ALIGNMENT;
  overflow |= __builtin_add_overflow(start, bytes, &end);
  if (!arena->base) {
    /* A size beyond counting stays so, and lore_arena_create refuses it. */
    arena->used = overflow ? SIZE_MAX : end;
    return NULL;
  }
  assert(!overflow && end <= arena->capacity);
  arena->used = end;
  return arena->base + start;
}
