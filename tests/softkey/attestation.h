/* SPDX-License-Identifier: EUPL-1.2 */
/* Attestation of the software key: a test root, a batch certificate with the AAGUID, statements. */
#ifndef LK_SOFTKEY_ATTESTATION_H
#define LK_SOFTKEY_ATTESTATION_H

#include <stdio.h>

#include "credential.h"

/* Writes fmt, authData and attStmt (fields 1 to 3 of the makeCredential reply). */
void lk_attestation_write(struct lk_softkey *key, const struct lk_credential *credential,
                          const struct lk_auth_data *auth_data, const uint8_t rp_id_hash[32],
                          const uint8_t client_data_hash[32], struct lk_writer *reply);
/* Writes the test root as PEM. */
bool lk_attestation_print_root(const uint8_t root_seed[32], FILE *output);

#endif
