#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Calls that this project does without, by name in the text of the code (comments and strings left out).

Exceptions stand in tests/checks/allowed-calls.txt: "path call count why"; the count must be exact."""
import re
import types

import common

EXCEPTIONS = "tests/checks/allowed-calls.txt"

# (names, folders or None for all of the product, why not)
BANNED = [
    ("strcpy strcat sprintf vsprintf gets stpncpy strncat", None, "writes without a bound"),
    ("strncpy", None, "may leave the NUL out: use the bounded buffer or memcpy"),
    ("strtok", None, "keeps a hidden state: strtok_r"),
    ("atoi atol atoll atof sscanf strtol strtoul strtoll strtoull", None,
     "takes blanks, signs and what is left behind: check the digits and their bounds"),
    ("system popen execlp execvp execvpe", None, "asks a shell or PATH what to run"),
    ("alloca", None, "no bound, no failure"),
    ("tmpnam tempnam mktemp", None, "a name somebody else can take first"),
    ("rand srand random srandom drand48 rand_r", None, "not random: lk_random_fill"),
    ("getenv", None, "the environment belongs to the caller: secure_getenv, and only where the design says so"),
    ("cbor_load", None, "five bytes cost it 2 GiB: core/wire/cbor.c"),
    ("gmtime localtime ctime asctime", None, "one hidden result for all threads"),
    ("accept pipe creat dup tmpfile", None, "a descriptor without CLOEXEC: accept4, pipe2, openat, F_DUPFD_CLOEXEC"),
    # Ignoring a signal means the same everywhere.
    (r"signal(?!\s*\(\w+,\s*SIG_(?:IGN|DFL)\)) siginterrupt", None, "handlers differ between systems: sigaction"),
    ("memset_s bzero", None, "lk_wipe for secrets, memset for the rest"),
    ("printf fprintf vfprintf vprintf puts fputs perror syslog vsyslog", ("core",), "core never logs: the edge logs once"),
    ("exit abort err errx", ("core", "pam_module"), "a library does not end its host"),
    ("setuid setgid seteuid setegid setreuid setregid fork vfork", ("core", "pam_module"), "changes the host it runs in"),
]


# memcmp stops at the first difference, and who measures learns where: what these words name is compared by lk_bytes_equal.
COMPARED = re.compile(r"(?<![\w.>])memcmp[ \t]*\(([^;{]*)")
SECRET = re.compile(r"secret|password|pin\b|_mac\b|\bmac\b|nonce|token|proof|cookie", re.I)


def rows(root):
    found = {}
    for number, line in enumerate(common.read(root, EXCEPTIONS).splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            path, call, count, _ = line.split(None, 3)
            found[(path, call)] = (int(count), number)
    return found


def calls(text):
    """(call, line, why, folders)"""
    text = common.strip(text)
    for names, folders, why in BANNED:
        # Not a member (x->accept), not a definition's or prototype's longer name.
        for match in re.finditer(r"(?<![\w.>])(" + "|".join(names.split()) + r")[ \t]*\(", text):
            yield match.group(1), text.count("\n", 0, match.start()) + 1, why, folders


    for match in COMPARED.finditer(text):
        if SECRET.search(match.group(1)):
            yield "memcmp", text.count("\n", 0, match.start()) + 1, "of what looks like a secret: lk_bytes_equal", None


def check(args):
    """No banned call without a counted exception."""
    allowed, counts, problems = rows(args.root), {}, []
    for path in common.files(args.root, common.PRODUCT, (".c", ".h")):
        for call, line, why, folders in calls(common.read(args.root, path)):
            if folders is not None and not any(common.inside(path, folder) for folder in folders):
                continue
            counts[(path, call)] = counts.get((path, call), 0) + 1
            if (path, call) not in allowed:
                problems.append(f"{path}:{line}: {call}: {why}")
    for key, (count, number) in allowed.items():
        if counts.get(key, 0) != count:
            problems.append(f"{EXCEPTIONS}:{number}: {key[0]} calls {key[1]} {counts.get(key, 0)} times, not {count}")
    return problems


def self_test():
    tree = {
        EXCEPTIONS: "# head\ncore/a.c getenv 1 test seam\ncore/a.c popen 1 gone\nbroker/b.c memcmp 1 public nonce\n",
        "core/a.c": 'int f(void)\n{\n    strcpy(a, "system(");\n    /* popen( */ getenv("X");\n    g(&x, "%d"); sscanf (b, c);\n'
                    "    x->accept(1); signal(SIGPIPE, SIG_IGN); signal(SIGHUP, f);\n    lk_printf();\n    snprintf(a);\n    fprintf(stderr);\n    memcmp(a, b, 3);\n}\n",
        "core/crypto/c.c": "int a = memcmp(a, b->mac, 1);\nint b = memcmp(digest, spinning, 32);\n",
        "broker/b.c": "int a = memcmp(a->nonce, b, 1);\nint b = memcmp(a,\n    token.bytes, 1);\n    fprintf(stderr);\n",
        "tests/t.c": "int a = atoi(x);\n",
    }
    with common.Example(tree) as root:
        problems = check(types.SimpleNamespace(root=root))
    common.expect(
        sorted(problems),
        "core/a.c:3: strcpy",
        "core/a.c:5: sscanf",
        "core/a.c:6: signal",
        "core/a.c:9: fprintf",
        "core/crypto/c.c:1: memcmp",
        "tests/checks/allowed-calls.txt:3: core/a.c calls popen 0 times, not 1",
        "tests/checks/allowed-calls.txt:4: broker/b.c calls memcmp 2 times, not 1",
    )


if __name__ == "__main__":
    common.main(check, self_test)
