/* SPDX-License-Identifier: EUPL-1.2 */
/* The house: folders, keys, the issuer's process and the loop. The neighbours' manners are in issuer_neighbours.c. */
#include "issuer_house.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/random.h"
#include "crypto/sign.h"
#include "issuer_neighbours.h"

struct house house;

static void path_of(const char *name, char ret_path[160])
{
    assert_true(snprintf(ret_path, 160, "%s/%s", house.folder, name) < 160);
}

static void write_file(const char *name, mode_t mode, const char *text)
{
    char path[160];

    path_of(name, path);
    assert_int_equal(lk_file_replace(path, mode, LK_VIEW((const uint8_t *)text, strlen(text))), 0);
}

void house_config(const char *password, const char *more)
{
    char text[4096];

    snprintf(text, sizeof(text),
             "[organisation]\nname = example\ngateway_host = key.example.org\n"
             "[paths]\nstate = %s/state\nrun = %s/run\n"
             "[gateway]\nkeys = %s/keys\npassword = %s\nworkers = 2\ntitle = Ministry\n"
             "[client synapse]\ntitle = Chat\nredirect_uri = " HOUSE_REDIRECT "\n"
             "post_logout_redirect_uri = https://chat.example.org/out\n"
             "secret_file = %s/secret\nserves = school\n%s",
             house.folder, house.folder, house.folder, password, house.folder, more);
    write_file("latchkey.conf", 0600, text);
}

static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    assert_true(snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", house.folder, name) <
                (int)sizeof(address.sun_path));
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 32), 0);
    return fd;
}

static void accept_end(struct lk_watch *watch, uint32_t events)
{
    static const enum lk_role_socket roles[] = {LK_SOCKET_GATEWAY, LK_SOCKET_SSO_WORKER,
                                                LK_SOCKET_SSO_NOTIFY};
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (fd >= 0)
        (void)house_end_new(roles[watch - house.listeners], fd);
}

static struct lk_watch *listener_of(enum lk_role_socket role)
{
    return &house.listeners[role == LK_SOCKET_GATEWAY ? 0 : role == LK_SOCKET_SSO_WORKER ? 1 : 2];
}

void house_open(enum lk_role_socket role)
{
    static const char *const names[] = {"run/gateway", "run/sso/worker", "run/sso/notify"};
    struct lk_watch *watch = listener_of(role);

    *watch = (struct lk_watch){
        .fd = listen_at(names[watch - house.listeners]), .events = EPOLLIN, .ready = accept_end};
    assert_int_equal(lk_loop_add(house.loop, watch), 0);
}

void house_close(enum lk_role_socket role)
{
    static const char *const names[] = {"run/gateway", "run/sso/worker", "run/sso/notify"};
    struct lk_watch *watch = listener_of(role);
    char path[160];

    lk_loop_remove(house.loop, watch);
    lk_fd_close(&watch->fd);
    path_of(names[watch - house.listeners], path);
    (void)unlink(path);
    for (size_t i = 0; i < HOUSE_ENDS; i++) {
        if (house.ends[i].used && house.ends[i].role == role)
            house_end_stop(&house.ends[i]);
    }
}

size_t house_up(enum lk_role_socket role)
{
    size_t up = 0;

    for (size_t i = 0; i < HOUSE_ENDS; i++)
        up += house.ends[i].used && house.ends[i].greeted && house.ends[i].role == role ? 1 : 0;
    return up;
}

void house_make_key(int64_t from)
{
    struct lk_crypto *crypto = NULL;
    struct lk_signing_key *key = NULL;
    char name[64];
    char path[160];

    assert_int_equal(lk_crypto_start(&crypto), 0);
    assert_int_equal(lk_signing_key_generate(crypto, LK_ALGORITHM_ES256, 0, &key), 0);
    snprintf(name, sizeof(name), "keys/es256-%lld.pem", (long long)from);
    path_of(name, path);
    assert_int_equal(lk_signing_key_save(key, path), 0);
    lk_signing_key_free(key);
    lk_crypto_free(crypto);
}

/* ---- the loop ---- */

static void limit_over(struct lk_timer *timer)
{
    (void)timer;
    house.over = true;
    lk_loop_stop(house.loop);
}

static void flush_all(void *context)
{
    (void)context;
    for (size_t i = 0; i < HOUSE_ENDS; i++) {
        if (house.ends[i].used && lk_peer_flush(&house.ends[i].peer) != 0)
            lk_peer_fail(&house.ends[i].peer);
    }
}

void house_turn(int ms)
{
    house.over = false;
    flush_all(NULL);
    lk_loop_arm(house.loop, &house.limit, ms);
    assert_int_equal(lk_loop_run(house.loop), 0);
    lk_loop_disarm(house.loop, &house.limit);
}

void house_until(bool (*condition)(void))
{
    for (int i = 0; i < 1000; i++) {
        if (condition())
            return;
        house_turn(5);
    }
    fail_msg("nothing happened for five seconds");
}

void house_signal(int number)
{
    assert_int_equal(kill(house.issuer, number), 0);
}

