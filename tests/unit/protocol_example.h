/* SPDX-License-Identifier: EUPL-1.2 */
/* The worked examples of docs/PROTOCOL.md whose formats are stored and not signed. */
#ifndef LK_TESTS_UNIT_PROTOCOL_EXAMPLE_H
#define LK_TESTS_UNIT_PROTOCOL_EXAMPLE_H

#include <stddef.h>

/* The hexadecimal digits of the block "```stored NAME", joined; the program ends if there is none. */
void protocol_example(const char *name, char *ret_text, size_t size);

#endif
