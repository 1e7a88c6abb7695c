/* SPDX-License-Identifier: EUPL-1.2 */
/* Shows what the stacks of a machine let pass, one row a service, with the line and the reason. */
#include "provisioning/check_pam.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provisioning/pam_stack.h"

enum { SERVICE_WIDTH = 20, VERDICT_WIDTH = 26 };

static bool module_exists(void *context, const char *module)
{
    static const char *const patterns[] = {"/lib/security",
                                           "/lib64/security",
                                           "/lib/*-linux-gnu*/security",
                                           "/usr/lib/security",
                                           "/usr/lib/*-linux-gnu*/security",
                                           "/usr/local/lib/security"};
    const struct lk_check_pam *check = context;
    char path[1024];
    glob_t found;
    bool there = false;

    if (module[0] == '/')
        return access(module, F_OK) == 0;
    if (check->module_folder != NULL) {
        snprintf(path, sizeof path, "%s/%s", check->module_folder, module);
        if (access(path, F_OK) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0] && !there; i++) {
        snprintf(path, sizeof path, "%s/%s", patterns[i], module);
        there = glob(path, GLOB_NOSORT, NULL, &found) == 0;
        if (there)
            globfree(&found);
    }
    return there;
}

static const char *verdict_text(enum lk_pam_verdict verdict)
{
    switch (verdict) {
    case LK_PAM_REQUIRES_KEY:
        return _("requires the key");
    case LK_PAM_WITHOUT_KEY:
        return _("CAN BE PASSED WITHOUT");
    case LK_PAM_BROKEN:
        return _("BROKEN");
    case LK_PAM_NOT_ARMED:
        break;
    }
    return _("not armed");
}

static const char *verdict_code(enum lk_pam_verdict verdict)
{
    switch (verdict) {
    case LK_PAM_REQUIRES_KEY:
        return "requires-key";
    case LK_PAM_WITHOUT_KEY:
        return "without-key";
    case LK_PAM_BROKEN:
        return "broken";
    case LK_PAM_NOT_ARMED:
        break;
    }
    return "not-armed";
}

static void why_text(char *ret_text, size_t size, const struct lk_pam_finding *finding)
{
    const char *word = finding->word;

    ret_text[0] = '\0';
    switch (finding->why) {
    case LK_PAM_WHY_NONE:
        break;
    case LK_PAM_WHY_FILE:
        snprintf(ret_text, size, _("%s cannot be read"), word);
        break;
    case LK_PAM_WHY_SYNTAX:
        snprintf(ret_text, size, _("this line is not understood: %s"), word);
        break;
    case LK_PAM_WHY_DEPTH:
        snprintf(ret_text, size, "%s", _("files include each other, or the stack is too long"));
        break;
    case LK_PAM_WHY_MISPLACED:
        snprintf(ret_text, size,
                 _("pam_latchkey.so stands under %s and refuses there: it belongs under auth only"),
                 word);
        break;
    case LK_PAM_WHY_MODULE:
        snprintf(ret_text, size, _("there is no file %s: nobody can log in"), word);
        break;
    case LK_PAM_WHY_ARGUMENT:
        snprintf(ret_text, size,
                 _("pam_latchkey.so does not know the word %s and refuses every login"), word);
        break;
    case LK_PAM_WHY_NEVER:
        snprintf(ret_text, size, "%s", _("no login can succeed, not even with the key"));
        break;
    case LK_PAM_WHY_IGNORED:
        snprintf(ret_text, size, _("a refusal by the key does not count here (%s): use required"),
                 word);
        break;
    case LK_PAM_WHY_SKIPPED:
        snprintf(ret_text, size, _("%s alone lets a login pass by the key"), word);
        break;
    }
}

static bool is_local(const struct lk_config *config, const char *service)
{
    for (char **name = config->local_services; name != NULL && *name != NULL; name++) {
        if (strcmp(*name, service) == 0)
            return true;
    }
    return false;
}

static bool is_gateway(const struct lk_config *config, const char *service)
{
    return config != NULL && config->gateway_host[0] != '\0' &&
           strcmp(config->gateway_service, service) == 0;
}

/* What option and stack of the gateway must agree about; "" if they do, or if this is another service. */
static void gateway_text(char *ret_text, size_t size, const struct lk_check_pam *check,
                         const char *service, const struct lk_pam_judgement *judgement)
{
    ret_text[0] = '\0';
    if (judgement->verdict != LK_PAM_REQUIRES_KEY || check->config == NULL)
        return;
    if (!is_gateway(check->config, service)) {
        if (judgement->transaction)
            snprintf(ret_text, size, "%s",
                     _("the word transaction is for the service of the gateway only: every login "
                       "is refused"));
    } else if (!judgement->transaction) {
        snprintf(ret_text, size, "%s",
                 _("the service of the gateway needs pam_latchkey.so transaction"));
    } else if (check->config->gateway_password && !judgement->asks) {
        snprintf(ret_text, size, "%s",
                 _("latchkey.conf says password = required, and no module here asks for one"));
    } else if (!check->config->gateway_password && judgement->asks) {
        snprintf(ret_text, size, "%s",
                 _("latchkey.conf says password = none, and a module here may ask for one"));
    }
}

