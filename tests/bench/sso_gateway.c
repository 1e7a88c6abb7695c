/* SPDX-License-Identifier: EUPL-1.2 */
/* The gateway's processes, started as their launchers start them: listening sockets and one connection for each worker are made here and inherited. All run as the caller. */
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "bench.h"
#include "sso_bench.h"

enum { WAIT_MS = 20000, BACKLOG = 4096, ARGUMENTS_MAX = 12 };

static const char *build_folder(void)
{
    const char *build = getenv("LK_BUILD_DIR");

    return build != NULL ? build : ".";
}

static void write_text(const struct house *house, const char *name, mode_t mode, const char *text)
{
    char path[160];

    house_path(house, name, path, sizeof(path));
    NEED(lk_file_replace(path, mode, LK_VIEW((const uint8_t *)text, strlen(text))) == 0);
}

/* ---- files ---- */

static void configure(const struct gateway *gateway, const struct gateway_options *options)
{
    const struct house *house = gateway->house;
    char text[4096];
    int len = snprintf(
        text, sizeof(text),
        "[organisation]\nname = " HOUSE_ORGANISATION "\ngateway_host = " HOUSE_GATEWAY
        "\n[paths]\nstate = %s\nrun = %s\noperators = %s/operators\n"
        "[broker]\nverify_threads = %u\n"
        "[gateway]\nlisten = %s\nkeys = %s/keys\npassword = %s\nworkers = %u\ntitle = Ministry\n"
        "[client " SSO_CLIENT "]\nredirect_uri = " SSO_REDIRECT
        "\nsecret_file = %s/secret\nserves = everybody\n",
        house->state, house->run, house->folder, options->verifies, gateway->address, house->folder,
        options->password ? "required" : "none", options->workers, house->folder);

    NEED(len > 0 && len < (int)sizeof(text));
    NEED(lk_file_replace(house->config, 0644, LK_VIEW((const uint8_t *)text, (size_t)len)) == 0);
    write_text(house, "secret", 0400, SSO_SECRET "\n");
}

/* The stack without a password has pam_permit in its place: what is measured is the way there and back. */
static void write_stack(const struct house *house, bool password)
{
    char text[1024];
    int len = snprintf(text, sizeof(text),
                       "auth required %s/security/pam_latchkey.so transaction socket=%s/worker\n"
                       "auth required %s%s%s\naccount required pam_permit.so\n",
                       build_folder(), house->run,
                       password ? "pam_pwdfile.so flock pwdfile=" : "pam_permit.so",
                       password ? house->folder : "", password ? "/passwords" : "");

    NEED(len > 0 && len < (int)sizeof(text));
    write_text(house, "pam/latchkey-sso", 0644, text);
}

void gateway_passwords(struct house *house, const uint32_t *credentials, size_t count)
{
    struct lk_buf text = LK_BUF_INIT(64 << 20);
    struct crypt_data data = {0};
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    char path[160];
    const char *hash;

    NEED(crypt_gensalt_rn("$y$", 0, NULL, 0, salt, sizeof(salt)) != NULL);
    hash = crypt_r(SSO_PASSWORD, salt, &data);
    NEED(hash != NULL && hash[0] == '$');
    for (size_t i = 0; i < count; i++) {
        char name[64];

        (void)snprintf(name, sizeof(name), "agent-%u:", credentials[i] / POPULATION_TOUCH);
        http_put_text(&text, name);
        http_put_text(&text, hash);
        http_put_text(&text, "\n");
    }
    NEED(lk_buf_error(&text) == 0);
    house_path(house, "passwords", path, sizeof(path));
    NEED(lk_file_replace(path, 0600, lk_buf_view(&text)) == 0);
    lk_buf_clear(&text);
}

/* ---- sockets ---- */

