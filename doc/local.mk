dist_man1_MANS = doc/man/lore.1
EXTRA_DIST += doc
