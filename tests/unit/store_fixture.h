/* SPDX-License-Identifier: EUPL-1.2 */
/* A store in a folder of its own, and the changes that tests, the power-cut test and the store generator put into it.
 * Everything here ends the test program when it cannot do its work: a test without its means proves nothing. */
#ifndef LK_TESTS_UNIT_STORE_FIXTURE_H
#define LK_TESTS_UNIT_STORE_FIXTURE_H

#include "broker/store/store.h"
#include "wire/wire.h"

struct fixture {
    char folder[128];
    struct lk_crypto *crypto;
    int64_t now; /* what the clock says, in seconds */
    struct lk_clock clock;
    struct lk_store_options options;
    struct lk_store *store; /* NULL while closed */
};
/* Folder, crypto and options; no store yet. `base` NULL = TMPDIR or /tmp. */
void fixture_begin(struct fixture *fixture, const char *base);
void fixture_end(struct fixture *fixture); /* closes and removes everything */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
void fixture_reopen(struct fixture *fixture);
void fixture_path(const struct fixture *fixture, const char *file, char *ret_path, size_t size);
/* An SQL text on the closed or open file, by a connection of its own: the insider with write access. */
void fixture_sql(const struct fixture *fixture, const char *sql);

/* One credential of the test population: agent a has the subject, credential c the id, both from their number. */
struct fixture_statement {
    struct lk_statement statement;
    struct lk_buf bytes;
    struct lk_digest digest;
    struct lk_digest credential;
    uint8_t attestation[64];
};
void fixture_subject(uint32_t agent, struct lk_subject *ret_subject);
/* name NULL = "agent-N". */
void fixture_make(struct fixture *fixture, uint32_t agent, uint32_t credential, uint64_t version,
                  const char *name, struct fixture_statement *ret_statement);
void fixture_free(struct fixture_statement *statement);
struct lk_change fixture_enrolment(const struct fixture *fixture,
                                   const struct fixture_statement *statement);
/* A record by this operator over these digests (not signed: the store does not look). */
void fixture_record(const struct fixture *fixture, const struct lk_digest *digests, size_t count,
                    uint8_t operator_number, struct lk_buf *ret_record);
struct lk_change fixture_login(const struct fixture *fixture, const struct lk_digest *statement,
                               uint64_t row_version, uint32_t counter);
/* The bytes go into *ret_bytes, which the change borrows. */
struct lk_change fixture_state(const struct fixture *fixture, const struct lk_digest *statement,
                               enum lk_state state, struct lk_buf *ret_bytes);

/* One change in one transaction; the returned reason is the change's. An error ends the test program. */
enum lk_reason fixture_commit(struct fixture *fixture, struct lk_change *change);
/* Statement and endorsement by one operator that completes: an active credential. */
void fixture_enrol(struct fixture *fixture, const struct fixture_statement *statement);
enum lk_reason fixture_endorse(struct fixture *fixture, const struct lk_digest *statement,
                               uint8_t operator_number, bool completes);
/* The one row of this statement; the caller frees. */
void fixture_row(struct fixture *fixture, const struct lk_digest *statement,
                 struct lk_store_rows *ret_rows);

/* agents * per_agent active credentials with a valid register, in batches through the store's own commit. */
void fixture_fill(struct fixture *fixture, uint32_t agents, uint32_t per_agent);

#endif
