/* SPDX-License-Identifier: EUPL-1.2 */
/* Sealing and opening.
 *
 * Hostile input: the sealed bytes, which come back from a browser. Nothing of them is looked at before the tag has verified. */
#include "crypto/seal.h"

#include <limits.h>

#include "base/secret.h"
#include "crypto/internal.h"

enum { SEAL_SALT = 16, SEAL_NONCE = 12, SEAL_TAG = 16 };

static int seal_update(EVP_CIPHER_CTX *context, uint8_t *out, struct lk_view in)
{
    int len = 0;

    if (in.len == 0)
        return 0;
    if (EVP_CipherUpdate(context, out, &len, in.data, (int)in.len) != 1)
        return lk_openssl_error(-LK_ERR_CRYPTO);
    return out == NULL || (size_t)len == in.len ? 0 : -LK_ERR_CRYPTO;
}

/* Up to the tag, in either direction; out has room for as many bytes as in has. */
static int seal_run(const struct lk_crypto *crypto, EVP_CIPHER_CTX *context,
                    const uint8_t key[LK_SEAL_KEY_SIZE], const uint8_t *head, bool sealing,
                    struct lk_view associated, struct lk_view in, uint8_t *out)
{
    uint8_t own[32];
    int error =
        lk_hmac_sha256(crypto, LK_VIEW(key, LK_SEAL_KEY_SIZE), LK_VIEW(head, SEAL_SALT), own);

    if (error == 0 && (associated.len > INT_MAX || in.len > INT_MAX))
        error = -LK_ERR_TOO_BIG;
    if (error == 0 && EVP_CipherInit_ex2(context, crypto->aes256_gcm, own, head + SEAL_SALT,
                                         sealing ? 1 : 0, NULL) != 1)
        error = lk_openssl_error(-LK_ERR_CRYPTO);
    if (error == 0)
        error = seal_update(context, NULL, associated);
    if (error == 0)
        error = seal_update(context, out, in);
    lk_wipe(own, sizeof(own));
    return error;
}

int lk_seal(const struct lk_crypto *crypto, const uint8_t key[LK_SEAL_KEY_SIZE],
            const struct lk_random *random, struct lk_view associated, struct lk_view plain,
            struct lk_buf *sealed)
{
    size_t before = sealed->len;
    uint8_t *room = lk_buf_reserve(sealed, LK_SEAL_OVERHEAD + plain.len);
    EVP_CIPHER_CTX *context;
    uint8_t *out;
    int len = 0;
    int error;

    if (room == NULL)
        return lk_buf_error(sealed);
    out = room + SEAL_SALT + SEAL_NONCE;
    error = lk_random_fill(random, room, SEAL_SALT + SEAL_NONCE);
    context = EVP_CIPHER_CTX_new();
    if (error == 0 && context == NULL)
        error = -LK_ERR_NOMEM;
    if (error == 0)
        error = seal_run(crypto, context, key, room, true, associated, plain, out);
    if (error == 0 &&
        (EVP_CipherFinal_ex(context, out + plain.len, &len) != 1 || len != 0 ||
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG, out + plain.len) != 1))
        error = lk_openssl_error(-LK_ERR_CRYPTO);
    EVP_CIPHER_CTX_free(context);
    if (error != 0)
        sealed->len = before;
    return error;
}

int lk_unseal(const struct lk_crypto *crypto, const uint8_t key[LK_SEAL_KEY_SIZE],
              struct lk_view associated, struct lk_view sealed, struct lk_buf *plain)
{
    size_t before = plain->len;
    uint8_t tag[SEAL_TAG];
    EVP_CIPHER_CTX *context;
    struct lk_view in;
    uint8_t *room;
    uint8_t last[SEAL_TAG];
    int len = 0;
    int error;

    if (sealed.len < LK_SEAL_OVERHEAD)
        return -LK_ERR_SIGNATURE;
    in = LK_VIEW(sealed.data + SEAL_SALT + SEAL_NONCE, sealed.len - LK_SEAL_OVERHEAD);
    for (size_t i = 0; i < SEAL_TAG; i++)
        tag[i] = in.data[in.len + i];
    room = lk_buf_reserve(plain, in.len);
    if (room == NULL && in.len > 0)
        return lk_buf_error(plain);
    context = EVP_CIPHER_CTX_new();
    error = context == NULL ? -LK_ERR_NOMEM : 0;
    if (error == 0)
        error = seal_run(crypto, context, key, sealed.data, false, associated, in, room);
    if (error == 0 && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, tag) != 1)
        error = lk_openssl_error(-LK_ERR_CRYPTO);
    if (error == 0 && EVP_CipherFinal_ex(context, last, &len) != 1)
        error = lk_openssl_error(-LK_ERR_SIGNATURE);
    EVP_CIPHER_CTX_free(context);
    if (error != 0) {
        if (room != NULL)
            lk_wipe(room, in.len);
        plain->len = before;
    }
    return error;
}
