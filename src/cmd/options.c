/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a command line by typed rows.  Knows no command; the shared options stand here, once
 * for all commands. */
#include "cmd/options.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "base/nearest.h"
#include "os/localtime.h"

#define AT(field) offsetof(struct common, field)

static const struct opt policy_opts[] = {
	{ OPT_POLICY, 'p', "policy", "FILE|PROFILE",
	  "judge by this policy file or built-in profile (default: modern)", AT(policy), 0 },
	{ OPT_TEXT, 'b', "boundary", "NAME", "judge at this boundary (default: the policy's first)",
	  AT(boundary), 0 },
	{ 0 },
};

static const struct opt set_opts[] = {
	{ OPT_LIST, 0, "set", "NAME=SET", "choose a set that the policy leaves open (?=)", AT(set), 0 },
	{ 0 },
};

static const struct opt capture_opts[] = {
	{ OPT_TEXT, 'f', "filter", "EXPRESSION",
	  "read only packets that match this libpcap filter (pcap-filter(7))", AT(filter), 0 },
	{ OPT_TIME, 0, "since", "TIME", "read only packets from this time on", AT(since), 0 },
	{ OPT_TIME, 0, "until", "TIME", "read only packets before this time", AT(until), 0 },
	{ OPT_LIST, 0, "inside", "SET|vlan:N|mac:ADDR|link:NAME",
	  "what is inside, for rules with 'in' and 'out'; may be repeated", AT(inside), 0 },
	{ OPT_FLAG, 0, "checksums", NULL, "verify the UDP checksum of every datagram", AT(checksums),
	  0 },
	{ 0 },
};

static const struct opt json_opts[] = {
	{ OPT_FLAG, 'j', "json", NULL, "JSON instead of text, see weir-json(5)", AT(json), 0 },
	{ 0 },
};

static const struct opt every_opts[] = {
	{ OPT_FLAG, 'q', "quiet", NULL, "no output beside errors; the exit status tells", AT(quiet),
	  0 },
	{ OPT_COUNT, 'v', "verbose", NULL, "say more", AT(verbose), 0 },
	{ OPT_CHOICE, 0, "color", "auto|always|never",
	  "colour the output (default: auto, also off where NO_COLOR is set)", AT(color), 0 },
	{ OPT_FLAG, 'h', "help", NULL, "print this help", AT(help), 0 },
	{ 0 },
};

const struct opt *options_next(const struct command *command, size_t *i)
{
	const struct opt *lists[] = {
		command->opts,
		command->takes & TAKES_CAPTURE ? capture_opts : NULL,
		command->takes & TAKES_POLICY ? policy_opts : NULL,
		command->takes & (TAKES_POLICY | TAKES_SETS) ? set_opts : NULL,
		command->takes & TAKES_JSON ? json_opts : NULL,
		every_opts,
	};
	size_t left = (*i)++;

	for (size_t k = 0; k < COUNT(lists); k++)
		for (const struct opt *o = lists[k]; o && o->kind != OPT_END; o++)
			if (left-- == 0)
				return o;
	return NULL;
}

struct reading {
	const struct command *command;
	struct arena	     *arena;
	struct text	     *problem;
	char		     *out;		/* the command's struct */
};

static void add_text(struct reading *r, size_t offset, const char *value)
{
	struct texts *texts = (struct texts *)(void *)(r->out + offset);
	const char **list = arena_array(r->arena, texts->n + 1, sizeof(*list));

	if (texts->n > 0)
		memcpy(list, texts->list, texts->n * sizeof(*list));
	list[texts->n] = value;
	*texts = (struct texts){ list, texts->n + 1 };
}

/* True where `value` is one of the words between the bars of `choices`. */
static bool is_choice(const char *choices, const char *value)
{
	size_t n = strlen(value);

	for (const char *word = choices; word; word = strchr(word, '|')) {
		word += *word == '|';
		if (strcspn(word, "|") == n && strncmp(word, value, n) == 0)
			return true;
	}
	return false;
}

static bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (const char *c = text; *c; c++) {
		unsigned digit = (unsigned)(*c - '0');

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (max > 0 && value > max)
		return false;
	*out = value;
	return true;
}

bool options_span(const char *text, uint64_t max, uint64_t *out)
{
	static const struct {
		char	 letter;
		unsigned seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t n = strlen(text);
	unsigned unit = 1;
	char digits[24];
	uint64_t value;

	for (size_t i = 0; n > 1 && i < COUNT(units); i++)
		if (text[n - 1] == units[i].letter)
			unit = units[i].seconds;
	n -= n > 1 && strchr("smhd", text[n - 1]);
	if (n >= sizeof(digits))
		return false;
	memcpy(digits, text, n);
	digits[n] = '\0';
	if (!parse_number(digits, (max > 0 ? max : UINT64_MAX / 1000000000) / unit, &value) ||
	    value == 0)
		return false;
	*out = value * unit;
	return true;
}

/* "auto, always or never" */
static void say_choices(struct text *out, const char *choices)
{
	for (const char *word = choices; *word;) {
		size_t n = strcspn(word, "|");

		text_put_n(out, word, n);
		word += n;
		if (*word)
			text_put(out, strchr(++word, '|') ? ", " : " or ");
	}
}

/* What the argument must look like, for the complaint. */
static void say_wanted(struct text *out, const struct opt *o)
{
	if (o->kind == OPT_CHOICE)
		say_choices(out, o->argument);
	else if (o->kind == OPT_NUMBER && o->max > 0)
		text_printf(out, "a number up to %llu", (unsigned long long)o->max);
	else if (o->kind == OPT_NUMBER)
		text_put(out, "a number");
	else if (o->kind == OPT_DURATION)
		text_put(out, "a time span such as 90s, 5m, 1h or 1d");
	else if (o->kind == OPT_TIME)
		text_put(out, "a time such as '2026-11-21 14:00', 2026-11-21T13:00:00Z or @1795266000");
	else
		text_put(out, "an IPv4 or IPv6 address");
}

static bool store(struct reading *r, const struct opt *o, const char *value)
{
	void *field = r->out + o->offset;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)field = true;
		return true;
	case OPT_COUNT:
		++*(unsigned *)field;
		return true;
	case OPT_LIST:
		add_text(r, o->offset, value);
		return true;
	case OPT_CHOICE:
		*(const char **)field = value;
		return is_choice(o->argument, value);
	case OPT_NUMBER:
		return parse_number(value, o->max, field);
	case OPT_DURATION:
		return options_span(value, o->max, field);
	case OPT_TIME:
		((struct opt_time *)field)->given = true;
		return local_time_parse(value, &((struct opt_time *)field)->at);
	case OPT_ADDR:
		return addr_parse(value, strlen(value), field);
	default:
		*(const char **)field = value;
		return true;
	}
}

