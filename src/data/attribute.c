/* Names of the attributes. */
#include "lore/data/attribute.h"

const char *lore_attribute_name(lore_attribute attribute) {
  static const char *const names[LORE_ATTRIBUTES] = {
      [LORE_BIRTH_PLACE] = "birth_place", [LORE_BIRTH_DATE] = "birth_date",
      [LORE_UNIVERSITY] = "university",   [LORE_MAJOR] = "major",
      [LORE_COMPANY] = "company",         [LORE_LOCATION] = "location",
  };
  return names[attribute];
}
