# SPDX-License-Identifier: EUPL-1.2
# The table of layers: what each folder may include and link. It drives the build (targets.cmake) and tests/checks/layers.
#
# HOW TO USE IT. A folder has one CMakeLists.txt. Its first call is one of
#
#   lk_layer(NAME SOURCES a.c b.c ...)            static library lk_NAME; NAME is a row below and FOLDER is this folder
#   lk_program(NAME SOURCES main.c ...            executable; may use what the row of its folder allows
#              [USES row ...] [LIBS home ...]     less than the row allows (default: all its USES and LIBS); a row of a sub-folder may
#              [INSTALL libexec|bin])             be named in USES, and so may the folder's own library
#   lk_program(NAME TEST_ONLY SOURCES ... USES any row ... LIBS any home or library ... [INCLUDES dir ...])   for tests/; never installed
#   lk_module(NAME SOURCES ... EXPORTS file.map)  PAM module NAME.so, installed into LK_PAM_MODULE_DIR
#   lk_unit_test(SUBJECT USES row ...             cmocka program test_SUBJECT from tests/unit/test_SUBJECT.c, in ctest with label `unit`;
#                [SOURCES more.c ...] [LIBS ...]  called from the CMakeLists.txt of the folder that is tested, so nobody edits a common list
#                [WRAP malloc ...] [TIMEOUT s])   WRAP: -Wl,--wrap=NAME, for failures on purpose
#   lk_fuzz_target(NAME SOURCES ... USES row ...) fuzz_NAME: libFuzzer with LK_FUZZ, else replay of tests/fuzz/corpus/NAME (label `fuzz-replay`)
#   lk_locale(DOMAIN po/fr.po ...)                translations; in the build tree below build/X/locale
#
# Configuring with -DLK_SKIP="folder;folder" leaves folders of the root list out while one part is worked on; -DLK_ONLY="folder;folder"
# builds no others (presets msan and tsan).
#
# A target sees only headers of the rows it uses: each core layer has an include root of its own, so
#   #include "base/buf.h"             works where the row has `base` (or a layer that itself uses base) in USES
#   #include "broker/store/store.h"   is how a program's folder includes its own headers, from the project root
# and a forbidden include does not compile. A layer that has no CMakeLists.txt yet is headers only.
# Programs are built into build/X/bin, the module into build/X/security, test programs into build/X/tests.

# lk_row(NAME FOLDER folder USES rows LIBS homes)
lk_table_begin()
lk_row(base      FOLDER core/base)
lk_row(message   FOLDER core/message   USES base)
lk_row(client    FOLDER core/client    USES base message)
lk_row(loop      FOLDER core/loop      USES base message)
lk_row(model     FOLDER core/model     USES base)
lk_row(crypto    FOLDER core/crypto    USES base LIBS openssl)
lk_row(json      FOLDER core/json      USES base LIBS jansson)
lk_row(sandbox   FOLDER core/sandbox   USES base LIBS seccomp)
lk_row(wire      FOLDER core/wire      USES base model LIBS cbor)
lk_row(verify    FOLDER core/verify    USES base model wire crypto)
lk_row(policy    FOLDER core/policy    USES base model)
lk_row(lines     FOLDER core/lines     USES base LIBS inih)
lk_row(tables    FOLDER core/tables    USES base model lines)
lk_row(config    FOLDER core/config    USES base model lines)
lk_row(trust     FOLDER core/trust     USES base model crypto policy tables config)

