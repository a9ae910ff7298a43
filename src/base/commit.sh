#!/bin/sh
# Prints the commit of the source tree $1: from git in a checkout, from commit.txt in a release.
# "-modified" follows if tracked files differ from the commit.
set -u
cd "$1" || exit 1
commit=
# .git is looked for here only: a release unpacked inside another checkout is not that checkout.
if [ -e .git ]; then
  commit=$(git rev-parse --short=12 HEAD 2>/dev/null)
  if [ -n "$commit" ] && [ -n "$(GIT_OPTIONAL_LOCKS=0 git status --porcelain --untracked-files=no 2>/dev/null)" ]; then
    commit=$commit-modified
  fi
elif [ -f commit.txt ]; then
  commit=$(cat commit.txt)
fi
echo "${commit:-unknown}"
