/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside the issuer's tests: ends that the test plays. */
#ifndef LK_TEST_ISSUER_NEIGHBOURS_H
#define LK_TEST_ISSUER_NEIGHBOURS_H

#include "issuer_house.h"

struct house_end *house_end_new(enum lk_role_socket role, int fd);

#endif
