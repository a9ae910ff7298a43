/* The word lists under data/, compiled in: one array per file, called like it. embed.awk writes
 * them and checks that each file has as many entries as stand here. */
#ifndef LORE_DATA_LISTS_H
#define LORE_DATA_LISTS_H

#include "lore/data/attribute.h"

enum {
  LORE_FIRST_NAMES = 900, /* also middle names */
  LORE_LAST_NAMES = 1000,
  LORE_CITIES = 800, /* places of birth and locations */
  LORE_UNIVERSITIES = 200,
  LORE_MAJORS = 100,
  LORE_COMPANIES = 500
};

extern const char *const lore_list_first_names[LORE_FIRST_NAMES];
extern const char *const lore_list_last_names[LORE_LAST_NAMES];
extern const char *const lore_list_cities[LORE_CITIES];
extern const char *const lore_list_universities[LORE_UNIVERSITIES];
extern const char *const lore_list_majors[LORE_MAJORS];
extern const char *const lore_list_companies[LORE_COMPANIES];

/* Templates, one list per attribute: words, {name} and {value} separated by single spaces. */
extern const char *const lore_list_birth_place[LORE_TEMPLATES];
extern const char *const lore_list_birth_date[LORE_TEMPLATES];
extern const char *const lore_list_university[LORE_TEMPLATES];
extern const char *const lore_list_major[LORE_TEMPLATES];
extern const char *const lore_list_company[LORE_TEMPLATES];
extern const char *const lore_list_location[LORE_TEMPLATES];

/* The same of questions, those of directory questions/. */
extern const char *const lore_list_question_birth_place[LORE_QUESTIONS];
extern const char *const lore_list_question_birth_date[LORE_QUESTIONS];
extern const char *const lore_list_question_university[LORE_QUESTIONS];
extern const char *const lore_list_question_major[LORE_QUESTIONS];
extern const char *const lore_list_question_company[LORE_QUESTIONS];
extern const char *const lore_list_question_location[LORE_QUESTIONS];

#endif
