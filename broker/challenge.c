/* SPDX-License-Identifier: EUPL-1.2 */
/* Challenges.
 *
 * The token: u8 version, u8 key id, u8 purpose, u64 epoch, u32 expiry minute, 16 bytes nonce (the second of expiry, 15 random), 16 bytes transaction, 32 bytes HMAC-SHA256 of all before.
 * Hostile input: the token comes back inside client data that a browser sent. It is believed only after its MAC was compared in
 * constant time; what is inside is compared with what the caller says. */
#include "broker/challenge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"

enum { KEY_SIZE = 32, KEYS_FILE_MAX = 512, TOKEN_SIGNED = LK_TOKEN_SIZE - 32, DAY = 86400 };
static const char keys_magic[8] LK_NONSTRING = {'L', 'K', 'C', 'H', 'A', 'L', '0', '1'};

struct challenge_key {
    uint8_t id;
    int64_t made;
    uint8_t key[KEY_SIZE];
};

struct lk_challenge_keys {
    char path[512];
    uint64_t epoch;
    size_t count;
    struct challenge_key keys[LK_CHALLENGE_KEYS]; /* newest first: it signs, all are accepted */
};

/* ---- hosts ---- */

int lk_broker_host_challenge(struct lk_broker *broker, const char *service, const char *name,
                             const char *tty, uint8_t ret_hash[32])
{
    struct lk_host_challenge challenge = {.time = lk_clock_now(broker->clock)};
    struct lk_buf buf = LK_BUF_INIT(2048);
    struct lk_view view;
    int error = lk_random_fill(broker->random, challenge.nonce, sizeof(challenge.nonce));

    (void)snprintf(challenge.organisation, sizeof(challenge.organisation), "%.64s",
                   broker->config.name);
    (void)snprintf(challenge.host, sizeof(challenge.host), "%s", broker->host);
    (void)snprintf(challenge.host_group, sizeof(challenge.host_group), "%.64s",
                   broker->config.host_group);
    (void)snprintf(challenge.service, sizeof(challenge.service), "%.64s", service);
    /* A name that no agent can have takes the same way as an unknown one. */
    (void)snprintf(challenge.name, sizeof(challenge.name), "%s",
                   lk_name_valid(name) ? name : "unknown");
    (void)snprintf(challenge.tty, sizeof(challenge.tty), "%.64s", tty);
    if (error == 0)
        error = lk_host_challenge_encode(&buf, &challenge);
    view = lk_buf_view(&buf);
    if (error == 0)
        error = lk_sha256(broker->crypto, &view, 1, ret_hash);
    lk_buf_clear(&buf);
    return error;
}

/* ---- keys of the tokens ---- */

static int keys_write(const struct lk_challenge_keys *keys)
{
    struct lk_buf buf;
    int error;

    lk_buf_init_secret(&buf, KEYS_FILE_MAX);
    lk_buf_put_bytes(&buf, keys_magic, sizeof(keys_magic));
    lk_buf_put_u64(&buf, keys->epoch);
    lk_buf_put_u8(&buf, (uint8_t)keys->count);
    for (size_t i = 0; i < keys->count; i++) {
        lk_buf_put_u8(&buf, keys->keys[i].id);
        lk_buf_put_u64(&buf, (uint64_t)keys->keys[i].made);
        lk_buf_put_bytes(&buf, keys->keys[i].key, KEY_SIZE);
    }
    error = lk_buf_error(&buf);
    if (error == 0)
        error = lk_file_replace(keys->path, 0600, lk_buf_view(&buf));
    lk_buf_clear(&buf);
    return error;
}

static int keys_parse(struct lk_view view, struct lk_challenge_keys *keys)
{
    char magic[sizeof(keys_magic)];
    uint8_t count;

    if (lk_view_get_bytes(&view, magic, sizeof(magic)) != 0 ||
        memcmp(magic, keys_magic, sizeof(magic)) != 0 ||
        lk_view_get_u64(&view, &keys->epoch) != 0 || lk_view_get_u8(&view, &count) != 0 ||
        count == 0 || count > LK_CHALLENGE_KEYS)
        return -LK_ERR_CORRUPT;
    for (size_t i = 0; i < count; i++) {
        uint64_t made;

        if (lk_view_get_u8(&view, &keys->keys[i].id) != 0 || lk_view_get_u64(&view, &made) != 0 ||
            made > INT64_MAX || lk_view_get_bytes(&view, keys->keys[i].key, KEY_SIZE) != 0)
            return -LK_ERR_CORRUPT;
        keys->keys[i].made = (int64_t)made;
    }
    keys->count = count;
    return lk_view_end(&view) == 0 ? 0 : -LK_ERR_CORRUPT;
}

