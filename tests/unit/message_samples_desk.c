/* SPDX-License-Identifier: EUPL-1.2 */
/* Examples of the messages of the desk socket, in the same way as message_samples.c. */
#include "message/desk.h"
#include "message_samples_parts.h"

static const uint8_t digests[64] = {[0] = 0xd0, [63] = 0xdf};
static const struct lk_device_assertion assertion = {.credential_id = {id_a, 3},
                                                     .authenticator_data = {blob, 40},
                                                     .signature = {id_b, 1},
                                                     .user_handle = {NULL, 0}};

static int signed_encode(struct lk_buf *buf)
{
    return lk_desk_signed_encode(buf, SAMPLE_REQUEST, &assertion);
}

static int signed_recode(struct lk_view payload, struct lk_buf *buf)
{
    struct lk_device_assertion message;
    int r = lk_desk_signed_decode(payload, &message);

    return r == 0 ? lk_desk_signed_encode(buf, SAMPLE_REQUEST, &message) : r;
}

/* Desk socket. */
static const struct lk_desk_pairs pairs = {
    .count = 2, .pairs = {{.name = "broker", .value = "running"}, {.name = "mark", .value = ""}}};
SAMPLE_CODEC(pairs, struct lk_desk_pairs, lk_desk_pairs)

static void pairs_bytes(struct lk_buf *buf)
{
    lk_buf_put_u16(buf, 2);
    lk_buf_put_string(buf, "broker");
    lk_buf_put_string(buf, "running");
    lk_buf_put_string(buf, "mark");
    lk_buf_put_string(buf, "");
}

static const struct lk_desk_filter filter = {.name = "alice",
                                             .credential_prefix = {0xa1, 0xa2, 0xa3},
                                             .credential_prefix_len = 3,
                                             .state = 2,
                                             .all_versions = true,
                                             .after = 0x0a0b0c0d0e0f1011,
                                             .most = 200};
SAMPLE_CODEC(filter, struct lk_desk_filter, lk_desk_list)

static void filter_bytes(struct lk_buf *buf)
{
    static const uint8_t prefix[] = {0, 3, 0xa1, 0xa2, 0xa3};

    lk_buf_put_string(buf, "alice");
    lk_buf_put_bytes(buf, prefix, sizeof(prefix));
    lk_buf_put_u8(buf, 2);
    lk_buf_put_u8(buf, 1);
    lk_buf_put_u64(buf, 0x0a0b0c0d0e0f1011);
    lk_buf_put_u16(buf, 200);
}

static const struct lk_desk_credential credential = {.statement = {blob, 40},
                                                     .state = 2,
                                                     .entry = 0x1122334455667788,
                                                     .activation = 9,
                                                     .counter = 10,
                                                     .created = 1795000000,
                                                     .last_login = -1,
                                                     .reason_count = 2,
                                                     .reasons = {80, 90},
                                                     .endorsement_count = 2,
                                                     .endorsements = {{id_a, 3}, {id_b, 1}}};
SAMPLE_CODEC(credential, struct lk_desk_credential, lk_desk_credential)

static void credential_bytes(struct lk_buf *buf)
{
    put_blob(buf);
    lk_buf_put_u8(buf, 2);
    lk_buf_put_u64(buf, 0x1122334455667788);
    lk_buf_put_u64(buf, 9);
    lk_buf_put_u32(buf, 10);
    lk_buf_put_u64(buf, 1795000000);
    lk_buf_put_u64(buf, UINT64_MAX);
    lk_buf_put_u16(buf, 2);
    lk_buf_put_u32(buf, 80);
    lk_buf_put_u32(buf, 90);
    put_ids(buf);
}

static const struct lk_desk_create desk_create = {.kind = 2,
                                                  .name = "alice",
                                                  .display_name = "Alice A.",
                                                  .has_subject = true,
                                                  .subject = SMALL,
                                                  .exclude_count = 2,
                                                  .exclude = {{id_a, 3}, {id_b, 1}}};
SAMPLE_CODEC(desk_create, struct lk_desk_create, lk_desk_create)

static void desk_create_bytes(struct lk_buf *buf)
{
    lk_buf_put_u8(buf, 2);
    lk_buf_put_string(buf, "alice");
    lk_buf_put_string(buf, "Alice A.");
    lk_buf_put_u8(buf, 1);
    put_small(buf);
    put_ids(buf);
}

static const struct lk_desk_created created = {.subject = SMALL,
                                               .relying_party = "login.example.org",
                                               .client_data_hash = HASH,
                                               .attestation_object = {blob, 40},
                                               .info = INFO};
SAMPLE_CODEC(created, struct lk_desk_created, lk_desk_created)

