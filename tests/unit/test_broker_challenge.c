/* SPDX-License-Identifier: EUPL-1.2 */
/* Tokens of the gateway under a clock of the test: how long they last, what each byte of them means, keys that are changed. */
#include "broker/challenge.h"

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

static char folder[64];
static int64_t now;
static struct lk_broker broker;
static const uint8_t transaction[LK_TRANSACTION_SIZE] = {7};

static int64_t test_now(void *context)
{
    (void)context;
    return now;
}

static int64_t test_monotonic(void *context)
{
    return test_now(context) * 1000;
}

static const struct lk_clock test_clock = {test_now, test_monotonic, NULL};

static void keys_reopen(void)
{
    broker.challenge_keys = lk_challenge_keys_free(broker.challenge_keys);
    assert_int_equal(lk_challenge_keys_open(&broker, folder, &broker.challenge_keys), 0);
}

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/lk-challenge-XXXXXX");
    assert_non_null(mkdtemp(folder));
    now = 1795000000;
    memset(&broker, 0, sizeof(broker));
    broker.clock = &test_clock;
    broker.random = &lk_random_system;
    strcpy(broker.config.name, "example");
    strcpy(broker.config.host_group, "all");
    strcpy(broker.host, "desk1");
    assert_int_equal(lk_crypto_start(&broker.crypto), 0);
    keys_reopen();
    return 0;
}

static void keys_path(char *ret_path, size_t size)
{
    snprintf(ret_path, size, "%s/challenge.keys", folder);
}

static int end(void **state)
{
    char path[128];

    (void)state;
    broker.challenge_keys = lk_challenge_keys_free(broker.challenge_keys);
    broker.crypto = lk_crypto_free(broker.crypto);
    keys_path(path, sizeof(path));
    (void)unlink(path);
    return rmdir(folder);
}

static enum lk_reason check(const uint8_t token[LK_TOKEN_SIZE])
{
    uint8_t nonce[LK_STORE_NONCE_SIZE];

    return lk_token_check(&broker, LK_VIEW(token, LK_TOKEN_SIZE), LK_PURPOSE_LOGIN, transaction,
                          nonce);
}

static void make(uint8_t token[LK_TOKEN_SIZE])
{
    assert_int_equal(lk_token_make(&broker, LK_PURPOSE_LOGIN, transaction, token), 0);
}

/* At most five minutes, at least four: the expiry is a whole minute, because the nonce index is kept by minutes. */
static void life(void **state)
{
    (void)state;
    for (int64_t start = 1795000000; start < 1795000060; start++) {
        uint8_t token[LK_TOKEN_SIZE];
        int64_t lasted = 0;

        now = start;
        make(token);
        while (check(token) == LK_REASON_NONE) {
            lasted++;
            now++;
        }
        assert_int_equal(check(token), LK_REASON_EXPIRED_CHALLENGE);
        assert_in_range(lasted, LK_TOKEN_SECONDS - 60, LK_TOKEN_SECONDS);
        /* set back by an hour: a token of the future is none */
        now = start - 3600;
        assert_int_equal(check(token), LK_REASON_EXPIRED_CHALLENGE);
    }
}

static void every_bit(void **state)
{
    uint8_t token[LK_TOKEN_SIZE];
    uint8_t nonce[LK_STORE_NONCE_SIZE];
    uint8_t other[LK_TRANSACTION_SIZE] = {8};

    (void)state;
    make(token);
    assert_int_equal(check(token), LK_REASON_NONE);
    for (size_t bit = 0; bit < LK_TOKEN_SIZE * 8; bit++) {
        token[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(check(token), LK_REASON_CHALLENGE);
        token[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(lk_token_check(&broker, LK_VIEW(token, LK_TOKEN_SIZE - 1), LK_PURPOSE_LOGIN,
                                    transaction, nonce),
                     LK_REASON_CHALLENGE);
    assert_int_equal(
        lk_token_check(&broker, LK_VIEW(token, 0), LK_PURPOSE_LOGIN, transaction, nonce),
        LK_REASON_CHALLENGE);
    assert_int_equal(
        lk_token_check(&broker, LK_VIEW(token, LK_TOKEN_SIZE), LK_PURPOSE_LOGIN, other, nonce),
        LK_REASON_CHALLENGE);
    assert_int_equal(lk_token_check(&broker, LK_VIEW(token, LK_TOKEN_SIZE), (enum lk_purpose)2,
                                    transaction, nonce),
                     LK_REASON_CHALLENGE);
    /* the nonce begins with the expiry minute */
    assert_int_equal(lk_token_check(&broker, LK_VIEW(token, LK_TOKEN_SIZE), LK_PURPOSE_LOGIN,
                                    transaction, nonce),
                     LK_REASON_NONE);
    assert_memory_equal(nonce, token + 11, LK_STORE_NONCE_SIZE);
}

static void keys_of_the_file(void **state)
{
    uint8_t token[LK_TOKEN_SIZE];
    uint8_t later[LK_TOKEN_SIZE];

    (void)state;
    make(token);
    keys_reopen();
    assert_int_equal(check(token), LK_REASON_NONE);
    /* another store: another epoch, also after a restart */
    assert_int_equal(lk_challenge_keys_new_epoch(&broker), 0);
    assert_int_equal(check(token), LK_REASON_EXPIRED_CHALLENGE);
    keys_reopen();
    assert_int_equal(check(token), LK_REASON_EXPIRED_CHALLENGE);
    /* a week later a new key signs, and the one before is still known */
    now += 8 * 86400 - 10;
    make(token);
    now += 10;
    keys_reopen();
    make(later);
    assert_int_not_equal(token[1], later[1]);
    assert_int_equal(check(token), LK_REASON_NONE);
    assert_int_equal(check(later), LK_REASON_NONE);
    /* and is gone when another week has passed */
    now += 8 * 86400;
    keys_reopen();
    make(token);
    now += 8 * 86400;
    keys_reopen();
    assert_int_equal(check(later), LK_REASON_CHALLENGE);
}

static void bad_file(void **state)
{
    char path[128];
    struct lk_challenge_keys *keys = NULL;
    int fd;

    (void)state;
    keys_path(path, sizeof(path));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(lk_challenge_keys_open(&broker, folder, &keys), -LK_ERR_MODE);
    assert_int_equal(chmod(path, 0600), 0);
    fd = open(path, O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    assert_int_equal(lk_challenge_keys_open(&broker, folder, &keys), -LK_ERR_CORRUPT);
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(lk_challenge_keys_open(&broker, folder, &keys), -LK_ERR_CORRUPT);
    assert_null(keys);
    assert_int_equal(unlink(path), 0);
    keys_reopen();
}

/* No two are the same, and what is bound in changes them. The form itself is judged by the codec's tests. */
static void host(void **state)
{
    uint8_t first[32];
    uint8_t second[32];

    (void)state;
    assert_int_equal(lk_broker_host_challenge(&broker, "sudo", "alice", "tty1", first), 0);
    assert_int_equal(lk_broker_host_challenge(&broker, "sudo", "alice", "tty1", second), 0);
    assert_memory_not_equal(first, second, 32);
    assert_int_equal(lk_broker_host_challenge(&broker, "sudo", "Not a name", "", second), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(life),     cmocka_unit_test(every_bit), cmocka_unit_test(keys_of_the_file),
        cmocka_unit_test(bad_file), cmocka_unit_test(host),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
