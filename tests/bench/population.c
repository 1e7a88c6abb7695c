/* SPDX-License-Identifier: EUPL-1.2 */
/* A store of so many valid credentials, through the store's own commits: 512 changes a transaction. Everything in it would pass `latchkey register
 * verify`; ids and subjects follow from the number, so that nothing but the counters has to be remembered. */
#include "gateway_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "verify/verify.h"

enum { BATCH = LK_STORE_BATCH_MAX, TOUCHES = BATCH / POPULATION_TOUCH, MAINTAIN_EVERY = 32 };

static const uint8_t evidence[] = "attestation of a key made by a benchmark";

/* One batch on its way to the disk. */
struct batch {
    struct lk_statement statement; /* scratch */
    struct lk_buf bytes[BATCH];
    struct lk_digest digests[BATCH];
    struct lk_change changes[BATCH];
    struct lk_change *pointers[BATCH];
    struct lk_buf records[TOUCHES];
    struct lk_tree_path paths[BATCH];
    bool completes[BATCH];
    uint64_t row_versions[BATCH];
};

static void put_u32(uint8_t *bytes, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* What an authenticator makes at random is spread as evenly: a digest of the number. */
static void spread(const char *what, uint32_t number, uint8_t ret_bytes[32])
{
    uint8_t text[16] = {0};

    for (size_t i = 0; i < 12 && what[i] != '\0'; i++)
        text[i] = (uint8_t)what[i];
    put_u32(text + 12, number);
    test_sha256(text, sizeof(text), ret_bytes);
}

void population_subject(uint32_t credential, struct lk_subject *ret_subject)
{
    uint8_t bytes[32];

    spread("agent", credential / 2, bytes);
    memcpy(ret_subject->bytes, bytes, sizeof(ret_subject->bytes));
}

void population_credential_id(uint32_t credential, struct lk_credential_id *ret_id)
{
    ret_id->len = 64;
    spread("id 1", credential, ret_id->bytes);
    spread("id 2", credential, ret_id->bytes + 32);
}

static void make_statement(struct population *population, uint32_t credential, struct batch *batch,
                           size_t place)
{
    struct lk_statement *statement = &batch->statement;
    struct lk_view view = LK_VIEW(evidence, sizeof(evidence));

    statement->version = 1;
    statement->kind = LK_KIND_BROWSER;
    population_subject(credential, &statement->subject);
    (void)snprintf(statement->name, sizeof(statement->name), "agent-%u", credential / 2);
    strcpy(statement->relying_party, HOUSE_GATEWAY);
    population_credential_id(credential, &statement->credential_id);
    statement->public_key = population->keys[credential % POPULATION_KEYS].cose;
    statement->proved.format = LK_FORMAT_PACKED_SELF;
    NEED(lk_sha256(population->house->crypto, &view, 1, statement->attestation_digest.bytes) == 0);
    lk_buf_init(&batch->bytes[place], LK_STATEMENT_MAX);
    NEED(lk_statement_encode(&batch->bytes[place], statement) == 0);
    view = lk_buf_view(&batch->bytes[place]);
    NEED(lk_sha256(population->house->crypto, &view, 1, batch->digests[place].bytes) == 0);
    batch->changes[place] = (struct lk_change){
        .kind = LK_CHANGE_STATEMENT,
        .u.statement = {.statement = view,
                        .attestation_object = LK_VIEW(evidence, sizeof(evidence)),
                        .time = time(NULL)}};
}

/* One touch over the credentials from `place` on. */
static void make_endorsement(struct population *population, struct batch *batch, size_t place,
                             size_t count, size_t touch)
{
    struct house *house = population->house;
    const struct lk_digest *leaves = &batch->digests[place];
    struct lk_digest root;

    NEED(lk_tree_root(house->crypto, leaves, count, &root) == 0);
    house_touch(house, LK_ACT_ENROL, &root, count, &batch->records[touch]);
    for (size_t i = 0; i < count; i++) {
        NEED(lk_tree_path(house->crypto, leaves, count, i, &batch->paths[place + i]) == 0);
        batch->completes[place + i] = true;
        batch->row_versions[place + i] = 1ULL << 32; /* a new row: revision 1, never used */
    }
    batch->changes[touch] =
        (struct lk_change){.kind = LK_CHANGE_ENDORSE,
                           .u.endorse = {.endorsement = lk_buf_view(&batch->records[touch]),
                                         .count = count,
                                         .statements = leaves,
                                         .paths = &batch->paths[place],
                                         .completes = &batch->completes[place],
                                         .row_versions = &batch->row_versions[place],
                                         .time = time(NULL)}};
}

static void commit(struct population *population, struct batch *batch, size_t count)
{
    for (size_t i = 0; i < count; i++)
        batch->pointers[i] = &batch->changes[i];
    NEED(lk_store_sqlite.commit(population->house->store, batch->pointers, count) == 0);
    for (size_t i = 0; i < count; i++)
        NEED(batch->changes[i].error == 0 && batch->changes[i].reason == LK_REASON_NONE);
    population->house->head = batch->changes[count - 1].number;
    population->house->head_hash = batch->changes[count - 1].hash;
}

static void fill_batch(struct population *population, struct batch *batch, uint32_t first,
                       size_t count)
{
    size_t touches = 0;

    for (size_t i = 0; i < count; i++)
        make_statement(population, first + (uint32_t)i, batch, i);
    commit(population, batch, count);
    for (size_t i = 0; i < count; i += POPULATION_TOUCH) {
        size_t covered = count - i < POPULATION_TOUCH ? count - i : POPULATION_TOUCH;

        make_endorsement(population, batch, i, covered, touches++);
    }
    commit(population, batch, touches);
    for (size_t i = 0; i < count; i++)
        lk_buf_clear(&batch->bytes[i]);
    for (size_t i = 0; i < touches; i++)
        lk_buf_clear(&batch->records[i]);
}

/* Full names, as a directory would have brought them: 512 a transaction. */
void population_names(struct population *population)
{
    struct lk_change *changes = calloc(BATCH, sizeof(*changes));
    struct lk_change *pointers[BATCH];
    uint32_t agents = (population->count + 1) / 2;

    NEED(changes != NULL);
    for (uint32_t first = 0; first < agents; first += BATCH) {
        size_t count = agents - first < BATCH ? agents - first : BATCH;

        for (size_t i = 0; i < count; i++) {
            struct lk_change_agent *agent = &changes[i].u.agent;

            changes[i] = (struct lk_change){.kind = LK_CHANGE_AGENT};
            (void)snprintf(agent->name, sizeof(agent->name), "agent-%zu", first + i);
            agent->set_full_name = true;
            (void)snprintf(agent->full_name, sizeof(agent->full_name), "Agent Number %zu",
                           first + i);
            pointers[i] = &changes[i];
        }
        NEED(lk_store_sqlite.commit(population->house->store, pointers, count) == 0);
        for (size_t i = 0; i < count; i++)
            NEED(changes[i].error == 0 && changes[i].reason == LK_REASON_NONE);
    }
    free(changes);
}

void population_make(struct population *population, struct house *house, uint32_t count)
{
    struct batch *batch = calloc(1, sizeof(*batch));
    uint32_t batches = 0;

    *population = (struct population){.house = house, .count = count};
    population->counters = calloc(count, sizeof(*population->counters));
    NEED(batch != NULL && population->counters != NULL);
    for (size_t i = 0; i < POPULATION_KEYS; i++)
        test_key_make(&population->keys[i], -7);
    for (uint32_t first = 0; first < count; first += BATCH) {
        fill_batch(population, batch, first, count - first < BATCH ? count - first : BATCH);
        if (++batches % MAINTAIN_EVERY == 0)
            NEED(lk_store_sqlite.maintain(house->store) == 0);
    }
    NEED(lk_store_sqlite.maintain(house->store) == 0);
    free(batch);
}

void population_free(struct population *population)
{
    for (size_t i = 0; i < POPULATION_KEYS; i++)
        test_key_free(&population->keys[i]);
    free(population->counters);
}