static int listening(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    NEED(fd >= 0 && strlen(path) < sizeof(address.sun_path));
    strcpy(address.sun_path, path);
    (void)unlink(path);
    NEED(bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    NEED(chmod(path, 0666) == 0 && listen(fd, BACKLOG) == 0);
    return fd;
}

static int listening_in(const struct house *house, const char *name)
{
    char path[160];

    house_path(house, name, path, sizeof(path));
    return listening(path);
}

/* ---- processes ---- */

/* program: below bin/; arguments end with NULL. The descriptors are inherited under their numbers. */
static void spawn(struct gateway *gateway, const char *program, char *const *more,
                  const int *descriptors, size_t count)
{
    char path[512];
    char log[160];
    char config[sizeof(gateway->house->config)];
    char *arguments[ARGUMENTS_MAX] = {path, (char[]){"--config"}, config, (char[]){"--test"}};
    size_t used = 4;
    pid_t pid;

    NEED(gateway->count < sizeof(gateway->pids) / sizeof(gateway->pids[0]));
    (void)snprintf(path, sizeof(path), "%s/bin/%s", build_folder(), program);
    strcpy(config, gateway->house->config);
    house_path(gateway->house, "journal", log, sizeof(log));
    for (size_t i = 0; more[i] != NULL && used + 1 < ARGUMENTS_MAX; i++)
        arguments[used++] = more[i];
    (void)fflush(stdout);
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        int journal = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        if (journal < 0 || dup2(journal, STDERR_FILENO) < 0 || dup2(journal, STDOUT_FILENO) < 0)
            _exit(126);
        for (size_t i = 0; i < count; i++)
            (void)fcntl(descriptors[i], F_SETFD, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execv(path, arguments);
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        _exit(127);
    }
    gateway->pids[gateway->count++] = pid;
}

static void start_broker(struct gateway *gateway)
{
    static const char *const names[] = {"host", "desk", "gateway", "worker"};
    enum { SOCKETS = sizeof(names) / sizeof(names[0]) };
    char list[128] = "";
    char *const more[] = {(char[]){"--one-user"}, (char[]){"--broker"}, list, NULL};
    int sockets[SOCKETS];
    size_t len = 0;

    for (size_t i = 0; i < SOCKETS; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "run/%s", names[i]);
        sockets[i] = listening_in(gateway->house, name);
        len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s=%d", i > 0 ? "," : "",
                                names[i], sockets[i]);
    }
    spawn(gateway, "latchkeyd", more, sockets, SOCKETS);
    for (size_t i = 0; i < SOCKETS; i++)
        close(sockets[i]);
}

/* The issuer asks for a worker by connecting. */
static void start_workers(struct gateway *gateway, int listener, uint32_t workers)
{
    char confdir[160];
    char number[16];
    char *const more[] = {(char[]){"--confdir"}, confdir, (char[]){"--issuer"}, number, NULL};
    struct pollfd wait = {.fd = listener, .events = POLLIN};

    house_path(gateway->house, "pam", confdir, sizeof(confdir));
    for (uint32_t i = 0; i < workers; i++) {
        int fd;

        NEED(poll(&wait, 1, WAIT_MS) == 1);
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        NEED(fd >= 0);
        (void)snprintf(number, sizeof(number), "%d", fd);
        spawn(gateway, "latchkey-sso-worker", more, &fd, 1);
        close(fd);
    }
}

static void start_gateway(struct gateway *gateway, const struct gateway_options *options)
{
    char number[16];
    char *const issuer[] = {(char[]){"--web"}, number, NULL};
    char local[16];
    char *web[] = {(char[]){"--listen"}, number, (char[]){"--metrics"}, local, NULL};
    int workers = listening_in(gateway->house, "run/sso/worker");
    int fd = listening_in(gateway->house, "run/sso/web");
    int both[2];

    (void)snprintf(number, sizeof(number), "%d", fd);
    spawn(gateway, "latchkey-sso-issuer", issuer, &fd, 1);
    close(fd);
    start_workers(gateway, workers, options->workers);
    close(workers);
    both[0] = listening(gateway->address);
    both[1] = listening_in(gateway->house, "metrics");
    (void)snprintf(number, sizeof(number), "%d", both[0]);
    (void)snprintf(local, sizeof(local), "%d", both[1]);
    for (uint32_t i = 0; i < options->webs; i++) {
        spawn(gateway, "latchkey-sso-web", web, both, 2);
        web[2] = NULL; /* the first one tells for all */
    }
    close(both[0]);
    close(both[1]);
}

static void pin(int first, int last)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    for (int i = first; i <= last; i++)
        CPU_SET((size_t)i, &set);
    NEED(sched_setaffinity(0, sizeof(set), &set) == 0);
}

static bool alive(const struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->count; i++) {
        if (waitpid(gateway->pids[i], NULL, WNOHANG) != 0)
            return false;
    }
    return true;
}

