/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * CTAPHID framing. Reads hostile reports: every report has a fixed size, a message at most
 * LK_CTAP_MESSAGE_MAX bytes, one message is assembled at a time and has 500 ms for each packet.
 */
#include "ctaphid.h"

#include <string.h>

#include "ctap.h"

#define LK_BROADCAST         0xffffffffu
#define LK_INIT_DATA         (LK_REPORT_SIZE - 7)
#define LK_CONT_DATA         (LK_REPORT_SIZE - 5)
#define LK_PACKET_TIMEOUT_MS 500
#define LK_KEEPALIVE_MS      100

enum lk_hid_command {
    LK_HID_PING = 0x01,
    LK_HID_INIT = 0x06,
    LK_HID_CBOR = 0x10,
    LK_HID_CANCEL = 0x11,
    LK_HID_KEEPALIVE = 0x3b,
    LK_HID_ERROR = 0x3f,
};

enum lk_hid_error {
    LK_HID_INVALID_CMD = 0x01,
    LK_HID_INVALID_LEN = 0x03,
    LK_HID_INVALID_SEQ = 0x04,
    LK_HID_MSG_TIMEOUT = 0x05,
    LK_HID_CHANNEL_BUSY = 0x06,
    LK_HID_INVALID_CHANNEL = 0x0b,
};

enum lk_keepalive_status { LK_KEEPALIVE_PROCESSING = 1, LK_KEEPALIVE_UP_NEEDED = 2 };

static const struct lk_channel *lk_channel_find(const struct lk_ctaphid *hid, uint32_t id)
{
    const struct lk_channel *channel = &hid->channel[id % LK_CHANNELS_MAX];

    return id != 0 && channel->id == id ? channel : NULL;
}

static void lk_number_put(uint8_t *bytes, uint32_t number)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

