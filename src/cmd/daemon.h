/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands share that run the daemon or talk to it: its configuration, and its control
 * socket. */
#ifndef WEIR_CMD_DAEMON_H
#define WEIR_CMD_DAEMON_H

#include <jansson.h>

#include "cmd/command.h"
#include "cmd/load.h"
#include "os/localtime.h"
#include "policy/conf.h"

#define DAEMON_CONF LOAD_CONF

/* NULL, with complaints, where it cannot be read or has mistakes; the caller frees it. */
struct conf *daemon_conf(const char *file, const struct io *io, int *out_status);

/* Asks the daemon at this control socket, or where it is NULL at that of the configuration, or at the
 * usual one.  EXIT_CLEAN with *out, which may be NULL where it went without a word, and the line
 * that it was made of, unless out_line is NULL; else the exit status, with a complaint. */
int daemon_ask(const char *control, const char *conf_file, json_t *request, const struct io *io,
	       struct text *out_line, json_t **out);

/* A member that is a time, as "2026-11-21 14:00 CET"; "-" where it is none.  Returns buffer. */
char *daemon_minute(const json_t *object, const char *key, char buffer[LOCAL_TIME_TEXT]);

/* Complains where what is in force could not be written to the state folder. */
void daemon_tell_unwritten(const json_t *answer, const struct io *io);

/* The text of a member, or "". */
const char *daemon_text(const json_t *object, const char *key);
/* The same, safe for a terminal; it lives until the next but fifteen. */
const char *daemon_safe(const json_t *object, const char *key);

#endif
