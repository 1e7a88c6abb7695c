/* SPDX-License-Identifier: EUPL-1.2 */
/* After the power is back: everything that was acknowledged is there, the batch under way is there whole or not at all, the chains hold, the mark does not
 * lead, and the next login works. */
#include "powercut.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/log/record.h"
#include "broker/register/register.h"

/* The first thing that is wrong, for a person. */
static char sentence[256];

static const char *wrong(const char *text, uint64_t number)
{
    snprintf(sentence, sizeof sentence, "%s (%llu)", text, (unsigned long long)number);
    return sentence;
}

/* What must hold in the tables however the store came there. */
static const char *judge_tables(const struct fixture *fixture)
{
    static const struct {
        const char *sql; /* 1 = good */
        const char *text;
    } rules[] = {
        {"SELECT integrity_check = 'ok' FROM pragma_integrity_check", "the file is not sound"},
        {"SELECT (SELECT count(*) FROM statement) = (SELECT count(*) FROM register WHERE kind = 2)",
         "statements without entries"},
        {"SELECT (SELECT count(*) FROM statement) = (SELECT count(*) FROM usage)",
         "statements without usage"},
        {"SELECT (SELECT count(*) FROM statement) = (SELECT count(*) FROM attestation)",
         "statements without evidence"},
        {"SELECT (SELECT count(*) FROM statement WHERE activation IS NOT NULL) = "
         "(SELECT count(*) FROM register WHERE kind = 3)",
         "activations without entries"},
        {"SELECT (SELECT count(*) FROM statement_endorsement) = (SELECT count(*) FROM endorsement)",
         "endorsements of nothing"},
        {"SELECT (SELECT count(*) FROM log) = (SELECT count(*) FROM log_name)",
         "records without names"},
        {"SELECT (SELECT count(*) FROM log) = (SELECT count(*) FROM nonce)",
         "records without nonces"},
        {"SELECT (SELECT total(uses) FROM usage) = (SELECT count(*) FROM log)",
         "counters without records"},
        {"SELECT NOT EXISTS (SELECT 1 FROM tally t WHERE state > 0 AND count <> "
         "(SELECT count(*) FROM statement s WHERE s.newest = 1 AND s.state = t.state))",
         "the tally is another"},
        {"SELECT (SELECT count FROM tally WHERE state = 0) = (SELECT count(*) FROM agent)",
         "the tally of agents is another"},
        {"SELECT (SELECT count(*) FROM operator_set) = (SELECT count(*) FROM register WHERE kind = "
         "1)",
         "sets without entries"},
        {"SELECT (SELECT count(*) FROM session WHERE ended IS NOT NULL) = "
         "(SELECT count(*) FROM logout)",
         "ended sessions without their logout"},
        {"SELECT NOT EXISTS (SELECT 1 FROM session n JOIN statement s ON s.entry = n.statement "
         "WHERE (s.state = 4) <> (n.ended IS NOT NULL))",
         "a session did not end with its key, or ended without"},
        {"SELECT (SELECT count(*) FROM session) = (SELECT count(*) FROM code)",
         "sessions without codes"},
        {"SELECT NOT EXISTS (SELECT 1 FROM session n JOIN proof p ON p.transaction_id = n.sid)",
         "a proof that became a code is still there"},
    };
    char path[256];
    sqlite3 *db = NULL;
    const char *result = NULL;

    fixture_path(fixture, "store.sqlite3", path, sizeof path);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        result = wrong("the file does not open", 0);
    for (size_t i = 0; result == NULL && i < sizeof rules / sizeof rules[0]; i++) {
        sqlite3_stmt *statement = NULL;

        if (sqlite3_prepare_v2(db, rules[i].sql, -1, &statement, NULL) != SQLITE_OK ||
            sqlite3_step(statement) != SQLITE_ROW || sqlite3_column_int(statement, 0) != 1)
            result = wrong(rules[i].text, i);
        (void)sqlite3_finalize(statement);
    }
    (void)sqlite3_close(db);
    return result;
}

