#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Firmware tables, notes and sources belong together: every row keeps the format and has its note and its source, every
AAGUID, digest and advisory of a note has its row, every link leads somewhere.

The format is in firmware-notes/README.md. A comment behind a value cannot be told from the value and is not looked for."""
import base64
import binascii
import datetime
import hashlib
import os
import re
import shutil
import sys
import tempfile
import types

import common

FOLDER = "firmware-notes"
LINE_MAX = 198
AFFECTS_MAX = 64
AAGUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DIGEST = re.compile(r"[0-9a-f]{64}")
ADVISORY = re.compile(r"[A-Za-z0-9.-]{1,48}")
FAMILY = re.compile(r"[a-z0-9-]{1,32}")
KEY = re.compile(r"[A-Z][A-Z0-9]*")
# In a note: words that are longer are something else, capitals are a mistake that must be found.
NOTE_AAGUID = re.compile(r"(?<![0-9A-Za-z-])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z-])")
NOTE_DIGEST = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{64}(?![0-9A-Za-z])")
BOLD = re.compile(r"\*\*([^*]+)\*\*")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# What stands under these headings needs no row.
FREE = ("Not in the tables", "Unverified")


# Values. Each of these says whether a value is good.

def number(text):
    return re.fullmatch(r"0|[1-9][0-9]{0,8}", text) is not None


def date(text):
    try:
        return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def length(most):
    return lambda text: len(text.encode()) <= most


def one_of(*words):
    return lambda text: text in words


def words_of(*words):
    return lambda text: text.split(" ") == [word for word in words if word in text.split(" ")]


def firmware(text):
    """One to three numbers up to 255, as a tuple, or None."""
    parts = text.split(".")
    if len(parts) > 3 or not all(number(part) and int(part) <= 255 for part in parts):
        return None
    return tuple(int(part) for part in parts)


def filled(parts, with_what):
    return parts + (with_what,) * (3 - len(parts))


def sources(text):
    keys = text.split(" ")
    return all(KEY.fullmatch(key) for key in keys) and len(keys) == len(set(keys))


def verdict(text):
    found = re.fullmatch(r"refuse-login-from (.*)", text)
    return date(found.group(1)) if found else text in ("note", "warn", "refuse-enrol")


AFFECTS = re.compile(r"(family|aaguid|vendor) (\S(?:.*\S)?) (any|below \S+|(\S+) to (\S+))")


def affects(text):
    """(what, name) of an affects line, or None."""
    found = AFFECTS.fullmatch(text)
    if not found:
        return None
    what, name, firmwares, first, last = found.groups()
    good = {"family": FAMILY.fullmatch, "aaguid": AAGUID.fullmatch, "vendor": length(64)}[what](name)
    if firmwares.startswith("below "):
        good = good and firmware(firmwares[6:])
    elif first:
        first, last = firmware(first), firmware(last)
        good = good and first and last and filled(first, 0) <= filled(last, 255)
    return (what, name) if good else None


class Table:
    """What one file may contain."""

    def __init__(self, name, title, title_form, optional, keys):
        self.name, self.title, self.title_form, self.optional, self.keys = name, title, title_form, optional, keys
        self.path = f"{FOLDER}/tables/{name}.conf"


COMMON = {"note": re.compile(r"[a-z0-9-]+").fullmatch, "source": sources}
TABLES = (
    Table("authenticators", "authenticator", AAGUID, {"firmware_from", "firmware_to", "transports", "fingerprint"}, {
        "vendor": length(64), "model": length(128), "family": FAMILY.fullmatch,
        "kind": one_of("security-key", "smart-card", "wallet", "platform", "software", "research", "preview", "test"),
        "firmware_from": firmware, "firmware_to": firmware, "decoder": one_of("yubico24", "opaque", "none"),
        "certification": one_of("none", "L1", "L1plus", "L2", "L2plus", "L3", "L3plus", "unknown"),
        "profile": one_of("consumer", "enterprise"), "transports": words_of("usb", "nfc", "ble"), "fingerprint": one_of("yes"), **COMMON}),
    Table("anchors", "anchor", DIGEST, {"family", "valid_from", "valid_to"}, {
        "name": length(128), "vendor": length(64), "family": FAMILY.fullmatch, "role": one_of("trust", "intermediate", "refuse"), "valid_from": date, "valid_to": date, **COMMON}),
    Table("advisories", "advisory", ADVISORY, {"cve"}, {
        "title": length(128), "cve": re.compile(r"CVE-[0-9]{4}-[0-9]{4,7}").fullmatch, "date": date, "affects": affects,
        "evidence": one_of("possible", "certain", "signed"), "verdict": verdict, "risk": length(LINE_MAX), "todo": length(LINE_MAX),
        "todo_fr": length(LINE_MAX), **COMMON}),
)
HEADER = {"format": None, "version": lambda text: number(text) and text != "0", "date": date}
REPEATED = ("cve", "affects", "family")
MUST_BE_ASCII = re.compile(r"(?!todo_fr = )")


class Row:
    def __init__(self, path, line, name):
        self.path, self.line, self.name, self.values = path, line, name, {}

    def get(self, key):
        """The first value, or an empty one."""
        return self.values.get(key, [("", 0)])[0][0]

    def all(self, key):
        return self.values.get(key, [])

    def at(self, key=None):
        return f"{self.path}:{self.values[key][0][1] if key in self.values else self.line}"


# Tables

def line_problem(raw):
    """What is wrong with the line's bytes, or None."""
    if len(raw) > LINE_MAX:
        return f"{len(raw)} bytes, at most {LINE_MAX}"
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8"
    if re.search(r"[\x00-\x1f\x7f]", text):
        return "a control byte"
    if text != text.strip(" "):
        return "blanks at its beginning or end"
    if MUST_BE_ASCII.match(text) and not text.isascii():
        return "only todo_fr may have accents"
    return None


