/* SPDX-License-Identifier: EUPL-1.2 */
/* What a web process does for a browser and for an application. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "issuer_house.h"

static struct lk_view text(const char *string)
{
    return LK_VIEW((const uint8_t *)string, strlen(string));
}

uint32_t house_request(void)
{
    return ++house.last_request;
}

bool house_wait(uint32_t request)
{
    house.waits_for = request;
    house.answered = false;
    for (int i = 0; i < 100 && !house.answered && !house.gone; i++)
        house_turn(250);
    if (house.gone)
        return false;
    if (!house.answered)
        fail_msg("no answer");
    return true;
}

struct lk_sso_authorize house_authorize(const struct house_login *login, bool with_cookie)
{
    return (struct lk_sso_authorize){.client_id = text("synapse"),
                                     .redirect_uri = text(HOUSE_REDIRECT),
                                     .response_type = text("code"),
                                     .scope = text("openid"),
                                     .state = text("the state"),
                                     .nonce = text("the nonce"),
                                     .code_challenge = text(HOUSE_S256),
                                     .code_challenge_method = text("S256"),
                                     .cookie = with_cookie ? LK_VIEW(login->cookie, 32)
                                                           : LK_VIEW(NULL, 0)};
}

/* The answer as a page; what a browser keeps of it is kept. */
static void take_page(struct house_login *login, uint32_t request)
{
    assert_true(house_wait(request));
    assert_int_equal(house.answer, LK_MESSAGE_SSO_PAGE);
    assert_int_equal(
        lk_sso_page_decode(LK_VIEW(house.answer_bytes, house.answer_len), &login->page), 0);
    if (login->page.sealed.len > 0) {
        memcpy(login->sealed, login->page.sealed.data, login->page.sealed.len);
        login->sealed[login->page.sealed.len] = '\0';
    }
    if (login->page.challenge.len == LK_TOKEN_SIZE)
        memcpy(login->challenge, login->page.challenge.data, LK_TOKEN_SIZE);
    if (login->page.cookie.len == 32)
        memcpy(login->cookie, login->page.cookie.data, 32);
}

void house_ask_page(const struct lk_sso_authorize *authorize, struct house_login *login)
{
    uint32_t request = house_request();

    assert_int_equal(lk_sso_authorize_encode(&house.web->peer.out, request, authorize), 0);
    take_page(login, request);
}

void house_transaction(const struct house_login *login, uint8_t ret_transaction[16])
{
    memcpy(ret_transaction, login->challenge + 31, 16);
}

void house_assert(struct house_login *login, const uint8_t *signature, size_t len)
{
    const struct lk_sso_assert asked = {.sealed = text(login->sealed),
                                        .cookie = LK_VIEW(login->cookie, 32),
                                        .credential_id = text("credential"),
                                        .authenticator_data = text("authenticator data"),
                                        .signature = LK_VIEW(signature, len),
                                        .client_data = text("{}"),
                                        .language = "fr",
                                        .remote = "192.0.2.1"};
    uint32_t request = house_request();

    assert_int_equal(lk_sso_assert_encode(&house.web->peer.out, request, &asked), 0);
    take_page(login, request);
}

void house_touch(struct house_login *login)
{
    uint8_t signature[HOUSE_AGENT_SECRET + 16];

    memcpy(signature, house.alice, HOUSE_AGENT_SECRET);
    house_transaction(login, signature + HOUSE_AGENT_SECRET);
    house_assert(login, signature, sizeof(signature));
}

void house_password(struct house_login *login, const char *password)
{
    const struct lk_sso_password asked = {.sealed = text(login->sealed),
                                          .cookie = LK_VIEW(login->cookie, 32),
                                          .password = text(password),
                                          .language = "en",
                                          .remote = "2001:db8::1"};
    uint32_t request = house_request();

    assert_int_equal(lk_sso_password_encode(&house.web->peer.out, request, &asked), 0);
    take_page(login, request);
}

void house_take_code(struct house_login *login)
{
    static const char begin[] = HOUSE_REDIRECT "?code=";
    static const char end[] = "&state=the%20state&iss=https%3A%2F%2Fkey.example.org";
    const struct lk_view location = login->page.location;

    assert_int_equal(login->page.kind, LK_SSO_PAGE_REDIRECT);
    assert_int_equal(location.len, sizeof(begin) - 1 + 43 + sizeof(end) - 1);
    assert_memory_equal(location.data, begin, sizeof(begin) - 1);
    assert_memory_equal(location.data + sizeof(begin) - 1 + 43, end, sizeof(end) - 1);
    memcpy(login->code, location.data + sizeof(begin) - 1, 43);
    login->code[43] = '\0';
}

unsigned house_token(const char *code, const char *verifier, char *ret_body, size_t size)
{
    const struct lk_sso_token asked = {.client_id = text("synapse"),
                                       .client_secret = text(HOUSE_SECRET),
                                       .grant_type = text("authorization_code"),
                                       .code = text(code),
                                       .redirect_uri = text(HOUSE_REDIRECT),
                                       .code_verifier = text(verifier)};
    uint32_t request = house_request();
    struct lk_sso_reply reply;

    assert_int_equal(lk_sso_token_encode(&house.web->peer.out, request, &asked), 0);
    assert_true(house_wait(request));
    assert_int_equal(house.answer, LK_MESSAGE_SSO_REPLY);
    assert_int_equal(lk_sso_reply_decode(LK_VIEW(house.answer_bytes, house.answer_len), &reply), 0);
    assert_true(reply.body.len < size);
    memcpy(ret_body, reply.body.data, reply.body.len);
    ret_body[reply.body.len] = '\0';
    return reply.status;
}
