/* SPDX-License-Identifier: EUPL-1.2 */
/* The tables of firmware-notes: those that are shipped are read, each rule has a file that breaks it, local and imported rows do what they may and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "tables/tables.h"

#define HEAD(name)  "[table]\nformat = latchkey-" name " 1\nversion = 1\ndate = 2026-11-22\n"
#define AAGUID      "2fc0579f-8113-47ea-b116-bb5a8db9202a"
#define OTHER       "2fc0579f-8113-47ea-b116-bb5a8db9202b"
#define DIGEST      "62760c6a6ef91679f454c8902b80fd009825b3f25da90f1fbace2ec6586cd5a8"
#define ROW(aaguid) "[authenticator " aaguid "]\n"
#define KEYS                                                                                       \
    "vendor = Yubico\nmodel = YubiKey 5 NFC\nfamily = yubikey-5\nkind = security-key\n"            \
    "firmware_from = 5.2\nfirmware_to = 5.4\ndecoder = yubico24\ncertification = L1\n"             \
    "profile = consumer\ntransports = usb nfc\nnote = yubico\nsource = YAAG JM\n"
#define ANCHOR                                                                                     \
    "[anchor " DIGEST "]\nname = Root 1\nvendor = Yubico\nrole = trust\n"                          \
    "valid_to = 9999-12-31\nnote = yubico\nsource = YDEV\n"
#define ADVISORY(id, affects)                                                                      \
    "[advisory " id "]\ntitle = A weakness\ncve = CVE-2024-45678\ndate = 2024-09-03\n" affects     \
    "evidence = possible\nverdict = warn\nrisk = Something.\ntodo = Something else.\n"             \
    "todo_fr = Autre chose, \xc3\xa0 part.\nnote = yubico\nsource = CVE\n"

static char said[LK_TABLES_MESSAGE_SIZE];

static int add(struct lk_tables *tables, enum lk_table table, enum lk_table_origin origin,
               const char *text)
{
    said[0] = '\0';
    return lk_tables_add(tables, table, origin, "f", LK_VIEW((const uint8_t *)text, strlen(text)),
                         said, sizeof said);
}

static struct lk_tables *finished(const char *authenticators, const char *anchors,
                                  const char *advisories)
{
    struct lk_tables *tables = lk_tables_new();

    assert_non_null(tables);
    assert_int_equal(add(tables, LK_TABLE_AUTHENTICATORS, LK_TABLE_SHIPPED, authenticators), 0);
    if (anchors != NULL)
        assert_int_equal(add(tables, LK_TABLE_ANCHORS, LK_TABLE_SHIPPED, anchors), 0);
    if (advisories != NULL)
        assert_int_equal(add(tables, LK_TABLE_ADVISORIES, LK_TABLE_SHIPPED, advisories), 0);
    return tables;
}

/* ---- firmware ---- */

