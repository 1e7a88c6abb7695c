/* SPDX-License-Identifier: EUPL-1.2 */
/* A visit: from one question of a web process to its answer. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "sso/issuer/issuer.h"

struct lk_visit *lk_visit_new(struct lk_web *web, uint32_t id, enum lk_step step)
{
    struct lk_issuer *issuer = web->issuer;
    struct lk_visit *visit;

    if (issuer->visit_count == LK_ISSUER_VISITS)
        return NULL;
    visit = calloc(1, sizeof(*visit));
    if (visit == NULL)
        return NULL;
    visit->issuer = issuer;
    visit->web = web;
    visit->id = id;
    visit->step = step;
    visit->settings = lk_settings_ref(issuer->settings);
    visit->began_ms = lk_issuer_ms();
    visit->left = UINT8_MAX;
    lk_buf_init(&visit->plain, LK_SSO_SEALED_MAX);
    lk_buf_init(&visit->sealed, LK_SSO_SEALED_MAX);
    lk_buf_init_secret(&visit->password, LK_SSO_PASSWORD_MAX);
    lk_buf_init_secret(&visit->location, LK_SSO_LOCATION_MAX);
    visit->next = web->visits;
    visit->before = &web->visits;
    if (visit->next != NULL)
        visit->next->before = &visit->next;
    web->visits = visit;
    issuer->visit_count++;
    return visit;
}

void lk_visit_end(struct lk_visit *visit)
{
    struct lk_issuer *issuer = visit->issuer;

    if (visit->web != NULL) {
        *visit->before = visit->next;
        if (visit->next != NULL)
            visit->next->before = visit->before;
    }
    lk_counters_step(&issuer->counters, visit->step, lk_issuer_ms() - visit->began_ms);
    lk_loop_disarm(issuer->start.loop, &visit->timer);
    lk_buf_clear(&visit->plain);
    lk_buf_clear(&visit->sealed);
    lk_buf_clear(&visit->password);
    lk_buf_clear(&visit->location);
    (void)lk_settings_unref(visit->settings);
    issuer->visit_count--;
    lk_wipe(visit, sizeof(*visit));
    free(visit);
}

void lk_visit_page(struct lk_visit *visit, const struct lk_sso_page *page)
{
    struct lk_web *web = visit->web;

    if (web != NULL && lk_sso_page_encode(&web->link.peer.out, visit->id, page) != 0)
        lk_peer_fail(&web->link.peer);
    lk_visit_end(visit);
}

void lk_visit_reply(struct lk_visit *visit, const struct lk_oidc_reply *reply)
{
    struct lk_web *web = visit->web;
    struct lk_sso_reply out = {.status = reply->status, .body = lk_buf_view(&reply->body)};

    memcpy(out.authenticate, reply->authenticate, sizeof(out.authenticate));
    if (web != NULL && lk_sso_reply_encode(&web->link.peer.out, visit->id, &out) != 0)
        lk_peer_fail(&web->link.peer);
    lk_visit_end(visit);
}
