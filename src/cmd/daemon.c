/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the daemon, and asking it. */
#include "cmd/daemon.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "daemon/client.h"
#include "os/file.h"
#include "sink/diag_print.h"

#define CONF_BYTES_MAX (1u << 20)
#define AGAIN 50
#define AGAIN_US 100000

struct conf *daemon_conf(const char *file, const struct io *io, int *out_status)
{
	struct conf *conf = NULL;
	struct text text = { 0 };
	struct diags diags;
	int error = file_read(file, CONF_BYTES_MAX, &text);

	diags_init(&diags);
	if (error < 0) {
		complain(io, "cannot read the configuration %s: %s", file, strerror(-error));
		*out_status = error == -ENOENT ? EXIT_USAGE : EXIT_SYSTEM;
	} else {
		conf = conf_parse(file, text_string(&text), text.n, &diags);
		if (!conf)
			*out_status = EXIT_USAGE;
	}
	diags_print(&diags, io->err_colour, io->err);
	diags_print_summary(&diags, io->err);
	diags_release(&diags);
	text_release(&text);
	return conf;
}

/* Appended.  The usual configuration need not be there, nor be readable for whoever may ask. */
static int find_control(const char *given, const char *conf_file, const struct io *io,
			struct text *out)
{
	struct text text = { 0 };
	int error = given ? 0 : file_read(conf_file, CONF_BYTES_MAX, &text), status = EXIT_CLEAN;

	if (error < 0 && strcmp(conf_file, DAEMON_CONF) != 0) {
		complain(io, "cannot read the configuration %s: %s", conf_file, strerror(-error));
		status = error == -ENOENT ? EXIT_USAGE : EXIT_SYSTEM;
	} else if (given) {
		text_put(out, given);
	} else if (error < 0 || !conf_control(conf_file, text_string(&text), text.n, out)) {
		text_put(out, CONF_CONTROL);
	}
	text_release(&text);
	return status;
}

const char *daemon_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int ask(const char *control, json_t *request, const struct io *io, struct text *out_line,
	       json_t **out)
{
	int error = client_ask(control, request, out_line, out);

	/* a process of the daemon that begins just now is soon there */
	for (unsigned i = 0; i < AGAIN && error == 0 && json_is_true(json_object_get(*out, "again")); i++) {
		usleep(AGAIN_US);
		json_decref(*out);
		if (out_line)
			text_reset(out_line);
		error = client_ask(control, request, out_line, out);
	}
	if (error == 0)
		return EXIT_CLEAN;
	if (error == -ENOENT || error == -ECONNREFUSED)
		complain(io, "no daemon listens at %s: start it with weir run", control);
	else
		complain(io, "cannot ask the daemon at %s: %s", control, strerror(-error));
	return EXIT_SYSTEM;
}

int daemon_ask(const char *control, const char *conf_file, json_t *request, const struct io *io,
	       struct text *out_line, json_t **out)
{
	struct text found = { 0 };
	int status = find_control(control, conf_file, io, &found);

	if (status == EXIT_CLEAN)
		status = ask(text_string(&found), request, io, out_line, out);
	text_release(&found);
	return status;
}

void daemon_tell_unwritten(const json_t *answer, const struct io *io)
{
	const json_t *generation = json_object_get(answer, "unwritten");

	if (generation)
		complain(io, "the state folder cannot be written: a restart loads another policy than generation "
			 "%lld, until there is room", (long long)json_integer_value(generation));
}

char *daemon_minute(const json_t *object, const char *key, char buffer[LOCAL_TIME_TEXT])
{
	struct mtime at;

	if (local_time_parse(daemon_text(object, key), &at))
		return local_minute_text(at, buffer);
	memcpy(buffer, "-", sizeof("-"));
	return buffer;
}

const char *daemon_safe(const json_t *object, const char *key)
{
	static struct text ring[16];
	static unsigned next;
	struct text *text = &ring[next++ % COUNT(ring)];

	text_reset(text);
	text_escape_utf8(text, span_of(daemon_text(object, key)));
	return text_string(text);
}
