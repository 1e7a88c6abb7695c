# SPDX-License-Identifier: EUPL-1.2
"""What the checks share: the tree, C text without comments and strings, the table of layers, and how a check is run.

A check is a function that takes parsed arguments and returns a list of problems, each "path:line: what". Every check
has a self-test that feeds it bad examples: one that finds nothing in them is broken."""
import argparse
import os
import re
import subprocess
import sys
import tempfile

PRODUCT = ("core", "broker", "names", "device", "pam_module", "provisioning", "sso")
SKIPPED = {"build", ".git", "__pycache__"}


def files(root, folders=(".",), endings=()):
    """Paths relative to root, sorted; build trees and .git left out."""
    found = []
    for folder in folders:
        for where, inner, names in os.walk(os.path.join(root, folder)):
            inner[:] = sorted(name for name in inner if name not in SKIPPED)
            for name in names:
                path = os.path.normpath(os.path.relpath(os.path.join(where, name), root))
                if not os.path.islink(os.path.join(root, path)) and (not endings or name.endswith(tuple(endings))):
                    found.append(path)
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


PIECE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def strip(text):
    """C without comments and without what stands in strings; lines keep their numbers. #include lines keep their names."""
    def blank(match):
        piece = match.group(0)
        if piece[0] == '"' and re.search(r"^[ \t]*#[ \t]*include[ \t]*$", text[text.rfind("\n", 0, match.start()) + 1:match.start()]):
            return piece
        kept = piece[0] + piece[0] if piece[0] in "\"'" else " "
        return kept + "\n" * piece.count("\n")
    return PIECE.sub(blank, text)


class Row:
    def __init__(self, name, folder, uses, libs):
        self.name, self.folder, self.uses, self.libs = name, folder, uses, libs


class Home:
    def __init__(self, name, folders, headers, symbols):
        self.name, self.folders = name, folders
        self.headers, self.symbols = re.compile(headers), re.compile(symbols)


def split(text):
    return [part for part in text.split(",") if part]


def table(path):
    """The table of layers as CMake wrote it: rows by name, and the homes of third parties."""
    rows, homes = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            kind, rest = line.rstrip("\n").split("|", 1)
            if kind == "row":
                name, folder, uses, libs = rest.split("|")
                rows[name] = Row(name, folder, split(uses), split(libs))
            else:
                name, folders, headers, symbols = rest.split("|", 3)
                homes.append(Home(name, split(folders), headers, symbols))
    return rows, homes


def inside(path, folder):
    return path.startswith(folder + "/")


def row_of(rows, path):
    """The row with the longest folder that the path lies in, or None."""
    best = None
    for row in rows.values():
        if inside(path, row.folder) and (best is None or len(row.folder) > len(best.folder)):
            best = row
    return best


def transitive(rows, row):
    """Names of all rows whose headers a user of this row sees: those it uses, and what their headers use."""
    seen, waiting = set(), list(row.uses)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += rows[name].uses
    return seen


class Example:
    """A tree of bad examples for a self-test."""

    def __init__(self, contents):
        self.contents = contents

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        for path, text in self.contents.items():
            full = os.path.join(self.folder.name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        return self.folder.name

    def __exit__(self, *error):
        self.folder.cleanup()


def expect(problems, *wanted):
    """For self-tests: exactly these problems, in this order, each beginning with what is given."""
    good = len(problems) == len(wanted) and all(p.startswith(w) for p, w in zip(problems, wanted))
    if not good:
        sys.exit("self-test failed\n  expected: " + "\n            ".join(wanted) + "\n  found:    " + "\n            ".join(problems))


def need_version(program, major):
    """Ends with status 77, which ctest calls skipped, where another version is installed: it would judge differently."""
    text = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"version (\d+)", text).group(1)
    if found != str(major):
        print(f"skipped: {program} {found} is installed, {major} decides")
        sys.exit(77)


def main(check, self_test, *arguments):
    parser = argparse.ArgumentParser(description=check.__doc__)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--root")
    for name in arguments:
        parser.add_argument("--" + name)
    args = parser.parse_args()
    if args.self_test:
        self_test()
        print("self-test passed")
        return
    problems = check(args)
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}")
