/* SPDX-License-Identifier: EUPL-1.2 */
/* The folder of keys: read at start and at a reload, written by `--rotate` and, while it is empty, by the first start.
 *
 * A homeserver keeps the keys that it has read and asks again only for a key id it does not know (field of OIDC Core 10.1.1): so a key is published a day before it signs, one that has
 * signed stays published for a week, and as an id is the thumbprint of its key, none ever comes back with another key behind it. */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text.h"
#include "crypto/seal.h"
#include "sso/issuer/settings.h"

enum { PATH_SIZE = 512, NAME_SIZE = 64, ROTATE_MARGIN_SECONDS = 3600 };

enum key_kind { KIND_ES256, KIND_RS256, KIND_SEAL, KINDS };

static const struct {
    const char *prefix;
    const char *suffix;
} kinds[KINDS] = {{"es256-", ".pem"}, {"rs256-", ".pem"}, {"seal-", ".key"}};

/* One file of the folder. */
struct key_file {
    enum key_kind kind;
    int64_t from;
};

enum { FILES_MAX = LK_OIDC_KEYS_MAX + LK_SEALS_MAX };

struct key_folder {
    const char *path;
    struct key_file files[FILES_MAX]; /* oldest first */
    size_t count;
};

static int complain(const char *path, const char *what, int error)
{
    (void)fprintf(stderr, "latchkey-sso-issuer: %s: %s\n", path,
                  what != NULL ? what : lk_error_text(error));
    return error;
}

static void file_path(const struct key_folder *folder, const struct key_file *file,
                      char ret_path[PATH_SIZE])
{
    (void)snprintf(ret_path, PATH_SIZE, "%s/%s%lld%s", folder->path, kinds[file->kind].prefix,
                   (long long)file->from, kinds[file->kind].suffix);
}

static bool name_read(const char *name, struct key_file *ret_file)
{
    char digits[NAME_SIZE];
    uint64_t seconds;

    for (size_t kind = 0; kind < KINDS; kind++) {
        size_t before = strlen(kinds[kind].prefix);
        size_t behind = strlen(kinds[kind].suffix);
        size_t len = strlen(name);

        if (len <= before + behind || len - before - behind >= sizeof(digits) ||
            strncmp(name, kinds[kind].prefix, before) != 0 ||
            strcmp(name + len - behind, kinds[kind].suffix) != 0)
            continue;
        memcpy(digits, name + before, len - before - behind);
        digits[len - before - behind] = '\0';
        if (lk_number_parse(digits, 1, INT64_MAX, &seconds) != 0)
            return false;
        *ret_file = (struct key_file){.kind = (enum key_kind)kind, .from = (int64_t)seconds};
        return true;
    }
    return false;
}

static int by_time(const void *a, const void *b)
{
    const struct key_file *one = a;
    const struct key_file *other = b;

    if (one->from != other->from)
        return one->from < other->from ? -1 : 1;
    return (int)one->kind - (int)other->kind;
}

static int folder_read(const char *path, struct key_folder *folder)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int error = 0;

    *folder = (struct key_folder){.path = path};
    if (dir == NULL)
        return complain(path, NULL, lk_error_from_errno(errno));
    while (error == 0 && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (folder->count == FILES_MAX)
            error = complain(path, "too many keys", -LK_ERR_TOO_BIG);
        else if (!name_read(entry->d_name, &folder->files[folder->count]))
            error = complain(path, "holds a file that is no key of ours", -LK_ERR_UNEXPECTED);
        else
            folder->count++;
    }
    closedir(dir);
    qsort(folder->files, folder->count, sizeof(folder->files[0]), by_time);
    return error;
}

/* When the next key of the same kind takes over; INT64_MAX if there is none. */
static int64_t successor(const struct key_folder *folder, size_t index)
{
    for (size_t i = index + 1; i < folder->count; i++) {
        if (folder->files[i].kind == folder->files[index].kind)
            return folder->files[i].from;
    }
    return INT64_MAX;
}

/* ---- reading ---- */

static int read_seal(const char *path, const struct lk_file_rule *rule, uint8_t ret_seal[32])
{
    struct lk_buf file;
    int error;

    lk_buf_init_secret(&file, LK_SEAL_KEY_SIZE);
    error = lk_file_read(path, rule, LK_SEAL_KEY_SIZE, &file);
    if (error == 0 && file.len != LK_SEAL_KEY_SIZE)
        error = -LK_ERR_TRUNCATED;
    if (error == 0)
        memcpy(ret_seal, file.data, LK_SEAL_KEY_SIZE);
    lk_buf_clear(&file);
    return error;
}

