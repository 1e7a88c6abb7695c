/* SPDX-License-Identifier: EUPL-1.2 */
/* The means of store_fixture.h. */
#include "store_fixture.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_values.h"
#include "verify/verify.h"

#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static int64_t fixture_now(void *context)
{
    const struct fixture *fixture = context;

    return fixture->now;
}

static int64_t fixture_monotonic(void *context)
{
    return fixture_now(context) * 1000;
}

void fixture_begin(struct fixture *fixture, const char *base)
{
    memset(fixture, 0, sizeof *fixture);
    if (base == NULL)
        base = getenv("TMPDIR");
    NEED(snprintf(fixture->folder, sizeof fixture->folder, "%s/lk-store-XXXXXX",
                  base != NULL ? base : "/tmp") < (int)sizeof fixture->folder);
    NEED(mkdtemp(fixture->folder) != NULL);
    NEED(lk_crypto_start(&fixture->crypto) == 0);
    fixture->now = 1795000000;
    fixture->clock = (struct lk_clock){fixture_now, fixture_monotonic, fixture};
    fixture->options = (struct lk_store_options){.folder = fixture->folder,
                                                 .crypto = fixture->crypto,
                                                 .clock = &fixture->clock,
                                                 .broker = {{0xb0}}};
}

void fixture_open(struct fixture *fixture)
{
    int r = lk_store_sqlite.open(&fixture->options, &fixture->store);

    if (r != 0)
        fprintf(stderr, "open: %s\n", lk_error_name(r));
    NEED(r == 0);
}

void fixture_close(struct fixture *fixture)
{
    lk_store_sqlite.close(fixture->store);
    fixture->store = NULL;
}

void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_open(fixture);
}

