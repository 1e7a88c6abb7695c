/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside sso/pages only: drawings, made for these pages. They only repeat what the words beside them say, so all are hidden from screen readers. */
#ifndef LK_SSO_PAGES_PICTURES_H
#define LK_SSO_PAGES_PICTURES_H

#define LK_PICTURE(class, box, inside)                                                             \
    "<svg class=\"" class "\" viewBox=\"" box                                                      \
                          "\" aria-hidden=\"true\" focusable=\"false\">" inside "</svg>\n"

#define LK_PICTURE_ICON                                                                            \
    "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' "      \
    "viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%231b4f8f'/%3E%3Cg "        \
    "fill='none' stroke='%23fff' stroke-width='2.6'%3E%3Ccircle cx='11.5' cy='16' r='4.5'/%3E%3C"  \
    "path d='M16 16h10v4M22 16v3'/%3E%3C/g%3E%3C/svg%3E\">\n"

#define LK_PICTURE_EMBLEM                                                                          \
    LK_PICTURE("logo", "0 0 32 32",                                                                \
               "<rect class=\"plate\" width=\"32\" height=\"32\" rx=\"7\"/><g class=\"line\">"     \
               "<circle cx=\"11.5\" cy=\"16\" r=\"4.5\"/><path d=\"M16 16h10v4M22 16v3\"/></g>")

/* A stick with a contact plate, seen from above: plug on the left. */
#define LK_PICTURE_STICK                                                                           \
    "<g class=\"plug\"><rect x=\"30\" y=\"40\" width=\"34\" height=\"28\" rx=\"2\"/>"              \
    "<path d=\"M38 49h10M38 59h10\"/></g>"                                                         \
    "<rect class=\"body\" x=\"64\" y=\"32\" width=\"104\" height=\"44\" rx=\"12\"/>"               \
    "<circle class=\"hole\" cx=\"152\" cy=\"54\" r=\"6\"/>"                                        \
    "<circle class=\"plate\" cx=\"106\" cy=\"54\" r=\"14\"/>"

#define LK_PICTURE_KEY                                                                             \
    LK_PICTURE("picture", "0 24 172 60",                                                           \
               "<rect class=\"port\" x=\"0\" y=\"28\" width=\"14\" height=\"52\" "                 \
               "rx=\"3\"/>" LK_PICTURE_STICK)

/* The same, plugged in, with a finger coming down on the plate. */
#define LK_PICTURE_TOUCH                                                                           \
    LK_PICTURE(                                                                                    \
        "picture touch", "0 24 156 122",                                                           \
        "<g transform=\"translate(-16 0)\">" LK_PICTURE_STICK                                      \
        "<circle class=\"wave one\" cx=\"106\" cy=\"54\" r=\"14\"/>"                               \
        "<circle class=\"wave two\" cx=\"106\" cy=\"54\" r=\"14\"/></g>"                           \
        "<rect class=\"port\" x=\"0\" y=\"28\" width=\"24\" height=\"52\" rx=\"3\"/>"              \
        "<path class=\"finger\" d=\"M80 62a10 10 0 0 1 20 0v34l22 6c9 2.500 14 9 13 18l-2 28H83"   \
        "l-19-27c-5-8 4-15 10-9l6 6z\"/>")

#define LK_PICTURE_WAIT                                                                            \
    LK_PICTURE("sign wait", "0 0 48 48",                                                           \
               "<circle class=\"track\" cx=\"24\" cy=\"24\" r=\"19\"/>"                            \
               "<path class=\"run\" d=\"M24 5a19 19 0 0 1 19 19\"/>")
#define LK_PICTURE_DONE                                                                            \
    LK_PICTURE("sign done", "0 0 48 48",                                                           \
               "<circle cx=\"24\" cy=\"24\" r=\"22\"/><path d=\"M14 25l7 7 13-15\"/>")
#define LK_PICTURE_WARNING                                                                         \
    LK_PICTURE("sign warning", "0 0 48 48",                                                        \
               "<circle cx=\"24\" cy=\"24\" r=\"22\"/><path d=\"M24 12v15M24 34v.01\"/>")
#define LK_PICTURE_REFUSED                                                                         \
    LK_PICTURE("sign refused", "0 0 48 48",                                                        \
               "<circle cx=\"24\" cy=\"24\" r=\"22\"/><path d=\"M16 16l16 16M32 16L16 32\"/>")
#define LK_PICTURE_CLOCK                                                                           \
    LK_PICTURE("sign warning", "0 0 48 48",                                                        \
               "<circle cx=\"24\" cy=\"24\" r=\"22\"/><path d=\"M24 12v13l8 6\"/>")
#define LK_PICTURE_HOUSE                                                                           \
    LK_PICTURE("sign house-fault", "0 0 48 48",                                                    \
               "<circle cx=\"24\" cy=\"24\" r=\"22\"/>"                                            \
               "<path d=\"M13 17h22v6H13zM13 27h22v6H13zM18 20v.01M18 30v.01\"/>")
#define LK_PICTURE_EYE                                                                             \
    LK_PICTURE("eye", "0 0 24 24",                                                                 \
               "<path d=\"M2 12c3-5 6.500-7 10-7s7 2 10 7c-3 5-6.500 7-10 7s-7-2-10-7z\"/>"        \
               "<circle cx=\"12\" cy=\"12\" r=\"3\"/><path class=\"bar\" d=\"M4 20L20 4\"/>")

#endif
