/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a security key keeps in its flash: secrets, PIN, counters, discoverable credentials. Kept in
 * a file (canonical CBOR, replaced by rename) so that a key survives a restart, or in memory only.
 */
#ifndef LK_SOFTKEY_STATE_H
#define LK_SOFTKEY_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LK_CREDENTIAL_ID_SIZE 64
#define LK_RP_ID_MAX          255
#define LK_USER_ID_MAX        64
#define LK_USER_NAME_MAX      64
#define LK_RESIDENTS_MAX      32
#define LK_PIN_RETRIES        8
#define LK_UV_RETRIES         5

struct lk_resident {
    uint8_t id[LK_CREDENTIAL_ID_SIZE];
    char rp_id[LK_RP_ID_MAX + 1];
    uint8_t user_id[LK_USER_ID_MAX];
    size_t user_id_length;
    char name[LK_USER_NAME_MAX + 1];         /* empty: not given */
    char display_name[LK_USER_NAME_MAX + 1]; /* empty: not given */
};

struct lk_state {
    uint8_t seed[32];      /* drives lk_state_random */
    uint64_t random_count; /* blocks taken so far */
    uint8_t master[32];    /* credential keys are derived from it; a reset makes a new one */
    uint32_t sign_count;
    bool pin_set;
    uint8_t pin_hash[16]; /* LEFT(SHA-256(PIN), 16) */
    unsigned pin_retries;
    unsigned uv_retries;
    size_t resident_count;
    struct lk_resident resident[LK_RESIDENTS_MAX];
    const char *path; /* NULL: memory only. Not owned. */
};

/* A new key as it leaves the factory. */
void lk_state_init(struct lk_state *state, const uint8_t seed[32], const char *path);
/* 1: loaded, 0: there is no such file, -1: unreadable or not a state file. Keeps state->path. */
int lk_state_load(struct lk_state *state);
/* True on success and when there is no file to write. */
bool lk_state_save(const struct lk_state *state);
/* CTAP 2.1 section 6.6: forgets credentials, PIN and master secret; the counter goes on. */
void lk_state_reset(struct lk_state *state);
/* The next bytes of the key's own generator: HMAC-SHA-256(seed, block number). */
void lk_state_random(struct lk_state *state, uint8_t *ret_bytes, size_t length);

#endif
