/* SPDX-License-Identifier: BSD-2-Clause */
/* Published questions and answers: each row of a CSV file names a policy, a boundary, chosen
 * sets and an observation, and the verdict and rule that it must get.  The answer is asked of
 * the interpreter and of the compiled table.
 * Columns: policy,boundary,sets,observation,verdict,rule,why. */
#include "t.h"

#include <unistd.h>

#include "policy/load.h"
#include "policy/table.h"

#define COLUMNS 7

enum column { POLICY, BOUNDARY, SETS, OBSERVATION, VERDICT, RULE, WHY };

/* A name's index in a closed list. */
static unsigned find_name(const char *name, const char *(*name_of)(unsigned), unsigned n)
{
	unsigned i = 0;

	while (i < n && strcmp(name_of(i), name) != 0)
		i++;
	check_named(i < n, name);
	return i < n ? i : 0;
}

static const char *point_of(unsigned i)
{
	return point_name((enum point)i);
}

static const char *type_of(unsigned i)
{
	return type_name((enum type)i);
}

static const char *what_of(unsigned i)
{
	return what_name((enum what)i);
}

static struct addr read_addr(const char *text)
{
	struct addr a = ADDR_NONE;

	if (strcmp(text, "*") == 0)
		return ADDR_ANY;
	check_named(addr_parse(text, strlen(text), &a), text);
	return a;
}

static void read_group(char *text, struct observation *out)
{
	char *slash = strchr(text, '/');

	if (slash)
		*slash = '\0';
	out->group = read_addr(text);
	out->group_len = (uint8_t)(slash ? strtoul(slash + 1, NULL, 10) : addr_bits(out->group));
}

static void read_protocol(const char *text, struct observation *out)
{
	out->ip_protocol = (uint16_t)strtoul(text, NULL, 10);
	out->protocol = (uint8_t)(out->ip_protocol == 6 ? PROTOCOL_TCP
				  : out->ip_protocol == 17 ? PROTOCOL_UDP : PROTOCOL_IP);
}

static void read_what(const char *text, struct observation *out)
{
	out->what = (uint8_t)(*text ? find_name(text, what_of, WHAT_COUNT) : WHAT_NONE);
	out->notice = out->what == WHAT_NONE || out->what == WHAT_LEAVE ||
		      out->what == WHAT_PRUNE || out->what == WHAT_QUERY || out->what == WHAT_HELLO;
}

static void read_field(const char *key, char *value, struct observation *out)
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

static struct observation read_observation(char *text)
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

static const char *rule_of(const struct boundary *b, struct verdict v)
{
	return v.rule == RULE_NONE ? "" : b->rules[v.rule]->name;
}

static void check_verdict(const struct boundary *b, struct verdict v, char *const row[COLUMNS],
			  const char *by, const char *asked)
{
	char is[256], should[256], name[512];

	snprintf(is, sizeof(is), "%s %s", action_name((enum action)v.action), rule_of(b, v));
	snprintf(should, sizeof(should), "%s %s", row[VERDICT], row[RULE]);
	snprintf(name, sizeof(name), "%s: %s %s %s: %s", by, row[POLICY], row[BOUNDARY],
		 row[SETS], asked);
	check_text(is, should, name);
}

static void check_row(char *const row[COLUMNS])
{
	char *set = row[SETS], asked[256];
	struct policy_input input = { .name = row[POLICY], .sets = (const char *const *)&set,
				      .set_count = *set ? 1 : 0 };
	struct diags diags;
	struct policy *policy;
	const struct boundary *b = NULL;

	diags_init(&diags);
	policy = policy_load(&input, &diags);
	for (size_t i = 0; i < diags.n; i++)
		printf("# %s:%u: %s\n", diags.list[i].file, diags.list[i].line,
		       diags.list[i].message);
	if (policy)
		b = policy_boundary(policy, row[BOUNDARY]);
	check_named(b != NULL, row[BOUNDARY]);
	if (b) {
		struct table *table = table_new(b);
		struct observation obs;

		snprintf(asked, sizeof(asked), "%s", row[OBSERVATION]);
		obs = read_observation(row[OBSERVATION]);
		check_verdict(b, reference_judge(b, &obs), row, "interpreter", asked);
		check_verdict(b, table_judge(table, &obs), row, "table", asked);
		table_free(table);
	}
	policy_free(policy);
	diags_release(&diags);
}

static bool split_row(char *line, char *row[COLUMNS])
{
	unsigned n = 0;
	char *field;

	line[strcspn(line, "\r\n")] = '\0';
	while (n < COLUMNS && (field = strsep(&line, ",")))
		row[n++] = field;
	return n == COLUMNS;
}

static size_t check_file(FILE *f)
{
	char line[1024], *row[COLUMNS];
	size_t rows = 0;

	check(fgets(line, sizeof(line), f) != NULL);		/* the names of the columns */
	while (fgets(line, sizeof(line), f)) {
		if (!split_row(line, row)) {
			check_named(false, line);
			continue;
		}
		check_row(row);
		rows++;
	}
	return rows;
}

int main(int argc, char **argv)
{
	unsigned failed = 0;

	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");
		size_t rows;

		if (!f) {
			printf("ok %d # SKIP %s is not there\n", i, argv[i]);
			continue;
		}
		t_failures = 0;
		rows = check_file(f);
		fclose(f);
		check(rows > 0);
		printf("%s %d - %zu rows of %s\n", t_failures ? "not ok" : "ok", i, rows, argv[i]);
		failed += t_failures > 0;
	}
	return failed ? 1 : 0;
}
