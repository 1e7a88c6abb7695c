/* SPDX-License-Identifier: EUPL-1.2 */
/* The load of the benchmark, tested without a gateway: a benchmark that counts a failed login as a good one would be worse than none. A thread plays the web process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sso_bench.h"

#define SEALED    "c2VhbGVk"
#define CHALLENGE "Y2hhbGxlbmdl"
#define PAGE                                                                                       \
    "<!doctype html><form method=\"post\"><input type=\"hidden\" name=\"request\" value=\"" SEALED \
    "\"><p data-challenge=\"" CHALLENGE "\"></p></form>"

static struct population population;

/* ---- answers ---- */

static int parse(const char *text, size_t len, struct http_response *ret_response)
{
    static uint8_t bytes[4096];

    assert_true(len <= sizeof(bytes));
    memcpy(bytes, text, len);
    return http_parse(bytes, len, ret_response);
}

static void test_parse_length(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nset-cookie: c=d\r\n"
                               "Content-Length: 5\r\nContent-Type:  text/html \r\n\r\nhello";
    struct http_response response;

    (void)state;
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_int_equal(parse(text, len, &response), 0);
    assert_int_equal(parse(text, sizeof(text) - 1, &response), 1);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.size, sizeof(text) - 1);
    assert_true(response.keep_alive);
    assert_int_equal(response.body.len, 5);
    assert_memory_equal(response.body.data, "hello", 5);
    assert_int_equal(response.cookie.len, strlen("a=b; Path=/"));
    assert_int_equal(response.content_type.len, strlen("text/html"));
}

static void test_parse_chunks(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "5\r\nhello\r\nA\r\n 0123\r\n678\r\n0\r\n\r\n";
    struct http_response response;

    (void)state;
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_int_equal(parse(text, len, &response), 0);
    assert_int_equal(parse(text, sizeof(text) - 1, &response), 1);
    assert_int_equal(response.size, sizeof(text) - 1);
    assert_int_equal(response.body.len, 15);
    assert_memory_equal(response.body.data, "hello 0123\r\n678", 15);
}

static void test_parse_refuses(void **state)
{
    static const char *const texts[] = {
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nuntil the end",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"};
    struct http_response response;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(parse(texts[i], strlen(texts[i]), &response), -1);
}

static void test_page(void **state)
{
    const struct lk_view page = LK_VIEW((const uint8_t *)PAGE, sizeof(PAGE) - 1);
    struct lk_view value = page_value(page, "name=\"request\"", "value");

    (void)state;
    assert_int_equal(value.len, sizeof(SEALED) - 1);
    assert_memory_equal(value.data, SEALED, value.len);
    value = page_value(page, " data-challenge=", "data-challenge");
    assert_int_equal(value.len, sizeof(CHALLENGE) - 1);
    assert_int_equal(page_value(page, "name=\"absent\"", "value").len, 0);
    assert_int_equal(page_value(page, "name=\"request\"", "absent").len, 0);
    /* Of another tag. */
    assert_int_equal(page_value(page, " data-challenge=", "value").len, 0);
}

static void test_decode(void **state)
{
    char text[8];

    (void)state;
    assert_true(http_decode(LK_VIEW((const uint8_t *)"a%2Fb+c", 7), text, sizeof(text)));
    assert_string_equal(text, "a/b c");
    assert_false(http_decode(LK_VIEW((const uint8_t *)"a%2", 3), text, sizeof(text)));
    assert_false(http_decode(LK_VIEW((const uint8_t *)"a%00", 4), text, sizeof(text)));
    assert_false(http_decode(LK_VIEW((const uint8_t *)"12345678", 8), text, sizeof(text)));
}

/* ---- a login's answers ---- */

static enum visit_step take(struct visit *visit, enum visit_step step, unsigned status,
                            const char *location, const char *cookie, const char *body)
{
    const struct http_response response = {
        .status = status,
        .location = LK_VIEW((const uint8_t *)location, strlen(location)),
        .cookie = LK_VIEW((const uint8_t *)cookie, strlen(cookie)),
        .body = LK_VIEW((const uint8_t *)body, strlen(body))};

    return visit_take(visit, step, &response);
}

#define COOKIE SSO_COOKIE "=abc; Path=/; Secure"
#define REST   "&iss=https%3A%2F%2Flogin.example.org"

