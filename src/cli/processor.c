/* The first thing that the program does: it looks whether the processor has what the build needs.
 * Otherwise an older one ends the program with an illegal instruction and no word. Compiled for the
 * oldest processor (src/local.mk), it calls only the system and the plainest of the C library,
 * which is not initialised yet. */
#include "processor.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "needs.h"

static const char *const names[] = {
#define X(name, text) text,
    LORE_NEEDS_LIST(X)
#undef X
};

static unsigned bit_if(int feature, int need) {
  return feature ? 1u << need : 0;
}

/* __builtin_cpu_supports, which also asks whether the system keeps the registers, knows neither
 * LZCNT nor MOVBE nor F16C with every compiler. */
static unsigned find_features(void) {
  unsigned a, b, c, d, basic = 0, extended = 0;
  if (__get_cpuid(1, &a, &b, &c, &d))
    basic = c;
  if (__get_cpuid(0x80000001u, &a, &b, &c, &d))
    extended = c;
  __builtin_cpu_init();
#define HAS(name, text) bit_if(__builtin_cpu_supports(text), LORE_NEED_##name)
  return HAS(SSE3, "sse3") | HAS(SSSE3, "ssse3") | HAS(SSE4_1, "sse4.1") | HAS(SSE4_2, "sse4.2") |
         HAS(POPCNT, "popcnt") | HAS(BMI, "bmi") | HAS(BMI2, "bmi2") | HAS(AVX, "avx") |
         HAS(AVX2, "avx2") | HAS(FMA, "fma") | HAS(AVX512F, "avx512f") | HAS(AVX512CD, "avx512cd") |
         HAS(AVX512BW, "avx512bw") | HAS(AVX512DQ, "avx512dq") | HAS(AVX512VL, "avx512vl") |
         HAS(AVX512IFMA, "avx512ifma") | HAS(AVX512VBMI, "avx512vbmi") |
         HAS(AVX512VBMI2, "avx512vbmi2") | HAS(AVX512VNNI, "avx512vnni") |
         HAS(AVX512BITALG, "avx512bitalg") | HAS(AVX512VPOPCNTDQ, "avx512vpopcntdq") |
         bit_if(extended & 1u << 5, LORE_NEED_LZCNT) | bit_if(basic & 1u << 22, LORE_NEED_MOVBE) |
         bit_if(basic & 1u << 29, LORE_NEED_F16C);
#undef HAS
}

/* The highest level that the compilers have a name for. */
static const char *find_level(unsigned features) {
  const unsigned v2 = (1u << (LORE_NEED_POPCNT + 1)) - 1;
  const unsigned v3 = (1u << (LORE_NEED_FMA + 1)) - 1;
  return !(v3 & ~features) ? "x86-64-v3" : !(v2 & ~features) ? "x86-64-v2" : "x86-64";
}

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
  for (unsigned need = 0; need < LORE_NEEDS; need++)
    if (lore_needs & ~features & 1u << need) {
      add_text(message, sizeof message, " ");
      add_text(message, sizeof message, names[need]);
    }
  add_text(message, sizeof message,
           "; use a newer node, or build lore again for this one: ./configure --with-arch=");
  add_text(message, sizeof message, find_level(features));
  add_text(message, sizeof message, "\n");
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
  unsigned features = find_features();
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
