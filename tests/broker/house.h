/* SPDX-License-Identifier: EUPL-1.2 */
/* An organisation made by hand for the broker's tests: one operator, agents with keys of their own, a store, register and mark that hold together.
 * Nothing here goes through the broker, so that what the broker makes of it is judged from outside. Ends the test program when it cannot do its work. */
#ifndef LK_TESTS_BROKER_HOUSE_H
#define LK_TESTS_BROKER_HOUSE_H

#include "broker/store/store.h"
#include "test_key.h"
#include "wire/wire.h"

#define HOUSE_ORGANISATION "example"
#define HOUSE_GATEWAY      "login.example.org"

struct house {
    char folder[64];
    char config[128];
    char state[96];
    char run[96];
    struct lk_crypto *crypto;
    struct test_key operator_key;
    struct lk_operator_set *set;
    struct lk_store *store;
    struct lk_subject broker;
    uint64_t head;
    struct lk_digest head_hash;
    bool
        attested; /* set: browser credentials made from then on end in a pinned anchor and have the groups `school` and `town` */
};

/* One credential, held by the test. */
struct agent_key {
    struct test_key key;
    struct lk_statement statement;
    struct lk_buf bytes;
    struct lk_digest digest;
    uint32_t counter;
};

/* more: further lines of the configuration, after [policy]; NULL = none. The store is open afterwards. */
void house_begin(struct house *house, const char *more);
/* Puts the mark at the register's head and closes the store: now a broker may be started on it. */
void house_close(struct house *house);
/* Opens the store again. Only while no broker runs. */
void house_open(struct house *house);
void house_end(struct house *house);
void house_path(const struct house *house, const char *file, char *ret_path, size_t size);

/* A pending credential. */
void house_enrol(struct house *house, const char *name, enum lk_kind kind,
                 struct agent_key *ret_key);
/* The operator's touch over these; complete: they become active. */
void house_endorse(struct house *house, struct agent_key *const *keys, size_t count);
/* The operator's touch for a root over `count` digests, as an endorsement record that names the newest register entry. */
void house_touch(const struct house *house, enum lk_act act, const struct lk_digest *root,
                 uint64_t count, struct lk_buf *ret_record);
/* Both, for one. */
void house_admit(struct house *house, const char *name, enum lk_kind kind,
                 struct agent_key *ret_key);
void house_state(struct house *house, const struct agent_key *key, enum lk_state state);
void agent_key_free(struct agent_key *key);

/* What a key answers: authenticator data and signature over it and the hash. The counter goes up by one before. */
void agent_key_sign(struct agent_key *key, const char *relying_party, uint8_t flags,
                    const uint8_t hash[32], struct lk_buf *ret_data, struct lk_buf *ret_signature);

#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
