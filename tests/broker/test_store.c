/* SPDX-License-Identifier: EUPL-1.2 */
/* The broker and its store: nothing is acknowledged that is not on the disk, and a store that does not hold is not used. */
#include "rig.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

static struct house house;
static struct rig rig;
static struct agent_key alice;

static int begin(void **state)
{
    (void)state;
    house_begin(&house,
                "[policy]\nhost_user_verification = discouraged\nattempts_per_minute = 600\n");
    house_admit(&house, "alice", LK_KIND_HOST, &alice);
    house_close(&house);
    return 0;
}

static int end(void **state)
{
    (void)state;
    agent_key_free(&alice);
    house_end(&house);
    return 0;
}

/* The insider with write access: SQL by a connection of its own. */
static sqlite3 *insider(void)
{
    char path[128];
    sqlite3 *db = NULL;

    house_path(&house, "state/store.sqlite3", path, sizeof(path));
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    return db;
}

/* In the house's folder. */
static void shell(const char *what)
{
    char command[512];

    snprintf(command, sizeof(command), "cd %s && %s", house.folder, what);
    assert_int_equal(system(command), 0);
}

static enum lk_reason refused(void)
{
    struct peer client;
    enum lk_reason reason;

    rig_start(&rig, &house);
    peer_open(&rig, "host", &client);
    login_send(&client, "alice", "sudo", 0, 1);
    reason = login_verdict(&client, 1, NULL);
    peer_close(&client);
    rig_stop(&rig);
    return reason;
}

static enum lk_reason one_login(void)
{
    enum lk_reason reason;

    rig_start(&rig, &house);
    reason = rig_login(&rig, "alice", &alice, LK_FLAG_UP);
    rig_stop(&rig);
    return reason;
}

static uint32_t stored_counter(void)
{
    struct lk_store_rows rows = {0};
    uint32_t counter;

    house_open(&house);
    assert_int_equal(lk_store_sqlite.read_statement(house.store, &alice.digest, &rows), 0);
    counter = rows.rows[0].counter;
    lk_store_rows_free(&rows);
    lk_store_sqlite.close(house.store);
    house.store = NULL;
    return counter;
}

/* While somebody else holds the database no verdict comes; it comes when the commit has gone through. */
static void verdict_after_commit(void **state)
{
    struct lk_device_assert asked;
    struct peer client;
    struct peer talker;
    sqlite3 *db;
    uint32_t ceremony;

    (void)state;
    rig_start(&rig, &house);
    peer_open(&rig, "host", &client);
    login_send(&client, "alice", "sudo", 0, 1);
    ceremony = device_started(&rig);
    device_key(&rig, ceremony, 1, &talker);
    talker_asked(&talker, &asked);
    db = insider();
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    talker_answer(&talker, ceremony, &alice, &asked, LK_FLAG_UP);
    device_stopped(&rig, ceremony);
    assert_false(peer_closed(&client, 1500));
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(login_verdict(&client, 1, NULL), LK_REASON_NONE);
    peer_close(&talker);
    peer_close(&client);
    rig_kill(&rig, SIGKILL);
    /* acknowledged: it is there, though nobody said goodbye */
    assert_int_equal(stored_counter(), alice.counter);
}

/* The database stays locked for good: refused, and with its own reason. */
static void commit_fails(void **state)
{
    struct lk_device_assert asked;
    struct peer client;
    struct peer talker;
    sqlite3 *db;
    uint32_t before = stored_counter();
    uint32_t ceremony;

    (void)state;
    rig_start(&rig, &house);
    peer_open(&rig, "host", &client);
    login_send(&client, "alice", "sudo", 0, 1);
    ceremony = device_started(&rig);
    device_key(&rig, ceremony, 1, &talker);
    talker_asked(&talker, &asked);
    db = insider();
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    talker_answer(&talker, ceremony, &alice, &asked, LK_FLAG_UP);
    device_stopped(&rig, ceremony);
    assert_int_equal(login_verdict(&client, 1, NULL), LK_REASON_STORE_UNAVAILABLE);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    peer_close(&talker);
    peer_close(&client);
    assert_int_equal(rig_login(&rig, "alice", &alice, LK_FLAG_UP), LK_REASON_NONE);
    rig_stop(&rig);
    assert_int_equal(stored_counter(), alice.counter);
    assert_true(stored_counter() > before);
}

/* The store of yesterday is put back; then today's again. */
static void rolled_back(void **state)
{
    struct agent_key bob;

    (void)state;
    shell("mkdir yesterday && cp -a state/store.sqlite3 yesterday/");
    house_open(&house);
    house_admit(&house, "bob", LK_KIND_HOST, &bob);
    house_close(&house);
    agent_key_free(&bob);
    shell("mkdir today && cp -a state/store.sqlite3 today/");
    shell("rm -f state/store.sqlite3* && cp -a yesterday/store.sqlite3 state/");
    assert_int_equal(refused(), LK_REASON_STORE_ROLLED_BACK);
    shell("rm -f state/store.sqlite3* && cp -a today/store.sqlite3 state/");
    assert_int_equal(one_login(), LK_REASON_NONE);
}

/* A folder that others can read, a link in its place, a broken file. */
static void bad_files(void **state)
{
    char path[128];

    (void)state;
    assert_int_equal(one_login(), LK_REASON_NONE);
    house_path(&house, "state/store.sqlite3", path, sizeof(path));
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(refused(), LK_REASON_STORE_UNAVAILABLE);
    assert_int_equal(chmod(path, 0600), 0);
    shell("mv state/mark mark.kept");
    assert_int_equal(refused() == LK_REASON_NONE, 0);
    shell("mv mark.kept state/mark");
    shell("mv operators operators.kept");
    assert_int_equal(refused(), LK_REASON_OPERATOR_SET);
    shell("mv operators.kept operators");
    assert_int_equal(one_login(), LK_REASON_NONE);
}

/* A row somebody wrote into the store: a key of his own under an agent's name, active by his word alone. */
static void forged_row(void **state)
{
    struct agent_key forged;
    sqlite3 *db;

    (void)state;
    house_open(&house);
    house_enrol(&house, "alice", LK_KIND_HOST, &forged);
    house_close(&house);
    db = insider();
    assert_int_equal(
        sqlite3_exec(db, "UPDATE statement SET state = 2 WHERE state = 1", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    rig_start(&rig, &house);
    assert_int_not_equal(rig_login(&rig, "alice", &forged, LK_FLAG_UP), LK_REASON_NONE);
    assert_int_equal(rig_login(&rig, "alice", &alice, LK_FLAG_UP), LK_REASON_NONE);
    rig_stop(&rig);
    agent_key_free(&forged);
}

/* The newest record is of a later time than the clock shows: refused until the clock is right. Last of all: the store keeps it. */
static void clock_back(void **state)
{
    struct lk_change change = {
        .kind = LK_CHANGE_RECORD,
        .u.record = {.time = time(NULL) + 3600, .reason = LK_REASON_NO_KEY, .count = 1}};
    struct lk_change *changes[] = {&change};

    (void)state;
    house_open(&house);
    assert_int_equal(lk_store_sqlite.commit(house.store, changes, 1), 0);
    house_close(&house);
    assert_int_equal(refused(), LK_REASON_CLOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict_after_commit),
        cmocka_unit_test(commit_fails),
        cmocka_unit_test(bad_files),
        cmocka_unit_test(forged_row),
        cmocka_unit_test(rolled_back),
        cmocka_unit_test(clock_back),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
