/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines: what they fill in, and the one line that tells what is wrong with them. */
#include "cmd/options.h"

#include "t.h"

struct sample {
	struct common	common;
	bool		flag;
	const char     *text, *choice;
	uint64_t	number, bounded, duration;
	struct opt_time since;
	struct addr	rp;
	struct texts	names, operands;
};

static const struct opt opts[] = {
	{ OPT_FLAG, 'f', "flag", NULL, "a flag", offsetof(struct sample, flag), 0 },
	{ OPT_TEXT, 't', "text", "TEXT", "a text", offsetof(struct sample, text), 0 },
	{ OPT_CHOICE, 0, "vantage", "boundary|inside", "a word", offsetof(struct sample, choice), 0 },
	{ OPT_NUMBER, 'n', "number", "N", "a number", offsetof(struct sample, number), 0 },
	{ OPT_NUMBER, 0, "port", "N", "a port", offsetof(struct sample, bounded), 65535 },
	{ OPT_DURATION, 0, "interval", "TIME", "a time span", offsetof(struct sample, duration), 0 },
	{ OPT_TIME, 0, "since", "TIME", "a time", offsetof(struct sample, since), 0 },
	{ OPT_ADDR, 0, "rp", "ADDR", "an address", offsetof(struct sample, rp), 0 },
	{ OPT_LIST, 0, "name", "NAME", "a list", offsetof(struct sample, names), 0 },
	{ 0 },
};

static const struct sample defaults = { .number = 7 };

static const struct command command = {
	.name = "sample", .operands = "FILE [FILE]", .operands_min = 1, .operands_max = 2,
	.takes = TAKES_POLICY | TAKES_JSON, .opts = opts, .size = sizeof(struct sample),
	.defaults = &defaults, .operands_offset = offsetof(struct sample, operands),
};

static void put_texts(struct text *out, const char *name, const struct texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		text_printf(out, "%s=%s ", name, texts->list[i]);
}

static void put_sample(struct text *out, const struct sample *s)
{
	char buffer[MTIME_TEXT > ADDR_TEXT ? MTIME_TEXT : ADDR_TEXT];

	text_printf(out, "%s%s%s%s", s->flag ? "flag " : "", s->common.json ? "json " : "",
		    s->common.quiet ? "quiet " : "", s->common.help ? "help " : "");
	if (s->common.verbose)
		text_printf(out, "verbose=%u ", s->common.verbose);
	if (s->text)
		text_printf(out, "text=%s ", s->text);
	if (s->choice)
		text_printf(out, "vantage=%s ", s->choice);
	if (s->common.policy)
		text_printf(out, "policy=%s ", s->common.policy);
	if (s->number != 7)
		text_printf(out, "number=%llu ", (unsigned long long)s->number);
	if (s->bounded)
		text_printf(out, "port=%llu ", (unsigned long long)s->bounded);
	if (s->duration)
		text_printf(out, "interval=%llu ", (unsigned long long)s->duration);
	if (s->since.given)
		text_printf(out, "since=%s ", mtime_text(s->since.at, 0, buffer));
	if (addr_is_there(s->rp))
		text_printf(out, "rp=%s ", addr_text(s->rp, buffer));
	put_texts(out, "name", &s->names);
	put_texts(out, "set", &s->common.set);
	put_texts(out, "operand", &s->operands);
}

