/* Whom training shows when, in words. */
#include "lore/settings/describe.h"

#include <stdarg.h>
#include <stdio.h>

#include "lore/settings/word.h"

typedef struct {
  char *text;
  size_t size, length;
} lore_words;

__attribute__((format(printf, 2, 3))) static void say(lore_words *w, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (w->length < w->size)
    w->length += (size_t)vsnprintf(w->text + w->length, w->size - w->length, format, arguments);
  va_end(arguments);
}

static void say_shards(const lore_word_list *shards, lore_words *w) {
  for (int i = 0; i < shards->count; i++)
    say(w, "%s%s", i > 0 ? ", " : "", shards->value[i]);
  say(w, " in equal parts of a batch");
}

static void say_kind(const lore_settings *s, lore_words *w) {
  const lore_distribution_config *d = &s->distribution;
  long long known = s->population.individuals, famous = d->celebrities;
  char number[LORE_REAL_SIZE];
  switch (d->kind) {
  case LORE_DISTRIBUTION_UNIFORM:
    if (d->among == LORE_AMONG_ALL)
      say(w, "uniform over %lld", known);
    else if (d->among == LORE_AMONG_CELEBRITIES)
      say(w, "uniform over the first %lld of %lld", famous, known);
    else
      say(w, "uniform over the last %lld of %lld", known - famous, known);
    break;
  case LORE_DISTRIBUTION_POWER_LAW:
    say(w, "power_law: alpha %s over %lld", lore_word_from_real(d->alpha, number), known);
    break;
  case LORE_DISTRIBUTION_CELEBRITIES:
    say(w, "celebrities: the first %lld of %lld, %s times as likely as the others", famous, known,
        lore_word_from_real(d->celebrity_weight, number));
    break;
  case LORE_DISTRIBUTION_REPLAY:
    say(w, "replay: %lld new, and %lld known, %s times as likely",
        (long long)s->population.new_ones, known, lore_word_from_real(d->replay_weight, number));
    break;
  }
}

char *lore_distribution_describe(const lore_settings *s, size_t size, char *text) {
  const lore_distribution_config *d = &s->distribution;
  lore_words w = {.text = text, .size = size};
  if (d->shards.count > 0)
    say_shards(&d->shards, &w);
  else
    say_kind(s, &w);
  if (d->repeats_in_batch > 1)
    say(&w, "; %d times in a batch", d->repeats_in_batch);
  if (d->repeats_across_steps > 1)
    say(&w, "; the same for %lld steps", (long long)d->repeats_across_steps);
  return text;
}

char *lore_curriculum_describe(const lore_settings *s, size_t size, char *text) {
  const lore_curriculum_config *c = &s->curriculum;
  lore_words w = {.text = text, .size = size};
  long long known = s->population.individuals, first = c->individuals;
  long long length = lore_curriculum_length(c, known, s->train.batch);
  char number[LORE_REAL_SIZE];
  switch (c->kind) {
  case LORE_CURRICULUM_NONE:
    say(&w, "none");
    break;
  case LORE_CURRICULUM_WARM_UP:
    say(&w, "warm_up: %lld individuals until step %lld", first, length);
    break;
  case LORE_CURRICULUM_ADAPTIVE:
    say(&w, "adaptive: %lld individuals until %lld steps after their plateau", first,
        (long long)c->steps);
    break;
  case LORE_CURRICULUM_GROWTH:
    say(&w, "growth: from %lld individuals to all until step %lld", first, length);
    break;
  case LORE_CURRICULUM_ANNEAL:
    say(&w, "anneal: alpha to %s until step %lld", lore_word_from_real(c->final_alpha, number),
        length);
    break;
  case LORE_CURRICULUM_SEQUENTIAL:
    say(&w, "sequential: %d groups, %d visit%s each of %lld steps", c->groups, c->repeats,
        c->repeats == 1 ? "" : "s", (long long)s->train.steps / c->groups / c->repeats);
    break;
  case LORE_CURRICULUM_THROW_AWAY:
    say(&w, "throw_away: %lld others until step %lld", (long long)s->population.throw_away, length);
    break;
  }
  return text;
}