/* ---- the process ---- */

static void run_issuer(void)
{
    const char *build = getenv("LK_BUILD_DIR");
    char program[512];
    char config[160];
    char log[160];
    char number[16];

    path_of("latchkey.conf", config);
    path_of("log", log);
    snprintf(program, sizeof(program), "%s/bin/latchkey-sso-issuer", build != NULL ? build : ".");
    snprintf(number, sizeof(number), "%d", 3);
    house.issuer = fork();
    assert_true(house.issuer >= 0);
    if (house.issuer == 0) {
        char *const arguments[] = {program, (char[]){"--config"}, config, (char[]){"--web"}, number,
                                   NULL};
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

        if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 ||
            dup2(house.web_listener, 3) < 0)
            _exit(99);
        execv(program, arguments);
        _exit(98);
    }
}

static bool documents_there(void)
{
    return house.document_count >= 3;
}

static bool all_there(void)
{
    return house_up(LK_SOCKET_GATEWAY) == 1 && house_up(LK_SOCKET_SSO_WORKER) == 2 &&
           house_up(LK_SOCKET_SSO_NOTIFY) == 1;
}

void house_connect_web(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/web", house.folder);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    house.gone = false;
    house.document_count = 0;
    house.web = house_end_new(LK_SOCKET_SSO_WEB, fd);
    house_until(documents_there);
}

static void make_folder(const char *name)
{
    char path[160];

    path_of(name, path);
    assert_int_equal(lk_folder_make(path, 0700), 0);
}

/* One for all houses of this program: the issuer would make one of its own for each, which takes long. */
static void lend_rsa_key(void)
{
    static struct lk_crypto *crypto;
    static struct lk_signing_key *key;
    char path[160];

    if (key == NULL) {
        assert_int_equal(lk_crypto_start(&crypto), 0);
        assert_int_equal(lk_signing_key_generate(crypto, LK_ALGORITHM_RS256, 2048, &key), 0);
    }
    make_folder("keys");
    path_of("keys/rs256-1.pem", path);
    assert_int_equal(lk_signing_key_save(key, path), 0);
}

static int start(const char *password)
{
    memset(&house, 0, sizeof(house));
    strcpy(house.folder, "/tmp/latchkey-issuer-XXXXXX");
    assert_non_null(mkdtemp(house.folder));
    make_folder("run");
    make_folder("run/sso");
    house.groups = "school";
    house.facts = LK_LOGIN_FACT_USER_VERIFIED;
    house.limit = (struct lk_timer){.fired = limit_over};
    house.waiting = (struct lk_gateway_waiting){
        .logouts = 3, .oldest = 61, .undeliverable = 1, .flags = LK_WAITING_RELOAD_REFUSED};
    assert_int_equal(lk_random_fill(&lk_random_system, house.alice, sizeof(house.alice)), 0);
    assert_int_equal(lk_loop_new(&lk_clock_system, &house.loop), 0);
    lk_loop_set_turn_end(house.loop, flush_all, NULL);
    write_file("secret", 0400, HOUSE_SECRET "\n");
    lend_rsa_key();
    house_config(password, "");
    house_open(LK_SOCKET_GATEWAY);
    house_open(LK_SOCKET_SSO_WORKER);
    house_open(LK_SOCKET_SSO_NOTIFY);
    house.web_listener = listen_at("web");
    run_issuer();
    house_connect_web();
    house_until(all_there);
    return 0;
}

int house_start_password(void **state)
{
    (void)state;
    return start("required");
}

int house_start_key_only(void **state)
{
    (void)state;
    return start("none");
}

static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char inner[400];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (unlink(inner) != 0)
            remove_folder(inner);
    }
    if (dir != NULL)
        closedir(dir);
    (void)rmdir(path);
}

void house_read_log(char *ret_text, size_t size)
{
    char path[160];
    FILE *file;

    path_of("log", path);
    file = fopen(path, "re");
    assert_non_null(file);
    ret_text[fread(ret_text, 1, size - 1, file)] = '\0';
    fclose(file);
}

int house_stop(void **state)
{
    int status = -1;

    (void)state;
    (void)kill(house.issuer, SIGTERM);
    for (int i = 0; i < 700 && waitpid(house.issuer, &status, WNOHANG) == 0; i++)
        house_turn(10);
    for (size_t i = 0; i < HOUSE_ENDS; i++)
        house_end_stop(&house.ends[i]);
    for (size_t i = 0; i < 3; i++) {
        lk_loop_remove(house.loop, &house.listeners[i]);
        lk_fd_close(&house.listeners[i].fd);
    }
    lk_fd_close(&house.web_listener);
    house.loop = lk_loop_free(house.loop);
    if (status != 0) {
        char text[4096];

        house_read_log(text, sizeof(text));
        print_error("the issuer ended with %x:\n%s", (unsigned)status, text);
        (void)kill(house.issuer, SIGKILL);
    }
    remove_folder(house.folder);
    return status == 0 ? 0 : -1;
}
