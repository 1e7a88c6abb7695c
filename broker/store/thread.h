/* SPDX-License-Identifier: EUPL-1.2 */
/* The store thread: takes whatever is queued as one transaction, no timer. Completions are handed back to the loop through a descriptor. */
#ifndef LK_BROKER_STORE_THREAD_H
#define LK_BROKER_STORE_THREAD_H

#include "broker/store/store.h"

struct lk_store_thread;

/* Starts the commit thread and the maintenance thread. -LK_ERR_NOMEM, -LK_ERR_IO. */
LK_MUST_USE int lk_store_thread_start(const struct lk_store_ops *ops, struct lk_store *store,
                                      struct lk_store_thread **ret_thread);
/* Commits what is queued, joins the threads, frees. Accepts NULL. Returns NULL. Completions not yet collected are called. */
struct lk_store_thread *lk_store_thread_stop(struct lk_store_thread *thread);
/* An eventfd that becomes readable when completions wait. */
int lk_store_thread_fd(const struct lk_store_thread *thread);
/* Queues a change (borrowed until its done is called). Loop thread only. -LK_ERR_FULL when 65,536 wait: refuse the caller. */
LK_MUST_USE int lk_store_thread_queue(struct lk_store_thread *thread, struct lk_change *change);
/* From hold to release the writer waits until LK_STORE_GATHER changes are queued: of what the loop decides in one go it then makes few
 * transactions, whose cost is by the transaction more than by the change. Loop thread only, which must not sleep in between. Accept NULL. */
enum { LK_STORE_GATHER = 128 };
void lk_store_thread_hold(struct lk_store_thread *thread);
void lk_store_thread_release(struct lk_store_thread *thread);
/* Calls done of every finished change, on the calling (loop) thread. */
void lk_store_thread_collect(struct lk_store_thread *thread);

#endif