static void created_bytes(struct lk_buf *buf)
{
    put_small(buf);
    lk_buf_put_string(buf, "login.example.org");
    put_hash(buf);
    put_blob(buf);
    info_bytes(buf);
}

static const struct lk_desk_sign sign = {
    .client_data_hash = HASH, .allow_count = 2, .allow = {{id_a, 3}, {id_b, 1}}};
SAMPLE_CODEC(sign, struct lk_desk_sign, lk_desk_sign)

static void sign_bytes(struct lk_buf *buf)
{
    put_hash(buf);
    put_ids(buf);
}

static const struct lk_desk_submit submit = {
    .statement = {blob, 40}, .attestation_object = {id_b, 1}, .client_data_hash = {digests, 32}};
SAMPLE_CODEC(submit, struct lk_desk_submit, lk_desk_submit)

static void submit_bytes(struct lk_buf *buf)
{
    static const uint8_t zero[31];

    put_blob(buf);
    lk_buf_put_u16(buf, 1);
    lk_buf_put_u8(buf, 0xb1);
    lk_buf_put_u16(buf, 32);
    lk_buf_put_u8(buf, 0xd0);
    lk_buf_put_bytes(buf, zero, sizeof(zero));
}

static const struct lk_desk_test test = {.statement = HASH};
SAMPLE_CODEC(test, struct lk_desk_test, lk_desk_test)
#define test_bytes put_hash

static const struct lk_desk_endorse endorse = {
    .endorsement = {blob, 40}, .count = 2, .statements = {digests, 64}};
SAMPLE_CODEC(endorse, struct lk_desk_endorse, lk_desk_endorse)

static void endorse_bytes(struct lk_buf *buf)
{
    put_blob(buf);
    lk_buf_put_u32(buf, 2);
    lk_buf_put_u16(buf, 64);
    put_pattern(buf, 0xd0, 64);
}

static const struct lk_desk_state change = {.endorsement = {blob, 40},
                                            .count = 2,
                                            .changes = {{id_a, 3}, {id_b, 1}},
                                            .own_sessions_only = true};
SAMPLE_CODEC(change, struct lk_desk_state, lk_desk_state)

static void change_bytes(struct lk_buf *buf)
{
    put_blob(buf);
    put_ids(buf);
    lk_buf_put_u8(buf, 1);
}

static const struct lk_desk_lost lost = {.name = "alice", .count = 2, .credentials = {HASH, SMALL}};
SAMPLE_CODEC(lost, struct lk_desk_lost, lk_desk_lost)

static void lost_bytes(struct lk_buf *buf)
{
    lk_buf_put_string(buf, "alice");
    lk_buf_put_u16(buf, 2);
    put_hash(buf);
    put_small(buf);
    lk_buf_put_u64(buf, 0);
    lk_buf_put_u64(buf, 0);
}

static const struct lk_desk_register range = {.first = 0x0102030405060708, .most = 100};
SAMPLE_CODEC(range, struct lk_desk_register, lk_desk_register)

static void range_bytes(struct lk_buf *buf)
{
    lk_buf_put_u64(buf, 0x0102030405060708);
    lk_buf_put_u32(buf, 100);
}

static const struct lk_desk_entry entry = {.entry = {blob, 40},
                                           .object = {id_b, 1},
                                           .endorsement_count = 2,
                                           .endorsements = {{id_a, 3}, {id_b, 1}}};
SAMPLE_CODEC(entry, struct lk_desk_entry, lk_desk_entry)

static void entry_bytes(struct lk_buf *buf)
{
    put_blob(buf);
    lk_buf_put_u16(buf, 1);
    lk_buf_put_u8(buf, 0xb1);
    put_ids(buf);
}

static const struct lk_desk_chain chain = {.chain = {blob, 40}};
SAMPLE_CODEC(chain, struct lk_desk_chain, lk_desk_chain)

static const struct lk_desk_log_filter log_filter = {.name = "alice", .first = 5, .most = 1000};
SAMPLE_CODEC(log_filter, struct lk_desk_log_filter, lk_desk_log)

static void log_filter_bytes(struct lk_buf *buf)
{
    lk_buf_put_string(buf, "alice");
    lk_buf_put_u64(buf, 5);
    lk_buf_put_u32(buf, 1000);
}

static const struct lk_desk_record record = {.number = 3,
                                             .time = 1795000000,
                                             .reason = 4,
                                             .kind = 2,
                                             .subject = SMALL,
                                             .credential = HASH,
                                             .aaguid = SMALL,
                                             .flags = 5,
                                             .counter = 77,
                                             .milliseconds = 1500,
                                             .count = 1,
                                             .name = "alice",
                                             .service = "sudo",
                                             .remote_host = "host"};
SAMPLE_CODEC(record, struct lk_desk_record, lk_desk_record)