struct walk {
    const struct fixture *fixture;
    const struct known *known;
    uint64_t next;
    struct lk_log_entry previous;
    struct lk_digest previous_hash;
    bool bad;
};

static int see_entry(void *context, const struct lk_store_entry *entry)
{
    struct walk *walk = context;

    if (entry->number != walk->next ||
        (entry->number <= walk->known->entries &&
         memcmp(entry->hash.bytes, walk->known->hashes[entry->number - 1].bytes, LK_DIGEST_SIZE) !=
             0))
        walk->bad = true;
    walk->next++;
    return 0;
}

static int see_record(void *context, const struct lk_store_log_row *row)
{
    struct walk *walk = context;
    enum lk_reason reason;

    if (row->number != walk->next ||
        (row->number <= walk->known->records &&
         memcmp(row->hash.bytes, walk->known->record_hashes[row->number - 1].bytes,
                LK_DIGEST_SIZE) != 0) ||
        lk_log_link_verify(walk->fixture->crypto, walk->next > 1 ? &walk->previous : NULL,
                           &walk->previous_hash, row->bytes, &row->hash, &walk->previous,
                           &reason) != 0 ||
        reason != LK_REASON_NONE)
        walk->bad = true;
    walk->previous_hash = row->hash;
    walk->next++;
    return 0;
}

static const char *judge_chains(struct fixture *fixture, const struct known *known)
{
    struct walk entries = {.fixture = fixture, .known = known, .next = 1};
    struct walk records = entries;
    uint64_t more_entries;
    uint64_t more_records;

    if (lk_store_sqlite.read_register(fixture->store, 1, UINT32_MAX, see_entry, &entries) != 0 ||
        entries.bad)
        return wrong("an acknowledged entry is another", entries.next - 1);
    if (lk_store_sqlite.read_log(fixture->store, NULL, 1, UINT32_MAX, see_record, &records) != 0 ||
        records.bad)
        return wrong("an acknowledged record is another", records.next - 1);
    if (entries.next - 1 < known->entries)
        return wrong("acknowledged entries are gone", known->entries - (entries.next - 1));
    if (records.next - 1 < known->records)
        return wrong("acknowledged records are gone", known->records - (records.next - 1));
    more_entries = entries.next - 1 - known->entries;
    more_records = records.next - 1 - known->records;
    if (more_entries + more_records != 0 &&
        (more_entries != known->open_entries || more_records != known->open_records))
        return wrong("the open batch is there in part", more_entries + more_records);
    return NULL;
}

static const char *judge_credentials(struct fixture *fixture, const struct known *known)
{
    for (uint32_t i = 0; i < known->used; i++) {
        const struct known_credential *credential = &known->credentials[i];
        struct lk_store_rows rows = {0};
        bool good;

        if (!credential->there)
            continue;
        if (lk_store_sqlite.read_statement(fixture->store, &credential->made.digest, &rows) != 0 ||
            rows.count != 1)
            return wrong("an acknowledged credential is gone", i);
        good = lk_view_equal(rows.rows[0].statement, lk_buf_view(&credential->made.bytes));
        if (credential->uncertain)
            good = good && rows.rows[0].state >= credential->state &&
                   rows.rows[0].counter >= credential->counter;
        else
            good = good && rows.rows[0].state == credential->state &&
                   rows.rows[0].counter == credential->counter;
        lk_store_rows_free(&rows);
        if (!good)
            return wrong("an acknowledged credential is another", i);
    }
    return NULL;
}

/* The last visit with each credential stands where it was acknowledged, or one step further if that was under way. */
static const char *judge_visits(struct fixture *fixture, const struct known *known)
{
    for (uint32_t i = 0; i < known->used; i++) {
        const struct known_credential *credential = &known->credentials[i];
        struct lk_store_proof proof;
        struct lk_store_code code;
        uint8_t digest[LK_DIGEST_SIZE];
        enum visit seen;

        if (credential->visit == VISIT_NONE)
            continue;
        visit_code(credential, digest);
        if (lk_store_sqlite.read_proof(fixture->store, credential->name, &proof) != 0 ||
            lk_store_sqlite.read_code(fixture->store, digest, false, &code) != 0)
            return wrong("a visit cannot be read", i);
        if (code.known)
            seen = code.access_expiry != 0 ? VISIT_REDEEMED : VISIT_CODE;
        else
            seen = !proof.known ? VISIT_NONE : proof.passwords > 0 ? VISIT_ASKED : VISIT_PROOF;
        if (seen != credential->visit && !(credential->uncertain && seen == credential->visit + 1))
            return wrong("an acknowledged visit stands elsewhere", i);
    }
    return NULL;
}

