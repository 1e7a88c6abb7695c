/* SPDX-License-Identifier: EUPL-1.2 */
/* Processes, control channels and frames of the device tests. */
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fido.h>
#include <fido/es256.h>

#include "base/file.h"
#include "wire/wire.h"

const uint8_t test_hash[32] = "the hash that these tests sign.";

int64_t now_ms(void)
{
    return lk_clock_monotonic_ms(&lk_clock_system);
}

static void build_path(char *ret_path, size_t size, const char *below)
{
    const char *build = getenv("LK_BUILD_DIR");

    if (!build)
        fail_msg("LK_BUILD_DIR is not set: run through ctest");
    snprintf(ret_path, size, "%s/%s", build, below);
}

/* ---- processes ---- */

/* keep: a descriptor that the child gets as 3, or -1. ready: the child's stdout, or NULL. */
static pid_t process_start(char *const *arguments, int keep, int *ready)
{
    int output[2] = {-1, -1};
    pid_t pid = -1;

    if (ready)
        assert_int_equal(pipe(output), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (ready)
            dup2(output[1], 1);
        if (keep >= 0)
            dup2(keep, 3);
        close_range(keep >= 0 ? 4 : 3, ~0U, 0);
        execv(arguments[0], arguments);
        _exit(127);
    }
    if (ready) {
        close(output[1]);
        *ready = output[0];
    }
    return pid;
}

