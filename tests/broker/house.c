/* SPDX-License-Identifier: EUPL-1.2 */
/* The means of house.h. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "broker/register/mark.h"
#include "verify/verify.h"

static const uint8_t zero_aaguid[16];

static void digest_of(const struct house *house, struct lk_view bytes, struct lk_digest *ret_digest)
{
    NEED(lk_sha256(house->crypto, &bytes, 1, ret_digest->bytes) == 0);
}

void house_path(const struct house *house, const char *file, char *ret_path, size_t size)
{
    NEED(snprintf(ret_path, size, "%s/%s", house->folder, file) < (int)size);
}

static void write_file(const char *path, mode_t mode, struct lk_view bytes)
{
    NEED(lk_file_replace(path, mode, bytes) == 0);
}

/* ---- committing ---- */

static void commit(struct house *house, struct lk_change *change)
{
    struct lk_change *changes[] = {change};

    NEED(lk_store_sqlite.commit(house->store, changes, 1) == 0);
    NEED(change->error == 0 && change->reason == LK_REASON_NONE);
    house->head = change->number;
    house->head_hash = change->hash;
}

void house_touch(const struct house *house, enum lk_act act, const struct lk_digest *root,
                 uint64_t count, struct lk_buf *ret_record)
{
    struct lk_endorsement endorsement = {.act = act,
                                         .root = *root,
                                         .count = count,
                                         .register_number = house->head,
                                         .register_hash = house->head_hash,
                                         .operator_id = house->set->operators[0].id,
                                         .time = time(NULL),
                                         .credential_id =
                                             house->set->operators[0].keys[0].credential_id};
    struct lk_buf data = LK_BUF_INIT(512);
    struct lk_buf signature = LK_BUF_INIT(512);
    uint8_t hash[32];
    struct lk_view parts[2];

    NEED(lk_endorsement_hash(house->crypto, &endorsement, hash) == 0);
    test_authenticator_data(&data, "latchkey-operator:" HOUSE_ORGANISATION, LK_FLAG_UP | LK_FLAG_UV,
                            1, zero_aaguid, LK_VIEW(NULL, 0), NULL);
    parts[0] = lk_buf_view(&data);
    parts[1] = LK_VIEW(hash, sizeof(hash));
    test_sign(&house->operator_key, parts, 2, &signature);
    endorsement.authenticator_data_len = (uint16_t)data.len;
    memcpy(endorsement.authenticator_data, data.data, data.len);
    endorsement.signature_len = (uint16_t)signature.len;
    memcpy(endorsement.signature, signature.data, signature.len);
    lk_buf_init(ret_record, LK_ENDORSEMENT_MAX);
    NEED(lk_endorsement_encode(ret_record, &endorsement) == 0);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
}

/* ---- the organisation ---- */

static void write_config(struct house *house, const char *more)
{
    char text[2048];
    int len =
        snprintf(text, sizeof(text),
                 "[organisation]\nname = " HOUSE_ORGANISATION "\ngateway_host = " HOUSE_GATEWAY "\n"
                 "[models]\ntables =\n[paths]\nstate = %s\nrun = %s\noperators = %s/operators\n%s",
                 house->state, house->run, house->folder, more != NULL ? more : "");

    NEED(len > 0 && len < (int)sizeof(text));
    house_path(house, "latchkey.conf", house->config, sizeof(house->config));
    write_file(house->config, 0644, LK_VIEW((const uint8_t *)text, (size_t)len));
}

static void make_set(struct house *house)
{
    struct lk_operator_set *set = calloc(1, sizeof(*set));

    NEED(set != NULL);
    set->operators = calloc(1, sizeof(*set->operators));
    NEED(set->operators != NULL);
    set->number = 1;
    set->operator_count = 1;
    set->time = time(NULL);
    strcpy(set->organisation, HOUSE_ORGANISATION);
    for (int act = 1; act < LK_ACT_COUNT; act++)
        set->quorum[act] = 1;
    test_key_make(&house->operator_key, -7);
    strcpy(set->operators[0].name, "olga");
    set->operators[0].roles = LK_ROLE_ALL;
    set->operators[0].key_count = 1;
    set->operators[0].keys[0].public_key = house->operator_key.cose;
    set->operators[0].keys[0].credential_id.len = 32;
    NEED(lk_random_fill(&lk_random_system, set->operators[0].keys[0].credential_id.bytes, 32) == 0);
    NEED(lk_random_fill(&lk_random_system, set->operators[0].id.bytes, LK_SUBJECT_SIZE) == 0);
    house->set = set;
}

