/* SPDX-License-Identifier: EUPL-1.2 */
/* A hash table with chaining and a list by last step. The keys are names of transactions, which the issuer draws, and digests of codes: an issuer that draws badly
 * makes chains longer, never wrong. */
#include "broker/visit.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "broker/login.h"
#include "broker/run.h"

enum { BUCKETS = 4096 };

struct lk_visits {
    size_t most;
    size_t count;
    struct lk_visit *newest;
    struct lk_visit *oldest;
    struct lk_visit *buckets[BUCKETS];
};

int lk_visits_new(uint32_t most, struct lk_visits **ret_visits)
{
    struct lk_visits *visits = calloc(1, sizeof(*visits));

    if (visits == NULL)
        return -LK_ERR_NOMEM;
    visits->most = most == 0 ? 1 : most;
    *ret_visits = visits;
    return 0;
}

static struct lk_visit **bucket_of(struct lk_visits *visits, const uint8_t *key)
{
    uint32_t hash;

    memcpy(&hash, key, sizeof(hash));
    return &visits->buckets[hash % BUCKETS];
}

static const uint8_t *key_of(const struct lk_visit *visit)
{
    return visit->has_code ? visit->code : visit->transaction;
}

static void visit_link(struct lk_visits *visits, struct lk_visit *visit)
{
    struct lk_visit **bucket = bucket_of(visits, key_of(visit));

    visit->chain = *bucket;
    *bucket = visit;
    visit->newer = NULL;
    visit->older = visits->newest;
    if (visits->newest != NULL)
        visits->newest->newer = visit;
    else
        visits->oldest = visit;
    visits->newest = visit;
    visits->count++;
}

static void visit_unlink(struct lk_visits *visits, struct lk_visit *visit)
{
    struct lk_visit **place = bucket_of(visits, key_of(visit));

    while (*place != visit)
        place = &(*place)->chain;
    *place = visit->chain;
    if (visit->newer != NULL)
        visit->newer->older = visit->older;
    else
        visits->newest = visit->older;
    if (visit->older != NULL)
        visit->older->newer = visit->newer;
    else
        visits->oldest = visit->newer;
    visits->count--;
}

static void visit_free(struct lk_visit *visit)
{
    free((void *)(uintptr_t)visit->statement.data);
    free((void *)(uintptr_t)visit->data.data);
    free(visit);
}

static void visits_drop(struct lk_visits *visits, struct lk_visit *visit)
{
    visit_unlink(visits, visit);
    visit_free(visit);
}

void lk_visits_clear(struct lk_visits *visits)
{
    while (visits->oldest != NULL)
        visits_drop(visits, visits->oldest);
}

struct lk_visits *lk_visits_free(struct lk_visits *visits)
{
    if (visits == NULL)
        return NULL;
    lk_visits_clear(visits);
    free(visits);
    return NULL;
}

size_t lk_visits_count(const struct lk_visits *visits)
{
    return visits->count;
}

static struct lk_visit *visits_find(struct lk_visits *visits, const uint8_t *key, size_t len,
                                    bool has_code)
{
    struct lk_visit *visit = *bucket_of(visits, key);

    while (visit != NULL && (visit->has_code != has_code || memcmp(key_of(visit), key, len) != 0))
        visit = visit->chain;
    return visit;
}

static int copy_view(struct lk_view from, struct lk_view *ret_view)
{
    uint8_t *bytes;

    *ret_view = (struct lk_view){0};
    if (from.len == 0)
        return 0;
    bytes = malloc(from.len);
    if (bytes == NULL)
        return -LK_ERR_NOMEM;
    memcpy(bytes, from.data, from.len);
    *ret_view = LK_VIEW(bytes, from.len);
    return 0;
}

static bool visit_over(const struct lk_visit *visit, int64_t now)
{
    return (visit->has_code ? visit->code_expiry : visit->proof.expiry) <= now;
}