def read_rows(root, table, problems):
    """The sections of a file, [table] first; a broken line is reported and left out."""
    with open(os.path.join(root, table.path), "rb") as file:
        data = file.read()
    if not data.endswith(b"\n"):
        problems.append(f"{table.path}:{data.count(10) + 1}: no end of line")
    rows, seen = [], set()
    for number_, raw in enumerate(data.removesuffix(b"\n").split(b"\n"), 1):
        where = f"{table.path}:{number_}"
        wrong = line_problem(raw)
        if wrong:
            problems.append(f"{where}: {wrong}")
            continue
        text = raw.decode()
        if text == "" or text.startswith("#"):
            continue
        section, pair = re.fullmatch(r"\[([^\[\]]+)\]", text), re.fullmatch(r"([a-z_]+) = (.+)", text)
        if section:
            rows.append(Row(table.path, number_, section.group(1)))
            if section.group(1) in seen:
                problems.append(f"{where}: a second [{section.group(1)}]")
            seen.add(section.group(1))
        elif pair and rows and pair.group(2) == pair.group(2).strip(" "):
            rows[-1].values.setdefault(pair.group(1), []).append((pair.group(2), number_))
        else:
            problems.append(f"{where}: neither a section nor `key = value` in one")
    return rows


def check_keys(row, allowed, optional, problems):
    for key, values in row.values.items():
        if key not in allowed:
            problems.append(f"{row.at(key)}: unknown key {key}")
            continue
        if len(values) > (AFFECTS_MAX if key in REPEATED else 1):
            problems.append(f"{row.path}:{values[-1][1]}: {key} too often")
        problems += [f"{row.path}:{line}: bad value of {key}: {value}" for value, line in values if allowed[key] and not allowed[key](value)]
    problems += [f"{row.at()}: no {key}" for key in allowed if key not in row.values and key not in optional]


