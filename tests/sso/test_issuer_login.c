/* SPDX-License-Identifier: EUPL-1.2 */
/* The issuer as a process: whole logins, and what may go wrong on the way. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "issuer_house.h"

static void page_is(const struct house_login *login, enum lk_sso_page_kind kind,
                    enum lk_reason reason)
{
    assert_int_equal(login->page.kind, kind);
    assert_string_equal(lk_reason_name((enum lk_reason)login->page.reason), lk_reason_name(reason));
}

/* A refusal with a fresh page behind it, which leads to a login if one goes on. */
static void way_on(struct house_login *login, enum lk_reason reason)
{
    page_is(login, LK_SSO_PAGE_REFUSED, reason);
    assert_true(login->page.sealed.len > 0);
    assert_int_equal(login->page.challenge.len, LK_TOKEN_SIZE);
    house_touch(login);
    page_is(login, LK_SSO_PAGE_PASSWORD, LK_REASON_NONE);
}

static void begin(struct house_login *login)
{
    const struct lk_sso_authorize authorize = house_authorize(login, false);

    *login = (struct house_login){0};
    house_ask_page(&authorize, login);
    page_is(login, LK_SSO_PAGE_KEY, LK_REASON_NONE);
    assert_int_equal(login->page.cookie.len, 32);
    assert_int_equal(login->page.challenge.len, LK_TOKEN_SIZE);
    assert_string_equal(login->page.client, "Chat");
    assert_string_equal(login->page.name, "");
}

static void whole(struct house_login *login)
{
    begin(login);
    house_touch(login);
    page_is(login, LK_SSO_PAGE_PASSWORD, LK_REASON_NONE);
    house_password(login, HOUSE_PASSWORD);
    house_take_code(login);
}

/* The header's key id of a compact JWS inside a token answer. */
static void kid_of(const char *body, char ret_kid[64])
{
    struct lk_buf header = LK_BUF_INIT(1024);
    const char *token = strstr(body, "\"id_token\":\"");
    char text[1025];
    char *kid;

    assert_non_null(token);
    token += strlen("\"id_token\":\"");
    assert_int_equal(lk_base64url_decode(&header, token, strcspn(token, ".")), 0);
    memcpy(text, header.data, header.len);
    text[header.len] = '\0';
    lk_buf_clear(&header);
    kid = strstr(text, "\"kid\":\"");
    assert_non_null(kid);
    snprintf(ret_kid, 64, "%.43s", kid + strlen("\"kid\":\""));
}

static bool published(const char *kid)
{
    return memmem(house.documents[LK_SSO_DOCUMENT_JWKS], house.document_len[LK_SSO_DOCUMENT_JWKS],
                  kid, strlen(kid)) != NULL;
}

static void whole_login(void **state)
{
    struct house_login login;
    char body[8192];
    char kid[64];

    (void)state;
    begin(&login);
    house_touch(&login);
    page_is(&login, LK_SSO_PAGE_PASSWORD, LK_REASON_NONE);
    assert_string_equal(login.page.name, "alice");
    assert_string_equal(login.page.full_name, "Alice Martin");
    assert_int_equal(login.page.left, 5);
    assert_int_equal(house.attempts, 0);
    house_password(&login, HOUSE_PASSWORD);
    assert_int_equal(house.attempts, 1);
    assert_string_equal(house.attempt.name, "alice");
    assert_string_equal(house.attempt.remote, "2001:db8::1");
    house_take_code(&login);
    assert_int_equal(house_token(login.code, HOUSE_VERIFIER, body, sizeof(body)), 200);
    assert_non_null(strstr(body, "\"token_type\":\"Bearer\""));
    kid_of(body, kid);
    assert_true(published(kid));
    /* A second time: refused, and the session that came of it is over. */
    assert_int_equal(house_token(login.code, HOUSE_VERIFIER, body, sizeof(body)), 400);
    assert_non_null(strstr(body, "invalid_grant"));
    assert_true(house.proofs[0].ended);
}

static void key_only(void **state)
{
    struct house_login login;
    char body[8192];

    (void)state;
    begin(&login);
    house_touch(&login);
    assert_false(house.attempt_password);
    house_take_code(&login);
    assert_int_equal(house_token(login.code, HOUSE_VERIFIER, body, sizeof(body)), 200);
    /* The stack says no without a password: then it was the proof. */
    house.outcome = LK_SSO_PASSWORD_WRONG;
    begin(&login);
    house_touch(&login);
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_PROOF);
}

