/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkeyd --self-test: would this binary start here? An upgrade asks it before the old process is told to leave, so it must change nothing: the store is
 * looked at through its file's header only, never opened for writing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/random.h"
#include "broker/launcher.h"
#include "broker/run.h"
#include "sandbox/sandbox.h"

static bool result(const char *what, bool good, const char *detail)
{
    (void)printf("%-10s %s%s%s\n", what, good ? "ok" : "FAILED", detail[0] != '\0' ? ": " : "",
                 detail);
    return good;
}

/* The known answer of FIPS 180-4 for "abc". */
static bool test_crypto(void)
{
    static const uint8_t wanted[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                       0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                       0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                       0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    const struct lk_view text = LK_VIEW((const uint8_t *)"abc", 3);
    struct lk_crypto *crypto = NULL;
    uint8_t digest[32];
    int error = lk_crypto_start(&crypto);

    if (error == 0)
        error = lk_sha256(crypto, &text, 1, digest);
    crypto = lk_crypto_free(crypto);
    return result("crypto", error == 0 && memcmp(digest, wanted, sizeof(digest)) == 0,
                  error != 0 ? lk_error_text(error) : "");
}

/* In a child, because there is no way back: the filter loads, what the broker needs works under it, what it must not do is stopped. */
static bool test_sandbox(void)
{
    int status = 0;
    pid_t pid;

    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        uint8_t byte;

        if (lk_sandbox_enter(&lk_sandbox_broker) != 0 ||
            lk_random_fill(&lk_random_system, &byte, 1) != 0)
            _exit(EXIT_FAILURE);
        _exit(EXIT_SUCCESS);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return result("sandbox", false, "no process could be made");
    return result("sandbox", WIFEXITED(status) && WEXITSTATUS(status) == 0, "");
}

static bool test_store(const struct lk_config *config)
{
    int error = lk_store_sqlite_probe(config->state);

    if (error == -LK_ERR_NOT_FOUND)
        return result("store", true, "none yet, it will be made");
    return result("store", error == 0, error != 0 ? lk_error_text(error) : "");
}

static bool test_operators(const struct lk_config *config)
{
    struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 022};
    struct lk_buf chain = LK_BUF_INIT(1 << 20);
    struct lk_operator_set *set = NULL;
    struct lk_crypto *crypto = NULL;
    struct lk_digest digest;
    enum lk_reason reason = LK_REASON_NONE;
    int error = lk_file_read(config->operators, &rule, 1 << 20, &chain);

    if (error == -LK_ERR_NOT_FOUND)
        return result("operators", true, "none yet");
    if (error == 0)
        error = lk_crypto_start(&crypto);
    if (error == 0)
        error = lk_operator_chain_verify(crypto, lk_buf_view(&chain), &set, &digest, &reason);
    set = lk_operator_set_free(set);
    crypto = lk_crypto_free(crypto);
    lk_buf_clear(&chain);
    if (error != 0)
        return result("operators", false, lk_error_text(error));
    return result("operators", reason == LK_REASON_NONE,
                  reason != LK_REASON_NONE ? lk_reason_text(reason) : "");
}

int lk_self_test(const char *path)
{
    struct lk_config config = {0};
    char message[LK_CONFIG_MESSAGE_SIZE] = "";
    bool good = test_crypto();

    good = test_sandbox() && good;
    if (lk_config_read(path, &config, message, sizeof(message)) != 0) {
        (void)result("config", false, message);
        return EXIT_FAILURE;
    }
    (void)result("config", true, path);
    good = test_operators(&config) && good;
    good = test_store(&config) && good;
    lk_config_clear(&config);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
