/* SPDX-License-Identifier: EUPL-1.2 */
/* The mark (docs/PROTOCOL.md 4.14).
 *
 * Threat: yesterday's store is put back, so that what was revoked today opens again. The mark lies outside the store and only moves forward;
 * revoked digests are only ever added. Order on the disk: a digest is in `mark.revoked` before a mark counts it, so that the count never leads. */
#include "broker/register/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "wire/wire.h"

#define LK_MARK_TYPE "latchkey mark 1"

enum { LK_MARK_MEMBERS = 6, LK_MARK_MAX = 256, LK_MARK_REVOKED_MAX = 16 << 20 };

struct lk_mark {
    char *path;
    int revoked_fd; /* mark.revoked; -1 while fresh */
    char *revoked_path;
    bool fresh;
    uint64_t number;
    struct lk_digest hash;
    uint64_t set_number;
    struct lk_digest set_digest;
    /* Open addressing over the first eight bytes; a zero digest is an empty slot. */
    struct lk_digest *slots;
    size_t slot_count; /* a power of two */
    size_t revoked;
};

static struct lk_digest *find_slot(struct lk_digest *slots, size_t slot_count,
                                   const struct lk_digest *digest)
{
    uint64_t index;

    memcpy(&index, digest->bytes, sizeof index);
    for (;; index++) {
        struct lk_digest *slot = &slots[index & (slot_count - 1)];

        if (lk_digest_zero(slot) || memcmp(slot->bytes, digest->bytes, LK_DIGEST_SIZE) == 0)
            return slot;
    }
}

/* Room for one more; at most half full. */
static int make_room(struct lk_mark *mark)
{
    size_t slot_count = mark->slot_count == 0 ? 1024 : mark->slot_count * 2;
    struct lk_digest *slots;

    if (mark->slot_count > 0 && mark->revoked + 1 <= mark->slot_count / 2)
        return 0;
    slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL)
        return -LK_ERR_NOMEM;
    for (size_t i = 0; i < mark->slot_count; i++)
        if (!lk_digest_zero(&mark->slots[i]))
            *find_slot(slots, slot_count, &mark->slots[i]) = mark->slots[i];
    free(mark->slots);
    mark->slots = slots;
    mark->slot_count = slot_count;
    return 0;
}

bool lk_mark_is_revoked(const struct lk_mark *mark, const struct lk_digest *statement)
{
    if (mark->slot_count == 0 || lk_digest_zero(statement))
        return false;
    return !lk_digest_zero(find_slot(mark->slots, mark->slot_count, statement));
}

static int encode(const struct lk_mark *mark, struct lk_buf *buf)
{
    int r;

    if ((r = lk_cbor_put_array(buf, LK_MARK_MEMBERS)) != 0 ||
        (r = lk_cbor_put_text(buf, LK_MARK_TYPE)) != 0 ||
        (r = lk_cbor_put_uint(buf, mark->number)) != 0 ||
        (r = lk_cbor_put_bytes(buf, LK_VIEW(mark->hash.bytes, LK_DIGEST_SIZE))) != 0 ||
        (r = lk_cbor_put_uint(buf, mark->set_number)) != 0 ||
        (r = lk_cbor_put_bytes(buf, LK_VIEW(mark->set_digest.bytes, LK_DIGEST_SIZE))) != 0 ||
        (r = lk_cbor_put_uint(buf, mark->revoked)) != 0)
        return r;
    return lk_buf_error(buf);
}

static int get_digest(struct lk_view *view, struct lk_digest *ret_digest)
{
    struct lk_view bytes;
    int r = lk_cbor_get_bytes(view, LK_DIGEST_SIZE, &bytes);

    if (r != 0 || bytes.len != LK_DIGEST_SIZE)
        return r != 0 ? r : -LK_ERR_TRUNCATED;
    memcpy(ret_digest->bytes, bytes.data, LK_DIGEST_SIZE);
    return 0;
}

