/* Writes RECORDS records of the fixture to PATH: what tests/test_readers.bats reads. */
#include <stdio.h>

#include "metrics_fixture.h"

int main(int count, char **argument) {
  if (count != 3) {
    fprintf(stderr, "usage: %s PATH RECORDS\n", argument[0]);
    return 2;
  }
  lore_metrics_definition definition = fixture_definition();
  lore_metrics *metrics;
  lore_status status = lore_metrics_create(argument[1], &definition, &metrics);
  if (status == LORE_OK) {
    status = fixture_append(metrics, 0, atoll(argument[2]));
    lore_status closed = lore_metrics_close(metrics);
    status = status == LORE_OK ? closed : status;
  }
  if (status != LORE_OK)
    fprintf(stderr, "%s\n", lore_fail_message());
  return lore_status_exit_code(status);
}
