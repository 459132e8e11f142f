# SPDX-License-Identifier: Apache-2.0
"""The list of differences that are meant (file `differences`), and the comparison that reads it."""
import collections
import fnmatch
import json
import pathlib

from harness import PYTHON

LIST = pathlib.Path(__file__).with_name("differences")

EXECUTABLE = pathlib.Path(PYTHON).resolve()

# case and path are patterns; ours and theirs are JSON, `-` for what is not there, `*` for anything
Difference = collections.namedtuple("Difference", "case path ours theirs why")
ABSENT = object()


def read():
    text = LIST.read_text().replace("{python}", str(EXECUTABLE))
    text = text.replace("{python name}", EXECUTABLE.name)
    rows = [line for line in text.splitlines() if line and line[0] != "#"]
    entries = [Difference(*(field.strip() for field in row.split(" | ", 4))) for row in rows]
    for entry in entries:
        assert entry.why, "a difference without a reason: %s" % entry.path
    return entries


def _shown(value):
    return "-" if value is ABSENT else json.dumps(value, ensure_ascii=False)


def _allowed(entry, case, path, ours, theirs):
    return (fnmatch.fnmatchcase(case, entry.case) and fnmatch.fnmatchcase(path, entry.path)
            and entry.ours in ("*", _shown(ours)) and entry.theirs in ("*", _shown(theirs)))


def _differing(ours, theirs):
    """(path, ours, theirs) of all that differs; of a document only one side has, the name alone."""
    for name in list(theirs) + [name for name in ours if name not in theirs]:
        if name not in ours or name not in theirs:
            yield (name, *("whole" if name in side else ABSENT for side in (ours, theirs)))
            continue
        got, want = dict(ours[name]), dict(theirs[name])
        for path in list(want) + [path for path in got if path not in want]:
            pair = got.get(path, ABSENT), want.get(path, ABSENT)
            if _shown(pair[0]) != _shown(pair[1]):  # as text, where 1 is not 1.0
                yield (path, *pair)


def _moved(ours, theirs):
    """The first path of each document that comes in another order."""
    for name in ours.keys() & theirs.keys():
        got, want = dict(ours[name]), dict(theirs[name])
        pairs = zip([p for p in got if p in want], [p for p in want if p in got])
        yield from [pair for pair in pairs if pair[0] != pair[1]][:1]


def compare(case, entries, ours, theirs):
    """ours, theirs: {document: [(path, leaf)]}. What is in no entry, as text; the entries used."""
    wrong, used = [], set()
    for path, *pair in _differing(ours, theirs):
        found = [entry for entry in entries if _allowed(entry, case, path, *pair)]
        used.update(found[:1])
        if not found:
            wrong.append("%s: ours %s, theirs %s" % (path, *map(_shown, pair)))
    wrong += ["order: ours has %s where theirs has %s" % pair for pair in _moved(ours, theirs)]
    return wrong, used
