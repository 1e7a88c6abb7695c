/* SPDX-License-Identifier: EUPL-1.2 */
/* Logins, enrolments, endorsements, changes of state, operator sets and marks, in an order that the seed decides. What is acknowledged is written down;
 * what was under way when the power went is written down as such. */
#include "powercut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "broker/register/register.h"
#include "powercut_vfs.h"

#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* ---- the mark's writes, on the same disk (linked with --wrap) ---- */

int __wrap_lk_file_replace(const char *path, mode_t mode, struct lk_view content);
int __wrap_lk_fd_write_all(int fd, struct lk_view bytes);
int __wrap_fdatasync(int fd);

/* The real one is atomic and synced when it returns; killed in the middle it leaves the old or the new bytes. */
int __wrap_lk_file_replace(const char *path, mode_t mode, struct lk_view content)
{
    bool before = powercut_happened();
    bool alive = powercut_step();
    char temporary[600];
    int fd;

    if (before || (!alive && powercut_random() % 2 == 0)) {
        errno = EIO;
        return -LK_ERR_IO;
    }
    snprintf(temporary, sizeof temporary, "%s.new", path);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    NEED(fd >= 0 && write(fd, content.data, content.len) == (ssize_t)content.len);
    (void)close(fd);
    NEED(rename(temporary, path) == 0);
    return alive ? 0 : -LK_ERR_IO;
}

static void path_of(int fd, char *path, size_t size)
{
    char link[64];
    ssize_t len;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, path, size - 1);
    NEED(len > 0);
    path[len] = '\0';
}

int __wrap_lk_fd_write_all(int fd, struct lk_view bytes)
{
    char path[512];

    path_of(fd, path, sizeof path);
    return powercut_write(path, (uint64_t)lseek(fd, 0, SEEK_CUR), bytes.data, bytes.len)
               ? 0
               : -LK_ERR_IO;
}

int __wrap_fdatasync(int fd)
{
    char path[512];

    path_of(fd, path, sizeof path);
    if (powercut_sync(path))
        return 0;
    errno = EIO;
    return -1;
}

/* ---- work ---- */

/* A batch under construction, with what its changes borrow. */
struct batch {
    size_t count;
    struct lk_change changes[WORK_BATCH];
    uint32_t credential[WORK_BATCH];
    struct lk_buf bytes[WORK_BATCH];
    uint64_t versions[WORK_BATCH];
};

static const struct lk_tree_path single_path = {.count = 1};
static const bool completes = true;

static uint32_t dice(struct known *known, uint32_t below)
{
    known->dice = known->dice * 1664525u + 1013904223u;
    return (known->dice >> 8) % below;
}

static bool busy(const struct batch *batch, uint32_t credential)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->credential[i] == credential)
            return true;
    return false;
}

static bool read_version(struct fixture *fixture, const struct known_credential *credential,
                         uint64_t *ret_version)
{
    struct lk_store_rows rows;

    if (lk_store_sqlite.read_statement(fixture->store, &credential->made.digest, &rows) != 0)
        return false;
    NEED(rows.count == 1);
    *ret_version = rows.rows[0].row_version;
    lk_store_rows_free(&rows);
    return true;
}

static void login_nonce(struct known *known, struct lk_change_login *login)
{
    login->has_nonce = true;
    memset(login->nonce, 0, sizeof login->nonce);
    login->nonce[0] = 0x7f; /* far from expiring */
    login->nonce[18] = (uint8_t)(known->nonces >> 8);
    login->nonce[19] = (uint8_t)known->nonces;
    known->nonces++;
}

/* ---- a visit to the gateway: login, question of a worker, code, its redemption ---- */

void visit_code(const struct known_credential *credential, uint8_t ret_digest[LK_DIGEST_SIZE])
{
    memset(ret_digest, 0xc0, LK_DIGEST_SIZE);
    memcpy(ret_digest, credential->name, sizeof credential->name);
}

/* Each login begins one, with a name of its own. */
static void visit_begin(struct fixture *fixture, struct known *known, struct lk_change_login *login)
{
    login->leaves_proof = true;
    memcpy(login->transaction, login->nonce + 4, sizeof login->transaction);
    login->transaction[0] = (uint8_t)(known->nonces >> 8);
    login->proof_expiry = fixture->now + 600;
}

