/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking the daemon at its control socket: one line of JSON, and one for an answer. */
#ifndef WEIR_DAEMON_CLIENT_H
#define WEIR_DAEMON_CLIENT_H

#include <jansson.h>

#include "base/text.h"

/* *out is the answer, to be given up by json_decref(); NULL where the daemon closed the line without
 * one.  out_line, which may be NULL, is given the line as it came, for -j.  0 or negative errno:
 * -ECONNREFUSED and -ENOENT where no daemon listens. */
int client_ask(const char *socket, json_t *request, struct text *out_line, json_t **out);

#endif