def check_header(table, rows, problems):
    """Takes the first section away and looks at it."""
    if not rows or rows[0].name != "table":
        problems.append(f"{table.path}:{rows[0].line if rows else 1}: the first section must be [table]")
        return
    head = rows.pop(0)
    check_keys(head, HEADER, (), problems)
    wanted = f"latchkey-{table.name} 1"
    if head.get("format") != wanted:
        problems.append(f"{head.at('format')}: format must be {wanted}")


def check_order(row, first, last, convert, problems):
    """Both of a range, in order."""
    a, b = row.get(first), row.get(last)
    if bool(a) != bool(b) and first == "firmware_from":
        problems.append(f"{row.at(first if a else last)}: {first} and {last} go together")
    elif a and b and convert(a, 0) > convert(b, 255):
        problems.append(f"{row.at(first)}: {first} is above {last}")


def firmware_end(text, with_what):
    return filled(firmware(text) or (0,), with_what)


def table_rows(root, table, problems):
    rows = read_rows(root, table, problems)
    check_header(table, rows, problems)
    good = []
    for row in rows:
        word, _, name = row.name.partition(" ")
        if word != table.title or not table.title_form.fullmatch(name):
            problems.append(f"{row.at()}: the section must be [{table.title} ...] with a well-formed name")
            continue
        row.name = name
        check_keys(row, table.keys, table.optional, problems)
        check_order(row, "firmware_from", "firmware_to", firmware_end, problems)
        check_order(row, "valid_from", "valid_to", lambda text, _: text, problems)
        good.append(row)
    return good


def check_names(tables, problems):
    """What anchors and advisories name must be in the table of authenticators."""
    known = {"aaguid": {row.name for row in tables["authenticators"]}}
    for what in ("vendor", "family"):
        known[what] = {row.get(what) for row in tables["authenticators"]}
    for row in tables["anchors"]:
        if row.get("vendor") and row.get("vendor") not in known["vendor"]:
            problems.append(f"{row.at('vendor')}: no authenticator of vendor {row.get('vendor')}")
        problems += [f"{row.path}:{line}: no authenticator of family {name}" for name, line in row.all("family") if name not in known["family"]]
    for row in tables["advisories"]:
        for value, line in row.all("affects"):
            what, name = affects(value) or ("aaguid", None)
            if name is not None and name not in known[what]:
                problems.append(f"{row.path}:{line}: no authenticator with {what} {name}")


CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\n(.*?)-----END CERTIFICATE-----\n", re.S)


def check_certificates(root, tables, problems):
    """Each certificate beside the table is one of its rows, once, and stands under a comment with its true digest."""
    path = f"{FOLDER}/tables/anchors.pem"
    try:
        text = common.read(root, path)
    except OSError:
        problems.append(f"{path}:1: not there")
        return
    used, seen = {row.name for row in tables["anchors"] if row.get("role") != "refuse"}, set()
    for found in CERTIFICATE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        try:
            digest = hashlib.sha256(base64.b64decode(found.group(1).replace("\n", ""), validate=True)).hexdigest()
        except binascii.Error:
            problems.append(f"{path}:{line}: not base64")
            continue
        if digest not in used or digest in seen:
            problems.append(f"{path}:{line}: {digest} " + ("stands here twice" if digest in seen else "has no row that uses it"))
        if digest not in text.splitlines()[line - 2]:
            problems.append(f"{path}:{line}: the comment above has another digest")
        seen.add(digest)
    rest = [line for line in CERTIFICATE.sub("", text).splitlines() if line and not line.startswith("#")]
    if rest:
        problems.append(f"{path}:1: neither a certificate nor a comment: {rest[0]}")


# Notes

