/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Control commands and their socket. Whoever may connect may do everything to this key: the socket
 * has mode 0600. A line has at most LK_LINE_MAX bytes; a longer one closes the connection.
 */
#include "control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "credential.h"
#include "ctap.h"
#include "ctaphid.h"
#include "loop.h"
#include "pin.h"

#define LK_LINE_MAX  512
#define LK_REPLY_MAX 32768

static bool lk_number_parse(const char *text, uint64_t *ret_number)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *ret_number = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' && *ret_number <= 86400000;
}

static bool lk_set_touch(struct lk_softkey *key, const char *value)
{
    if (strcmp(value, "auto") == 0)
        key->touch = LK_TOUCH_AUTO;
    else if (strcmp(value, "deny") == 0)
        key->touch = LK_TOUCH_DENY;
    else if (strcmp(value, "wait") == 0)
        key->touch = LK_TOUCH_WAIT;
    else if (strncmp(value, "delay ", 6) == 0 && lk_number_parse(value + 6, &key->touch_delay_ms))
        key->touch = LK_TOUCH_DELAY;
    else
        return false;
    return true;
}

static bool lk_set_uv(struct lk_softkey *key, const char *value)
{
    if (strcmp(value, "off") == 0)
        key->uv = LK_UV_OFF;
    else if (strcmp(value, "on") == 0)
        key->uv = LK_UV_ON;
    else if (strcmp(value, "fail") == 0)
        key->uv = LK_UV_FAIL;
    else
        return false;
    return true;
}

static bool lk_set_pin(struct lk_softkey *key, const char *value)
{
    uint64_t retries;

    if (strncmp(value, "set ", 4) == 0) {
        if (!lk_pin_set(key, (const uint8_t *)value + 4, strlen(value + 4)))
            return false;
    } else if (strcmp(value, "clear") == 0) {
        key->state.pin_set = false;
        key->state.pin_retries = LK_PIN_RETRIES;
        key->wrong_pins_in_a_row = 0;
    } else if (strncmp(value, "retries ", 8) == 0 && lk_number_parse(value + 8, &retries) &&
               retries <= LK_PIN_RETRIES) {
        key->state.pin_retries = (unsigned)retries;
    } else {
        return false;
    }
    return lk_state_save(&key->state);
}

static bool lk_set_slow(struct lk_softkey *key, const char *value)
{
    return lk_number_parse(value, &key->slow_ms);
}

static bool lk_set_misbehaviour(struct lk_softkey *key, const char *value)
{
    return lk_misbehaviour_parse(value, &key->misbehaviour);
}

bool lk_control_set(struct lk_softkey *key, const char *name, const char *value)
{
    static const struct {
        const char *name;
        bool (*set)(struct lk_softkey *key, const char *value);
    } settings[] = {
        {"touch", lk_set_touch},
        {"uv", lk_set_uv},
        {"pin", lk_set_pin},
        {"slow", lk_set_slow},
        {"misbehave", lk_set_misbehaviour},
    };

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (strcmp(name, settings[i].name) == 0)
            return settings[i].set(key, value);
    }
    return false;
}

struct lk_reply {
    char *text;
    size_t size;
    size_t length;
};

static void __attribute__((format(printf, 2, 3)))
lk_reply_add(struct lk_reply *reply, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(reply->text + reply->length, reply->size - reply->length, format, arguments);
    va_end(arguments);
    if (length > 0)
        reply->length += (size_t)length;
    if (reply->length >= reply->size)
        reply->length = reply->size - 1;
}

static void lk_reply_add_hex(struct lk_reply *reply, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        lk_reply_add(reply, "%02x", bytes[i]);
}

static void lk_control_counters(const struct lk_softkey *key, struct lk_reply *reply)
{
    const struct lk_counters *c = &key->counters;
    const struct {
        const char *name;
        uint64_t value;
    } fields[] = {
        {"get-info", c->get_info},
        {"make-credential", c->make_credential},
        {"get-assertion", c->get_assertion},
        {"get-next-assertion", c->get_next_assertion},
        {"client-pin", c->client_pin},
        {"reset", c->reset},
        {"selection", c->selection},
        {"unknown", c->unknown},
        {"inits", c->inits},
        {"pings", c->pings},
        {"touches", c->touches},
        {"opens", c->opens},
        {"cancels", c->cancels},
        {"keepalives", c->keepalives},
        {"wrong-pins", c->wrong_pins},
    };

    lk_reply_add(reply, "ok");
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        lk_reply_add(reply, " %s=%" PRIu64, fields[i].name, fields[i].value);
    lk_reply_add(reply, "\n");
}

