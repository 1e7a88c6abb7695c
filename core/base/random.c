/* SPDX-License-Identifier: EUPL-1.2 */
/* Random bytes from getrandom(2), which needs no descriptor and so works in every sandbox. */
#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

static int lk_random_system_fill(void *context, void *ret_data, size_t len)
{
    uint8_t *data = ret_data;

    (void)context;
    while (len > 0) {
        /* Up to 256 bytes getrandom is neither interrupted nor cut short once the pool is ready. */
        ssize_t got = getrandom(data, len > 256 ? 256 : len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -LK_ERR_IO;
        data += got;
        len -= (size_t)got;
    }
    return 0;
}

const struct lk_random lk_random_system = {.fill = lk_random_system_fill, .context = NULL};

int lk_random_fill(const struct lk_random *random, void *ret_data, size_t len)
{
    return random->fill(random->context, ret_data, len);
}
