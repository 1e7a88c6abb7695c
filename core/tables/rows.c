/* SPDX-License-Identifier: EUPL-1.2 */
/* A complete row goes into the set: anew, in place of one that it may replace, or as what the FIDO metadata add to one. */
#include <stdlib.h>
#include <string.h>

#include "tables/row.h"

void lk_row_clear(enum lk_table table, struct lk_row *row)
{
    if (table == LK_TABLE_ANCHORS) {
        free(row->u.anchor.families);
        free(row->u.anchor.aaguids);
    } else if (table == LK_TABLE_ADVISORIES) {
        free(row->u.advisory.affected);
    }
    memset(row, 0, sizeof *row);
}

/* What to do with a row whose name is there already (or not). NULL: go on. */
static const char *refused(bool there, enum lk_table_origin old, enum lk_table_origin new,
                           bool replaces)
{
    if (replaces && new != LK_TABLE_LOCAL)
        return "only a local row may replace another";
    if (replaces && !there)
        return "there is no shipped row that this one replaces";
    if (there && old == new)
        return "the row stands here twice";
    if (there && new == LK_TABLE_LOCAL && !replaces)
        return "a shipped row has this name: say `replaces = yes` if that is meant";
    return NULL;
}

/* Room for one more at the end of a list. NULL: none. */
static void *extend(void *list, size_t count, size_t size, const char **ret_reason, int *ret_error)
{
    void **at = list;
    void *more;

    *ret_error = 0;
    if (count == LK_TABLE_ROWS_MAX) {
        *ret_reason = "too many rows";
        *ret_error = -LK_ERR_CONFIG;
        return NULL;
    }
    more = reallocarray(*at, count + 1, size);
    if (more == NULL) {
        *ret_error = -LK_ERR_NOMEM;
        return NULL;
    }
    *at = more;
    return (char *)more + count * size;
}

/* ---- authenticators ---- */

static struct lk_authenticator *authenticator_find(struct lk_tables *tables, const uint8_t *aaguid)
{
    for (size_t i = 0; i < tables->authenticator_count; i++) {
        if (memcmp(tables->authenticators[i].aaguid, aaguid, LK_AAGUID_SIZE) == 0)
            return &tables->authenticators[i];
    }
    return NULL;
}

static int authenticator_add(struct lk_tables *tables, const struct lk_row *row,
                             const char **ret_reason)
{
    const struct lk_authenticator *fresh = &row->u.authenticator;
    struct lk_authenticator *there = authenticator_find(tables, fresh->aaguid);
    int error = 0;

    *ret_reason = refused(there != NULL, there != NULL ? there->place.origin : LK_TABLE_SHIPPED,
                          fresh->place.origin, row->replaces);
    if (*ret_reason != NULL)
        return -LK_ERR_CONFIG;
    /* The metadata know the level of today; what the model is, our own row knows better. */
    if (there != NULL && fresh->place.origin == LK_TABLE_IMPORTED) {
        if (fresh->certification != LK_CERTIFICATION_UNKNOWN)
            there->certification = fresh->certification;
        return 0;
    }
    if (there == NULL) {
        there = extend(&tables->authenticators, tables->authenticator_count,
                       sizeof tables->authenticators[0], ret_reason, &error);
        if (there == NULL)
            return error;
        tables->authenticator_count++;
    }
    *there = *fresh;
    return 0;
}

/* ---- anchors ---- */

static struct lk_anchor *anchor_find(struct lk_tables *tables, const uint8_t *digest)
{
    for (size_t i = 0; i < tables->anchor_count; i++) {
        if (memcmp(tables->anchors[i].digest, digest, LK_DIGEST_SIZE) == 0)
            return &tables->anchors[i];
    }
    return NULL;
}

/* Imported: it vouches for these models as well. A refused one stays refused. */
static int anchor_widen(struct lk_anchor *there, const struct lk_anchor *fresh)
{
    size_t count = there->aaguid_count + fresh->aaguid_count;
    uint8_t(*more)[LK_AAGUID_SIZE];

    if (there->role == LK_ANCHOR_REFUSE || fresh->aaguid_count == 0)
        return 0;
    more = reallocarray(there->aaguids, count, sizeof more[0]);
    if (more == NULL)
        return -LK_ERR_NOMEM;
    memcpy(more + there->aaguid_count, fresh->aaguids, fresh->aaguid_count * sizeof more[0]);
    there->aaguids = more;
    there->aaguid_count = count;
    there->role = LK_ANCHOR_TRUST;
    return 0;
}

static int anchor_add(struct lk_tables *tables, struct lk_row *row, const char **ret_reason)
{
    struct lk_anchor *fresh = &row->u.anchor;
    struct lk_anchor *there = anchor_find(tables, fresh->digest);
    int error = 0;

    *ret_reason = refused(there != NULL, there != NULL ? there->place.origin : LK_TABLE_SHIPPED,
                          fresh->place.origin, row->replaces);
    if (*ret_reason != NULL)
        return -LK_ERR_CONFIG;
    if (there != NULL && fresh->place.origin == LK_TABLE_IMPORTED)
        return anchor_widen(there, fresh);
    if (there == NULL) {
        there = extend(&tables->anchors, tables->anchor_count, sizeof tables->anchors[0],
                       ret_reason, &error);
        if (there == NULL)
            return error;
        tables->anchor_count++;
    } else {
        free(there->families);
        free(there->aaguids);
    }
    /* Who names nobody vouches for its vendor; the metadata name models, never a vendor. */
    fresh->by_vendor = fresh->family_count == 0 && fresh->aaguid_count == 0 &&
                       fresh->place.origin != LK_TABLE_IMPORTED;
    *there = *fresh;
    *fresh = (struct lk_anchor){0};
    return 0;
}

/* ---- advisories ---- */

static int advisory_add(struct lk_tables *tables, struct lk_row *row, const char **ret_reason)
{
    struct lk_advisory *fresh = &row->u.advisory;
    struct lk_advisory *there = NULL;
    int error = 0;

    for (size_t i = 0; i < tables->advisory_count && there == NULL; i++) {
        if (strcmp(tables->advisories[i].id, fresh->id) == 0)
            there = &tables->advisories[i];
    }
    *ret_reason = refused(there != NULL, there != NULL ? there->place.origin : LK_TABLE_SHIPPED,
                          fresh->place.origin, row->replaces);
    if (*ret_reason == NULL && there != NULL && fresh->place.origin == LK_TABLE_IMPORTED)
        *ret_reason = "an advisory of this name is there already";
    if (*ret_reason != NULL)
        return -LK_ERR_CONFIG;
    if (there == NULL) {
        there = extend(&tables->advisories, tables->advisory_count, sizeof tables->advisories[0],
                       ret_reason, &error);
        if (there == NULL)
            return error;
        tables->advisory_count++;
    } else {
        free(there->affected);
    }
    *there = *fresh;
    *fresh = (struct lk_advisory){0};
    return 0;
}

int lk_row_add(struct lk_tables *tables, enum lk_table table, struct lk_row *row,
               const char **ret_reason)
{
    int r = -LK_ERR_INTERNAL;

    *ret_reason = NULL;
    if (table == LK_TABLE_AUTHENTICATORS)
        r = authenticator_add(tables, row, ret_reason);
    else if (table == LK_TABLE_ANCHORS)
        r = anchor_add(tables, row, ret_reason);
    else if (table == LK_TABLE_ADVISORIES)
        r = advisory_add(tables, row, ret_reason);
    lk_row_clear(table, row);
    return r;
}