static int decode(struct lk_view view, struct lk_mark *mark, uint64_t *ret_revoked)
{
    char type[sizeof LK_MARK_TYPE];
    uint64_t count;
    int r;

    if ((r = lk_cbor_get_array(&view, LK_MARK_MEMBERS, &count)) != 0 ||
        (r = lk_cbor_get_text(&view, type, sizeof type)) != 0 ||
        (r = lk_cbor_get_uint(&view, INT64_MAX, &mark->number)) != 0 ||
        (r = get_digest(&view, &mark->hash)) != 0 ||
        (r = lk_cbor_get_uint(&view, INT64_MAX, &mark->set_number)) != 0 ||
        (r = get_digest(&view, &mark->set_digest)) != 0 ||
        (r = lk_cbor_get_uint(&view, INT64_MAX, ret_revoked)) != 0 || (r = lk_view_end(&view)) != 0)
        return r == -LK_ERR_NOMEM ? r : -LK_ERR_CORRUPT;
    return count == LK_MARK_MEMBERS && strcmp(type, LK_MARK_TYPE) == 0 ? 0 : -LK_ERR_CORRUPT;
}

static int write_mark(struct lk_mark *mark)
{
    struct lk_buf buf = LK_BUF_INIT(LK_MARK_MAX);
    int r = encode(mark, &buf);

    if (r == 0)
        r = lk_file_replace(mark->path, 0600, lk_buf_view(&buf));
    lk_buf_clear(&buf);
    return r;
}

/* The file `mark.revoked`, made if need be; its name is on the disk when this returns. */
static int open_revoked(struct lk_mark *mark)
{
    struct stat status;
    int r;

    if (mark->revoked_fd >= 0)
        return 0;
    if (access(mark->revoked_path, F_OK) != 0) {
        r = lk_file_replace(mark->revoked_path, 0600, (struct lk_view){0});
        if (r != 0)
            return r;
    }
    mark->revoked_fd = open(mark->revoked_path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
    if (mark->revoked_fd < 0)
        return lk_error_from_errno(errno);
    return fstat(mark->revoked_fd, &status) == 0 && S_ISREG(status.st_mode) ? 0
                                                                            : -LK_ERR_NOT_REGULAR;
}

int lk_mark_begin(struct lk_mark *mark)
{
    int r;

    if (!mark->fresh)
        return 0;
    /* `mark` last: an empty `mark.revoked` alone is a beginning that was cut short. */
    r = open_revoked(mark);
    if (r == 0)
        r = write_mark(mark);
    if (r == 0)
        mark->fresh = false;
    return r;
}

bool lk_mark_is_fresh(const struct lk_mark *mark)
{
    return mark->fresh;
}

static int load_revoked(struct lk_mark *mark, const struct lk_file_rule *rule, bool *ret_there)
{
    struct lk_buf buf = {0};
    int r = lk_file_read(mark->revoked_path, rule, LK_MARK_REVOKED_MAX, &buf);

    *ret_there = r == 0;
    if (r != 0)
        return r == -LK_ERR_NOT_FOUND ? 0 : r;
    /* A torn last record was never acknowledged: it is written over by the next one. */
    for (size_t i = 0; r == 0 && i < buf.len / LK_DIGEST_SIZE; i++) {
        struct lk_digest digest;

        memcpy(digest.bytes, buf.data + i * LK_DIGEST_SIZE, LK_DIGEST_SIZE);
        r = lk_digest_zero(&digest) || lk_mark_is_revoked(mark, &digest) ? -LK_ERR_CORRUPT
                                                                         : make_room(mark);
        if (r == 0) {
            *find_slot(mark->slots, mark->slot_count, &digest) = digest;
            mark->revoked++;
        }
    }
    lk_buf_clear(&buf);
    return r;
}

static int load(struct lk_mark *mark)
{
    const struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 077, .check_parents = false};
    struct lk_buf buf = {0};
    uint64_t counted = 0;
    bool there;
    int r = load_revoked(mark, &rule, &there);
    int found;

    if (r != 0)
        return r;
    found = lk_file_read(mark->path, &rule, LK_MARK_MAX, &buf);
    if (found == -LK_ERR_NOT_FOUND) {
        mark->fresh = true;
        return mark->revoked > 0 ? -LK_ERR_CORRUPT : 0;
    }
    if (found != 0)
        return found == -LK_ERR_TOO_BIG ? -LK_ERR_CORRUPT : found;
    r = decode(lk_buf_view(&buf), mark, &counted);
    lk_buf_clear(&buf);
    if (r == 0 && counted > mark->revoked)
        r = -LK_ERR_CORRUPT;
    if (r == 0 && !there)
        r = -LK_ERR_CORRUPT;
    return r;
}