static void lk_control_credentials(const struct lk_softkey *key, struct lk_reply *reply)
{
    lk_reply_add(reply, "ok count=%zu\n", key->state.resident_count);
    for (size_t i = 0; i < key->state.resident_count; i++) {
        const struct lk_resident *resident = &key->state.resident[i];

        lk_reply_add(reply, "credential rp=%s id=", resident->rp_id);
        lk_reply_add_hex(reply, resident->id, sizeof(resident->id));
        lk_reply_add(reply, " user=");
        lk_reply_add_hex(reply, resident->user_id, resident->user_id_length);
        lk_reply_add(reply, " alg=-%u protect=%u name=%s\n", resident->id[0], resident->id[1],
                     resident->name);
    }
}

/* What another software key needs to be this one for a relying party: the virtual authenticator of a browser, for one. */
static bool lk_control_export(const struct lk_softkey *key, const char *rp_id,
                              struct lk_reply *reply)
{
    struct lk_part part = {rp_id, strlen(rp_id)};
    uint8_t rp_id_hash[LK_DIGEST_SIZE], pkcs8[LK_PKCS8_MAX];
    struct lk_credential credential;
    size_t found = 0;

    lk_digest_make(&part, 1, rp_id_hash);
    for (size_t i = 0; i < key->state.resident_count; i++) {
        const struct lk_resident *resident = &key->state.resident[i];

        if (strcmp(resident->rp_id, rp_id) != 0 ||
            !lk_credential_open(key, rp_id_hash, resident->id, sizeof(resident->id), &credential) ||
            credential.algorithm != LK_ALG_ES256)
            continue;
        lk_reply_add(reply, "%sexported rp=%s id=", found++ == 0 ? "ok\n" : "", rp_id);
        lk_reply_add_hex(reply, credential.id, sizeof(credential.id));
        lk_reply_add(reply, " user=");
        lk_reply_add_hex(reply, resident->user_id, resident->user_id_length);
        lk_reply_add(reply, " counter=%u private=", key->state.sign_count);
        lk_reply_add_hex(reply, pkcs8, lk_p256_export(credential.private_key, pkcs8));
        lk_reply_add(reply, "\n");
    }
    return found > 0;
}

static void lk_control_status(const struct lk_ctaphid *hid, struct lk_reply *reply)
{
    static const char *const touches[] = {"auto", "deny", "delay", "wait"};
    static const char *const uvs[] = {"off", "on", "fail"};
    const struct lk_softkey *key = hid->key;
    char names[512];

    lk_misbehaviour_print(&key->misbehaviour, names, sizeof(names));
    lk_reply_add(reply,
                 "ok plugged=%s busy=%s blinking=%s touch=%s uv=%s pin=%s retries=%u"
                 " counter=%u credentials=%zu misbehave=%s\n",
                 key->plugged ? "yes" : "no", hid->running ? "yes" : "no",
                 key->phase == LK_PHASE_TOUCH ? "yes" : "no", touches[key->touch], uvs[key->uv],
                 key->state.pin_set ? "set" : "none", key->state.pin_retries, key->state.sign_count,
                 key->state.resident_count, names);
}

/* The commands that set nothing. */
static bool lk_control_word(struct lk_loop *loop, struct lk_ctaphid *hid, const char *line,
                            struct lk_reply *reply)
{
    struct lk_softkey *key = hid->key;

