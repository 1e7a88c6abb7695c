/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading the blocks of protocol_example.h. */
#include "protocol_example.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void protocol_example(const char *name, char *ret_text, size_t size)
{
    const char *source = getenv("LK_SOURCE_DIR");
    char path[4096];
    char line[1024];
    char head[64];
    size_t len = 0;
    bool inside = false;
    FILE *file;

    snprintf(path, sizeof path, "%s/docs/PROTOCOL.md", source != NULL ? source : ".");
    snprintf(head, sizeof head, "```stored %s\n", name);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strcmp(line, head) == 0)
            inside = true;
        else if (inside && (strncmp(line, "```", 3) == 0 || strncmp(line, "sha256", 6) == 0))
            break;
        else if (inside)
            for (const char *c = line; *c != '#' && *c != '\n' && *c != ' ' && len + 1 < size; c++)
                ret_text[len++] = *c;
    }
    ret_text[len] = '\0';
    if (file == NULL || len == 0) {
        fprintf(stderr, "%s has no example %s\n", path, name);
        abort();
    }
    (void)fclose(file);
}
