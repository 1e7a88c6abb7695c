/* SPDX-License-Identifier: EUPL-1.2 */
/* The PAM part of `config check`: one row for each service of this machine. */
#ifndef LK_PROVISIONING_CHECK_PAM_H
#define LK_PROVISIONING_CHECK_PAM_H

#include "config/config.h"
#include "provisioning/cli.h"

struct lk_check_pam {
    struct lk_cli *cli;
    const char *folder;             /* /etc/pam.d */
    const char *module_folder;      /* NULL: where Linux-PAM looks */
    const struct lk_config *config; /* NULL: not readable; local services are not compared then */
    struct lk_json_writer *writer;  /* with --json: where each service is put */
    struct lk_json *array;
    unsigned services;
    unsigned armed;
    unsigned broken;   /* no login, or not the one that was meant */
    unsigned passable; /* armed, but a login can succeed without the key */
};
/* Judges every stack in the folder and shows a row for each. 0 or an exit status: the folder cannot be read. */
int lk_cli_check_pam(struct lk_check_pam *check);

#endif
