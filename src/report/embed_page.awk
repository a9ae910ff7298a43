# Turns the parts of the page into one C file. Files of the same ending become one text; a file
# after LIBRARY is the library that draws.
# usage: awk -f embed_page.awk page.html page.css a.js b.js LIBRARY=1 [chart.min.js] > page_parts.c

function put(line) {
  if (now != "html") gsub(/<\/script/, "<\\/script", line) # it would end the page's script
  gsub(/[\\"]/, "\\\\&", line)
  print "    \"" line "\\n\""
}
function begin(kind) {
  if (kind == now) return
  if (now != "") print "    \"\";"
  now = kind
  seen[kind] = 1
  printf "\nconst char lore_page_%s[] =\n", kind
}
BEGIN { print "/* Generated from src/report/page by src/report/embed_page.awk. */\n#include \"page_parts.h\"" }
FNR == 1 {
  kind = FILENAME
  sub(/.*\./, "", kind)
  begin(LIBRARY ? "library" : kind)
}
{
  sub(/\r$/, "")
  put($0)
}
END {
  if (!seen["library"]) begin("library")
  print "    \"\";"
}