static void process_end(pid_t pid)
{
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

void harness_up(struct harness *harness, int pool, bool sandbox)
{
    char program[512];
    char keys[64];
    char number[16];
    char *arguments[] = {program,       (char[]){"--keys"}, keys,   (char[]){"--link"},
                         (char[]){"3"}, (char[]){"--pool"}, number, NULL};
    char *locked_in[] = {program,
                         (char[]){"--sandbox"},
                         (char[]){"--keys"},
                         keys,
                         (char[]){"--link"},
                         (char[]){"3"},
                         (char[]){"--pool"},
                         number,
                         NULL};
    struct lk_hello hello = {LK_PROTOCOL_VERSION, LK_PROTOCOL_VERSION, LK_SOCKET_OPENER};
    struct lk_buf out = LK_BUF_INIT(64);
    int ends[2];

    *harness = (struct harness){.link = -1};
    lk_buf_init(&harness->in, LK_FRAME_MAX);
    strcpy(harness->folder, "/tmp/lk-device-XXXXXX");
    assert_non_null(mkdtemp(harness->folder));
    build_path(program, sizeof(program), "tests/latchkey-test-opener");
    snprintf(keys, sizeof(keys), "%s", harness->folder);
    snprintf(number, sizeof(number), "%d", pool);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    harness->opener = process_start(sandbox ? locked_in : arguments, ends[1], NULL);
    close(ends[1]);
    harness->link = ends[0];
    assert_int_equal(lk_hello_encode(&out, &hello), 0);
    assert_int_equal(lk_frame_send(harness->link, lk_buf_view(&out)), 0);
    lk_buf_clear(&out);
    link_expect(harness, LK_MESSAGE_HELLO, 0);
}

void harness_down(struct harness *harness)
{
    char command[128];
    int status = 0;
    bool outlived = false;

    while (harness->key_count > 0)
        key_down(harness, harness->keys[0].name);
    lk_fd_close(&harness->link);
    if (harness->opener > 0) {
        /* It ends because its link closed, not because of a signal. */
        int64_t until = now_ms() + WAIT_MS;

        while (waitpid(harness->opener, &status, WNOHANG) == 0 && !outlived) {
            usleep(1000);
            outlived = now_ms() > until;
        }
        if (outlived)
            process_end(harness->opener);
    }
    lk_buf_clear(&harness->in);
    snprintf(command, sizeof(command), "rm -r %s", harness->folder);
    assert_int_equal(system(command), 0);
    assert_false(outlived);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- keys ---- */

void key_up(struct harness *harness, const char *name, ...)
{
    char program[512];
    char socket_path[100];
    char control_path[100];
    char *arguments[32] = {program, (char[]){"--socket"}, socket_path, (char[]){"--control"},
                           control_path};
    size_t count = 5;
    struct soft_key *key = &harness->keys[harness->key_count];
    char line[16] = {0};
    int ready = -1;
    va_list more;

    assert_true(harness->key_count < KEYS_MAX);
    va_start(more, name);
    /* clang-tidy 14 loses the va_start above behind the assertion. */
    while ((arguments[count] = va_arg(more, char *)) != /* NOLINT(clang-analyzer-valist.*) */ NULL)
        count++;
    va_end(more);
    build_path(program, sizeof(program), "tests/softkey/lk_softkey");
    snprintf(socket_path, sizeof(socket_path), "%s/%s.sock", harness->folder, name);
    snprintf(control_path, sizeof(control_path), "%s/%s.control", harness->folder, name);
    snprintf(key->name, sizeof(key->name), "%s", name);
    key->pid = process_start(arguments, -1, &ready);
    harness->key_count++;
    assert_true(read(ready, line, sizeof(line) - 1) > 0);
    assert_int_equal(strncmp(line, "ready", 5), 0);
    close(ready);
}

void key_down(struct harness *harness, const char *name)
{
    for (size_t i = 0; i < harness->key_count; i++) {
        if (strcmp(harness->keys[i].name, name) == 0) {
            process_end(harness->keys[i].pid);
            harness->keys[i] = harness->keys[--harness->key_count];
            return;
        }
    }
    fail_msg("no key %s", name);
}

const char *key_say(struct harness *harness, const char *name, const char *line)
{
    static char answer[8192];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t len = 0;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.control", harness->folder, name);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_true(dprintf(fd, "%s\n", line) > 0);
    while (len < sizeof(answer) - 1 && !memchr(answer, '\n', len)) {
        ssize_t got = read(fd, answer + len, sizeof(answer) - 1 - len);

        assert_true(got > 0);
        len += (size_t)got;
    }
    answer[len] = '\0';
    close(fd);
    if (strncmp(answer, "ok", 2) != 0)
        fail_msg("%s: %s", line, answer);
    return answer[2] == ' ' ? answer + 3 : answer + 2;
}

unsigned long key_counter(struct harness *harness, const char *name, const char *counter)
{
    char pattern[64];
    const char *found = NULL;

    snprintf(pattern, sizeof(pattern), "%s=", counter);
    found = strstr(key_say(harness, name, "counters"), pattern);
    assert_non_null(found);
    return strtoul(found + strlen(pattern), NULL, 10);
}

bool key_blinks(struct harness *harness, const char *name)
{
    return strncmp(key_say(harness, name, "blinking"), "yes", 3) == 0;
}

void key_wait_blinking(struct harness *harness, const char *name)
{
    int64_t until = now_ms() + WAIT_MS;

    while (!key_blinks(harness, name)) {
        assert_true(now_ms() < until);
        usleep(1000);
    }
}

/* ---- link ---- */

static void link_send(struct harness *harness, uint32_t ceremony,
                      int (*encode)(struct lk_buf *buf, uint32_t ceremony))
{
    struct lk_buf out = LK_BUF_INIT(64);

    assert_int_equal(encode(&out, ceremony), 0);
    assert_int_equal(lk_frame_send(harness->link, lk_buf_view(&out)), 0);
    lk_buf_clear(&out);
}

void link_start(struct harness *harness, uint32_t ceremony)
{
    link_send(harness, ceremony, lk_device_start_encode);
}

void link_stop(struct harness *harness, uint32_t ceremony)
{
    link_send(harness, ceremony, lk_device_stop_encode);
}

static struct lk_frame link_next(struct harness *harness, size_t *ret_size, int *ret_fd)
{
    struct lk_frame frame;
    int error = lk_frame_receive_fd(harness->link, &harness->in, WAIT_MS, &frame, ret_size, ret_fd);

    if (error)
        fail_msg("link: %s", lk_error_name(error));
    return frame;
}

void link_expect(struct harness *harness, enum lk_message type, uint32_t ceremony)
{
    size_t size = 0;
    int fd = -1;
    struct lk_frame frame = link_next(harness, &size, &fd);

    assert_int_equal(frame.type, type);
    if (type != LK_MESSAGE_HELLO)
        assert_int_equal(frame.request, ceremony);
    assert_int_equal(fd, -1);
    lk_buf_consume(&harness->in, size);
}

void link_expect_key(struct harness *harness, uint32_t ceremony, struct talker *ret_talker)
{
    struct lk_device_key key;
    size_t size = 0;
    int fd = -1;
    struct lk_frame frame = link_next(harness, &size, &fd);

    assert_int_equal(frame.type, LK_MESSAGE_DEVICE_KEY);
    assert_int_equal(frame.request, ceremony);
    assert_true(fd >= 0);
    assert_int_equal(lk_device_key_decode(frame.payload, &key), 0);
    *ret_talker = (struct talker){.control = fd, .number = key.key};
    memcpy(ret_talker->name, key.name, sizeof(key.name));
    lk_buf_init(&ret_talker->in, LK_FRAME_MAX);
    lk_buf_consume(&harness->in, size);
}

void link_expect_busy(struct harness *harness, uint32_t ceremony, char ret_detail[129])
{
    struct lk_device_busy busy;
    size_t size = 0;
    int fd = -1;
    struct lk_frame frame = link_next(harness, &size, &fd);

    assert_int_equal(frame.type, LK_MESSAGE_DEVICE_BUSY);
    assert_int_equal(frame.request, ceremony);
    assert_int_equal(lk_device_busy_decode(frame.payload, &busy), 0);
    memcpy(ret_detail, busy.detail, sizeof(busy.detail));
    lk_buf_consume(&harness->in, size);
}

void link_expect_quiet(struct harness *harness, int ms)
{
    struct pollfd item = {.fd = harness->link, .events = POLLIN};

    assert_int_equal(poll(&item, 1, ms), 0);
}

/* ---- talkers ---- */

void talker_assert(struct talker *talker, uint32_t flags, const struct lk_view *allow,
                   uint32_t count, uint32_t timeout_ms)
{
    struct lk_device_assert request = {
        .flags = flags, .timeout_ms = timeout_ms, .allow_count = count};
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);

    strcpy(request.relying_party, RELYING_PARTY);
    memcpy(request.client_data_hash, test_hash, sizeof(test_hash));
    for (uint32_t i = 0; i < count; i++)
        request.allow[i] = allow[i];
    assert_int_equal(lk_device_assert_encode(&out, 7, &request), 0);
    assert_int_equal(lk_frame_send(talker->control, lk_buf_view(&out)), 0);
    lk_buf_clear(&out);
}

void talker_create(struct talker *talker, const struct lk_device_create *create)
{
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);

    assert_int_equal(lk_device_create_encode(&out, 7, create), 0);
    assert_int_equal(lk_frame_send(talker->control, lk_buf_view(&out)), 0);
    lk_buf_clear(&out);
}

