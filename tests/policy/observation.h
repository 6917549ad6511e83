/* SPDX-License-Identifier: BSD-2-Clause */
/* Observations as tests write them: "point=join source=* group=232.1.1.1 flags=rpt". */
#ifndef WEIR_TESTS_OBSERVATION_H
#define WEIR_TESTS_OBSERVATION_H

#include "t.h"

#include "model/observation.h"

/* A name's index in a closed list. */
static inline unsigned find_name(const char *name, const char *(*name_of)(unsigned), unsigned n)
{
	unsigned i = 0;

	while (i < n && strcmp(name_of(i), name) != 0)
		i++;
	check_named(i < n, name);
	return i < n ? i : 0;
}

static inline const char *point_of(unsigned i)
{
	return point_name((enum point)i);
}

static inline const char *type_of(unsigned i)
{
	return type_name((enum type)i);
}

static inline const char *what_of(unsigned i)
{
	return what_name((enum what)i);
}

static inline struct addr read_addr(const char *text)
{
	struct addr a = ADDR_NONE;

	if (strcmp(text, "*") == 0)
		return ADDR_ANY;
	check_named(addr_parse(text, strlen(text), &a), text);
	return a;
}

static inline void read_group(char *text, struct observation *out)
{
	char *slash = strchr(text, '/');

	if (slash)
		*slash = '\0';
	out->group = read_addr(text);
	out->group_len = (uint8_t)(slash ? strtoul(slash + 1, NULL, 10) : addr_bits(out->group));
}

static inline void read_protocol(const char *text, struct observation *out)
{
	out->ip_protocol = (uint16_t)strtoul(text, NULL, 10);
	out->protocol = (uint8_t)(out->ip_protocol == 6 ? PROTOCOL_TCP
				  : out->ip_protocol == 17 ? PROTOCOL_UDP : PROTOCOL_IP);
}

static inline void read_what(const char *text, struct observation *out)
{
	out->what = (uint8_t)(*text ? find_name(text, what_of, WHAT_COUNT) : WHAT_NONE);
	out->notice = out->what == WHAT_NONE || out->what == WHAT_LEAVE ||
		      out->what == WHAT_PRUNE || out->what == WHAT_QUERY || out->what == WHAT_HELLO;
}

static inline void read_field(const char *key, char *value, struct observation *out)
{
	if (strcmp(key, "point") == 0)
		out->point = (uint8_t)find_name(value, point_of, POINT_COUNT);
	else if (strcmp(key, "source") == 0)
		out->source = read_addr(value);
	else if (strcmp(key, "group") == 0)
		read_group(value, out);
	else if (strcmp(key, "rp") == 0)
		out->rp = read_addr(value);
	else if (strcmp(key, "speaker") == 0)
		out->speaker = read_addr(value);
	else if (strcmp(key, "what") == 0)
		read_what(value, out);
	else if (strcmp(key, "type") == 0)
		out->type = (uint8_t)find_name(value, type_of, TYPE_COUNT);
	else if (strcmp(key, "flags") == 0 && *value)
		out->flags |= UINT64_C(1) << find_name(value, flag_name, FLAG_COUNT);
	else if (strcmp(key, "direction") == 0)
		out->direction = strcmp(value, "in") == 0 ? DIRECTION_IN : DIRECTION_OUT;
	else if (strcmp(key, "joined") == 0)
		out->joined = strcmp(value, "yes") == 0 ? JOINED_YES : JOINED_NO;
	else if (strcmp(key, "protocol") == 0)
		read_protocol(value, out);
	else if (strcmp(key, "port") == 0)
		out->dport = (uint16_t)strtoul(value, NULL, 10);
	else if (strcmp(key, "ttl") == 0)
		out->ttl = (uint8_t)strtoul(value, NULL, 10);
	else if (strcmp(key, "flags") != 0)
		check_named(false, key);
	out->has_ports = out->has_ports || strcmp(key, "port") == 0;
	out->has_ttl = out->has_ttl || strcmp(key, "ttl") == 0;
}

static inline struct observation read_observation(char *text)
{
	struct observation obs = observation_none();
	char *rest = text, *field;

	obs.at.ns = day_of(2026, 11, 21) * 86400 * NS_PER_S;
	obs.what = WHAT_SEND;
	while ((field = strsep(&rest, " "))) {
		char *equal = strchr(field, '=');

		check_named(equal != NULL, field);
		if (!equal)
			continue;
		*equal = '\0';
		read_field(field, equal + 1, &obs);
	}
	obs.source_len = (uint8_t)addr_bits(obs.source);
	return obs;
}

#endif
