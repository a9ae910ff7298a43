/* Hashes of settings, and how settings differ. */
#include "lore/settings/hash.h"
#include "support/settings_file.h"

#include <math.h>

#include "lore/manifest/manifest.h"

/* A setting changed a little, whatever it is. */
static void change(const lore_setting *setting, lore_settings *settings) {
  char *at = (char *)settings + setting->offset;
  if (setting->kind == LORE_SETTING_TEXT)
    strcpy(at, "another");
  else if (setting->kind == LORE_SETTING_WORD_LIST)
    strcpy(((lore_word_list *)at)->value[((lore_word_list *)at)->count++], "word");
  else if (setting->kind == LORE_SETTING_INTEGER_LIST)
    ((lore_integer_list *)at)->count++;
  else if (setting->kind == LORE_SETTING_REAL)
    *(double *)at = nextafter(*(double *)at, 1e9);
  else
    *at ^= 1;
}

static void test_hash(void **state) {
  (void)state;
  int count;
  char text[4096];
  lore_settings before, now;
  const lore_setting *table = lore_settings_table(&count);
  lore_settings_default(&before);
  for (int i = 0; i < count; i++) {
    const char *key = table[i].key;
    if (table[i].kind == LORE_SETTING_CHOICE && !table[i].choices[1])
      continue;
    bool decides = strncmp(key, "compute.", 8) && strncmp(key, "checkpoint.", 11) &&
                   strcmp(key, "train.reduction");
    now = before;
    change(&table[i], &now);
    assert_int_equal(lore_settings_hash(&before) != lore_settings_hash(&now), decides);
    assert_int_equal(lore_settings_differences(&before, &now, sizeof text, text), decides);
    assert_int_equal(strncmp(text, key, strlen(key)) == 0, decides);
  }
  now = before;
  now.train.steps = 4000;
  now.model.bias = true;
  assert_int_equal(lore_settings_differences(&before, &now, sizeof text, text), 2);
  assert_string_equal(text, "model.bias: false before, true now\n"
                            "train.steps: 16384 before, 4000 now");
  assert_int_equal(lore_settings_differences(&before, &now, 11, text), 2);
  assert_string_equal(text, "model.bias");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_hash)};
  return cmocka_run_group_tests(tests, open_path, close_path);
}