/* A new key in front; the one before stays for the challenges that are open. */
static int keys_rotate(struct lk_broker *broker, struct lk_challenge_keys *keys)
{
    uint8_t id = keys->count > 0 ? (uint8_t)(keys->keys[0].id + 1) : 1;
    size_t kept = keys->count < 1 ? keys->count : 1;
    int error;

    memmove(&keys->keys[1], &keys->keys[0], kept * sizeof(keys->keys[0]));
    keys->keys[0].id = id;
    keys->keys[0].made = lk_clock_now(broker->clock);
    keys->count = kept + 1;
    error = lk_random_fill(broker->random, keys->keys[0].key, KEY_SIZE);
    return error != 0 ? error : keys_write(keys);
}

int lk_challenge_keys_open(struct lk_broker *broker, const char *folder,
                           struct lk_challenge_keys **ret_keys)
{
    struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 077};
    struct lk_challenge_keys *keys = calloc(1, sizeof(*keys));
    struct lk_buf buf;
    int64_t age;
    int error;

    if (keys == NULL)
        return -LK_ERR_NOMEM;
    (void)snprintf(keys->path, sizeof(keys->path), "%s/challenge.keys", folder);
    lk_buf_init_secret(&buf, KEYS_FILE_MAX);
    error = lk_file_read(keys->path, &rule, KEYS_FILE_MAX, &buf);
    if (error == 0)
        error = keys_parse(lk_buf_view(&buf), keys);
    else if (error == -LK_ERR_NOT_FOUND)
        error = lk_random_fill(broker->random, &keys->epoch, sizeof(keys->epoch));
    lk_buf_clear(&buf);
    age = keys->count > 0 ? lk_clock_now(broker->clock) - keys->keys[0].made : INT64_MAX;
    if (error == 0 && (age < 0 || age > (int64_t)LK_CHALLENGE_KEY_DAYS * DAY))
        error = keys_rotate(broker, keys);
    if (error != 0) {
        (void)lk_challenge_keys_free(keys);
        return error;
    }
    *ret_keys = keys;
    return 0;
}

struct lk_challenge_keys *lk_challenge_keys_free(struct lk_challenge_keys *keys)
{
    if (keys == NULL)
        return NULL;
    lk_wipe(keys, sizeof(*keys));
    free(keys);
    return NULL;
}

int lk_challenge_keys_new_epoch(struct lk_broker *broker)
{
    struct lk_challenge_keys *keys = broker->challenge_keys;

    if (keys == NULL)
        return 0;
    keys->epoch++;
    return keys_write(keys);
}

/* ---- tokens ---- */

static int token_mac(const struct lk_broker *broker, const struct challenge_key *key,
                     struct lk_view signed_part, uint8_t ret_mac[32])
{
    return lk_hmac_sha256(broker->crypto, LK_VIEW(key->key, KEY_SIZE), signed_part, ret_mac);
}

int lk_token_make(struct lk_broker *broker, enum lk_purpose purpose,
                  const uint8_t transaction[LK_TRANSACTION_SIZE], uint8_t ret_token[LK_TOKEN_SIZE])
{
    const struct lk_challenge_keys *keys = broker->challenge_keys;
    int64_t expiry = lk_clock_now(broker->clock) + LK_TOKEN_SECONDS;
    struct lk_buf buf = LK_BUF_INIT(LK_TOKEN_SIZE);
    uint8_t nonce[16];
    int error;

    if (keys == NULL || expiry < 0 || expiry / 60 > UINT32_MAX)
        return -LK_ERR_INTERNAL;
    error = lk_random_fill(broker->random, nonce, sizeof(nonce));
    /* The second within its minute: what is used at one time lies together in the store. */
    nonce[0] = (uint8_t)(expiry % 60);
    lk_buf_put_u8(&buf, LK_TOKEN_VERSION);
    lk_buf_put_u8(&buf, keys->keys[0].id);
    lk_buf_put_u8(&buf, (uint8_t)purpose);
    lk_buf_put_u64(&buf, keys->epoch);
    lk_buf_put_u32(&buf, (uint32_t)(expiry / 60));
    lk_buf_put_bytes(&buf, nonce, sizeof(nonce));
    lk_buf_put_bytes(&buf, transaction, LK_TRANSACTION_SIZE);
    if (error == 0)
        error = lk_buf_error(&buf);
    if (error == 0) {
        memcpy(ret_token, buf.data, TOKEN_SIGNED);
        error = token_mac(broker, &keys->keys[0], lk_buf_view(&buf), ret_token + TOKEN_SIGNED);
    }
    lk_buf_clear(&buf);
    return error;
}