class Note:
    """A text: its lines outside code, each with the heading of level 2 it stands under, and the names of its headings."""

    def __init__(self, root, path):
        self.path, self.lines, self.slugs = path, [], set()
        chapter, fenced = "", False
        for number_, text in enumerate(common.read(root, path).split("\n"), 1):
            if text.startswith("```"):
                fenced = not fenced
            heading = None if fenced else re.fullmatch(r"(#{1,6}) (.*)", text)
            if heading:
                chapter = heading.group(2).strip() if len(heading.group(1)) == 2 else "" if len(heading.group(1)) == 1 else chapter
                self.add_slug(heading.group(2))
            self.lines.append((number_, chapter, text, fenced or text.startswith("    ")))

    def add_slug(self, heading):
        """As GitHub and GitLab name headings; the second of a name gets -1."""
        base = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        slug, count = base, 0
        while slug in self.slugs:
            count += 1
            slug = f"{base}-{count}"
        self.slugs.add(slug)

    def words(self, form, chapters=None, but=()):
        """(line, word) of what form finds; only in these chapters, in none of those."""
        for number_, chapter, text, _ in self.lines:
            if (chapters is None or chapter in chapters) and chapter not in but:
                for found in form.finditer(text):
                    yield number_, found.group(found.re.groups)

    def set_of(self, *args, **named):
        return {word for _, word in self.words(*args, **named)}


NAMES = {"authenticators": (NOTE_AAGUID, None, "AAGUID"), "anchors": (NOTE_DIGEST, None, "digest"), "advisories": (BOLD, ("Advisories",), "advisory")}


def check_rows_in_notes(tables, notes, problems):
    """Each row's name stands in its note, and each of its sources there under "Sources"."""
    for table, rows in tables.items():
        form, chapters, what = NAMES[table]
        for row in rows:
            note = notes.get(f"{FOLDER}/notes/{row.get('note')}.md")
            if not row.get("note"):
                continue
            if note is None:
                problems.append(f"{row.at('note')}: there is no notes/{row.get('note')}.md")
                continue
            if row.name not in note.set_of(form, chapters, FREE):
                problems.append(f"{row.at()}: {note.path} does not have this {what}")
            listed = note.set_of(BOLD, ("Sources",))
            problems += [f"{row.at('source')}: {note.path} does not have {key} under Sources" for key in row.get("source").split() if key not in listed]


def check_notes_in_rows(tables, notes, problems):
    """Each AAGUID, digest and advisory of a text has a row, or stands where it needs none."""
    for table, rows in tables.items():
        form, chapters, what = NAMES[table]
        names = {row.name for row in rows}
        for note in notes.values():
            problems += [f"{note.path}:{line}: no row has this {what}: {word}" for line, word in note.words(form, chapters, FREE) if word not in names]


def touches(advisory, authenticator):
    mine = {("aaguid", authenticator.name), ("family", authenticator.get("family")), ("vendor", authenticator.get("vendor"))}
    return any(affects(value) in mine for value, _ in advisory.all("affects"))


def check_touched(tables, notes, problems):
    """An advisory is told in the note of every model it touches."""
    for advisory in tables["advisories"]:
        for path in sorted({f"{FOLDER}/notes/{row.get('note')}.md" for row in tables["authenticators"] if touches(advisory, row)}):
            if path in notes and advisory.name not in notes[path].set_of(BOLD, ("Advisories",)):
                problems.append(f"{path}:1: {advisory.name} touches its models and is not under Advisories")


def check_sources(tables, notes, problems):
    """Each key that is used is defined once in SOURCES.md, each that is defined is used."""
    path = f"{FOLDER}/notes/SOURCES.md"
    defined, used = {}, set()
    for number_, _, text, _ in notes[path].lines if path in notes else ():
        found = re.match(r"- \*\*([^*]+)\*\* \S", text)
        if text.startswith("- ") and (not found or not KEY.fullmatch(found.group(1))):
            problems.append(f"{path}:{number_}: a source begins with - **KEY**")
        elif found and found.group(1) in defined:
            problems.append(f"{path}:{number_}: a second {found.group(1)}")
        elif found:
            defined[found.group(1)] = number_
    for row in [row for rows in tables.values() for row in rows]:
        used |= set(row.get("source").split())
        problems += [f"{row.at('source')}: SOURCES.md does not have {key}" for key in row.get("source").split() if key not in defined]
    for note in notes.values():
        for line, key in note.words(BOLD, ("Sources",)):
            if note.path != path:
                used.add(key)
                if key not in defined:
                    problems.append(f"{note.path}:{line}: SOURCES.md does not have {key}")
    problems += [f"{path}:{line}: {key} is used by no row and no note" for key, line in defined.items() if key not in used]