void talker_pin(struct talker *talker, const char *pin)
{
    struct lk_buf out;

    lk_buf_init_secret(&out, 256);
    assert_int_equal(lk_pin_encode(&out, 7, LK_VIEW((const uint8_t *)pin, strlen(pin))), 0);
    assert_int_equal(lk_frame_send(talker->control, lk_buf_view(&out)), 0);
    lk_buf_clear(&out);
}

void talker_cancel(struct talker *talker)
{
    struct lk_buf out = LK_BUF_INIT(64);

    assert_int_equal(lk_cancel_encode(&out, 7), 0);
    assert_int_equal(lk_frame_send(talker->control, lk_buf_view(&out)), 0);
    lk_buf_clear(&out);
}

struct lk_frame talker_next(struct talker *talker)
{
    struct lk_frame frame;
    size_t size = 0;
    int error = 0;

    lk_buf_reset(&talker->in); /* one frame is read at a time: nothing of the next stands there */
    error = lk_frame_receive(talker->control, &talker->in, WAIT_MS, &frame, &size);
    if (error)
        fail_msg("talker: %s", lk_error_name(error));
    assert_int_equal(size, talker->in.len);
    assert_int_equal(frame.request, 7);
    return frame;
}

/* Says what came instead: a reason tells more than a number of a message. */
static struct lk_frame talker_expect(struct talker *talker, enum lk_message type)
{
    struct lk_frame frame = talker_next(talker);
    struct lk_device_failed failed;

    if (frame.type == LK_MESSAGE_DEVICE_FAILED && frame.type != type &&
        lk_device_failed_decode(frame.payload, &failed) == 0)
        fail_msg("FAILED %s instead of message %u", lk_reason_name(failed.reason), type);
    assert_int_equal(frame.type, type);
    return frame;
}

void talker_expect_info(struct talker *talker)
{
    struct lk_frame frame = talker_expect(talker, LK_MESSAGE_DEVICE_INFO);

    assert_int_equal(lk_device_info_decode(frame.payload, &talker->info), 0);
}

void talker_expect_event(struct talker *talker, enum lk_event event)
{
    struct lk_frame frame = talker_expect(talker, LK_MESSAGE_EVENT);
    struct lk_event_message message;

    assert_int_equal(lk_event_decode(frame.payload, &message), 0);
    assert_int_equal(message.event, event);
}

struct lk_ask_pin talker_expect_ask(struct talker *talker)
{
    struct lk_frame frame = talker_expect(talker, LK_MESSAGE_ASK_PIN);
    struct lk_ask_pin ask;

    assert_int_equal(lk_ask_pin_decode(frame.payload, &ask), 0);
    return ask;
}