static void firmware(void **state)
{
    static const char *const bad[] = {"",      ".",     "5.",   ".5",     "5..7",  "5.7.4.1", "256",
                                      "5.256", "05.7",  "5.07", "5.7 ",   "-1",    "5,7",     "0x5",
                                      "5.7.",  "99999", "5.7a", "5.7.4.", "1.1.1 "};
    uint32_t value = 0;
    char text[LK_FIRMWARE_TEXT];

    (void)state;
    assert_int_equal(lk_firmware_parse("5.7.4", false, &value), 0);
    assert_int_equal(value, 0x050704);
    assert_int_equal(lk_firmware_parse("5.7", false, &value), 0);
    assert_int_equal(value, 0x050700);
    assert_int_equal(lk_firmware_parse("5.7", true, &value), 0);
    assert_int_equal(value, 0x0507ff);
    assert_int_equal(lk_firmware_parse("255", true, &value), 0);
    assert_int_equal(value, LK_FIRMWARE_HIGHEST);
    assert_int_equal(lk_firmware_parse("0", false, &value), 0);
    assert_int_equal(value, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(lk_firmware_parse(bad[i], false, &value), -LK_ERR_ENCODING);
    lk_firmware_format(0x050704, text);
    assert_string_equal(text, "5.7.4");
    lk_firmware_format(LK_FIRMWARE_HIGHEST, text);
    assert_string_equal(text, "255.255.255");
}

/* ---- what is shipped ---- */

static void read_shipped(struct lk_tables *tables, enum lk_table table)
{
    struct lk_file_rule rule = {.owner = geteuid()};
    struct lk_buf text = LK_BUF_INIT(LK_TABLES_FILE_MAX);
    char path[512];
    char *whole;

    (void)snprintf(path, sizeof path, "%s/firmware-notes/tables/%s.conf", getenv("LK_SOURCE_DIR"),
                   lk_table_name(table));
    whole = realpath(path, NULL);
    assert_non_null(whole);
    assert_int_equal(lk_file_read(whole, &rule, LK_TABLES_FILE_MAX, &text), 0);
    assert_int_equal(lk_tables_add(tables, table, LK_TABLE_SHIPPED, whole, lk_buf_view(&text), said,
                                   sizeof said),
                     0);
    free(whole);
    lk_buf_clear(&text);
}

static const struct lk_authenticator *model(const struct lk_tables *tables, const char *family)
{
    for (size_t i = 0; i < tables->authenticator_count; i++) {
        if (strcmp(tables->authenticators[i].family, family) == 0)
            return &tables->authenticators[i];
    }
    return NULL;
}

static void shipped(void **state)
{
    struct lk_tables *tables = lk_tables_new();
    const struct lk_authenticator *row;
    const struct lk_advisory *advisory;

    (void)state;
    if (getenv("LK_SOURCE_DIR") == NULL)
        skip();
    for (int table = 0; table < LK_TABLES; table++)
        read_shipped(tables, (enum lk_table)table);
    assert_int_equal(lk_tables_finish(tables, said, sizeof said), 0);
    assert_true(tables->authenticator_count > 200);
    assert_true(tables->anchor_count > 30);
    for (size_t i = 1; i < tables->authenticator_count; i++)
        assert_true(memcmp(tables->authenticators[i - 1].aaguid, tables->authenticators[i].aaguid,
                           LK_AAGUID_SIZE) < 0);
    advisory = lk_tables_advisory(tables, "YSA-2024-03");
    assert_non_null(advisory);
    assert_int_equal(advisory->verdict, LK_VERDICT_WARN);
    assert_string_equal(advisory->cve, "CVE-2024-45678");
    row = model(tables, "yubikey-5");
    assert_true(row->match_count >= 3);
    assert_int_equal(model(tables, "opensk")->kind, LK_AUTHENTICATOR_RESEARCH);
    assert_ptr_equal(lk_tables_authenticator(tables, row->aaguid), row);
    (void)lk_tables_free(tables);
}

/* ---- rows ---- */

static void rows(void **state)
{
    struct lk_tables *tables = finished(
        HEAD("authenticators") ROW(OTHER) KEYS ROW(AAGUID) KEYS, HEAD("anchors") ANCHOR,
        HEAD("advisories") ADVISORY("YSA-2024-03", "affects = family yubikey-5 below 5.7.0\n"
                                                   "affects = aaguid " AAGUID " 5.4.1 to 5.7\n"
                                                   "affects = vendor Yubico any\n"));
    const struct lk_authenticator *row;
    const struct lk_advisory *advisory;
    uint8_t digest[LK_DIGEST_SIZE] = {0x62, 0x76};

    (void)state;
    assert_int_equal(lk_tables_finish(tables, said, sizeof said), 0);
    assert_int_equal(tables->authenticator_count, 2);
    row = &tables->authenticators[0];
    assert_int_equal(row->aaguid[15], 0x2a);
    assert_string_equal(row->model, "YubiKey 5 NFC");
    assert_true(row->has_firmware);
    assert_int_equal(row->firmware_from, 0x050200);
    assert_int_equal(row->firmware_to, 0x0504ff);
    assert_int_equal(row->decoder, LK_DECODER_YUBICO24);
    assert_int_equal(row->certification, LK_CERTIFICATION_L1);
    assert_int_equal(row->transports, LK_TRANSPORT_USB | LK_TRANSPORT_NFC);
    assert_false(row->enterprise);
    assert_int_equal(row->match_count, 3);
    assert_int_equal(tables->authenticators[1].match_count, 2);
    advisory = &tables->advisories[0];
    assert_int_equal(advisory->affected[0].to, 0x0506ff);
    assert_int_equal(advisory->affected[1].from, 0x050401);
    assert_int_equal(advisory->affected[1].to, 0x0507ff);
    assert_int_equal(advisory->affected[2].to, LK_FIRMWARE_HIGHEST);
    assert_int_equal(advisory->date, 1725321600);
    assert_null(lk_tables_anchor(tables, digest));
    assert_true(lk_anchor_vouches(&tables->anchors[0], row));
    assert_int_equal(tables->heads[LK_TABLE_ANCHORS][LK_TABLE_SHIPPED].version, 1);
    assert_false(tables->heads[LK_TABLE_ANCHORS][LK_TABLE_LOCAL].given);
    (void)lk_tables_free(tables);
    assert_null(lk_tables_authenticator(NULL, digest));
    assert_null(lk_tables_free(NULL));
}

/* ---- what breaks a file ---- */

#define AUTH HEAD("authenticators")
#define ADVS HEAD("advisories")
#define FINE "affects = family yubikey-5 any\n"

static const struct {
    enum lk_table table;
    const char *text;
    const char *said; /* behind "f:LINE: " */
} broken[] = {
    {LK_TABLE_AUTHENTICATORS, "", "there is no section [table]"},
    {LK_TABLE_AUTHENTICATORS, "# nothing\n", "there is no section [table]"},
    {LK_TABLE_AUTHENTICATORS, ROW(AAGUID) KEYS, "the first section must be [table]"},
    {LK_TABLE_AUTHENTICATORS, "version = 1\n", "the first section must be [table]"},
    {LK_TABLE_AUTHENTICATORS, AUTH "[table]\n", "a second [table]"},
    {LK_TABLE_AUTHENTICATORS, HEAD("anchors"), "format must be latchkey-authenticators 1"},
    {LK_TABLE_AUTHENTICATORS, "[table]\nformat = latchkey-authenticators 2\n",
     "format must be latchkey-authenticators 1"},
    {LK_TABLE_AUTHENTICATORS, "[table]\nversion = 1\ndate = 2026-11-22\n",
     "the section above ends without format"},
    {LK_TABLE_AUTHENTICATORS, "[table]\nformat = latchkey-authenticators 1\ndate = 2026-11-22\n",
     "the section above ends without version"},
    {LK_TABLE_AUTHENTICATORS, "[table]\nversion = 0\n", "not a value of version"},
    {LK_TABLE_AUTHENTICATORS, "[table]\nversion = 4294967296\n", "not a value of version"},
    {LK_TABLE_AUTHENTICATORS, "[table]\ndate = 2026-02-29\n", "not a value of date"},
    {LK_TABLE_AUTHENTICATORS, "[table]\ndate = 2026-2-01\n", "not a value of date"},
    {LK_TABLE_AUTHENTICATORS, AUTH "version = 2\n", "given twice: version"},
    {LK_TABLE_AUTHENTICATORS, AUTH "format = latchkey-authenticators 1\n", "given twice: format"},
    {LK_TABLE_AUTHENTICATORS, AUTH "colour = red\n", "unknown key colour"},
    {LK_TABLE_AUTHENTICATORS, AUTH "[anchor " DIGEST "]\n",
     "this is no name of a row here: anchor " DIGEST},
    {LK_TABLE_AUTHENTICATORS, AUTH "[authenticator 2FC0579F-8113-47EA-B116-BB5A8DB9202A]\n",
     "this is no name of a row here: authenticator 2FC0579F-8113-47EA-B116-BB5A8DB9202A"},
    {LK_TABLE_AUTHENTICATORS, AUTH "[authenticator 2fc0579f-8113-47ea-b116-bb5a8db9202]\n",
     "this is no name of a row here: authenticator 2fc0579f-8113-47ea-b116-bb5a8db9202"},
    {LK_TABLE_AUTHENTICATORS, AUTH "[authenticator " AAGUID "0]\n",
     "this is no name of a row here: authenticator " AAGUID "0"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) KEYS ROW(AAGUID) KEYS, "the row stands here twice"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID), "the section above ends without vendor"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "kind = toaster\n", "not a value of kind"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "decoder = yubico\n", "not a value of decoder"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "certification = L4\n",
     "not a value of certification"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "profile = both\n", "not a value of profile"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "transports = nfc usb\n",
     "not a value of transports"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "transports = usb usb\n",
     "not a value of transports"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "fingerprint = no\n", "not a value of fingerprint"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "family = Yubi\n", "not a value of family"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "vendor = Kl\xc3\xa9\n", "not a value of vendor"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "firmware_from = 5.300\n",
     "not a value of firmware_from"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "source = yaag\n", "not a value of source"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "replaces = maybe\n", "not a value of replaces"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) KEYS "replaces = yes\n",
     "only a local row may replace another"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) KEYS "vendor = Yubico\n", "given twice: vendor"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) " vendor = Yubico\n", "the line is indented"},
    {LK_TABLE_AUTHENTICATORS, AUTH ROW(AAGUID) "vendor = Yubico # or so\n",
     "a comment behind a value: put it on a line of its own"},
    {LK_TABLE_ANCHORS, HEAD("anchors") ANCHOR ANCHOR, "the row stands here twice"},
    {LK_TABLE_ANCHORS, HEAD("anchors") "[anchor " AAGUID "]\n",
     "this is no name of a row here: anchor " AAGUID},
    {LK_TABLE_ANCHORS, HEAD("anchors") ANCHOR "aaguid = " AAGUID "0\n", "not a value of aaguid"},
    {LK_TABLE_ANCHORS, HEAD("anchors") ANCHOR "valid_from = 1.1.2026\n",
     "not a value of valid_from"},
    {LK_TABLE_ANCHORS, HEAD("anchors") ANCHOR "role = refuse\n", "given twice: role"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory Y S A]\n",
     "this is no name of a row here: advisory Y S A"},
    {LK_TABLE_ADVISORIES, ADVS ADVISORY("A", ""), "the section above ends without affects"},
    {LK_TABLE_ADVISORIES, ADVS ADVISORY("A", FINE) ADVISORY("A", FINE),
     "the row stands here twice"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory A]\nverdict = refuse\n", "not a value of verdict"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory A]\nverdict = allow\n", "not a value of verdict"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory A]\nverdict = refuse-login-from soon\n",
     "not a value of verdict"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory A]\nevidence = none\n", "not a value of evidence"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory A]\ncve = CVE-24-45678\n", "not a value of cve"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory A]\naffects = family yubikey-5\n",
     "not a value of affects"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory A]\naffects = family yubikey-5 under 5.7\n",
     "not a value of affects"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory A]\naffects = family yubikey-5 5.7 to 5.4\n",
     "not a value of affects"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory A]\naffects = family yubikey-5 below 0\n",
     "not a value of affects"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory A]\naffects = aaguid yubikey-5 any\n",
     "not a value of affects"},
    {LK_TABLE_ADVISORIES, ADVS "[advisory A]\naffects = any\n", "not a value of affects"},
};

