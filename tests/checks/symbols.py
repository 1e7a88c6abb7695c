#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Looks into every object of the build: a third party's symbol may be referred to in its home only."""
import os
import subprocess
import types

import common


def source_of(build, path):
    """core/base/CMakeFiles/lk_base.dir/buf.c.o -> core/base/buf.c"""
    folder, rest = os.path.relpath(path, build).split("/CMakeFiles/", 1)
    inner = rest.split("/", 1)[1].replace("__/", "../")
    return os.path.normpath(os.path.join(folder, inner))[:-len(".o")]


def objects(build):
    for where, inner, names in os.walk(build):
        # Test programs compile product sources once more, with failures built in; tests may use every library.
        inner[:] = sorted(name for name in inner if not name.startswith("test_"))
        for name in sorted(names):
            if name.endswith(".o") and "/CMakeFiles/" in where:
                yield os.path.join(where, name)


def undefined(path):
    text = subprocess.run(["nm", "-u", "--", path], check=True, capture_output=True, text=True).stdout
    return [line.split()[-1] for line in text.splitlines() if line.split()]


def check(args):
    """No object refers to a third party's symbol outside its home."""
    _, homes = common.table(args.table)
    problems, seen = [], 0
    for path in objects(args.build):
        source = source_of(args.build, path)
        if not source.startswith(tuple(folder + "/" for folder in common.PRODUCT)):
            continue
        seen += 1
        for symbol in undefined(path):
            for home in homes:
                if home.symbols.match(symbol) and not any(common.inside(source, folder) for folder in home.folders):
                    problems.append(f"{source}:1: refers to {symbol} of {home.name}, whose home is {' '.join(home.folders) or 'tests'}")
    if seen == 0:
        problems.append(f"{args.build}: no objects: nothing was built")
    return sorted(set(problems))


def self_test():
    table = "row|base|core/base||\nhome|sqlite3|broker/store|sqlite3|sqlite3_\nhome|pam|pam_module|security/|pam_(?!sm_)\n"
    tree = {
        "layers.txt": table,
        "good.c": "int sqlite3_open(void); int f(void); int f(void) { return sqlite3_open(); }",
        "pam.c": "int pam_end(void); int pam_sm_x(void); int f(void); int f(void) { return pam_end() + pam_sm_x(); }",
    }
    with common.Example(tree) as root:
        places = {
            "broker/store/CMakeFiles/lk_store.dir/sqlite.c.o": "good.c",
            "core/base/CMakeFiles/lk_base.dir/buf.c.o": "good.c",
            "core/base/CMakeFiles/lk_base.dir/sub/pam.c.o": "pam.c",
            "pam_module/CMakeFiles/pam.dir/pam.c.o": "pam.c",
            "tests/unit/CMakeFiles/x.dir/t.c.o": "good.c",
        }
        for place, source in places.items():
            target = os.path.join(root, "build", place)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            subprocess.run(["cc", "-c", os.path.join(root, source), "-o", target], check=True)
        arguments = types.SimpleNamespace(build=os.path.join(root, "build"), table=os.path.join(root, "layers.txt"))
        problems = check(arguments)
        arguments.build = os.path.join(root, "none")
        empty = check(arguments)
    common.expect(
        problems,
        "core/base/buf.c:1: refers to sqlite3_open of sqlite3, whose home is broker/store",
        "core/base/sub/pam.c:1: refers to pam_end of pam",
    )
    assert len(empty) == 1 and "no objects" in empty[0]


if __name__ == "__main__":
    common.main(check, self_test, "build", "table")
