#!/usr/bin/env bats
# lore settings --schema: a JSON schema for editors, which agrees with lore check.

load support/common

@test "the schema accepts the studies of the tree, and refuses what lore check refuses" {
  "$PYTHON" -c 'import jsonschema, yaml
jsonschema.Draft202012Validator' 2>/dev/null || skip "no python3 with jsonschema (4 or later) and yaml"
  "$PYTHON" "$LORE_SOURCE/tests/support/check_schema.py" "$LORE" "$LORE_SOURCE"
}

@test "it is the file that is installed, and of all settings" {
  "$LORE" settings --schema >schema.json
  cmp schema.json "$LORE_BUILD/study.schema.json"
  [ "$("$PYTHON" -c 'import json
schema = json.load(open("schema.json"))
print(schema["$schema"], *schema["required"])')" = "https://json-schema.org/draft/2020-12/schema name" ]
  fails 2 "$LORE" settings --schema train
  [[ $output == *"--schema is of all settings; remove train" ]]
  fails 2 "$LORE" settings --schema --json
}

@test "a full disk is an error" {
  [ -w /dev/full ] || skip "needs /dev/full"
  fails 1 sh -c '"$0" settings --schema >/dev/full' "$LORE"
}
