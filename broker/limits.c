/* SPDX-License-Identifier: EUPL-1.2 */
/* Places, ceremonies and buckets (limits.h says the rules). */
#include "broker/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_LINES = 10, MINUTE_MS = 60000 };

struct uid_use {
    uid_t uid;
    uint32_t connections;
    uint32_t ceremonies;
};

struct bucket {
    struct lk_source source;
    int64_t milli; /* thousandths of an attempt left */
    int64_t refilled;
};

struct lk_limits {
    const struct lk_clock *clock;
    uint32_t connections_max;
    uint32_t attempts;
    uint32_t connections;
    uint32_t others; /* of them, not of uid 0 */
    size_t uid_count;
    struct uid_use *uids; /* one for each connection at most */
    size_t bucket_count;
    struct bucket *buckets;
    int64_t log_window;
    uint32_t log_lines;
};

int lk_limits_new(const struct lk_clock *clock, uint32_t connections, uint32_t attempts,
                  struct lk_limits **ret_limits)
{
    struct lk_limits *limits = calloc(1, sizeof(*limits));

    if (limits == NULL)
        return -LK_ERR_NOMEM;
    limits->clock = clock;
    limits->connections_max = connections;
    limits->attempts = attempts;
    limits->uids = calloc(connections, sizeof(limits->uids[0]));
    limits->buckets = calloc(LK_LIMITS_SOURCES, sizeof(limits->buckets[0]));
    if (limits->uids == NULL || limits->buckets == NULL) {
        (void)lk_limits_free(limits);
        return -LK_ERR_NOMEM;
    }
    *ret_limits = limits;
    return 0;
}

struct lk_limits *lk_limits_free(struct lk_limits *limits)
{
    if (limits == NULL)
        return NULL;
    free(limits->uids);
    free(limits->buckets);
    free(limits);
    return NULL;
}

void lk_limits_set_attempts(struct lk_limits *limits, uint32_t attempts)
{
    limits->attempts = attempts;
}

/* ---- places ---- */

static struct uid_use *uid_find(struct lk_limits *limits, uid_t uid)
{
    for (size_t i = 0; i < limits->uid_count; i++) {
        if (limits->uids[i].uid == uid)
            return &limits->uids[i];
    }
    return NULL;
}

bool lk_limits_connect(struct lk_limits *limits, uid_t uid)
{
    struct uid_use *use = uid_find(limits, uid);
    uint32_t kept = limits->connections_max > 2 * LK_LIMITS_ROOT_PLACES
                        ? LK_LIMITS_ROOT_PLACES
                        : limits->connections_max / 2;

    if (limits->connections >= limits->connections_max)
        return false;
    if (uid != 0 && limits->others >= limits->connections_max - kept)
        return false;
    if (uid != 0 && use != NULL && use->connections >= LK_LIMITS_UID_CONNECTIONS)
        return false;
    if (use == NULL) {
        use = &limits->uids[limits->uid_count++];
        *use = (struct uid_use){.uid = uid};
    }
    use->connections++;
    limits->connections++;
    if (uid != 0)
        limits->others++;
    return true;
}

void lk_limits_disconnect(struct lk_limits *limits, uid_t uid)
{
    struct uid_use *use = uid_find(limits, uid);

    if (use == NULL || use->connections == 0)
        return;
    use->connections--;
    limits->connections--;
    if (uid != 0)
        limits->others--;
    if (use->connections == 0)
        *use = limits->uids[--limits->uid_count];
}

bool lk_limits_ceremony_begin(struct lk_limits *limits, uid_t uid)
{
    struct uid_use *use = uid_find(limits, uid);

    if (uid == 0)
        return true;
    if (use == NULL || use->ceremonies >= 1)
        return false;
    use->ceremonies++;
    return true;
}

void lk_limits_ceremony_end(struct lk_limits *limits, uid_t uid)
{
    struct uid_use *use = uid_find(limits, uid);

    if (uid != 0 && use != NULL && use->ceremonies > 0)
        use->ceremonies--;
}

/* ---- buckets ---- */

void lk_source_set(struct lk_source *source, uid_t uid, const char *tty, const char *remote_host)
{
    memset(source, 0, sizeof(*source));
    source->uid = uid;
    if (uid == 0)
        (void)snprintf(source->place, sizeof(source->place), "%s %s", tty, remote_host);
}

static struct bucket *bucket_find(struct lk_limits *limits, const struct lk_source *source)
{
    struct bucket *oldest = NULL;
    struct bucket *fresh;

    for (size_t i = 0; i < limits->bucket_count; i++) {
        struct bucket *bucket = &limits->buckets[i];

        if (bucket->source.uid == source->uid && strcmp(bucket->source.place, source->place) == 0)
            return bucket;
        if (oldest == NULL || bucket->refilled < oldest->refilled)
            oldest = bucket;
    }
    fresh = limits->bucket_count < LK_LIMITS_SOURCES ? &limits->buckets[limits->bucket_count++]
                                                     : oldest;
    fresh->source = *source;
    fresh->milli = (int64_t)limits->attempts * 1000;
    fresh->refilled = lk_clock_monotonic_ms(limits->clock);
    return fresh;
}

static void bucket_refill(struct lk_limits *limits, struct bucket *bucket)
{
    int64_t now = lk_clock_monotonic_ms(limits->clock);
    int64_t most = (int64_t)limits->attempts * 1000;
    int64_t passed = now - bucket->refilled;

    /* attempts * 1000 thousandths in 60,000 ms */
    bucket->milli += (passed > MINUTE_MS ? MINUTE_MS : passed) * (int64_t)limits->attempts / 60;
    if (bucket->milli > most)
        bucket->milli = most;
    bucket->refilled = now;
}

bool lk_limits_take(struct lk_limits *limits, const struct lk_source *source)
{
    struct bucket *bucket = bucket_find(limits, source);

    bucket_refill(limits, bucket);
    if (bucket->milli < 1000)
        return false;
    bucket->milli -= 1000;
    return true;
}

void lk_limits_give_back(struct lk_limits *limits, const struct lk_source *source)
{
    bucket_find(limits, source)->milli += 1000;
}

bool lk_limits_may_log(struct lk_limits *limits)
{
    int64_t now = lk_clock_monotonic_ms(limits->clock);

    if (limits->log_lines == 0 || now - limits->log_window >= MINUTE_MS) {
        limits->log_window = now;
        limits->log_lines = 0;
    }
    if (limits->log_lines >= LOG_LINES)
        return false;
    limits->log_lines++;
    return true;
}
