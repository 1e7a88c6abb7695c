/* SPDX-License-Identifier: EUPL-1.2 */
/* The reasons as one table: name, sentence, class, and what may be shown of it before a signature
 * has verified. A sentence says what happened and what to do next, in plain words, because it is
 * read aloud by screen readers and repeated on the phone to the IT desk. */
#include "model/reason.h"

#include <stddef.h>

struct reason_row {
    enum lk_reason reason;
    const char *name;
    enum lk_reason_class class;
    enum lk_reason shown; /* instead of it before a signature has verified */
    const char *text;
};

#define RETRY       LK_REASON_CLASS_RETRY
#define REFUSED     LK_REASON_CLASS_REFUSED
#define MAXTRIES    LK_REASON_CLASS_MAXTRIES
#define UNAVAILABLE LK_REASON_CLASS_UNAVAILABLE
#define CONFIG      LK_REASON_CLASS_CONFIG

/* OPEN: the same for everybody who asks, whoever is enrolled, so it may be said at once.
 * HELD: depends on the agent or the credential, so it is said only to a holder whose key has
 * signed; until then it looks like a key that does not fit (design rule 6). */
#define OPEN(id, class, text)                                                                      \
    {                                                                                              \
        LK_REASON_##id, "E_" #id, class, LK_REASON_##id, text                                      \
    }
#define HELD(id, class, text)                                                                      \
    {                                                                                              \
        LK_REASON_##id, "E_" #id, class, LK_REASON_WRONG_KEY, text                                 \
    }

