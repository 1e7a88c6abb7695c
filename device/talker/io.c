/* SPDX-License-Identifier: EUPL-1.2 */
/* The I/O functions under libfido2. They read reports of a key that may be hostile, but understand only their heads (CTAP 2.1 section 11.2.4): channel, command,
 * length; fixed offsets in 64 bytes. Everything else is libfido2's to parse, in this process, which can do nothing but answer the broker. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "device/talker/io.h"

enum {
    LK_HID_INIT_PACKET = 0x80,
    LK_HID_CBOR = 0x10,
    LK_HID_CANCEL = 0x11,
    LK_HID_KEEPALIVE = 0x3b,
    LK_HID_ERROR = 0x3f,
    LK_HID_ERROR_BUSY = 0x06,
    LK_HID_UP_NEEDED = 2,
    LK_HID_INIT_DATA = LK_REPORT_SIZE - 7,
    LK_HID_CONT_DATA = LK_REPORT_SIZE - 5,
    LK_CTAP_GET_INFO = 0x04,
    LK_CTAP_CLIENT_PIN = 0x06
};

static struct lk_io *lk_io_current; /* set once by lk_io_use */

void lk_io_init(struct lk_io *io, int control, const struct lk_clock *clock)
{
    *io = (struct lk_io){.node = -1, .control = control, .clock = clock};
    lk_buf_init_secret(&io->in, LK_FRAME_MAX);
    lk_buf_init(&io->out, LK_FRAME_MAX);
}

void lk_io_clear(struct lk_io *io)
{
    lk_buf_clear(&io->in);
    lk_buf_clear(&io->out);
    lk_fd_close(&io->node);
    lk_fd_close(&io->control);
}

void lk_io_use(struct lk_io *io)
{
    lk_io_current = io;
}

int64_t lk_io_left_ms(const struct lk_io *io)
{
    int64_t left = io->deadline - lk_clock_monotonic_ms(io->clock);

    return left > 0 ? left : 0;
}

/* ---- the broker's side ---- */

void lk_io_flush(struct lk_io *io)
{
    if (lk_buf_error(&io->out) ||
        (io->out.len > 0 && lk_frame_send(io->control, lk_buf_view(&io->out))))
        io->ended = io->ended ? io->ended : LK_REASON_CANCELLED;
    lk_buf_reset(&io->out);
}

void lk_io_event(struct lk_io *io, enum lk_event event, uint8_t retries)
{
    struct lk_event_message message = {.event = event, .retries = retries};

    if (lk_event_encode(&io->out, io->request, &message) == 0)
        lk_io_flush(io);
}

void lk_io_consume(struct lk_io *io, size_t size)
{
    lk_buf_consume(&io->in, size);
    if (io->in.len == 0)
        lk_buf_reset(&io->in); /* wipes what stood there: it may have been a PIN */
}

/* Called while the key is waited for: only CANCEL and a closed socket mean something then. */
static void lk_io_control(struct lk_io *io)
{
    struct lk_frame frame;
    size_t size = 0;
    int error = lk_frame_receive(io->control, &io->in, 0, &frame, &size);

    if (error == -LK_ERR_TIMEOUT)
        return;
    if (error == -LK_ERR_CLOSED || (!error && frame.type == LK_MESSAGE_CANCEL))
        io->ended = LK_REASON_CANCELLED;
    else
        io->ended = LK_REASON_PROTOCOL;
    if (!error)
        lk_io_consume(io, size);
}

/* Milliseconds to wait: the deadline and, if not negative, limit. */
static int lk_io_wait_ms(const struct lk_io *io, int limit)
{
    int64_t left = 0;

    if (io->deadline == 0)
        return limit;
    left = lk_io_left_ms(io);
    if (left > 60000)
        left = 60000; /* fits an int; whoever waits looks at the deadline again */
    return limit >= 0 && limit < left ? limit : (int)left;
}

/* Waits for one of the two. True: the node is readable. False: io->ended is set, or the limit of this one wait is over. */
static bool lk_io_wait_node(struct lk_io *io, int limit)
{
    for (;;) {
        struct pollfd polls[] = {{.fd = io->control, .events = POLLIN},
                                 {.fd = io->node, .events = POLLIN}};
        int ready = poll(polls, 2, lk_io_wait_ms(io, limit));

        if (ready < 0 && errno != EINTR)
            io->ended = LK_REASON_INTERNAL;
        else if (ready > 0 && polls[0].revents)
            lk_io_control(io);
        if (!io->ended && lk_io_left_ms(io) == 0)
            io->ended = LK_REASON_TIMEOUT;
        if (io->ended)
            return false;
        if (ready > 0 && (polls[1].revents & POLLIN))
            return true;
        if (ready > 0 && polls[1].revents) {
            io->ended = LK_REASON_KEY_REMOVED;
            return false;
        }
        if (ready == 0 && limit >= 0)
            return false;
    }
}

