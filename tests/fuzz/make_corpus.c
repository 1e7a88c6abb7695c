/* SPDX-License-Identifier: EUPL-1.2 */
/* Writes the first corpus of the targets wire and verify: one good input of each kind, with keys made for it and thrown away. The files are kept in the tree; this
 * program is for the day a format is added: make_corpus tests/fuzz/corpus */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/test_key.h"
#include "../unit/test_values.h"
#include "verify/verify.h"

#define RELYING_PARTY "latchkey-host:example"
#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static const char *root;
static const uint8_t aaguid[16] = {1, 2, 3, 4};
static const uint8_t zero_aaguid[16];
static const uint8_t credential_id[32] = {9, 9, 9};

static void write_input(const char *target, const char *name, uint8_t first, struct lk_view rest)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s/%s", root, target, name);
    file = fopen(path, "wbe");
    NEED(file);
    NEED(fputc(first, file) == first);
    NEED(fwrite(rest.data, 1, rest.len, file) == rest.len);
    NEED(fclose(file) == 0);
}

static void write_buf(const char *target, const char *name, uint8_t first, struct lk_buf *buf)
{
    NEED(lk_buf_error(buf) == 0);
    write_input(target, name, first, lk_buf_view(buf));
    lk_buf_clear(buf);
}

/* The numbers are places in the table of fuzz_wire.c. */
static void formats(void)
{
    struct lk_buf buf = LK_BUF_INIT(1 << 20);
    struct lk_statement statement;
    struct lk_state_change change;
    struct lk_restore restore;
    struct lk_endorsement endorsement;
    struct lk_tree_path path;
    struct lk_register_entry entry;
    struct lk_public_key key;

    test_statement(&statement, LK_KIND_HOST);
    NEED(lk_statement_encode(&buf, &statement) == 0);
    write_buf("wire", "statement-host", 0, &buf);
    test_statement(&statement, LK_KIND_BROWSER);
    NEED(lk_statement_encode(&buf, &statement) == 0);
    write_buf("wire", "statement-browser", 0, &buf);
    test_state_change(&change);
    NEED(lk_state_change_encode(&buf, &change) == 0);
    write_buf("wire", "state", 1, &buf);
    test_restore(&restore);
    NEED(lk_restore_encode(&buf, &restore) == 0);
    write_buf("wire", "restore", 2, &buf);
    test_endorsement(&endorsement);
    NEED(lk_endorsement_encode(&buf, &endorsement) == 0);
    write_buf("wire", "endorsement", 3, &buf);
    test_path(&path);
    NEED(lk_tree_path_encode(&buf, &path) == 0);
    write_buf("wire", "path", 4, &buf);
    test_register_entry(&entry);
    NEED(lk_register_entry_encode(&buf, &entry) == 0);
    write_buf("wire", "register", 5, &buf);
    test_public_key(&key, 1);
    write_input("wire", "cose", 8, LK_VIEW(key.bytes, key.len));
}

static void texts(void)
{
    static const char client_data[] = "{\"type\":\"webauthn.get\",\"challenge\":\"AAECAwQFBgc\","
                                      "\"origin\":\"https://sso.example.org\","
                                      "\"crossOrigin\":false,\"other\":1}";
    static const uint8_t items[] = {0x83, 0x01, 0x20, 0xa2, 0x01, 0xf5, 0x61, 0x61,
                                    0x41, 0x00, 0x9a, 0x0f, 0xff, 0xff, 0xff};

    write_input("wire", "client-data", 11,
                LK_VIEW((const uint8_t *)client_data, sizeof(client_data) - 1));
    write_input("wire", "cbor-items", 12, LK_VIEW(items, sizeof(items)));
}

static void assertion(const char *name, int64_t algorithm, uint8_t options, bool extensions)
{
    struct lk_buf data = LK_BUF_INIT(512);
    struct lk_buf input = LK_BUF_INIT(4096);
    uint8_t hash[32];
    struct test_key key;
    struct lk_view parts[2];

    test_key_make(&key, algorithm);
    test_sha256(name, strlen(name), hash);
    test_authenticator_data(&data, RELYING_PARTY, extensions ? 0x85 : 0x05, 3, zero_aaguid,
                            LK_VIEW(NULL, 0), NULL);
    if (extensions)
        lk_buf_put_bytes(&data,
                         "\xa1\x68"
                         "credBlob"
                         "\x41\x01",
                         12);
    lk_buf_put_u8(&input, options);
    lk_buf_put_field(&input, key.cose.bytes, key.cose.len);
    lk_buf_put_bytes(&input, hash, 32);
    lk_buf_put_field(&input, data.data, data.len);
    parts[0] = lk_buf_view(&data);
    parts[1] = LK_VIEW(hash, 32);
    test_sign(&key, parts, 2, &input);
    write_input("wire", name, 9, lk_buf_view(&data));
    write_buf("verify", name, 0, &input);
    lk_buf_clear(&data);
    test_key_free(&key);
}