static const struct reason_row reason_rows[] = {
    {LK_REASON_NONE, "OK", LK_REASON_CLASS_ALLOWED, LK_REASON_NONE, "The login is allowed."},

    OPEN(NO_KEY, RETRY, "No security key was found: plug in your key and try again."),
    OPEN(TIMEOUT, RETRY,
         "The security key was not touched in time: try again and touch it when it blinks."),
    OPEN(CANCELLED, RETRY, "The login was cancelled: start again when you are ready."),
    OPEN(WRONG_KEY, RETRY,
         "This security key does not open this account: try again with the key that was enrolled "
         "for you."),
    OPEN(PIN_WRONG, RETRY, "The PIN of the security key is wrong: try again slowly."),
    OPEN(PIN_STOPPED, MAXTRIES,
         "The PIN was wrong too often and only a few tries are left on the key: ask your IT desk "
         "before you try again."),
    OPEN(PIN_BLOCKED, MAXTRIES,
         "The security key is blocked after too many wrong PINs: take it to your IT desk."),
    OPEN(PIN_REPLUG, RETRY,
         "The security key accepts no more PINs for now: pull it out, plug it in and try again."),
    OPEN(PIN_NOT_SET, REFUSED,
         "The security key has no PIN and this login needs one: set a PIN on the key with your IT "
         "desk."),
    OPEN(PIN_UNAVAILABLE, REFUSED,
         "This login needs the PIN of the key, but this program must not ask for it: log in at "
         "the console or ask your IT desk."),
    OPEN(UV_FAILED, RETRY,
         "The security key did not recognise the fingerprint: try again or use the PIN."),
    OPEN(KEY_REMOVED, RETRY,
         "The security key was pulled out too early: plug it in and try again, and leave it in "
         "until the login is done."),
    OPEN(KEY_BUSY, RETRY,
         "The security key is in use by another program: finish there, then try again."),
    OPEN(KEY_FAILED, RETRY,
         "The security key gave an answer that cannot be understood: pull it out, plug it in and "
         "try again."),
    OPEN(TOUCH_DENIED, RETRY, "The login was refused on the security key: try again."),
    OPEN(KEY_UNSUPPORTED, REFUSED,
         "This security key lacks what is needed here: ask your IT desk for a supported model."),
    OPEN(KEY_FULL, REFUSED,
         "The security key has no room left: delete a credential that is no longer used, or take "
         "another key."),
    OPEN(KEY_EXCLUDED, REFUSED,
         "This security key is already enrolled for this agent: take another key."),

    HELD(UNKNOWN_AGENT, REFUSED,
         "Nobody of that name is enrolled: check the name, or enrol the agent first."),
    OPEN(NOT_PERMITTED, REFUSED,
         "This program may not log in that agent: log in under your own name."),
    OPEN(REMOTE, REFUSED,
         "A remote session cannot use the security key of this machine: log in at the machine "
         "itself, or use a security key with your SSH program."),
    OPEN(RATE_LIMITED, MAXTRIES, "Too many attempts came from here: wait a minute and try again."),
    HELD(LIMIT, MAXTRIES,
         "This security key was refused too often: wait, or ask your IT desk to look into it."),
    OPEN(NAMES_UNAVAILABLE, UNAVAILABLE,
         "The list of user names of this machine does not answer: try again in a minute, or tell "
         "your administrator."),
    OPEN(SERVICE_UNKNOWN, REFUSED,
         "This program is not on the list of local programs: ask your administrator to add it."),

    HELD(SIGNATURE, REFUSED,
         "The signature of the security key is not valid: try again, and tell your IT desk if it "
         "happens twice."),
    HELD(RELYING_PARTY, REFUSED,
         "The security key answered for another service: tell your IT desk what you were doing."),
    HELD(CHALLENGE, REFUSED, "The security key answered an older question: start again."),
    HELD(ORIGIN, REFUSED,
         "The request came from another web address: close the page, type the address yourself, "
         "and tell your IT desk."),
    HELD(CLIENT_DATA, REFUSED,
         "The browser sent something that cannot be understood: try another browser, or tell your "
         "administrator."),
    HELD(AUTHENTICATOR_DATA, REFUSED,
         "The security key sent something that cannot be understood: try again, or ask your IT "
         "desk for another key."),
    HELD(USER_PRESENCE, REFUSED,
         "The security key was not touched: try again and touch it when it blinks."),
    HELD(USER_VERIFICATION, REFUSED,
         "The security key asked for no PIN or fingerprint, and this login needs one: set a PIN "
         "with your IT desk, then try again."),
    HELD(SYNCED, REFUSED,
         "This credential can be copied to other devices, which is not allowed here: use a "
         "security key."),
    HELD(COUNTER, REFUSED,
         "The counter of the security key went back, so a copy of it may exist: take the key to "
         "your IT desk."),
    HELD(REPLAY, REFUSED, "This answer was used before: start again."),
    OPEN(EXPIRED_CHALLENGE, RETRY, "The answer came too late: start again."),
    HELD(CREDENTIAL_UNKNOWN, REFUSED,
         "This security key is not enrolled here: use an enrolled key or go to your IT desk."),
    HELD(USER_HANDLE, REFUSED,
         "This security key belongs to another agent: use the key that was enrolled for you."),

    HELD(PENDING, REFUSED,
         "This security key waits for the approval of the operators: ask your IT desk."),
    HELD(SUSPENDED, REFUSED,
         "This security key is suspended: ask your IT desk to let it in again."),
    HELD(REVOKED, REFUSED, "This security key is revoked: ask your IT desk for a new one."),
    HELD(NOT_YET_VALID, REFUSED,
         "This security key is not valid yet: try again from the agreed date on."),
    HELD(EXPIRED, REFUSED, "The time of this security key is over: ask your IT desk to renew it."),
    HELD(SUPERSEDED, REFUSED,
         "A newer record of this security key exists: ask your IT desk which one counts."),
    HELD(HOST_GROUP, REFUSED,
         "This security key does not open this machine: use another machine or ask your IT desk."),
    HELD(KIND, REFUSED,
         "This credential is meant for another kind of login: use the one that was enrolled for "
         "this kind."),
    HELD(STATEMENT, REFUSED,
         "The stored record of this security key is damaged: tell your administrator."),
    HELD(ENDORSEMENT, REFUSED,
         "The approval of this security key does not hold: tell your administrator."),
    HELD(QUORUM, REFUSED,
         "Too few operators have approved this: ask another operator to approve it."),
    HELD(UNLOGGED, REFUSED,
         "The approval of this security key is not in the register: tell your administrator."),
    HELD(EVIDENCE, REFUSED,
         "The proof of where this security key comes from is missing: tell your administrator."),
    HELD(MODEL, REFUSED,
         "This model of security key is not allowed: ask your IT desk for a supported model."),
    HELD(ATTESTATION, REFUSED,
         "The security key could not prove what it is: ask your IT desk for another key."),
    HELD(FIRMWARE, REFUSED,
         "The firmware of this security key is not new enough: ask your IT desk for another key."),
    HELD(ADVISORY, REFUSED,
         "This security key has a known weakness and is no longer accepted: ask your IT desk for "
         "another key."),
    HELD(TABLE_OLD, REFUSED,
         "The tables of security keys are too old to enrol by: tell your administrator."),
    HELD(NAME_REASSIGNED, REFUSED,
         "This login name belongs to somebody else now: ask your IT desk to enrol you under your "
         "own name."),

    OPEN(STORE_UNAVAILABLE, UNAVAILABLE,
         "The login service cannot read its records: try again in a minute, or tell your "
         "administrator."),
    OPEN(STORE_ROLLED_BACK, UNAVAILABLE,
         "The records of the login service are older than they were: tell your administrator, who "
         "must have the restore approved."),
    OPEN(STORE_LOW, UNAVAILABLE,
         "The login service has too little space to record this: tell your administrator."),
    OPEN(REGISTER, UNAVAILABLE,
         "The register of the login service is damaged: tell your administrator."),
    OPEN(OPERATOR_SET, UNAVAILABLE,
         "The list of operators is missing or not valid: tell your administrator."),
    OPEN(CONFLICT, RETRY, "The records changed while this was decided: try again."),
    OPEN(CLOCK, UNAVAILABLE, "The clock of the machine went back: tell your administrator."),
    OPEN(BROKER_UNAVAILABLE, UNAVAILABLE,
         "The login service does not answer: try again in a minute, or tell your administrator."),
    OPEN(PROTOCOL, UNAVAILABLE,
         "The programs of the login service do not understand each other: tell your administrator "
         "to install the same version everywhere."),
    OPEN(CONFIG, CONFIG, "The login service is not set up correctly: tell your administrator."),
    OPEN(INTERNAL, UNAVAILABLE,
         "The login service met a fault of its own: tell your administrator."),
    OPEN(OPERATOR_UNKNOWN, REFUSED,
         "This is not the key of a current operator: use an operator's key."),
    OPEN(OPERATOR_ROLE, REFUSED,
         "This operator may not approve this: ask an operator who has the role."),
    OPEN(TRANSITION, REFUSED,
         "A suspended or revoked key cannot be set back: enrol it again with the approval of the "
         "operators."),
    OPEN(DEVICE_UNAVAILABLE, UNAVAILABLE,
         "The program that talks to security keys is not running: tell your administrator."),

    OPEN(PROOF, RETRY,
         "No touch of a security key counts for this login: begin again and touch your key."),
    OPEN(PROOF_EXPIRED, RETRY, "The touch of your security key is too long ago: begin again."),
    OPEN(CODE, REFUSED, "This login was not begun here, or it is over: begin again."),
    OPEN(CODE_EXPIRED, RETRY, "The login took too long: begin again."),
    OPEN(APPLICATION, REFUSED,
         "The application that sent you here asked for something it may not ask for: tell its "
         "administrator."),
    OPEN(NOT_SERVED, REFUSED,
         "This application is not open to you: ask your administrator whether it should be."),
    OPEN(STRENGTH, REFUSED,
         "This application asks for a security key of a proven model: ask your IT desk for one."),
    OPEN(PASSWORD, RETRY, "The password is wrong: try again slowly."),
    OPEN(PASSWORDS, RETRY, "Five wrong passwords: begin again and touch your key."),
    OPEN(PASSWORD_EXPIRED, REFUSED,
         "Your password is too old: change it where your organisation says, then log in again."),
    OPEN(ACCOUNT_EXPIRED, REFUSED,
         "Your account is over or not open at this time: ask your IT desk."),
    OPEN(STACK, CONFIG,
         "The password check of the login service is not set up correctly: tell your "
         "administrator."),
    OPEN(STACK_UNAVAILABLE, UNAVAILABLE,
         "The password check does not answer: try again in a minute, or tell your "
         "administrator."),
    OPEN(LOGOUTS, UNAVAILABLE,
         "A homeserver has not been told of ended sessions for a quarter of an hour: see that it "
         "can be reached."),
};

static const struct reason_row *reason_find(uint32_t number)
{
    for (size_t i = 0; i < sizeof(reason_rows) / sizeof(reason_rows[0]); i++) {
        if ((uint32_t)reason_rows[i].reason == number)
            return &reason_rows[i];
    }
    return NULL;
}

/* An unknown number is a fault of ours and reads like one. */
static const struct reason_row *reason_get(enum lk_reason reason)
{
    static const struct reason_row unknown = OPEN(INTERNAL, UNAVAILABLE,
                                                  "The login service met a fault of its own: tell "
                                                  "your administrator.");
    const struct reason_row *row = reason_find((uint32_t)reason);

    return row ? row : &unknown;
}

const char *lk_reason_name(enum lk_reason reason)
{
    return reason_get(reason)->name;
}

const char *lk_reason_text(enum lk_reason reason)
{
    return reason_get(reason)->text;
}

enum lk_reason_class lk_reason_class(enum lk_reason reason)
{
    return reason_get(reason)->class;
}

bool lk_reason_known(uint32_t number)
{
    return reason_find(number) != NULL;
}

enum lk_reason lk_reason_public(enum lk_reason reason)
{
    return reason_get(reason)->shown;
}
