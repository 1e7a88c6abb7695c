#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""clang-tidy over every C file of the build, as .clang-tidy says. A file that passed is not looked at again until it, a header
or the configuration changes: the build folder keeps a mark for it."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import types
from concurrent.futures import ThreadPoolExecutor

import common

# Of gcc, unknown to clang or of no meaning to it.
EXTRA = ["--quiet", "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-unused-command-line-argument"]


def commands(build, root):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        found = {}
        for entry in json.load(file):
            path = os.path.relpath(os.path.realpath(entry["file"]), os.path.realpath(root))
            if path.startswith(common.PRODUCT + ("tests",)) and not path.startswith("build"):
                found.setdefault(path, entry["command"])
        return found


def common_state(root):
    """Digest of what every file depends on."""
    state = hashlib.sha256()
    for path in common.files(root, common.PRODUCT + ("tests",), (".h",)) + [".clang-tidy"]:
        state.update(common.read(root, path).encode("utf-8", "surrogateescape"))
    return state


def digest(state, texts):
    state = state.copy()
    for text in texts:
        state.update(text.encode("utf-8", "surrogateescape"))
    return state.hexdigest()


def tidy_one(root, build, state, path, command):
    mark = os.path.join(build, "tidy", digest(state, [path, command, common.read(root, path)]))
    if os.path.exists(mark):
        return []
    done = subprocess.run(["clang-tidy", "-p", build, *EXTRA, os.path.join(root, path)], capture_output=True, text=True, cwd=root)
    found = re.findall(r"^(/[^:\n]+):(\d+):\d+: (?:warning|error): (.*)$", done.stdout, re.M)
    problems = [f"{os.path.relpath(os.path.realpath(where), os.path.realpath(root))}:{line}: {what}" for where, line, what in found]
    if done.returncode != 0 and not problems:
        problems = [f"{path}:1: clang-tidy failed: {(done.stdout + done.stderr)[-300:]}"]
    if not problems:
        with open(mark, "w", encoding="utf-8"):
            pass
    return problems


def check(args):
    """clang-tidy finds nothing."""
    os.makedirs(os.path.join(args.build, "tidy"), exist_ok=True)
    state = common_state(args.root)
    # The largest first, so that no processor waits for the last one.
    paths = sorted(commands(args.build, args.root).items(), key=lambda item: (-os.path.getsize(os.path.join(args.root, item[0])), item[0]))
    with ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
        jobs = [pool.submit(tidy_one, args.root, args.build, state, path, command) for path, command in paths]
        return sorted({problem for job in jobs for problem in job.result()})


def self_test():
    tree = {
        "core/a.c": "int f(int a);\nint f(int a)\n{\n    int *none = 0;\n    return a ? a : *none;\n}\n",
        "core/b.c": "int g(int a);\nint g(int a)\n{\n    return a;\n}\n",
    }
    with common.Example(tree) as root:
        build = os.path.join(root, "out")
        os.makedirs(build)
        shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.clang-tidy"), os.path.join(root, ".clang-tidy"))
        with open(os.path.join(build, "compile_commands.json"), "w", encoding="utf-8") as file:
            json.dump([{"directory": root, "file": os.path.join(root, path), "command": f"cc -c {path}"} for path in tree], file)
        arguments = types.SimpleNamespace(root=root, build=build)
        problems, marks = check(arguments), os.listdir(os.path.join(build, "tidy"))
    assert problems and all(problem.startswith("core/a.c:5: ") for problem in problems), problems
    assert len(marks) == 1, marks


if __name__ == "__main__":
    common.need_version("clang-tidy", 14)
    common.main(check, self_test, "build")