static void breakages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct lk_tables *tables = lk_tables_new();
        const char *text;

        assert_int_equal(add(tables, broken[i].table, LK_TABLE_SHIPPED, broken[i].text),
                         -LK_ERR_CONFIG);
        assert_int_equal(strncmp(said, "f:", 2), 0);
        text = strstr(said, ": ");
        assert_non_null(text);
        assert_string_equal(text + 2, broken[i].said);
        (void)lk_tables_free(tables);
    }
}

/* The last rows of a file are checked, too; 65 lines are one too many. */
static void bounds(void **state)
{
    struct lk_buf text = LK_BUF_INIT(65536);
    struct lk_tables *tables = lk_tables_new();

    (void)state;
    lk_buf_put_bytes(&text, ADVS "[advisory A]\n", strlen(ADVS "[advisory A]\n"));
    for (int i = 0; i < LK_TABLE_AFFECTED_MAX + 1; i++)
        lk_buf_put_bytes(&text, FINE, strlen(FINE));
    lk_buf_put_u8(&text, 0);
    assert_int_equal(add(tables, LK_TABLE_ADVISORIES, LK_TABLE_SHIPPED, (const char *)text.data),
                     -LK_ERR_CONFIG);
    assert_non_null(strstr(said, "not a value of affects"));
    lk_buf_clear(&text);
    (void)lk_tables_free(tables);
}

