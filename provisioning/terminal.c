/* SPDX-License-Identifier: EUPL-1.2 */
/* One question to a person. What is typed for a hidden one must not be seen, and the terminal must echo again whatever ends it. */
#include "provisioning/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
enum { ENDINGS = sizeof ending / sizeof ending[0] };

static volatile sig_atomic_t ended_by;

static void on_ending(int number)
{
    ended_by = number;
}

static bool read_line(const char *prompt, char *line, size_t size)
{
    fputs(prompt, stderr);
    fflush(stderr);
    return fgets(line, (int)size, stdin) != NULL;
}

static bool read_silently(const struct termios *saved, const char *prompt, char *line, size_t size)
{
    /* Without SA_RESTART: the read ends with it. */
    const struct sigaction action = {.sa_handler = on_ending};
    struct sigaction before[ENDINGS];
    struct termios silent = *saved;
    bool read;

    silent.c_lflag &= ~(tcflag_t)ECHO;
    ended_by = 0;
    for (size_t i = 0; i < ENDINGS; i++) {
        (void)sigaction(ending[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            (void)sigaction(ending[i], &action, NULL);
    }
    /* Before anybody is asked: what is typed at once would be shown, and lost with what the terminal throws away. */
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    read = read_line(prompt, line, size);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, saved);
    fputc('\n', stderr);
    for (size_t i = 0; i < ENDINGS; i++)
        (void)sigaction(ending[i], &before[i], NULL);
    if (ended_by != 0)
        (void)raise((int)ended_by);
    return read && ended_by == 0;
}

bool lk_terminal_ask(const char *prompt, bool hidden, char *line, size_t size)
{
    struct termios saved;

    if (hidden && tcgetattr(STDIN_FILENO, &saved) == 0)
        return read_silently(&saved, prompt, line, size);
    return read_line(prompt, line, size);
}