/* The next step of it; false if there is none. */
static bool visit_step(struct fixture *fixture, const struct known_credential *credential,
                       uint64_t version, struct lk_change *change)
{
    *change = (struct lk_change){0};
    switch (credential->visit) {
    case VISIT_PROOF:
        change->kind = LK_CHANGE_PROVE;
        change->u.prove = (struct lk_change_prove){
            .statement = credential->made.digest, .row_version = version, .most = 5};
        memcpy(change->u.prove.transaction, credential->name, sizeof credential->name);
        return true;
    case VISIT_ASKED:
        change->kind = LK_CHANGE_CODE;
        change->u.code = (struct lk_change_code){.statement = credential->made.digest,
                                                 .row_version = version,
                                                 .client = "synapse",
                                                 .expiry = fixture->now + 60};
        memcpy(change->u.code.transaction, credential->name, sizeof credential->name);
        memcpy(change->u.code.sid, credential->name, sizeof credential->name);
        visit_code(credential, change->u.code.code);
        return true;
    case VISIT_CODE:
        change->kind = LK_CHANGE_REDEEM;
        change->u.redeem = (struct lk_change_redeem){.statement = credential->made.digest,
                                                     .row_version = version,
                                                     .access_expiry = fixture->now + 300,
                                                     .client = "synapse"};
        visit_code(credential, change->u.redeem.code);
        visit_code(credential, change->u.redeem.access);
        return true;
    default:
        return false;
    }
}

static bool is_visit(const struct lk_change *change)
{
    return change->kind == LK_CHANGE_PROVE || change->kind == LK_CHANGE_CODE ||
           change->kind == LK_CHANGE_REDEEM;
}

/* Fills the next place of the batch with something that will be accepted; false if this die has nothing to do. */
static bool add_enrolment(struct fixture *fixture, struct known *known, struct batch *batch)
{
    struct known_credential *credential;

    if (known->used == WORK_CREDENTIALS)
        return false;
    credential = &known->credentials[known->used];
    fixture_make(fixture, known->used, known->used, 1, NULL, &credential->made);
    batch->changes[batch->count] = fixture_enrolment(fixture, &credential->made);
    batch->credential[batch->count] = known->used++;
    return true;
}

static bool add_on_credential(struct fixture *fixture, struct known *known, struct batch *batch,
                              uint32_t die)
{
    uint32_t index = known->used == 0 ? 0 : dice(known, known->used);
    struct known_credential *credential = &known->credentials[index];
    struct lk_change *change = &batch->changes[batch->count];
    uint64_t *version = &batch->versions[batch->count];

    if (known->used == 0 || !credential->there || busy(batch, index) ||
        !read_version(fixture, credential, version))
        return false;
    if (credential->state == LK_STATE_PENDING) {
        fixture_record(fixture, &credential->made.digest, 1, 0xa0, &batch->bytes[batch->count]);
        *change = (struct lk_change){.kind = LK_CHANGE_ENDORSE,
                                     .u.endorse = {lk_buf_view(&batch->bytes[batch->count]), 1,
                                                   &credential->made.digest, &single_path,
                                                   &completes, version, fixture->now}};
    } else if (credential->state == LK_STATE_ACTIVE && die < 9 && dice(known, 5) > 0 &&
               visit_step(fixture, credential, *version, change)) {
        /* the visit goes on */
    } else if (credential->state == LK_STATE_ACTIVE && die < 8) {
        *change =
            fixture_login(fixture, &credential->made.digest, *version, credential->counter + 1);
        login_nonce(known, &change->u.login);
        visit_begin(fixture, known, &change->u.login);
    } else if (credential->state < LK_STATE_REVOKED) {
        enum lk_state state = credential->state == LK_STATE_ACTIVE && dice(known, 2) == 0
                                  ? LK_STATE_SUSPENDED
                                  : LK_STATE_REVOKED;

        *change =
            fixture_state(fixture, &credential->made.digest, state, &batch->bytes[batch->count]);
    } else {
        return false;
    }
    batch->credential[batch->count] = index;
    return true;
}

static bool add_set(struct fixture *fixture, struct known *known, struct batch *batch)
{
    static const uint8_t set[] = "an operator set, as far as the store can tell";

    for (size_t i = 0; i < batch->count; i++)
        if (batch->changes[i].kind == LK_CHANGE_OPERATOR_SET)
            return false;
    batch->changes[batch->count] = (struct lk_change){.kind = LK_CHANGE_OPERATOR_SET,
                                                      .u.set = {.set = LK_VIEW(set, sizeof set),
                                                                .number = known->sets + 1,
                                                                .time = fixture->now}};
    batch->credential[batch->count] = UINT32_MAX;
    return true;
}

static void fill_batch(struct fixture *fixture, struct known *known, struct batch *batch)
{
    size_t wanted = 1 + dice(known, WORK_BATCH);

    for (int tries = 0; tries < 12 && batch->count < wanted; tries++) {
        uint32_t die = dice(known, 12);
        bool added = die == 0  ? add_set(fixture, known, batch)
                     : die < 4 ? add_enrolment(fixture, known, batch)
                               : add_on_credential(fixture, known, batch, die);

        if (added)
            batch->count++;
    }
}

