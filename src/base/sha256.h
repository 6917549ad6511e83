/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 of a text.  FIPS 180-4. */
#ifndef WEIR_BASE_SHA256_H
#define WEIR_BASE_SHA256_H

#include "base/bytes.h"

#define SHA256_TEXT 65

/* 64 hex digits.  Returns buffer. */
char *sha256_text(struct span bytes, char buffer[SHA256_TEXT]);

#endif