static void named_nobody(void **state)
{
    static const char *const affects[] = {"affects = family yubikey-9 any\n",
                                          "affects = vendor Yubikey any\n",
                                          "affects = aaguid " OTHER " any\n"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char text[2048];
        struct lk_tables *tables;

        (void)snprintf(text, sizeof text, "%s",
                       ADVS ADVISORY("A", "affects = family yubikey-5 any\nXXXX"));
        (void)snprintf(strstr(text, "XXXX"), 512, "%s%s", affects[i],
                       "evidence = signed\nverdict = note\nrisk = R.\ntodo = T.\ntodo_fr = T.\n"
                       "note = yubico\nsource = CVE\n");
        tables = finished(AUTH ROW(AAGUID) KEYS, NULL, text);
        assert_int_equal(lk_tables_finish(tables, said, sizeof said), -LK_ERR_CONFIG);
        assert_string_equal(said,
                            "advisories.conf (shipped):5: A affects a family, vendor or AAGUID "
                            "that no row of authenticators.conf has");
        (void)lk_tables_free(tables);
    }
}

/* ---- local and imported ---- */

static void local_rows(void **state)
{
    struct lk_tables *tables =
        finished(AUTH ROW(AAGUID) KEYS, HEAD("anchors") ANCHOR, ADVS ADVISORY("A", FINE));

    (void)state;
    assert_int_equal(add(tables, LK_TABLE_AUTHENTICATORS, LK_TABLE_LOCAL, AUTH ROW(AAGUID) KEYS),
                     -LK_ERR_CONFIG);
    assert_non_null(strstr(said, "say `replaces = yes`"));
    assert_int_equal(add(tables, LK_TABLE_AUTHENTICATORS, LK_TABLE_LOCAL,
                         AUTH ROW(OTHER) KEYS "replaces = yes\n"),
                     -LK_ERR_CONFIG);
    assert_non_null(strstr(said, "there is no shipped row that this one replaces"));
    assert_int_equal(tables->authenticator_count, 1);
    assert_int_equal(add(tables, LK_TABLE_AUTHENTICATORS, LK_TABLE_LOCAL,
                         AUTH ROW(AAGUID) "replaces = yes\nfingerprint = yes\n" KEYS ROW(OTHER)
                             KEYS),
                     0);
    assert_int_equal(add(tables, LK_TABLE_ANCHORS, LK_TABLE_LOCAL,
                         HEAD("anchors") ANCHOR "family = yubikey-bio\nreplaces = yes\n"),
                     0);
    assert_int_equal(add(tables, LK_TABLE_ADVISORIES, LK_TABLE_LOCAL,
                         ADVS ADVISORY("A", FINE) "replaces = yes\n" ADVISORY("B", FINE)),
                     0);
    assert_int_equal(lk_tables_finish(tables, said, sizeof said), 0);
    assert_int_equal(tables->authenticator_count, 2);
    assert_true(tables->authenticators[0].fingerprint);
    assert_int_equal(tables->authenticators[0].place.origin, LK_TABLE_LOCAL);
    assert_int_equal(tables->authenticators[0].match_count, 2);
    assert_int_equal(tables->advisory_count, 2);
    /* The replaced anchor vouches for Bios only. */
    assert_false(lk_anchor_vouches(&tables->anchors[0], &tables->authenticators[0]));
    (void)lk_tables_free(tables);
}

