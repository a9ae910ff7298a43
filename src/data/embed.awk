# Turns the word lists under data/ into one C file, so that the program carries them.
# usage: awk -f embed.awk FILE.txt ... > lists.c; the base name of a file becomes lore_list_<name>,
# in a directory questions lore_list_question_<name>.
# lists.h declares how long each list has to be; a list of another length does not compile.

function finish() {
  printf "};\n_Static_assert(sizeof lore_list_%s / sizeof *lore_list_%s == %d,\n", name, name, entries
  printf "               \"%s.txt does not have as many entries as lists.h says\");\n", name
}
BEGIN { print "/* Generated from data/ by src/data/embed.awk. */\n#include \"lists.h\"" }
FNR == 1 {
  if (name != "") finish()
  name = FILENAME
  sub(/.*\/questions\//, "question_", name)
  sub(/.*\//, "", name)
  sub(/\.txt$/, "", name)
  entries = 0
  printf "\nconst char *const lore_list_%s[] = {\n", name
}
FNR == 1 { sub(/^\357\273\277/, "") } # a byte order mark
{
  sub(/[ \t\r]+$/, "")
  gsub(/[\\"]/, "\\\\&")
  print "    \"" $0 "\","
  entries++
}
END { finish() }
