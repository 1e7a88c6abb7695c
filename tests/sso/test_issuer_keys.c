/* SPDX-License-Identifier: EUPL-1.2 */
/* The folder of keys: what a rotation makes and removes, when a key is published and when it signs, and what is refused. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sso/issuer/settings.h"

enum { NOW = 1800000000, HOUR = 3600, DAY = 86400 };

static struct lk_crypto *crypto;
static struct lk_config config;
static struct lk_settings settings;

static int start(void **state)
{
    (void)state;
    return lk_crypto_start(&crypto);
}

static int stop(void **state)
{
    (void)state;
    crypto = lk_crypto_free(crypto);
    return 0;
}

static int folder_begin(void **state)
{
    (void)state;
    memset(&config, 0, sizeof(config));
    strcpy(config.gateway_keys, "/tmp/latchkey-keys-XXXXXX");
    return mkdtemp(config.gateway_keys) != NULL ? 0 : -1;
}

static void path_of(const char *name, char ret_path[400])
{
    snprintf(ret_path, 400, "%s/%s", config.gateway_keys, name);
}

static size_t list(char ret_names[16][64])
{
    DIR *dir = opendir(config.gateway_keys);
    const struct dirent *entry;
    size_t count = 0;

    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            snprintf(ret_names[count++], 64, "%.63s", entry->d_name);
    }
    closedir(dir);
    return count;
}

static int folder_end(void **state)
{
    char names[16][64];
    char path[400];

    (void)state;
    for (size_t count = list(names); count > 0; count--) {
        path_of(names[count - 1], path);
        unlink(path);
    }
    return rmdir(config.gateway_keys);
}

static int read_at(int64_t now)
{
    int error;

    memset(&settings, 0, sizeof(settings));
    settings.provider.crypto = crypto;
    error = lk_keys_read(crypto, config.gateway_keys, now, &settings);
    if (error != 0)
        lk_keys_clear(&settings);
    return error;
}

static void kid_at(int64_t now, char ret_kid[64])
{
    const struct lk_oidc_key *key = lk_oidc_key_signing(&settings.provider, LK_CONFIG_ES256, now);

    assert_non_null(key);
    snprintf(ret_kid, 64, "%s", lk_signing_key_kid(key->key));
}

static bool published(const char *kid, int64_t now)
{
    struct lk_buf body = LK_BUF_INIT(LK_SSO_DOCUMENT_MAX);
    bool found;

    assert_int_equal(lk_oidc_jwks(&settings.provider, now, &body), 0);
    found = memmem(body.data, body.len, kid, strlen(kid)) != NULL;
    lk_buf_clear(&body);
    return found;
}

static void first(void **state)
{
    char names[16][64];
    char path[400];
    struct stat status;
    const struct lk_oidc_key *rs256;

    (void)state;
    assert_int_equal(lk_keys_rotate(crypto, &config, NOW, LK_ROTATE_MISSING), 0);
    /* One to sign for each algorithm that discovery promises, and one to seal. */
    assert_int_equal(list(names), 3);
    for (size_t i = 0; i < 3; i++) {
        path_of(names[i], path);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0400);
    }
    /* Nothing is missing: nothing is made. */
    assert_int_equal(lk_keys_rotate(crypto, &config, NOW + 10 * DAY, LK_ROTATE_MISSING), 0);
    assert_int_equal(list(names), 3);
    assert_int_equal(read_at(NOW), 0);
    assert_int_equal(settings.provider.key_count, 2);
    assert_int_equal(settings.provider.seal_count, 1);
    rs256 = lk_oidc_key_signing(&settings.provider, LK_CONFIG_RS256, NOW);
    assert_non_null(rs256);
    assert_true(published(lk_signing_key_kid(rs256->key), NOW));
    lk_keys_clear(&settings);
}

/* Published for a day before it signs, and for a week after the next one does. */
static void rotation(void **state)
{
    const int64_t rotated = NOW + 30 * DAY;
    const int64_t takes_over = rotated + DAY + HOUR;
    char names[16][64];
    char old[64];
    char fresh[64];

    (void)state;
    assert_int_equal(lk_keys_rotate(crypto, &config, NOW, LK_ROTATE_MISSING), 0);
    assert_int_equal(lk_keys_rotate(crypto, &config, rotated, LK_ROTATE_NEXT), 0);
    assert_int_equal(read_at(rotated), 0);
    kid_at(rotated, old);
    kid_at(takes_over - 1, fresh);
    assert_string_equal(old, fresh);
    kid_at(takes_over, fresh);
    assert_string_not_equal(old, fresh);
    assert_true(published(fresh, rotated));
    assert_true(published(old, takes_over + 7 * DAY - 1));
    assert_false(published(old, takes_over + 7 * DAY));
    assert_true(published(fresh, takes_over + 700 * DAY));
    /* Two seals: the one of before still opens. */
    assert_int_equal(settings.provider.seal_count, 2);
    lk_keys_clear(&settings);
    /* Twice in a row makes no second one. */
    assert_int_equal(lk_keys_rotate(crypto, &config, rotated, LK_ROTATE_NEXT), 0);
    assert_int_equal(list(names), 6);
    /* Nor do many within the hour: the seals of before must stay as long as a page. */
    for (int i = 1; i < 8; i++)
        assert_int_equal(lk_keys_rotate(crypto, &config, rotated + i, LK_ROTATE_NEXT), 0);
    assert_int_equal(read_at(rotated + 8), 0);
    assert_int_equal(settings.provider.seal_count, 2);
    lk_keys_clear(&settings);
    /* The next time the old one is gone, and its id does not come back. */
    assert_int_equal(lk_keys_rotate(crypto, &config, rotated + 30 * DAY, LK_ROTATE_NEXT), 0);
    assert_int_equal(read_at(rotated + 30 * DAY), 0);
    assert_false(published(old, 0));
    assert_true(published(fresh, 0));
    assert_int_equal(settings.provider.key_count, 4);
    assert_int_equal(settings.provider.seal_count, 2);
    lk_keys_clear(&settings);
}

