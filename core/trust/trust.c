/* SPDX-License-Identifier: EUPL-1.2 */
/* Tables and certificates from the folders that the configuration names. What a certificate is, its row says: a file of certificates alone makes nothing trusted. */
#include "trust/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tables/tables.h"

static const struct lk_file_rule *file_rule(void)
{
    static struct lk_file_rule rule;

    rule = (struct lk_file_rule){
        .owner = geteuid(), .forbidden = 022, .check_parents = geteuid() == 0};
    return &rule;
}

static int tell(const char *path, int error, char *ret_message, size_t size)
{
    (void)snprintf(ret_message, size, "%s: %s", path, lk_error_text(error));
    return error;
}

/* ---- certificates of the tables ---- */

static enum lk_anchors_role role_of(void *context, const uint8_t digest[32])
{
    const struct lk_anchor *anchor = lk_tables_anchor(context, digest);

    if (anchor == NULL || anchor->role == LK_ANCHOR_REFUSE)
        return LK_ANCHORS_PASS;
    return anchor->role == LK_ANCHOR_TRUST ? LK_ANCHORS_TRUST : LK_ANCHORS_HELP;
}

/* optional: the file need not be there. */
static int add_certificates(const struct lk_crypto *crypto, struct lk_trust *trust,
                            const char *folder, bool optional, char *ret_message, size_t size)
{
    struct lk_buf pem = LK_BUF_INIT(LK_ANCHORS_FILE_MAX);
    char path[512];
    int r;

    if (folder[0] == '\0')
        return 0;
    (void)snprintf(path, sizeof path, "%s/anchors.pem", folder);
    r = lk_file_read(path, file_rule(), LK_ANCHORS_FILE_MAX, &pem);
    if (r == 0)
        r = lk_anchors_add(crypto, trust->anchors, lk_buf_view(&pem), role_of, trust->tables);
    else if (r == -LK_ERR_NOT_FOUND && optional)
        r = 0;
    lk_buf_clear(&pem);
    return r == 0 ? 0 : tell(path, r, ret_message, size);
}

/* Wherever a key sends the certificate itself its row is enough, a refused one's too: the chain then ends there and is refused by name. */
static int pin_rows(struct lk_trust *trust)
{
    int r = 0;

    for (size_t i = 0; i < trust->tables->anchor_count && r == 0; i++) {
        if (trust->tables->anchors[i].role != LK_ANCHOR_INTERMEDIATE)
            r = lk_anchors_pin(trust->anchors, trust->tables->anchors[i].digest);
    }
    return r;
}

static int load_tables(const struct lk_crypto *crypto, const struct lk_config *config,
                       struct lk_trust *trust, char *ret_message, size_t size)
{
    const struct lk_tables_folders folders = {.shipped = config->models_tables,
                                              .local = config->models_local,
                                              .imported = config->models_imported};
    int r = lk_tables_load(&folders, &trust->tables, ret_message, size);

    if (r == 0)
        r = add_certificates(crypto, trust, folders.shipped, false, ret_message, size);
    if (r == 0)
        r = add_certificates(crypto, trust, folders.local, true, ret_message, size);
    if (r == 0)
        r = add_certificates(crypto, trust, folders.imported, true, ret_message, size);
    if (r == 0 && (r = pin_rows(trust)) != 0)
        (void)tell(folders.shipped, r, ret_message, size);
    return r;
}

/* ---- certificates that root pins by hand ---- */

static int load_roots(const struct lk_crypto *crypto, const struct lk_config *config,
                      struct lk_trust *trust, char *ret_message, size_t size)
{
    struct lk_buf pem = LK_BUF_INIT(LK_ANCHORS_FILE_MAX);
    int r = 0;

    if (config->attestation_roots[0] != '\0')
        r = lk_file_read(config->attestation_roots, file_rule(), LK_ANCHORS_FILE_MAX, &pem);
    if (r == 0)
        r = lk_anchors_parse(crypto, lk_buf_view(&pem), &trust->anchors);
    lk_buf_clear(&pem);
    return r == 0 ? 0 : tell(config->attestation_roots, r, ret_message, size);
}

int lk_trust_load(const struct lk_crypto *crypto, const struct lk_config *config,
                  struct lk_trust **ret_trust, char *ret_message, size_t size)
{
    struct lk_trust *trust = calloc(1, sizeof *trust);
    int r = trust != NULL ? 0 : -LK_ERR_NOMEM;

    if (r == 0)
        r = lk_trust_policy(config, trust);
    if (r != 0)
        (void)tell("[models]", r, ret_message, size);
    if (r == 0)
        r = load_roots(crypto, config, trust, ret_message, size);
    if (r == 0 && config->models_tables[0] != '\0')
        r = load_tables(crypto, config, trust, ret_message, size);
    if (r != 0) {
        (void)lk_trust_free(trust);
        return r;
    }
    *ret_trust = trust;
    return 0;
}

struct lk_trust *lk_trust_free(struct lk_trust *trust)
{
    if (trust == NULL)
        return NULL;
    trust->tables = lk_tables_free(trust->tables);
    trust->anchors = lk_anchors_free(trust->anchors);
    for (size_t i = 0; i < 3; i++)
        free(trust->rules[i]);
    for (size_t i = 0; trust->administrators != NULL && trust->administrators[i] != NULL; i++)
        free(trust->administrators[i]);
    free(trust->administrators);
    free(trust);
    return NULL;
}
