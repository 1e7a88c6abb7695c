#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Functions of at most 60 lines between their braces, files of at most 600. clang-format puts the braces of a function,
and only those, alone into the first column.

Exceptions stand in tests/checks/long-functions.txt: "path function lines why". A row that is not needed, or needs
more lines than it says, fails like a function without a row."""
import re
import types

import common

FUNCTION_MAX = 60
FILE_MAX = 600
NAME = re.compile(r"([A-Za-z_]\w*)[ \t]*\(")
EXCEPTIONS = "tests/checks/long-functions.txt"


def functions(text):
    """(name, first line, lines between the braces)"""
    lines = common.strip(text).split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            start = number
        elif line.startswith("}") and start is not None:
            head = "\n".join(lines[max(0, start - 8):start - 1])
            head = re.split(r"[;}#]", head)[-1]
            names = [name for name in NAME.findall(head) if name not in ("__attribute__", "format", "LK_CLEANUP")]
            yield (names[0] if names else "?"), start, number - start - 1
            start = None


def exceptions(root):
    rows = {}
    for number, line in enumerate(common.read(root, EXCEPTIONS).splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            path, name, count, _ = line.split(None, 3)
            rows[(path, name)] = (int(count), number)
    return rows


def check(args):
    """Functions and files keep to their maximum."""
    allowed, problems = exceptions(args.root), []
    used = set()
    for path in common.files(args.root, common.PRODUCT + ("tests",), (".c", ".h")):
        text = common.read(args.root, path)
        if text.count("\n") > FILE_MAX:
            problems.append(f"{path}:{FILE_MAX}: the file has {text.count(chr(10))} lines, {FILE_MAX} are allowed")
        for name, line, count in functions(text):
            row = allowed.get((path, name))
            if row is not None and FUNCTION_MAX < count <= row[0]:
                used.add((path, name))
            elif count > FUNCTION_MAX:
                problems.append(f"{path}:{line}: {name} has {count} lines, {row[0] if row else FUNCTION_MAX} are allowed")
                used.add((path, name))
    for key, (_, number) in allowed.items():
        if key not in used:
            problems.append(f"{EXCEPTIONS}:{number}: {key[0]} {key[1]} needs no exception")
    return problems


def self_test():
    body = "    f();\n"

    def function(name, count):
        return f"static int\n{name}(int a,\n  int b) /* {{ */\n{{\n{body * count}}}\n\n"
    tree = {
        EXCEPTIONS: "# head\ncore/a.c excepted 70 reads like a table\ncore/a.c short 70 was long once\ncore/a.c longer 65 grew\n",
        "core/a.c": function("fits", 60) + function("excepted", 70) + function("short", 60) + function("longer", 66) + function("over", 61),
        "core/b.c": "int a;\n" * 601,
        "core/c.c": "static const int rows[] = {\n" + "    1,\n" * 100 + "};\n",
    }
    with common.Example(tree) as root:
        problems = check(types.SimpleNamespace(root=root))
    common.expect(
        problems,
        "core/a.c:212: longer has 66 lines, 65 are allowed",
        "core/a.c:284: over has 61 lines, 60 are allowed",
        "core/b.c:600: the file has 601 lines",
        "tests/checks/long-functions.txt:3: core/a.c short needs no exception",
    )


if __name__ == "__main__":
    common.main(check, self_test)