static void test_visit_authorize(void **state)
{
    struct visit visit;

    (void)state;
    visit_begin(&visit, &population, 3, 77);
    assert_int_equal(take(&visit, VISIT_AUTHORIZE, 500, "", COOKIE, PAGE), VISIT_FAILED);
    assert_int_equal(take(&visit, VISIT_AUTHORIZE, 200, "", "", PAGE), VISIT_FAILED);
    assert_int_equal(take(&visit, VISIT_AUTHORIZE, 200, "", "other=1", PAGE), VISIT_FAILED);
    assert_int_equal(take(&visit, VISIT_AUTHORIZE, 200, "", COOKIE, "<p>"), VISIT_FAILED);
    assert_int_equal(take(&visit, VISIT_AUTHORIZE, 200, "", COOKIE, PAGE), VISIT_KEY);
    assert_string_equal(visit.cookie, "abc");
    assert_string_equal(visit.sealed, SEALED);
    assert_string_equal(visit.challenge, CHALLENGE);
}

static void test_visit_redirect(void **state)
{
    static const char *const wrong[] = {"",
                                        "https://elsewhere.example.org/?code=x&state=state-77" REST,
                                        SSO_REDIRECT "?code=x&state=state-78" REST,
                                        SSO_REDIRECT "?code=x&state=state-77",
                                        SSO_REDIRECT "?state=state-77" REST,
                                        SSO_REDIRECT
                                        "?code=x&state=state-77&iss=https%3A%2F%2Fevil.example.org",
                                        SSO_REDIRECT "?error=access_denied&state=state-77" REST};
    struct visit visit;

    (void)state;
    visit_begin(&visit, &population, 3, 77);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(take(&visit, VISIT_KEY, 303, wrong[i], "", ""), VISIT_FAILED);
    assert_int_equal(take(&visit, VISIT_KEY, 200, "", "", "try again"), VISIT_FAILED);
    assert_int_equal(
        take(&visit, VISIT_KEY, 303, SSO_REDIRECT "?code=x%2Dy&state=state-77" REST, "", ""),
        VISIT_TOKEN);
    assert_string_equal(visit.code, "x-y");
    assert_int_equal(take(&visit, VISIT_TOKEN, 400, "", "", "{}"), VISIT_FAILED);
    assert_int_equal(take(&visit, VISIT_TOKEN, 200, "", "", "{}"), VISIT_OVER);
}

/* ---- many at once, against a thread ---- */

static struct {
    char folder[64];
    char path[128];
    int listener;
    unsigned fail_each;  /* each n-th token is refused; 0 = none */
    unsigned close_each; /* each n-th page's connection is closed after it */
    unsigned tokens, pages;
    pthread_mutex_t lock;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool each(unsigned *count, unsigned every)
{
    bool now;

    (void)pthread_mutex_lock(&gate.lock);
    now = every != 0 && ++*count % every == 0;
    (void)pthread_mutex_unlock(&gate.lock);
    return now;
}

static void say(int fd, const char *status, const char *more, const char *body)
{
    char text[2048];
    int len = snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status,
                       more, strlen(body), body);

    (void)!write(fd, text, (size_t)len);
}

/* False: the connection is to be closed, without a word about it, as a server does that has waited long enough. */
static bool answer(int fd, const char *request, unsigned long *state)
{
    const char *begun = strstr(request, "state=state-");
    char location[256];

    if (strncmp(request, "GET /authorize?", 15) == 0) {
        *state = begun != NULL ? strtoul(begun + 12, NULL, 10) : 0;
        say(fd, "200 OK", "Set-Cookie: " COOKIE "\r\n", PAGE);
        return !each(&gate.pages, gate.close_each);
    }
    if (strncmp(request, "POST /key", 9) == 0 &&
        strstr(request, "\r\nCookie: " SSO_COOKIE "=abc\r\n") != NULL &&
        strstr(request, "request=" SEALED "&id=") != NULL) {
        say(fd, "200 OK", "",
            "<input type=\"password\" name=\"password\"><input name=\"request\" "
            "value=\"" SEALED "\">");
    } else if (strncmp(request, "POST /password", 14) == 0) {
        (void)snprintf(location, sizeof(location),
                       "Location: " SSO_REDIRECT "?code=x&state=state-%lu%s\r\n", *state, REST);
        say(fd, "303 See Other", location, "");
    } else if (strncmp(request, "POST /token", 11) == 0 &&
               strstr(request, "&code=x&redirect_uri=https%3A%2F%2Fchat") != NULL) {
        if (each(&gate.tokens, gate.fail_each))
            say(fd, "400 Bad Request", "", "{\"error\":\"invalid_grant\"}");
        else
            say(fd, "200 OK", "", "{}");
    } else {
        say(fd, "404 Not Found", "", "");
    }
    return true;
}

