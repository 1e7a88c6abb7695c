/* SPDX-License-Identifier: EUPL-1.2 */
/* What the broker keeps for us beside a code, and gives back only to whoever redeems it. */
#include "sso/oidc/oidc.h"

enum { CODE_VERSION = 1 };

int lk_oidc_code_data_encode(const struct lk_oidc_code_data *data, struct lk_buf *buf)
{
    lk_buf_put_u8(buf, CODE_VERSION);
    lk_buf_put_bytes(buf, data->redirect_uri, sizeof(data->redirect_uri));
    lk_buf_put_bytes(buf, data->code_challenge, sizeof(data->code_challenge));
    lk_buf_put_u8(buf, (uint8_t)data->strength);
    lk_buf_put_u8(buf, data->password ? 1 : 0);
    lk_buf_put_string(buf, data->nonce);
    lk_buf_put_string(buf, data->full_name);
    return lk_buf_error(buf);
}

int lk_oidc_code_data_decode(struct lk_view bytes, struct lk_oidc_code_data *ret_data)
{
    struct lk_oidc_code_data data = {0};
    uint8_t version = 0;
    uint8_t strength = 0;
    uint8_t password = 0;
    int error = lk_view_get_u8(&bytes, &version);

    if (error == 0 && version != CODE_VERSION)
        error = -LK_ERR_VERSION;
    if (error == 0)
        error = lk_view_get_bytes(&bytes, data.redirect_uri, sizeof(data.redirect_uri));
    if (error == 0)
        error = lk_view_get_bytes(&bytes, data.code_challenge, sizeof(data.code_challenge));
    if (error == 0)
        error = lk_view_get_u8(&bytes, &strength);
    if (error == 0)
        error = lk_view_get_u8(&bytes, &password);
    if (error == 0 && (strength > LK_OIDC_PHRH || password > 1))
        error = -LK_ERR_RANGE;
    if (error == 0)
        error = lk_view_get_string(&bytes, data.nonce, sizeof(data.nonce));
    if (error == 0)
        error = lk_view_get_string(&bytes, data.full_name, sizeof(data.full_name));
    if (error == 0)
        error = lk_view_end(&bytes);
    if (error != 0)
        return error;
    data.strength = (enum lk_oidc_strength)strength;
    data.password = password == 1;
    *ret_data = data;
    return 0;
}
