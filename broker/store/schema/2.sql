-- SPDX-License-Identifier: EUPL-1.2
-- Version 2: the gateway. Proofs, codes, sessions and the logout queue; what people are called.
-- Rows of proof, code and session are appended in the order of time, so that those whose term is over are deleted from the front: no index over times.

-- Display name and e-mail claim of an agent: not signed, no decision rests on them.
CREATE TABLE agent_record (
    agent     INTEGER PRIMARY KEY REFERENCES agent (id),
    full_name TEXT NOT NULL,
    email     TEXT NOT NULL
) STRICT;

-- What a verified assertion left, under the transaction's name. passwords: how often a worker asked. seal: the broker's, over all that was true when it
-- was written; a row that somebody else put here has none.
CREATE TABLE proof (
    id             INTEGER PRIMARY KEY,
    transaction_id BLOB NOT NULL UNIQUE CHECK (length(transaction_id) = 16),
    expiry         INTEGER NOT NULL,
    statement      INTEGER NOT NULL REFERENCES statement (entry),
    auth_time      INTEGER NOT NULL,
    facts          INTEGER NOT NULL,
    passwords      INTEGER NOT NULL,
    seal           BLOB NOT NULL CHECK (length(seal) = 33)
) STRICT;

-- ended: when it was ended here; its logout is then on its way. The row goes when the client has acknowledged.
CREATE TABLE session (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    sid       BLOB NOT NULL UNIQUE CHECK (length(sid) = 16),
    agent     INTEGER NOT NULL REFERENCES agent (id),
    statement INTEGER NOT NULL REFERENCES statement (entry),
    client    TEXT NOT NULL,
    created   INTEGER NOT NULL,
    ended     INTEGER
) STRICT;
CREATE INDEX session_agent ON session (agent);

-- digest and access are names of what the client holds: its time and 28 bytes of its SHA-256. A used code stays for a while: presented again it ends its session.
CREATE TABLE code (
    id            INTEGER PRIMARY KEY,
    digest        BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    session       INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    expiry        INTEGER NOT NULL,
    auth_time     INTEGER NOT NULL,
    facts         INTEGER NOT NULL,
    data          BLOB,
    access        BLOB CHECK (access IS NULL OR length(access) = 32),
    access_expiry INTEGER,
    seal          BLOB NOT NULL CHECK (length(seal) = 33)
) STRICT;
CREATE UNIQUE INDEX code_access ON code (access) WHERE access IS NOT NULL;

-- One row a session that its client must still be told of. again: when it must be told once more, because a code may have been in flight; 0 = not.
CREATE TABLE logout (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    session  INTEGER NOT NULL UNIQUE,
    created  INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    taken    INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    again    INTEGER NOT NULL,
    detail   TEXT NOT NULL
) STRICT;
CREATE INDEX logout_due ON logout (due);
