# SPDX-License-Identifier: EUPL-1.2
"""A process of the gateway as the launcher's test has it: writes down how it was started and what it is told, and does little else. Linked under the names of the real ones."""
import ctypes
import json
import os
import signal
import socket
import stat
import sys

NAME = os.path.basename(sys.argv[0])
FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))


def note(**what):
    data = json.dumps({"name": NAME, "pid": os.getpid(), **what}) + "\n"
    out = os.open(os.path.join(FOLDER, "notes"), os.O_WRONLY | os.O_APPEND)
    os.write(out, data.encode())
    os.close(out)


def descriptors():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        try:
            mode = os.fstat(fd).st_mode
        except OSError:
            continue
        if fd > 2 and stat.S_ISSOCK(mode):
            with socket.socket(fileno=os.dup(fd)) as end:
                address = end.getsockname()
                found[fd] = [bool(end.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)), address if isinstance(address, str) else list(address)]
        elif fd > 2 and not os.readlink(f"/proc/self/fd/{fd}").startswith("/proc/"):
            found[fd] = [False, os.readlink(f"/proc/self/fd/{fd}")]
    return found


def death_signal():
    number = ctypes.c_int()
    ctypes.CDLL(None).prctl(2, ctypes.byref(number))
    return number.value


def main():
    open_now = descriptors()
    manner = ""
    if os.path.exists(os.path.join(FOLDER, "manner-" + NAME)):
        with open(os.path.join(FOLDER, "manner-" + NAME), encoding="utf-8") as file:
            manner = file.read()
    signal.signal(signal.SIGHUP, lambda *_: note(told="hangup"))
    if manner == "stay":
        signal.signal(signal.SIGTERM, lambda *_: note(told="leave"))
    else:
        signal.signal(signal.SIGTERM, lambda *_: (note(told="leave"), os._exit(0)))
    blocked = [number for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])]
    note(told="start", arguments=sys.argv[1:], user=os.getresuid(), group=os.getresgid(), groups=os.getgroups(), environment=sorted(os.environ),
         descriptors=open_now, parent=os.getppid(), death=death_signal(), blocked=len(blocked))
    if manner.startswith("end "):
        os._exit(int(manner[4:]))
    if "--issuer" in sys.argv:
        with socket.socket(fileno=int(sys.argv[sys.argv.index("--issuer") + 1])) as end:
            end.setblocking(True)
            while data := end.recv(100):
                if data == b"crash":
                    os.kill(os.getpid(), signal.SIGSEGV)
                end.sendall(str(os.getpid()).encode())
        os._exit(0)
    while True:
        signal.pause()


main()
