/* SPDX-License-Identifier: EUPL-1.2 */
/* The issuer when its neighbours fail, when pages are old, and when it is told to end. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "issuer_house.h"
#include "sso/oidc/oidc.h"

static void page_is(const struct house_login *login, enum lk_sso_page_kind kind,
                    enum lk_reason reason)
{
    assert_int_equal(login->page.kind, kind);
    assert_string_equal(lk_reason_name((enum lk_reason)login->page.reason), lk_reason_name(reason));
}

static void ask(struct house_login *login)
{
    const struct lk_sso_authorize authorize = house_authorize(login, false);

    *login = (struct house_login){0};
    house_ask_page(&authorize, login);
}

static void greeted(struct house_login *login)
{
    ask(login);
    page_is(login, LK_SSO_PAGE_KEY, LK_REASON_NONE);
    house_touch(login);
    page_is(login, LK_SSO_PAGE_PASSWORD, LK_REASON_NONE);
}

static bool broker_gone(void)
{
    return house_up(LK_SOCKET_GATEWAY) == 0;
}

static bool broker_there(void)
{
    return house_up(LK_SOCKET_GATEWAY) == 1;
}

static bool workers_there(void)
{
    return house_up(LK_SOCKET_SSO_WORKER) == 2;
}

static void no_broker(void **state)
{
    struct house_login login = {0};
    struct house_login waiting;
    char body[1024];

    (void)state;
    greeted(&waiting);
    house_close(LK_SOCKET_GATEWAY);
    house_until(broker_gone);
    ask(&login);
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_BROKER_UNAVAILABLE);
    assert_int_equal(login.page.sealed.len, 0);
    assert_int_equal(house_token("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", HOUSE_VERIFIER,
                                 body, sizeof(body)),
                     503);
    assert_non_null(strstr(body, "temporarily_unavailable"));
    /* The documents stay up, also for a web process that comes only now. */
    house_end_stop(house.web);
    house_connect_web();
    assert_true(house.document_len[LK_SSO_DOCUMENT_JWKS] > 0);
    /* The stack is asked, but no code without the broker. */
    house_password(&waiting, HOUSE_PASSWORD);
    page_is(&waiting, LK_SSO_PAGE_REFUSED, LK_REASON_BROKER_UNAVAILABLE);
    house_open(LK_SOCKET_GATEWAY);
    house_until(broker_there);
    greeted(&login);
    house_password(&login, HOUSE_PASSWORD);
    house_take_code(&login);
}

/* A login that was under way while the broker was not there goes on: everything is in the page and in the store. */
static void broker_comes_back(void **state)
{
    struct house_login login = {0};

    (void)state;
    greeted(&login);
    house_close(LK_SOCKET_GATEWAY);
    house_until(broker_gone);
    house_open(LK_SOCKET_GATEWAY);
    house_until(broker_there);
    house_password(&login, HOUSE_PASSWORD);
    house_take_code(&login);
}

static void broker_silent(void **state)
{
    struct house_login login = {0};
    int64_t before = lk_clock_monotonic_ms(&lk_clock_system);

    (void)state;
    house.broker_silent = true;
    ask(&login);
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_BROKER_UNAVAILABLE);
    assert_in_range(lk_clock_monotonic_ms(&lk_clock_system) - before, 9000, 13000);
    house.broker_silent = false;
    greeted(&login);
}

static void worker_dies(void **state)
{
    struct house_login login = {0};

    (void)state;
    greeted(&login);
    house.worker = WORKER_DIES;
    house_password(&login, HOUSE_PASSWORD);
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_STACK_UNAVAILABLE);
    assert_int_equal(login.page.challenge.len, LK_TOKEN_SIZE);
    /* Not tried again by itself. */
    assert_int_equal(house.attempts, 1);
    house.worker = WORKER_WORKS;
    house_until(workers_there);
    house_touch(&login);
    house_password(&login, HOUSE_PASSWORD);
    house_take_code(&login);
}