    if (strcmp(line, "unplug") == 0) {
        lk_ctaphid_unplug(hid);
        lk_reply_add(reply, "ok\n");
    } else if (strcmp(line, "plug") == 0) {
        lk_ctaphid_plug(hid);
        lk_reply_add(reply, "ok\n");
    } else if (strcmp(line, "touch now") == 0) {
        bool blinking = key->phase == LK_PHASE_TOUCH;

        lk_ctap_touch(key);
        lk_reply_add(reply, blinking ? "ok\n" : "error the key is not waiting for a touch\n");
    } else if (strcmp(line, "blinking") == 0) {
        lk_reply_add(reply, "ok %s\n", key->phase == LK_PHASE_TOUCH ? "yes" : "no");
    } else if (strcmp(line, "counters") == 0) {
        lk_control_counters(key, reply);
    } else if (strcmp(line, "counters reset") == 0) {
        memset(&key->counters, 0, sizeof(key->counters));
        lk_reply_add(reply, "ok\n");
    } else if (strcmp(line, "status") == 0) {
        lk_control_status(hid, reply);
    } else if (strcmp(line, "dump-credentials") == 0) {
        lk_control_credentials(key, reply);
    } else if (strncmp(line, "export ", 7) == 0) {
        if (!lk_control_export(key, line + 7, reply))
            lk_reply_add(reply, "error no discoverable ES256 credential of that relying party\n");
    } else if (strcmp(line, "shutdown") == 0) {
        loop->stopped = true;
        lk_reply_add(reply, "ok\n");
    } else {
        return false;
    }
    return true;
}

void lk_control_run(struct lk_loop *loop, struct lk_ctaphid *hid, const char *line, char *ret_reply,
                    size_t size)
{
    struct lk_reply reply = {ret_reply, size, 0};
    const char *space = strchr(line, ' ');
    char name[32];

    if (lk_control_word(loop, hid, line, &reply))
        return;
    if (space != NULL && (size_t)(space - line) < sizeof(name)) {
        snprintf(name, sizeof(name), "%.*s", (int)(space - line), line);
        if (lk_control_set(hid->key, name, space + 1)) {
            lk_ctaphid_release(hid);
            lk_reply_add(&reply, "ok\n");
            return;
        }
    }
    lk_reply_add(&reply, "error unknown command or bad value\n");
}

struct lk_control {
    struct lk_loop *loop;
    struct lk_ctaphid *hid;
};

struct lk_control_client {
    struct lk_control *control;
    size_t length;
    char line[LK_LINE_MAX];
};

static void lk_client_close(struct lk_control_client *client, int fd)
{
    lk_loop_unwatch(client->control->loop, fd);
    close(fd);
    free(client);
}

static void lk_client_answer(struct lk_control_client *client, int fd)
{
    static char reply[LK_REPLY_MAX];
    struct lk_control *control = client->control;

    lk_control_run(control->loop, control->hid, client->line, reply, sizeof(reply));
    (void)send(fd, reply, strlen(reply), MSG_NOSIGNAL);
}

static void lk_client_read(void *context, int fd, short events)
{
    struct lk_control_client *client = context;
    ssize_t got = recv(fd, client->line + client->length, sizeof(client->line) - client->length,
                       MSG_DONTWAIT);
    char *end;

    (void)events;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        lk_client_close(client, fd);
        return;
    }
    client->length += (size_t)got;
    while ((end = memchr(client->line, '\n', client->length)) != NULL) {
        size_t used = (size_t)(end - client->line) + 1;

        *end = '\0';
        lk_client_answer(client, fd);
        memmove(client->line, client->line + used, client->length - used);
        client->length -= used;
    }
    if (client->length == sizeof(client->line))
        lk_client_close(client, fd);
}

static void lk_control_accept(void *context, int fd, short events)
{
    struct lk_control *control = context;
    struct lk_control_client *client;
    int handle = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    (void)events;
    if (handle < 0)
        return;
    client = calloc(1, sizeof(*client));
    if (client == NULL || !lk_loop_watch(control->loop, handle, lk_client_read, client)) {
        free(client);
        close(handle);
        return;
    }
    client->control = control;
}

bool lk_control_open(struct lk_loop *loop, struct lk_ctaphid *hid, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct lk_control *control = calloc(1, sizeof(*control));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (control == NULL || fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
        fprintf(stderr, "lk_softkey: %s: no control socket\n", path);
        goto failed;
    }
    memcpy(address.sun_path, path, strlen(path));
    unlink(path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(path, 0600) != 0 || listen(fd, 16) != 0) {
        perror(path);
        goto failed;
    }
    control->loop = loop;
    control->hid = hid;
    if (lk_loop_watch(loop, fd, lk_control_accept, control))
        return true;
failed:
    if (fd >= 0)
        close(fd);
    free(control);
    return false;
}
