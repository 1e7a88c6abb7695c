/* SPDX-License-Identifier: EUPL-1.2 */
/* A web process in other hands: every message in every order, with values that are forged, stolen from another browser, or right. It must never get a code, a token or an attempt of the
 * password stack for an agent whose key the broker did not see sign for this very transaction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "issuer_house.h"

enum { ROUNDS = 6000, POOL = 16, VALUE_MAX = LK_SSO_SEALED_MAX };

/* What it has collected; a message takes its values from here. */
struct pool {
    uint8_t bytes[POOL][VALUE_MAX];
    size_t len[POOL];
    size_t count;
};
static struct pool sealed, cookies, signatures, codes, texts;
static uint32_t dice_state = 20261123;

/* The same sequence each time: a failure can be seen again. */
static uint32_t dice(uint32_t sides)
{
    dice_state = dice_state * 1664525 + 1013904223;
    return (dice_state >> 8) % sides;
}

static void collect(struct pool *pool, const void *bytes, size_t len)
{
    size_t place = pool->count < POOL ? pool->count++ : 1 + dice(POOL - 1);

    if (len > VALUE_MAX)
        len = VALUE_MAX;
    memcpy(pool->bytes[place], bytes, len);
    pool->len[place] = len;
}

static void collect_text(struct pool *pool, const char *text)
{
    collect(pool, text, strlen(text));
}

/* A value of the pool, sometimes with a bit turned, cut, or none. */
static struct lk_view pick(const struct pool *pool, size_t least, size_t most)
{
    static uint8_t room[24][VALUE_MAX];
    static size_t turn;
    uint8_t *copy = room[turn++ % 24];
    /* One cookie more often than the others, so that seals and cookies meet. */
    size_t place = pool == &cookies && dice(3) != 0 ? 0 : dice((uint32_t)pool->count);
    size_t len = pool->len[place];

    memcpy(copy, pool->bytes[place], len);
    switch (dice(6)) {
    case 0:
        if (len > 0)
            copy[dice((uint32_t)len)] ^= (uint8_t)(1u << dice(8));
        break;
    case 1:
        len = len > 0 ? dice((uint32_t)len) : 0;
        break;
    default:
        break;
    }
    if (len > most)
        len = most;
    if (len < least) {
        memset(copy + len, 'A', least - len);
        len = least;
    }
    return LK_VIEW(copy, len);
}

static int put_authorize(struct lk_buf *out, uint32_t request)
{
    struct house_login nobody = {0};
    struct lk_sso_authorize asked = house_authorize(&nobody, false);

    asked.cookie = dice(2) != 0 ? pick(&cookies, 0, 32) : LK_VIEW(NULL, 0);
    if (dice(3) == 0)
        asked.redirect_uri = pick(&texts, 0, 2048);
    if (dice(3) == 0)
        asked.prompt = pick(&texts, 0, 256);
    if (dice(3) == 0)
        asked.id_token_hint = pick(&sealed, 0, 4096);
    if (dice(8) == 0)
        asked.flags = dice(4);
    return lk_sso_authorize_encode(out, request, &asked);
}

static int put_assert(struct lk_buf *out, uint32_t request)
{
    const struct lk_sso_assert asked = {.sealed = pick(&sealed, 1, LK_SSO_SEALED_MAX),
                                        .cookie = pick(&cookies, 0, 32),
                                        .credential_id = pick(&texts, 1, 1023),
                                        .authenticator_data = pick(&texts, 1, 1024),
                                        .signature = pick(&signatures, 1, 1024),
                                        .user_handle = pick(&texts, 0, 64),
                                        .client_data = pick(&texts, 1, 1024),
                                        .remote = "x\" outcome=allowed"};

    return lk_sso_assert_encode(out, request, &asked);
}

