/* SPDX-License-Identifier: EUPL-1.2 */
/* What the tables say of a key, in words. Texts of tables are an administrator's and of printable characters; a key's own name is not shown here. */
#include "provisioning/key.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

void lk_cli_key_judge(const struct lk_trust *trust, const struct lk_key_facts *facts,
                      enum lk_key_person person, int64_t now, struct lk_cli_key *ret_key)
{
    size_t count;

    *ret_key = (struct lk_cli_key){.person = person};
    memcpy(ret_key->aaguid, facts->aaguid, LK_AAGUID_SIZE);
    lk_key_look(trust->tables, facts, &ret_key->key);
    count = lk_key_judge(&trust->policy, trust->tables, &ret_key->key, person, now,
                         ret_key->findings, LK_KEY_FINDINGS_MAX);
    ret_key->count = count < LK_KEY_FINDINGS_MAX ? count : LK_KEY_FINDINGS_MAX;
}

void lk_cli_key_judge_model(const struct lk_trust *trust, const uint8_t aaguid[LK_AAGUID_SIZE],
                            int64_t now, struct lk_cli_key *ret_key)
{
    const struct lk_key_facts facts = {.aaguid = aaguid, .format = LK_FORMAT_PACKED};
    size_t count;

    *ret_key = (struct lk_cli_key){.person = LK_PERSON_AGENT};
    memcpy(ret_key->aaguid, aaguid, LK_AAGUID_SIZE);
    lk_key_look(trust->tables, &facts, &ret_key->key);
    ret_key->key.attested = true;
    ret_key->key.vouched = true;
    count = lk_key_judge(&trust->policy, trust->tables, &ret_key->key, ret_key->person, now,
                         ret_key->findings, LK_KEY_FINDINGS_MAX);
    ret_key->count = count < LK_KEY_FINDINGS_MAX ? count : LK_KEY_FINDINGS_MAX;
}

/* ---- words ---- */

static const char *source_words(enum lk_firmware_source source)
{
    switch (source) {
    case LK_FIRMWARE_SIGNED:
        return _("signed by its maker");
    case LK_FIRMWARE_REPORTED:
        return _("told by the key");
    case LK_FIRMWARE_OF_MODEL:
        return _("what this model was seen with");
    case LK_FIRMWARE_UNKNOWN:
        break;
    }
    return _("unknown");
}

void lk_cli_key_firmware(const struct lk_key *key, char ret_text[LK_CLI_FIRMWARE_TEXT])
{
    char low[LK_FIRMWARE_TEXT];
    char high[LK_FIRMWARE_TEXT];

    lk_firmware_format(key->low, low);
    lk_firmware_format(key->high, high);
    if (key->source == LK_FIRMWARE_UNKNOWN)
        (void)snprintf(ret_text, LK_CLI_FIRMWARE_TEXT, "%s", source_words(key->source));
    else if (key->low == key->high)
        (void)snprintf(ret_text, LK_CLI_FIRMWARE_TEXT, "%s, %s", low, source_words(key->source));
    else
        (void)snprintf(ret_text, LK_CLI_FIRMWARE_TEXT, "%s - %s, %s", low, high,
                       source_words(key->source));
}

/* What is found, as a sentence; an advisory's is its title. */
static const char *finding_words(const struct lk_key_finding *finding)
{
    switch (finding->kind) {
    case LK_KEY_UNATTESTED:
        return _("nothing proves what this key is: its attestation ends in no pinned certificate");
    case LK_KEY_NOT_VOUCHED:
        return _("its attestation ends in a certificate that may not vouch for this model");
    case LK_KEY_ANCHOR_REFUSED:
        return _("its attestation ends in a certificate that the tables refuse");
    case LK_KEY_UNKNOWN_MODEL:
        return _("no table has this model");
    case LK_KEY_OTHER_KIND:
        return _("this model is neither a security key nor a smart card");
    case LK_KEY_NOT_ALLOWED:
        return _("this model is on no line `allowed` of latchkey.conf");
    case LK_KEY_REFUSED:
        return _("a line `refused` of latchkey.conf names this model");
    case LK_KEY_CERTIFICATION:
        return _("its FIDO level is not known to reach the `certification` of latchkey.conf");
    case LK_KEY_BELOW_MINIMUM:
        return _("its firmware is below a `minimum_firmware` of latchkey.conf");
    case LK_KEY_UNKNOWN_FIRMWARE:
        return _("nothing proves that its firmware reaches a `minimum_firmware` of latchkey.conf");
    case LK_KEY_ADVISORY:
        return finding->advisory->title;
    case LK_KEY_TABLE_OLD:
        break;
    }
    return _("the firmware tables are older than latchkey.conf allows");
}