static const struct {
	const char *line, *says;	/* words between blanks; "!" begins a complaint */
} rows[] = {
	{ "a", "operand=a " },
	{ "a b", "operand=a operand=b " },
	{ "-", "operand=- " },
	{ "-f a", "flag operand=a " },
	{ "a -f", "flag operand=a " },
	{ "-- -f", "operand=-f " },
	{ "-fj -q a", "flag json quiet operand=a " },
	{ "-vv a --verbose", "verbose=3 operand=a " },
	{ "-tx a", "text=x operand=a " },
	{ "-t x a", "text=x operand=a " },
	{ "-ft x a", "flag text=x operand=a " },
	{ "--text=x=y a", "text=x=y operand=a " },
	{ "--text= a", "text= operand=a " },
	{ "--text -x a", "text=-x operand=a " },
	{ "--vantage inside a", "vantage=inside operand=a " },
	{ "-p modern a", "policy=modern operand=a " },
	{ "--number 18446744073709551615 a", "number=18446744073709551615 operand=a " },
	{ "--port 65535 a", "port=65535 operand=a " },
	{ "--since 2026-11-21T13:00:00Z a", "since=2026-11-21T13:00:00Z operand=a " },
	{ "--rp 10.0.0.1 a", "rp=10.0.0.1 operand=a " },
	{ "--name x --name y a --set o={} ", "name=x name=y set=o={} operand=a " },
	{ "--interval 90 a", "interval=90 operand=a " },
	{ "--interval 90s a", "interval=90 operand=a " },
	{ "--interval 5m a", "interval=300 operand=a " },
	{ "--interval 2h a", "interval=7200 operand=a " },
	{ "--interval 1d a", "interval=86400 operand=a " },
	{ "--help", "help " },
	{ "", "!nothing to work on: FILE [FILE]" },
	{ "a b c", "!one operand too many: 'c'" },
	{ "--txet x a", "!unknown option '--txet', did you mean '--text'?" },
	{ "--polcy=x", "!unknown option '--polcy', did you mean '--policy'?" },
	{ "-z a", "!unknown option '-z'" },
	{ "-fz a", "!unknown option '-z'" },
	{ "---", "!unknown option '---'" },
	{ "--\033[2J", "!unknown option '--\033[2J'" },
	{ "--text", "!--text needs an argument: TEXT" },
	{ "-t", "!--text needs an argument: TEXT" },
	{ "--flag=x a", "!--flag takes no argument" },
	{ "--vantage in a", "!--vantage wants boundary or inside, not 'in'" },
	{ "--vantage boundary|inside a", "!--vantage wants boundary or inside, not 'boundary|inside'" },
	{ "--vantage= a", "!--vantage wants boundary or inside, not ''" },
	{ "--color=blue a", "!--color wants auto, always or never, not 'blue'" },
	{ "--number -1 a", "!--number wants a number, not '-1'" },
	{ "--number 18446744073709551616 a", "!--number wants a number, not '18446744073709551616'" },
	{ "--number= a", "!--number wants a number, not ''" },
	{ "--port 65536 a", "!--port wants a number up to 65535, not '65536'" },
	{ "--since now a", "!--since wants a time such as '2026-11-21 14:00', 2026-11-21T13:00:00Z "
			   "or @1795266000, not 'now'" },
	{ "--interval 0 a", "!--interval wants a time span such as 90s, 5m, 1h or 1d, not '0'" },
	{ "--interval h a", "!--interval wants a time span such as 90s, 5m, 1h or 1d, not 'h'" },
	{ "--interval= a", "!--interval wants a time span such as 90s, 5m, 1h or 1d, not ''" },
	{ "--interval 1w a", "!--interval wants a time span such as 90s, 5m, 1h or 1d, not '1w'" },
	{ "--interval 999999999999999999999d a",
	  "!--interval wants a time span such as 90s, 5m, 1h or 1d, not '999999999999999999999d'" },
	{ "--rp 10.0.0 a", "!--rp wants an IPv4 or IPv6 address, not '10.0.0'" },
};

static void run_row(const char *line, struct text *out)
{
	struct text problem = { 0 };
	char *words[16], *copy = strdup(line);
	struct sample sample;
	struct arena arena;
	size_t n = 0;

	arena_init(&arena);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[n++] = word;
	if (options_parse(&command, n, words, &arena, &problem, &sample))
		put_sample(out, &sample);
	else
		text_printf(out, "!%s", text_string(&problem));
	text_release(&problem);
	arena_release(&arena);
	free(copy);
}

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text says = { 0 };

		run_row(rows[i].line, &says);
		check_text(text_string(&says), rows[i].says, rows[i].line);
		text_release(&says);
	}
}

static void test_shared_rows(void)
{
	const struct command plain = { .name = "plain", .size = sizeof(struct common) };
	unsigned policy = 0, json = 0, help = 0;
	const struct opt *o;

	for (size_t i = 0; (o = options_next(&plain, &i)) != NULL;) {
		policy += strcmp(o->name, "policy") == 0;
		json += strcmp(o->name, "json") == 0;
		help += strcmp(o->name, "help") == 0;
	}
	check(policy == 0 && json == 0 && help == 1);
}

/* No two rows of any command answer to one name. */
static void test_no_row_twice(void)
{
	for (size_t c = 0; commands[c]; c++) {
		const struct opt *a, *b;

		for (size_t i = 0; (a = options_next(commands[c], &i)) != NULL;)
			for (size_t k = i; (b = options_next(commands[c], &k)) != NULL;) {
				check_named(strcmp(a->name, b->name) != 0, a->name);
				check_named(!a->letter || a->letter != b->letter, a->name);
			}
	}
}

TEST_MAIN({ "rows", test_rows }, { "shared rows", test_shared_rows },
	  { "no row twice", test_no_row_twice })