static void wrong_verifier(void **state)
{
    struct house_login login;
    char body[8192];

    (void)state;
    whole(&login);
    assert_int_equal(house_token(login.code, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                 body, sizeof(body)),
                     400);
    house_turn(100);
    assert_true(house.proofs[0].ended);
    assert_int_equal(house_token(login.code, HOUSE_VERIFIER, body, sizeof(body)), 400);
}

static void other_browser(void **state)
{
    struct house_login login;
    struct house_login other;

    (void)state;
    begin(&login);
    begin(&other);
    assert_memory_not_equal(login.cookie, other.cookie, 32);
    /* The seal of one with the cookie of the other. */
    memcpy(other.sealed, login.sealed, sizeof(other.sealed));
    memcpy(other.challenge, login.challenge, sizeof(other.challenge));
    house_touch(&other);
    page_is(&other, LK_SSO_PAGE_REFUSED, LK_REASON_CODE);
    assert_int_equal(other.page.sealed.len, 0);
    assert_int_equal(house.logins, 0);
    /* A password page of another browser. */
    house_touch(&login);
    begin(&other);
    memcpy(other.sealed, login.sealed, sizeof(other.sealed));
    house_password(&other, HOUSE_PASSWORD);
    page_is(&other, LK_SSO_PAGE_REFUSED, LK_REASON_CODE);
    assert_int_equal(house.attempts, 0);
}

static void wrong_key(void **state)
{
    struct house_login login;
    char log[8192];

    (void)state;
    begin(&login);
    house_assert(&login, (const uint8_t *)"x", 1);
    assert_string_equal(login.page.name, "");
    way_on(&login, LK_REASON_WRONG_KEY);
    /* Suspended: told after the verified touch. */
    house.verdict = LK_REASON_SUSPENDED;
    begin(&login);
    house_touch(&login);
    house.verdict = LK_REASON_NONE;
    way_on(&login, LK_REASON_SUSPENDED);
    house_read_log(log, sizeof(log));
    assert_non_null(strstr(log, "outcome=unproved count=1"));
    assert_non_null(strstr(log, "outcome=refused reason=E_SUSPENDED client=synapse "
                                "subject=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void wrong_passwords(void **state)
{
    struct house_login login;
    char first[LK_SSO_SEALED_MAX + 1];

    (void)state;
    begin(&login);
    house_touch(&login);
    for (int left = 4; left > 0; left--) {
        house_password(&login, "wrong");
        page_is(&login, LK_SSO_PAGE_PASSWORD, LK_REASON_PASSWORD);
        assert_int_equal(login.page.left, left);
        assert_string_equal(login.page.detail, "what the stack says");
        if (left == 4)
            strcpy(first, login.sealed);
    }
    house_password(&login, "wrong");
    way_on(&login, LK_REASON_PASSWORDS);
    /* Not even sent on: it is no text. */
    house.attempts = 0;
    house_password(&login, "\xff");
    page_is(&login, LK_SSO_PAGE_PASSWORD, LK_REASON_PASSWORD);
    /* Nor is what is too long for one. */
    house_password(&login, "");
    page_is(&login, LK_SSO_PAGE_PASSWORD, LK_REASON_PASSWORD);
    assert_int_equal(login.page.left, 5);
    assert_int_equal(house.attempts, 0);
    house_password(&login, HOUSE_PASSWORD);
    house_take_code(&login);
}

static void outcomes(void **state)
{
    static const struct {
        enum lk_sso_outcome outcome;
        enum lk_reason reason;
    } rows[] = {
        {LK_SSO_ACCOUNT_EXPIRED, LK_REASON_ACCOUNT_EXPIRED},
        {LK_SSO_PASSWORD_EXPIRED, LK_REASON_PASSWORD_EXPIRED},
        {LK_SSO_USER_CHANGED, LK_REASON_STACK},
        {LK_SSO_MAXTRIES, LK_REASON_RATE_LIMITED},
        {LK_SSO_UNAVAILABLE, LK_REASON_STACK_UNAVAILABLE},
        {LK_SSO_STACK, LK_REASON_STACK},
        {LK_SSO_PROOF, LK_REASON_PROOF},
    };
    struct house_login login;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(&login);
        house_touch(&login);
        house.outcome = rows[i].outcome;
        house_password(&login, HOUSE_PASSWORD);
        house.outcome = 0;
        assert_string_equal(login.page.detail, "what the stack says");
        way_on(&login, rows[i].reason);
    }
    assert_int_equal(house.codes_asked, 0);
}

/* The page waits, not the worker. */
static void delay(void **state)
{
    struct house_login login;
    int64_t before;

    (void)state;
    begin(&login);
    house_touch(&login);
    house.delay_ms = 400;
    before = lk_clock_monotonic_ms(&lk_clock_system);
    house_password(&login, "wrong");
    assert_true(lk_clock_monotonic_ms(&lk_clock_system) - before >= 390);
    page_is(&login, LK_SSO_PAGE_PASSWORD, LK_REASON_PASSWORD);
    before = lk_clock_monotonic_ms(&lk_clock_system);
    house_password(&login, HOUSE_PASSWORD);
    house_take_code(&login);
    assert_true(lk_clock_monotonic_ms(&lk_clock_system) - before < 390);
}

static void replayed_password_page(void **state)
{
    struct house_login login;
    char sealed[LK_SSO_SEALED_MAX + 1];

    (void)state;
    begin(&login);
    house_touch(&login);
    strcpy(sealed, login.sealed);
    house_password(&login, HOUSE_PASSWORD);
    house_take_code(&login);
    strcpy(login.sealed, sealed);
    house_password(&login, HOUSE_PASSWORD);
    /* Not "the password is wrong": it was right, and nobody looked at it. */
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_PROOF);
    /* Even where the stack would say yes, the broker does not. */
    strcpy(login.sealed, sealed);
    house.outcome = LK_SSO_ALLOWED;
    house_password(&login, HOUSE_PASSWORD);
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_PROOF);
    assert_int_equal(house.codes_made, 1);
}

