#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Compiles every header alone, with gcc and clang, behind the include roots that its row of the table gives it."""
import os
import subprocess
import types
from concurrent.futures import ThreadPoolExecutor

import common

FLAGS = ["-fsyntax-only", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-x", "c"]


def roots(build, rows, row):
    names = common.transitive(rows, row) | {row.name}
    folders = {rows[name].folder for name in names}
    tops = {folder.split("/")[1] if folder.startswith("core/") else folder.split("/")[0] for folder in folders}
    return [f"-I{build}/include-{top}" for top in sorted(tops)]


def compile_alone(root, build, rows, path, compiler):
    row = common.row_of(rows, path)
    if row is None:
        return f"{path}:1: its folder is not in cmake/layers.cmake"
    # Twice: the second inclusion shows whether the guard works.
    text = f'#include "{os.path.join(root, path)}"\n' * 2
    done = subprocess.run([compiler, *FLAGS, *roots(build, rows, row), "-"], input=text, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    return f"{path}:1: {compiler}: " + next((line for line in done.stderr.splitlines() if "error" in line), "does not compile")


def check(args):
    """Every header of the product compiles alone."""
    rows, _ = common.table(args.table)
    paths = common.files(args.root, common.PRODUCT, (".h",))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(compile_alone, args.root, args.build, rows, path, compiler) for path in paths for compiler in ("gcc", "clang")]
        problems = [job.result() for job in jobs]
    return [problem for problem in problems if problem]


def self_test():
    guard = "#ifndef A_{0}\n#define A_{0}\n{1}\n#endif\n"
    tree = {
        "layers.txt": "row|base|core/base||\nrow|wire|core/wire|base|\nrow|config|core/config|base|\n",
        "core/base/good.h": guard.format("g", "#include <stddef.h>\nsize_t f(void);"),
        "core/base/needs.h": guard.format("n", "size_t f(void);"),
        "core/base/unguarded.h": "struct a { int b; };\n",
        "core/wire/w.h": guard.format("w", '#include "base/good.h"'),
        "core/config/c.h": guard.format("c", '#include "wire/w.h"'),
    }
    with common.Example(tree) as root:
        for name in ("base", "wire", "config"):
            os.makedirs(os.path.join(root, "build", "include-" + name))
            os.symlink(os.path.join(root, "core", name), os.path.join(root, "build", "include-" + name, name))
        problems = check(types.SimpleNamespace(root=root, build=os.path.join(root, "build"), table=os.path.join(root, "layers.txt")))
    common.expect(
        problems,
        "core/base/needs.h:1: gcc", "core/base/needs.h:1: clang",
        "core/base/unguarded.h:1: gcc", "core/base/unguarded.h:1: clang",
        "core/config/c.h:1: gcc", "core/config/c.h:1: clang",
    )


if __name__ == "__main__":
    common.main(check, self_test, "build", "table")
