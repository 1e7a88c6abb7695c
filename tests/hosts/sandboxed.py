# SPDX-License-Identifier: EUPL-1.2
"""The module in a host that is locked in as polkit's helper is, and what the module asks the kernel for."""
import re

from machine import PIN, STATE
from terminal import Terminal

# PrivateDevices and ProtectHome of systemd.exec(5), by hand.
PRIVATE = r"""
set -e
mkdir -p /run/lk-dev && mount -t tmpfs lk-dev /run/lk-dev
for node in null zero full random urandom tty; do touch /run/lk-dev/$node; mount --bind /dev/$node /run/lk-dev/$node; done
mkdir /run/lk-dev/pts && mount --bind /dev/pts /run/lk-dev/pts
mount --move /run/lk-dev /dev
mount -t tmpfs lk-home /home && mount -t tmpfs lk-home /root
exec "$@"
"""
PROVE = ("import os, socket\n"
         "assert not [n for n in os.listdir('/dev') if 'hid' in n], os.listdir('/dev')\n"
         "try:\n    socket.socket(socket.AF_INET)\n"
         "except OSError as error:\n    print('LOCKED', error.errno)\n")


def in_sandbox(machine, *words):
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", PRIVATE, "sh", f"{machine.build}/tests/lk_polkit_like", *words]


def attempt(words):
    terminal = Terminal(words)
    status = terminal.run([(r"PIN of [^\r\n]*: ?$", PIN), (r"password[^\r\n]*: *$", "not needed")])
    return status, terminal


def check(results, machine, alice):
    machine.plugged(alice)
    # The key alone, so that what is traced is this module's work and not pam_unix's.
    with open("/etc/pam.d/polkit-1", "w", encoding="utf-8") as file:
        file.write("auth required pam_latchkey.so\naccount required pam_permit.so\n")
    _, terminal = attempt(in_sandbox(machine, "python3", "-c", PROVE))
    results.check("control: the sandbox has no device of a key and no network", "LOCKED 97" in terminal.transcript, terminal.transcript)
    pamtester = ["pamtester", "polkit-1", "alice", "authenticate"]
    status, terminal = attempt(in_sandbox(machine, *pamtester))
    results.check("polkit-1 with the key, locked in as polkit's helper is: accepted", status == 0, terminal.transcript)
    machine.plugged()
    status, terminal = attempt(in_sandbox(machine, *pamtester))
    results.check("polkit-1 without the key, locked in: refused", status == 1 and "No security key" in terminal.transcript, terminal.transcript)
    machine.plugged(alice)
    trace = f"{STATE}/trace"
    status, terminal = attempt(["strace", "-f", "-o", trace, *pamtester])
    with open(trace, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    results.check("polkit-1 under strace: accepted", status == 0, terminal.transcript)
    check_trace(results, lines)


def check_trace(results, lines):
    """All that the host did from the moment it opened the module."""
    opened = next((i for i, line in enumerate(lines) if "pam_latchkey.so" in line), None)
    results.check("control: the trace shows the module being loaded", opened is not None, lines[-20:])
    after = lines[opened or 0:]
    devices = [line for line in lines if re.search(r'"[^"]*(hidraw|/dev/uhid|/dev/bus|/sys/class|/run/udev)', line)]
    results.check("the host opens no hidraw node and looks for none", not devices, "\n".join(devices))
    sockets = [line for line in after if re.search(r"\bsocket\((?!AF_UNIX|AF_NETLINK, SOCK_RAW(\|SOCK_CLOEXEC)?, NETLINK_AUDIT)", line)]
    # libpam itself reports to the kernel's audit, whatever modules there are.
    results.check("the host opens UNIX sockets only", not sockets, "\n".join(sockets))
    children = [line for line in after if re.search(r"\b(clone3?|v?fork|execve)\(", line)]
    results.check("the host starts no process and no thread", not children, "\n".join(children))
    libraries = [line for line in lines if re.search(r"(libfido2|libcbor|libcrypto|libudev)\S*\", O_RDONLY.* = \d", line)]
    own = [line for line in libraries if "libcrypto" not in line]
    results.check("the host loads no library that reads bytes of a key", not own, "\n".join(own))
    actions = [line for line in after if re.search(r"\b(rt_sigaction|set[re]*uid|setgroups|umask|chdir)\(", line)]
    results.check("the host's signals, users, mask and folder stay as they are", not actions, "\n".join(actions))
