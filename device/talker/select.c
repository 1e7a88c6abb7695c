/* SPDX-License-Identifier: EUPL-1.2 */
/* The touch that chooses one of several keys, before any of them is asked for a PIN. A key of CTAP 2.0 knows no authenticatorSelection (CTAP 2.1 section 6.9), but
 * every one with a PIN waits for a touch when it is given an empty pinUvAuthParam (section 6.1.2 step 1; section 5.1 in 2.0): that is what libfido2 sends,
 * to all of them. */
#include "device/talker/talker.h"

enum lk_reason lk_talker_select(struct lk_talker *talker)
{
    int touched = 0;
    int error = fido_dev_get_touch_begin(talker->device);

    /* No limit of its own: our read ends with the deadline or the broker, and one that ended between two packets would lose the rest of an answer. */
    if (error == FIDO_OK)
        error = fido_dev_get_touch_status(talker->device, &touched, -1);
    if (error == FIDO_OK && !touched)
        error = FIDO_ERR_RX; /* which libfido2 keeps to itself here */
    if (error != FIDO_OK)
        return lk_talker_reason(talker, error);
    if (lk_device_selected_encode(&talker->io.out, talker->io.request))
        return LK_REASON_INTERNAL;
    lk_io_flush(&talker->io);
    return talker->io.ended;
}
