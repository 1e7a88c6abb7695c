#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Words of the tree: licence heads, marks of unfinished work, paths and hosts of the machine it was written on."""
import glob
import os
import re
import socket
import subprocess
import types

import common

# In two pieces, so that this file passes its own check.
MARKS = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")
SOURCES = (".c", ".h", ".cmake", ".py", ".sh", "CMakeLists.txt")
LICENCE = "SPDX-License-Identifier: EUPL-1.2"
PUBLIC = re.compile(r"(^|\.)(debian\.org|ubuntu\.com|localhost)$")
HOME = re.compile(r"/home/(?!alice\b|bob\b|user\b|\$)[a-z]")


def hosts():
    """Hosts this machine fetches packages from, apart from the public ones, and its own name."""
    text = ""
    for path in glob.glob("/etc/apt/sources.list") + glob.glob("/etc/apt/sources.list.d/*") + glob.glob("/etc/apt/apt.conf.d/*"):
        with open(path, encoding="utf-8", errors="replace") as file:
            text += file.read()
    for name in ("PIP_INDEX_URL", "GOPROXY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        text += " " + os.environ.get(name, "")
    found = set(re.findall(r"https?://(?:[^/@\s]*@)?([A-Za-z0-9.-]+)", text))
    return sorted(host for host in found if "." in host and not PUBLIC.search(host))


def foreign(root):
    """Texts that only this machine would put into the tree."""
    texts = hosts()
    name = socket.gethostname()
    if len(name) > 7 and name not in ("localhost", "latchkey"):
        texts.append(name)
    # The folder the tree lies in, unless it is a word that may stand anywhere.
    if os.path.abspath(root).count("/") > 1 and len(os.path.abspath(root)) > 8:
        texts.append(os.path.abspath(root))
    return texts


def tracked(root):
    """What belongs to the tree: git knows; without git, everything outside build folders."""
    if os.path.exists(os.path.join(root, ".git")):
        text = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                              check=True, capture_output=True).stdout
        return sorted(path for path in text.decode().split("\0") if path and os.path.isfile(os.path.join(root, path)))
    return common.files(root)


def check(args):
    """Licence heads are there; marks and texts of this machine are not."""
    problems, texts = [], args.foreign if hasattr(args, "foreign") else foreign(args.root)
    for path in tracked(args.root):
        with open(os.path.join(args.root, path), "rb") as file:
            data = file.read()
        if b"\0" in data:
            continue
        text = data.decode("utf-8", "replace")
        if path.endswith(SOURCES) and LICENCE not in "\n".join(text.split("\n", 3)[:3]):
            problems.append(f"{path}:1: no licence head")
        for number, line in enumerate(text.split("\n"), 1):
            if MARKS.search(line):
                problems.append(f"{path}:{number}: a mark of unfinished work")
            if HOME.search(line):
                problems.append(f"{path}:{number}: somebody's home folder")
            problems += [f"{path}:{number}: names {word}" for word in texts if word in line]
    return problems


def self_test():
    head = f"/* {LICENCE} */\n"
    tree = {
        "core/a.c": head + "int a; /* TO" + "DO later */\n/* XXXXXX is a template */\n",
        "core/b.c": "int b;\n",
        "docs/c.md": "see /home/" + "bert/x and mirror.example.net\nand /home/alice\n",
        "build/d.c": "int d;\n",
    }
    with common.Example(tree) as root:
        problems = check(types.SimpleNamespace(root=root, foreign=["mirror.example.net"]))
    common.expect(
        problems,
        "core/a.c:2: a mark",
        "core/b.c:1: no licence",
        "docs/c.md:1: somebody",
        "docs/c.md:1: names mirror.example.net",
    )


if __name__ == "__main__":
    common.main(check, self_test)