#define IMPORTED                                                                                   \
    "vendor = FIDO MDS\nmodel = M\nfamily = mds\nkind = security-key\ndecoder = none\n"            \
    "certification = L2\nprofile = consumer\nnote = mds\nsource = MDS\n"

static void imported_rows(void **state)
{
    struct lk_tables *tables = finished(AUTH ROW(AAGUID) KEYS, HEAD("anchors") ANCHOR, NULL);
    static const char *const head = "[table]\nformat = latchkey-authenticators 1\nversion = 285\n"
                                    "date = 2026-11-22\nnext_update = 2026-12-22\n";
    char text[2048];

    (void)state;
    (void)snprintf(text, sizeof text, "%s%s%s", head, ROW(AAGUID) IMPORTED, ROW(OTHER) IMPORTED);
    assert_int_equal(add(tables, LK_TABLE_AUTHENTICATORS, LK_TABLE_IMPORTED, text), 0);
    assert_int_equal(add(tables, LK_TABLE_ANCHORS, LK_TABLE_IMPORTED,
                         HEAD("anchors") ANCHOR "aaguid = " OTHER "\n"),
                     0);
    assert_int_equal(lk_tables_finish(tables, said, sizeof said), 0);
    /* Our row, with the level of today; the other one is new. */
    assert_string_equal(tables->authenticators[0].model, "YubiKey 5 NFC");
    assert_int_equal(tables->authenticators[0].certification, LK_CERTIFICATION_L2);
    assert_string_equal(tables->authenticators[1].vendor, "FIDO MDS");
    /* It vouches for its vendor as before, and for the model that the metadata name. */
    assert_true(lk_anchor_vouches(&tables->anchors[0], &tables->authenticators[0]));
    assert_true(lk_anchor_vouches(&tables->anchors[0], &tables->authenticators[1]));
    assert_int_equal(tables->heads[LK_TABLE_AUTHENTICATORS][LK_TABLE_IMPORTED].version, 285);
    assert_int_equal(tables->heads[LK_TABLE_AUTHENTICATORS][LK_TABLE_IMPORTED].next_update,
                     1797897600);
    (void)lk_tables_free(tables);
}

