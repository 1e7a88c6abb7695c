/* SPDX-License-Identifier: EUPL-1.2 */
/* Keys of this machine: hidraw nodes whose report descriptor says CTAPHID. Descriptor and name come from the device; both are read from sysfs, bounded,
 * and no byte is read from a node. Comings and goings are seen by inotify on /dev: devtmpfs makes the node, udev then changes its owner. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "device/opener/find.h"

static int lk_hidraw_watch(void *context, int *ret_fd)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    (void)context;
    if (fd < 0)
        return -LK_ERR_IO;
    if (inotify_add_watch(fd, "/dev", IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR) < 0) {
        close(fd);
        return -LK_ERR_IO;
    }
    *ret_fd = fd;
    return 0;
}

/* A file of sysfs that is not longer than the buffer; longer ones are cut, which their readers refuse or do not mind. */
static int lk_sysfs_read(int folder, const char *name, uint8_t *ret_data, size_t size,
                         size_t *ret_len)
{
    LK_CLEANUP(lk_fd_close) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    size_t len = 0;

    if (fd < 0)
        return lk_error_from_errno(errno);
    while (len < size) {
        ssize_t got = read(fd, ret_data + len, size - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -LK_ERR_IO;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *ret_len = len;
    return 0;
}

/* HID_NAME of the uevent file: manufacturer and product as the device calls itself. */
static void lk_hidraw_name(int folder, char *ret_name, size_t size)
{
    static const char key[] = "HID_NAME=";
    uint8_t text[1024];
    size_t len = 0;

    lk_found_name(ret_name, size, LK_VIEW((const uint8_t *)"security key", 12));
    if (lk_sysfs_read(folder, "device/uevent", text, sizeof(text), &len))
        return;
    for (size_t start = 0; start < len;) {
        const uint8_t *line = text + start;
        const uint8_t *end = memchr(line, '\n', len - start);
        size_t line_len = end ? (size_t)(end - line) : len - start;

        if (line_len > sizeof(key) - 1 && memcmp(line, key, sizeof(key) - 1) == 0) {
            lk_found_name(ret_name, size,
                          LK_VIEW(line + sizeof(key) - 1, line_len - (sizeof(key) - 1)));
            return;
        }
        start += line_len + 1;
    }
}

/* False: not a security key, or gone while we looked. */
static bool lk_hidraw_look(int class_folder, const char *node, struct lk_found_key *ret_key)
{
    LK_CLEANUP(lk_fd_close)
    int folder = openat(class_folder, node, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct lk_found_key key = {0};
    uint8_t descriptor[LK_FIND_DESCRIPTOR_MAX];
    size_t len = 0;
    ssize_t link_len = 0;

    if (folder < 0 ||
        lk_sysfs_read(folder, "device/report_descriptor", descriptor, sizeof(descriptor), &len) ||
        lk_report_descriptor_read(LK_VIEW(descriptor, len), &key.report_in, &key.report_out))
        return false;
    /* The link's target holds the HID instance number, which the kernel never gives twice. */
    link_len = readlinkat(class_folder, node, key.id, sizeof(key.id));
    if (link_len <= 0 || (size_t)link_len >= sizeof(key.id))
        return false;
    if (snprintf(key.path, sizeof(key.path), "/dev/%s", node) >= (int)sizeof(key.path))
        return false;
    lk_hidraw_name(folder, key.name, sizeof(key.name));
    *ret_key = key;
    return true;
}

static int lk_hidraw_compare(const void *a, const void *b)
{
    const struct lk_found_key *left = a;
    const struct lk_found_key *right = b;

    return strcmp(left->id, right->id);
}

static int lk_hidraw_enumerate(void *context, struct lk_found_key *ret_keys, size_t max,
                               size_t *ret_count)
{
    DIR *class_folder = opendir("/sys/class/hidraw");
    size_t count = 0;

    (void)context;
    if (!class_folder) {
        *ret_count = 0; /* a kernel without hidraw has no keys */
        return errno == ENOENT ? 0 : -LK_ERR_IO;
    }
    for (const struct dirent *entry = readdir(class_folder); entry && count < max;
         entry = readdir(class_folder)) {
        if (strncmp(entry->d_name, "hidraw", 6) == 0 &&
            lk_hidraw_look(dirfd(class_folder), entry->d_name, &ret_keys[count]))
            count++;
    }
    closedir(class_folder);
    qsort(ret_keys, count, sizeof(*ret_keys), lk_hidraw_compare);
    *ret_count = count;
    return 0;
}

static int lk_hidraw_open(void *context, const struct lk_found_key *key, int *ret_fd)
{
    struct stat status;
    int fd = open(key->path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);

    (void)context;
    if (fd < 0)
        return lk_error_from_errno(errno);
    if (fstat(fd, &status) != 0 || !S_ISCHR(status.st_mode)) {
        close(fd);
        return -LK_ERR_IO;
    }
    /* The lock that libfido2 takes too: two programs that talk at once to one key disturb each other. */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int error = errno == EWOULDBLOCK ? -LK_ERR_BUSY : -LK_ERR_IO;

        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

const struct lk_finder lk_finder_hidraw = {
    .watch = lk_hidraw_watch,
    .enumerate = lk_hidraw_enumerate,
    .open = lk_hidraw_open,
};
