/* SPDX-License-Identifier: EUPL-1.2 */
/* Values of test_values.h. */
#include "test_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(void *data, size_t len, uint8_t first)
{
    uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(first + i);
}

void test_public_key(struct lk_public_key *key, uint8_t number)
{
    static const uint8_t head[] = {0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20};

    memset(key, 0, sizeof(*key));
    memcpy(key->bytes, head, sizeof(head));
    fill(key->bytes + 10, 32, number);
    key->bytes[42] = 0x22;
    key->bytes[43] = 0x58;
    key->bytes[44] = 0x20;
    fill(key->bytes + 45, 32, (uint8_t)(number + 1));
    key->len = 77;
}

void test_statement(struct lk_statement *statement, enum lk_kind kind)
{
    memset(statement, 0, sizeof(*statement));
    statement->version = 1;
    fill(statement->subject.bytes, LK_SUBJECT_SIZE, 0x10);
    strcpy(statement->name, "alice");
    statement->kind = kind;
    strcpy(statement->relying_party, kind == LK_KIND_BROWSER    ? "sso.example.org"
                                     : kind == LK_KIND_OPERATOR ? "latchkey-operator:example"
                                                                : "latchkey-host:example");
    statement->credential_id.len = 48;
    fill(statement->credential_id.bytes, 48, 0x20);
    test_public_key(&statement->public_key, 0x40);
    fill(statement->aaguid, LK_AAGUID_SIZE, 0x50);
    statement->proved.format = LK_FORMAT_PACKED;
    strcpy(statement->claimed.model, "Example Key");
    strcpy(statement->claimed.firmware, "5.7.4");
    strcpy(statement->claimed.serial, "12345678");
    fill(statement->attestation_digest.bytes, LK_DIGEST_SIZE, 0x60);
    fill(statement->creation_client_data_hash.bytes, LK_DIGEST_SIZE, 0x80);
    if (kind == LK_KIND_HOST) {
        statement->group_count = 2;
        strcpy(statement->groups[0], "desks");
        strcpy(statement->groups[1], "web");
    }
    statement->not_before = 1795000000;
    statement->not_after = 1890000000;
}

void test_state_change(struct lk_state_change *change)
{
    memset(change, 0, sizeof(*change));
    fill(change->statement.bytes, LK_DIGEST_SIZE, 0x11);
    change->state = LK_STATE_REVOKED;
    strcpy(change->reason, "lost");
    change->time = 1795000100;
}

void test_restore(struct lk_restore *restore)
{
    memset(restore, 0, sizeof(*restore));
    restore->mark_number = 900;
    fill(restore->mark_hash.bytes, LK_DIGEST_SIZE, 0x21);
    restore->store_number = 880;
    fill(restore->store_hash.bytes, LK_DIGEST_SIZE, 0x31);
    restore->time = 1795000200;
}

void test_endorsement(struct lk_endorsement *endorsement)
{
    memset(endorsement, 0, sizeof(*endorsement));
    endorsement->act = LK_ACT_ENROL;
    fill(endorsement->root.bytes, LK_DIGEST_SIZE, 0x41);
    endorsement->count = 3;
    endorsement->register_number = 17;
    fill(endorsement->register_hash.bytes, LK_DIGEST_SIZE, 0x51);
    fill(endorsement->operator_id.bytes, LK_SUBJECT_SIZE, 0xa0);
    endorsement->time = 1795000300;
    endorsement->credential_id.len = 16;
    fill(endorsement->credential_id.bytes, 16, 0x61);
    endorsement->authenticator_data_len = 37;
    fill(endorsement->authenticator_data, 37, 0x71);
    endorsement->signature_len = 70;
    fill(endorsement->signature, 70, 0x81);
}

void test_path(struct lk_tree_path *path)
{
    memset(path, 0, sizeof(*path));
    path->index = 2;
    path->count = 5;
    path->length = 3;
    for (uint8_t i = 0; i < 3; i++)
        fill(path->hashes[i].bytes, LK_DIGEST_SIZE, (uint8_t)(0x91 + i));
}

void test_register_entry(struct lk_register_entry *entry)
{
    memset(entry, 0, sizeof(*entry));
    entry->number = 18;
    fill(entry->previous.bytes, LK_DIGEST_SIZE, 0x12);
    entry->kind = LK_ENTRY_ENDORSEMENT;
    fill(entry->object.bytes, LK_DIGEST_SIZE, 0x22);
    fill(entry->detail.bytes, LK_DIGEST_SIZE, 0x32);
    fill(entry->subject.bytes, LK_SUBJECT_SIZE, 0x10);
    entry->time = 1795000400;
    fill(entry->broker.bytes, LK_SUBJECT_SIZE, 0xb0);
    entry->log_number = 4711;
    fill(entry->log_hash.bytes, LK_DIGEST_SIZE, 0x42);
}

struct lk_operator_set *test_operator_set(uint32_t operators)
{
    struct lk_operator_set *set = calloc(1, sizeof(*set));

    if (!set)
        abort();
    set->number = 1;
    strcpy(set->organisation, "example");
    for (unsigned int act = 1; act < LK_ACT_COUNT; act++)
        set->quorum[act] = 1;
    set->time = 1794990000;
    set->operator_count = operators;
    set->operators = calloc(operators, sizeof(set->operators[0]));
    if (!set->operators)
        abort();
    for (uint32_t i = 0; i < operators; i++) {
        struct lk_operator *row = &set->operators[i];

        fill(row->id.bytes, LK_SUBJECT_SIZE, (uint8_t)(0xa0 + i));
        snprintf(row->name, sizeof(row->name), "operator-%u", i + 1u);
        row->roles = LK_ROLE_ALL;
        row->key_count = 2;
        for (uint8_t j = 0; j < 2; j++) {
            row->keys[j].credential_id.len = 16;
            fill(row->keys[j].credential_id.bytes, 16, (uint8_t)(1 + 16 * i + 8 * j));
            test_public_key(&row->keys[j].public_key, (uint8_t)(1 + 16 * i + 8 * j));
            fill(row->keys[j].aaguid, LK_AAGUID_SIZE, 0x50);
        }
    }
    return set;
}