static int put_password(struct lk_buf *out, uint32_t request)
{
    const struct lk_sso_password asked = {
        .sealed = pick(&sealed, 1, LK_SSO_SEALED_MAX),
        .cookie = pick(&cookies, 0, 32),
        .password = LK_VIEW((const uint8_t *)HOUSE_PASSWORD, sizeof(HOUSE_PASSWORD) - 1)};

    return lk_sso_password_encode(out, request, &asked);
}

static int put_token(struct lk_buf *out, uint32_t request)
{
    const struct lk_sso_token asked = {.flags = dice(10) == 0 ? 1 : 0,
                                       .client_id = pick(&texts, 0, 256),
                                       .client_secret = pick(&texts, 0, 256),
                                       .grant_type =
                                           LK_VIEW((const uint8_t *)"authorization_code", 18),
                                       .code = pick(&codes, 0, 256),
                                       .redirect_uri = pick(&texts, 0, 256),
                                       .code_verifier = pick(&texts, 0, 256)};

    return lk_sso_token_encode(out, request, &asked);
}

static int put_userinfo(struct lk_buf *out, uint32_t request)
{
    const struct lk_sso_userinfo asked = {.authorization = pick(&texts, 0, 2048)};

    return lk_sso_userinfo_encode(out, request, &asked);
}

static int put_logout(struct lk_buf *out, uint32_t request)
{
    const struct lk_sso_logout asked = {.id_token_hint = pick(&sealed, 0, 4096),
                                        .client_id = pick(&texts, 0, 256),
                                        .post_logout_redirect_uri = pick(&texts, 0, 256)};

    return lk_sso_logout_encode(out, request, &asked);
}

/* What belongs on other links: a worker's yes, the broker's yes, a delivery, a hello. And noise. */
static int put_foreign(struct lk_buf *out, uint32_t request)
{
    const struct lk_sso_attempted yes = {.outcome = LK_SSO_ALLOWED};
    const struct lk_gateway_verdict proved = {.subject = {1}, .name = "alice"};
    const struct lk_gateway_result good = {.reason = 0};
    const struct lk_hello hello = {.lowest = 1, .highest = 1, .role = LK_SOCKET_GATEWAY};
    const struct lk_gateway_code code = {.client = "synapse"};
    const struct lk_sso_delivered delivered = {.id = 1, .outcome = LK_LOGOUT_CONFIRMED};
    struct lk_view noise = pick(&texts, 30, 2048);

    switch (dice(7)) {
    case 0:
        return lk_sso_attempted_encode(out, request, &yes);
    case 1:
        return lk_gateway_verdict_encode(out, request, &proved);
    case 2:
        return lk_gateway_result_encode(out, request, &good);
    case 3:
        return lk_hello_encode(out, &hello);
    case 4:
        return lk_gateway_code_encode(out, request, &code);
    case 5:
        return lk_sso_delivered_encode(out, request, &delivered);
    default:
        lk_buf_put_view(out, noise);
        return lk_buf_error(out);
    }
}

static void learn_page(const struct lk_sso_page *page)
{
    assert_int_not_equal(page->kind, LK_SSO_PAGE_PASSWORD);
    assert_string_equal(page->name, "");
    assert_string_equal(page->full_name, "");
    if (page->kind == LK_SSO_PAGE_REDIRECT) {
        /* Errors only, and only to the one address that stands in the configuration. */
        assert_memory_equal(page->location.data,
                            HOUSE_REDIRECT "?error=", strlen(HOUSE_REDIRECT "?error="));
        assert_null(memmem(page->location.data, page->location.len, "code=", 5));
    }
    if (page->sealed.len > 0)
        collect(&sealed, page->sealed.data, page->sealed.len);
    if (page->cookie.len > 0)
        collect(&cookies, page->cookie.data, page->cookie.len);
}

