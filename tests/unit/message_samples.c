/* SPDX-License-Identifier: EUPL-1.2 */
/* Examples of the messages of host socket, names process and device process. Each has its payload twice: as a struct for the encoder, and as a row of puts written from the
 * protocol's text. The second is the oracle: a field that both the tables of core/message and a round trip forget shows here. */
#include "message/device.h"
#include "message/names.h"
#include "message_samples_parts.h"

/* Frames without a request id. */
static const struct lk_hello hello = {.lowest = 1, .highest = 3, .role = LK_SOCKET_DESK};

static int hello_encode(struct lk_buf *buf)
{
    return lk_hello_encode(buf, &hello);
}

static int hello_recode(struct lk_view payload, struct lk_buf *buf)
{
    struct lk_hello message;
    int r = lk_hello_decode(payload, &message);

    return r == 0 ? lk_hello_encode(buf, &message) : r;
}

static void hello_bytes(struct lk_buf *buf)
{
    lk_buf_put_u16(buf, 1);
    lk_buf_put_u16(buf, 3);
    lk_buf_put_u8(buf, 2);
}

static const struct lk_device_node node = {.report_in = 64, .report_out = 65, .name = "key"};

static int node_encode(struct lk_buf *buf)
{
    return lk_device_node_encode(buf, &node);
}

static int node_recode(struct lk_view payload, struct lk_buf *buf)
{
    struct lk_device_node message;
    int r = lk_device_node_decode(payload, &message);

    return r == 0 ? lk_device_node_encode(buf, &message) : r;
}

static void node_bytes(struct lk_buf *buf)
{
    lk_buf_put_u16(buf, 64);
    lk_buf_put_u16(buf, 65);
    lk_buf_put_string(buf, "key");
}

/* Host socket. */
static const struct lk_login_request login = {.nonce = HASH,
                                              .flags = 5,
                                              .name = "alice",
                                              .service = "sudo",
                                              .tty = "/dev/pts/1",
                                              .remote_host = "desk12",
                                              .remote_user = "bob"};
SAMPLE_CODEC(login, struct lk_login_request, lk_login_request)

static void login_bytes(struct lk_buf *buf)
{
    put_hash(buf);
    lk_buf_put_u32(buf, 5);
    lk_buf_put_string(buf, "alice");
    lk_buf_put_string(buf, "sudo");
    lk_buf_put_string(buf, "/dev/pts/1");
    lk_buf_put_string(buf, "desk12");
    lk_buf_put_string(buf, "bob");
}

static const struct lk_event_message event = {
    .event = LK_EVENT_KEY_BUSY, .retries = 255, .detail = "caf\xc3\xa9"};
SAMPLE_CODEC(event, struct lk_event_message, lk_event)

static void event_bytes(struct lk_buf *buf)
{
    lk_buf_put_u8(buf, 5);
    lk_buf_put_u8(buf, 255);
    lk_buf_put_string(buf, "caf\xc3\xa9");
}

static const struct lk_ask_pin ask_pin = {
    .retries = 7, .again = true, .choose = false, .minimum = 6, .detail = "blue key"};
SAMPLE_CODEC(ask_pin, struct lk_ask_pin, lk_ask_pin)

static void ask_pin_bytes(struct lk_buf *buf)
{
    lk_buf_put_u8(buf, 7);
    lk_buf_put_u8(buf, 1);
    lk_buf_put_u8(buf, 0);
    lk_buf_put_u8(buf, 6);
    lk_buf_put_string(buf, "blue key");
}

static int pin_encode(struct lk_buf *buf)
{
    return lk_pin_encode(buf, SAMPLE_REQUEST, LK_VIEW((const uint8_t *)"1234", 4));
}

static int pin_recode(struct lk_view payload, struct lk_buf *buf)
{
    struct lk_view message;
    int r = lk_pin_decode(payload, &message);

    return r == 0 ? lk_pin_encode(buf, SAMPLE_REQUEST, message) : r;
}

static void pin_bytes(struct lk_buf *buf)
{
    lk_buf_put_string(buf, "1234");
}

static const struct lk_verdict verdict = {.nonce = HASH, .reason = 5, .retries = 4};
SAMPLE_CODEC(verdict, struct lk_verdict, lk_verdict)

static void verdict_bytes(struct lk_buf *buf)
{
    put_hash(buf);
    lk_buf_put_u32(buf, 5);
    lk_buf_put_u8(buf, 4);
}

/* Names. */
static const struct lk_name_lookup lookup = {.name = "alice"};
SAMPLE_CODEC(lookup, struct lk_name_lookup, lk_name_lookup)

static void lookup_bytes(struct lk_buf *buf)
{
    lk_buf_put_string(buf, "alice");
}

static const struct lk_name_result name_result = {.status = LK_NAME_FOUND, .uid = 1000};
SAMPLE_CODEC(name_result, struct lk_name_result, lk_name_result)

static void name_result_bytes(struct lk_buf *buf)
{
    lk_buf_put_u8(buf, 1);
    lk_buf_put_u32(buf, 1000);
}

/* Opener and talker. */
static const struct lk_device_busy busy = {.detail = "browser"};
SAMPLE_CODEC(busy, struct lk_device_busy, lk_device_busy)

