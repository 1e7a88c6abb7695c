/* SPDX-License-Identifier: EUPL-1.2 */
/* One question to a person. What is typed for a hidden one must not be seen, and the terminal must echo again whatever ends it. */
#include "provisioning/terminal.h"

#include <errno.h>
#include <poll.h>
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

/* Past stdio, which would keep a copy of what was typed. The signals are blocked but while it waits: one that came after the last look ends the wait. */
static bool read_typed(char *line, size_t size, const sigset_t *waiting)
{
    struct pollfd typed = {.fd = STDIN_FILENO, .events = POLLIN};

    while (ended_by == 0) {
        ssize_t len = -1;

        if (ppoll(&typed, 1, NULL, waiting) > 0)
            len = read(STDIN_FILENO, line, size - 1);
        if (len > 0) {
            line[len] = '\0';
            return true;
        }
        if (len == 0 || errno != EINTR)
            return false;
    }
    return false;
}

static bool ask_silently(const struct termios *saved, const char *prompt, char *line, size_t size)
{
    struct termios silent = *saved;
    sigset_t endings;
    sigset_t before;
    bool read = false;

    (void)sigemptyset(&endings);
    for (size_t i = 0; i < ENDINGS; i++)
        (void)sigaddset(&endings, ending[i]);
    silent.c_lflag &= ~(tcflag_t)ECHO;
    /* Before anybody is asked: what is typed at once would be shown, and lost with what the terminal throws away. */
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0) {
        fputs(prompt, stderr);
        fflush(stderr);
        (void)sigprocmask(SIG_BLOCK, &endings, &before);
        read = read_typed(line, size, &before);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        fputc('\n', stderr);
    }
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, saved);
    return read;
}

static bool read_silently(const struct termios *saved, const char *prompt, char *line, size_t size)
{
    /* Without SA_RESTART: the wait ends with it. */
    const struct sigaction action = {.sa_handler = on_ending};
    struct sigaction before[ENDINGS];
    bool read;

    ended_by = 0;
    for (size_t i = 0; i < ENDINGS; i++) {
        (void)sigaction(ending[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            (void)sigaction(ending[i], &action, NULL);
    }
    read = ask_silently(saved, prompt, line, size);
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
