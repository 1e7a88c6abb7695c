/* SPDX-License-Identifier: EUPL-1.2 */
/* Reasons: why a login, an enrolment or a change was refused. Enumerated once, for the log, for `explain`,
 * for the PAM texts and codes and for the E_ names of the command line.
 *
 * The numbers travel between our processes and stand in the log: they are never reused or renumbered. */
#ifndef LK_MODEL_REASON_H
#define LK_MODEL_REASON_H

#include <stdbool.h>
#include <stdint.h>

enum lk_reason {
    LK_REASON_NONE = 0, /* no objection: the only value that lets anybody in */

    /* The ceremony did not come to an answer. */
    LK_REASON_NO_KEY = 1,    /* no security key was plugged in in time */
    LK_REASON_TIMEOUT = 2,   /* the key was not touched in time */
    LK_REASON_CANCELLED = 3, /* the person or the calling program gave up */
    LK_REASON_WRONG_KEY = 4, /* the key holds no credential of this agent */
    LK_REASON_PIN_WRONG = 5,
    LK_REASON_PIN_STOPPED = 6, /* three tries left: stopped before the key blocks */
    LK_REASON_PIN_BLOCKED = 7, /* the key itself refuses further PINs */
    LK_REASON_PIN_REPLUG = 8,  /* the key wants to be pulled out and put back before the next PIN */
    LK_REASON_PIN_NOT_SET = 9, /* verification is required and the key has no PIN */
    LK_REASON_PIN_UNAVAILABLE = 10, /* required, but this program must not ask for a PIN */
    LK_REASON_UV_FAILED = 11,       /* fingerprint not recognised */
    LK_REASON_KEY_REMOVED = 12,     /* pulled out during the ceremony */
    LK_REASON_KEY_BUSY = 13,        /* in use by another program or another ceremony */
    LK_REASON_KEY_FAILED = 14,      /* the key answered something that is not CTAP */
    LK_REASON_TOUCH_DENIED = 15,    /* the key says the person refused */
    LK_REASON_KEY_UNSUPPORTED = 16, /* lacks an algorithm, resident keys or credProtect */
    LK_REASON_KEY_FULL = 17,        /* no room for another resident credential */
    LK_REASON_KEY_EXCLUDED = 18,    /* already enrolled for this agent */

    /* Who asks, and from where. */
    LK_REASON_UNKNOWN_AGENT = 30,     /* nobody of that name is enrolled */
    LK_REASON_NOT_PERMITTED = 31,     /* this caller may not ask for that agent */
    LK_REASON_REMOTE = 32,            /* a remote session must not use this machine's key */
    LK_REASON_RATE_LIMITED = 33,      /* this source asked too often */
    LK_REASON_LIMIT = 34,             /* this credential failed too often */
    LK_REASON_NAMES_UNAVAILABLE = 35, /* the name service did not answer */
    LK_REASON_SERVICE_UNKNOWN = 36,   /* not a local service of the policy */

    /* The signed answer. */
    LK_REASON_SIGNATURE = 50,          /* the signature does not verify */
    LK_REASON_RELYING_PARTY = 51,      /* answered for another relying party */
    LK_REASON_CHALLENGE = 52,          /* answered another challenge */
    LK_REASON_ORIGIN = 53,             /* another origin, or from inside a foreign frame */
    LK_REASON_CLIENT_DATA = 54,        /* client data malformed or of another type */
    LK_REASON_AUTHENTICATOR_DATA = 55, /* authenticator data malformed */
    LK_REASON_USER_PRESENCE = 56,      /* no touch */
    LK_REASON_USER_VERIFICATION = 57,  /* no PIN or fingerprint where one is required */
    LK_REASON_SYNCED = 58,             /* backup eligible or backed up: not bound to one device */
    LK_REASON_COUNTER = 59,            /* the sign counter went back: a copy of the key may exist */
    LK_REASON_REPLAY = 60,             /* this answer was used before */
    LK_REASON_EXPIRED_CHALLENGE = 61,
    LK_REASON_CREDENTIAL_UNKNOWN = 62, /* a credential that nobody enrolled */
    LK_REASON_USER_HANDLE = 63,        /* belongs to another agent */

