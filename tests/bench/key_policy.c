/* SPDX-License-Identifier: EUPL-1.2 */
/* What it costs a login to judge its key by model: lk_key_look and lk_key_judge over tables of several sizes. Prints; judges nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/key.h"
#include "tables/tables.h"

enum { ROUNDS = 200000, TEXT = 4 * 1024 * 1024 };

static double seconds(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0)
        abort();
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void put(struct lk_buf *text, const char *line)
{
    lk_buf_put_bytes(text, line, strlen(line));
}

static void put_head(struct lk_buf *text, enum lk_table table)
{
    char line[128];

    (void)snprintf(line, sizeof line,
                   "[table]\nformat = latchkey-%s 1\nversion = 1\ndate = 2026-11-24\n",
                   lk_table_name(table));
    put(text, line);
}

/* Models in families of ten; each advisory is about one family. */
static void put_models(struct lk_buf *text, unsigned int count)
{
    char row[512];

    put_head(text, LK_TABLE_AUTHENTICATORS);
    for (unsigned int i = 0; i < count; i++) {
        (void)snprintf(row, sizeof row,
                       "[authenticator %08x-0000-0000-0000-000000000000]\nvendor = V%u\n"
                       "model = Model %u\nfamily = f%u\nkind = security-key\nfirmware_from = 5.0\n"
                       "firmware_to = 5.9\ndecoder = yubico24\ncertification = L1\n"
                       "profile = consumer\nnote = n\nsource = S\n",
                       i * 2654435761U, i / 50, i, i / 10);
        put(text, row);
    }
}

static void put_advisories(struct lk_buf *text, unsigned int models, unsigned int of_each)
{
    char row[512];

    put_head(text, LK_TABLE_ADVISORIES);
    for (unsigned int i = 0; i < models / 10 * of_each; i++) {
        (void)snprintf(row, sizeof row,
                       "[advisory A-%u]\ntitle = T\ndate = 2024-09-03\n"
                       "affects = family f%u below 5.%u\nevidence = possible\nverdict = warn\n"
                       "risk = R\ntodo = D\ntodo_fr = D\nnote = n\nsource = S\n",
                       i, i % (models / 10), 1 + i % 9);
        put(text, row);
    }
}

static struct lk_tables *build(unsigned int models, unsigned int of_each)
{
    struct lk_tables *tables = lk_tables_new();
    struct lk_buf texts[2] = {LK_BUF_INIT(TEXT), LK_BUF_INIT(TEXT)};
    char message[LK_TABLES_MESSAGE_SIZE] = "";
    int r;

    put_models(&texts[0], models);
    put_advisories(&texts[1], models, of_each);
    r = lk_tables_add(tables, LK_TABLE_AUTHENTICATORS, LK_TABLE_SHIPPED, "models",
                      lk_buf_view(&texts[0]), message, sizeof message);
    if (r == 0)
        r = lk_tables_add(tables, LK_TABLE_ADVISORIES, LK_TABLE_SHIPPED, "advisories",
                          lk_buf_view(&texts[1]), message, sizeof message);
    if (r == 0)
        r = lk_tables_finish(tables, message, sizeof message);
    if (r != 0) {
        (void)fprintf(stderr, "bench_key_policy: %s\n", message);
        exit(EXIT_FAILURE);
    }
    lk_buf_clear(&texts[0]);
    lk_buf_clear(&texts[1]);
    return tables;
}

/* Each round another model, so that the search finds nothing warm but the tables. */
static void measure(unsigned int models, unsigned int of_each, unsigned int rounds)
{
    static const struct lk_digest anchor;
    const struct lk_key_policy policy = {.unattested = LK_VERDICT_REFUSE_ENROL,
                                         .unknown_model = LK_VERDICT_REFUSE_ENROL,
                                         .age_warn_days = 180,
                                         .age_refuse_days = 730};
    struct lk_tables *tables = build(models, of_each);
    uint64_t found = 0;
    double begin = seconds();
    double took;

    for (unsigned int i = 0; i < rounds; i++) {
        const struct lk_key_facts facts = {.aaguid =
                                               tables->authenticators[i * 7919U % models].aaguid,
                                           .format = LK_FORMAT_PACKED,
                                           .anchor = &anchor,
                                           .firmware = "",
                                           .reported = "328707"};
        struct lk_key_finding worst;
        struct lk_key key;

        lk_key_look(tables, &facts, &key);
        found += lk_key_judge(&policy, tables, &key, LK_PERSON_AGENT, 1795478400, &worst, 1);
    }
    took = seconds() - begin;
    printf("%8u %12u %12.2f %14.1f\n", models, models / 10 * of_each,
           (double)found / (double)rounds, took / (double)rounds * 1e9);
    (void)lk_tables_free(tables);
}

int main(int argc, char **argv)
{
    static const unsigned int models[] = {50, 200, 500, 1000, 4000};
    static const unsigned int each[] = {1, 4, 10};
    unsigned int rounds = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : ROUNDS;

    printf("%s %u: CPU time of one judgement of a key\n%8s %12s %12s %14s\n", argv[0], rounds,
           "models", "advisories", "found each", "nanoseconds");
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        for (size_t j = 0; j < sizeof each / sizeof each[0]; j++) {
            if (models[i] / 10 * each[j] < LK_TABLE_ROWS_MAX)
                measure(models[i], each[j], rounds);
        }
    }
    return EXIT_SUCCESS;
}
