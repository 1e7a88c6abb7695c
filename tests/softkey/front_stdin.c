/* SPDX-License-Identifier: EUPL-1.2 */
/* Front end: reports of 64 bytes on standard input, replies on standard output; ends with the
 * input. A fuzzer's way in: no socket, no clock needed but for touch modes. */
#include "front.h"

#include <string.h>
#include <unistd.h>

#include "ctaphid.h"
#include "loop.h"

struct lk_front_stdin {
    struct lk_loop *loop;
    struct lk_ctaphid *hid;
    size_t length;
    uint8_t report[LK_REPORT_SIZE];
};

static void lk_front_stdin_send(void *context, int connection, const uint8_t report[LK_REPORT_SIZE])
{
    struct lk_front_stdin *front = context;

    (void)connection;
    for (size_t done = 0; done < LK_REPORT_SIZE;) {
        ssize_t written = write(STDOUT_FILENO, report + done, LK_REPORT_SIZE - done);

        if (written <= 0) {
            front->loop->stopped = true;
            return;
        }
        done += (size_t)written;
    }
}

static void lk_front_stdin_plug(void *context, bool plugged)
{
    struct lk_front_stdin *front = context;

    if (!plugged)
        front->loop->stopped = true;
}

static void lk_front_stdin_read(void *context, int fd, short events)
{
    struct lk_front_stdin *front = context;
    ssize_t got = read(fd, front->report + front->length, sizeof(front->report) - front->length);

    (void)events;
    if (got <= 0) {
        front->loop->stopped = true;
        return;
    }
    front->length += (size_t)got;
    if (front->length == sizeof(front->report)) {
        front->length = 0;
        lk_ctaphid_receive(front->hid, 0, front->report, sizeof(front->report));
    }
}

bool lk_front_stdin_open(struct lk_loop *loop, struct lk_ctaphid *hid)
{
    static struct lk_front_stdin front;

    front.loop = loop;
    front.hid = hid;
    hid->key->counters.opens++;
    hid->front = (struct lk_front){&front, lk_front_stdin_send, lk_front_stdin_plug};
    return lk_loop_watch(loop, STDIN_FILENO, lk_front_stdin_read, &front);
}
