/* SPDX-License-Identifier: EUPL-1.2 */
/* Visits to the gateway of a broker on the bench (rig.h): touch, question of a worker, code, redemption, logouts; and what operators do meanwhile. One step a function, the reason is
 * its result. `name` is the byte all of a transaction, code, sid or access token consists of: one visit, one name. */
#ifndef LK_TESTS_BROKER_VISIT_H
#define LK_TESTS_BROKER_VISIT_H

#include "message/desk.h"
#include "rig.h"

extern struct house visit_house;
extern struct rig visit_rig;
extern struct peer visit_gateway;
extern struct peer visit_desk;
extern struct lk_buf visit_out; /* what is being sent; empty between steps */
extern const uint8_t visit_blob[27];
extern struct lk_gateway_logout visit_taken[LK_LOGOUTS_MAX];

/* The broker, and its gateway and desk sockets. */
void visit_connect_all(void);
void visit_stop_all(void);
void visit_restart(void);
void visit_killed(void); /* SIGKILL, then again */

enum lk_reason visit_login(struct agent_key *key, uint8_t name,
                           struct lk_gateway_verdict *ret_verdict);
void visit_touch(struct agent_key *key, uint8_t name); /* a login that must succeed */
enum lk_reason visit_prove(const char *agent, uint8_t name);
void visit_code_put(uint8_t name); /* only appended to visit_out */
enum lk_reason visit_code(uint8_t name);
enum lk_reason visit_result(void);
enum lk_reason visit_redeem_at(const char *client, uint8_t name,
                               struct lk_gateway_redeemed *ret_redeemed);
enum lk_reason visit_redeem(uint8_t name); /* at synapse */
enum lk_reason visit_access(uint8_t name);
void visit_session(struct agent_key *key, uint8_t name); /* all steps; each must succeed */
/* How many were taken: visit_taken. */
size_t visit_logouts(uint16_t most);
/* What the broker says of its queue. */
struct lk_gateway_waiting visit_queue(void);
void visit_delivered(uint64_t id, enum lk_logout_outcome outcome);

/* An operator's touch at the desk; _put only appends to visit_out. */
void visit_state_put(const struct agent_key *key, enum lk_state to, bool own_only);
enum lk_reason visit_state(const struct agent_key *key, enum lk_state to, bool own_only);
void visit_status(const char *name, char value[513]);
enum lk_reason visit_agent_set(const char *name, const char *full_name, const char *email);

#endif