void fixture_end(struct fixture *fixture)
{
    DIR *folder;
    struct dirent *entry;

    fixture_close(fixture);
    fixture->crypto = lk_crypto_free(fixture->crypto);
    folder = opendir(fixture->folder);
    NEED(folder != NULL);
    while ((entry = readdir(folder)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            NEED(unlinkat(dirfd(folder), entry->d_name, 0) == 0);
    (void)closedir(folder);
    NEED(rmdir(fixture->folder) == 0);
}

void fixture_path(const struct fixture *fixture, const char *file, char *ret_path, size_t size)
{
    NEED(snprintf(ret_path, size, "%s/%s", fixture->folder, file) < (int)size);
}

void fixture_sql(const struct fixture *fixture, const char *sql)
{
    char path[256];
    sqlite3 *db;
    char *text = NULL;

    fixture_path(fixture, "store.sqlite3", path, sizeof path);
    NEED(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, text);
        abort();
    }
    (void)sqlite3_close(db);
}

static void put_number(uint8_t *bytes, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

void fixture_subject(uint32_t agent, struct lk_subject *ret_subject)
{
    memset(ret_subject->bytes, 0x5a, sizeof ret_subject->bytes);
    put_number(ret_subject->bytes, agent);
}

void fixture_make(struct fixture *fixture, uint32_t agent, uint32_t credential, uint64_t version,
                  const char *name, struct fixture_statement *ret_statement)
{
    struct lk_statement *statement = &ret_statement->statement;
    struct lk_view view;

    test_statement(statement, LK_KIND_HOST);
    statement->version = version;
    fixture_subject(agent, &statement->subject);
    if (name != NULL)
        snprintf(statement->name, sizeof statement->name, "%s", name);
    else
        snprintf(statement->name, sizeof statement->name, "agent-%u", agent);
    put_number(statement->credential_id.bytes, credential);
    memset(ret_statement->attestation, 0x42, sizeof ret_statement->attestation);
    put_number(ret_statement->attestation, credential);
    view = LK_VIEW(ret_statement->attestation, sizeof ret_statement->attestation);
    NEED(lk_sha256(fixture->crypto, &view, 1, statement->attestation_digest.bytes) == 0);
    ret_statement->bytes = LK_BUF_INIT(LK_STATEMENT_MAX);
    NEED(lk_statement_encode(&ret_statement->bytes, statement) == 0);
    view = lk_buf_view(&ret_statement->bytes);
    NEED(lk_sha256(fixture->crypto, &view, 1, ret_statement->digest.bytes) == 0);
    view = LK_VIEW(statement->credential_id.bytes, statement->credential_id.len);
    NEED(lk_sha256(fixture->crypto, &view, 1, ret_statement->credential.bytes) == 0);
}

void fixture_free(struct fixture_statement *statement)
{
    lk_buf_clear(&statement->bytes);
}

struct lk_change fixture_enrolment(const struct fixture *fixture,
                                   const struct fixture_statement *statement)
{
    return (struct lk_change){
        .kind = LK_CHANGE_STATEMENT,
        .u.statement = {.statement = lk_buf_view(&statement->bytes),
                        .attestation_object =
                            LK_VIEW(statement->attestation, sizeof statement->attestation),
                        .time = fixture->now}};
}

void fixture_record(const struct fixture *fixture, const struct lk_digest *digests, size_t count,
                    uint8_t operator_number, struct lk_buf *ret_record)
{
    struct lk_endorsement endorsement;

    test_endorsement(&endorsement);
    endorsement.register_number = 0;
    memset(endorsement.register_hash.bytes, 0, LK_DIGEST_SIZE);
    endorsement.operator_id.bytes[0] = operator_number;
    endorsement.count = count;
    endorsement.time = fixture->now;
    NEED(lk_tree_root(fixture->crypto, digests, count, &endorsement.root) == 0);
    *ret_record = LK_BUF_INIT(LK_ENDORSEMENT_MAX);
    NEED(lk_endorsement_encode(ret_record, &endorsement) == 0);
}

struct lk_change fixture_login(const struct fixture *fixture, const struct lk_digest *statement,
                               uint64_t row_version, uint32_t counter)
{
    struct lk_change change = {.kind = LK_CHANGE_LOGIN,
                               .u.login = {.statement = *statement,
                                           .row_version = row_version,
                                           .counter = counter,
                                           .record = {.time = fixture->now,
                                                      .reason = LK_REASON_NONE,
                                                      .kind = LK_KIND_HOST,
                                                      .credential = *statement,
                                                      .flags = 5,
                                                      .counter = counter,
                                                      .milliseconds = 12,
                                                      .count = 1,
                                                      .name = "alice",
                                                      .service = "sudo"}}};

    fixture_subject(1, &change.u.login.record.subject);
    return change;
}

struct lk_change fixture_state(const struct fixture *fixture, const struct lk_digest *statement,
                               enum lk_state state, struct lk_buf *ret_bytes)
{
    struct lk_state_change change = {
        .statement = *statement, .state = state, .reason = "lost", .time = fixture->now};

    *ret_bytes = LK_BUF_INIT(1024);
    NEED(lk_state_change_encode(ret_bytes, &change) == 0);
    return (struct lk_change){.kind = LK_CHANGE_STATE,
                              .u.state = {.change = lk_buf_view(ret_bytes),
                                          .statement = *statement,
                                          .state = state,
                                          .time = fixture->now}};
}

enum lk_reason fixture_commit(struct fixture *fixture, struct lk_change *change)
{
    int r = lk_store_sqlite.commit(fixture->store, &change, 1);

    if (r != 0)
        fprintf(stderr, "commit: %s\n", lk_error_name(r));
    NEED(r == 0 && change->error == 0);
    return change->reason;
}

void fixture_row(struct fixture *fixture, const struct lk_digest *statement,
                 struct lk_store_rows *ret_rows)
{
    NEED(lk_store_sqlite.read_statement(fixture->store, statement, ret_rows) == 0);
    NEED(ret_rows->count == 1);
}

enum lk_reason fixture_endorse(struct fixture *fixture, const struct lk_digest *statement,
                               uint8_t operator_number, bool completes)
{
    const struct lk_tree_path path = {.count = 1};
    struct lk_store_rows rows;
    struct lk_buf record;
    struct lk_change change;
    enum lk_reason reason;

    fixture_row(fixture, statement, &rows);
    fixture_record(fixture, statement, 1, operator_number, &record);
    change = (struct lk_change){.kind = LK_CHANGE_ENDORSE,
                                .u.endorse = {.endorsement = lk_buf_view(&record),
                                              .count = 1,
                                              .statements = statement,
                                              .paths = &path,
                                              .completes = &completes,
                                              .row_versions = &rows.rows[0].row_version,
                                              .time = fixture->now}};
    reason = fixture_commit(fixture, &change);
    lk_store_rows_free(&rows);
    lk_buf_clear(&record);
    return reason;
}

void fixture_enrol(struct fixture *fixture, const struct fixture_statement *statement)
{
    struct lk_change change = fixture_enrolment(fixture, statement);

    NEED(fixture_commit(fixture, &change) == LK_REASON_NONE);
    NEED(fixture_endorse(fixture, &statement->digest, 0xa0, true) == LK_REASON_NONE);
}

/* Statements a transaction, and statements a touch: a path costs hashes for each of its neighbours. */
enum { FILL_BATCH = 256, FILL_TOUCH = 16 };

/* What the endorsements of one touch borrow. */
struct fill_touch {
    struct lk_buf record;
    struct lk_digest digests[FILL_TOUCH];
    struct lk_tree_path paths[FILL_TOUCH];
    bool completes[FILL_TOUCH];
    uint64_t versions[FILL_TOUCH];
};

/* A new row has revision 1 and no use. */
static struct lk_change fill_touch(struct fixture *fixture, const struct fixture_statement *made,
                                   size_t count, struct fill_touch *touch)
{
    for (size_t i = 0; i < count; i++) {
        touch->digests[i] = made[i].digest;
        touch->completes[i] = true;
        touch->versions[i] = 1ull << 32;
    }
    for (size_t i = 0; i < count; i++)
        NEED(lk_tree_path(fixture->crypto, touch->digests, count, i, &touch->paths[i]) == 0);
    fixture_record(fixture, touch->digests, count, 0xa0, &touch->record);
    return (struct lk_change){.kind = LK_CHANGE_ENDORSE,
                              .u.endorse = {.endorsement = lk_buf_view(&touch->record),
                                            .count = count,
                                            .statements = touch->digests,
                                            .paths = touch->paths,
                                            .completes = touch->completes,
                                            .row_versions = touch->versions,
                                            .time = fixture->now}};
}

static void fill_commit(struct fixture *fixture, struct lk_change *changes, size_t count)
{
    static struct lk_change *pointers[FILL_BATCH];

    for (size_t i = 0; i < count; i++)
        pointers[i] = &changes[i];
    NEED(lk_store_sqlite.commit(fixture->store, pointers, count) == 0);
    for (size_t i = 0; i < count; i++)
        NEED(changes[i].reason == LK_REASON_NONE);
}

/* One transaction of statements, one of the endorsements over them. */
static void fill_batch(struct fixture *fixture, struct fixture_statement *made, size_t count)
{
    static struct lk_change changes[FILL_BATCH];
    static struct fill_touch touches[FILL_BATCH / FILL_TOUCH];
    size_t touched = 0;

    for (size_t i = 0; i < count; i++)
        changes[i] = fixture_enrolment(fixture, &made[i]);
    fill_commit(fixture, changes, count);
    for (size_t i = 0; i < count; i += FILL_TOUCH, touched++)
        changes[touched] = fill_touch(
            fixture, &made[i], count - i < FILL_TOUCH ? count - i : FILL_TOUCH, &touches[touched]);
    fill_commit(fixture, changes, touched);
    for (size_t i = 0; i < touched; i++)
        lk_buf_clear(&touches[i].record);
}

void fixture_fill(struct fixture *fixture, uint32_t agents, uint32_t per_agent)
{
    struct fixture_statement *made = calloc(FILL_BATCH, sizeof *made);
    uint64_t total = (uint64_t)agents * per_agent;
    size_t count = 0;
    uint32_t batches = 0;

    NEED(made != NULL);
    for (uint64_t i = 0; i < total; i++) {
        fixture_make(fixture, (uint32_t)(i / per_agent), (uint32_t)i, 1, NULL, &made[count++]);
        if (count < FILL_BATCH && i + 1 < total)
            continue;
        fill_batch(fixture, made, count);
        for (size_t j = 0; j < count; j++)
            fixture_free(&made[j]);
        count = 0;
        if (++batches % 64 == 0)
            NEED(lk_store_sqlite.maintain(fixture->store) == 0);
    }
    free(made);
}