static void *connection_run(void *context)
{
    int fd = *(int *)context;
    char text[16384];
    unsigned long state = 0;
    size_t len = 0;
    ssize_t got;

    free(context);
    while ((got = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
        const char *head;
        const char *length;
        size_t body;

        len += (size_t)got;
        text[len] = '\0';
        head = strstr(text, "\r\n\r\n");
        length = strstr(text, "Content-Length: ");
        body = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
        if (head == NULL || len < (size_t)(head - text) + 4 + body)
            continue;
        if (strncmp(text, "POST", 4) == 0 && (body == 0 || len != (size_t)(head - text) + 4 + body))
            break; /* RFC 9112 section 6.3: a body has a length */
        if (!answer(fd, text, &state))
            break;
        len = 0;
    }
    close(fd);
    return NULL;
}

static void *gate_run(void *context)
{
    for (;;) {
        int *fd = malloc(sizeof(*fd));
        pthread_t thread;

        assert_non_null(fd);
        *fd = accept(gate.listener, NULL, NULL);
        if (*fd < 0) {
            free(fd);
            return context;
        }
        assert_int_equal(pthread_create(&thread, NULL, connection_run, fd), 0);
        assert_int_equal(pthread_detach(thread), 0);
    }
}

static pthread_t gate_start(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;

    strcpy(gate.folder, "/tmp/lk-bench-XXXXXX");
    assert_non_null(mkdtemp(gate.folder));
    snprintf(gate.path, sizeof(gate.path), "%s/http", gate.folder);
    memcpy(address.sun_path, gate.path, strlen(gate.path));
    gate.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(gate.listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(gate.listener, 64), 0);
    assert_int_equal(pthread_create(&thread, NULL, gate_run, NULL), 0);
    return thread;
}

static void gate_stop(pthread_t thread)
{
    shutdown(gate.listener, SHUT_RDWR);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(gate.listener);
    unlink(gate.path);
    rmdir(gate.folder);
}

/* Only pages: with connections that are closed between two of them. */
static void test_load_pages(void **state)
{
    uint32_t credentials[200] = {0};
    struct load load = {.address = gate.path,
                        .population = &population,
                        .credentials = credentials,
                        .count = 200,
                        .in_flight = 8,
                        .only_pages = true};
    pthread_t thread;

    (void)state;
    gate.close_each = 5;
    gate.pages = 0;
    thread = gate_start();
    load_run(&load);
    gate_stop(thread);
    gate.close_each = 0;
    assert_int_equal(load.lost, 0);
    assert_true(load_percentile(&load, 50) > 0);
    assert_true(load_percentile(&load, 50) <= load_percentile(&load, 100));
    load_free(&load);
}

/* At a rate: they cannot be over before the last one is due. */
static void test_load_rate(void **state)
{
    uint32_t credentials[50] = {0};
    struct load load = {.address = gate.path,
                        .population = &population,
                        .credentials = credentials,
                        .count = 50,
                        .in_flight = 50,
                        .per_second = 500,
                        .only_pages = true};
    pthread_t thread;

    (void)state;
    thread = gate_start();
    load_run(&load);
    gate_stop(thread);
    assert_int_equal(load.lost, 0);
    assert_true(load.wall >= 49LL * 1000000000 / 500);
    load_free(&load);
}

static void whole_logins(unsigned fail_each, size_t lost)
{
    uint32_t credentials[40] = {0};
    struct load load = {.address = gate.path,
                        .population = &population,
                        .credentials = credentials,
                        .count = 40,
                        .in_flight = 4};
    int before = dup(STDERR_FILENO);
    FILE *quiet = freopen("/dev/null", "w", stderr);
    pthread_t thread;
    size_t answers = 0;

    assert_non_null(quiet);
    gate.fail_each = fail_each;
    gate.tokens = 0;
    thread = gate_start();
    load_run(&load);
    gate_stop(thread);
    (void)fflush(stderr);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    assert_int_equal(load.lost, lost);
    for (size_t i = 0; i < load.count; i++) {
        assert_true((load.records[i].latency > 0) == (load.records[i].answer_len == 2));
        answers += load.records[i].answer_len == 2 ? 1 : 0;
    }
    assert_int_equal(answers, load.count - lost);
    load_free(&load);
}

static void test_load_logins(void **state)
{
    (void)state;
    whole_logins(0, 0);
}

static void test_load_lost(void **state)
{
    (void)state;
    whole_logins(5, 8);
    whole_logins(1, 40);
}

static int begin(void **state)
{
    (void)state;
    population.count = 2;
    population.counters = calloc(4, sizeof(*population.counters));
    for (size_t i = 0; i < POPULATION_KEYS; i++)
        test_key_make(&population.keys[i], -7);
    return population.counters == NULL;
}

static int end(void **state)
{
    (void)state;
    population_free(&population);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_length),   cmocka_unit_test(test_parse_chunks),
        cmocka_unit_test(test_parse_refuses),  cmocka_unit_test(test_page),
        cmocka_unit_test(test_decode),         cmocka_unit_test(test_visit_authorize),
        cmocka_unit_test(test_visit_redirect), cmocka_unit_test(test_load_pages),
        cmocka_unit_test(test_load_rate),      cmocka_unit_test(test_load_logins),
        cmocka_unit_test(test_load_lost),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