/* What the organisation refuses no metadata bring back, and an imported anchor without models vouches for nobody. */
static void imported_anchors(void **state)
{
    struct lk_tables *tables = finished(
        AUTH ROW(AAGUID) KEYS,
        HEAD("anchors") "[anchor " DIGEST "]\nname = Root 1\nvendor = Yubico\nrole = refuse\n"
                        "note = yubico\nsource = YDEV\n",
        NULL);
    char text[1024];

    (void)state;
    (void)snprintf(text, sizeof text, "%s%s", HEAD("anchors") ANCHOR "aaguid = " AAGUID "\n",
                   "[anchor 72760c6a6ef91679f454c8902b80fd009825b3f25da90f1fbace2ec6586cd5a8]\n"
                   "name = N\nvendor = Yubico\nrole = trust\nnote = mds\nsource = MDS\n");
    assert_int_equal(add(tables, LK_TABLE_ANCHORS, LK_TABLE_IMPORTED, text), 0);
    assert_int_equal(lk_tables_finish(tables, said, sizeof said), 0);
    assert_int_equal(tables->anchors[0].role, LK_ANCHOR_REFUSE);
    assert_int_equal(tables->anchors[0].aaguid_count, 0);
    assert_false(lk_anchor_vouches(&tables->anchors[1], &tables->authenticators[0]));
    (void)lk_tables_free(tables);
}

/* ---- files ---- */

static void put_file(const char *folder, const char *name, const char *text, mode_t mode)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void folders(void **state)
{
    char shipped_folder[] = "/tmp/lk-tables-XXXXXX";
    struct lk_tables_folders from = {.shipped = shipped_folder, .local = "/nowhere/at/all"};
    struct lk_tables *tables = NULL;

    (void)state;
    assert_non_null(mkdtemp(shipped_folder));
    assert_int_equal(lk_tables_load(&from, &tables, said, sizeof said), -LK_ERR_NOT_FOUND);
    assert_non_null(strstr(said, "authenticators.conf: "));
    put_file(shipped_folder, "authenticators.conf", AUTH ROW(AAGUID) KEYS, 0644);
    put_file(shipped_folder, "anchors.conf", HEAD("anchors") ANCHOR, 0644);
    put_file(shipped_folder, "advisories.conf", ADVS ADVISORY("A", FINE), 0664);
    assert_int_equal(lk_tables_load(&from, &tables, said, sizeof said), -LK_ERR_MODE);
    assert_null(tables);
    put_file(shipped_folder, "advisories.conf", ADVS ADVISORY("A", FINE), 0644);
    assert_int_equal(lk_tables_load(&from, &tables, said, sizeof said), 0);
    assert_int_equal(tables->authenticators[0].match_count, 1);
    (void)lk_tables_free(tables);
    for (int i = 0; i < LK_TABLES; i++) {
        char path[256];

        (void)snprintf(path, sizeof path, "%s/%s.conf", shipped_folder,
                       lk_table_name((enum lk_table)i));
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(shipped_folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(firmware),
        cmocka_unit_test(shipped),
        cmocka_unit_test(rows),
        cmocka_unit_test(breakages),
        cmocka_unit_test(bounds),
        cmocka_unit_test(named_nobody),
        cmocka_unit_test(local_rows),
        cmocka_unit_test(imported_rows),
        cmocka_unit_test(imported_anchors),
        cmocka_unit_test(folders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