enum lk_reason lk_io_frame(struct lk_io *io, struct lk_frame *ret_frame, size_t *ret_size)
{
    for (;;) {
        /* The node is asked for nothing but whether it is still there. */
        struct pollfd polls[] = {{.fd = io->control, .events = POLLIN},
                                 {.fd = io->node, .events = 0}};
        int error = io->ended ? -LK_ERR_CLOSED
                              : lk_frame_receive(io->control, &io->in, 0, ret_frame, ret_size);

        if (io->ended)
            return io->ended;
        if (error == 0 && ret_frame->type != LK_MESSAGE_CANCEL)
            return LK_REASON_NONE;
        if (error == 0 || error == -LK_ERR_CLOSED)
            return io->ended = LK_REASON_CANCELLED;
        if (error != -LK_ERR_TIMEOUT)
            return io->ended = LK_REASON_PROTOCOL;
        if (poll(polls, 2, lk_io_wait_ms(io, -1)) < 0 && errno != EINTR)
            return io->ended = LK_REASON_INTERNAL;
        if (polls[1].revents)
            return io->ended = LK_REASON_KEY_REMOVED;
        if (io->deadline != 0 && lk_io_left_ms(io) == 0)
            return io->ended = LK_REASON_TIMEOUT;
    }
}

/* ---- what passes ---- */

static void lk_io_keepalive(struct lk_io *io, uint8_t status)
{
    bool finger = io->finger && (io->command == LK_CTAP_CLIENT_PIN || io->finger_in_command);
    enum lk_event event = finger ? LK_EVENT_FINGERPRINT : LK_EVENT_TOUCH;

    if (status != LK_HID_UP_NEEDED || io->told == event)
        return;
    io->told = event;
    lk_io_event(io, event, LK_RETRIES_UNKNOWN);
}

static void lk_getinfo_remember(struct lk_io *io, const uint8_t *report, bool first)
{
    struct lk_getinfo_memory *memory = &io->getinfo;
    size_t taken = first ? LK_HID_INIT_DATA : LK_HID_CONT_DATA;

    if (io->command != LK_CTAP_GET_INFO || memory->complete)
        return;
    if (first) {
        memory->count = 0;
        memory->missing = (size_t)report[5] << 8 | report[6];
    }
    if (memory->count == LK_GETINFO_REPORTS)
        return;
    memcpy(memory->reports[memory->count++], report, LK_REPORT_SIZE);
    memory->missing -= memory->missing < taken ? memory->missing : taken;
    memory->complete = memory->missing == 0;
}

static void lk_io_received(struct lk_io *io, const uint8_t *report)
{
    uint8_t command = report[4] & 0x7f;

    if (memcmp(report, io->channel, sizeof(io->channel)) != 0)
        return;
    if (!(report[4] & LK_HID_INIT_PACKET)) {
        lk_getinfo_remember(io, report, false);
        return;
    }
    if (command == LK_HID_KEEPALIVE) {
        lk_io_keepalive(io, report[7]);
        return;
    }
    io->outstanding = false;
    if (command == LK_HID_ERROR && report[7] == LK_HID_ERROR_BUSY)
        io->ended = LK_REASON_KEY_BUSY;
    else if (command == LK_HID_CBOR)
        lk_getinfo_remember(io, report, true);
}

/* report begins behind the report id. True: libfido2 asks what it has asked before, and is answered from memory. */
static bool lk_io_sending(struct lk_io *io, const uint8_t *report)
{
    bool cbor = report[4] == (LK_HID_INIT_PACKET | LK_HID_CBOR);

    if (!(report[4] & LK_HID_INIT_PACKET))
        return false;
    if (cbor && report[5] == 0 && report[6] == 1 && report[7] == LK_CTAP_GET_INFO &&
        io->getinfo.complete) {
        io->getinfo.replaying = true;
        io->getinfo.next = 0;
        return true;
    }
    memcpy(io->channel, report, sizeof(io->channel));
    io->command = cbor ? report[7] : 0;
    io->outstanding = true;
    io->told = 0;
    return false;
}

