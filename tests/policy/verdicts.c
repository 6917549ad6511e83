/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdict vectors, plane by plane: each row of a CSV file is a group and a source at a place of
 * the network, and the verdict and rule of each built-in profile.
 * Columns: plane,group,source,flags and one named after each profile; PROFILE_rule describes
 * the rule in words of its own, and the file of descriptions says which rule that is, or that
 * another one is right, and why. */
#include "base/csv.h"
#include "base/text.h"
#include "model/diag.h"
#include "policy/load.h"
#include "policy/table.h"
#include "t.h"

static const char *const profiles[] = { "chown-02", "modern", "ssm-only" };

static const struct plane {
	const char *name, *boundary;
	enum point  point;
	enum type   type;
} planes[] = {
	{ "border-data", "border", POINT_DATA, TYPE_DATA },
	{ "msdp-sa", "border", POINT_SA, TYPE_SA },
	{ "pim-join", "border", POINT_JOIN, TYPE_JOIN_PRUNE },
	{ "pim-register", "border", POINT_REGISTER, TYPE_REGISTER },
	{ "pim-bsr", "border", POINT_BOOTSTRAP, TYPE_BOOTSTRAP },
	{ "igmp-report", "border", POINT_MEMBERSHIP, TYPE_V3_REPORT },
	{ "subnet", "subnet", POINT_DATA, TYPE_DATA },
	{ "organisation", "organisation", POINT_DATA, TYPE_DATA },
};

struct row {
	unsigned    line;
	const char *fields[CSV_FIELDS_MAX];
	size_t	    n;
};

static struct row row_of(const struct csv *csv)
{
	struct row row = { .line = csv->line, .n = csv->n };

	memcpy(row.fields, csv->fields, csv->n * sizeof(csv->fields[0]));
	return row;
}

static char *read_file(const char *path, size_t *out_n)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	size_t n = 0, got;

	if (!f)
		return NULL;
	do {
		text = realloc(text, n + 65536);
		got = text ? fread(text + n, 1, 65536, f) : 0;
		n += got;
	} while (got > 0);
	fclose(f);
	*out_n = n;
	return text;
}

static const char *column(const struct row *titles, const struct row *row, const char *title)
{
	for (size_t i = 0; i < titles->n && i < row->n; i++)
		if (strcmp(titles->fields[i], title) == 0)
			return row->fields[i];
	return "";
}

/* --- descriptions --- */

struct described {
	const char *profile, *description, *plane, *group, *rule;
};

static struct described described[512];
static size_t described_count;
static struct arena descriptions;

/* Columns: profile,description,plane,group,rule,why; an empty plane or group is any. */
static bool read_descriptions(const char *path)
{
	size_t n = 0;
	char *text = read_file(path, &n);
	struct csv csv = csv_of((struct span){ (const uint8_t *)text, n }, &descriptions);

	if (!text)
		return false;
	csv_next(&csv);
	while (csv_next(&csv) && described_count < COUNT(described)) {
		check_named(csv.n == 6, "six columns of descriptions");
		if (csv.n == 6)
			described[described_count++] =
				(struct described){ csv.fields[0], csv.fields[1], csv.fields[2],
						    csv.fields[3], csv.fields[4] };
	}
	free(text);
	return true;
}

/* The name of the rule that a description means, or NULL where none is listed. */
static const char *rule_meant(const char *profile, const char *description, const char *plane,
			      const char *group)
{
	const char *best = NULL;

	for (size_t i = 0; i < described_count; i++) {
		const struct described *d = &described[i];

		if (strcmp(d->profile, profile) || strcmp(d->description, description) ||
		    (*d->plane && strcmp(d->plane, plane)) || (*d->group && strcmp(d->group, group)))
			continue;
		best = d->rule;
		if (*d->group)
			break;
	}
	return best;
}

/* --- asking --- */