static void attestation(const char *name, const char *format, bool certificate, bool u2f)
{
    struct lk_attestation_object object = {.has_algorithm = !u2f, .algorithm = -7};
    struct test_certificate what = TEST_CERTIFICATE;
    struct lk_buf data = LK_BUF_INIT(2048), signature = LK_BUF_INIT(512), der = LK_BUF_INIT(8192),
                  out = LK_BUF_INIT(16384), input = LK_BUF_INIT(20000);
    struct lk_authenticator_data parsed;
    struct lk_cose_key cose;
    struct test_key key, batch;
    uint8_t hash[32];

    test_key_make(&key, -7);
    test_key_make(&batch, -7);
    test_sha256(name, strlen(name), hash);
    test_authenticator_data(&data, RELYING_PARTY, 0x45, 0, u2f ? zero_aaguid : aaguid,
                            LK_VIEW(credential_id, sizeof(credential_id)), &key.cose);
    NEED(lk_authenticator_data_decode(lk_buf_view(&data), &parsed) == 0);
    NEED(lk_cose_key_decode(parsed.public_key, &cose) == 0);
    if (u2f) {
        const struct lk_view parts[] = {LK_VIEW((const uint8_t *)"", 1),
                                        LK_VIEW(parsed.rp_id_hash, 32),
                                        LK_VIEW(hash, 32),
                                        parsed.credential_id,
                                        LK_VIEW((const uint8_t *)"\x04", 1),
                                        LK_VIEW(cose.x, 32),
                                        LK_VIEW(cose.y, 32)};

        test_sign(&batch, parts, 7, &signature);
    } else {
        const struct lk_view parts[] = {lk_buf_view(&data), LK_VIEW(hash, 32)};

        test_sign(certificate ? &batch : &key, parts, 2, &signature);
    }
    strcpy(object.format, format);
    object.authenticator_data = lk_buf_view(&data);
    object.signature = lk_buf_view(&signature);
    if (certificate) {
        test_certificate_make(&what, &batch, &der);
        object.certificates[0] = lk_buf_view(&der);
        object.certificate_count = 1;
    }
    NEED(lk_attestation_object_encode(&out, &object) == 0);
    lk_buf_put_u8(&input, 0);
    lk_buf_put_bytes(&input, hash, 32);
    lk_buf_put_view(&input, lk_buf_view(&out));
    write_buf("verify", name, 1, &input);
    write_buf("wire", name, 10, &out);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
    lk_buf_clear(&der);
    test_key_free(&key);
    test_key_free(&batch);
}

/* One set of one operator, endorsed by itself with a true signature. */
static void chain(const struct lk_crypto *crypto)
{
    struct lk_operator_set *set = test_operator_set(1);
    struct lk_buf bytes = LK_BUF_INIT(60000), record = LK_BUF_INIT(4096),
                  file = LK_BUF_INIT(1 << 20), data = LK_BUF_INIT(512),
                  signature = LK_BUF_INIT(512);
    struct lk_operator_chain_link link = {.endorsement_count = 1};
    struct lk_endorsement endorsement;
    struct lk_digest digest;
    struct test_key key;
    struct lk_view parts[2];
    uint8_t hash[32];

    test_key_make(&key, -7);
    set->operators[0].keys[0].public_key = key.cose;
    NEED(lk_operator_set_encode(&bytes, set) == 0);
    NEED(lk_object_digest(crypto, lk_buf_view(&bytes), &digest) == 0);
    test_endorsement(&endorsement);
    endorsement.act = LK_ACT_OPERATORS;
    endorsement.count = 1;
    endorsement.operator_id = set->operators[0].id;
    endorsement.credential_id = set->operators[0].keys[0].credential_id;
    NEED(lk_tree_root(crypto, &digest, 1, &endorsement.root) == 0);
    NEED(lk_endorsement_hash(crypto, &endorsement, hash) == 0);
    test_authenticator_data(&data, "latchkey-operator:example", 0x05, 1, zero_aaguid,
                            LK_VIEW(NULL, 0), NULL);
    parts[0] = lk_buf_view(&data);
    parts[1] = LK_VIEW(hash, 32);
    test_sign(&key, parts, 2, &signature);
    memcpy(endorsement.authenticator_data, data.data, data.len);
    endorsement.authenticator_data_len = (uint16_t)data.len;
    memcpy(endorsement.signature, signature.data, signature.len);
    endorsement.signature_len = (uint16_t)signature.len;
    NEED(lk_endorsement_encode(&record, &endorsement) == 0);
    link.set = lk_buf_view(&bytes);
    link.endorsements[0] = lk_buf_view(&record);
    NEED(lk_operator_chain_encode(&file, &link, 1) == 0);
    write_input("verify", "operators", 2, lk_buf_view(&file));
    write_buf("wire", "operators", 7, &file);
    write_buf("wire", "operator-set", 6, &bytes);
    lk_buf_clear(&record);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
    lk_operator_set_free(set);
    test_key_free(&key);
}

int main(int argc, char **argv)
{
    struct lk_crypto *crypto = NULL;

    NEED(argc == 2);
    root = argv[1];
    NEED(lk_crypto_start(&crypto) == 0);
    formats();
    texts();
    assertion("assertion-es256", -7, 3, false);
    assertion("assertion-eddsa", -8, 1, false);
    assertion("assertion-extensions", -7, 1, true);
    attestation("attestation-packed", "packed", true, false);
    attestation("attestation-self", "packed", false, false);
    attestation("attestation-u2f", "fido-u2f", true, true);
    attestation("attestation-unknown", "tpm", true, false);
    chain(crypto);
    lk_crypto_free(crypto);
    return 0;
}