static void code_refused(void **state)
{
    struct house_login login;

    (void)state;
    begin(&login);
    house_touch(&login);
    house.code_reason = LK_REASON_REVOKED;
    house_password(&login, HOUSE_PASSWORD);
    page_is(&login, LK_SSO_PAGE_REFUSED, LK_REASON_REVOKED);
    assert_int_equal(login.page.location.len, 0);
}

static void denied(struct house_login *login)
{
    static const char begins[] = HOUSE_REDIRECT "?error=access_denied&error_description=";

    assert_int_equal(login->page.kind, LK_SSO_PAGE_REDIRECT);
    assert_memory_equal(login->page.location.data, begins, sizeof(begins) - 1);
    assert_non_null(memmem(login->page.location.data, login->page.location.len, "&iss=", 5));
    assert_int_equal(house.attempts, 0);
    assert_int_equal(house.codes_asked, 0);
}

static void not_served(void **state)
{
    struct lk_sso_authorize authorize;
    struct house_login login;

    (void)state;
    house.groups = "army";
    begin(&login);
    house_touch(&login);
    denied(&login);
    /* Stronger than this key: phr is not phrh. */
    house.groups = "school";
    authorize = house_authorize(&login, true);
    authorize.acr_values = LK_VIEW((const uint8_t *)"phrh", 4);
    house_ask_page(&authorize, &login);
    house_touch(&login);
    denied(&login);
    house.facts |= LK_LOGIN_FACT_ATTESTED;
    house_ask_page(&authorize, &login);
    house_touch(&login);
    page_is(&login, LK_SSO_PAGE_PASSWORD, LK_REASON_NONE);
}

/* The cookie of the browser is kept, the transaction is new: no login without a touch of its own. */
static void no_session(void **state)
{
    struct lk_sso_authorize authorize;
    struct house_login login;
    uint8_t cookie[32];

    (void)state;
    whole(&login);
    memcpy(cookie, login.cookie, 32);
    authorize = house_authorize(&login, true);
    house_ask_page(&authorize, &login);
    page_is(&login, LK_SSO_PAGE_KEY, LK_REASON_NONE);
    assert_int_equal(login.page.cookie.len, 0);
    authorize.prompt = LK_VIEW((const uint8_t *)"none", 4);
    house_ask_page(&authorize, &login);
    assert_int_equal(login.page.kind, LK_SSO_PAGE_REDIRECT);
    assert_non_null(
        memmem(login.page.location.data, login.page.location.len, "error=login_required", 20));
    authorize.redirect_uri = LK_VIEW((const uint8_t *)"https://evil.example/", 21);
    house_ask_page(&authorize, &login);
    page_is(&login, LK_SSO_PAGE_ERROR, LK_REASON_APPLICATION);
    assert_string_equal(login.page.detail, "redirect_uri");
    assert_int_equal(login.page.location.len, 0);
}