static struct house_end *worker_with_attempt(void)
{
    for (int i = 0; i < 500; i++) {
        for (size_t j = 0; j < HOUSE_ENDS; j++) {
            struct house_end *end = &house.ends[j];
            int waiting = 0;

            if (end->used && end->role == LK_SOCKET_SSO_WORKER &&
                ioctl(end->peer.watch.fd, FIONREAD, &waiting) == 0 && waiting > 0)
                return end;
        }
        usleep(10000);
    }
    return NULL;
}

/* A worker that ends at the very moment when an attempt is put before it: it has read nothing, so another worker makes the attempt. */
static void worker_leaves(void **state)
{
    struct house_login login = {0};
    struct house_end *end;
    struct lk_sso_password asked;
    uint32_t request = 0;

    (void)state;
    /* Also at the end of the one worker that is left: then the next one that comes. */
    for (int round = 0; round < 2; round++) {
        house_until(workers_there);
        greeted(&login);
        asked = (struct lk_sso_password){
            .sealed = LK_VIEW((const uint8_t *)login.sealed, strlen(login.sealed)),
            .cookie = LK_VIEW(login.cookie, 32),
            .password = LK_VIEW((const uint8_t *)HOUSE_PASSWORD, sizeof(HOUSE_PASSWORD) - 1)};
        request = house_request();
        assert_int_equal(lk_sso_password_encode(&house.web->peer.out, request, &asked), 0);
        assert_int_equal(lk_peer_flush(&house.web->peer), 0);
        end = worker_with_attempt();
        assert_non_null(end);
        house_end_stop(end);
        if (round == 1) {
            house_close(LK_SOCKET_SSO_WORKER);
            house_open(LK_SOCKET_SSO_WORKER);
        }
        assert_true(house_wait(request));
        assert_int_equal(
            lk_sso_page_decode(LK_VIEW(house.answer_bytes, house.answer_len), &login.page), 0);
        house_take_code(&login);
        assert_int_equal(house.attempts, round + 1);
    }
}

static void put_password(struct house_login *login)
{
    const struct lk_sso_password asked = {
        .sealed = LK_VIEW((const uint8_t *)login->sealed, strlen(login->sealed)),
        .cookie = LK_VIEW(login->cookie, 32),
        .password = LK_VIEW((const uint8_t *)"x", 1)};

    assert_int_equal(lk_sso_password_encode(&house.web->peer.out, house_request(), &asked), 0);
}

/* Two attempts hang, 128 wait, the next one is told at once; after twenty seconds the connections are dropped and those that wait are told. */
static void workers_hang(void **state)
{
    static struct house_login logins[2 + 128];
    struct house_login login = {0};
    struct house_login more;
    int64_t before;
    uint32_t first;

    (void)state;
    for (int i = 0; i < 2 + 128; i++)
        greeted(&logins[i]);
    greeted(&more);
    house.worker = WORKER_HANGS;
    before = lk_clock_monotonic_ms(&lk_clock_system);
    first = house.last_request + 1;
    for (int i = 0; i < 2 + 128; i++)
        put_password(&logins[i]);
    house_turn(300);
    assert_int_equal(house.attempts, 2);
    /* A second attempt of a login that is under way does not even wait. */
    login = logins[5];
    house_password(&login, HOUSE_PASSWORD);
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_RATE_LIMITED);
    house_password(&more, HOUSE_PASSWORD);
    page_is(&more, LK_SSO_PAGE_REFUSED, LK_REASON_STACK_UNAVAILABLE);
    assert_true(lk_clock_monotonic_ms(&lk_clock_system) - before < 5000);
    assert_true(house_wait(first));
    assert_in_range(lk_clock_monotonic_ms(&lk_clock_system) - before, 19500, 23000);
    assert_int_equal(lk_sso_page_decode(LK_VIEW(house.answer_bytes, house.answer_len), &login.page),
                     0);
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_STACK_UNAVAILABLE);
    house.worker = WORKER_WORKS;
    house_until(workers_there);
    house_turn(1500);
    greeted(&login);
    house_password(&login, HOUSE_PASSWORD);
    house_take_code(&login);
}

