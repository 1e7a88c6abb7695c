/* SPDX-License-Identifier: EUPL-1.2 */
/* The command line of lk_softkey and lk_softkey_umockdev. */
#ifndef LK_SOFTKEY_OPTIONS_H
#define LK_SOFTKEY_OPTIONS_H

#include "front.h"
#include "softkey.h"

struct lk_options {
    const char *socket_path;
    unsigned socket_mode; /* 0: as the umask says */
    bool uhid;
    bool standard_input;
    bool broadcast;
    bool print_root;
    const char *control_path;
    struct lk_identity identity;
    int rest; /* index of the first argument after `--` */
};

/* Fills the key from the arguments and its state file. 0: go on, otherwise the exit status. */
int lk_options_parse(int argc, char **argv, struct lk_softkey *key, struct lk_options *ret_options);

#endif
