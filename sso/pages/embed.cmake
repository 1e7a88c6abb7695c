# SPDX-License-Identifier: EUPL-1.2
# Writes files as arrays of bytes: cmake -DOUTPUT=out.c -DFILES=name=path,name=path -P embed.cmake
string(REPLACE "," ";" FILES "${FILES}")
set(text "/* SPDX-License-Identifier: EUPL-1.2 */\n/* Made by sso/pages/embed.cmake. */\n#include \"sso/pages/assets.h\"\n")
foreach(pair IN LISTS FILES)
    string(REGEX MATCH "^([^=]+)=(.*)$" unused "${pair}")
    set(name ${CMAKE_MATCH_1})
    file(READ "${CMAKE_MATCH_2}" bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND text "\nconst uint8_t ${name}[] = {${bytes}};\nconst size_t ${name}_size = sizeof(${name});\n")
endforeach()
file(WRITE "${OUTPUT}" "${text}")