static int read_signing(const struct lk_crypto *crypto, const char *path,
                        const struct lk_file_rule *rule, const struct key_file *file, int64_t until,
                        struct lk_settings *settings)
{
    enum lk_algorithm wanted = file->kind == KIND_RS256 ? LK_ALGORITHM_RS256 : LK_ALGORITHM_ES256;
    struct lk_oidc_provider *provider = &settings->provider;
    struct lk_signing_key *key = NULL;
    int error;

    if (provider->key_count == LK_OIDC_KEYS_MAX)
        return -LK_ERR_TOO_BIG;
    error = lk_signing_key_load(crypto, path, rule, &key);
    if (error != 0)
        return error;
    if (lk_signing_key_algorithm(key) != wanted)
        error = -LK_ERR_ALGORITHM;
    for (size_t i = 0; i < provider->key_count; i++) {
        if (strcmp(lk_signing_key_kid(provider->keys[i].key), lk_signing_key_kid(key)) == 0)
            error = -LK_ERR_DUPLICATE;
    }
    if (error != 0) {
        lk_signing_key_free(key);
        return error;
    }
    settings->keys[provider->key_count++] =
        (struct lk_oidc_key){.key = key,
                             .signs_from = file->from,
                             .published_until = until > INT64_MAX - LK_OIDC_KEY_KEEP_SECONDS
                                                    ? INT64_MAX
                                                    : until + LK_OIDC_KEY_KEEP_SECONDS};
    return 0;
}

/* The newest seal whose time has come goes first, or the oldest if that of none has; one from the future (another node made it) opens already. */
static void order_seals(struct lk_settings *settings, size_t newest)
{
    uint8_t kept[32];

    memcpy(kept, settings->seals[newest], sizeof(kept));
    memmove(settings->seals[1], settings->seals[0], newest * sizeof(kept));
    memcpy(settings->seals[0], kept, sizeof(kept));
    lk_wipe(kept, sizeof(kept));
}

int lk_keys_read(const struct lk_crypto *crypto, const char *path, int64_t now,
                 struct lk_settings *settings)
{
    const struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 077, .check_parents = true};
    struct lk_oidc_provider *provider = &settings->provider;
    struct key_folder folder;
    char file[PATH_SIZE];
    size_t newest = SIZE_MAX;
    int error = folder_read(path, &folder);

    provider->keys = settings->keys;
    provider->seals = settings->seals;
    for (size_t i = 0; error == 0 && i < folder.count; i++) {
        file_path(&folder, &folder.files[i], file);
        if (folder.files[i].kind != KIND_SEAL) {
            error = read_signing(crypto, file, &rule, &folder.files[i], successor(&folder, i),
                                 settings);
        } else if (provider->seal_count == LK_SEALS_MAX) {
            error = -LK_ERR_TOO_BIG;
        } else {
            error = read_seal(file, &rule, settings->seals[provider->seal_count]);
            if (folder.files[i].from <= now)
                newest = provider->seal_count;
            provider->seal_count++;
        }
        if (error != 0)
            (void)complain(file, NULL, error);
    }
    if (error == 0 && provider->seal_count == 0)
        error = complain(path, "no sealing key", -LK_ERR_NOT_FOUND);
    if (error == 0)
        order_seals(settings, newest != SIZE_MAX ? newest : 0);
    return error;
}

void lk_keys_clear(struct lk_settings *settings)
{
    for (size_t i = 0; i < settings->provider.key_count; i++)
        settings->keys[i].key = lk_signing_key_free(settings->keys[i].key);
    settings->provider.key_count = 0;
    lk_wipe(settings->seals, sizeof(settings->seals));
}

/* ---- rotating ---- */

/* Root becomes the user of the issuer, whoever owns the folder: what it makes must be his to read, and root follows no link that he may have left there. */
static int become_owner(const char *path)
{
    struct stat status;

    if (geteuid() != 0 || lstat(path, &status) != 0 || !S_ISDIR(status.st_mode) ||
        status.st_uid == 0)
        return 0;
    if (setgroups(0, NULL) != 0 || setresgid(status.st_gid, status.st_gid, status.st_gid) != 0 ||
        setresuid(status.st_uid, status.st_uid, status.st_uid) != 0)
        return lk_error_from_errno(errno);
    return 0;
}