/* The newest seal whose time has come is the one that seals. */
static void seals(void **state)
{
    uint8_t now_seal[32];

    (void)state;
    assert_int_equal(lk_keys_rotate(crypto, &config, NOW, LK_ROTATE_MISSING), 0);
    assert_int_equal(lk_keys_rotate(crypto, &config, NOW + 2 * DAY, LK_ROTATE_NEXT), 0);
    assert_int_equal(read_at(NOW + 2 * DAY), 0);
    memcpy(now_seal, settings.provider.seals[0], 32);
    lk_keys_clear(&settings);
    /* A node whose clock is behind opens with both and seals with the old one. */
    assert_int_equal(read_at(NOW + DAY), 0);
    assert_memory_not_equal(settings.provider.seals[0], now_seal, 32);
    assert_memory_equal(settings.provider.seals[1], now_seal, 32);
    lk_keys_clear(&settings);
    assert_int_equal(read_at(NOW - 1), 0);
    assert_memory_equal(settings.provider.seals[1], now_seal, 32);
    lk_keys_clear(&settings);
}

/* Nothing of before is left, and the new keys are used at once. */
static void stolen(void **state)
{
    char names[16][64];
    char old[64];
    char fresh[64];
    uint8_t seal[32];

    (void)state;
    assert_int_equal(lk_keys_rotate(crypto, &config, NOW, LK_ROTATE_MISSING), 0);
    assert_int_equal(lk_keys_rotate(crypto, &config, NOW + DAY, LK_ROTATE_NEXT), 0);
    assert_int_equal(read_at(NOW + DAY), 0);
    kid_at(NOW + DAY, old);
    kid_at(NOW + 3 * DAY, fresh);
    memcpy(seal, settings.provider.seals[0], 32);
    lk_keys_clear(&settings);
    assert_int_equal(lk_keys_rotate(crypto, &config, NOW + 2 * DAY, LK_ROTATE_STOLEN), 0);
    assert_int_equal(list(names), 3);
    assert_int_equal(read_at(NOW + 2 * DAY), 0);
    assert_false(published(old, 0));
    assert_false(published(fresh, 0));
    assert_memory_not_equal(settings.provider.seals[0], seal, 32);
    kid_at(NOW + 2 * DAY, fresh);
    assert_true(published(fresh, NOW + 2 * DAY));
    lk_keys_clear(&settings);
}

static void put(const char *name, mode_t mode, const void *bytes, size_t len)
{
    char path[400];

    path_of(name, path);
    assert_int_equal(lk_file_replace(path, mode, LK_VIEW(bytes, len)), 0);
}

static void drop(const char *name)
{
    char path[400];

    path_of(name, path);
    assert_int_equal(unlink(path), 0);
}

static void refused(void **state)
{
    static const char *const bad_names[] = {"README",          "es256-.pem",
                                            "es256-x.pem",     "es256-01.pem",
                                            "es256-1.pem.old", "es384-1.pem",
                                            "seal-0.key",      "seal--1.key",
                                            "rs256-1.key",     "es256-99999999999999999999.pem"};
    struct lk_buf pem = LK_BUF_INIT(8192);
    const struct lk_file_rule rule = {.owner = geteuid()};
    char names[16][64];
    char path[400];
    char link[400];
    uint8_t bytes[33] = {1};

    (void)state;
    assert_int_equal(read_at(NOW), -LK_ERR_NOT_FOUND);
    assert_int_equal(lk_keys_rotate(crypto, &config, NOW, LK_ROTATE_MISSING), 0);
    put(".hidden", 0600, "x", 1);
    for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
        put(bad_names[i], 0400, "x", 1);
        assert_int_equal(read_at(NOW), -LK_ERR_UNEXPECTED);
        assert_int_equal(lk_keys_rotate(crypto, &config, NOW, LK_ROTATE_NEXT), -LK_ERR_UNEXPECTED);
        drop(bad_names[i]);
    }
    put("seal-5.key", 0400, bytes, 31);
    assert_int_equal(read_at(NOW), -LK_ERR_TRUNCATED);
    put("seal-5.key", 0400, bytes, 33);
    assert_int_equal(read_at(NOW), -LK_ERR_TOO_BIG);
    put("seal-5.key", 0440, bytes, 32);
    assert_int_equal(read_at(NOW), -LK_ERR_MODE);
    drop("seal-5.key");
    /* The same key twice: an id must never mean two times. */
    assert_int_equal(list(names), 3);
    for (size_t i = 0; i < 3; i++) {
        if (strncmp(names[i], "es256", 5) == 0)
            path_of(names[i], path);
    }
    assert_int_equal(lk_file_read(path, &rule, 8192, &pem), 0);
    put("es256-7.pem", 0400, pem.data, pem.len);
    assert_int_equal(read_at(NOW), -LK_ERR_DUPLICATE);
    drop("es256-7.pem");
    put("rs256-7.pem", 0400, pem.data, pem.len);
    assert_int_equal(read_at(NOW), -LK_ERR_ALGORITHM);
    drop("rs256-7.pem");
    lk_buf_clear(&pem);
    path_of("es256-9.pem", link);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(read_at(NOW), -LK_ERR_LINK);
    drop("es256-9.pem");
    assert_int_equal(read_at(NOW), 0);
    lk_keys_clear(&settings);
    drop(".hidden");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(rotation, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(seals, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(stolen, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(refused, folder_begin, folder_end),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
