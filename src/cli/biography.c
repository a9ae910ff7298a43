/* Colours, marks and line breaks. */
#include "biography.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lore/base/shown.h"

enum { WIDTH_DEFAULT = 80, WIDTH_LEAST = 40 };

/* Bold cyan and bold magenta: readable on dark and light, also without red or green. */
static const char *const colours[] = {
    [LORE_ROLE_TEMPLATE] = "", [LORE_ROLE_NAME] = "\033[1;36m", [LORE_ROLE_VALUE] = "\033[1;35m"};
static const char reset[] = "\033[0m";
static const char *const open_marks[] = {
    [LORE_ROLE_TEMPLATE] = "", [LORE_ROLE_NAME] = "[", [LORE_ROLE_VALUE] = "<"};
static const char *const close_marks[] = {
    [LORE_ROLE_TEMPLATE] = "", [LORE_ROLE_NAME] = "]", [LORE_ROLE_VALUE] = ">"};

/* A token as it is printed. */
typedef struct {
  const char *word;
  lore_role role;
  bool opens, closes; /* a run of tokens of its role */
} lore_piece;

static int output_width(void) {
  struct winsize size;
  const char *columns = getenv("COLUMNS");
  int width = WIDTH_DEFAULT;
  if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col > 0)
    width = size.ws_col;
  else if (columns && atoi(columns) > 0)
    width = atoi(columns);
  return width > WIDTH_LEAST ? width : WIDTH_LEAST;
}

static bool wants_colour(void) {
  const char *terminal = getenv("TERM"), *refusal = getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0 &&
         !(refusal && *refusal);
}

lore_paint lore_paint_choose(lore_colour_choice colour) {
  return (lore_paint){.colour = colour == LORE_COLOUR_ALWAYS ||
                                (colour == LORE_COLOUR_AUTO && wants_colour()),
                      .width = output_width()};
}

static int piece_width(const lore_paint *paint, const lore_piece *piece) {
  int width = (int)strlen(piece->word);
  if (!paint->colour && piece->opens)
    width += (int)strlen(open_marks[piece->role]);
  if (!paint->colour && piece->closes)
    width += (int)strlen(close_marks[piece->role]);
  return width;
}

/* Every word has its own colour codes, so that pagers keep the colours of broken lines. */
static void print_piece(const lore_paint *paint, const lore_piece *piece) {
  lore_role role = piece->role;
  fputs(paint->colour ? colours[role] : piece->opens ? open_marks[role] : "", stdout);
  lore_shown_print(stdout, "%s", piece->word);
  if (paint->colour)
    fputs(*colours[role] ? reset : "", stdout);
  else
    fputs(piece->closes ? close_marks[role] : "", stdout);
}

void lore_paint_words(const lore_paint *paint, const lore_vocabulary *vocabulary, lore_role role,
                      int count, const uint16_t *token) {
  for (int i = 0; i < count; i++) {
    lore_piece piece = {lore_vocabulary_word(vocabulary, token[i]), role, i == 0, i == count - 1};
    if (i > 0)
      putchar(' ');
    print_piece(paint, &piece);
  }
}

void lore_paint_legend(const lore_paint *paint) {
  static const lore_piece name = {"name", LORE_ROLE_NAME, true, true};
  static const lore_piece value = {"value", LORE_ROLE_VALUE, true, true};
  printf("\n%s  ", paint->colour ? "colours:" : "marks:");
  print_piece(paint, &name);
  printf("  ");
  print_piece(paint, &value);
  printf("  template text\n");
}

/* The token that position `t` of the sequence [first, last) predicts. */
static lore_piece target_piece(const lore_vocabulary *vocabulary, const lore_batch *batch,
                               int first, int last, int t) {
  uint8_t role = batch->target_role[t];
  return (lore_piece){.word = lore_vocabulary_word(vocabulary, batch->target[t]),
                      .role = (lore_role)role,
                      .opens = t == first || batch->target_role[t - 1] != role,
                      .closes = t == last - 1 || batch->target_role[t + 1] != role};
}

/* Whether a token follows the one before it without a blank. */
static bool is_attached(const lore_piece *piece) {
  return piece->role == LORE_ROLE_TEMPLATE &&
         (!strcmp(piece->word, ".") || !strcmp(piece->word, ",") || !strcmp(piece->word, "?") ||
          !strcmp(piece->word, "'s"));
}

void lore_paint_biography(const lore_paint *paint, const lore_vocabulary *vocabulary,
                          const lore_batch *batch, int sequence, int indent) {
  int first = batch->offset[sequence], last = batch->offset[sequence + 1], column = 0;
  for (int t = first, next; t < last; t = next) {
    lore_piece piece = target_piece(vocabulary, batch, first, last, t);
    int width = piece_width(paint, &piece);
    for (next = t + 1; next < last; next++) {
      lore_piece follower = target_piece(vocabulary, batch, first, last, next);
      if (!is_attached(&follower))
        break;
      width += piece_width(paint, &follower);
    }
    bool breaks = column > 0 && column + 1 + width > paint->width;
    if (t == first || breaks)
      column = printf("%s%*s", breaks ? "\n" : "", indent, "") - breaks;
    else
      column += printf(" ");
    for (int i = t; i < next; i++) {
      piece = target_piece(vocabulary, batch, first, last, i);
      print_piece(paint, &piece);
    }
    column += width;
  }
  putchar('\n');
}
