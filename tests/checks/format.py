#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""clang-format has nothing to change in any C file. Its versions differ in detail; that of Debian 12 decides."""
import os
import re
import shutil
import subprocess
import types

import common


def check(args):
    """White space is what .clang-format says."""
    paths = common.files(args.root, common.PRODUCT + ("tests",), (".c", ".h"))
    done = subprocess.run(["clang-format", "--dry-run", *[os.path.join(args.root, path) for path in paths]],
                          capture_output=True, text=True, cwd=args.root)
    found = {}
    for path, line in re.findall(r"^(.+?):(\d+):\d+: warning: code should be clang-formatted", done.stderr, re.M):
        found.setdefault(os.path.relpath(path, args.root), line)
    problems = [f"{path}:{line}: clang-format would change it" for path, line in sorted(found.items())]
    if done.returncode != 0 and not problems:
        problems.append("clang-format: " + done.stderr[:200])
    return problems


def self_test():
    tree = {"core/a.c": "int f(void)\n{\n    return 1;\n}\n", "core/b.c": "int a;\nint f(void) {\n  return 1;\n}\n"}
    with common.Example(tree) as root:
        shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.clang-format"), os.path.join(root, ".clang-format"))
        problems = check(types.SimpleNamespace(root=root))
    common.expect(problems, "core/b.c:2: clang-format would change it")


if __name__ == "__main__":
    common.need_version("clang-format", 14)
    common.main(check, self_test)
