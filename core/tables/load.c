/* SPDX-License-Identifier: EUPL-1.2 */
/* A whole set: from files, closed, and with what each advisory names found beforehand, so that a login looks at the advisories of one model and no others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tables/tables.h"

struct lk_tables *lk_tables_new(void)
{
    return calloc(1, sizeof(struct lk_tables));
}

/* ---- what an advisory names ---- */

static int match_add(struct lk_tables *tables, size_t advisory, size_t affected)
{
    /* Doubled when it is a power of two. */
    if ((tables->match_count & (tables->match_count - 1)) == 0) {
        size_t room = tables->match_count == 0 ? 1 : 2 * tables->match_count;
        struct lk_table_match *more = reallocarray(tables->matches, room, sizeof more[0]);

        if (more == NULL)
            return -LK_ERR_NOMEM;
        tables->matches = more;
    }
    tables->matches[tables->match_count++] =
        (struct lk_table_match){.advisory = (uint32_t)advisory, .affected = (uint32_t)affected};
    return 0;
}

static int match_authenticator(struct lk_tables *tables, struct lk_authenticator *authenticator)
{
    int r = 0;

    authenticator->first_match = (uint32_t)tables->match_count;
    for (size_t i = 0; i < tables->advisory_count; i++) {
        const struct lk_advisory *advisory = &tables->advisories[i];

        for (size_t j = 0; j < advisory->affected_count && r == 0; j++) {
            if (lk_models_have(&advisory->affected[j].models, authenticator))
                r = match_add(tables, i, j);
        }
    }
    authenticator->match_count = (uint32_t)tables->match_count - authenticator->first_match;
    return r;
}

/* An advisory whose model nobody has would be believed to be in force. */
static int check_named(const struct lk_tables *tables, char *ret_message, size_t size)
{
    for (size_t i = 0; i < tables->advisory_count; i++) {
        const struct lk_advisory *advisory = &tables->advisories[i];

        for (size_t j = 0; j < advisory->affected_count; j++) {
            size_t found = 0;

            for (size_t k = 0; k < tables->authenticator_count && found == 0; k++)
                found = lk_models_have(&advisory->affected[j].models, &tables->authenticators[k]);
            if (found > 0)
                continue;
            (void)snprintf(ret_message, size,
                           "advisories.conf (%s):%u: %s affects a family, vendor or AAGUID that "
                           "no row of authenticators.conf has",
                           lk_table_origin_name(advisory->place.origin), advisory->place.line,
                           advisory->id);
            return -LK_ERR_CONFIG;
        }
    }
    return 0;
}

static int compare_authenticators(const void *a, const void *b)
{
    return memcmp(((const struct lk_authenticator *)a)->aaguid,
                  ((const struct lk_authenticator *)b)->aaguid, LK_AAGUID_SIZE);
}

static int compare_anchors(const void *a, const void *b)
{
    return memcmp(((const struct lk_anchor *)a)->digest, ((const struct lk_anchor *)b)->digest,
                  LK_DIGEST_SIZE);
}

int lk_tables_finish(struct lk_tables *tables, char *ret_message, size_t size)
{
    int r = check_named(tables, ret_message, size);

    if (r != 0)
        return r;
    if (tables->authenticator_count > 0)
        qsort(tables->authenticators, tables->authenticator_count, sizeof tables->authenticators[0],
              compare_authenticators);
    if (tables->anchor_count > 0)
        qsort(tables->anchors, tables->anchor_count, sizeof tables->anchors[0], compare_anchors);
    for (size_t i = 0; i < tables->authenticator_count && r == 0; i++)
        r = match_authenticator(tables, &tables->authenticators[i]);
    if (r != 0)
        (void)snprintf(ret_message, size, "%s", lk_error_text(r));
    return r;
}

/* ---- files ---- */

static int add_file(struct lk_tables *tables, const char *folder, enum lk_table table,
                    enum lk_table_origin origin, char *ret_message, size_t size)
{
    const struct lk_file_rule rule = {
        .owner = geteuid(), .forbidden = 022, .check_parents = geteuid() == 0};
    struct lk_buf text = LK_BUF_INIT(LK_TABLES_FILE_MAX);
    char path[512];
    int r;

    if (folder == NULL || folder[0] == '\0')
        return 0;
    if (snprintf(path, sizeof path, "%s/%s.conf", folder, lk_table_name(table)) >=
        (int)sizeof path) {
        (void)snprintf(ret_message, size, "%.200s: the name is too long", folder);
        return -LK_ERR_TOO_BIG;
    }
    r = lk_file_read(path, &rule, LK_TABLES_FILE_MAX, &text);
    if (r == -LK_ERR_NOT_FOUND && origin != LK_TABLE_SHIPPED)
        r = 0;
    else if (r != 0)
        (void)snprintf(ret_message, size, "%s: %s", path, lk_error_text(r));
    else
        r = lk_tables_add(tables, table, origin, path, lk_buf_view(&text), ret_message, size);
    lk_buf_clear(&text);
    return r;
}

int lk_tables_load(const struct lk_tables_folders *folders, struct lk_tables **ret_tables,
                   char *ret_message, size_t size)
{
    const struct {
        enum lk_table_origin origin;
        const char *folder;
    } sources[] = {{LK_TABLE_SHIPPED, folders->shipped},
                   {LK_TABLE_LOCAL, folders->local},
                   {LK_TABLE_IMPORTED, folders->imported}};
    struct lk_tables *tables = lk_tables_new();
    int r = tables != NULL ? 0 : -LK_ERR_NOMEM;

    if (r != 0)
        (void)snprintf(ret_message, size, "%s", lk_error_text(r));
    for (size_t i = 0; i < 3 && r == 0; i++) {
        for (int table = 0; table < LK_TABLES && r == 0; table++)
            r = add_file(tables, sources[i].folder, (enum lk_table)table, sources[i].origin,
                         ret_message, size);
    }
    if (r == 0)
        r = lk_tables_finish(tables, ret_message, size);
    if (r != 0) {
        (void)lk_tables_free(tables);
        return r;
    }
    *ret_tables = tables;
    return 0;
}