static void busy_bytes(struct lk_buf *buf)
{
    lk_buf_put_string(buf, "browser");
}

static const struct lk_device_key key = {.key = 2, .name = "hidraw3"};
SAMPLE_CODEC(key, struct lk_device_key, lk_device_key)

static void key_bytes(struct lk_buf *buf)
{
    lk_buf_put_u32(buf, 2);
    lk_buf_put_string(buf, "hidraw3");
}

static const struct lk_device_assert assert_request = {.flags = 7,
                                                       .timeout_ms = 30000,
                                                       .relying_party = "latchkey-host:example",
                                                       .client_data_hash = HASH,
                                                       .allow_count = 2,
                                                       .allow = {{id_a, 3}, {id_b, 1}}};
SAMPLE_CODEC(assert_request, struct lk_device_assert, lk_device_assert)

static void assert_request_bytes(struct lk_buf *buf)
{
    lk_buf_put_u32(buf, 7);
    lk_buf_put_u32(buf, 30000);
    lk_buf_put_string(buf, "latchkey-host:example");
    put_hash(buf);
    put_ids(buf);
}

static const struct lk_device_create create = {.flags = 31,
                                               .timeout_ms = 29000,
                                               .relying_party = "login.example.org",
                                               .relying_party_name = "Example",
                                               .client_data_hash = HASH,
                                               .user_id = SMALL,
                                               .user_name = "alice",
                                               .display_name = "Alice A.",
                                               .protection = 3,
                                               .exclude_count = 2,
                                               .exclude = {{id_a, 3}, {id_b, 1}}};
SAMPLE_CODEC(create, struct lk_device_create, lk_device_create)

static void create_bytes(struct lk_buf *buf)
{
    lk_buf_put_u32(buf, 31);
    lk_buf_put_u32(buf, 29000);
    lk_buf_put_string(buf, "login.example.org");
    lk_buf_put_string(buf, "Example");
    put_hash(buf);
    put_small(buf);
    lk_buf_put_string(buf, "alice");
    lk_buf_put_string(buf, "Alice A.");
    lk_buf_put_u8(buf, 3);
    put_ids(buf);
}

static const struct lk_device_info info = INFO;
SAMPLE_CODEC(info, struct lk_device_info, lk_device_info)

static const struct lk_device_assertion assertion = {.credential_id = {id_a, 3},
                                                     .authenticator_data = {blob, 40},
                                                     .signature = {id_b, 1},
                                                     .user_handle = {NULL, 0}};
SAMPLE_CODEC(assertion, struct lk_device_assertion, lk_device_assertion)

static const struct lk_device_credential device_credential = {.attestation_object = {blob, 40}};
SAMPLE_CODEC(device_credential, struct lk_device_credential, lk_device_credential)

static const struct lk_device_failed failed = {.reason = 7, .retries = 0};
SAMPLE_CODEC(failed, struct lk_device_failed, lk_device_failed)

static void failed_bytes(struct lk_buf *buf)
{
    lk_buf_put_u32(buf, 7);
    lk_buf_put_u8(buf, 0);
}

#define device_credential_bytes put_blob

const struct message_sample message_samples_device[] = {
    SAMPLE_ROW(hello, LK_MESSAGE_HELLO),
    SAMPLE_ROW(node, LK_MESSAGE_DEVICE_NODE),
    SAMPLE_ROW(login, LK_MESSAGE_LOGIN),
    SAMPLE_ROW(event, LK_MESSAGE_EVENT),
    SAMPLE_ROW(ask_pin, LK_MESSAGE_ASK_PIN),
    SAMPLE_ROW(pin, LK_MESSAGE_PIN),
    SAMPLE_ROW(verdict, LK_MESSAGE_VERDICT),
    SAMPLE_ROW(lookup, LK_MESSAGE_NAME_LOOKUP),
    SAMPLE_ROW(name_result, LK_MESSAGE_NAME_RESULT),
    SAMPLE_ROW(busy, LK_MESSAGE_DEVICE_BUSY),
    SAMPLE_ROW(key, LK_MESSAGE_DEVICE_KEY),
    SAMPLE_ROW(assert_request, LK_MESSAGE_DEVICE_ASSERT),
    SAMPLE_ROW(create, LK_MESSAGE_DEVICE_CREATE),
    SAMPLE_ROW(info, LK_MESSAGE_DEVICE_INFO),
    SAMPLE_ROW(assertion, LK_MESSAGE_DEVICE_ASSERTION),
    SAMPLE_ROW(device_credential, LK_MESSAGE_DEVICE_CREDENTIAL),
    SAMPLE_ROW(failed, LK_MESSAGE_DEVICE_FAILED),
};
const size_t message_samples_device_count =
    sizeof(message_samples_device) / sizeof(message_samples_device[0]);

const struct message_sample *message_sample_at(size_t index)
{
    if (index < message_samples_device_count)
        return &message_samples_device[index];
    index -= message_samples_device_count;
    if (index < message_samples_desk_count)
        return &message_samples_desk[index];
    index -= message_samples_desk_count;
    return index < message_samples_gateway_count ? &message_samples_gateway[index] : NULL;
}