struct lk_device_assertion talker_expect_assertion(struct talker *talker)
{
    struct lk_frame frame = talker_expect(talker, LK_MESSAGE_DEVICE_ASSERTION);
    struct lk_device_assertion assertion;

    assert_int_equal(lk_device_assertion_decode(frame.payload, &assertion), 0);
    return assertion;
}

struct lk_view talker_expect_credential(struct talker *talker)
{
    struct lk_frame frame = talker_expect(talker, LK_MESSAGE_DEVICE_CREDENTIAL);
    struct lk_device_credential credential;

    assert_int_equal(lk_device_credential_decode(frame.payload, &credential), 0);
    return credential.attestation_object;
}

struct lk_device_failed talker_expect_failed(struct talker *talker, enum lk_reason reason)
{
    struct lk_frame frame = talker_expect(talker, LK_MESSAGE_DEVICE_FAILED);
    struct lk_device_failed failed;

    assert_int_equal(lk_device_failed_decode(frame.payload, &failed), 0);
    if (failed.reason != reason)
        fail_msg("%s instead of %s", lk_reason_name(failed.reason), lk_reason_name(reason));
    talker_expect_closed(talker);
    return failed;
}

void talker_expect_closed(struct talker *talker)
{
    struct pollfd item = {.fd = talker->control, .events = POLLIN};
    uint8_t byte = 0;

    assert_int_equal(poll(&item, 1, WAIT_MS), 1);
    /* A talker that dies with our bytes unread resets the connection. */
    assert_true(read(talker->control, &byte, 1) <= 0);
}

void talker_close(struct talker *talker)
{
    lk_fd_close(&talker->control);
    lk_buf_clear(&talker->in);
}

/* ---- credentials ---- */

void credential_make(struct harness *harness, uint32_t ceremony, struct credential *ret_credential)
{
    struct lk_device_create create = {.timeout_ms = WAIT_MS};
    struct lk_attestation_object object;
    struct lk_authenticator_data data;
    struct lk_cose_key key;
    struct talker talker;
    struct lk_view bytes;

    strcpy(create.relying_party, RELYING_PARTY);
    strcpy(create.user_name, "alice");
    memcpy(create.client_data_hash, test_hash, sizeof(test_hash));
    memset(create.user_id, 0xa1, sizeof(create.user_id));
    link_start(harness, ceremony);
    link_expect_key(harness, ceremony, &talker);
    talker_create(&talker, &create);
    talker_expect_info(&talker);
    bytes = talker_expect_credential(&talker);
    assert_int_equal(lk_attestation_object_decode(bytes, &object), 0);
    assert_int_equal(lk_authenticator_data_decode(object.authenticator_data, &data), 0);
    assert_int_equal(lk_cose_key_decode(data.public_key, &key), 0);
    memcpy(ret_credential->id, data.credential_id.data, data.credential_id.len);
    ret_credential->id_len = data.credential_id.len;
    memcpy(ret_credential->x, key.x, 32);
    memcpy(ret_credential->y, key.y, 32);
    talker_expect_closed(&talker);
    talker_close(&talker);
    link_stop(harness, ceremony);
}

bool credential_signed(const struct credential *credential,
                       const struct lk_device_assertion *assertion, bool verified)
{
    fido_assert_t *checked = fido_assert_new();
    es256_pk_t *key = es256_pk_new();
    uint8_t point[64];
    bool good = false;

    memcpy(point, credential->x, 32);
    memcpy(point + 32, credential->y, 32);
    good = assertion->credential_id.len == credential->id_len &&
           memcmp(assertion->credential_id.data, credential->id, credential->id_len) == 0 &&
           es256_pk_from_ptr(key, point, sizeof(point)) == FIDO_OK &&
           fido_assert_set_rp(checked, RELYING_PARTY) == FIDO_OK &&
           fido_assert_set_clientdata_hash(checked, test_hash, sizeof(test_hash)) == FIDO_OK &&
           fido_assert_set_count(checked, 1) == FIDO_OK &&
           fido_assert_set_up(checked, FIDO_OPT_TRUE) == FIDO_OK &&
           fido_assert_set_uv(checked, verified ? FIDO_OPT_TRUE : FIDO_OPT_OMIT) == FIDO_OK &&
           fido_assert_set_authdata_raw(checked, 0, assertion->authenticator_data.data,
                                        assertion->authenticator_data.len) == FIDO_OK &&
           fido_assert_set_sig(checked, 0, assertion->signature.data, assertion->signature.len) ==
               FIDO_OK &&
           fido_assert_verify(checked, 0, COSE_ES256, key) == FIDO_OK;
    es256_pk_free(&key);
    fido_assert_free(&checked);
    return good;
}