/* What the desk does about it. */
static const char *todo_words(const struct lk_key_finding *finding)
{
    const char *locale = setlocale(LC_MESSAGES, NULL);
    bool french = locale != NULL && strncmp(locale, "fr", 2) == 0;

    switch (finding->kind) {
    case LK_KEY_ADVISORY:
        return french ? finding->advisory->todo_fr : finding->advisory->todo;
    case LK_KEY_UNATTESTED:
    case LK_KEY_NOT_VOUCHED:
        return _("Use a key of a maker whose certificate is pinned, or have the administrator "
                 "add the maker's to the local tables.");
    case LK_KEY_UNKNOWN_MODEL:
        return _("Use a key of the stock. Whether this model may be added, the administrator "
                 "decides (local tables).");
    case LK_KEY_BELOW_MINIMUM:
    case LK_KEY_UNKNOWN_FIRMWARE:
        return _("Give its holder a newer key.");
    case LK_KEY_TABLE_OLD:
        return _("Have the administrator install newer tables.");
    default:
        return _("Give its holder another model.");
    }
}

static const char *verdict_words(enum lk_table_verdict verdict)
{
    switch (verdict) {
    case LK_VERDICT_REFUSE_LOGIN:
        return _("refused");
    case LK_VERDICT_REFUSE_ENROL:
        return _("no new enrolment");
    case LK_VERDICT_WARN:
        return _("warning");
    default:
        return _("note");
    }
}

static const char *outcome_words(const struct lk_cli_key *key)
{
    enum lk_table_verdict worst = key->count > 0 ? key->findings[0].verdict : LK_VERDICT_NOTHING;

    switch (worst) {
    case LK_VERDICT_REFUSE_LOGIN:
        return _("opens nothing, and may not be enrolled");
    case LK_VERDICT_REFUSE_ENROL:
        return _("may not be enrolled; one that is enrolled goes on");
    case LK_VERDICT_WARN:
        return _("may be enrolled, with a warning");
    default:
        return _("may be enrolled");
    }
}

/* ---- for people ---- */

static void show_day(const char *name, int64_t seconds)
{
    char text[32];

    lk_clock_format(text, sizeof text, seconds);
    lk_cli_row(name, "%.10s", text);
}

static void show_finding(const struct lk_key_finding *finding)
{
    bool bold = finding->verdict >= LK_VERDICT_REFUSE_ENROL;

    putchar('\n');
    fputs("  ", stdout);
    fputs(bold ? lk_cli_bold() : "", stdout);
    lk_cli_cell(verdict_words(finding->verdict), 20);
    fputs(bold ? lk_cli_plain() : "", stdout);
    printf("%s\n", finding_words(finding));
    if (finding->kind == LK_KEY_ADVISORY) {
        lk_cli_row(_("advisory"), "%s %s", finding->advisory->id, finding->advisory->cve);
        lk_cli_row(_("row"), "advisories.conf:%u, %s", finding->advisory->place.line,
                   lk_table_origin_name(finding->advisory->place.origin));
        lk_cli_row(_("risk"), "%s", finding->advisory->risk);
    }
    if (finding->from != 0)
        show_day(_("logins refused from"), finding->from);
    lk_cli_row(_("what to do"), "%s", todo_words(finding));
}

static void show_model(const struct lk_authenticator *model)
{
    lk_cli_row(_("model"), "%s, %s", model->vendor, model->model);
    lk_cli_row(_("row"), "authenticators.conf:%u, %s; %s %s", model->place.line,
               lk_table_origin_name(model->place.origin), _("family"), model->family);
    lk_cli_row(_("kind"), "%s", lk_authenticator_kind_name(model->kind));
    lk_cli_row(_("FIDO level"), "%s", lk_certification_name(model->certification));
    lk_cli_row(_("enterprise"), "%s",
               model->enterprise ? _("may answer enterprise attestation") : _("no"));
}

