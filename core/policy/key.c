/* SPDX-License-Identifier: EUPL-1.2 */
/* What is known of a key: its row, the anchor that vouches for it, and its firmware by the best evidence there is. */
#include "policy/key.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct lk_key_facts lk_key_facts_of(const struct lk_statement *statement)
{
    return (struct lk_key_facts){
        .aaguid = statement->aaguid,
        .format = statement->proved.format,
        .anchor = statement->proved.has_anchor ? &statement->proved.anchor : NULL,
        .firmware = statement->proved.firmware,
        .reported = statement->claimed.firmware,
    };
}

const char *lk_firmware_source_name(enum lk_firmware_source source)
{
    static const char *const names[] = {"unknown", "model", "reported", "signed"};

    return (size_t)source < sizeof names / sizeof names[0] ? names[source] : names[0];
}

enum lk_key_person lk_key_person_of(const struct lk_statement *statement,
                                    const char *const *administrators)
{
    if (statement->kind == LK_KIND_OPERATOR)
        return LK_PERSON_OPERATOR;
    for (size_t i = 0; administrators != NULL && administrators[i] != NULL; i++) {
        for (uint32_t j = 0; j < statement->group_count; j++) {
            if (strcmp(administrators[i], statement->groups[j]) == 0)
                return LK_PERSON_ADMINISTRATOR;
        }
    }
    return LK_PERSON_AGENT;
}

const char *lk_key_person_name(enum lk_key_person person)
{
    static const char *const names[LK_PERSONS] = {"agent", "operator", "administrator"};

    return person < LK_PERSONS ? names[person] : "?";
}

static bool exact(struct lk_key *key, enum lk_firmware_source source, uint32_t firmware)
{
    key->source = source;
    key->low = firmware;
    key->high = firmware;
    return true;
}

/* The number of getInfo means what the model's maker means by it, and is worth something only where the same ceremony proved the model. What lies outside of what the model can
 * have is not believed. */
static bool reported(const struct lk_key_facts *facts, struct lk_key *key)
{
    uint64_t number;

    if (!key->vouched || key->model == NULL || key->model->decoder != LK_DECODER_YUBICO24 ||
        facts->reported == NULL ||
        lk_number_parse(facts->reported, 1, LK_FIRMWARE_HIGHEST, &number) != 0)
        return false;
    if (key->model->has_firmware &&
        (number < key->model->firmware_from || number > key->model->firmware_to))
        return false;
    return exact(key, LK_FIRMWARE_REPORTED, (uint32_t)number);
}

static void look_firmware(const struct lk_key_facts *facts, struct lk_key *key)
{
    uint32_t firmware;

    if (key->attested && facts->firmware != NULL && facts->firmware[0] != '\0' &&
        lk_firmware_parse(facts->firmware, false, &firmware) == 0) {
        (void)exact(key, LK_FIRMWARE_SIGNED, firmware);
        return;
    }
    if (reported(facts, key))
        return;
    key->high = LK_FIRMWARE_HIGHEST;
    if (key->model == NULL || !key->model->has_firmware)
        return;
    key->source = LK_FIRMWARE_OF_MODEL;
    key->low = key->model->firmware_from;
    key->high = key->model->firmware_to;
}

void lk_key_look(const struct lk_tables *tables, const struct lk_key_facts *facts,
                 struct lk_key *ret_key)
{
    struct lk_key key = {.attested = facts->anchor != NULL};

    key.model = lk_tables_authenticator(tables, facts->aaguid);
    if (facts->anchor != NULL)
        key.anchor = lk_tables_anchor(tables, facts->anchor->bytes);
    /* What root pinned by hand, without a row, vouches for whatever it signed. */
    key.vouched = key.attested && (key.anchor == NULL ||
                                   (key.anchor->role == LK_ANCHOR_TRUST && key.model != NULL &&
                                    lk_anchor_vouches(key.anchor, key.model)));
    look_firmware(facts, &key);
    *ret_key = key;
}