static void visit_fill(struct lk_visit *visit, const struct lk_login *login)
{
    const struct lk_change_login *change = &login->change.u.login;

    memcpy(visit->transaction, change->transaction, sizeof(visit->transaction));
    visit->proof = (struct lk_store_proof){.known = true,
                                           .statement = change->statement,
                                           .expiry = change->proof_expiry,
                                           .auth_time = change->record.time,
                                           .facts = change->facts};
    memcpy(visit->proof.seal, change->seal, sizeof(visit->proof.seal));
    visit->row_version = change->row_version;
    visit->set = login->broker->operators_digest;
    visit->subject = login->rows.subject;
    memcpy(visit->name, login->rows.name, sizeof(visit->name));
    memcpy(visit->full_name, login->rows.full_name, sizeof(visit->full_name));
    memcpy(visit->email, login->rows.email, sizeof(visit->email));
}

void lk_visit_put(struct lk_broker *broker, const struct lk_login *login)
{
    struct lk_visits *visits = broker->visits;
    int64_t now = lk_clock_now(broker->clock);
    struct lk_visit *visit =
        visits_find(visits, login->change.u.login.transaction, LK_STORE_TRANSACTION_SIZE, false);

    if (visit != NULL)
        visits_drop(visits, visit);
    while (visits->oldest != NULL &&
           (visits->count >= visits->most || visit_over(visits->oldest, now)))
        visits_drop(visits, visits->oldest);
    visit = calloc(1, sizeof(*visit));
    if (visit == NULL)
        return;
    visit_fill(visit, login);
    if (copy_view(login->row->statement, &visit->statement) != 0)
        visit_free(visit);
    else
        visit_link(visits, visit);
}

static struct lk_visit *visit_standing(struct lk_broker *broker, struct lk_visit *visit,
                                       struct lk_statement *ret_statement)
{
    if (visit == NULL || lk_broker_ready(broker) != LK_REASON_NONE ||
        visit_over(visit, lk_clock_now(broker->clock)) ||
        !lk_bytes_equal(visit->set.bytes, broker->operators_digest.bytes, LK_DIGEST_SIZE) ||
        lk_standing_again(broker, visit->statement, &visit->proof.statement, ret_statement) !=
            LK_REASON_NONE)
        return NULL;
    return visit;
}

struct lk_visit *lk_visit_of_transaction(struct lk_broker *broker,
                                         const uint8_t transaction[LK_STORE_TRANSACTION_SIZE],
                                         struct lk_statement *ret_statement)
{
    return visit_standing(
        broker, visits_find(broker->visits, transaction, LK_STORE_TRANSACTION_SIZE, false),
        ret_statement);
}

struct lk_visit *lk_visit_of_code(struct lk_broker *broker, const uint8_t code[LK_DIGEST_SIZE],
                                  struct lk_statement *ret_statement)
{
    return visit_standing(broker, visits_find(broker->visits, code, LK_DIGEST_SIZE, true),
                          ret_statement);
}

void lk_visit_coded(struct lk_broker *broker, const struct lk_change_code *change)
{
    struct lk_visits *visits = broker->visits;
    struct lk_visit *visit =
        visits_find(visits, change->transaction, LK_STORE_TRANSACTION_SIZE, false);

    if (visit == NULL)
        return;
    visit_unlink(visits, visit);
    /* A newer proof of that name would have another seal: the transaction has used up the one it names. */
    if (!lk_bytes_equal(visit->proof.seal, change->proof_seal, LK_STORE_SEAL_SIZE) ||
        copy_view(change->data, &visit->data) != 0) {
        visit_free(visit);
        return;
    }
    visit->has_code = true;
    memcpy(visit->code, change->code, sizeof(visit->code));
    memcpy(visit->sid, change->sid, sizeof(visit->sid));
    memcpy(visit->client, change->client, sizeof(visit->client));
    visit->code_expiry = change->expiry;
    memcpy(visit->code_seal, change->seal, sizeof(visit->code_seal));
    visit_link(visits, visit);
}

void lk_visit_forget(struct lk_broker *broker, const uint8_t code[LK_DIGEST_SIZE])
{
    struct lk_visit *visit = visits_find(broker->visits, code, LK_DIGEST_SIZE, true);

    if (visit != NULL)
        visits_drop(broker->visits, visit);
}

void lk_visits_forget_statement(struct lk_broker *broker, const struct lk_digest *statement)
{
    struct lk_visit *older;

    for (struct lk_visit *visit = broker->visits->newest; visit != NULL; visit = older) {
        older = visit->older;
        if (lk_bytes_equal(visit->proof.statement.bytes, statement->bytes, LK_DIGEST_SIZE))
            visits_drop(broker->visits, visit);
    }
}
