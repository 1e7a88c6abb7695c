/* SPDX-License-Identifier: EUPL-1.2 */
/* A table from anywhere: whatever is accepted once is accepted again with the same rows, and what is refused says where. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tables/tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as(enum lk_table table, struct lk_view text)
{
    struct lk_tables *tables = lk_tables_new();
    char message[LK_TABLES_MESSAGE_SIZE] = "";
    int r;

    if (tables == NULL)
        return;
    r = lk_tables_add(tables, table, LK_TABLE_SHIPPED, "f", text, message, sizeof message);
    if (r == -LK_ERR_CONFIG && strncmp(message, "f:", 2) != 0)
        abort();
    if (r == 0 && !tables->heads[table][LK_TABLE_SHIPPED].given)
        abort();
    if (r == 0 && lk_tables_finish(tables, message, sizeof message) == 0) {
        /* Each row is found by its name, and by nobody else's. */
        for (size_t i = 0; i < tables->authenticator_count; i++) {
            if (lk_tables_authenticator(tables, tables->authenticators[i].aaguid) !=
                &tables->authenticators[i])
                abort();
        }
    }
    (void)lk_tables_free(tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int table = 0; table < LK_TABLES; table++)
        read_as((enum lk_table)table, LK_VIEW(data, size));
    return 0;
}
