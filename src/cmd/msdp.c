/* SPDX-License-Identifier: BSD-2-Clause */
/* What the `weir msdp` commands share: the question to the daemon, and words safe to print. */
#include "cmd/msdp.h"

#include <string.h>

#include "base/text.h"
#include "cmd/daemon.h"

const struct msdp msdp_defaults = { .config = DAEMON_CONF };

unsigned long long msdp_number(const json_t *object, const char *key)
{
	return (unsigned long long)json_integer_value(json_object_get(object, key));
}

/* An address of the options: true where it is none or good. */
static bool set_address(json_t *request, const char *key, const char *text, const struct io *io)
{
	const bool is_group = strcmp(key, "group") == 0;
	struct addr a;

	if (!text)
		return true;
	if (!addr_parse(text, strlen(text), &a) || a.family != FAMILY_IP4) {
		complain(io, "--%s takes an IPv4 address, not '%s'", key, text);
		return false;
	}
	if (addr_is_multicast(a) != is_group) {
		complain(io, is_group ? "--%s takes a group, from 224.0.0.0 on; '%s' is a host's address"
				      : "--%s takes a host's address; '%s' is a group", key, text);
		return false;
	}
	json_object_set_new(request, key, json_stringn(text, strlen(text)));
	return true;
}

static int show(const struct msdp *o, const json_t *answer, const char *line, msdp_tell *tell,
		const struct io *io)
{
	if (!answer) {
		complain(io, "the daemon ended without an answer");
		return EXIT_SYSTEM;
	}
	if (msdp_number(answer, "status") != 0) {
		complain(io, "%s", daemon_text(answer, "problem"));
		return (int)msdp_number(answer, "status");
	}
	if (o->common.json)
		fputs(line, io->out);
	else
		tell(answer, io->out);
	return EXIT_CLEAN;
}

int msdp_run(const struct msdp *o, const char *command, const char *what, msdp_tell *tell,
	     const struct io *io)
{
	json_t *request = json_pack("{s:s, s:s}", "command", command, "what", what), *answer = NULL;
	struct text line = { 0 };
	int status = EXIT_USAGE;

	if (set_address(request, "source", o->source, io) &&
	    set_address(request, "group", o->group, io) && set_address(request, "rp", o->rp, io) &&
	    set_address(request, "peer", o->peer, io)) {
		if (o->verdict)
			json_object_set_new(request, "verdict",
					    json_stringn(o->verdict, strlen(o->verdict)));
		status = daemon_ask(o->control, o->config, request, io, &line, &answer);
		if (status == EXIT_CLEAN)
			status = show(o, answer, text_string(&line), tell, io);
	}
	json_decref(request);
	json_decref(answer);
	text_release(&line);
	return status;
}
