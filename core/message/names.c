/* SPDX-License-Identifier: EUPL-1.2 */
/* The one question about a login name, and its answer. */
#include "message/names.h"

#include "message/fields.h"

static const struct lk_field lookup_list[] = {
    {LK_FIELD(LK_FIELD_STRING, struct lk_name_lookup, name), .low = 1},
};
static const struct lk_fields lookup_fields = LK_FIELDS(lookup_list);
LK_FIELDS_ENCODER(lk_name_lookup_encode, struct lk_name_lookup, LK_MESSAGE_NAME_LOOKUP,
                  lookup_fields)
LK_FIELDS_DECODER(lk_name_lookup_decode, struct lk_name_lookup, lookup_fields)

static const struct lk_field result_list[] = {
    LK_INT_FIELD(struct lk_name_result, status, 1, LK_NAME_FOUND, LK_NAME_FAILED),
    LK_U32(struct lk_name_result, uid),
};
static const struct lk_fields result_fields = LK_FIELDS(result_list);
LK_FIELDS_ENCODER(lk_name_result_encode, struct lk_name_result, LK_MESSAGE_NAME_RESULT,
                  result_fields)
LK_FIELDS_DECODER(lk_name_result_decode, struct lk_name_result, result_fields)
