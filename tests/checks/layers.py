#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Compares each #include with the table of layers (cmake/layers.cmake).

The include roots of the build already hide what a layer may not use; this check also sees what a relative path, a
system header or a header of a layer that is only visible through another one would let in."""
import os
import re
import types

import common

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)

# Headers of libc and of the kernel. Whatever is not here and has no home in the table is a third party that nobody housed.
LIBC = set("""aio.h arpa/inet.h assert.h byteswap.h ctype.h dirent.h dlfcn.h elf.h endian.h errno.h execinfo.h fcntl.h features.h
fnmatch.h ftw.h getopt.h glob.h grp.h iconv.h ifaddrs.h inttypes.h langinfo.h libgen.h libintl.h limits.h link.h locale.h malloc.h math.h
mntent.h net/if.h netdb.h netinet/in.h netinet/tcp.h nl_types.h paths.h poll.h pthread.h pty.h pwd.h regex.h resolv.h sched.h
search.h semaphore.h setjmp.h shadow.h signal.h spawn.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h
stdnoreturn.h string.h strings.h syslog.h termios.h threads.h time.h ucontext.h unistd.h utime.h utmp.h utmpx.h wchar.h wctype.h
wordexp.h""".split())
LIBC_FOLDERS = ("sys/", "linux/", "asm/")


def check_system(path, line, name, homes):
    home = next((home for home in homes if home.headers.match(name)), None)
    if home is None:
        if name in LIBC or name.startswith(LIBC_FOLDERS):
            return None
        return f"{path}:{line}: <{name}> is neither of libc nor has a home in cmake/layers.cmake"
    if any(common.inside(path, folder) for folder in home.folders) or path.startswith("tests/"):
        return None
    return f"{path}:{line}: <{name}> belongs to {home.name}, whose home is {' '.join(home.folders) or 'tests'}"


def target_of(root, path, name):
    """The file that a quoted include means, from the project root."""
    own = os.path.normpath(os.path.join(os.path.dirname(path), name))
    if os.path.exists(os.path.join(root, own)):
        return own
    core = os.path.join("core", name)
    return core if os.path.exists(os.path.join(root, core)) else name


def check_own(root, path, line, name, rows):
    row = common.row_of(rows, path)
    target = target_of(root, path, name)
    other = common.row_of(rows, target)
    if path.startswith("tests/"):
        if row is not None and row.name == "softkey" and not target.startswith("tests/"):
            return f"{path}:{line}: \"{name}\": the software key uses nothing of the project"
        return None
    if target.startswith("tests/"):
        return f"{path}:{line}: \"{name}\" is a test's"
    if other is None:
        # Generated headers of the folder itself have no path.
        return None if "/" not in name else f"{path}:{line}: \"{name}\" is in no folder of the table"
    if ".." in name.split("/"):
        return f"{path}:{line}: \"{name}\": no way up and down again"
    same_program = not other.folder.startswith("core/") and other.folder.split("/")[0] == row.folder.split("/")[0]
    if other is row or other.name in row.uses or same_program:
        return None
    return f"{path}:{line}: \"{name}\": {row.name} may not use {other.name}"


def check(args):
    """Every include is one that the table allows."""
    rows, homes = common.table(args.table)
    problems = []
    for path in common.files(args.root, common.PRODUCT + ("tests",), (".c", ".h")):
        if path.startswith(common.PRODUCT) and common.row_of(rows, path) is None:
            problems.append(f"{path}:1: its folder is not in cmake/layers.cmake")
            continue
        text = common.strip(common.read(args.root, path))
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            if match.group(1) == "<":
                problem = check_system(path, line, match.group(2), homes)
            else:
                problem = check_own(args.root, path, line, match.group(2), rows)
            if problem:
                problems.append(problem)
    return problems


def self_test():
    tree = {
        "layers.txt": "row|base|core/base||\nrow|wire|core/wire|base|cbor\nrow|config|core/config|base|\nrow|broker|broker|base,wire|\n"
                      "row|store|broker/store|base|sqlite3\nrow|softkey|tests/softkey||\n"
                      "home|cbor|core/wire|cbor|cbor_\nhome|sqlite3|broker/store|sqlite3|sqlite3_\n",
        "core/base/buf.h": "#include <stdint.h>\n#include <sys/stat.h>\n/* #include <sqlite3.h> */\n",
        "core/base/bad.c": '#include "base/buf.h"\n#include <sqlite3.h>\n#include "wire/wire.h"\n#include "../wire/wire.h"\n',
        "core/wire/wire.h": '#include <cbor.h>\n#include <curl/curl.h>\n#include "base/buf.h"\n',
        "core/config/bad.c": '#include "wire/wire.h"\n#include "tests/softkey/key.h"\n',
        "broker/store/s.c": '#include "broker/run.h"\n#include <sqlite3.h>\n#include "wire/wire.h"\n#include "own.h"\n',
        "broker/run.h": '#include "wire/wire.h"\n#include <sqlite3.h>\n',
        "sso/new.c": "int lk_new;\n",
        "tests/softkey/key.h": '#include "base/buf.h"\n#include <sqlite3.h>\n',
        "tests/unit/test.c": '#include "base/buf.h"\n#include <sqlite3.h>\n',
    }
    with common.Example(tree) as root:
        problems = check(types.SimpleNamespace(root=root, table=os.path.join(root, "layers.txt")))
    common.expect(
        problems,
        "broker/run.h:2: <sqlite3.h> belongs to sqlite3",
        'broker/store/s.c:3: "wire/wire.h": store may not use wire',
        "core/base/bad.c:2: <sqlite3.h> belongs to sqlite3",
        'core/base/bad.c:3: "wire/wire.h": base may not use wire',
        'core/base/bad.c:4: "../wire/wire.h": no way up',
        'core/config/bad.c:1: "wire/wire.h": config may not use wire',
        'core/config/bad.c:2: "tests/softkey/key.h" is a test',
        "core/wire/wire.h:2: <curl/curl.h> is neither",
        "sso/new.c:1: its folder is not in",
        'tests/softkey/key.h:1: "base/buf.h": the software key uses nothing',
    )


if __name__ == "__main__":
    common.main(check, self_test, "table")