static const char *judge_mark(struct fixture *fixture, const struct known *known)
{
    struct lk_register_report report;
    struct lk_mark *mark = NULL;
    const char *result = NULL;
    uint64_t number;

    if (lk_mark_open(fixture->folder, fixture->crypto, &mark) != 0)
        return wrong("the mark does not open", 0);
    lk_mark_get(mark, &number, NULL, NULL, NULL);
    if (number < known->mark)
        result = wrong("the mark went back", number);
    for (uint32_t i = 0; result == NULL && i < known->used; i++)
        if (known->credentials[i].in_mark &&
            !lk_mark_is_revoked(mark, &known->credentials[i].made.digest))
            result = wrong("the mark forgot a revocation", i);
    if (result == NULL && lk_register_check(&lk_store_sqlite, fixture->store, mark, fixture->crypto,
                                            NULL, false, &report) != 0)
        result = wrong("the register cannot be checked", 0);
    else if (result == NULL && report.reason != LK_REASON_NONE)
        result = wrong(report.text, report.bad_number);
    (void)lk_mark_close(mark);
    return result;
}

/* The answer that was used before the power went must not work again, a new one must. */
static const char *judge_next(struct fixture *fixture, const struct known *known)
{
    const struct known_credential *credential = &known->credentials[known->nonce_credential];
    struct lk_store_rows rows;
    struct lk_change login;
    struct lk_change *pointer = &login;
    uint64_t number = 0;
    struct lk_change record = {.kind = LK_CHANGE_RECORD,
                               .u.record = {.time = 1, .reason = LK_REASON_TIMEOUT, .count = 1}};

    if (known->has_nonce) {
        if (lk_store_sqlite.read_statement(fixture->store, &credential->made.digest, &rows) != 0 ||
            rows.count != 1)
            return wrong("the credential of the last login is gone", 0);
        login = fixture_login(fixture, &credential->made.digest, rows.rows[0].row_version,
                              rows.rows[0].counter + 1);
        lk_store_rows_free(&rows);
        login.u.login.has_nonce = true;
        memcpy(login.u.login.nonce, known->nonce, sizeof known->nonce);
        if (lk_store_sqlite.commit(fixture->store, &pointer, 1) != 0 ||
            login.reason != LK_REASON_REPLAY)
            return wrong("a used answer works again", (uint64_t)login.reason);
    }
    pointer = &record;
    for (int i = 0; i < 2; i++) {
        if (lk_store_sqlite.commit(fixture->store, &pointer, 1) != 0 ||
            (i > 0 && record.number != number + 1))
            return wrong("the next record is refused", (uint64_t)record.reason);
        number = record.number;
    }
    return NULL;
}

const char *work_judge(struct fixture *fixture, const struct known *known)
{
    const char *result;

    fixture->options.vfs = NULL;
    if (lk_store_sqlite.open(&fixture->options, &fixture->store) != 0) {
        fixture->store = NULL;
        return wrong("the store does not open", 0);
    }
    result = judge_chains(fixture, known);
    if (result == NULL)
        result = judge_credentials(fixture, known);
    if (result == NULL)
        result = judge_visits(fixture, known);
    if (result == NULL)
        result = judge_mark(fixture, known);
    fixture_close(fixture);
    if (result == NULL)
        result = judge_tables(fixture);
    if (result == NULL) {
        fixture_open(fixture);
        result = judge_next(fixture, known);
        fixture_close(fixture);
    }
    return result;
}
