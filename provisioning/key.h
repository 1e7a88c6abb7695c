/* SPDX-License-Identifier: EUPL-1.2 */
/* A key as the tables see it, shown to a person or a program: model, firmware and how it is known, what stands against it by which row or line, and what to do. */
#ifndef LK_PROVISIONING_KEY_H
#define LK_PROVISIONING_KEY_H

#include "provisioning/cli.h"
#include "trust/trust.h"

struct lk_cli_key {
    struct lk_key key;
    enum lk_key_person person;
    struct lk_key_finding findings[LK_KEY_FINDINGS_MAX];
    size_t count; /* of findings, at most LK_KEY_FINDINGS_MAX */
    uint8_t aaguid[LK_AAGUID_SIZE];
};

/* Judges now. trust must have tables. */
void lk_cli_key_judge(const struct lk_trust *trust, const struct lk_key_facts *facts,
                      enum lk_key_person person, int64_t now, struct lk_cli_key *ret_key);
/* Of an AAGUID alone: what would be said of a key whose attestation proves it. */
void lk_cli_key_judge_model(const struct lk_trust *trust, const uint8_t aaguid[LK_AAGUID_SIZE],
                            int64_t now, struct lk_cli_key *ret_key);
/* Rows on standard output. */
void lk_cli_key_show(const struct lk_cli_key *key);
/* Each finding as a line on standard error, for whoever is just enrolling. */
void lk_cli_key_say(struct lk_cli *cli, const struct lk_cli_key *key);
/* "5.4.3 (signed)", "5.2.0 to 5.4.255 (model)", "unknown". */
enum { LK_CLI_FIRMWARE_TEXT = 64 };
void lk_cli_key_firmware(const struct lk_key *key, char ret_text[LK_CLI_FIRMWARE_TEXT]);
/* Members of a JSON object. */
void lk_cli_json_key(struct lk_json_writer *writer, struct lk_json *object,
                     const struct lk_cli_key *key);

#endif
