-- SPDX-License-Identifier: EUPL-1.2
-- Version 1. A row nobody signed opens nothing: this is a place to keep bytes, not a source of truth.
-- No triggers and no views: they are switched off on every connection, so that none planted here can act.

-- Login log chains are per broker.
CREATE TABLE broker (
    id     INTEGER PRIMARY KEY,
    broker BLOB NOT NULL UNIQUE CHECK (length(broker) = 16)
) STRICT;

-- name is the current login name; NULL once it went to another subject.
CREATE TABLE agent (
    id      INTEGER PRIMARY KEY,
    subject BLOB NOT NULL UNIQUE CHECK (length(subject) = 16),
    name    TEXT UNIQUE
) STRICT;

-- Who had which name since which register entry.
CREATE TABLE agent_name (
    agent INTEGER NOT NULL REFERENCES agent (id),
    entry INTEGER NOT NULL,
    name  TEXT NOT NULL,
    PRIMARY KEY (agent, entry)
) STRICT, WITHOUT ROWID;

-- entry is the number of the register entry that made it known. Logins do not write here: see usage.
CREATE TABLE statement (
    entry      INTEGER PRIMARY KEY,
    digest     BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    credential BLOB NOT NULL CHECK (length(credential) = 32),
    version    INTEGER NOT NULL CHECK (version >= 1),
    agent      INTEGER NOT NULL REFERENCES agent (id),
    newest     INTEGER NOT NULL CHECK (newest IN (0, 1)),
    state      INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),
    activation INTEGER,
    revision   INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    bytes      BLOB NOT NULL,
    UNIQUE (credential, version)
) STRICT;
CREATE INDEX statement_agent ON statement (agent, newest);
CREATE INDEX statement_pending ON statement (entry) WHERE state = 1 AND newest = 1;

-- What every login rewrites, apart from the statements: small rows, many on a page.
CREATE TABLE usage (
    statement    INTEGER PRIMARY KEY REFERENCES statement (entry),
    counter      INTEGER NOT NULL,
    uses         INTEGER NOT NULL,
    last_login   INTEGER NOT NULL,
    failures     INTEGER NOT NULL,
    window_start INTEGER NOT NULL
) STRICT;

CREATE TABLE attestation (
    statement INTEGER PRIMARY KEY REFERENCES statement (entry),
    object    BLOB NOT NULL
) STRICT;

-- One touch covers a batch: the record is kept once.
CREATE TABLE endorsement (
    id     INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    bytes  BLOB NOT NULL
) STRICT;
CREATE TABLE statement_endorsement (
    statement   INTEGER NOT NULL REFERENCES statement (entry),
    position    INTEGER NOT NULL,
    endorsement INTEGER NOT NULL REFERENCES endorsement (id),
    path        BLOB NOT NULL,
    PRIMARY KEY (statement, position)
) STRICT, WITHOUT ROWID;

-- statement: for entries of kind 2 and 3, whose object is the statement's bytes. sealed: for kind 3, how many of its endorsements
-- the entry's detail covers. The other kinds keep object and endorsements here.
CREATE TABLE register (
    number       INTEGER PRIMARY KEY,
    kind         INTEGER NOT NULL,
    statement    INTEGER,
    sealed       INTEGER NOT NULL,
    hash         BLOB NOT NULL CHECK (length(hash) = 32),
    bytes        BLOB NOT NULL,
    object       BLOB,
    endorsements BLOB
) STRICT;

CREATE TABLE operator_set (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    entry  INTEGER NOT NULL
) STRICT;

-- Begins with its expiry minute: appended at the end, deleted by range from the front.
CREATE TABLE nonce (
    nonce BLOB PRIMARY KEY CHECK (length(nonce) = 20)
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
    broker INTEGER NOT NULL REFERENCES broker (id),
    number INTEGER NOT NULL,
    hash   BLOB NOT NULL CHECK (length(hash) = 32),
    bytes  BLOB NOT NULL,
    PRIMARY KEY (broker, number)
) STRICT, WITHOUT ROWID;

-- Names and addresses: erased after a term of their own; the chain does not cover them.
CREATE TABLE log_name (
    broker      INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    name        TEXT NOT NULL,
    service     TEXT NOT NULL,
    remote_host TEXT NOT NULL,
    PRIMARY KEY (broker, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX log_name_name ON log_name (name, broker, number);

-- A closed segment may lose its records (erased = 1): last and hash keep the chain.
CREATE TABLE log_segment (
    broker       INTEGER NOT NULL REFERENCES broker (id),
    first        INTEGER NOT NULL,
    last         INTEGER,
    previous     BLOB NOT NULL CHECK (length(previous) = 32),
    hash         BLOB,
    opened       INTEGER NOT NULL,
    closed       INTEGER,
    erased       INTEGER NOT NULL DEFAULT 0,
    names_erased INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (broker, first)
) STRICT, WITHOUT ROWID;

-- For `status`: newest versions by state (1 to 4), agents under 0. A convenience, no decision rests on it.
CREATE TABLE tally (
    state INTEGER PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT;
INSERT INTO tally VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0);

-- nonce_floor: the last minute whose nonces were deleted.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO setting VALUES ('nonce_floor', 0);
