/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of the closed lists.  Knows no packet and no policy. */
#include "model/observation.h"

#include <assert.h>

struct named {
	const char *name, *meaning, *rfc;
};

static const struct named points[] = {
#define POINT(symbol, name, meaning) { name, meaning, NULL },
#include "model/points.def"
#undef POINT
};

static const struct named actions[] = {
#define ACTION(symbol, name) { name, NULL, NULL },
#include "model/actions.def"
#undef ACTION
};

static const struct named protocols[] = {
#define PROTOCOL(symbol, name, meaning) { name, meaning, NULL },
#include "model/protocols.def"
};

static const struct named types[] = {
#define TYPE(symbol, name, protocols, rfc) { name, protocols, rfc },
#include "model/protocols.def"
};

static const struct named anomalies[] = {
	{ "none", "nothing is odd", NULL },
#define ANOMALY(symbol, name, meaning) { name, meaning, NULL },
#include "model/anomalies.def"
#undef ANOMALY
};

static const struct named flags[] = {
#define FLAG(symbol, name, meaning) { name, meaning, NULL },
#include "model/flags.def"
#undef FLAG
};

static const char *const whats[] = {
	"none", "send", "join",	    "leave",	 "prune", "query",  "register",
	"sa",	"rp",	"announce", "advertise", "hello", "router",
};

_Static_assert(FLAG_COUNT <= 64, "flags are bits of 64");
_Static_assert(TYPE_COUNT <= 64, "rules keep their types as bits of 64");
_Static_assert(COUNT(whats) == WHAT_COUNT, "every what has a name");

static const struct named *look(const struct named *list, unsigned n, unsigned index)
{
	assert(index < n);
	return &list[index];
}

const char *point_name(enum point point)
{
	return look(points, COUNT(points), point)->name;
}

const char *point_meaning(enum point point)
{
	return look(points, COUNT(points), point)->meaning;
}

const char *action_name(enum action action)
{
	return look(actions, COUNT(actions), action)->name;
}

const char *protocol_name(enum protocol protocol)
{
	return look(protocols, COUNT(protocols), protocol)->name;
}

const char *protocol_meaning(enum protocol protocol)
{
	return look(protocols, COUNT(protocols), protocol)->meaning;
}

const char *type_name(enum type type)
{
	return look(types, COUNT(types), type)->name;
}

const char *type_protocols(enum type type)
{
	return look(types, COUNT(types), type)->meaning;
}

const char *type_rfc(enum type type)
{
	return look(types, COUNT(types), type)->rfc;
}

const char *anomaly_name(enum anomaly anomaly)
{
	return look(anomalies, COUNT(anomalies), anomaly)->name;
}

const char *anomaly_meaning(enum anomaly anomaly)
{
	return look(anomalies, COUNT(anomalies), anomaly)->meaning;
}

const char *flag_name(unsigned index)
{
	return look(flags, COUNT(flags), index)->name;
}

const char *flag_meaning(unsigned index)
{
	return look(flags, COUNT(flags), index)->meaning;
}

const char *what_name(enum what what)
{
	assert(what < COUNT(whats));
	return whats[what];
}

struct observation observation_none(void)
{
	return (struct observation)OBSERVATION_NONE;
}