/* ---- libfido2's side ---- */

static void *lk_io_open(const char *path)
{
    (void)path;
    return lk_io_current;
}

static void lk_io_close(void *handle)
{
    (void)handle; /* the node is closed after the cancel, by lk_io_clear */
}

static int lk_io_read(void *handle, unsigned char *data, size_t size, int limit)
{
    struct lk_io *io = handle;
    ssize_t got = 0;

    if (size != LK_REPORT_SIZE)
        return -1;
    if (io->getinfo.replaying && io->getinfo.next < io->getinfo.count) {
        memcpy(data, io->getinfo.reports[io->getinfo.next++], LK_REPORT_SIZE);
        io->getinfo.replaying = io->getinfo.next < io->getinfo.count;
        return LK_REPORT_SIZE;
    }
    do {
        if (!lk_io_wait_node(io, limit))
            return -1;
        got = read(io->node, data, size);
    } while (got < 0 && (errno == EAGAIN || errno == EINTR));
    if (got <= 0) {
        io->ended = LK_REASON_KEY_REMOVED;
        return -1;
    }
    if (got != LK_REPORT_SIZE)
        return -1;
    lk_io_received(io, data);
    return io->ended ? -1 : (int)got;
}

/* data is a report id (0) and a report. */
static int lk_io_send(struct lk_io *io, const uint8_t *data, size_t size)
{
    for (;;) {
        struct pollfd poll_node = {.fd = io->node, .events = POLLOUT};
        ssize_t sent = write(io->node, data, size);

        if (sent == (ssize_t)size)
            return (int)sent;
        if (sent >= 0 || (errno != EAGAIN && errno != EINTR))
            return -1;
        /* A key that takes nothing for as long as it may take to answer a cancel is broken. */
        if (errno == EAGAIN && poll(&poll_node, 1, LK_DRAIN_MS) <= 0)
            return -1;
    }
}

static int lk_io_write(void *handle, const unsigned char *data, size_t size)
{
    struct lk_io *io = handle;
    int sent = 0;

    if (size != LK_REPORT_SIZE + 1 || io->ended)
        return -1;
    if (lk_io_sending(io, data + 1))
        return (int)size;
    sent = lk_io_send(io, data, size);
    if (sent < 0 && (errno == EPIPE || errno == ENODEV || errno == EIO || errno == ENOTCONN ||
                     errno == ECONNRESET))
        io->ended = LK_REASON_KEY_REMOVED;
    return sent;
}

const fido_dev_io_t lk_io_functions = {lk_io_open, lk_io_close, lk_io_read, lk_io_write};

/* One report within the time that is left; false when there is none. */
static bool lk_io_drain_one(struct lk_io *io, uint8_t report[LK_REPORT_SIZE], int64_t until)
{
    struct pollfd poll_node = {.fd = io->node, .events = POLLIN};
    int64_t left = until - lk_clock_monotonic_ms(io->clock);

    return left > 0 && poll(&poll_node, 1, (int)left) > 0 &&
           read(io->node, report, LK_REPORT_SIZE) == LK_REPORT_SIZE;
}

void lk_io_cancel(struct lk_io *io)
{
    uint8_t message[LK_REPORT_SIZE + 1] = {0};
    uint8_t report[LK_REPORT_SIZE];
    int64_t until = lk_clock_monotonic_ms(io->clock) + LK_DRAIN_MS;
    size_t missing = 0;
    bool begun = false;

    if (io->node < 0 || !io->outstanding)
        return;
    memcpy(message + 1, io->channel, sizeof(io->channel));
    message[5] = LK_HID_INIT_PACKET | LK_HID_CANCEL;
    if (lk_io_send(io, message, sizeof(message)) < 0)
        return;
    while ((!begun || missing > 0) && lk_io_drain_one(io, report, until)) {
        size_t taken = begun ? LK_HID_CONT_DATA : LK_HID_INIT_DATA;

        if (memcmp(report, io->channel, sizeof(io->channel)) != 0 ||
            report[4] == (LK_HID_INIT_PACKET | LK_HID_KEEPALIVE))
            continue;
        if (report[4] & LK_HID_INIT_PACKET) {
            begun = true;
            taken = LK_HID_INIT_DATA;
            missing = (size_t)report[5] << 8 | report[6];
        }
        missing -= missing < taken ? missing : taken;
    }
    io->outstanding = false;
}