void lk_cli_key_show(const struct lk_cli_key *key)
{
    char firmware[LK_CLI_FIRMWARE_TEXT];
    char aaguid[LK_AAGUID_TEXT];

    lk_aaguid_format(key->aaguid, aaguid);
    lk_cli_row("AAGUID", "%s", aaguid);
    if (key->key.model != NULL)
        show_model(key->key.model);
    if (key->key.anchor != NULL)
        lk_cli_row(_("attestation"), "%s", key->key.anchor->name);
    else
        lk_cli_row(_("attestation"), "%s",
                   key->key.attested ? _("taken as proved") : _("not proved"));
    lk_cli_key_firmware(&key->key, firmware);
    lk_cli_row(_("firmware"), "%s", firmware);
    lk_cli_row(_("verdict"), "%s%s%s", lk_cli_bold(), outcome_words(key), lk_cli_plain());
    for (size_t i = 0; i < key->count; i++)
        show_finding(&key->findings[i]);
}

void lk_cli_key_say(struct lk_cli *cli, const struct lk_cli_key *key)
{
    for (size_t i = 0; i < key->count; i++) {
        const struct lk_key_finding *finding = &key->findings[i];
        bool advisory = finding->kind == LK_KEY_ADVISORY;

        lk_cli_say(cli, "  %s: %s%s%s", verdict_words(finding->verdict),
                   advisory ? finding->advisory->id : "", advisory ? ", " : "",
                   finding_words(finding));
        if (finding->verdict >= LK_VERDICT_WARN)
            lk_cli_say(cli, "    %s", todo_words(finding));
    }
}

/* ---- for programs ---- */

static void json_finding(struct lk_json_writer *writer, struct lk_json *array,
                         const struct lk_key_finding *finding)
{
    struct lk_json *object = lk_json_put_object(writer, array, NULL);

    lk_json_put_string(writer, object, "rule", lk_key_rule_kind_name(finding->kind));
    lk_json_put_string(writer, object, "verdict", lk_table_verdict_name(finding->verdict));
    if (finding->from != 0)
        lk_json_put_int(writer, object, "from", finding->from);
    if (finding->kind != LK_KEY_ADVISORY)
        return;
    lk_json_put_string(writer, object, "advisory", finding->advisory->id);
    lk_json_put_string(writer, object, "cve", finding->advisory->cve);
    lk_json_put_string(writer, object, "title", finding->advisory->title);
    lk_json_put_string(writer, object, "origin",
                       lk_table_origin_name(finding->advisory->place.origin));
    lk_json_put_int(writer, object, "line", finding->advisory->place.line);
}

void lk_cli_json_key(struct lk_json_writer *writer, struct lk_json *object,
                     const struct lk_cli_key *key)
{
    const struct lk_authenticator *model = key->key.model;
    char low[LK_FIRMWARE_TEXT];
    char high[LK_FIRMWARE_TEXT];
    char aaguid[LK_AAGUID_TEXT];
    struct lk_json *array;

    lk_aaguid_format(key->aaguid, aaguid);
    lk_firmware_format(key->key.low, low);
    lk_firmware_format(key->key.high, high);
    lk_json_put_string(writer, object, "aaguid", aaguid);
    lk_json_put_string(writer, object, "vendor", model != NULL ? model->vendor : NULL);
    lk_json_put_string(writer, object, "model", model != NULL ? model->model : NULL);
    lk_json_put_string(writer, object, "family", model != NULL ? model->family : NULL);
    lk_json_put_string(writer, object, "anchor",
                       key->key.anchor != NULL ? key->key.anchor->name : NULL);
    lk_json_put_bool(writer, object, "attested", key->key.attested);
    lk_json_put_string(writer, object, "firmware_source", lk_firmware_source_name(key->key.source));
    lk_json_put_string(writer, object, "firmware_from", low);
    lk_json_put_string(writer, object, "firmware_to", high);
    lk_json_put_string(writer, object, "person", lk_key_person_name(key->person));
    lk_json_put_string(
        writer, object, "verdict",
        lk_table_verdict_name(key->count > 0 ? key->findings[0].verdict : LK_VERDICT_NOTHING));
    array = lk_json_put_array(writer, object, "findings");
    for (size_t i = 0; i < key->count; i++)
        json_finding(writer, array, &key->findings[i]);
}
