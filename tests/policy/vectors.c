/* SPDX-License-Identifier: BSD-2-Clause */
/* Published questions and answers: each row of a CSV file names a policy, a boundary, chosen
 * sets and an observation, and the verdict and rule that it must get.  The answer is asked of
 * the interpreter and of the compiled table.
 * Columns: policy,boundary,sets,observation,verdict,rule,why. */
#include "observation.h"

#include "policy/load.h"
#include "policy/table.h"

#define COLUMNS 7

enum column { POLICY, BOUNDARY, SETS, OBSERVATION, VERDICT, RULE, WHY };

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
