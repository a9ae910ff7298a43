# Turns studies into one C file, so that lore init can write them.
# usage: awk -f embed_starters.awk jobs/studies/init/imbalance.yaml ... > starters.c

BEGIN {
  print "/* Generated from jobs/studies/init by src/cli/embed_starters.awk. */\n#include \"starters.h\"\n"
  print "const lore_starter lore_starters[] = {"
}
FNR == 1 {
  if (name != "") print "    },"
  name = FILENAME
  sub(/.*\//, "", name)
  sub(/\.[^.]*$/, "", name)
  printf "    {\"%s\",\n", name
}
{
  sub(/\r$/, "") # of a checkout with line ends of Windows
  gsub(/[\\"]/, "\\\\&")
  print "     \"" $0 "\\n\""
}
END { print "    },\n    {0, 0},\n};" }