    /* The statement. */
    LK_REASON_PENDING = 80, /* not yet endorsed by enough operators */
    LK_REASON_SUSPENDED = 81,
    LK_REASON_REVOKED = 82,
    LK_REASON_NOT_YET_VALID = 83,
    LK_REASON_EXPIRED = 84,
    LK_REASON_SUPERSEDED = 85,  /* a higher version of this statement is known */
    LK_REASON_HOST_GROUP = 86,  /* does not open this group of machines */
    LK_REASON_KIND = 87,        /* a credential of another kind */
    LK_REASON_STATEMENT = 88,   /* the stored statement does not decode or contradicts its row */
    LK_REASON_ENDORSEMENT = 89, /* an endorsement does not verify */
    LK_REASON_QUORUM = 90,      /* too few operators endorsed it */
    LK_REASON_UNLOGGED = 91,    /* its register entry is missing or another */
    LK_REASON_EVIDENCE = 92,    /* the attestation object is missing or another */
    LK_REASON_MODEL = 93,       /* the key's model is not allowed */
    LK_REASON_ATTESTATION = 94, /* the attestation does not verify */
    LK_REASON_NAME_REASSIGNED = 95, /* the login name belongs to another subject now */
    LK_REASON_FIRMWARE = 96,  /* the key's firmware is too old, or not known to be new enough */
    LK_REASON_ADVISORY = 97,  /* an advisory refuses it */
    LK_REASON_TABLE_OLD = 98, /* the firmware tables are older than the policy allows */

    /* The house. */
    LK_REASON_STORE_UNAVAILABLE = 110,
    LK_REASON_STORE_ROLLED_BACK = 111,
    LK_REASON_STORE_LOW = 112,    /* too little space to record this */
    LK_REASON_REGISTER = 113,     /* the register's chain is broken */
    LK_REASON_OPERATOR_SET = 114, /* no valid operator set */
    LK_REASON_CONFLICT = 115,     /* the stored state changed between judging and committing */
    LK_REASON_CLOCK = 116,        /* the clock stepped back */
    LK_REASON_BROKER_UNAVAILABLE = 117, /* set by clients only: nobody answers */
    LK_REASON_PROTOCOL = 118,           /* the two ends do not understand each other */
    LK_REASON_CONFIG = 119,
    LK_REASON_INTERNAL = 120,
    LK_REASON_OPERATOR_UNKNOWN = 121,   /* not an operator of the current set, or retired */
    LK_REASON_OPERATOR_ROLE = 122,      /* this operator may not do this act */
    LK_REASON_TRANSITION = 123,         /* a state goes only forward */
    LK_REASON_DEVICE_UNAVAILABLE = 124, /* the device process is not there */

    /* The gateway. */
    LK_REASON_PROOF = 140,         /* no touch for this transaction, or it is used up */
    LK_REASON_PROOF_EXPIRED = 141, /* the touch is too long ago */
    LK_REASON_CODE = 142,          /* no such code of this client, or no such access token */
    LK_REASON_CODE_EXPIRED = 143,
    LK_REASON_APPLICATION = 144, /* the application's request is not valid */
    LK_REASON_NOT_SERVED = 145,  /* this application does not serve this agent */
    LK_REASON_STRENGTH = 146,    /* the application asks for a stronger login than this key gives */
    LK_REASON_PASSWORD = 147,    /* the password is wrong */
    LK_REASON_PASSWORD_EXPIRED = 148,
    LK_REASON_ACCOUNT_EXPIRED = 149,
    LK_REASON_STACK = 150,             /* the stack of PAM modules is not set up for this */
    LK_REASON_STACK_UNAVAILABLE = 151, /* a module, or the process that runs it, does not answer */
    LK_REASON_LOGOUTS = 152,  /* ended sessions of which a client has not heard for too long */
    LK_REASON_PASSWORDS = 153 /* all passwords of one touch were wrong */
};

/* What a reason means for the person, as the PAM module and the command line group them (field table of docs/PROTOCOL.md). */
enum lk_reason_class {
    LK_REASON_CLASS_ALLOWED, /* LK_REASON_NONE only */
    LK_REASON_CLASS_RETRY,   /* try again: PAM_AUTH_ERR */
    LK_REASON_CLASS_REFUSED, /* no further attempt helps: PAM_AUTH_ERR outside, the reason only inside */
    LK_REASON_CLASS_MAXTRIES,    /* PAM_MAXTRIES */
    LK_REASON_CLASS_UNAVAILABLE, /* PAM_AUTHINFO_UNAVAIL */
    LK_REASON_CLASS_CONFIG       /* PAM_SERVICE_ERR */
};

/* "E_WRONG_KEY" and so on; LK_REASON_NONE is "OK"; an unknown number "E_INTERNAL". Never NULL. */
const char *lk_reason_name(enum lk_reason reason);
/* One English sentence that says what it is and what to do next; the msgid of the translations. Never NULL. */
const char *lk_reason_text(enum lk_reason reason);
enum lk_reason_class lk_reason_class(enum lk_reason reason);
/* True for a number of the list. A number read from a peer is checked with this before it is cast. */
bool lk_reason_known(uint32_t number);
/* What a person at a PAM prompt may be told before a signature has verified: unknown, unenrolled, suspended and real agents
 * look alike (design rule 6). Maps to the reason to be shown; most map to themselves or to LK_REASON_WRONG_KEY. */
enum lk_reason lk_reason_public(enum lk_reason reason);

#endif
