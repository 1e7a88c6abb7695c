/* SPDX-License-Identifier: EUPL-1.2 */
/* The gateway's processes: the broker alone, as its launcher starts it, without names and device processes, for nobody asks for them; the rest by its own launcher. */
#include <arpa/inet.h>
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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
        "\n[models]\ntables =\n[paths]\nstate = %s\nrun = %s\noperators = %s/operators\n"
        "[broker]\nverify_threads = %u\n"
        "[gateway]\nlisten = %s\nmetrics = %s\nkeys = %s/keys\npassword = %s\nworkers = %u\n"
        "title = Ministry\n[client " SSO_CLIENT "]\nredirect_uri = " SSO_REDIRECT
        "\nsecret_file = %s/secret\nserves = everybody\n",
        house->state, house->run, house->folder, options->verifies, gateway->address,
        gateway->metrics, house->folder, options->password ? "required" : "none", options->workers,
        house->folder);

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
    /* libpam reads it at every start, besides the service's own; this is what Debian's does. */
    write_text(house, "pam/other", 0644,
               "@include /etc/pam.d/common-auth\n@include /etc/pam.d/common-account\n"
               "@include /etc/pam.d/common-password\n@include /etc/pam.d/common-session\n");
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
static pid_t spawn(const struct gateway *gateway, const char *program, char *const *more,
                   const int *descriptors, size_t count)
{
    char path[512];
    char log[160];
    char config[sizeof(gateway->house->config)];
    char *arguments[ARGUMENTS_MAX] = {path, (char[]){"--config"}, config, (char[]){"--test"}};
    size_t used = 4;
    pid_t pid;

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
    return pid;
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
    gateway->broker = spawn(gateway, "latchkeyd", more, sockets, SOCKETS);
    for (size_t i = 0; i < SOCKETS; i++)
        close(sockets[i]);
}

static void start_sso(struct gateway *gateway)
{
    char confdir[160];
    char *const more[] = {(char[]){"--confdir"}, confdir, NULL};

    house_path(gateway->house, "pam", confdir, sizeof(confdir));
    gateway->sso = spawn(gateway, "latchkey-sso", more, NULL, 0);
}

/* A port that was free a moment ago. */
static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    NEED(fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
         getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    close(fd);
    return ntohs(address.sin_port);
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
    return waitpid(gateway->broker, NULL, WNOHANG) == 0 &&
           waitpid(gateway->sso, NULL, WNOHANG) == 0;
}

void gateway_journal(const struct gateway *gateway)
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
    char workers[64];
    bool all = false;

    (void)snprintf(workers, sizeof(workers), "\nlatchkey_sso_workers %u\n", options->workers);
    if (fetch(gateway->metrics, "/metrics", &text) == 200) {
        lk_buf_put_u8(&text, 0);
        all = strstr((const char *)text.data, workers) != NULL &&
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
            gateway_journal(gateway);
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
    house_path(house, "web", path, sizeof(path));
    NEED(lk_folder_make(path, 0755) == 0);
    house_path(house, "web/http", gateway->address, sizeof(gateway->address));
    (void)snprintf(gateway->metrics, sizeof(gateway->metrics), "127.0.0.1:%u", free_port());
    house_path(house, "pam", path, sizeof(path));
    NEED(lk_folder_make(path, 0755) == 0);
    configure(gateway, options);
    write_stack(house, options->password);
    if (options->one_core)
        pin(0, 0);
    start_broker(gateway);
    start_sso(gateway);
    if (options->one_core)
        pin(last > 0 ? 1 : 0, last);
    wait_ready(gateway, options);
}

static void stop(const struct gateway *gateway, pid_t pid, const char *name)
{
    int status = -1;

    NEED(kill(pid, SIGTERM) == 0 && waitpid(pid, &status, 0) == pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    (void)fprintf(stderr, "%s ended with wait status %x\n", name, (unsigned)status);
    gateway_journal(gateway);
    exit(1);
}

void gateway_stop(struct gateway *gateway)
{
    stop(gateway, gateway->sso, "latchkey-sso");
    stop(gateway, gateway->broker, "latchkeyd");
    pin(0, (int)sysconf(_SC_NPROCESSORS_ONLN) - 1);
}

unsigned gateway_fetch(const struct gateway *gateway, const char *path, struct lk_buf *ret_body)
{
    return fetch(gateway->address, path, ret_body);
}
