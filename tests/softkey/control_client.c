/* SPDX-License-Identifier: EUPL-1.2 */
/* lk_softkey_control SOCKET WORD...: sends one control command, prints the reply. Exit status 0 for
 * `ok`, 1 for `error`, 2 when there is no key at that socket. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int lk_control_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return -1;
    return fd;
}

int main(int argc, char **argv)
{
    static char reply[65536];
    char line[512] = "";
    size_t length = 0;
    ssize_t got;
    int fd;

    if (argc < 3) {
        fprintf(stderr, "usage: lk_softkey_control SOCKET COMMAND [WORD...]\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        int added = snprintf(line + length, sizeof(line) - length, "%s%s", argv[i],
                             i + 1 < argc ? " " : "\n");

        if (added < 0 || (size_t)added >= sizeof(line) - length) {
            fprintf(stderr, "lk_softkey_control: the command is too long\n");
            return 2;
        }
        length += (size_t)added;
    }
    fd = lk_control_connect(argv[1]);
    if (fd < 0 || send(fd, line, length, MSG_NOSIGNAL) != (ssize_t)length) {
        perror(argv[1]);
        return 2;
    }
    /* The key answers after it has read the line; the end of our side makes it close its own. */
    shutdown(fd, SHUT_WR);
    length = 0;
    while (length < sizeof(reply) &&
           (got = recv(fd, reply + length, sizeof(reply) - length, 0)) > 0)
        length += (size_t)got;
    close(fd);
    fwrite(reply, 1, length, stdout);
    if (length == 0)
        return 2;
    return length >= 2 && memcmp(reply, "ok", 2) == 0 ? 0 : 1;
}
