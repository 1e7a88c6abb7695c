/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey-device: one program in two roles, so that the opener can start its talkers without knowing a path. */
#include <string.h>

#include "device/opener/link.h"
#include "device/talker/talker_main.h"
#include "sandbox/sandbox.h"

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--talker") == 0)
        return lk_talker_main();
    return lk_opener_main(argc, argv, &lk_finder_hidraw, "/proc/self/exe", &lk_sandbox_opener);
}