static void show_journal(const struct gateway *gateway)
{
    char command[256];

    (void)snprintf(command, sizeof(command), "tail -n 20 '%s/journal' >&2", gateway->house->folder);
    if (system(command) != 0)
        (void)fprintf(stderr, "no journal\n");
}

static unsigned fetch(const char *address, const char *path, struct lk_buf *ret_body)
{
    struct http_connection connection;
    struct http_response response;
    enum http_progress progress = HTTP_CLOSED;
    unsigned status = 0;

    http_init(&connection);
    http_put_text(&connection.out, "GET ");
    http_put_text(&connection.out, path);
    http_put_text(&connection.out, " HTTP/1.1\r\nHost: " HOUSE_GATEWAY "\r\n\r\n");
    if (http_connect(&connection, address)) {
        struct pollfd wait = {.fd = connection.fd, .events = POLLIN};

        while ((progress = http_step(&connection, &response)) == HTTP_WANTS_READ &&
               poll(&wait, 1, WAIT_MS) == 1)
            continue;
    }
    if (progress == HTTP_ANSWERED) {
        status = response.status;
        lk_buf_put_view(ret_body, response.body);
        NEED(lk_buf_error(ret_body) == 0);
    }
    http_free(&connection);
    return status;
}

/* Until the issuer tells that everybody is connected. */
static bool ready(const struct gateway *gateway, const struct gateway_options *options)
{
    struct lk_buf text = LK_BUF_INIT(HTTP_BODY_MAX);
    char metrics[160];
    char workers[64];
    char webs[64];
    bool all = false;

    house_path(gateway->house, "metrics", metrics, sizeof(metrics));
    (void)snprintf(workers, sizeof(workers), "\nlatchkey_sso_workers %u\n", options->workers);
    (void)snprintf(webs, sizeof(webs), "\nlatchkey_sso_webs %u\n", options->webs);
    if (fetch(metrics, "/metrics", &text) == 200) {
        lk_buf_put_u8(&text, 0);
        all = strstr((const char *)text.data, workers) != NULL &&
              strstr((const char *)text.data, webs) != NULL &&
              strstr((const char *)text.data, "\nlatchkey_sso_broker_up 1\n") != NULL;
    }
    lk_buf_clear(&text);
    return all;
}

static void wait_ready(const struct gateway *gateway, const struct gateway_options *options)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    int64_t begin = bench_now();

    while (!ready(gateway, options)) {
        if (!alive(gateway) || bench_now() - begin > (int64_t)WAIT_MS * 1000000) {
            (void)fprintf(stderr, "the gateway does not start:\n");
            show_journal(gateway);
            exit(1);
        }
        (void)nanosleep(&moment, NULL);
    }
}

void gateway_start(struct gateway *gateway, struct house *house,
                   const struct gateway_options *options)
{
    int last = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
    char path[160];

    *gateway = (struct gateway){.house = house};
    NEED(options->workers <= GATEWAY_WORKERS_MAX && options->webs <= GATEWAY_WEBS_MAX);
    house_path(house, "http", gateway->address, sizeof(gateway->address));
    house_path(house, "run/sso", path, sizeof(path));
    NEED(lk_folder_make(path, 0755) == 0);
    house_path(house, "pam", path, sizeof(path));
    NEED(lk_folder_make(path, 0755) == 0);
    configure(gateway, options);
    write_stack(house, options->password);
    if (options->one_core)
        pin(0, 0);
    start_broker(gateway);
    start_gateway(gateway, options);
    if (options->one_core)
        pin(last > 0 ? 1 : 0, last);
    wait_ready(gateway, options);
}

void gateway_stop(struct gateway *gateway)
{
    while (gateway->count > 0) {
        pid_t pid = gateway->pids[--gateway->count];
        int status = -1;

        NEED(kill(pid, SIGTERM) == 0 && waitpid(pid, &status, 0) == pid);
        /* Workers have no more to say than that they are gone. */
        if (WIFEXITED(status) ? WEXITSTATUS(status) != 0 : WTERMSIG(status) != SIGTERM) {
            (void)fprintf(stderr, "process %d ended with wait status %x\n", (int)pid,
                          (unsigned)status);
            show_journal(gateway);
            exit(1);
        }
    }
    pin(0, (int)sysconf(_SC_NPROCESSORS_ONLN) - 1);
}

unsigned gateway_fetch(const struct gateway *gateway, const char *path, struct lk_buf *ret_body)
{
    return fetch(gateway->address, path, ret_body);
}