/* Whoever asked is gone when the stack says yes: no code. */
static void web_leaves(void **state)
{
    struct house_login login = {0};

    (void)state;
    greeted(&login);
    house.worker = WORKER_HANGS;
    put_password(&login);
    house_turn(200);
    assert_int_equal(house.attempts, 1);
    house_end_stop(house.web);
    house.web = NULL;
    house_turn(100);
    /* The worker says yes now. */
    for (size_t i = 0; i < HOUSE_ENDS; i++) {
        const struct lk_sso_attempted yes = {.outcome = LK_SSO_ALLOWED};

        if (house.ends[i].used && house.ends[i].role == LK_SOCKET_SSO_WORKER)
            assert_int_equal(lk_sso_attempted_encode(&house.ends[i].peer.out, 1, &yes), 0);
    }
    house.proofs[0].asked = true;
    house_turn(300);
    assert_int_equal(house.codes_asked, 0);
    house_connect_web();
    house.worker = WORKER_WORKS;
    house_until(workers_there);
    house_password(&login, HOUSE_PASSWORD);
    house_take_code(&login);
}

/* ---- pages of another time, sealed with the issuer's own key ---- */

static void seal_as(struct house_login *login, enum lk_oidc_stage stage, int64_t began,
                    int64_t expires)
{
    const struct lk_file_rule rule = {.owner = geteuid()};
    struct lk_oidc_provider provider = {.random = &lk_random_system, .seal_count = 1};
    struct lk_oidc_request request = {.stage = stage, .name = "alice"};
    struct lk_buf sealed = LK_BUF_INIT(LK_SSO_SEALED_MAX);
    struct lk_buf key = LK_BUF_INIT(32);
    struct lk_view cookie = LK_VIEW(login->cookie, 32);
    struct lk_crypto *crypto = NULL;
    const struct dirent *entry;
    uint8_t seal[1][32];
    char path[400];
    DIR *dir;

    snprintf(path, sizeof(path), "%s/keys", house.folder);
    dir = opendir(path);
    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, "seal-", 5) == 0)
            snprintf(path, sizeof(path), "%s/keys/%s", house.folder, entry->d_name);
    }
    closedir(dir);
    assert_int_equal(lk_file_read(path, &rule, 32, &key), 0);
    memcpy(seal[0], key.data, 32);
    assert_int_equal(lk_crypto_start(&crypto), 0);
    provider.crypto = crypto;
    provider.seals = seal;
    request.client = LK_VIEW((const uint8_t *)"synapse", 7);
    request.redirect_uri = LK_VIEW((const uint8_t *)HOUSE_REDIRECT, strlen(HOUSE_REDIRECT));
    request.began = began;
    request.expires = expires;
    assert_int_equal(lk_sha256(crypto, &cookie, 1, request.cookie), 0);
    house_transaction(login, request.transaction);
    assert_int_equal(lk_oidc_request_seal(&provider, &request, &sealed), 0);
    memcpy(login->sealed, sealed.data, sealed.len);
    login->sealed[sealed.len] = '\0';
    lk_crypto_free(crypto);
    lk_buf_clear(&sealed);
    lk_buf_clear(&key);
}

static void old_pages(void **state)
{
    int64_t now = lk_clock_now(&lk_clock_system);
    struct house_login login = {0};

    (void)state;
    ask(&login);
    /* Twelve minutes: too late, with a fresh page. */
    seal_as(&login, LK_OIDC_STAGE_KEY, now - 720, now - 120);
    house_touch(&login);
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_EXPIRED_CHALLENGE);
    assert_int_equal(login.page.challenge.len, LK_TOKEN_SIZE);
    assert_int_equal(house.logins, 0);
    house_touch(&login);
    page_is(&login, LK_SSO_PAGE_PASSWORD, LK_REASON_NONE);
    seal_as(&login, LK_OIDC_STAGE_PASSWORD, now - 720, now - 1);
    house_password(&login, HOUSE_PASSWORD);
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_PROOF_EXPIRED);
    assert_int_equal(login.page.challenge.len, LK_TOKEN_SIZE);
    assert_int_equal(house.attempts, 0);
    /* Over an hour: only the application can begin anew. */
    seal_as(&login, LK_OIDC_STAGE_KEY, now - 3601, now - 1);
    house_touch(&login);
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_CODE_EXPIRED);
    assert_int_equal(login.page.sealed.len, 0);
}

