/* SPDX-License-Identifier: BSD-2-Clause */
/* What happened, told once: to the journal or syslog, and to the program of `notify exec`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/run_clerk.h"
#include "os/clock.h"
#include "os/service.h"

#define BURST 20			/* so many at once, then one a second */
#define FIELDS_MAX 32

/* A token a second, BURST of them at the start. */
static bool has_room(struct notices *n, int64_t now_ns)
{
	if (n->room_ns < now_ns - BURST * NS_PER_S)
		n->room_ns = now_ns - BURST * NS_PER_S;
	if (n->room_ns + NS_PER_S > now_ns) {
		n->suppressed++;
		return false;
	}
	n->room_ns += NS_PER_S;
	return true;
}

struct notice_field {
	char name[48], number[24];
};

/* WEIR_RULE=ntp from "rule": "ntp"; the journal's names are of capitals, digits and "_". */
static void name_field(const char *key, struct notice_field *out)
{
	size_t i = 5;

	memcpy(out->name, "WEIR_", 5);
	for (; key[i - 5] && i + 1 < sizeof(out->name); i++)
		out->name[i] = key[i - 5] >= 'a' && key[i - 5] <= 'z' ? (char)(key[i - 5] - 32)
								      : '_';
	out->name[i] = '\0';
}

static size_t put_fields(json_t *object, struct notice_field *names, const char **fields, size_t n)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		struct notice_field *field = &names[n / 2];

		if ((!json_is_string(value) && !json_is_integer(value)) || n + 2 > FIELDS_MAX ||
		    strcmp(key, "text") == 0)
			continue;
		name_field(key, field);
		snprintf(field->number, sizeof(field->number), "%lld",
			 (long long)json_integer_value(value));
		fields[n++] = field->name;
		fields[n++] = json_is_string(value) ? json_string_value(value) : field->number;
	}
	return n;
}

static void tell_herald(struct clerk_state *c, json_t *object)
{
	const struct message message = { .kind = MESSAGE_NOTICE };
	struct text text = { 0 };
	char *line;

	if (c->options->herald < 0)
		return;
	line = json_dumps(object, JSON_COMPACT);
	if (line) {
		text_put(&text, line);
		text_char(&text, '\n');
		message_send_text(c->options->herald, &message, &text);
	}
	text_release(&text);
	free(line);
}

/* The words for a log, which may have no room for fields. */
static void put_message(const struct clerk_state *c, const char *text, struct text *out)
{
	uint64_t n = c->notices.suppressed;

	text_put(out, text);
	if (n > 0)
		text_printf(out, "; %llu notice%s before it %s left out", (unsigned long long)n,
			    n == 1 ? "" : "s", n == 1 ? "was" : "were");
}

static void tell(struct clerk_state *c, int priority, json_t *object, const char *message)
{
	const char *fields[FIELDS_MAX] = { "MESSAGE", message };
	struct notice_field names[FIELDS_MAX / 2];

	if (!service_log(priority, fields, put_fields(object, names, fields, 2)))
		run_say("%s", message);
	tell_herald(c, object);
}

/* Takes the object. */
static void compose(struct clerk_state *c, int priority, const char *kind, const char *text,
		    json_t *object)
{
	struct text message = { 0 };
	char time[MTIME_TEXT];

	json_object_set_new(object, "schema", json_stringn("weir-notice/1", 13));
	json_object_set_new(object, "kind", json_stringn(kind, strlen(kind)));
	json_object_set_new(object, "text", json_stringn(text, strlen(text)));
	mtime_text(clock_now(), 3, time);
	json_object_set_new(object, "time", json_stringn(time, strlen(time)));
	if (c->notices.suppressed > 0)
		json_object_set_new(object, "suppressed",
				    json_integer((json_int_t)c->notices.suppressed));
	put_message(c, text, &message);
	c->notices.suppressed = 0;
	tell(c, priority, object, text_string(&message));
	text_release(&message);
	json_decref(object);
}

void clerk_notice(struct clerk_state *c, int priority, const char *kind, const char *key,
		  const char *text, json_t *more)
{
	json_t *object = more ? more : json_object();
	int64_t now_ns = clock_steady().ns;
	bool tells = repeats_tells(&c->repeats, (unsigned)priority, kind, key, text, now_ns);

	c->notices.suppressed += c->repeats.forgotten;
	c->repeats.forgotten = 0;
	if (tells && has_room(&c->notices, now_ns))
		compose(c, priority, kind, text, object);
	else
		json_decref(object);
}

void clerk_tell_repeats(struct clerk_state *c)
{
	int64_t now_ns = clock_steady().ns;
	struct text text = { 0 };
	struct repeat r;

	while (repeats_due(&c->repeats, now_ns, &r)) {
		if (!has_room(&c->notices, now_ns))
			continue;
		text_reset(&text);
		text_printf(&text, "%s (%u more time%s in %lld s)", r.text, r.times,
			    r.times == 1 ? "" : "s", (long long)(r.for_ns / NS_PER_S));
		compose(c, (int)r.priority, r.kind, text_string(&text),
			json_pack("{s:i}", "times", (int)r.times));
	}
	text_release(&text);
}