static uint32_t lk_number_get(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void lk_report_send(struct lk_ctaphid *hid, int connection,
                           const uint8_t report[LK_REPORT_SIZE])
{
    hid->front.send(hid->front.context, hid->broadcast ? LK_EVERY_CONNECTION : connection, report);
}

/* `claimed` goes into the length field; it is `length` unless the key lies. */
static void lk_message_send(struct lk_ctaphid *hid, int connection, uint32_t channel,
                            uint8_t command, const uint8_t *data, size_t length, size_t claimed)
{
    uint8_t report[LK_REPORT_SIZE] = {0};
    size_t size = length < LK_INIT_DATA ? length : LK_INIT_DATA;
    bool bad_sequence =
        command == LK_HID_CBOR &&
        lk_misbehaves(&hid->key->misbehaviour, LK_MISBEHAVE_BAD_SEQUENCE, hid->running_command);

    lk_number_put(report, channel);
    report[4] = (uint8_t)(0x80 | command);
    report[5] = (uint8_t)(claimed >> 8);
    report[6] = (uint8_t)claimed;
    memcpy(report + 7, data, size);
    lk_report_send(hid, connection, report);
    for (uint8_t sequence = 0; size < length; sequence++) {
        size_t part = length - size < LK_CONT_DATA ? length - size : LK_CONT_DATA;

        memset(report + 4, 0, sizeof(report) - 4);
        report[4] = bad_sequence ? (sequence + 3) & 0x7f : sequence;
        memcpy(report + 5, data + size, part);
        lk_report_send(hid, connection, report);
        size += part;
    }
}

static void lk_error_send(struct lk_ctaphid *hid, int connection, uint32_t channel, uint8_t error)
{
    lk_message_send(hid, connection, channel, LK_HID_ERROR, &error, 1, 1);
}

/* Some reports of noise, then some of noise that carry the right channel. */
static void lk_garbage_send(struct lk_ctaphid *hid, int connection)
{
    for (unsigned i = 0; i < 8; i++) {
        uint8_t report[LK_REPORT_SIZE];

        lk_state_random(&hid->key->state, report, sizeof(report));
        if (i >= 4)
            lk_number_put(report, hid->running_channel);
        lk_report_send(hid, connection, report);
    }
}

static void lk_reply_send(struct lk_ctaphid *hid)
{
    const struct lk_channel *channel = lk_channel_find(hid, hid->running_channel);
    const struct lk_misbehaviour *misbehaviour = &hid->key->misbehaviour;
    size_t claimed = hid->key->reply_length;
    int connection = channel != NULL ? channel->connection : 0;

    hid->running = false;
    hid->key->phase = LK_PHASE_IDLE;
    if (channel == NULL)
        return;
    if (lk_misbehaves(misbehaviour, LK_MISBEHAVE_GARBAGE_REPORTS, hid->running_command)) {
        lk_garbage_send(hid, connection);
        return;
    }
    if (lk_misbehaves(misbehaviour, LK_MISBEHAVE_LIE_LENGTH, hid->running_command))
        claimed += 1000;
    lk_message_send(hid, connection, hid->running_channel, LK_HID_CBOR, hid->key->reply,
                    hid->key->reply_length, claimed);
}

/* Section 11.2.9.1.3. On the broadcast channel it makes a channel, on another it ends what runs. */
static void lk_init_handle(struct lk_ctaphid *hid, int connection, uint32_t id,
                           const uint8_t *nonce, size_t length)
{
    uint8_t reply[17] = {0};
    uint32_t made = id;

    if (length != 8) {
        lk_error_send(hid, connection, id, LK_HID_INVALID_LEN);
        return;
    }
    hid->key->counters.inits++;
    if (id == LK_BROADCAST) {
        made = ++hid->channels_made;
        hid->channel[made % LK_CHANNELS_MAX] = (struct lk_channel){made, connection};
    } else {
        if (hid->assembling && hid->message_channel == id)
            hid->assembling = false;
        if (hid->running && hid->running_channel == id) {
            hid->running = false;
            hid->key->phase = LK_PHASE_IDLE;
        }
    }
    memcpy(reply, nonce, 8);
    lk_number_put(reply + 8, made);
    reply[12] = 2; /* CTAPHID protocol version */
    reply[13] = (uint8_t)(hid->key->settings.firmware_version >> 16);
    reply[14] = (uint8_t)(hid->key->settings.firmware_version >> 8);
    reply[15] = (uint8_t)hid->key->settings.firmware_version;
    reply[16] = 0x04 | 0x08; /* CBOR, no U2F messages */
    lk_message_send(hid, connection, id, LK_HID_INIT, reply, sizeof(reply), sizeof(reply));
}

static void lk_cancel_handle(struct lk_ctaphid *hid, uint32_t id)
{
    hid->key->counters.cancels++;
    if (hid->assembling && hid->message_channel == id)
        hid->assembling = false;
    if (hid->running && hid->running_channel == id &&
        !hid->key->misbehaviour.on[LK_MISBEHAVE_ENDLESS_KEEPALIVE])
        lk_ctap_cancel(hid->key);
}

static void lk_message_handle(struct lk_ctaphid *hid, int connection)
{
    hid->assembling = false;
    switch (hid->message_command) {
    case LK_HID_PING:
        hid->key->counters.pings++;
        lk_message_send(hid, connection, hid->message_channel, LK_HID_PING, hid->message,
                        hid->message_length, hid->message_length);
        break;
    case LK_HID_CBOR:
        if (hid->message_length == 0) {
            lk_error_send(hid, connection, hid->message_channel, LK_HID_INVALID_LEN);
            break;
        }
        hid->running = true;
        hid->running_channel = hid->message_channel;
        hid->running_command = hid->message[0];
        hid->keepalive_status = 0;
        lk_ctap_begin(hid->key, hid->message, hid->message_length);
        break;
    default:
        lk_error_send(hid, connection, hid->message_channel, LK_HID_INVALID_CMD);
        break;
    }
}

static void lk_message_begin(struct lk_ctaphid *hid, int connection, uint32_t id,
                             const uint8_t *report)
{
    size_t length = (size_t)report[5] << 8 | report[6];
    size_t size = length < LK_INIT_DATA ? length : LK_INIT_DATA;

    if (hid->running || (hid->assembling && hid->message_channel != id)) {
        lk_error_send(hid, connection, id, LK_HID_CHANNEL_BUSY);
        return;
    }
    if (hid->assembling) {
        hid->assembling = false;
        lk_error_send(hid, connection, id, LK_HID_INVALID_SEQ);
        return;
    }
    if (length > LK_CTAP_MESSAGE_MAX) {
        lk_error_send(hid, connection, id, LK_HID_INVALID_LEN);
        return;
    }
    hid->assembling = true;
    hid->message_channel = id;
    hid->message_command = report[4] & 0x7f;
    hid->message_sequence = 0;
    hid->message_expected = length;
    hid->message_length = size;
    hid->message_at_ms = hid->key->now_ms;
    memcpy(hid->message, report + 7, size);
    if (hid->message_length == hid->message_expected)
        lk_message_handle(hid, connection);
}

static void lk_message_continue(struct lk_ctaphid *hid, int connection, uint32_t id,
                                const uint8_t *report)
{
    size_t size = hid->message_expected - hid->message_length;

    /* Section 11.2.5.4: stray continuation packets are ignored. */
    if (!hid->assembling || hid->message_channel != id)
        return;
    if (report[4] != hid->message_sequence) {
        hid->assembling = false;
        lk_error_send(hid, connection, id, LK_HID_INVALID_SEQ);
        return;
    }
    if (size > LK_CONT_DATA)
        size = LK_CONT_DATA;
    memcpy(hid->message + hid->message_length, report + 5, size);
    hid->message_length += size;
    hid->message_sequence++;
    hid->message_at_ms = hid->key->now_ms;
    if (hid->message_length == hid->message_expected)
        lk_message_handle(hid, connection);
}

void lk_ctaphid_receive(struct lk_ctaphid *hid, int connection, const uint8_t *report,
                        size_t length)
{
    uint32_t id;

    if (length == LK_REPORT_SIZE + 1 && report[0] == 0) {
        report++;
        length--;
    }
    if (length != LK_REPORT_SIZE || hid->key->misbehaviour.on[LK_MISBEHAVE_DEAD])
        return;
    id = lk_number_get(report);
    if ((report[4] & 0x80) == 0) {
        lk_message_continue(hid, connection, id, report);
    } else if ((report[4] & 0x7f) == LK_HID_INIT &&
               (id == LK_BROADCAST || lk_channel_find(hid, id) != NULL)) {
        lk_init_handle(hid, connection, id, report + 7, (size_t)report[5] << 8 | report[6]);
    } else if (lk_channel_find(hid, id) == NULL) {
        lk_error_send(hid, connection, id, LK_HID_INVALID_CHANNEL);
    } else if ((report[4] & 0x7f) == LK_HID_CANCEL) {
        lk_cancel_handle(hid, id);
    } else {
        lk_message_begin(hid, connection, id, report);
    }
    lk_ctaphid_tick(hid);
}

/* At once when the status changes, then every 100 ms (section 11.2.9.1.7). */
static void lk_keepalive_send(struct lk_ctaphid *hid)
{
    const struct lk_channel *channel = lk_channel_find(hid, hid->running_channel);
    uint8_t status =
        hid->key->phase == LK_PHASE_TOUCH ? LK_KEEPALIVE_UP_NEEDED : LK_KEEPALIVE_PROCESSING;

    if (status == hid->keepalive_status && hid->key->now_ms < hid->keepalive_at_ms)
        return;
    hid->keepalive_status = status;
    hid->keepalive_at_ms = hid->key->now_ms + LK_KEEPALIVE_MS;
    hid->key->counters.keepalives++;
    if (channel != NULL)
        lk_message_send(hid, channel->connection, hid->running_channel, LK_HID_KEEPALIVE, &status,
                        1, 1);
}

void lk_ctaphid_tick(struct lk_ctaphid *hid)
{
    if (hid->assembling && hid->key->now_ms >= hid->message_at_ms + LK_PACKET_TIMEOUT_MS) {
        const struct lk_channel *channel = lk_channel_find(hid, hid->message_channel);

        hid->assembling = false;
        if (channel != NULL)
            lk_error_send(hid, channel->connection, hid->message_channel, LK_HID_MSG_TIMEOUT);
    }
    if (!hid->running)
        return;
    if (hid->key->phase == LK_PHASE_TOUCH || hid->key->phase == LK_PHASE_PROCESSING)
        lk_ctap_tick(hid->key);
    if (lk_misbehaves(&hid->key->misbehaviour, LK_MISBEHAVE_UNPLUG, hid->running_command)) {
        lk_keepalive_send(hid);
        lk_ctaphid_unplug(hid);
        return;
    }
    if (hid->key->phase == LK_PHASE_READY)
        lk_reply_send(hid);
    else if (hid->key->phase == LK_PHASE_TOUCH || hid->key->phase == LK_PHASE_PROCESSING)
        lk_keepalive_send(hid);
}

int64_t lk_ctaphid_due(const struct lk_ctaphid *hid)
{
    uint64_t now = hid->key->now_ms;
    int64_t due = -1, other;

    if (hid->assembling)
        return (int64_t)(hid->message_at_ms + LK_PACKET_TIMEOUT_MS - now);
    if (!hid->running || hid->key->phase == LK_PHASE_STALLED)
        return -1;
    due = hid->keepalive_at_ms > now ? (int64_t)(hid->keepalive_at_ms - now) : 0;
    other = lk_ctap_due(hid->key);
    return other >= 0 && other < due ? other : due;
}

void lk_ctaphid_unplug(struct lk_ctaphid *hid)
{
    if (!hid->key->plugged)
        return;
    hid->running = false;
    hid->assembling = false;
    memset(hid->channel, 0, sizeof(hid->channel));
    hid->key->plugged = false;
    hid->key->phase = LK_PHASE_IDLE;
    hid->front.plug(hid->front.context, false);
}

void lk_ctaphid_plug(struct lk_ctaphid *hid)
{
    if (hid->key->plugged)
        return;
    lk_softkey_power_on(hid->key);
    hid->front.plug(hid->front.context, true);
}

void lk_ctaphid_release(struct lk_ctaphid *hid)
{
    if (hid->running && hid->key->phase == LK_PHASE_STALLED) {
        hid->running = false;
        hid->key->phase = LK_PHASE_IDLE;
    }
}
