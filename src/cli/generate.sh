#!/bin/sh
# Writes what the program says of itself to a file, as a part of make:
#
#   generate.sh LORE FILE OTHERWISE ARGUMENT...
#
# OTHERWISE is what the file has if the program cannot run on this machine, because it was compiled
# for another one.
lore=$1 file=$2 otherwise=$3
shift 3

"$lore" "$@" >"$file.new"
code=$?
case $code in
  0) ;;
  126 | 127 | 200)
    echo "$file: $lore cannot run on this machine; the file is almost empty" >&2
    printf '%s\n' "$otherwise" >"$file.new"
    ;;
  *)
    rm -f "$file.new"
    exit "$code"
    ;;
esac
mv -f "$file.new" "$file"