static bool takes_argument(const struct opt *o)
{
	return o->kind != OPT_FLAG && o->kind != OPT_COUNT;
}

static bool refuse_value(struct reading *r, const struct opt *o, const char *value)
{
	text_printf(r->problem, "--%s wants ", o->name);
	say_wanted(r->problem, o);
	text_printf(r->problem, ", not '%s'", value);
	return false;
}

static bool refuse_option(struct reading *r, const char *typed, size_t n)
{
	char name[64];
	struct nearest nearest;
	const struct opt *o;

	text_printf(r->problem, "unknown option '%.*s'", (int)n, typed);
	if (n < 4 || n - 2 >= sizeof(name))
		return false;
	memcpy(name, typed + 2, n - 2);
	name[n - 2] = '\0';
	nearest = nearest_of(name);
	for (size_t i = 0; (o = options_next(r->command, &i)) != NULL;)
		nearest_offer(&nearest, o->name);
	if (nearest.word)
		text_printf(r->problem, ", did you mean '--%s'?", nearest.word);
	return false;
}

static const struct opt *find_long(const struct command *command, const char *name, size_t n)
{
	const struct opt *o;

	for (size_t i = 0; (o = options_next(command, &i)) != NULL;)
		if (strlen(o->name) == n && strncmp(o->name, name, n) == 0)
			return o;
	return NULL;
}

static const struct opt *find_letter(const struct command *command, char letter)
{
	const struct opt *o;

	for (size_t i = 0; (o = options_next(command, &i)) != NULL;)
		if (o->letter == letter)
			return o;
	return NULL;
}

/* The words and the place in them: an option's argument may be the next word. */
struct words {
	size_t	     n, i;
	char *const *list;
};

static bool read_value(struct reading *r, struct words *w, const struct opt *o, const char *value)
{
	if (takes_argument(o) && !value) {
		if (w->i == w->n) {
			text_printf(r->problem, "--%s needs an argument: %s", o->name, o->argument);
			return false;
		}
		value = w->list[w->i++];
	}
	return store(r, o, value) || refuse_value(r, o, value);
}

/* --name, --name=value, --name value */
static bool read_long(struct reading *r, struct words *w, const char *word)
{
	size_t n = strcspn(word, "=");
	const struct opt *o = find_long(r->command, word + 2, n - 2);
	const char *value = word[n] ? word + n + 1 : NULL;

	if (!o)
		return refuse_option(r, word, n);
	if (value && !takes_argument(o)) {
		text_printf(r->problem, "--%s takes no argument", o->name);
		return false;
	}
	return read_value(r, w, o, value);
}

/* -jq, -pFILE, -p FILE */
static bool read_letters(struct reading *r, struct words *w, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		const struct opt *o = find_letter(r->command, *c);
		char typed[] = { '-', *c };

		if (!o)
			return refuse_option(r, typed, sizeof(typed));
		if (takes_argument(o))
			return read_value(r, w, o, c[1] ? c + 1 : NULL);
		store(r, o, NULL);
	}
	return true;
}

static bool read_operand(struct reading *r, const char *word)
{
	const struct command *c = r->command;
	struct texts *operands = (struct texts *)(void *)(r->out + c->operands_offset);

	if (!c->operands || operands->n >= c->operands_max) {
		text_printf(r->problem, "one operand too many: '%s'", word);
		return false;
	}
	add_text(r, c->operands_offset, word);
	return true;
}

static bool has_enough(struct reading *r)
{
	const struct command *c = r->command;
	const struct texts *operands =
		(const struct texts *)(const void *)(r->out + c->operands_offset);

	if (((const struct common *)(const void *)r->out)->help || !c->operands ||
	    operands->n >= c->operands_min)
		return true;
	text_printf(r->problem, operands->n ? "an operand is missing: %s" : "nothing to work on: %s",
		    c->operands);
	return false;
}

bool options_parse(const struct command *command, size_t n, char *const words[],
		   struct arena *arena, struct text *problem, void *out)
{
	struct reading r = { command, arena, problem, out };
	struct words w = { n, 0, words };
	bool options_ended = false;

	assert(command->size >= sizeof(struct common));
	memset(out, 0, command->size);
	if (command->defaults)
		memcpy(out, command->defaults, command->size);
	while (w.i < n) {
		const char *word = words[w.i++];
		bool good;

		if (options_ended || word[0] != '-' || !word[1])
			good = read_operand(&r, word);
		else if (strcmp(word, "--") == 0)
			good = options_ended = true;
		else if (word[1] == '-')
			good = read_long(&r, &w, word);
		else
			good = read_letters(&r, &w, word);
		if (!good)
			return false;
	}
	return has_enough(&r);
}