/* What follows from more than the stack itself. */
static void note_text(char *ret_text, size_t size, const struct lk_check_pam *check,
                      const char *service, const struct lk_pam_judgement *judgement)
{
    bool armed =
        judgement->verdict == LK_PAM_REQUIRES_KEY || judgement->verdict == LK_PAM_WITHOUT_KEY;

    ret_text[0] = '\0';
    if (strcmp(service, "sshd") == 0)
        snprintf(ret_text, size, "%s",
                 armed ? _("a remote login is refused the key of this machine, and public keys "
                           "never ask this stack")
                       : _("public keys never ask this stack: only `AuthenticationMethods` in "
                           "sshd_config makes them do"));
    else if (is_gateway(check->config, service))
        snprintf(ret_text, size, "%s", _("logins at the gateway"));
    else if (armed && check->config != NULL && !is_local(check->config, service))
        snprintf(ret_text, size, "%s",
                 _("not among local_services of latchkey.conf: every login is refused"));
    else if (judgement->root_passes)
        snprintf(ret_text, size, "%s", _("root passes without it (pam_rootok.so)"));
}

static void show(const char *service, const struct lk_pam_judgement *judgement, const char *why,
                 const char *note)
{
    const struct lk_pam_place *place = &judgement->finding.place;
    bool alarming = judgement->verdict == LK_PAM_BROKEN || judgement->verdict == LK_PAM_WITHOUT_KEY;
    char safe[512];

    fputs("  ", stdout);
    lk_cli_cell(lk_cli_printable(safe, sizeof safe, service), SERVICE_WIDTH);
    if (alarming)
        fputs(lk_cli_bold(), stdout);
    lk_cli_cell(verdict_text(judgement->verdict), VERDICT_WIDTH);
    if (alarming)
        fputs(lk_cli_plain(), stdout);
    if (place->line > 0)
        printf("%s:%u", lk_cli_printable(safe, sizeof safe, place->file), place->line);
    else if (judgement->verdict == LK_PAM_BROKEN)
        fputs(lk_cli_printable(safe, sizeof safe, place->file), stdout);
    putchar('\n');
    if (why[0] != '\0')
        printf("  %*s%s\n", SERVICE_WIDTH, "", lk_cli_printable(safe, sizeof safe, why));
    if (note[0] != '\0')
        printf("  %*s%s\n", SERVICE_WIDTH, "", note);
}

static void put(struct lk_check_pam *check, const char *service,
                const struct lk_pam_judgement *judgement, const char *why, const char *note)
{
    struct lk_json *object = lk_json_put_object(check->writer, check->array, NULL);
    const struct lk_pam_place *place = &judgement->finding.place;

    lk_json_put_string(check->writer, object, "service", service);
    lk_json_put_string(check->writer, object, "verdict", verdict_code(judgement->verdict));
    if (place->file[0] != '\0')
        lk_json_put_string(check->writer, object, "file", place->file);
    if (place->line > 0)
        lk_json_put_int(check->writer, object, "line", place->line);
    if (why[0] != '\0')
        lk_json_put_string(check->writer, object, "why", why);
    if (note[0] != '\0')
        lk_json_put_string(check->writer, object, "note", note);
}

static int check_service(struct lk_check_pam *check, const char *service)
{
    struct lk_pam_stack stack = {0};
    struct lk_pam_judgement judgement;
    char why[512];
    char note[256];
    char gateway[256];
    int result = lk_pam_stack_read(check->folder, service, &stack);

    if (result == -LK_ERR_NOT_FOUND)
        return 0; /* gone since the folder was listed */
    if (result < 0)
        return lk_cli_fail_error(check->cli, result, service);
    lk_pam_judge(&stack, module_exists, check, &judgement);
    lk_pam_stack_clear(&stack);
    gateway_text(gateway, sizeof gateway, check, service, &judgement);
    if (gateway[0] != '\0')
        judgement.verdict = LK_PAM_BROKEN;
    check->services++;
    check->armed += judgement.verdict == LK_PAM_REQUIRES_KEY;
    check->broken += judgement.verdict == LK_PAM_BROKEN;
    check->passable += judgement.verdict == LK_PAM_WITHOUT_KEY;
    why_text(why, sizeof why, &judgement.finding);
    note_text(note, sizeof note, check, service, &judgement);
    if (gateway[0] != '\0')
        snprintf(why, sizeof why, "%s", gateway);
    if (check->cli->json)
        put(check, service, &judgement, why, note);
    else
        show(service, &judgement, why, note);
    return 0;
}

/* Files that only other files include are judged where they are included. */
static int is_service(const struct dirent *item)
{
    size_t length = strlen(item->d_name);

    return item->d_name[0] != '.' && strncmp(item->d_name, "common-", 7) != 0 &&
           strchr(item->d_name, '~') == NULL && strstr(item->d_name, ".dpkg-") == NULL &&
           (length < 4 || strcmp(item->d_name + length - 4, ".bak") != 0);
}

int lk_cli_check_pam(struct lk_check_pam *check)
{
    struct dirent **items = NULL;
    int count = scandir(check->folder, &items, is_service, alphasort);
    int status = 0;

    if (count < 0)
        return lk_cli_fail_error(check->cli, -LK_ERR_NOT_FOUND, check->folder);
    for (int i = 0; i < count; i++) {
        if (status == 0)
            status = check_service(check, items[i]->d_name);
        free(items[i]);
    }
    free(items);
    return status;
}
