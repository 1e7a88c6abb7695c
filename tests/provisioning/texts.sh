#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# Every sentence has its French; every command, option and exit status stands in the manual page; French is spoken where it is wished.
. "$(dirname "$0")/lib.sh"
setup
STATUS=0
: >"$ROOM/out"
: >"$ROOM/err"
cd "$SOURCE" || exit 1

step "every sentence of the desk is translated"
xgettext --from-code=UTF-8 --keyword=_ --keyword=N_ -o "$ROOM/desk.pot" -L C provisioning/*.c provisioning/po/words.txt
msgcmp provisioning/po/fr.po "$ROOM/desk.pot" >"$ROOM/out" 2>&1 || problem "a sentence has no French"
msgfmt --check -o "$ROOM/desk.mo" provisioning/po/fr.po 2>"$ROOM/out" || problem "fr.po is not well formed"

step "no French for what nobody says any more"
msgattrib --no-obsolete --set-obsolete --ignore-file="$ROOM/desk.pot" -o "$ROOM/gone.po" provisioning/po/fr.po 2>/dev/null
[ "$(grep -c '^#~ msgid' "$ROOM/gone.po" 2>/dev/null)" -gt 0 ] && problem "$(grep '^#~ msgid' "$ROOM/gone.po")"

step "the sentences of errors stand in the list of words"
grep -oP '\[LK_(ERR_\w+|OK)\] = \{"\w+", "\K[^"]+' core/base/error.c >"$ROOM/errors"
[ "$(wc -l <"$ROOM/errors")" -gt 20 ] || problem "core/base/error.c was not understood"
while read -r sentence; do
    grep -qF "N_(\"$sentence\")" provisioning/po/words.txt || problem "not in words.txt: $sentence"
done <"$ROOM/errors"

step "the manual page has every command, every option and every exit status"
sed 's/\\-/-/g; s/\\f[A-Z]//g; s/[" ]\+/ /g' docs/man/latchkey.1 >"$ROOM/page"
"$BUILD/bin/latchkey" --help >"$ROOM/help" || problem "--help"
grep -oE '^  [a-z][a-z-]*( (add|list|retire|verify|show|accept-restore|check|help|try))?( |$)' "$ROOM/help" | sed 's/^ *//; s/ *$//' >"$ROOM/commands"
[ "$(wc -l <"$ROOM/commands")" -ge 22 ] || problem "commands were not found in --help: $(wc -l <"$ROOM/commands")"
while read -r command; do
    grep -qE "^\.(B|BR) $command( |\$)" "$ROOM/page" || problem "latchkey.1 lacks the command $command"
done <"$ROOM/commands"
grep -oE -- '--[a-z-]+' "$ROOM/help" | sort -u >"$ROOM/options"
# And what the sources compare with, so that no option is left out of help and page.
grep -ohE '"--[a-z-]+"' provisioning/*.c | tr -d '"' | grep -v -e --confdir | sort -u >"$ROOM/taken"
for option in $(cat "$ROOM/options" "$ROOM/taken" | sort -u); do
    grep -qF -- "$option" "$ROOM/page" || problem "latchkey.1 lacks $option"
    grep -qF -- "$option" "$ROOM/help" || problem "--help lacks $option"
done
sed -nE 's/^ *LK_EXIT_[A-Z]+ = ([0-9]+).*/\1/p' provisioning/cli.h | while read -r number; do
    grep -qx ".B $number" "$ROOM/page" || echo "$number"
done >"$ROOM/missing"
[ -s "$ROOM/missing" ] && problem "latchkey.1 lacks exit status $(cat "$ROOM/missing")"
man --warnings -E UTF-8 -l -Tutf8 -Z docs/man/latchkey.1 >/dev/null 2>"$ROOM/out" || true
[ -s "$ROOM/out" ] && command -v man >/dev/null && problem "latchkey.1 has warnings"

step "French where it is wished, codes the same everywhere"
# A French locale of our own: that of the machine may not be there, and glibc 2.41 translates nothing in C.UTF-8.
mkdir "$ROOM/locales"
localedef -i fr_FR -f UTF-8 "$ROOM/locales/fr_FR.UTF-8" >/dev/null 2>&1 || problem "localedef makes no French locale"
export LOCPATH=$ROOM/locales
LC_ALL=fr_FR.UTF-8 "$BUILD/bin/latchkey" --help >"$ROOM/out"
expect_out "montrer ce qui attend"
LC_ALL=fr_FR.UTF-8 "$BUILD/bin/latchkey" --config "$ROOM/etc/latchkey.conf" status >"$ROOM/out" 2>"$ROOM/err"
STATUS=$?
expect_status 4
expect_err "(E_BROKER_UNAVAILABLE)"
grep -q 'does not answer' "$ROOM/err" && problem "the sentence of a reason is not translated"
finish