/* The chain file, and the set as the register's first entry. */
static void enter_set(struct house *house)
{
    struct lk_buf set = LK_BUF_INIT(LK_OPERATOR_SET_MAX);
    struct lk_buf chain = LK_BUF_INIT(1 << 20);
    struct lk_buf joined = LK_BUF_INIT(LK_ENDORSEMENT_MAX + 4);
    struct lk_buf record;
    struct lk_digest digest;
    struct lk_digest root;
    struct lk_operator_chain_link link = {.endorsement_count = 1};
    struct lk_change change = {.kind = LK_CHANGE_OPERATOR_SET};
    char path[128];

    NEED(lk_operator_set_encode(&set, house->set) == 0);
    digest_of(house, lk_buf_view(&set), &digest);
    NEED(lk_tree_root(house->crypto, &digest, 1, &root) == 0);
    house_touch(house, LK_ACT_OPERATORS, &root, 1, &record);
    link.set = lk_buf_view(&set);
    link.endorsements[0] = lk_buf_view(&record);
    NEED(lk_operator_chain_encode(&chain, &link, 1) == 0);
    house_path(house, "operators", path, sizeof(path));
    write_file(path, 0644, lk_buf_view(&chain));
    lk_buf_put_field32(&joined, record.data, record.len);
    change.u.set.set = lk_buf_view(&set);
    change.u.set.number = 1;
    change.u.set.endorsements = lk_buf_view(&joined);
    change.u.set.time = time(NULL);
    commit(house, &change);
    lk_buf_clear(&set);
    lk_buf_clear(&chain);
    lk_buf_clear(&joined);
    lk_buf_clear(&record);
}

void house_open(struct house *house)
{
    const struct lk_store_options options = {.folder = house->state,
                                             .crypto = house->crypto,
                                             .clock = &lk_clock_system,
                                             .broker = house->broker};
    struct lk_store_head head;

    NEED(lk_store_sqlite.open(&options, &house->store) == 0);
    NEED(lk_store_sqlite.read_head(house->store, &head) == 0);
    house->head = head.number;
    house->head_hash = head.hash;
}

void house_begin(struct house *house, const char *more)
{
    char path[128];

    memset(house, 0, sizeof(*house));
    strcpy(house->folder, "/tmp/lk-broker-XXXXXX");
    NEED(mkdtemp(house->folder) != NULL);
    house_path(house, "state", house->state, sizeof(house->state));
    house_path(house, "run", house->run, sizeof(house->run));
    NEED(chmod(house->folder, 0755) == 0);
    NEED(mkdir(house->state, 0700) == 0 && mkdir(house->run, 0755) == 0);
    NEED(lk_crypto_start(&house->crypto) == 0);
    NEED(lk_random_fill(&lk_random_system, house->broker.bytes, LK_SUBJECT_SIZE) == 0);
    house_path(house, "state/broker.id", path, sizeof(path));
    write_file(path, 0600, LK_VIEW(house->broker.bytes, LK_SUBJECT_SIZE));
    write_config(house, more);
    house_open(house);
    make_set(house);
    enter_set(house);
}

void house_close(struct house *house)
{
    struct lk_mark *mark = NULL;
    struct lk_store_head head;

    NEED(lk_store_sqlite.read_head(house->store, &head) == 0);
    NEED(lk_mark_open(house->state, house->crypto, &mark) == 0);
    NEED(lk_mark_advance(mark, head.number, &head.hash, head.set_number, &head.set_digest) == 0);
    mark = lk_mark_close(mark);
    lk_store_sqlite.close(house->store);
    house->store = NULL;
}

void house_end(struct house *house)
{
    char command[128];

    if (house->store != NULL)
        lk_store_sqlite.close(house->store);
    NEED(snprintf(command, sizeof(command), "rm -rf '%s'", house->folder) < (int)sizeof(command));
    NEED(system(command) == 0);
    test_key_free(&house->operator_key);
    house->set = lk_operator_set_free(house->set);
    house->crypto = lk_crypto_free(house->crypto);
}

/* ---- agents ---- */

void house_enrol(struct house *house, const char *name, enum lk_kind kind,
                 struct agent_key *ret_key)
{
    static const uint8_t evidence[] = "attestation of a key made by a test";
    struct lk_statement *statement = &ret_key->statement;
    struct lk_change change = {.kind = LK_CHANGE_STATEMENT};
    struct lk_digest subject;

