#!/usr/bin/env bats
# The walls between the rooms of src/: includes, the table of doc/architecture.md, and which file implements which header.

setup_file() {
  : "${LORE_SOURCE:?is the source tree}"
  export ROOMS="$LORE_SOURCE/tests/support/rooms.py"
}

# A copy of what the check reads, to break.
setup() {
  cd "$BATS_TEST_TMPDIR" || return
  mkdir doc
  cp "$LORE_SOURCE/doc/architecture.md" doc
  cp -r "$LORE_SOURCE/src" "$LORE_SOURCE/include" .
}

# refuse TEXT: the copy is refused, and TEXT is in what is said.
refuse() {
  local said
  ! said=$(python3 "$ROOMS" . check) || { echo "not refused"; return 1; }
  echo "$said"
  [[ $said == *"$1"* ]]
}

@test "the tree is as doc/architecture.md says" {
  python3 "$ROOMS" "$LORE_SOURCE" check
}

@test "an include that the table does not have is refused" {
  echo '#include "lore/train/trainer.h"' >>src/base/log.c
  refuse 'src/base may not include lore/train'
}

@test "an include of a neighbour's private header is refused" {
  echo '#include "../io/path.h"' >>src/run/run.c
  refuse 'src/run/run.c: "../io/path.h"'
  sed -i '$d' src/run/run.c
  echo '#include "model/pass.h"' >>src/run/run.c
  refuse 'src/run/run.c: "model/pass.h"'
}

@test "a table that allows an upward arrow is refused" {
  sed -i 's/^| src\/data |\(.*\)| base |$/| src\/data |\1| base, train |/' doc/architecture.md
  refuse 'src/data may not include train'
}

@test "a room that is not in the table is refused" {
  mkdir src/attic
  echo '/* Empty. */' >src/attic/box.c
  refuse 'src/attic'
}

@test "a function in another file than its header's is refused" {
  echo 'int lore_lost(void);' >>include/lore/base/log.h
  printf 'int lore_lost(void) {\n  return 1;\n}\n' >>src/base/clock.c
  refuse 'src/base/clock.c: lore_lost is declared in include/lore/base/log.h'
}

@test "a circle of files is refused" {
  echo 'int lore_first(void);' >>include/lore/base/clock.h
  echo 'int lore_second(void);' >>include/lore/base/log.h
  printf 'int lore_first(void) {\n  return lore_second();\n}\n' >>src/base/clock.c
  printf 'int lore_second(void) {\n  return lore_first();\n}\n' >>src/base/log.c
  refuse 'a circle of files: src/base/clock.c src/base/log.c'
}

@test "an old picture is refused" {
  echo '#include "lore/base/arena.h"' >>src/control/submit.c
  sed -i '/^  control -->/d' doc/architecture.md
  refuse 'the picture is not what'
}