static const struct challenge_key *key_find(const struct lk_challenge_keys *keys, uint8_t id)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->keys[i].id == id)
            return &keys->keys[i];
    }
    return NULL;
}

/* The MAC first: nothing else of the token is looked at before. */
static bool token_ours(const struct lk_broker *broker, struct lk_view token)
{
    const struct challenge_key *key;
    uint8_t mac[32];

    if (token.len != LK_TOKEN_SIZE || token.data[0] != LK_TOKEN_VERSION ||
        broker->challenge_keys == NULL)
        return false;
    key = key_find(broker->challenge_keys, token.data[1]);
    if (key == NULL || token_mac(broker, key, LK_VIEW(token.data, TOKEN_SIGNED), mac) != 0)
        return false;
    return lk_bytes_equal(mac, token.data + TOKEN_SIGNED, sizeof(mac));
}

enum lk_reason lk_token_check(struct lk_broker *broker, struct lk_view token,
                              enum lk_purpose purpose,
                              const uint8_t transaction[LK_TRANSACTION_SIZE],
                              uint8_t ret_nonce[LK_STORE_NONCE_SIZE])
{
    int64_t now = lk_clock_now(broker->clock);
    struct lk_view rest = token;
    struct lk_view head;
    uint8_t is_purpose;
    uint64_t epoch;
    uint32_t minute;
    uint8_t nonce[16];
    uint8_t is_transaction[LK_TRANSACTION_SIZE];

    if (!token_ours(broker, token) || lk_view_get_view(&rest, 2, &head) != 0 ||
        lk_view_get_u8(&rest, &is_purpose) != 0 || lk_view_get_u64(&rest, &epoch) != 0 ||
        lk_view_get_u32(&rest, &minute) != 0 ||
        lk_view_get_bytes(&rest, nonce, sizeof(nonce)) != 0 ||
        lk_view_get_bytes(&rest, is_transaction, sizeof(is_transaction)) != 0)
        return LK_REASON_CHALLENGE;
    if (is_purpose != purpose ||
        !lk_bytes_equal(is_transaction, transaction, sizeof(is_transaction)))
        return LK_REASON_CHALLENGE;
    /* A clock that was set back must not make old tokens last longer than they were meant to. */
    if (epoch != broker->challenge_keys->epoch || (int64_t)minute * 60 <= now ||
        (int64_t)minute * 60 > now + LK_TOKEN_SECONDS)
        return LK_REASON_EXPIRED_CHALLENGE;
    ret_nonce[0] = (uint8_t)(minute >> 24);
    ret_nonce[1] = (uint8_t)(minute >> 16);
    ret_nonce[2] = (uint8_t)(minute >> 8);
    ret_nonce[3] = (uint8_t)minute;
    memcpy(ret_nonce + 4, nonce, sizeof(nonce));
    return LK_REASON_NONE;
}

/* ---- seals ---- */

static int seal_mac(const struct lk_broker *broker, const struct challenge_key *key,
                    struct lk_view bytes, uint8_t ret_mac[32])
{
    struct lk_buf buf = LK_BUF_INIT(8192);
    int error;

    lk_buf_put_view(&buf, bytes);
    lk_buf_put_u64(&buf, broker->challenge_keys->epoch);
    error = lk_buf_error(&buf);
    if (error == 0)
        error = token_mac(broker, key, lk_buf_view(&buf), ret_mac);
    lk_buf_clear(&buf);
    return error;
}

int lk_challenge_seal(struct lk_broker *broker, struct lk_view bytes,
                      uint8_t ret_seal[LK_STORE_SEAL_SIZE])
{
    if (broker->challenge_keys == NULL)
        return -LK_ERR_INTERNAL;
    ret_seal[0] = broker->challenge_keys->keys[0].id;
    return seal_mac(broker, &broker->challenge_keys->keys[0], bytes, ret_seal + 1);
}

bool lk_challenge_sealed(struct lk_broker *broker, struct lk_view bytes,
                         const uint8_t seal[LK_STORE_SEAL_SIZE])
{
    const struct challenge_key *key =
        broker->challenge_keys != NULL ? key_find(broker->challenge_keys, seal[0]) : NULL;
    uint8_t mac[32];

    return key != NULL && seal_mac(broker, key, bytes, mac) == 0 &&
           lk_bytes_equal(mac, seal + 1, sizeof(mac));
}