lk_row(log          FOLDER broker/log      USES base model crypto wire)
lk_row(store        FOLDER broker/store    USES base model crypto wire policy log LIBS sqlite3)
lk_row(register     FOLDER broker/register USES base model crypto wire verify policy)
lk_row(broker       FOLDER broker          USES base message loop model crypto json sandbox wire verify policy tables config trust)
lk_row(names        FOLDER names           USES base message sandbox)
lk_row(opener       FOLDER device/opener   USES base message sandbox)
lk_row(talker       FOLDER device/talker   USES base message model sandbox wire LIBS fido2)
lk_row(device       FOLDER device          USES base message sandbox)
lk_row(pam_module   FOLDER pam_module      USES base message client model LIBS pam)
# Runs a PAM stack once, for `latchkey pam try`: a program of its own, so that the command line links no libpam.
lk_row(pam_try      FOLDER provisioning/pam_try USES base LIBS pam)
lk_row(provisioning FOLDER provisioning    USES base message client model crypto json sandbox wire verify policy tables config trust)
# The gateway. Each folder is one process; oidc/ are the rules of the protocol, without I/O; common/ is what all its processes share (links, arguments, entering the sandbox).
lk_row(sso_common   FOLDER sso/common      USES base message loop client sandbox config)
lk_row(oidc         FOLDER sso/oidc        USES base message model crypto json config)
lk_row(sso          FOLDER sso             USES base message sandbox config)
lk_row(sso_pages    FOLDER sso/pages       USES base message model)
lk_row(sso_web      FOLDER sso/web         USES base message loop client model json sandbox config sso_common LIBS microhttpd)
lk_row(sso_issuer   FOLDER sso/issuer      USES base message loop client model crypto json sandbox config sso_common oidc)
lk_row(sso_worker   FOLDER sso/worker      USES base message loop client sandbox config sso_common LIBS pam)
lk_row(sso_notify   FOLDER sso/notify      USES base message loop client sandbox config sso_common LIBS curl)
lk_row(softkey      FOLDER tests/softkey   LIBS openssl cbor)

# Third parties: lk_home(NAME PACKAGE pkg-config name or LIBRARY -l name, FOLDERS the only product folders that include HEADERS or
# refer to SYMBOLS (both regular expressions, anchored at the start)). Folders under tests/ may use them all, as independent oracles.
lk_home(openssl PACKAGE libcrypto  FOLDERS core/crypto   HEADERS "openssl/"
        SYMBOLS "(EVP|X509|X509V3|OPENSSL|OSSL|EC|ECDSA|BN|RSA|ASN1|CRYPTO|ERR|RAND|SHA256|SHA512|HMAC|PEM|BIO|OBJ|d2i|i2d)_|SHA(256|512)$|HMAC$")
lk_home(jansson PACKAGE jansson    FOLDERS core/json     HEADERS "jansson" SYMBOLS "json_")
lk_home(seccomp PACKAGE libseccomp FOLDERS core/sandbox  HEADERS "seccomp\\.h" SYMBOLS "seccomp_")
lk_home(cbor    PACKAGE libcbor    FOLDERS core/wire     HEADERS "cbor" SYMBOLS "_?cbor_")
lk_home(inih    LIBRARY inih       FOLDERS core/lines    HEADERS "ini\\.h" SYMBOLS "ini_")
lk_home(sqlite3 PACKAGE sqlite3    FOLDERS broker/store  HEADERS "sqlite3" SYMBOLS "sqlite3_")
lk_home(fido2   PACKAGE libfido2   FOLDERS device/talker HEADERS "fido" SYMBOLS "(fido|es256|rs256|eddsa)_")
lk_home(pam     LIBRARY pam        FOLDERS pam_module provisioning/pam_try sso/worker HEADERS "security/" SYMBOLS "pam_(?!sm_)")
lk_home(microhttpd PACKAGE libmicrohttpd FOLDERS sso/web HEADERS "microhttpd" SYMBOLS "MHD_")
lk_home(curl    PACKAGE libcurl    FOLDERS sso/notify    HEADERS "curl/" SYMBOLS "curl_")
lk_home(crypt   LIBRARY crypt      FOLDERS               HEADERS "crypt\\.h" SYMBOLS "crypt(_gensalt)?(_r|_rn|_ra)?$")
lk_home(cmocka  LIBRARY cmocka     FOLDERS               HEADERS "cmocka" SYMBOLS "_?cmocka_")
lk_home(umockdev PACKAGE umockdev-1.0 FOLDERS        HEADERS "umockdev" SYMBOLS "umockdev_")
