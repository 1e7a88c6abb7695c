/* SPDX-License-Identifier: EUPL-1.2 */
/* Visits to the store as the gateway makes them: one step a function, the reason is its result. `name` is the byte all of a transaction, code, sid or access token consists of. */
#ifndef LK_TESTS_UNIT_STORE_VISIT_H
#define LK_TESTS_UNIT_STORE_VISIT_H

#include "store_fixture.h"

extern struct fixture fixture;
extern struct fixture_statement key;   /* of agent 1 */
extern struct fixture_statement other; /* a second one of agent 1 */
extern struct fixture_statement bob;   /* of agent 2 */
extern uint32_t counter;               /* of the last login */
extern const char *at_client;          /* where codes are made and redeemed */
extern struct lk_store_logout taken[LK_STORE_LOGOUT_SHARE + 8];

int visit_start(void **state);
int visit_stop(void **state);
uint64_t visit_version(const struct fixture_statement *made);
enum lk_reason visit_login(const struct fixture_statement *made, uint8_t name, bool refused);
struct lk_change visit_prove_change(const struct fixture_statement *made, uint8_t name);
enum lk_reason visit_prove(const struct fixture_statement *made, uint8_t name);
struct lk_change visit_code_change(const struct fixture_statement *made, uint8_t name);
enum lk_reason visit_code(const struct fixture_statement *made, uint8_t name);
struct lk_change visit_redeem_change(const struct fixture_statement *made, uint8_t name);
enum lk_reason visit_redeem(const struct fixture_statement *made, uint8_t name);
void visit_session(const struct fixture_statement *made, uint8_t name);
void visit_read_code(uint8_t name, bool access, struct lk_store_code *ret_code);
bool visit_proof_known(uint8_t name);
uint64_t visit_pending(void);
size_t visit_take(size_t most);
void visit_delivered(uint64_t id, bool done);
void visit_end(uint8_t name, const char *client);
void visit_revoke(const struct fixture_statement *made, enum lk_state to, enum lk_sessions which);

#endif
