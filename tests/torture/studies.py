"""Mutated studies: none may crash lore, hang it, or make it speak twice.

usage: studies.py LORE COUNT WORK [SEED]

Each mutant is one of the repository's studies with one to six mutations. lore check, show and plan read it; if they
accept it and it is cheap, two steps of it are trained. LORE should be a build with sanitizers.
"""

import json
import math
import random
import re
import sys

from common import HERE, Ending, Report, fresh

LIMIT = 10  # seconds of one command
NUMBERS = ["0", "-1", "1", "2", "3", "1e308", "-1e308", "1e-320", ".inf", "-.inf", ".nan", "9223372036854775807",
           "-9223372036854775808", "18446744073709551616", "2147483647", "2147483648", "0x10", "1_000", "1e3", "0.5",
           "00", "1.", "4096", "65535", "65536", "1000000"]
SCALARS = ["true", "null", "~", "''", '""', "[]", "{}", "[[]]", "a", "'\\u202e'", '"\\u202e"', '"\\0"', "!!int 3", "!!binary aGk=",
           "&a 1", "*a", "|", ">-", "? a", "- - -", "@", "`", "%", "\t", "#", ": :", "<<", "uniform", "adaptive", "all",
           "../../../etc/passwd", "/dev/zero", "/dev/stdin", "/", "x" * 5000, "é" * 200, "[1, 2, 3]", "{a: 1}",
           "{from: 1, to: 64, steps: 3}", "[0.5, 0.5]", "[1e308, 1e308]", "[-1, nan]"]
ODD_BYTES = [b"\0", b"\xff", b"\xef\xbb\xbf", b"\r\n", b"\r", b"\xc0\x80", b"\xe2\x80\xae", b"\x85", b"\x1b[31m", b"\t"]


def seeds(root):
    """Texts of all studies in the repository: valid ones, and those together with what tests want refused."""
    valid = []
    for folder in ("tests/studies", "jobs/studies", "jobs/studies/small"):
        texts = [path.read_bytes() for path in sorted((root / folder).glob("*.yaml"))]
        valid += 8 * texts if folder == "tests/studies" else texts  # small enough to be trained
    found = list(valid)
    for path in sorted((root / "tests/broken").glob("*.cases")):
        for case in re.split(rb"^=== .*\n", path.read_bytes(), flags=re.M)[1:]:
            found.append(re.split(rb"^--- \w+\n", case, flags=re.M)[0])
    return valid, found


def change_number(text, draw):
    """A number becomes another one of its kind."""
    places = list(re.finditer(rb"(?<=[:\[,] )[0-9.]+(e[-+]?[0-9]+)?(?=[\n,\]} ])", text))
    if not places:
        return text
    place = draw.choice(places)
    number = float(place[0]) * draw.choice([0, 0.25, 0.5, 2, 3, 7]) + draw.choice([0, 0, 1, -1])
    whole = b"." not in place[0] and b"e" not in place[0]
    value = str(int(number)) if whole else f"{number:.3g}"
    return text[:place.start()] + value.encode() + text[place.end():]


def change_value(text, draw):
    """Another value for a scalar that follows a colon, or stands in a list."""
    places = list(re.finditer(rb"(?<=[:\[,] )[^\s,\]}{#][^,\]}\n#]*", text))
    if not places:
        return text
    place = draw.choice(places)
    old = place[0].strip()
    if re.fullmatch(rb"-?[0-9.]+(e[-+]?[0-9]+)?", old) and draw.random() < 0.4:
        number = float(old)
        new = draw.choice([number + 1, number - 1, -number, number * 2, number / 2, number * 1e6, number / 1e6])
        value = (str(int(new)) if math.isfinite(new) and new == int(new) and draw.random() < 0.7 else repr(new)).encode()
    else:
        value = draw.choice(NUMBERS if draw.random() < 0.5 else SCALARS).encode()
    return text[:place.start()] + value + text[place.end():]


