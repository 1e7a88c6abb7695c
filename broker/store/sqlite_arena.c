/* SPDX-License-Identifier: EUPL-1.2 */
/* Memory of a set of rows: many small pieces, freed at once. */
#include "broker/store/sqlite.h"

#include <stdlib.h>
#include <string.h>

enum { LK_ARENA_BLOCK = 16384 };

struct lk_arena {
    struct lk_arena *next;
    size_t used;
    size_t size;
    max_align_t data[];
};

void *lk_arena_take(struct lk_arena **arena, size_t len)
{
    size_t rounded;
    uint8_t *data;

    if (len > SIZE_MAX / 2)
        return NULL;
    rounded = (len + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (*arena == NULL || (*arena)->size - (*arena)->used < rounded) {
        size_t size = rounded > LK_ARENA_BLOCK ? rounded : LK_ARENA_BLOCK;
        struct lk_arena *block = malloc(sizeof *block + size);

        if (block == NULL)
            return NULL;
        *block = (struct lk_arena){.next = *arena, .size = size};
        *arena = block;
    }
    data = (uint8_t *)(*arena)->data + (*arena)->used;
    (*arena)->used += rounded;
    return data;
}

int lk_arena_copy(struct lk_arena **arena, struct lk_view view, struct lk_view *ret_view)
{
    void *data;

    if (view.len == 0) {
        *ret_view = (struct lk_view){0};
        return 0;
    }
    data = lk_arena_take(arena, view.len);
    if (data == NULL)
        return -LK_ERR_NOMEM;
    memcpy(data, view.data, view.len);
    *ret_view = LK_VIEW(data, view.len);
    return 0;
}

struct lk_arena *lk_arena_free(struct lk_arena *arena)
{
    while (arena != NULL) {
        struct lk_arena *next = arena->next;

        free(arena);
        arena = next;
    }
    return NULL;
}
