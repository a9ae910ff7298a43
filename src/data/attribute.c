/* Names of the attributes. */
#include "lore/data/attribute.h"

const char *lore_attribute_name(lore_attribute attribute) {
  static const char *const names[] = {LORE_ATTRIBUTE_LIST(LORE_ENUM_NAME)};
  return names[attribute];
}