def check_links(root, notes, problems):
    """Each link leads to a file and a heading; README.md has one to every note."""
    reached = set()
    for note in notes.values():
        for number_, _, text, code in note.lines:
            for target in [] if code else LINK.findall(re.sub(r"`[^`]*`", "", text)):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, heading = target.partition("#")
                path = os.path.normpath(os.path.join(os.path.dirname(note.path), name)) if name else note.path
                if note.path == f"{FOLDER}/README.md":
                    reached.add(path)
                if not os.path.exists(os.path.join(root, path)):
                    problems.append(f"{note.path}:{number_}: no file {target}")
                elif heading and path.endswith(".md") and heading not in (notes.get(path) or Note(root, path)).slugs:
                    problems.append(f"{note.path}:{number_}: no heading {target}")
    problems += [f"{FOLDER}/README.md:1: no link to {path}" for path in notes if path != f"{FOLDER}/README.md" and path not in reached]


def read_notes(root, problems):
    paths = common.files(root, (FOLDER,), (".md",))
    problems += [f"{path}:1: not there" for path in (f"{FOLDER}/README.md", f"{FOLDER}/notes/SOURCES.md") if path not in paths]
    notes = {}
    for path in paths:
        if os.path.dirname(path) not in (FOLDER, f"{FOLDER}/notes"):
            problems.append(f"{path}:1: a note lies in {FOLDER}/notes")
        notes[path] = Note(root, path)
    return notes


def examine(root):
    """(problems, the line that says what there is)"""
    problems, tables = [], {}
    for table in TABLES:
        if not os.path.exists(os.path.join(root, table.path)):
            return [f"{table.path}:1: not there"], ""
        tables[table.name] = table_rows(root, table, problems)
    notes = read_notes(root, problems)
    check_names(tables, problems)
    check_certificates(root, tables, problems)
    check_rows_in_notes(tables, notes, problems)
    check_notes_in_rows(tables, notes, problems)
    check_touched(tables, notes, problems)
    check_sources(tables, notes, problems)
    check_links(root, notes, problems)
    count = len([path for path in notes if path.startswith(f"{FOLDER}/notes/") and not path.endswith("/SOURCES.md")])
    return problems, "notes: " + ", ".join(f"{len(tables[table.name])} {table.name}" for table in TABLES) + f", {count} notes"


