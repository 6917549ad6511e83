/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking the daemon at its control socket: one line of JSON, and one for an answer. */
#ifndef WEIR_DAEMON_CLIENT_H
#define WEIR_DAEMON_CLIENT_H

#include <jansson.h>

/* *out is the answer, to be given up by json_decref(); NULL where the daemon closed the line without
 * one.  0 or negative errno: -ECONNREFUSED and -ENOENT where no daemon listens. */
int client_ask(const char *socket, json_t *request, json_t **out);
/* The same, and raw: the line as it came, for -j.  Appended; may be NULL. */
struct text;
int client_ask_text(const char *socket, json_t *request, struct text *out_line, json_t **out);

#endif