static void learn(void)
{
    struct lk_view answer = LK_VIEW(house.answer_bytes, house.answer_len);
    struct lk_sso_page page;
    struct lk_sso_reply reply;

    if (house.answer == LK_MESSAGE_SSO_PAGE) {
        assert_int_equal(lk_sso_page_decode(answer, &page), 0);
        learn_page(&page);
        return;
    }
    assert_int_equal(house.answer, LK_MESSAGE_SSO_REPLY);
    assert_int_equal(lk_sso_reply_decode(answer, &reply), 0);
    assert_int_not_equal(reply.status, 200);
    assert_null(memmem(reply.body.data, reply.body.len, "_token\":", 8));
}

static unsigned links;

/* One message, and what comes of it. */
static void one(void)
{
    static int (*const puts[])(struct lk_buf *, uint32_t) = {
        put_authorize, put_assert, put_password, put_token, put_userinfo, put_logout};
    uint32_t request = house_request();
    int error;

    if (dice(40) == 0) {
        error = put_foreign(&house.web->peer.out, request);
        assert_int_equal(error, 0);
        house_turn(20);
    } else {
        error = puts[dice(6)](&house.web->peer.out, request);
        assert_int_equal(error, 0);
        if (house_wait(request))
            learn();
    }
    if (house.gone) {
        links++;
        house_connect_web();
    }
}

static void seed(void)
{
    static const char *const words[] = {"",
                                        "synapse",
                                        HOUSE_SECRET,
                                        HOUSE_REDIRECT,
                                        HOUSE_VERIFIER,
                                        "alice",
                                        "none",
                                        "https://evil.example/",
                                        "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                        "{\"type\":\"webauthn.get\"}",
                                        "login",
                                        "authorization_code"};
    uint8_t zero[32] = {0};

    sealed.count = cookies.count = signatures.count = codes.count = texts.count = 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        collect_text(&texts, words[i]);
    collect_text(&sealed, "AAAA");
    collect_text(&codes, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    collect(&cookies, zero, 32);
    collect(&signatures, zero, 32);
}

static void nobody_touches(void **state)
{
    (void)state;
    seed();
    links = 0;
    for (int i = 0; i < ROUNDS; i++)
        one();
    assert_int_equal(house.verified, 0);
    assert_int_equal(house.attempts, 0);
    assert_int_equal(house.codes_asked, 0);
    assert_int_equal(house.redeemed, 0);
    /* It did get through to the broker's judgement, and it was cut off for what it may not say. */
    assert_true(house.logins > 50);
    assert_true(links > 20);
}

/* It has seen alice's answer in another browser, with its seal, but not that browser's cookie: the answer is good for her transaction alone. */
static void somebody_else_touched(void **state)
{
    uint8_t signature[HOUSE_AGENT_SECRET + 16];
    struct lk_sso_authorize authorize;
    struct house_login alice = {0};
    char stolen[LK_SSO_SEALED_MAX + 1];

    (void)state;
    seed();
    authorize = house_authorize(&alice, false);
    house_ask_page(&authorize, &alice);
    strcpy(stolen, alice.sealed);
    memcpy(signature, house.alice, HOUSE_AGENT_SECRET);
    house_transaction(&alice, signature + HOUSE_AGENT_SECRET);
    house_touch(&alice);
    assert_int_equal(alice.page.kind, LK_SSO_PAGE_PASSWORD);
    assert_int_equal(house.verified, 1);
    for (int i = 0; i < ROUNDS / 3; i++) {
        /* Again and again, as the pools forget. */
        collect(&signatures, signature, sizeof(signature));
        collect_text(&sealed, stolen);
        collect_text(&sealed, alice.sealed);
        one();
    }
    assert_int_equal(house.verified, 1);
    assert_int_equal(house.attempts, 0);
    assert_int_equal(house.codes_asked, 0);
    /* And she herself goes on. */
    house_password(&alice, HOUSE_PASSWORD);
    house_take_code(&alice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_touches, house_start_password, house_stop),
        cmocka_unit_test_setup_teardown(nobody_touches, house_start_key_only, house_stop),
        cmocka_unit_test_setup_teardown(somebody_else_touched, house_start_password, house_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
