/* SPDX-License-Identifier: EUPL-1.2 */
/* Socket activation without systemd, for the cold start of tests/bench/login: listens on FOLDER/host and FOLDER/desk, says "ready", and becomes
 * PROGRAM when somebody connects, with the sockets passed as sd_listen_fds(3) says.
 *
 *   bench_activate FOLDER PROGRAM [ARGUMENT...] */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST = 3, SOCKETS = 2 };

static int listen_at(const char *folder, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int size = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name);

    if (fd < 0 || size < 0 || (size_t)size >= sizeof(address.sun_path))
        return -1;
    (void)unlink(address.sun_path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 16) != 0)
        return -1;
    return fd;
}

int main(int argc, char **argv)
{
    static const char *const names[SOCKETS] = {"host", "desk"};
    struct pollfd waits[SOCKETS];
    char pid[32];

    if (argc < 3)
        return 2;
    for (int i = 0; i < SOCKETS; i++) {
        waits[i] = (struct pollfd){.fd = listen_at(argv[1], names[i]), .events = POLLIN};
        if (waits[i].fd != FIRST + i) {
            perror(argv[1]);
            return 1;
        }
    }
    (void)printf("ready\n");
    (void)fflush(stdout);
    if (poll(waits, SOCKETS, -1) < 1)
        return 1;
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    if (setenv("LISTEN_PID", pid, 1) != 0 || setenv("LISTEN_FDS", "2", 1) != 0 ||
        setenv("LISTEN_FDNAMES", "host:desk", 1) != 0)
        return 1;
    (void)execv(argv[2], argv + 2);
    perror(argv[2]);
    return 1;
}
