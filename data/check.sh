#!/bin/sh
# Verifies the data lists and the sentence templates of this directory.
# Usage: sh check.sh [DIRECTORY]   (default: the directory of this script)
# Prints one line per file and leaves with status 1 on any violation.
# POSIX sh and awk only.

LC_ALL=C
export LC_ALL
dir=${1:-$(dirname "$0")}
bad=0

# list FILE COUNT MAXWORDS KIND: KIND is "name" (letters only, one word) or
# "value" (letters, digits and - ' inside words; "&" only as a word of its own).
list()
{
    awk -v file="$1" -v want="$2" -v maxw="$3" -v kind="$4" '
    function err(msg) { errors++; if (errors <= 20) print file ":" NR ": " msg > "/dev/stderr" }
    {
        if ($0 ~ /[^ -~]/) err("not printable ASCII")
        if ($0 == "") err("blank line")
        if ($0 ~ /^ / || $0 ~ / $/ || $0 ~ /  /) err("spacing")
        if ($0 in seen) err("duplicate: " $0)
        seen[$0] = 1
        if (NF > maxw) err("more than " maxw " words: " $0)
        words += NF
        for (i = 1; i <= NF; i++) {
            tok[$i] = 1
            if (kind == "name" && $i !~ /^[A-Z][A-Za-z]*$/) err("not letters only: " $i)
            if (kind == "value" && $i != "&" && $i !~ /^[A-Za-z0-9][A-Za-z0-9'"'"'-]*$/)
                err("bad word: " $i)
        }
    }
    END {
        if (NR != want) { NR_ = NR; err("expected " want " lines, found " NR_) }
        for (t in tok) n++
        printf "%-28s %5d entries %6d distinct tokens %6.2f tokens/entry  %s\n", file, NR, n, \
            NR ? words / NR : 0, errors ? "FAILED (" errors ")" : "ok"
        exit errors ? 1 : 0
    }' "$dir/$1" || bad=1
    ends "$1"
}

# The last line must end with a line feed.
ends()
{
    if [ ! -s "$dir/$1" ] || [ -n "$(tail -c 1 "$dir/$1")" ]; then
        echo "$1: empty, or no line feed at the end" >&2
        bad=1
    fi
}

# sentences DIRECTORY COUNT END ATTRIBUTE MUST MUSTNOT [ALSO]: COUNT sentences that
# end with END; the words before {value} (a blank on either side) must match the
# regular expressions MUST and, if given, ALSO, and must not match MUSTNOT.
sentences()
{
    awk -v file="$1/$4.txt" -v want="$2" -v tail="$3" -v must="$5" -v mustnot="$6" \
        -v also="${7:-.}" '
    function err(msg) { errors++; if (errors <= 20) print file ":" NR ": " msg > "/dev/stderr" }
    {
        if ($0 ~ /[^ -~]/) err("not printable ASCII")
        if ($0 == "") err("blank line")
        if ($0 ~ /^ / || $0 ~ / $/ || $0 ~ /  /) err("spacing")
        if ($0 in seen) err("duplicate: " $0)
        seen[$0] = 1
        nn = nv = pn = pv = 0
        lead = " "
        for (i = 1; i <= NF; i++) {
            t = $i
            if (t == "{name}") { nn++; pn = i }
            else if (t == "{value}") { nv++; pv = i }
            else if (t ~ /[{}]/) err("stray brace: " t)
            else if (t != "," && t != "." && t != "?" && t != "'"'"'s" && t !~ /^[A-Za-z]+$/)
                err("not a word or a separate punctuation mark: " t)
            else if (i > 1 && t ~ /[A-Z]/) err("capital inside the sentence: " t)
            tok[t] = 1
            if (!nv) lead = lead t " "
        }
        if (nn != 1 || nv != 1 || pn >= pv) err("needs one {name}, then one {value}")
        if (substr($0, length($0) - length(tail) + 1) != tail) err("does not end with \"" tail "\"")
        if (NF > 1 && $1 ~ /^[a-z]/) err("starts with a lower-case word")
        if (lead !~ must || lead !~ also) err("type not clear before {value}: " $0)
        if (lead ~ mustnot) err("looks like another attribute: " $0)
        if (lead in leads) err("same words before {value}: " $0)
        leads[lead] = 1
        words += NF - 2
    }
    END {
        if (NR != want) { k = NR; err("expected " want " lines, found " k) }
        for (t in tok) n++
        printf "%-28s %5d entries %6d distinct tokens %6.2f tokens/entry  %s\n", file, NR, n, \
            NR ? words / NR : 0, errors ? "FAILED (" errors ")" : "ok"
        exit errors ? 1 : 0
    }' "$dir/$1/$4.txt" || bad=1
    ends "$1/$4.txt"
}

templates() { sentences templates 25 ' .' "$@"; }
questions() { sentences questions 10 ' ? {value} .' "$@"; }

list cities.txt        800 5 value
list universities.txt  200 5 value
list majors.txt        100 3 value
list companies.txt     500 3 value
list first_names.txt   900 1 name
list last_names.txt   1000 1 name

born=' (born|birth|birthplace|birthday|newborn|delivered) | .s life began '
uni=' (university|alma|alumni|professors|graduate|diploma was|diploma from|degree from|student years at|studied for|lectures on the campus|admitted|study at|campus|education|student at|degree that) '
major=' (major|majored|majors|subject|field|discipline) '
comp=' (work|works|employed|employer|company|employment|hired|salary|payroll|staff|employees) '
here=' (currently|current|now|nowadays|present|today|Today|recently|These|moving|the time being|every evening) '

templates birth_place "$born" ' (on|date|day) $| date |birthday| studied | works ' \
    ' (city|place|birthplace|hospital) '
templates birth_date  "$born" ' city | in $|birthplace| place of | place is | studied | works ' \
    ' (on|date|day|dated) '
templates university  "$uni"  ' (major|subject|field|born|birth|company|employer) '
templates major       "$major" ' (born|birth|company|employer|university|at) '
templates company     "$comp" ' (born|birth|city|major|subject|student) '
templates location    "$here" ' (born|birth|company|employer|works|major|subject|student) ' \
    ' (city|home|residence|resident|house|address|lives|living|resides|apartment) '

# Several attributes are places or dates, so a question says which.
questions birth_place ' (born|birth|birthplace|native) ' ' (When|date|day) ' ' (city|place|Where|birthplace) '
questions birth_date  " (born|birth|life|world) " ' (city|Where|place of|birthplace) ' ' (When|date|day) '
questions university  ' (university|mater) ' ' (major|subject|field|born|birth|company|employer) '
questions major       ' (major|subject|field|discipline) ' ' (born|birth|company|employer|university|at) '
questions company     ' (company|employer|employs) ' ' (born|birth|city|major|subject|student) '
questions location    ' (live|home|resident|living|residence|house|apartment|evening) ' \
    ' (born|birth|company|employer|work|major|subject|student) '

# Vocabulary and length over everything but questions: the lists, the templates, years
# 1900-2099, twelve months, days 1-31.
(
    cd "$dir" || exit 1
    for f in cities universities majors companies first_names last_names; do
        awk -v k="$f" '{ print k, $0 }' "$f.txt"
    done
    for f in birth_place birth_date university major company location; do
        awk -v k="T$f" '{ print k, $0 }' "templates/$f.txt"
    done
) | awk '
    {
        k = $1
        lines[k]++
        w[k] += NF - 1
        for (i = 2; i <= NF; i++) {
            if ($i == "{name}" || $i == "{value}") { w[k]--; continue }
            all[$i] = 1
            if (k ~ /^T/) tpl[$i] = 1
        }
    }
    END {
        for (y = 1900; y <= 2099; y++) all[y] = 1
        for (d = 1; d <= 31; d++) all[d] = 1
        m = split("January February March April May June July August September October November December", mon, " ")
        for (i = 1; i <= m; i++) all[mon[i]] = 1
        for (t in all) n++
        for (t in tpl) nt++
        if (nt >= 350) bad = 1
        for (k in lines) mean[k] = w[k] / lines[k]
        len = 6 * 3 + 3 + 2 * mean["cities"] + mean["universities"] + mean["majors"] + mean["companies"]
        len += mean["Tbirth_place"] + mean["Tbirth_date"] + mean["Tuniversity"]
        len += mean["Tmajor"] + mean["Tcompany"] + mean["Tlocation"]
        if (len < 75 || len > 105) bad = 1
        printf "%-28s %5d distinct tokens, %d of them in templates; %.1f tokens per biography  %s\n", \
            "all files", n, nt, len, bad ? "FAILED" : "ok"
        exit bad ? 1 : 0
    }' || bad=1

if [ "$bad" -ne 0 ]; then
    echo "data: violations found"
    exit 1
fi
echo "data: all checks passed"
