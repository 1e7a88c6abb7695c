#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Looks at what was built: exports and libraries of the module, hardening of the module and of every program."""
import glob
import os
import re
import subprocess
import types

import common

ENTRY_POINTS = {"pam_sm_" + name for name in ("authenticate", "setcred", "acct_mgmt", "open_session", "close_session", "chauthtok")}
LIBRARIES = re.compile(r"libc\.so\.|libpam\.so\.|ld-linux")
SANITIZERS = re.compile(r"lib(asan|ubsan|tsan|msan|gcc_s|m|dl|rt|pthread|resolv)\.so|libclang_rt")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}).stdout


def check_module(path, sanitized):
    """pam_sm_* and nothing else goes out, libc and libpam and nothing else come in."""
    problems = []
    exports = {line.split()[-1].split("@")[0] for line in output("nm", "-D", "--defined-only", path).splitlines()}
    for name in sorted(exports - ENTRY_POINTS):
        problems.append(f"{path}: exports {name}")
    for name in sorted(ENTRY_POINTS - exports):
        problems.append(f"{path}: does not export {name}")
    for library in re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-dW", path)):
        if not LIBRARIES.match(library) and not (sanitized and SANITIZERS.match(library)):
            problems.append(f"{path}: links {library}")
    return problems


def check_hardening(path):
    """Position-independent, relocations read-only from the start, no executable stack, no run path."""
    problems = []
    header, dynamic, segments = output("readelf", "-hW", path), output("readelf", "-dW", path), output("readelf", "-lW", path)
    if not re.search(r"Type:\s+DYN", header):
        problems.append(f"{path}: is not position-independent")
    if "NOW" not in dynamic:
        problems.append(f"{path}: binds lazily")
    if "GNU_RELRO" not in segments:
        problems.append(f"{path}: relocations stay writable")
    if not re.search(r"GNU_STACK.*\bRW\b", segments):
        problems.append(f"{path}: the stack is executable")
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        problems.append(f"{path}: has a run path")
    if "__stack_chk_fail" not in output("nm", "-D", path):
        problems.append(f"{path}: has no stack protector")
    return problems


def check(args):
    """Module and programs are what they say."""
    programs = sorted(glob.glob(os.path.join(args.build, "bin", "*")))
    modules = sorted(glob.glob(os.path.join(args.build, "security", "*.so")))
    problems = [] if modules else [f"{args.build}: the module was not built"]
    if not programs:
        problems.append(f"{args.build}: no program was built")
    for path in modules:
        problems += check_module(path, bool(args.sanitize))
    for path in programs + modules:
        problems += check_hardening(path)
    return problems


def self_test():
    good = ["-fPIC", "-fstack-protector-all", "-Wl,-z,relro,-z,now,-z,noexecstack"]
    entries = "".join(f"int {name}(void);\nint {name}(void) {{ char a[64]; return snprintf(a, 64, \"x\"); }}\n" for name in sorted(ENTRY_POINTS))
    tree = {
        "good.c": "#include <stdio.h>\n" + entries,
        "bad.c": "#include <stdio.h>\n" + entries.replace("pam_sm_setcred", "pam_sm_other") + "double sin(double);\n"
                 "double f(double x); double f(double x) { return sin(x); }\n",
        "main.c": "int main(void) { return 0; }\n",
    }
    with common.Example(tree) as root:
        os.makedirs(os.path.join(root, "build", "security"))
        os.makedirs(os.path.join(root, "build", "bin"))

        def build(source, target, *flags):
            subprocess.run(["cc", os.path.join(root, source), "-o", os.path.join(root, "build", target), *flags], check=True)
        build("good.c", "security/a.so", "-shared", *good)
        build("bad.c", "security/b.so", "-shared", *good, "-Wl,--no-as-needed", "-lm")
        build("main.c", "bin/p", "-no-pie", "-fno-stack-protector", "-Wl,-z,norelro,-z,lazy,-z,execstack,-rpath,/x,--enable-new-dtags")
        problems = [problem.split("/build/")[-1] for problem in check(types.SimpleNamespace(build=os.path.join(root, "build"), sanitize=""))]
        empty = check(types.SimpleNamespace(build=os.path.join(root, "none"), sanitize=""))
    common.expect(
        problems,
        "security/b.so: exports f", "security/b.so: exports pam_sm_other", "security/b.so: does not export pam_sm_setcred",
        "security/b.so: links libm.so.6",
        "bin/p: is not position-independent", "bin/p: binds lazily", "bin/p: relocations stay writable", "bin/p: the stack is executable",
        "bin/p: has a run path", "bin/p: has no stack protector",
    )
    assert len(empty) == 2


if __name__ == "__main__":
    common.main(check, self_test, "build", "sanitize")