def change_lines(text, draw, texts):
    """Lines removed, doubled, exchanged, indented, or taken from another study."""
    lines = text.split(b"\n")
    at, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    kind = draw.randrange(6)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(other, lines[at])
    elif kind == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 3:
        lines[at] = b" " * draw.randrange(9) + lines[at].lstrip()
    elif kind == 4:
        lines.insert(at, draw.choice(draw.choice(texts).split(b"\n")))
    else:
        lines[at:other] = []
    return b"\n".join(lines)


def change_bytes(text, draw):
    at = draw.randrange(len(text) + 1)
    kind = draw.randrange(5)
    if kind == 0:
        return text[:at] + draw.choice(ODD_BYTES) + text[at:]
    if kind == 1:
        return text[:at]
    if kind == 2:
        return text[:at] + text[at + draw.randrange(1, 9):]
    if kind == 3:
        return text[:at] + bytes([draw.randrange(256)]) + text[at + 1:]
    deep = draw.choice([50, 500, 20000])
    return text[:at] + draw.choice([b"[", b"{a: ", b"- ", b"? "]) * deep + text[at:]


def change_keys(text, draw, texts):
    """A key that belongs elsewhere, or hardly differs."""
    keys = list(re.finditer(rb"[a-z_]+(?=:)", text))
    if not keys:
        return text
    place = draw.choice(keys)
    word = place[0]
    if draw.random() < 0.6:
        word = draw.choice(re.findall(rb"[a-z_]+(?=:)", draw.choice(texts)) or [b"x"])
    else:
        at = draw.randrange(len(word))
        word = word[:at] + word[at + 1:]
    return text[:place.start()] + word + text[place.end():]


def mutate(valid, texts, draw):
    if draw.random() < 0.4:  # these are often accepted, and then trained
        text = draw.choice(valid)
        for _ in range(draw.randrange(1, 4)):
            text = change_number(text, draw)
        return text
    text = draw.choice(texts)
    for _ in range(draw.choice([1, 1, 1, 2, 2, 3, 6])):
        kind = draw.random()
        if kind < 0.45:
            text = change_value(text, draw)
        elif kind < 0.65:
            text = change_lines(text, draw, texts)
        elif kind < 0.8:
            text = change_bytes(text, draw)
        else:
            text = change_keys(text, draw, texts)
    return text


def is_cheap(ending):
    """Whether two steps of the study take a moment, by lore plan --json."""
    try:
        plan = json.loads(ending.out)
    except ValueError:
        return False
    runs = plan.get("runs", [])
    return 0 < len(runs) <= 6 and all(run["peak_bytes"] < 3e8 for run in runs)


def train(lore, directory, report):
    options = ["-q", "-s", "train.steps=2", "-s", "train.batch=2", "-s", "train.shard=1", "-s", "compute.threads=1",
               "-s", "evaluate.sequences=2", "-s", "evaluate.attention_sequences=1"]
    ending = Ending([lore, "run", *options, "study.yaml", "-o", "results"], directory, 6 * LIMIT)
    report.count("trained" if ending.code == 0 else "not trained")
    return ending


def try_mutant(lore, text, directory, report):
    (directory / "study.yaml").write_bytes(text)
    endings = [Ending([lore, "check", "study.yaml"], directory, LIMIT)]
    accepted = endings[0].code == 0
    report.count("accepted" if accepted else "refused")
    endings.append(Ending([lore, "show", "study.yaml"], directory, LIMIT))
    if accepted:
        endings.append(Ending([lore, "plan", "--json", "--gflops", "10", "study.yaml"], directory, LIMIT))
        if is_cheap(endings[-1]):
            endings.append(train(lore, directory, report))
    faults = [f"{e.command[1]}: {fault}" for e in endings for fault in e.faults()]
    return faults, "".join(map(str, endings))


def main(lore, count, work, seed="1"):
    valid, texts = seeds(HERE.parent.parent)
    report = Report("mutated studies", work)
    for number in range(int(count)):
        draw = random.Random(f"{seed}:{number}")
        directory = fresh(f"{work}/study")
        faults, story = try_mutant(lore, mutate(valid, texts, draw), directory, report)
        report.trial(f"study{number}", faults, story, directory)
    report.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
