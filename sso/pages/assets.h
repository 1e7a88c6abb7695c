/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside sso/pages only: files that are compiled in. */
#ifndef LK_SSO_PAGES_ASSETS_H
#define LK_SSO_PAGES_ASSETS_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t lk_asset_style[];
extern const size_t lk_asset_style_size;
extern const uint8_t lk_asset_script[];
extern const size_t lk_asset_script_size;

#endif
