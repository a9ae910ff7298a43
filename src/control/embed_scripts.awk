# Turns job scripts into one C file, so that the program can write them.
# usage: awk -f embed_scripts.awk jobs/run.sbatch ... > job_scripts.c; run.sbatch becomes
# lore_job_run_script.

BEGIN { print "/* Generated from jobs/ by src/control/embed_scripts.awk. */\n#include \"job_scripts.h\"" }
FNR == 1 {
  if (name != "") print "    \"\";"
  name = FILENAME
  sub(/.*\//, "", name)
  sub(/\..*$/, "", name)
  printf "\nconst char lore_job_%s_script[] =\n", name
}
{
  sub(/\r$/, "") # of a checkout with line ends of Windows, which bash would not read
  gsub(/[\\"]/, "\\\\&")
  print "    \"" $0 "\\n\""
}
END { print "    \"\";" }
