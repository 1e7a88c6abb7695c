/* SPDX-License-Identifier: EUPL-1.2 */
/* A key made of fixed bytes, for libfido2 to talk to once before the filter is loaded: it opens it and asks for an assertion with a PIN, so that key agreement, hashes,
 * ciphers and random numbers of libcrypto are loaded, fetched and configured. Nothing secret passes: the "key agreement key" is the curve's base point. */
#include <string.h>

#include "device/talker/talker.h"

enum { LK_WARM_INIT_DATA = LK_REPORT_SIZE - 7, LK_WARM_CONT_DATA = LK_REPORT_SIZE - 5 };

/* CTAP 2.1 section 11.2.9.1.3: nonce (filled in), channel, version, device version, capability CBOR without MSG. */
static const uint8_t lk_warm_init[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 2, 0, 0, 0, 0x0c};
/* {1: ["FIDO_2_1"], 3: h'00..', 4: {"clientPin": true, "pinUvAuthToken": true}, 6: [protocol]} */
static const uint8_t lk_warm_info[] = {
    0,    0xa4, 0x01, 0x81, 0x68, 'F', 'I', 'D', 'O', '_', '2', '_',  '1',  0x03, 0x50, 0,
    0,    0,    0,    0,    0,    0,   0,   0,   0,   0,   0,   0,    0,    0,    0,    0x04,
    0xa2, 0x69, 'c',  'l',  'i',  'e', 'n', 't', 'P', 'i', 'n', 0xf5, 0x6e, 'p',  'i',  'n',
    'U',  'v',  'A',  'u',  't',  'h', 'T', 'o', 'k', 'e', 'n', 0xf5, 0x06, 0x81, 2};
/* {1: {1: 2, 3: -25, -1: 1, -2: x, -3: y}}: the base point of P-256 (SP 800-186 section 3.2.1.3). */
static const uint8_t lk_warm_agreement[] = {
    0,    0xa1, 0x01, 0xa5, 0x01, 0x02, 0x03, 0x38, 0x18, 0x20, 0x01, 0x21, 0x58, 0x20,
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4,
    0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45,
    0xd8, 0x98, 0xc2, 0x96, 0x22, 0x58, 0x20, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f,
    0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b,
    0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};
/* {2: h'00..'}: 48 bytes decrypt to a token with protocol 2 (the first 16 are the initialisation vector), and to three blocks with 1. */
static const uint8_t lk_warm_token[5 + 48] = {0, 0xa1, 0x02, 0x58, 48};
static const uint8_t lk_warm_no_credentials[] = {FIDO_ERR_NO_CREDENTIALS};

static const struct {
    const uint8_t *data;
    size_t len;
} lk_warm_answers[] = {
    {lk_warm_init, sizeof(lk_warm_init)},
    {lk_warm_info, sizeof(lk_warm_info)},
    {lk_warm_agreement, sizeof(lk_warm_agreement)},
    {lk_warm_token, sizeof(lk_warm_token)},
    {lk_warm_no_credentials, sizeof(lk_warm_no_credentials)},
};
enum { LK_WARM_ANSWERS = sizeof(lk_warm_answers) / sizeof(lk_warm_answers[0]) };

struct lk_warm_key {
    uint8_t protocol;
    size_t begun;    /* requests seen */
    uint8_t head[5]; /* channel and command of the last one */
    uint8_t nonce[8];
    size_t sent; /* bytes of the answer to it */
    uint8_t sequence;
};
static struct lk_warm_key lk_warm_current;

static void *lk_warm_open(const char *path)
{
    (void)path;
    return &lk_warm_current;
}

static void lk_warm_close(void *handle)
{
    (void)handle;
}

static int lk_warm_write(void *handle, const unsigned char *data, size_t size)
{
    struct lk_warm_key *key = handle;

    if (size != LK_REPORT_SIZE + 1)
        return -1;
    if (data[5] & 0x80) {
        key->begun++;
        key->sent = 0;
        key->sequence = 0;
        memcpy(key->head, data + 1, sizeof(key->head));
        if (key->begun == 1)
            memcpy(key->nonce, data + 8, sizeof(key->nonce));
    }
    return (int)size;
}

static int lk_warm_read(void *handle, unsigned char *data, size_t size, int limit)
{
    struct lk_warm_key *key = handle;
    uint8_t answer[128];
    size_t len = 0;
    size_t head = 7;
    size_t taken = 0;

    (void)limit;
    if (size != LK_REPORT_SIZE || key->begun == 0 || key->begun > LK_WARM_ANSWERS)
        return -1;
    len = lk_warm_answers[key->begun - 1].len;
    memcpy(answer, lk_warm_answers[key->begun - 1].data, len);
    if (key->begun == 1)
        memcpy(answer, key->nonce, sizeof(key->nonce));
    else if (key->begun == 2)
        answer[len - 1] = key->protocol;
    memset(data, 0, size);
    memcpy(data, key->head, sizeof(key->head));
    if (key->sent == 0) {
        data[6] = (uint8_t)len;
    } else {
        head = 5;
        data[4] = key->sequence++;
    }
    taken = len - key->sent < size - head ? len - key->sent : size - head;
    memcpy(data + head, answer + key->sent, taken);
    key->sent += taken;
    return (int)size;
}

static void lk_warm_once(uint8_t protocol)
{
    static const fido_dev_io_t functions = {lk_warm_open, lk_warm_close, lk_warm_read,
                                            lk_warm_write};
    static const uint8_t hash[32] = {0};
    fido_dev_t *device = fido_dev_new();
    fido_assert_t *assertion = fido_assert_new();

    lk_warm_current = (struct lk_warm_key){.protocol = protocol};
    if (device && assertion && fido_dev_set_io_functions(device, &functions) == FIDO_OK &&
        fido_assert_set_rp(assertion, "warm") == FIDO_OK &&
        fido_assert_set_clientdata_hash(assertion, hash, sizeof(hash)) == FIDO_OK &&
        fido_dev_open(device, "warm") == FIDO_OK) {
        (void)fido_dev_get_assert(device, assertion, "0000");
        (void)fido_dev_close(device);
    }
    fido_assert_free(&assertion);
    fido_dev_free(&device);
}

void lk_talker_warm(void)
{
    lk_warm_once(1);
    lk_warm_once(2);
}