int lk_mark_open(const char *folder, const struct lk_crypto *crypto, struct lk_mark **ret_mark)
{
    struct lk_mark *mark = calloc(1, sizeof *mark);
    int r = 0;

    (void)crypto;
    if (mark == NULL)
        return -LK_ERR_NOMEM;
    mark->revoked_fd = -1;
    if (asprintf(&mark->path, "%s/mark", folder) < 0) {
        mark->path = NULL;
        r = -LK_ERR_NOMEM;
    }
    if (r == 0 && asprintf(&mark->revoked_path, "%s/mark.revoked", folder) < 0) {
        mark->revoked_path = NULL;
        r = -LK_ERR_NOMEM;
    }
    if (r == 0)
        r = load(mark);
    if (r == 0 && !mark->fresh)
        r = open_revoked(mark);
    if (r != 0) {
        (void)lk_mark_close(mark);
        return r;
    }
    *ret_mark = mark;
    return 0;
}

struct lk_mark *lk_mark_close(struct lk_mark *mark)
{
    if (mark == NULL)
        return NULL;
    lk_fd_close(&mark->revoked_fd);
    free(mark->slots);
    free(mark->path);
    free(mark->revoked_path);
    free(mark);
    return NULL;
}

/* Writes the wanted mark; memory follows only when the disk has it. */
static int move(struct lk_mark *mark, uint64_t number, const struct lk_digest *hash,
                uint64_t set_number, const struct lk_digest *set_digest)
{
    struct lk_mark before = *mark;
    int r = open_revoked(mark);

    if (r != 0)
        return r;
    before.revoked_fd = mark->revoked_fd;
    mark->number = number;
    mark->hash = *hash;
    mark->set_number = set_number;
    mark->set_digest = *set_digest;
    r = write_mark(mark);
    if (r != 0)
        *mark = before;
    else
        mark->fresh = false;
    return r;
}

int lk_mark_advance(struct lk_mark *mark, uint64_t number, const struct lk_digest *hash,
                    uint64_t set_number, const struct lk_digest *set_digest)
{
    bool further = number > mark->number;
    bool newer = set_number > mark->set_number;

    if (!further && !newer)
        return lk_mark_begin(mark);
    return move(mark, further ? number : mark->number, further ? hash : &mark->hash,
                newer ? set_number : mark->set_number, newer ? set_digest : &mark->set_digest);
}

int lk_mark_accept(struct lk_mark *mark, uint64_t number, const struct lk_digest *hash)
{
    return move(mark, number, hash, mark->set_number, &mark->set_digest);
}

int lk_mark_add_revoked(struct lk_mark *mark, const struct lk_digest *statement)
{
    int r;

    if (lk_digest_zero(statement))
        return -LK_ERR_RANGE;
    if (lk_mark_is_revoked(mark, statement))
        return 0;
    if (mark->revoked >= LK_MARK_REVOKED_MAX / LK_DIGEST_SIZE)
        return -LK_ERR_TOO_BIG;
    r = lk_mark_begin(mark);
    if (r == 0)
        r = make_room(mark);
    if (r != 0)
        return r;
    /* From its own place, not from the end: over a record that an earlier failure left torn. */
    if (lseek(mark->revoked_fd, (off_t)(mark->revoked * LK_DIGEST_SIZE), SEEK_SET) < 0)
        return lk_error_from_errno(errno);
    r = lk_fd_write_all(mark->revoked_fd, LK_VIEW(statement->bytes, LK_DIGEST_SIZE));
    if (r == 0 && fdatasync(mark->revoked_fd) != 0)
        r = lk_error_from_errno(errno);
    if (r != 0)
        return r;
    *find_slot(mark->slots, mark->slot_count, statement) = *statement;
    mark->revoked++;
    return 0;
}

void lk_mark_get(const struct lk_mark *mark, uint64_t *ret_number, struct lk_digest *ret_hash,
                 uint64_t *ret_set_number, struct lk_digest *ret_set_digest)
{
    if (ret_number != NULL)
        *ret_number = mark->number;
    if (ret_hash != NULL)
        *ret_hash = mark->hash;
    if (ret_set_number != NULL)
        *ret_set_number = mark->set_number;
    if (ret_set_digest != NULL)
        *ret_set_digest = mark->set_digest;
}
