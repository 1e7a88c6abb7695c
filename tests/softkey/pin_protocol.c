/* SPDX-License-Identifier: EUPL-1.2 */
/* PIN/UV auth protocol one and two (CTAP 2.1 sections 6.5.6 and 6.5.7). */
#include <string.h>

#include "crypto.h"
#include "pin.h"

/* HKDF-SHA-256 (RFC 5869) with a salt of 32 zero bytes and one block of output. */
static void lk_hkdf(const uint8_t input[32], const char *info, uint8_t ret_output[32])
{
    static const uint8_t salt[32];
    static const uint8_t one = 0x01;
    struct lk_part extract = {input, 32};
    struct lk_part expand[] = {{info, strlen(info)}, {&one, 1}};
    uint8_t middle[32];

    lk_mac_make(salt, sizeof(salt), &extract, 1, middle);
    lk_mac_make(middle, sizeof(middle), expand, 2, ret_output);
}

bool lk_pin_secret_make(const uint8_t private_key[32], unsigned protocol, const uint8_t x[32],
                        const uint8_t y[32], uint8_t ret_secret[64])
{
    uint8_t shared[32];
    struct lk_part part = {shared, sizeof(shared)};

    if (!lk_p256_shared_make(private_key, x, y, shared))
        return false;
    if (protocol == 1) {
        lk_digest_make(&part, 1, ret_secret);
        memcpy(ret_secret + 32, ret_secret, 32);
    } else {
        lk_hkdf(shared, "CTAP2 HMAC key", ret_secret);
        lk_hkdf(shared, "CTAP2 AES key", ret_secret + 32);
    }
    return true;
}

bool lk_pin_verify(const uint8_t mac_key[32], unsigned protocol, const struct lk_item *first,
                   const struct lk_item *second, const struct lk_item *signature)
{
    struct lk_part parts[2] = {{first->data, first->length}};
    uint8_t mac[LK_DIGEST_SIZE];

    if (second != NULL)
        parts[1] = (struct lk_part){second->data, second->length};
    lk_mac_make(mac_key, 32, parts, second != NULL ? 2 : 1, mac);
    return signature->length == (protocol == 1 ? 16 : 32) &&
           memcmp(mac, signature->data, signature->length) == 0;
}

size_t lk_pin_decrypt(const uint8_t secret[64], unsigned protocol, const struct lk_item *input,
                      uint8_t *ret_plain, size_t capacity)
{
    static const uint8_t zero_iv[16];
    const uint8_t *iv = zero_iv, *data = input->data;
    size_t length = input->length;

    if (protocol == 2) {
        if (length < 16)
            return 0;
        iv = data;
        data += 16;
        length -= 16;
    }
    if (length == 0 || length % 16 != 0 || length > capacity)
        return 0;
    lk_aes_cbc_run(false, secret + 32, iv, data, length, ret_plain);
    return length;
}

size_t lk_pin_encrypt(struct lk_softkey *key, const uint8_t secret[64], unsigned protocol,
                      const uint8_t *plain, size_t length, uint8_t *ret_output)
{
    static const uint8_t zero_iv[16];

    if (protocol == 1) {
        lk_aes_cbc_run(true, secret + 32, zero_iv, plain, length, ret_output);
        return length;
    }
    lk_state_random(&key->state, ret_output, 16);
    lk_aes_cbc_run(true, secret + 32, ret_output, plain, length, ret_output + 16);
    return 16 + length;
}