/* ---- the end ---- */

static void graceful(void **state)
{
    struct house_login login = {0};
    uint32_t request;

    (void)state;
    greeted(&login);
    house.delay_ms = 600;
    put_password(&login);
    request = house.last_request;
    house_turn(150);
    house_signal(SIGTERM);
    house_turn(50);
    /* What is under way is answered. */
    assert_true(house_wait(request));
    assert_int_equal(lk_sso_page_decode(LK_VIEW(house.answer_bytes, house.answer_len), &login.page),
                     0);
    page_is(&login, LK_SSO_PAGE_PASSWORD, LK_REASON_PASSWORD);
}

static void metrics(void **state)
{
    struct house_login login = {0};
    struct lk_sso_reply reply;
    char text[LK_SSO_BODY_MAX + 1];
    uint32_t request;

    (void)state;
    ask(&login);
    for (int i = 0; i < 3; i++)
        house_assert(&login, (const uint8_t *)"garbage", 7);
    house_touch(&login);
    house_password(&login, "wrong");
    house_password(&login, HOUSE_PASSWORD);
    house_take_code(&login);
    /* Its second tick at the latest has asked for the queue. */
    house_turn(1100);
    request = house_request();
    assert_int_equal(lk_sso_metrics_encode(&house.web->peer.out, request), 0);
    assert_true(house_wait(request));
    assert_int_equal(lk_sso_reply_decode(LK_VIEW(house.answer_bytes, house.answer_len), &reply), 0);
    memcpy(text, reply.body.data, reply.body.len);
    text[reply.body.len] = '\0';
    assert_non_null(strstr(text, "latchkey_sso_logins_total{outcome=\"OK\"} 1\n"));
    /* Garbage of anybody, apart from the failures of those whose key has answered. */
    assert_non_null(strstr(text, "latchkey_sso_logins_total{outcome=\"E_WRONG_KEY\"} 3\n"));
    assert_non_null(strstr(text, "latchkey_sso_unproved_total{reason=\"E_WRONG_KEY\"} 3\n"));
    assert_non_null(strstr(text, "latchkey_sso_logins_total{outcome=\"E_PASSWORD\"} 1\n"));
    assert_null(strstr(text, "latchkey_sso_unproved_total{reason=\"E_PASSWORD\"}"));
    assert_null(strstr(text, "latchkey_sso_unproved_total{reason=\"OK\"}"));
    assert_non_null(strstr(text, "latchkey_sso_requests_total{kind=\"assert\"} 4\n"));
    assert_non_null(strstr(text, "latchkey_sso_workers 2\n"));
    assert_non_null(strstr(text, "latchkey_sso_broker_up 1\n"));
    assert_non_null(strstr(text, "latchkey_sso_pending 0\n"));
    assert_non_null(strstr(text, "latchkey_sso_logouts_waiting 3\n"));
    assert_non_null(strstr(text, "latchkey_sso_oldest_logout_seconds 61\n"));
    assert_non_null(strstr(text, "latchkey_sso_logouts_undeliverable 1\n"));
    assert_non_null(strstr(text, "latchkey_sso_broker_reload_refused 1\n"));
}

int main(void)
{
#define WITH_PASSWORD(test) cmocka_unit_test_setup_teardown(test, house_start_password, house_stop)
    const struct CMUnitTest tests[] = {
        WITH_PASSWORD(no_broker),   WITH_PASSWORD(broker_comes_back), WITH_PASSWORD(broker_silent),
        WITH_PASSWORD(worker_dies), WITH_PASSWORD(worker_leaves),     WITH_PASSWORD(workers_hang),
        WITH_PASSWORD(web_leaves),  WITH_PASSWORD(old_pages),         WITH_PASSWORD(graceful),
        WITH_PASSWORD(metrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
