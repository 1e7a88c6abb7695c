/* SPDX-License-Identifier: EUPL-1.2 */
/* The operator set: read from the chain file that root installs, verified from set 1 on, never backwards.
 *
 * Hostile input: the file, where somebody else could write it; it is refused then. A chain that is broken, of another organisation, or
 * ends before the newest set that the mark or the register has seen: refused, and the set before stays in force. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "broker/broker.h"
#include "broker/run.h"

enum { OPERATORS_FILE_MAX = 1 << 20 };

struct set_change {
    struct lk_change change;
    struct lk_broker *broker;
    struct lk_buf memory;
};

static int say(char *ret_text, size_t size, int error, const char *what)
{
    (void)snprintf(ret_text, size, "%s", what);
    return error;
}

static void set_done(struct lk_change *change, void *context)
{
    struct set_change *set = context;

    if (change->error == 0 && change->reason == LK_REASON_NONE)
        lk_broker_acted_on(set->broker, change);
    else
        lk_broker_log(set->broker, "operator set %llu did not enter the register: %s",
                      (unsigned long long)change->u.set.number,
                      change->error != 0 ? lk_error_text(change->error)
                                         : lk_reason_text(change->reason));
    lk_buf_clear(&set->memory);
    free(set);
}

static int set_enter(struct lk_broker *broker, const struct lk_operator_chain_link *link,
                     uint64_t number)
{
    struct set_change *set = calloc(1, sizeof(*set));
    struct lk_view rest;
    int error;

    if (set == NULL)
        return -LK_ERR_NOMEM;
    set->broker = broker;
    lk_buf_init(&set->memory, OPERATORS_FILE_MAX);
    lk_buf_put_view(&set->memory, link->set);
    for (uint32_t i = 0; i < link->endorsement_count; i++)
        lk_buf_put_field32(&set->memory, link->endorsements[i].data, link->endorsements[i].len);
    error = lk_buf_error(&set->memory);
    rest = lk_buf_view(&set->memory);
    if (error == 0)
        error = lk_view_get_view(&rest, link->set.len, &set->change.u.set.set);
    set->change.kind = LK_CHANGE_OPERATOR_SET;
    set->change.u.set.number = number;
    set->change.u.set.endorsements = rest;
    set->change.u.set.time = lk_clock_now(broker->clock);
    set->change.done = set_done;
    set->change.context = set;
    if (error == 0)
        error = lk_store_thread_queue(broker->store_thread, &set->change);
    if (error != 0) {
        lk_buf_clear(&set->memory);
        free(set);
    }
    return error;
}

/* Sets of the chain that the register does not have yet are entered one by one. */
static int sets_enter(struct lk_broker *broker, struct lk_view chain)
{
    struct lk_operator_chain_link *links = NULL;
    struct lk_store_head head;
    size_t count = 0;
    int error;

    if (broker->store == NULL || broker->store_thread == NULL)
        return 0;
    error = broker->store_ops->read_head(broker->store, &head);
    if (error == 0)
        error = lk_operator_chain_decode(chain, &links, &count);
    for (size_t i = (size_t)head.set_number; error == 0 && i < count; i++)
        error = set_enter(broker, &links[i], i + 1);
    free(links);
    return error;
}

/* Never backwards: neither behind the mark nor behind the register. */
static enum lk_reason set_forward(struct lk_broker *broker, const struct lk_operator_set *set,
                                  const struct lk_digest *digest)
{
    uint64_t marked = 0;
    struct lk_digest marked_digest;
    struct lk_store_head head;

    if (broker->mark != NULL) {
        lk_mark_get(broker->mark, NULL, NULL, &marked, &marked_digest);
        if (set->number < marked)
            return LK_REASON_OPERATOR_SET;
        if (set->number == marked &&
            memcmp(marked_digest.bytes, digest->bytes, LK_DIGEST_SIZE) != 0)
            return LK_REASON_OPERATOR_SET;
    }
    if (broker->store != NULL && broker->store_ops->read_head(broker->store, &head) == 0) {
        if (set->number < head.set_number)
            return LK_REASON_OPERATOR_SET;
        if (set->number == head.set_number &&
            memcmp(head.set_digest.bytes, digest->bytes, LK_DIGEST_SIZE) != 0)
            return LK_REASON_OPERATOR_SET;
    }
    return LK_REASON_NONE;
}

static int operators_accept(struct lk_broker *broker, struct lk_buf *chain, char *ret_text,
                            size_t size)
{
    struct lk_operator_set *set = NULL;
    struct lk_digest digest;
    enum lk_reason reason = LK_REASON_INTERNAL;
    int error =
        lk_operator_chain_verify(broker->crypto, lk_buf_view(chain), &set, &digest, &reason);

    if (error != 0)
        return say(ret_text, size, error, lk_error_text(error));
    if (reason != LK_REASON_NONE)
        return say(ret_text, size, -LK_ERR_CORRUPT, "the operator chain does not verify");
    if (strcmp(set->organisation, broker->config.name) != 0) {
        (void)lk_operator_set_free(set);
        return say(ret_text, size, -LK_ERR_CONFIG, "the operator chain is of another organisation");
    }
    if (set_forward(broker, set, &digest) != LK_REASON_NONE) {
        (void)lk_operator_set_free(set);
        return say(ret_text, size, -LK_ERR_ROLLED_BACK,
                   "the operator chain is older than one that was in force");
    }
    error = sets_enter(broker, lk_buf_view(chain));
    if (error != 0) {
        (void)lk_operator_set_free(set);
        return say(ret_text, size, error, lk_error_text(error));
    }
    (void)lk_operator_set_free(broker->operators);
    broker->operators = set;
    broker->operators_digest = digest;
    lk_buf_clear(&broker->operators_chain);
    broker->operators_chain = *chain;
    *chain = LK_BUF_INIT(OPERATORS_FILE_MAX);
    return 0;
}

int lk_broker_load_operators(struct lk_broker *broker, char *ret_text, size_t size)
{
    /* Folders above are checked where the machine's own configuration is read; a private installation lies below folders of its user. */
    struct lk_file_rule rule = {
        .owner = geteuid(), .forbidden = 022, .check_parents = !broker->rootless};
    struct lk_buf chain = LK_BUF_INIT(OPERATORS_FILE_MAX);
    int error = lk_file_read(broker->config.operators, &rule, OPERATORS_FILE_MAX, &chain);

    if (size > 0)
        ret_text[0] = '\0';
    if (error == -LK_ERR_NOT_FOUND && broker->operators == NULL)
        return say(ret_text, size, 0, "no operator set yet: latchkey init makes one");
    if (error != 0)
        return say(ret_text, size, error, lk_error_text(error));
    error = operators_accept(broker, &chain, ret_text, size);
    lk_buf_clear(&chain);
    return error;
}
