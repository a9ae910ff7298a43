/* The first thing that the program does: it looks whether the processor has what the build needs.
 * Otherwise an older one ends the program with an illegal instruction and no word. Compiled for the
 * oldest processor (src/local.mk), it calls only the system and the plainest of the C library,
 * which is not initialised yet. */
#include "processor.h"

#ifdef __x86_64__

#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lore/base/features.h"
#include "needs.h"

/* What a build for all processors needs. */
static const unsigned least = (1u << (LORE_FEATURE_POPCNT + 1)) - 1;

static void add_text(char *message, size_t size, const char *text) {
  size_t used = strlen(message), length = strlen(text);
  if (used + length < size)
    memcpy(message + used, text, length + 1);
}

static void print_refusal(unsigned features) {
  char message[1024] = "lore: error: the processor";
  struct utsname node;
  if (!uname(&node)) {
    add_text(message, sizeof message, " of ");
    add_text(message, sizeof message, node.nodename);
  }
  add_text(message, sizeof message, " lacks what this program was compiled for:");
  lore_features_append(lore_needs & ~features, sizeof message, message);
  add_text(message, sizeof message, "; use a newer node, or build lore again for this one: ");
  add_text(message, sizeof message,
           least & ~features ? "./configure --with-arch=x86-64\n"
                             : "./configure without --with-arch\n");
  (void)!write(STDERR_FILENO, message, strlen(message));
}

/* Whether another process of this node says it. */
static bool is_told_by_another(char **environment) {
  static const char *const ranks[] = {
      "OMPI_COMM_WORLD_LOCAL_RANK=", "MPI_LOCALRANKID=", "SLURM_LOCALID="};
  for (; environment && *environment; environment++)
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
      if (!strncmp(*environment, ranks[i], strlen(ranks[i])))
        return strcmp(*environment + strlen(ranks[i]), "0") != 0;
  return false;
}

static void check_processor(char **environment) {
  unsigned features = lore_features_found();
  if (!(lore_needs & ~features))
    return;
  if (!is_told_by_another(environment))
    print_refusal(features);
  _exit(LORE_EXIT_PROCESSOR);
}

void lore_processor_check(void) {
  check_processor(environ);
}

#ifdef __ELF__
static void begin(int argc, char **argv, char **environment) {
  (void)argc;
  (void)argv;
  check_processor(environment);
}

/* What is called before all initialisers. */
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **,
                                                                            char **) = begin;
#endif

#else

void lore_processor_check(void) {}

#endif