static void record_bytes(struct lk_buf *buf)
{
    lk_buf_put_u64(buf, 3);
    lk_buf_put_u64(buf, 1795000000);
    lk_buf_put_u32(buf, 4);
    lk_buf_put_u8(buf, 2);
    put_small(buf);
    put_hash(buf);
    put_small(buf);
    lk_buf_put_u8(buf, 5);
    lk_buf_put_u32(buf, 77);
    lk_buf_put_u32(buf, 1500);
    lk_buf_put_u32(buf, 1);
    lk_buf_put_string(buf, "alice");
    lk_buf_put_string(buf, "sudo");
    lk_buf_put_string(buf, "host");
}

static const struct lk_desk_restore restore = {
    .restore = {blob, 40}, .endorsement_count = 2, .endorsements = {{id_a, 3}, {id_b, 1}}};
SAMPLE_CODEC(restore, struct lk_desk_restore, lk_desk_restore)

static const struct lk_desk_result result = {
    .reason = 90, .number = 12, .detail = 1, .retries = 255, .text = "one operator is missing"};
SAMPLE_CODEC(result, struct lk_desk_result, lk_desk_result)

static void result_bytes(struct lk_buf *buf)
{
    lk_buf_put_u32(buf, 90);
    lk_buf_put_u64(buf, 12);
    lk_buf_put_u64(buf, 1);
    lk_buf_put_u8(buf, 255);
    lk_buf_put_string(buf, "one operator is missing");
}

static void restore_bytes(struct lk_buf *buf)
{
    put_blob(buf);
    put_ids(buf);
}

static const struct lk_desk_agent agent = {
    .name = "alice", .set_full_name = true, .full_name = "Alice Martin", .email = ""};
SAMPLE_CODEC(agent, struct lk_desk_agent, lk_desk_agent)

static void agent_bytes(struct lk_buf *buf)
{
    lk_buf_put_string(buf, "alice");
    lk_buf_put_u8(buf, 1);
    lk_buf_put_string(buf, "Alice Martin");
    lk_buf_put_u8(buf, 0);
    lk_buf_put_string(buf, "");
}

static const struct lk_desk_agent_record agent_record = {
    .subject = SMALL, .full_name = "Alice Martin", .email = "alice@example.org"};
SAMPLE_CODEC(agent_record, struct lk_desk_agent_record, lk_desk_agent_record)

static void agent_record_bytes(struct lk_buf *buf)
{
    put_small(buf);
    lk_buf_put_string(buf, "Alice Martin");
    lk_buf_put_string(buf, "alice@example.org");
}

#define chain_bytes  put_blob
#define signed_bytes assertion_bytes

const struct message_sample message_samples_desk[] = {
    SAMPLE_ROW(pairs, LK_MESSAGE_DESK_PAIRS),
    SAMPLE_ROW(filter, LK_MESSAGE_DESK_LIST),
    SAMPLE_ROW(credential, LK_MESSAGE_DESK_CREDENTIAL),
    SAMPLE_ROW(desk_create, LK_MESSAGE_DESK_CREATE),
    SAMPLE_ROW(created, LK_MESSAGE_DESK_CREATED),
    SAMPLE_ROW(sign, LK_MESSAGE_DESK_SIGN),
    SAMPLE_ROW(signed, LK_MESSAGE_DESK_SIGNED),
    SAMPLE_ROW(submit, LK_MESSAGE_DESK_SUBMIT),
    SAMPLE_ROW(test, LK_MESSAGE_DESK_TEST),
    SAMPLE_ROW(endorse, LK_MESSAGE_DESK_ENDORSE),
    SAMPLE_ROW(change, LK_MESSAGE_DESK_STATE),
    SAMPLE_ROW(lost, LK_MESSAGE_DESK_LOST),
    SAMPLE_ROW(range, LK_MESSAGE_DESK_REGISTER),
    SAMPLE_ROW(entry, LK_MESSAGE_DESK_ENTRY),
    SAMPLE_ROW(chain, LK_MESSAGE_DESK_CHAIN),
    SAMPLE_ROW(log_filter, LK_MESSAGE_DESK_LOG),
    SAMPLE_ROW(record, LK_MESSAGE_DESK_RECORD),
    SAMPLE_ROW(restore, LK_MESSAGE_DESK_RESTORE),
    SAMPLE_ROW(result, LK_MESSAGE_DESK_RESULT),
    SAMPLE_ROW(agent, LK_MESSAGE_DESK_AGENT),
    SAMPLE_ROW(agent_record, LK_MESSAGE_DESK_AGENT_RECORD),
};
const size_t message_samples_desk_count =
    sizeof(message_samples_desk) / sizeof(message_samples_desk[0]);
