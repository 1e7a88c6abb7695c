/* SPDX-License-Identifier: EUPL-1.2 */
/* A person at a terminal. */
#ifndef LK_PROVISIONING_TERMINAL_H
#define LK_PROVISIONING_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Writes prompt to standard error and reads one line of standard input into line, at most size - 1 bytes, with its newline where that came within them. hidden: where
 * standard input is a terminal it does not echo, and what was typed before the question is thrown away. SIGINT, SIGTERM and SIGHUP end a hidden question: the
 * terminal echoes again, then the signal is raised for whoever caught it before, or ends the program.
 *
 * False: end of input, a signal, or a read error; line then holds nothing to be used. The caller wipes line. */
bool lk_terminal_ask(const char *prompt, bool hidden, char *line, size_t size);

#endif