static void userinfo_and_logout(void **state)
{
    struct house_login login;
    struct lk_sso_reply reply;
    struct lk_sso_userinfo info;
    struct lk_sso_logout logout = {0};
    struct lk_sso_page page;
    char body[8192];
    char authorization[128];
    uint32_t request;

    (void)state;
    whole(&login);
    assert_int_equal(house_token(login.code, HOUSE_VERIFIER, body, sizeof(body)), 200);
    snprintf(authorization, sizeof(authorization), "Bearer %.43s",
             strstr(body, "\"access_token\":\"") + 16);
    info.authorization = LK_VIEW((const uint8_t *)authorization, strlen(authorization));
    request = house_request();
    assert_int_equal(lk_sso_userinfo_encode(&house.web->peer.out, request, &info), 0);
    assert_true(house_wait(request));
    assert_int_equal(lk_sso_reply_decode(LK_VIEW(house.answer_bytes, house.answer_len), &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_non_null(
        memmem(reply.body.data, reply.body.len, "\"preferred_username\":\"alice\"", 28));
    logout.id_token_hint.data = (const uint8_t *)strstr(body, "\"id_token\":\"") + 12;
    logout.id_token_hint.len = strcspn((const char *)logout.id_token_hint.data, "\"");
    logout.post_logout_redirect_uri = LK_VIEW((const uint8_t *)"https://chat.example.org/out", 28);
    request = house_request();
    assert_int_equal(lk_sso_logout_encode(&house.web->peer.out, request, &logout), 0);
    assert_true(house_wait(request));
    assert_int_equal(lk_sso_page_decode(LK_VIEW(house.answer_bytes, house.answer_len), &page), 0);
    assert_int_equal(page.kind, LK_SSO_PAGE_REDIRECT);
    assert_true(house.proofs[0].ended);
}

static bool delivered(void)
{
    return house.deliveries > 0;
}

static void back_channel(void **state)
{
    (void)state;
    house.logout = (struct lk_gateway_logout){.id = 42, .client = "synapse"};
    memset(house.logout.sid, 0xcc, 16);
    house_until(delivered);
    assert_int_equal(house.delivered.id, 42);
    assert_int_equal(house.delivered.outcome, LK_LOGOUT_ACKNOWLEDGED);
    assert_string_equal(house.token_client, "synapse");
    assert_int_equal(strspn(house.token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789-_."),
                     strlen(house.token));
    /* A client that is not in the configuration any more. */
    house.deliveries = 0;
    house.token[0] = '\0';
    house.logout = (struct lk_gateway_logout){.id = 43, .client = "gone"};
    house_until(delivered);
    assert_int_equal(house.delivered.id, 43);
    assert_int_equal(house.delivered.outcome, LK_LOGOUT_NOBODY);
    assert_string_equal(house.token, "");
}

static bool given_back(void)
{
    return house.deliveries >= 4;
}

/* A client that hangs has its share of what is under way; the rest of its logouts wait, and the others' go. */
static void back_channel_hangs(void **state)
{
    char text[256];

    (void)state;
    snprintf(text, sizeof(text),
             "[client other]\nredirect_uri = https://other.example/back\nsecret_file = %s/secret\n",
             house.folder);
    house_config("required", text);
    house_signal(SIGHUP);
    house.notify_silent = true;
    house.logout = (struct lk_gateway_logout){.id = 100, .client = "synapse"};
    house.logout_count = LK_LOGOUTS_MAX;
    house_until(given_back);
    assert_int_equal(house.delivered.outcome, LK_LOGOUT_FAILED);
    house_turn(100);
    assert_int_equal(house.tokens, 16);
    assert_int_equal(house.deliveries, LK_LOGOUTS_MAX - 16);
    house.deliveries = 0;
    house.notify_silent = false;
    house.logout = (struct lk_gateway_logout){.id = 200, .client = "other"};
    house.logout_count = 0;
    house_until(delivered);
    assert_int_equal(house.delivered.id, 200);
    assert_int_equal(house.delivered.outcome, LK_LOGOUT_ACKNOWLEDGED);
}

/* What the journal holds opens nothing. */
static void no_secret_in_log(void **state)
{
    struct house_login login;
    char body[8192];
    char log[16384];

    (void)state;
    whole(&login);
    assert_int_equal(house_token(login.code, HOUSE_VERIFIER, body, sizeof(body)), 200);
    house_read_log(log, sizeof(log));
    assert_non_null(strstr(log, "outcome=allowed reason=OK client=synapse"));
    assert_non_null(strstr(log, "remote=2001:db8::1"));
    assert_null(strstr(log, HOUSE_PASSWORD));
    assert_null(strstr(log, login.code));
    assert_null(strstr(log, HOUSE_SECRET));
    assert_null(strstr(log, "alice"));
}

static bool key_changed(void)
{
    return house.document_count >= 6;
}

/* A new key in mid-login: published with the old one still there, used at once as its time has come. */
static void rotation(void **state)
{
    struct house_login login;
    char body[8192];
    char old[64];
    char fresh[64];
    char etag[LK_SSO_ETAG_MAX + 1];

    (void)state;
    whole(&login);
    assert_int_equal(house_token(login.code, HOUSE_VERIFIER, body, sizeof(body)), 200);
    kid_of(body, old);
    begin(&login);
    house_touch(&login);
    strcpy(etag, house.etags[LK_SSO_DOCUMENT_JWKS]);
    house_turn(1100);
    house_make_key(lk_clock_now(&lk_clock_system));
    house_signal(SIGHUP);
    house_until(key_changed);
    assert_string_not_equal(house.etags[LK_SSO_DOCUMENT_JWKS], etag);
    house_password(&login, HOUSE_PASSWORD);
    house_take_code(&login);
    assert_int_equal(house_token(login.code, HOUSE_VERIFIER, body, sizeof(body)), 200);
    kid_of(body, fresh);
    assert_string_not_equal(old, fresh);
    assert_true(published(old));
    assert_true(published(fresh));
}

static bool notify_anew(void)
{
    return house.notify_count == 2;
}

/* A broken file changes nothing; a client that is taken out loses its pages. */
static void reload(void **state)
{
    struct house_login login;
    char log[8192];

    (void)state;
    begin(&login);
    house_config("maybe", "");
    house_signal(SIGHUP);
    house_turn(300);
    house_read_log(log, sizeof(log));
    assert_non_null(strstr(log, "settings of before"));
    house_touch(&login);
    page_is(&login, LK_SSO_PAGE_PASSWORD, LK_REASON_NONE);
    house_config("none", "");
    house_signal(SIGHUP);
    house_until(key_changed);
    /* Whoever tells the homeservers reads the new list of them, too. */
    house_until(notify_anew);
    assert_non_null(memmem(house.documents[LK_SSO_DOCUMENT_LOOK],
                           house.document_len[LK_SSO_DOCUMENT_LOOK], "\"password\":false", 16));
    /* The greeting that was open still works. */
    house_password(&login, HOUSE_PASSWORD);
    house_take_code(&login);
}

int main(void)
{
#define WITH_PASSWORD(test) cmocka_unit_test_setup_teardown(test, house_start_password, house_stop)
    const struct CMUnitTest tests[] = {
        WITH_PASSWORD(whole_login),
        cmocka_unit_test_setup_teardown(key_only, house_start_key_only, house_stop),
        WITH_PASSWORD(wrong_verifier),
        WITH_PASSWORD(other_browser),
        WITH_PASSWORD(wrong_key),
        WITH_PASSWORD(wrong_passwords),
        WITH_PASSWORD(outcomes),
        WITH_PASSWORD(delay),
        WITH_PASSWORD(replayed_password_page),
        WITH_PASSWORD(code_refused),
        WITH_PASSWORD(not_served),
        WITH_PASSWORD(no_session),
        WITH_PASSWORD(userinfo_and_logout),
        WITH_PASSWORD(back_channel),
        WITH_PASSWORD(no_secret_in_log),
        WITH_PASSWORD(rotation),
        WITH_PASSWORD(reload),
        WITH_PASSWORD(back_channel_hangs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
