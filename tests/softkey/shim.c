/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Lets unmodified programs that use libfido2 (fido2-tools, pam_u2f, pamu2fcfg) reach software keys
 * on UNIX sockets: preloaded, it interposes fido_dev_info_manifest and fido_dev_open. Both are
 * public API; libfido2 itself runs unchanged above its I/O table. The keys are the sockets *.sock
 * in a fixed directory: sudo, sshd and login pass no environment to PAM modules.
 *
 * Limits: libfido2's hid_linux.c and its udev code do not run (see the umockdev and uhid front
 * ends); fido_dev_set_sigmask returns FIDO_ERR_INVALID_ARGUMENT; vendor and product numbers are 0.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fido.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef LK_SOFTKEY_DIRECTORY
#define LK_SOFTKEY_DIRECTORY "/run/lk-softkey"
#endif
#define LK_SHIM_PREFIX "softkey:"
#define LK_SHIM_REPORT 64

/* fido_dev_open_with_info does not mark the I/O table as ours, and then libfido2 reads the lengths
 * of reports out of the handle as if it were its own (hid_linux.c): hence this beginning. */
struct lk_shim_handle {
    int fd;
    size_t report_in_length;
    size_t report_out_length;
};

/* The real function: after us in the search order, or in a libfido2 that came by dlopen (of a PAM
 * module) and is not in that order at all. */
static void *lk_shim_symbol(const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    void *library;

    if (symbol != NULL)
        return symbol;
    library = dlopen("libfido2.so.1", RTLD_NOLOAD | RTLD_LAZY);
    return library != NULL ? dlsym(library, name) : NULL;
}

static int lk_shim_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void *lk_shim_open(const char *path)
{
    struct lk_shim_handle *handle;

    if (strncmp(path, LK_SHIM_PREFIX, strlen(LK_SHIM_PREFIX)) != 0)
        return NULL;
    handle = calloc(1, sizeof(*handle));
    if (handle == NULL)
        return NULL;
    handle->report_in_length = LK_SHIM_REPORT;
    handle->report_out_length = LK_SHIM_REPORT;
    handle->fd = lk_shim_connect(path + strlen(LK_SHIM_PREFIX));
    if (handle->fd < 0) {
        free(handle);
        return NULL;
    }
    return handle;
}

static void lk_shim_close(void *context)
{
    struct lk_shim_handle *handle = context;

    close(handle->fd);
    free(handle);
}

static int lk_shim_read(void *context, unsigned char *report, size_t size, int milliseconds)
{
    const struct lk_shim_handle *handle = context;
    struct pollfd poll_for = {.fd = handle->fd, .events = POLLIN};
    ssize_t got;

    if (size < LK_SHIM_REPORT || poll(&poll_for, 1, milliseconds) != 1)
        return -1;
    got = recv(handle->fd, report, LK_SHIM_REPORT, 0);
    return got == LK_SHIM_REPORT ? LK_SHIM_REPORT : -1;
}

static int lk_shim_write(void *context, const unsigned char *report, size_t length)
{
    const struct lk_shim_handle *handle = context;
    ssize_t sent = send(handle->fd, report, length, MSG_NOSIGNAL);

    return sent == (ssize_t)length ? (int)sent : -1;
}

static const fido_dev_io_t lk_shim_io = {
    .open = lk_shim_open,
    .close = lk_shim_close,
    .read = lk_shim_read,
    .write = lk_shim_write,
};

static const char *lk_shim_directory(void)
{
    const char *directory = secure_getenv("LK_SOFTKEY_DIR");

    return directory != NULL ? directory : LK_SOFTKEY_DIRECTORY;
}

static int lk_shim_is_socket(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 5 && strcmp(entry->d_name + length - 5, ".sock") == 0;
}

/* A socket file whose key is gone is no device. */
static int lk_shim_add(fido_dev_info_t *list, size_t place, const char *name)
{
    int (*set)(fido_dev_info_t *, size_t, const char *, const char *, const char *,
               const fido_dev_io_t *, const fido_dev_transport_t *);
    char path[sizeof(LK_SHIM_PREFIX) + 512];
    int fd;

    *(void **)&set = lk_shim_symbol("fido_dev_info_set");
    if (set == NULL || (size_t)snprintf(path, sizeof(path), LK_SHIM_PREFIX "%s/%s",
                                        lk_shim_directory(), name) >= sizeof(path))
        return 0;
    fd = lk_shim_connect(path + strlen(LK_SHIM_PREFIX));
    if (fd < 0)
        return 0;
    close(fd);
    return set(list, place, path, "Latchkey", name, &lk_shim_io, NULL) == FIDO_OK;
}

int fido_dev_info_manifest(fido_dev_info_t *list, size_t size, size_t *found)
{
    struct dirent **names = NULL;
    int count = scandir(lk_shim_directory(), &names, lk_shim_is_socket, alphasort);

    *found = 0;
    for (int i = 0; i < count; i++) {
        if (*found < size && lk_shim_add(list, *found, names[i]->d_name))
            (*found)++;
        free(names[i]);
    }
    free(names);
    return FIDO_OK;
}

int fido_dev_open(fido_dev_t *device, const char *path)
{
    int (*set_io)(fido_dev_t *, const fido_dev_io_t *);
    int (*open_real)(fido_dev_t *, const char *);

    *(void **)&set_io = lk_shim_symbol("fido_dev_set_io_functions");
    *(void **)&open_real = lk_shim_symbol("fido_dev_open");
    if (set_io == NULL || open_real == NULL)
        return FIDO_ERR_INTERNAL;
    if (strncmp(path, LK_SHIM_PREFIX, strlen(LK_SHIM_PREFIX)) == 0) {
        int status = set_io(device, &lk_shim_io);

        if (status != FIDO_OK)
            return status;
    }
    return open_real(device, path);
}
