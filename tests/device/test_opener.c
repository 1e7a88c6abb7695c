/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey-test-opener: the shipped opener with another finder. Its keys are the sockets NAME.sock of software keys in a folder: one that appears is a key plugged in.
 * Never installed.
 *
 *   latchkey-test-opener [--sandbox] --keys DIR [--talker PATH] --link FD [--pool N]
 *
 * --sandbox: under the shipped opener's filter, which permits no UNIX sockets: as many as a test needs are made before.
 *
 * Beside NAME.sock a file NAME.lock may lie: while another program holds its flock, the key counts as held by that program. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "device/opener/link.h"
#include "sandbox/sandbox.h"

enum { SPARE_MAX = 256 };
static int spare[SPARE_MAX];
static size_t spare_count;

static bool spare_make(void)
{
    for (; spare_count < SPARE_MAX; spare_count++) {
        spare[spare_count] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (spare[spare_count] < 0)
            return false;
    }
    return true;
}

static int socket_watch(void *context, int *ret_fd)
{
    const char *folder = context;
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd < 0)
        return -LK_ERR_IO;
    if (inotify_add_watch(fd, folder, IN_CREATE | IN_DELETE | IN_ATTRIB | IN_MOVED_TO) < 0) {
        close(fd);
        return -LK_ERR_IO;
    }
    *ret_fd = fd;
    return 0;
}

static bool socket_look(const char *folder, const char *name, struct lk_found_key *ret_key)
{
    struct lk_found_key key = {.report_in = 64, .report_out = 64};
    size_t len = strlen(name);
    struct stat status;

    if (len < 6 || strcmp(name + len - 5, ".sock") != 0)
        return false;
    if (snprintf(key.path, sizeof(key.path), "%s/%s", folder, name) >= (int)sizeof(key.path) ||
        lstat(key.path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    /* A socket that was made anew is a key plugged in anew. */
    if (snprintf(key.id, sizeof(key.id), "%.100s %lld.%09ld", name,
                 (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec) >= (int)sizeof(key.id))
        return false;
    if (snprintf(key.name, sizeof(key.name), "Software key %.*s", (int)(len - 5), name) >=
        (int)sizeof(key.name))
        return false;
    *ret_key = key;
    return true;
}

static int socket_compare(const void *a, const void *b)
{
    const struct lk_found_key *left = a;
    const struct lk_found_key *right = b;

    return strcmp(left->id, right->id);
}

static int socket_enumerate(void *context, struct lk_found_key *ret_keys, size_t max,
                            size_t *ret_count)
{
    const char *path = context;
    DIR *folder = opendir(path);
    size_t count = 0;

    if (!folder)
        return -LK_ERR_IO;
    for (const struct dirent *entry = readdir(folder); entry && count < max;
         entry = readdir(folder))
        count += socket_look(path, entry->d_name, &ret_keys[count]);
    closedir(folder);
    qsort(ret_keys, count, sizeof(*ret_keys), socket_compare);
    *ret_count = count;
    return 0;
}

static bool socket_held(const char *path)
{
    char lock[300];
    LK_CLEANUP(lk_fd_close) int fd = -1;

    snprintf(lock, sizeof(lock), "%.*s.lock", (int)(strlen(path) - 5), path);
    fd = open(lock, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
}

static int socket_open(void *context, const struct lk_found_key *key, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = -1;

    (void)context;
    if (strlen(key->path) >= sizeof(address.sun_path))
        return -LK_ERR_IO;
    if (socket_held(key->path))
        return -LK_ERR_BUSY;
    memcpy(address.sun_path, key->path, strlen(key->path));
    fd = spare_count > 0 ? spare[--spare_count]
                         : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -LK_ERR_IO;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        /* Between bind and listen it refuses: soon it will not. */
        int error = errno == ECONNREFUSED || errno == EAGAIN ? -LK_ERR_BUSY : -LK_ERR_NOT_FOUND;

        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

/* ../bin/latchkey-device as seen from this program. */
static bool default_talker(char *ret_path, size_t size)
{
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = NULL;

    if (len <= 0)
        return false;
    self[len] = '\0';
    slash = strrchr(self, '/');
    *slash = '\0';
    return snprintf(ret_path, size, "%s/../bin/latchkey-device", self) < (int)size;
}

int main(int argc, char **argv)
{
    struct lk_finder finder = {
        .watch = socket_watch, .enumerate = socket_enumerate, .open = socket_open};
    const struct lk_sandbox_profile *profile = NULL;
    char talker[8192];

    if (argc > 1 && strcmp(argv[1], "--sandbox") == 0) {
        profile = &lk_sandbox_opener;
        argv[1] = argv[0];
        argv++;
        argc--;
        if (!spare_make())
            return 1;
    }
    if (!default_talker(talker, sizeof(talker)))
        return 1;
    while (argc > 2 && (strcmp(argv[1], "--keys") == 0 || strcmp(argv[1], "--talker") == 0)) {
        if (strcmp(argv[1], "--keys") == 0)
            finder.context = argv[2];
        else
            snprintf(talker, sizeof(talker), "%s", argv[2]);
        argv[2] = argv[0];
        argv += 2;
        argc -= 2;
    }
    if (!finder.context) {
        fprintf(stderr, "usage: latchkey-test-opener [--sandbox] --keys DIR [--talker PATH] --link "
                        "FD [--pool N]\n");
        return 2;
    }
    return lk_opener_main(argc, argv, &finder, talker, profile);
}