static int key_make(const struct lk_crypto *crypto, const struct key_folder *folder,
                    const struct key_file *file)
{
    struct lk_signing_key *key = NULL;
    uint8_t seal[LK_SEAL_KEY_SIZE];
    char path[PATH_SIZE];
    int error;

    file_path(folder, file, path);
    if (file->kind == KIND_SEAL) {
        error = lk_random_fill(&lk_random_system, seal, sizeof(seal));
        if (error == 0)
            error = lk_file_replace(path, 0400, LK_VIEW(seal, sizeof(seal)));
        lk_wipe(seal, sizeof(seal));
    } else {
        error = lk_signing_key_generate(
            crypto, file->kind == KIND_RS256 ? LK_ALGORITHM_RS256 : LK_ALGORITHM_ES256,
            LK_SIGNING_RSA_BITS, &key);
        if (error == 0)
            error = lk_signing_key_save(key, path);
        lk_signing_key_free(key);
    }
    if (error != 0)
        return complain(path, NULL, error);
    (void)printf("made %s\n", path);
    return 0;
}

static int rotate_kind(const struct lk_crypto *crypto, const struct key_folder *folder,
                       enum key_kind kind, int64_t now, enum lk_rotate how)
{
    struct key_file file = {.kind = kind, .from = now};
    int64_t newest = 0;

    for (size_t i = 0; i < folder->count; i++) {
        if (folder->files[i].kind == kind)
            newest = folder->files[i].from;
    }
    if (newest != 0 && how == LK_ROTATE_MISSING)
        return 0;
    /* Pages under the seals of before are good for an hour: no more than two are needed, however often somebody rotates. */
    if (newest >= now ||
        (newest != 0 && kind == KIND_SEAL && newest > now - LK_OIDC_REQUEST_SECONDS)) {
        char path[PATH_SIZE];

        file.from = newest;
        file_path(folder, &file, path);
        (void)printf("%s is %s\n", path, newest >= now ? "waiting for its time already" : "new");
        return 0;
    }
    if (newest != 0 && kind != KIND_SEAL)
        file.from = now + LK_OIDC_KEY_AHEAD_SECONDS + ROTATE_MARGIN_SECONDS;
    return key_make(crypto, folder, &file);
}

/* A page lives an hour at most, so a seal that has been followed for longer opens nothing that is still good. */
static int64_t keep_seconds(enum key_kind kind)
{
    return kind == KIND_SEAL ? LK_OIDC_REQUEST_SECONDS : LK_OIDC_KEY_KEEP_SECONDS;
}

static int key_drop(const struct key_folder *folder, const struct key_file *file)
{
    char path[PATH_SIZE];

    file_path(folder, file, path);
    if (unlink(path) != 0)
        return complain(path, NULL, lk_error_from_errno(errno));
    (void)printf("removed %s\n", path);
    return 0;
}

static int drop_old(const struct key_folder *folder, int64_t now)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < folder->count; i++) {
        if (successor(folder, i) <= now - keep_seconds(folder->files[i].kind))
            error = key_drop(folder, &folder->files[i]);
    }
    return error;
}

/* First all of them: a thief's key must not outlive a failure behind it, and a start makes what is missing. */
static int drop_all(struct key_folder *folder)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < folder->count; i++)
        error = key_drop(folder, &folder->files[i]);
    folder->count = 0;
    return error;
}

int lk_keys_rotate(const struct lk_crypto *crypto, const struct lk_config *config, int64_t now,
                   enum lk_rotate how)
{
    struct key_folder folder;
    int error = become_owner(config->gateway_keys);

    if (error == 0)
        error = lk_folder_make(config->gateway_keys, 0700);
    if (error != 0)
        return complain(config->gateway_keys, NULL, error);
    error = folder_read(config->gateway_keys, &folder);
    if (error == 0 && how == LK_ROTATE_STOLEN)
        error = drop_all(&folder);
    for (int kind = 0; error == 0 && kind < KINDS; kind++)
        error = rotate_kind(crypto, &folder, (enum key_kind)kind, now, how);
    if (error == 0 && how == LK_ROTATE_NEXT)
        error = drop_old(&folder, now);
    return error;
}
