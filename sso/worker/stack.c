/* SPDX-License-Identifier: EUPL-1.2 */
/* The files of a PAM service: which they are, whether they are still the same, and its modules loaded beforehand, because libpam would load and unload them for every
 * attempt. Only a help: libpam reads the files itself at each attempt, and what is not understood here is left to it. The files are root's; they are not hostile. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "sso/worker/worker.h"

enum { DEPTH_MAX = 8, FILE_MAX = 65536, WORDS_MAX = 4, PATH_SIZE = 512 };

static const char blanks[] = " \t";

static void stack_read(struct lk_stack *stack, const char *name, int depth);

static void file_look(const char *path, struct lk_stack_file *ret_file)
{
    struct stat status;

    ret_file->there = stat(path, &status) == 0;
    ret_file->device = ret_file->there ? status.st_dev : 0;
    ret_file->inode = ret_file->there ? status.st_ino : 0;
    ret_file->changed = ret_file->there ? status.st_mtim : (struct timespec){0};
}

/* False: noted before, or no room. */
static bool file_note(struct lk_stack *stack, const char *path)
{
    struct lk_stack_file *file = &stack->files[stack->count % LK_WORKER_FILES];

    for (size_t i = 0; i < stack->count; i++) {
        if (strcmp(stack->files[i].path, path) == 0)
            return false;
    }
    if (stack->count == LK_WORKER_FILES)
        return false;
    file->path = strdup(path);
    if (file->path == NULL)
        return false;
    file_look(path, file);
    stack->count++;
    return true;
}

/* libpam looks for modules beside itself, in security/. */
static void module_load(struct lk_stack *stack, const char *name)
{
    char path[PATH_SIZE];
    Dl_info info;
    void *symbol = dlsym(RTLD_DEFAULT, "pam_start");
    const char *slash;
    int len;

    if (name[0] == '/') {
        len = snprintf(path, sizeof(path), "%s", name);
    } else {
        if (symbol == NULL || dladdr(symbol, &info) == 0 || info.dli_fname == NULL)
            return;
        slash = strrchr(info.dli_fname, '/');
        if (slash == NULL)
            return;
        len = snprintf(path, sizeof(path), "%.*s/security/%s", (int)(slash - info.dli_fname),
                       info.dli_fname, name);
    }
    if (len <= 0 || (size_t)len >= sizeof(path) || !file_note(stack, path))
        return;
    /* Never closed: it stays for the life of the process. */
    (void)dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

/* "[success=1 default=ignore]" is one word. */
static size_t line_split(char *line, char *ret_words[WORDS_MAX])
{
    size_t count = 0;

    while (count < WORDS_MAX) {
        line += strspn(line, blanks);
        if (*line == '\0' || *line == '#')
            break;
        ret_words[count++] = line;
        if (*line == '[')
            line += strcspn(line, "]");
        line += strcspn(line, blanks);
        if (*line != '\0')
            *line++ = '\0';
    }
    return count;
}

static void line_read(struct lk_stack *stack, char *line, int depth)
{
    char *words[WORDS_MAX];
    size_t count = line_split(line, words);

    if (count >= 2 && strcmp(words[0], "@include") == 0) {
        stack_read(stack, words[1], depth + 1);
        return;
    }
    if (count < 3)
        return;
    /* Of whatever type: libpam loads those of sessions and passwords too. */
    if (strcmp(words[1], "include") == 0 || strcmp(words[1], "substack") == 0)
        stack_read(stack, words[2], depth + 1);
    else
        module_load(stack, words[2]);
}

static bool file_read(struct lk_stack *stack, const char *path, int depth)
{
    const struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 022};
    struct lk_buf content = LK_BUF_INIT(FILE_MAX);
    char *text = NULL;
    char *rest = NULL;
    size_t len;

    if (!file_note(stack, path))
        return true;
    if (lk_file_read(path, &rule, FILE_MAX - 1, &content) == 0) {
        content.max = FILE_MAX;
        lk_buf_put_u8(&content, 0);
        text = (char *)lk_buf_take(&content, &len);
    }
    lk_buf_clear(&content);
    if (text == NULL)
        return false;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        line_read(stack, line, depth);
    free(text);
    return true;
}

static void stack_read(struct lk_stack *stack, const char *name, int depth)
{
    static const char *const folders[] = {"/etc/pam.d", "/usr/lib/pam.d"};
    char path[PATH_SIZE];

    if (depth > DEPTH_MAX)
        return;
    if (name[0] == '/') {
        (void)file_read(stack, name, depth);
        return;
    }
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        const char *folder = stack->confdir != NULL ? stack->confdir : folders[i];
        int len = snprintf(path, sizeof(path), "%s/%s", folder, name);

        if (len > 0 && (size_t)len < sizeof(path) && file_read(stack, path, depth))
            return;
        if (stack->confdir != NULL)
            return;
    }
}

void lk_stack_open(struct lk_stack *stack, const char *service, const char *confdir)
{
    *stack = (struct lk_stack){.service = service, .confdir = confdir};
    stack_read(stack, service, 0);
    /* libpam reads it at every start, besides the service's own, and loads what stands there. */
    stack_read(stack, "other", 0);
}

bool lk_stack_changed(const struct lk_stack *stack)
{
    for (size_t i = 0; i < stack->count; i++) {
        const struct lk_stack_file *noted = &stack->files[i];
        struct lk_stack_file seen;

        file_look(noted->path, &seen);
        if (seen.there != noted->there || seen.device != noted->device ||
            seen.inode != noted->inode || seen.changed.tv_sec != noted->changed.tv_sec ||
            seen.changed.tv_nsec != noted->changed.tv_nsec)
            return true;
    }
    return false;
}

void lk_stack_close(struct lk_stack *stack)
{
    for (size_t i = 0; i < stack->count; i++)
        free(stack->files[i].path);
    stack->count = 0;
}