def check(args):
    """Firmware tables keep their format and are tied to notes and sources."""
    problems, summary = examine(args.root or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    if not problems:
        print(summary)
    return problems


# Self-test: the true folder, broken in one place at a time. (name, file, pattern, replacement, what must be said)

AUTH, ANCH, ADV = (table.path for table in TABLES)
PEM = f"{FOLDER}/tables/anchors.pem"
YUBICO, SOURCES, INDEX = f"{FOLDER}/notes/yubico.md", f"{FOLDER}/notes/SOURCES.md", f"{FOLDER}/README.md"
FIRST_AAGUID, FIRST_DIGEST = "cb69481e-8ff7-4039-93ec-0a2729a154a8", "0fa1386f80eb8713263ae5c1d84deb455bdf08aea50ab05503cefee82b092d42"
BREAKAGES = (
    ("format", ANCH, r"latchkey-anchors 1", "latchkey-anchors 2", "format must be"),
    ("no header", AUTH, r"\[table\]", "[tables]", "the first section must be [table]"),
    ("version 0", ADV, r"version = [0-9]+", "version = 0", "bad value of version"),
    ("version missing", ADV, r"version = [0-9]+\n", "", "no version"),
    ("long line", AUTH, r"model = ", "model = " + "x" * LINE_MAX, "at most 198"),
    ("long value", AUTH, r"vendor = ", "vendor = " + "x" * 64, "bad value of vendor"),
    ("indentation", AUTH, r"\nkind", "\n kind", "blanks at its beginning"),
    ("tab", AUTH, r"kind = ", "kind =\t", "a control byte"),
    ("accent", AUTH, r"model = ", "model = \u00e9", "only todo_fr"),
    ("no equals sign", AUTH, r"kind = ", "kind: ", "neither a section"),
    ("end of file", ANCH, r"\n\Z", "", "no end of line"),
    ("unknown key", AUTH, r"\nkind", "\ncolour = red\nkind", "unknown key colour"),
    ("key twice", AUTH, r"\nprofile = consumer", "\nprofile = consumer\nprofile = enterprise", "profile too often"),
    ("missing key", AUTH, r"kind = .*\n", "", "no kind"),
    ("bad kind", AUTH, r"kind = .*", "kind = toaster", "bad value of kind"),
    ("bad decoder", AUTH, r"decoder = .*", "decoder = yubico", "bad value of decoder"),
    ("bad transport", AUTH, r"transports = usb nfc", "transports = nfc usb", "bad value of transports"),
    ("bad firmware", AUTH, r"firmware_to = .*", "firmware_to = 5.256", "bad value of firmware_to"),
    ("half a range", AUTH, r"firmware_to = .*\n", "", "go together"),
    ("range upside down", AUTH, r"firmware_from = .*", "firmware_from = 9", "firmware_from is above"),
    ("duplicate section", AUTH, r"(?s)(\[authenticator .*?)\n\n", r"\1\n\n\1\n\n", "a second [authenticator"),
    ("AAGUID in capitals", AUTH, FIRST_AAGUID, FIRST_AAGUID.upper(), "well-formed name"),
    ("short digest", ANCH, FIRST_DIGEST, FIRST_DIGEST[:-1], "well-formed name"),
    ("no such day", ANCH, r"valid_from = .*", "valid_from = 2025-02-29", "bad value of valid_from"),
    ("dates upside down", ANCH, r"valid_from = .*", "valid_from = 9999-12-31", "valid_from is above"),
    ("anchor of no family", ANCH, r"family = nitrokey-fido2", "family = nitrokey-9", "no authenticator of family nitrokey-9"),
    ("certificate without a row", PEM, r"(?s)(-----BEGIN CERTIFICATE-----\n)....", r"\1AAAA", "has no row that uses it"),
    ("certificate twice", PEM, r"(?s)\n# .*?-----END CERTIFICATE-----\n", lambda found: found.group(0) * 2, "stands here twice"),
    ("certificate under another's name", PEM, FIRST_DIGEST, "0" * 64, "the comment above has another digest"),
    ("certificate of a refused row", ANCH, r"role = trust", "role = refuse", "has no row that uses it"),
    ("something between certificates", PEM, r"\n# ", "\n- ", "neither a certificate nor a comment"),
    ("anchor of nobody", ANCH, r"vendor = .*", "vendor = Nobody", "no authenticator of vendor"),
    ("unknown verdict", ADV, r"verdict = warn", "verdict = refuse", "bad value of verdict"),
    ("verdict without date", ADV, r"refuse-login-from .*", "refuse-login-from soon", "bad value of verdict"),
    ("bad range", ADV, r"below 5\.7\.0", "under 5.7.0", "bad value of affects"),
    ("advisory's range upside down", ADV, r"5\.4\.1 to 5\.7\.3", "5.7.3 to 5.4.1", "bad value of affects"),
    ("family of nobody", ADV, r"family yubikey-5 ", "family yubikey-9 ", "no authenticator with family"),
    ("vendor of nobody", ADV, r"family yubikey-5 ", "vendor No Body ", "no authenticator with vendor"),
    ("AAGUID of nobody", ADV, r"aaguid [0-9a-f]{8}", "aaguid 00000000", "no authenticator with aaguid"),
    ("too many lines", ADV, r"(affects = .*\n)", r"\1" * (AFFECTS_MAX + 1), "affects too often"),
    ("no such note", AUTH, r"note = .*", "note = nowhere", "there is no notes/nowhere.md"),
    ("AAGUID not in its note", YUBICO, FIRST_AAGUID, "elsewhere", "does not have this AAGUID"),
    ("digest not in its note", YUBICO, FIRST_DIGEST, "elsewhere", "does not have this digest"),
    ("advisory not in its note", YUBICO, r"\*\*YSA-2024-03\*\*", "YSA-2024-03", "does not have this advisory"),
    ("advisory not told elsewhere", f"{FOLDER}/notes/nitrokey.md", r"\*\*CVE-2020-27208\*\*", "CVE-2020-27208", "touches its models"),
    ("AAGUID without a row", YUBICO, FIRST_AAGUID, FIRST_AAGUID + " " + "0" + FIRST_AAGUID[1:], "no row has this AAGUID"),
    ("digest without a row", YUBICO, FIRST_DIGEST, FIRST_DIGEST + " " + "1" + FIRST_DIGEST[1:], "no row has this digest"),
    ("advisory without a row", YUBICO, r"\*\*YSA-2024-03\*\*", "**YSA-2024-03** **YSA-2024-99**", "no row has this advisory"),
    ("undefined source of a row", AUTH, r"source = ", "source = NOBODY ", "SOURCES.md does not have NOBODY"),
    ("undefined source of a note", YUBICO, r"- \*\*YAAG\*\*", "- **NOBODY** **YAAG**", "SOURCES.md does not have NOBODY"),
    ("source not in the note", YUBICO, r"- \*\*YAAG\*\*", "- YAAG", "does not have YAAG under Sources"),
    ("unused source", SOURCES, r"\Z", "- **NOBODY** nothing\n", "NOBODY is used by no row"),
    ("source defined twice", SOURCES, r"\Z", "- **YAAG** again\n", "a second YAAG"),
    ("note without a link", INDEX, r"notes/kensington\.md", "notes/hid.md", "no link to firmware-notes/notes/kensington.md"),
    ("link to no file", INDEX, r"notes/kensington\.md", "notes/kensingtons.md", "no file notes/kensingtons.md"),
    ("link to no heading", INDEX, r"notes/yubico\.md#in-a-minute", "notes/yubico.md#in-an-hour", "no heading notes/yubico.md#in-an-hour"),
)


def self_test():
    """Each breakage is found, by its own words; the unbroken copy has no problem."""
    true = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", FOLDER)
    with tempfile.TemporaryDirectory() as root:
        shutil.copytree(true, os.path.join(root, FOLDER))
        # Notes may link to the documentation.
        os.symlink(os.path.abspath(os.path.join(true, "..", "docs")), os.path.join(root, "docs"))
        common.expect(examine(root)[0])
        for name, path, pattern, replacement, wanted in BREAKAGES:
            whole = common.read(root, path)
            broken, count = re.subn(pattern, replacement, whole, count=1)
            if count != 1 or broken == whole:
                sys.exit(f"self-test failed: nothing to break for: {name}")
            write(root, path, broken)
            problems = examine(root)[0]
            write(root, path, whole)
            # Other checks may have something to say about it too.
            if not any(re.match(r"\S+:\d+: ", problem) and wanted in problem for problem in problems):
                sys.exit(f"self-test failed: {name}: wanted \"{wanted}\"\n  found: " + "\n         ".join(problems or ["nothing"]))
        os.remove(os.path.join(root, AUTH))
        common.expect(check(types.SimpleNamespace(root=root)), f"{AUTH}:1: not there")


def write(root, path, text):
    with open(os.path.join(root, path), "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


if __name__ == "__main__":
    common.main(check, self_test)
