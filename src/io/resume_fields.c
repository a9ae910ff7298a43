/* lore_resume as attributes of a file. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/io/resume.h"

#define HASH    "resume_settings_hash"
#define BACKEND "resume_gemm_backend"

/* A double holds the integers: they are below 2^53. */
static const struct {
  const char *name;
  bool integer; /* int64_t, else double */
  size_t offset;
} field[] = {
    {"step", true, offsetof(lore_resume, step)},
    {"resume_tokens_seen", true, offsetof(lore_resume, tokens_seen)},
    {"resume_loss_sum", false, offsetof(lore_resume, loss_sum)},
    {"resume_loss_tokens", true, offsetof(lore_resume, loss_tokens)},
    {"resume_gradient_norm", false, offsetof(lore_resume, gradient_norm)},
    {"resume_baseline", false, offsetof(lore_resume, detector.baseline)},
    {"resume_plateau_margin", false, offsetof(lore_resume, detector.margin)},
    {"resume_last_step", false, offsetof(lore_resume, detector.last_step)},
    {"resume_last_loss", false, offsetof(lore_resume, detector.last_loss)},
    {"resume_plateau_start", false, offsetof(lore_resume, detector.plateau_start)},
    {"resume_plateau_end", false, offsetof(lore_resume, detector.plateau_end)},
    {"resume_seconds", false, offsetof(lore_resume, seconds)},
    {"resume_records", true, offsetof(lore_resume, records)},
    {"resume_widened_at", true, offsetof(lore_resume, widened_at)},
};

enum { FIELDS = sizeof field / sizeof *field };

void lore_resume_put_fields(lore_ncfile *file, const lore_resume *resume) {
  char hash[17];
  for (int i = 0; i < FIELDS; i++) {
    const char *at = (const char *)resume + field[i].offset;
    int64_t integer;
    double number;
    if (field[i].integer) {
      memcpy(&integer, at, sizeof integer);
      lore_ncfile_integer(file, NC_GLOBAL, field[i].name, integer);
    } else {
      memcpy(&number, at, sizeof number);
      lore_ncfile_real(file, NC_GLOBAL, field[i].name, number);
    }
  }
  snprintf(hash, sizeof hash, "%016llx", (unsigned long long)resume->settings_hash);
  lore_ncfile_text(file, NC_GLOBAL, HASH, hash);
  lore_ncfile_text(file, NC_GLOBAL, BACKEND, resume->gemm_backend);
}

lore_status lore_resume_get_fields(int ncid, const char *path, lore_resume *resume) {
  char hash[17];
  *resume = (lore_resume){0};
  for (int i = 0; i < FIELDS; i++) {
    char *at = (char *)resume + field[i].offset;
    double number;
    int error = lore_netcdf_get_number(ncid, field[i].name, &number);
    if (error)
      return lore_netcdf_unreadable(path, field[i].name, error);
    if (field[i].integer)
      memcpy(at, &(int64_t){(int64_t)number}, sizeof(int64_t));
    else
      memcpy(at, &number, sizeof number);
  }
  int error = lore_netcdf_get_text(ncid, HASH, sizeof hash, hash);
  if (error)
    return lore_netcdf_unreadable(path, HASH, error);
  resume->settings_hash = strtoull(hash, NULL, 16);
  error = lore_netcdf_get_text(ncid, BACKEND, sizeof resume->gemm_backend, resume->gemm_backend);
  return error ? lore_netcdf_unreadable(path, BACKEND, error) : LORE_OK;
}
