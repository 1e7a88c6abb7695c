/* SPDX-License-Identifier: EUPL-1.2 */
/* The parameter `claims` (OIDC Core 5.5): what it demands of the ID token. Claims that are only wished for are given or not as ever; demanded are an acr marked
 * essential, and a sub with a value.
 *
 * Hostile input: JSON from a link. Size, depth and duplicates are core/json's business. */
#include <string.h>

#include "sso/oidc/oidc.h"

enum { CLAIMS_MAX = 2048 };

/* 0 = there and an object; 1 = absent or null; negative = something else. */
static int member_object(const struct lk_json *parent, const char *name,
                         const struct lk_json **ret_object)
{
    const struct lk_json *inner;
    int r = lk_json_get(parent, name, ret_object);

    if (r == -LK_ERR_NOT_FOUND)
        return 1;
    if (r != 0)
        return r;
    if (lk_json_is_null(*ret_object))
        return 1;
    /* An object answers "not there" for a member it does not have, anything else "wrong type". */
    r = lk_json_get(*ret_object, "", &inner);
    return r == 0 || r == -LK_ERR_NOT_FOUND ? 0 : -LK_ERR_TYPE;
}

static void widen(enum lk_oidc_strength *least, const char *value)
{
    enum lk_oidc_strength one = lk_oidc_acr_least(LK_VIEW((const uint8_t *)value, strlen(value)));

    if (one != LK_OIDC_TOUCH && (*least == LK_OIDC_TOUCH || one < *least))
        *least = one;
}

/* OIDC Core 5.5.1.1: an essential acr that cannot be had is a failed authentication. */
static bool read_acr(const struct lk_json *acr, struct lk_oidc_request *request, bool *ret_unmet)
{
    enum lk_oidc_strength least = LK_OIDC_TOUCH;
    const struct lk_json *values = NULL;
    const char *value = NULL;
    bool essential = false;
    int r = lk_json_get_bool(acr, "essential", &essential);

    if (r != 0 && r != -LK_ERR_NOT_FOUND)
        return false;
    r = lk_json_get_string(acr, "value", &value);
    if (r != 0 && r != -LK_ERR_NOT_FOUND)
        return false;
    r = lk_json_get_array(acr, "values", &values);
    if (r != 0 && r != -LK_ERR_NOT_FOUND)
        return false;
    if (value != NULL)
        widen(&least, value);
    for (size_t i = 0; values != NULL && i < lk_json_count(values); i++) {
        if (lk_json_text(lk_json_item(values, i)) == NULL)
            return false;
        widen(&least, lk_json_text(lk_json_item(values, i)));
    }
    if (!essential)
        return true;
    /* Essential without a value asks for any acr at all. */
    if (value == NULL && values == NULL)
        least = LK_OIDC_PHR;
    if (least == LK_OIDC_TOUCH)
        *ret_unmet = true;
    else if (least > request->strength)
        request->strength = least;
    return true;
}

/* OIDC Core 3.1.2.2: with a sub value no other agent will do. */
static bool read_sub(const struct lk_json *sub, struct lk_oidc_request *request, bool *ret_unmet)
{
    const char *value = NULL;
    int r = lk_json_get_string(sub, "value", &value);

    if (r == -LK_ERR_NOT_FOUND)
        return true;
    if (r != 0)
        return false;
    if (strlen(value) != 32 || lk_unhex(request->only_subject, 16, value) != 0)
        *ret_unmet = true;
    else
        request->one_subject = true;
    return true;
}

bool lk_oidc_claims_read(struct lk_view claims, struct lk_oidc_request *request, bool *ret_unmet)
{
    struct lk_json *document = NULL;
    const struct lk_json *id_token = NULL;
    const struct lk_json *member = NULL;
    bool good = false;
    int r;

    *ret_unmet = false;
    if (lk_json_parse(claims, CLAIMS_MAX, &document) != 0)
        return false;
    /* What is wished for at /userinfo changes nothing, but it must be what the standard describes. */
    good = member_object(document, "userinfo", &member) >= 0;
    r = member_object(document, "id_token", &id_token);
    good = good && r >= 0;
    if (r == 0 && good) {
        r = member_object(id_token, "acr", &member);
        good = r == 1 || (r == 0 && read_acr(member, request, ret_unmet));
        r = member_object(id_token, "sub", &member);
        good = good && (r == 1 || (r == 0 && read_sub(member, request, ret_unmet)));
    }
    lk_json_free(document);
    return good;
}