/* Everybody who asked has been told. */
static void acknowledge(struct known *known, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct lk_change *change = &batch->changes[i];
        struct known_credential *credential =
            batch->credential[i] == UINT32_MAX ? NULL : &known->credentials[batch->credential[i]];

        NEED(change->error == 0 && change->reason == LK_REASON_NONE);
        NEED(credential != NULL || change->kind == LK_CHANGE_OPERATOR_SET);
        if (change->kind == LK_CHANGE_LOGIN) {
            credential->counter = change->u.login.counter;
            credential->visit = VISIT_PROOF;
            memcpy(credential->name, change->u.login.transaction, sizeof credential->name);
            NEED(change->number == known->records + 1 && known->records < WORK_ENTRIES);
            known->record_hashes[known->records++] = change->hash;
            known->has_nonce = true;
            memcpy(known->nonce, change->u.login.nonce, sizeof known->nonce);
            known->nonce_credential = batch->credential[i];
            continue;
        }
        if (is_visit(change)) {
            credential->visit++;
            continue;
        }
        NEED(change->number == known->entries + 1 && known->entries < WORK_ENTRIES);
        known->hashes[known->entries++] = change->hash;
        if (change->kind == LK_CHANGE_STATEMENT) {
            credential->there = true;
            credential->state = LK_STATE_PENDING;
        } else if (change->kind == LK_CHANGE_ENDORSE) {
            credential->state = LK_STATE_ACTIVE;
        } else if (change->kind == LK_CHANGE_STATE) {
            credential->state = change->u.state.state;
        } else {
            known->sets++;
        }
    }
}

static void leave_open(struct known *known, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->changes[i].kind == LK_CHANGE_LOGIN)
            known->open_records++;
        else if (!is_visit(&batch->changes[i]))
            known->open_entries++;
        if (batch->credential[i] != UINT32_MAX)
            known->credentials[batch->credential[i]].uncertain = true;
    }
}

/* As the broker does after a commit: first what was revoked, then how far it has acted. */
static bool advance_mark(struct fixture *fixture, struct known *known, struct lk_mark *mark,
                         const struct batch *batch)
{
    const struct lk_change *last = NULL;
    const struct lk_digest none = {0};

    (void)fixture;
    for (size_t i = 0; i < batch->count; i++) {
        const struct lk_change *change = &batch->changes[i];

        if (change->kind == LK_CHANGE_STATE && change->u.state.state == LK_STATE_REVOKED) {
            if (lk_mark_add_revoked(mark, &change->u.state.statement) != 0)
                return false;
            known->credentials[batch->credential[i]].in_mark = true;
        }
        if (change->kind != LK_CHANGE_LOGIN && !is_visit(change))
            last = change;
    }
    if (last == NULL)
        return true;
    if (lk_mark_advance(mark, last->number, &last->hash, 0, &none) != 0)
        return false;
    known->mark = last->number;
    return true;
}

static bool one_step(struct fixture *fixture, struct known *known, struct lk_mark *mark)
{
    struct batch batch = {0};
    struct lk_change *pointers[WORK_BATCH];
    bool alive = true;

    if (dice(known, 6) == 0)
        return lk_store_sqlite.maintain(fixture->store) == 0;
    fill_batch(fixture, known, &batch);
    for (size_t i = 0; i < batch.count; i++)
        pointers[i] = &batch.changes[i];
    if (batch.count > 0) {
        alive = lk_store_sqlite.commit(fixture->store, pointers, batch.count) == 0;
        if (alive) {
            acknowledge(known, &batch);
            alive = advance_mark(fixture, known, mark, &batch);
        } else {
            leave_open(known, &batch);
        }
    }
    for (size_t i = 0; i < WORK_BATCH; i++)
        lk_buf_clear(&batch.bytes[i]);
    return alive;
}

void work_run(struct fixture *fixture, uint32_t seed, struct known *known)
{
    struct lk_register_report report;
    struct lk_mark *mark = NULL;
    bool alive;

    *known = (struct known){.dice = seed};
    fixture->options.vfs = powercut_register();
    alive = lk_store_sqlite.open(&fixture->options, &fixture->store) == 0 &&
            lk_mark_open(fixture->folder, fixture->crypto, &mark) == 0 &&
            lk_register_check(&lk_store_sqlite, fixture->store, mark, fixture->crypto, NULL, false,
                              &report) == 0;
    for (int i = 0; alive && i < WORK_STEPS; i++) {
        alive = one_step(fixture, known, mark);
        NEED(alive || powercut_happened());
    }
    NEED(alive || powercut_happened());
    /* The power goes before anything is closed in good order, if it has not gone before. */
    powercut_off();
    mark = lk_mark_close(mark);
    fixture_close(fixture);
    powercut_finish();
}

void work_free(struct known *known)
{
    for (uint32_t i = 0; i < known->used; i++)
        fixture_free(&known->credentials[i].made);
}
