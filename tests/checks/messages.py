#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Every member of a message's struct stands in the table of fields that writes and reads it. A member that a header gained and a
table did not would arrive as zero, and a round trip would not show it."""
import re
import types

import common

FOLDER = "core/message"
STRUCT = re.compile(r"struct (lk_\w+) \{(.*?)\n\};", re.S)
MEMBER = re.compile(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$")
# What is taken apart by hand.
WITHOUT_TABLE = {"lk_frame"}


def members(text):
    for found in STRUCT.finditer(text):
        for declaration in found.group(2).split(";"):
            name = MEMBER.search(declaration.strip())
            if name and found.group(1) not in WITHOUT_TABLE:
                yield found.group(1), name.group(1)


def check(args):
    """Structs and tables agree."""
    problems = []
    for path in common.files(args.root, (FOLDER,), (".h",)):
        source = path[:-2] + ".c"
        if path.endswith(("fields.h", "bounds.h", "text.h")):
            continue
        code = common.strip(common.read(args.root, source))
        for struct, member in members(common.strip(common.read(args.root, path))):
            if not re.search(rf"\bstruct {struct},[^;{{}}]*?\b{member}\b", code):
                problems.append(f"{source}:1: struct {struct} has {member}, its table has not")
    return problems


def self_test():
    tree = {
        "core/message/a.h": "struct lk_a {\n    int known;  /* unknown; */\n    char list[3][4];\n    long forgotten;\n    int other[2];\n};\nstruct lk_frame {\n    int x;\n};\n",
        "core/message/a.c": "t = {LK_U8(struct lk_a, known), LK_BYTES(struct lk_a,\n list)}; /* LK_U8(struct lk_a, forgotten) */\n",
    }
    with common.Example(tree) as root:
        problems = check(types.SimpleNamespace(root=root))
    common.expect(problems, "core/message/a.c:1: struct lk_a has forgotten", "core/message/a.c:1: struct lk_a has other")


if __name__ == "__main__":
    common.main(check, self_test)