static bool has_flag(const char *flags, const char *flag)
{
	size_t n = strlen(flag);

	for (const char *at = flags; (at = strstr(at, flag)); at += n)
		if ((at == flags || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
			return true;
	return false;
}

static const struct plane *find_plane(const char *name)
{
	for (size_t i = 0; i < COUNT(planes); i++)
		if (strcmp(planes[i].name, name) == 0)
			return &planes[i];
	return NULL;
}

/* A flag picks a variant where the profile has one. */
static const struct boundary *find_boundary(const struct policy *policy, const struct plane *plane,
					    const char *flags)
{
	const struct boundary *variant = NULL;

	if (has_flag(flags, "msdp-peering-enabled"))
		variant = policy_boundary(policy, "peering");
	if (has_flag(flags, "lan-inside-scope"))
		variant = policy_boundary(policy, "receivers");
	return variant ? variant : policy_boundary(policy, plane->boundary);
}

static struct observation ask(const struct plane *plane, const char *source, const char *group)
{
	struct observation obs = observation_none();

	obs.point = (uint8_t)plane->point;
	obs.type = (uint8_t)plane->type;
	check_named(addr_parse(group, strlen(group), &obs.group), group);
	if (strcmp(source, "*") == 0)
		obs.source = ADDR_ANY;
	else if (*source)
		check_named(addr_parse(source, strlen(source), &obs.source), source);
	obs.group_len = (uint8_t)addr_bits(obs.group);
	obs.source_len = (uint8_t)addr_bits(obs.source);
	if (plane->point == POINT_DATA) {
		obs.speaker = obs.source;
		obs.ip_protocol = 17;
		obs.protocol = PROTOCOL_UDP;
	}
	return obs;
}

static struct policy *load(const char *profile, const char *flags)
{
	const char *sets[] = { "inside-scopes=239.0.0.0/8" };
	struct policy_input input = { .name = profile };
	struct diags diags;
	struct policy *policy;

	if (has_flag(flags, "lan-inside-scope") && strcmp(profile, "modern") == 0) {
		input.sets = sets;
		input.set_count = COUNT(sets);
	}
	diags_init(&diags);
	policy = policy_load(&input, &diags);
	diags_release(&diags);
	return policy;
}

/* The verdict, and the rule by its name; or by its description, if that is what is wanted. */
static void say(struct text *out, const struct boundary *b, struct verdict v, const char *wanted)
{
	const struct rule *rule = v.rule == RULE_NONE ? NULL : b->rules[v.rule];

	text_put(out, v.action == ACTION_WARN ? "permit+warn" : action_name(v.action));
	if (*wanted && rule && rule->text && strcmp(rule->text, wanted) == 0)
		text_printf(out, " %s", wanted);
	else if (*wanted)
		text_printf(out, " %s", rule ? rule->name : "");
}

static void check_vector(const struct boundary *b, const struct observation *obs,
			 const char *verdict, const char *rule, const char *name)
{
	struct table *table = table_new(b);
	struct verdict by_table = table_judge(table, obs), truth = reference_judge(b, obs);
	char should[192];
	struct text is = { 0 };

	snprintf(should, sizeof(should), "%s%s%s", verdict, *rule ? " " : "", rule);
	say(&is, b, truth, rule);
	check_text(text_string(&is), should, name);
	check_named(by_table.rule == truth.rule && by_table.action == truth.action, name);
	text_release(&is);
	table_free(table);
}

static void check_profile(const struct row *titles, const struct row *row, const char *profile)
{
	const struct plane *plane = find_plane(column(titles, row, "plane"));
	const char *flags = column(titles, row, "flags"), *verdict = column(titles, row, profile);
	const char *group = column(titles, row, "group"), *source = column(titles, row, "source");
	struct policy *policy = load(profile, flags);
	char title[64], name[256];
	const char *description, *rule;

	check_named(plane && policy, "a plane and a profile");
	if (plane && policy && *verdict && strcmp(verdict, "-") != 0) {
		struct observation obs = ask(plane, source, group);

		snprintf(title, sizeof(title), "%s_rule", profile);
		description = column(titles, row, title);
		rule = rule_meant(profile, description, plane->name, group);
		snprintf(name, sizeof(name), "line %u: %s, %s: %s > %s %s", row->line, profile,
			 plane->name, source, group, flags);
		check_vector(find_boundary(policy, plane, flags), &obs, verdict,
			     rule ? rule : description, name);
	}
	policy_free(policy);
}

static unsigned check_file(const char *path)
{
	size_t n = 0;
	char *text = read_file(path, &n);
	struct arena arena;
	struct row titles, row;
	struct csv csv;
	unsigned rows = 0;

	arena_init(&arena);
	csv = csv_of((struct span){ (const uint8_t *)text, n }, &arena);
	check_named(csv_next(&csv), path);
	titles = row_of(&csv);
	while (csv_next(&csv)) {
		row = row_of(&csv);
		for (size_t i = 0; i < COUNT(profiles); i++)
			check_profile(&titles, &row, profiles[i]);
		rows++;
	}
	arena_release(&arena);
	free(text);
	return rows;
}

/* argv: the descriptions, then files of vectors; those that are not there are skipped. */
int main(int argc, char *argv[])
{
	unsigned failed = 0;

	arena_init(&descriptions);
	printf("1..%d\n", argc - 2);
	if (argc < 3 || !read_descriptions(argv[1]))
		return 1;
	for (int i = 2; i < argc; i++) {
		FILE *there = fopen(argv[i], "rb");
		unsigned rows;

		if (!there) {
			printf("ok %d - %s # SKIP not here\n", i - 1, argv[i]);
			continue;
		}
		fclose(there);
		t_failures = 0;
		rows = check_file(argv[i]);
		check(rows > 0);
		printf("%s %d - %s, %u vectors\n", t_failures ? "not ok" : "ok", i - 1, argv[i], rows);
		failed += t_failures > 0;
	}
	arena_release(&descriptions);
	return failed > 0;
}