    memset(ret_key, 0, sizeof(*ret_key));
    test_key_make(&ret_key->key, -7);
    statement->version = 1;
    statement->kind = kind;
    /* One subject a name. */
    digest_of(house, LK_VIEW((const uint8_t *)name, strlen(name)), &subject);
    memcpy(statement->subject.bytes, subject.bytes, LK_SUBJECT_SIZE);
    NEED(snprintf(statement->name, sizeof(statement->name), "%s", name) <
         (int)sizeof(statement->name));
    strcpy(statement->relying_party,
           kind == LK_KIND_BROWSER ? HOUSE_GATEWAY : "latchkey-host:" HOUSE_ORGANISATION);
    statement->credential_id.len = 48;
    NEED(lk_random_fill(&lk_random_system, statement->credential_id.bytes, 48) == 0);
    statement->public_key = ret_key->key.cose;
    statement->proved.format = LK_FORMAT_PACKED_SELF;
    if (kind == LK_KIND_HOST) {
        statement->group_count = 1;
        strcpy(statement->groups[0], "all");
    }
    if (kind == LK_KIND_BROWSER && house->attested) {
        statement->proved.format = LK_FORMAT_PACKED;
        statement->proved.has_anchor = true;
        memset(statement->proved.anchor.bytes, 0xa5, LK_DIGEST_SIZE);
        statement->group_count = 2;
        strcpy(statement->groups[0], "school");
        strcpy(statement->groups[1], "town");
    }
    digest_of(house, LK_VIEW(evidence, sizeof(evidence)), &statement->attestation_digest);
    lk_buf_init(&ret_key->bytes, LK_STATEMENT_MAX);
    NEED(lk_statement_encode(&ret_key->bytes, statement) == 0);
    digest_of(house, lk_buf_view(&ret_key->bytes), &ret_key->digest);
    change.u.statement.statement = lk_buf_view(&ret_key->bytes);
    change.u.statement.attestation_object = LK_VIEW(evidence, sizeof(evidence));
    change.u.statement.time = time(NULL);
    commit(house, &change);
}

void house_endorse(struct house *house, struct agent_key *const *keys, size_t count)
{
    struct lk_change change = {.kind = LK_CHANGE_ENDORSE};
    struct lk_digest *leaves = calloc(count, sizeof(*leaves));
    struct lk_tree_path *paths = calloc(count, sizeof(*paths));
    bool *completes = calloc(count, sizeof(*completes));
    uint64_t *versions = calloc(count, sizeof(*versions));
    struct lk_digest root;
    struct lk_buf record;

    NEED(leaves != NULL && paths != NULL && completes != NULL && versions != NULL);
    for (size_t i = 0; i < count; i++) {
        struct lk_store_rows rows = {0};

        leaves[i] = keys[i]->digest;
        completes[i] = true;
        NEED(lk_store_sqlite.read_statement(house->store, &leaves[i], &rows) == 0 &&
             rows.count == 1);
        versions[i] = rows.rows[0].row_version;
        lk_store_rows_free(&rows);
    }
    for (size_t i = 0; i < count; i++)
        NEED(lk_tree_path(house->crypto, leaves, count, i, &paths[i]) == 0);
    NEED(lk_tree_root(house->crypto, leaves, count, &root) == 0);
    house_touch(house, LK_ACT_ENROL, &root, count, &record);
    change.u.endorse = (struct lk_change_endorse){.endorsement = lk_buf_view(&record),
                                                  .count = count,
                                                  .statements = leaves,
                                                  .paths = paths,
                                                  .completes = completes,
                                                  .row_versions = versions,
                                                  .time = time(NULL)};
    commit(house, &change);
    NEED(change.activated == count);
    lk_buf_clear(&record);
    free(leaves);
    free(paths);
    free(completes);
    free(versions);
}

void house_admit(struct house *house, const char *name, enum lk_kind kind,
                 struct agent_key *ret_key)
{
    struct agent_key *keys[] = {ret_key};

    house_enrol(house, name, kind, ret_key);
    house_endorse(house, keys, 1);
}

void house_state(struct house *house, const struct agent_key *key, enum lk_state state)
{
    struct lk_state_change wanted = {
        .statement = key->digest, .state = state, .reason = "test", .time = time(NULL)};
    struct lk_change change = {.kind = LK_CHANGE_STATE};
    struct lk_buf bytes = LK_BUF_INIT(512);

    NEED(lk_state_change_encode(&bytes, &wanted) == 0);
    change.u.state.change = lk_buf_view(&bytes);
    change.u.state.statement = key->digest;
    change.u.state.state = state;
    change.u.state.time = time(NULL);
    commit(house, &change);
    lk_buf_clear(&bytes);
}

void agent_key_free(struct agent_key *key)
{
    test_key_free(&key->key);
    lk_buf_clear(&key->bytes);
}

void agent_key_sign(struct agent_key *key, const char *relying_party, uint8_t flags,
                    const uint8_t hash[32], struct lk_buf *ret_data, struct lk_buf *ret_signature)
{
    struct lk_view parts[2];

    lk_buf_init(ret_data, LK_AUTHENTICATOR_DATA_MAX);
    lk_buf_init(ret_signature, LK_SIGNATURE_MAX);
    test_authenticator_data(ret_data, relying_party, flags, ++key->counter, zero_aaguid,
                            LK_VIEW(NULL, 0), NULL);
    parts[0] = lk_buf_view(ret_data);
    parts[1] = LK_VIEW(hash, 32);
    test_sign(&key->key, parts, 2, ret_signature);
}
