/* SPDX-License-Identifier: BSD-2-Clause */
/* weir explain: which rule decides for a source and a group, at every control point. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/load.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/signals.h"
#include "policy/load.h"
#include "sink/explain_print.h"

#define OUTPUT_CHUNK 65536
#define WORDS_MAX 16
#define REGISTRY_BYTES_MAX (64u << 20)
#define UNSAID UINT64_MAX

struct explain {
	struct common common;
	struct addr   rp;
	uint64_t      ttl, port;		/* UNSAID: unknown */
	struct texts  points;
	const char   *registry;
	struct texts  operands;
};

#define FIELD(name) offsetof(struct explain, name)

static const struct opt opts[] = {
	{ OPT_ADDR, 0, "rp", "ADDR", "the RP of (*,G), of a register or of an SA", FIELD(rp), 0 },
	{ OPT_NUMBER, 0, "ttl", "N", "the TTL on arrival", FIELD(ttl), 255 },
	{ OPT_NUMBER, 0, "port", "N", "the destination port", FIELD(port), 65535 },
	{ OPT_LIST, 0, "point", "POINT", "only this control point; may be repeated", FIELD(points), 0 },
	{ OPT_FILE, 0, "registry", "FILE", "names of groups from a newer file of IANA (CSV)",
	  FIELD(registry), 0 },
	{ 0 },
};

static const struct explain defaults = { .ttl = UNSAID, .port = UNSAID };

/* One run: what answers, and where to. */
struct explaining {
	const struct explain *options;
	const struct io	     *io;
	struct policy	     *policy;
	const struct boundary *boundary;
	struct table	     *table;
	struct registry	     *registry;
	struct explain_print  print;
	struct sheet	      sheet;
	struct text	      out;
	bool		      denied, mistaken;
	unsigned	      line;		/* of standard input; 0: the command line */
};

/* --- one query --- */

/* A query as it is read: the options of the command line hold where a line has none. */
struct asked_for {
	struct query query;
	unsigned     points;		/* bits; 0: all at which it can be said */
};

__attribute__((format(printf, 2, 3)))
static bool refuse(struct explaining *x, const char *format, ...)
{
	char message[256];
	va_list list;

	va_start(list, format);
	vsnprintf(message, sizeof(message), format, list);
	va_end(list);
	if (x->line)
		complain(x->io, "line %u: %s", x->line, message);
	else
		complain(x->io, "%s", message);
	x->mistaken = true;
	return false;
}

static bool read_point(struct explaining *x, const char *name, unsigned *points)
{
	for (unsigned i = 0; i < POINT_COUNT; i++) {
		if (strcmp(point_name(i), name) == 0) {
			*points |= 1u << i;
			return true;
		}
	}
	return refuse(x, "no control point '%s'; weir help points lists them", name);
}

static bool read_points(struct explaining *x, const char *names, unsigned *points)
{
	char copy[128];
	bool good = true;

	if (strlen(names) >= sizeof(copy))
		return refuse(x, "no control point '%s'", names);
	snprintf(copy, sizeof(copy), "%s", names);
	for (char *left = copy, *name; good && (name = strsep(&left, ","));)
		good = read_point(x, name, points);
	return good;
}

static bool read_pair(struct explaining *x, const char *source, const char *group,
		      struct query *q)
{
	if (strcmp(source, "*") == 0)
		q->source = ADDR_ANY;
	else if (!addr_parse(source, strlen(source), &q->source))
		return refuse(x, "'%s' is no source: an address, or '*' for any", source);
	if (!addr_parse(group, strlen(group), &q->group))
		return refuse(x, "'%s' is no group", group);
	if (!addr_is_multicast(q->group))
		return refuse(x, "%s is not multicast: groups are in 224.0.0.0/4 or ff00::/8", group);
	if (addr_is_there(q->source) && q->source.family != q->group.family)
		return refuse(x, "%s and %s are of two families", source, group);
	return true;
}

static bool read_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && !errno && *out <= max;
}

/* An option in a line of standard input, spelt as on the command line. */
static bool read_option(struct explaining *x, const char *name, const char *value,
			struct asked_for *ask)
{
	unsigned long number;

	if (strcmp(name, "--point") == 0)
		return read_points(x, value, &ask->points);
	if (strcmp(name, "--rp") == 0)
		return addr_parse(value, strlen(value), &ask->query.rp) ||
		       refuse(x, "--rp wants an address, not '%s'", value);
	if (strcmp(name, "--ttl") == 0) {
		ask->query.has_ttl = true;
		if (!read_number(value, 255, &number))
			return refuse(x, "--ttl wants a number up to 255, not '%s'", value);
		ask->query.ttl = (uint8_t)number;
	} else if (strcmp(name, "--port") == 0) {
		ask->query.has_port = true;
		if (!read_number(value, 65535, &number))
			return refuse(x, "--port wants a number up to 65535, not '%s'", value);
		ask->query.port = (uint16_t)number;
	} else {
		return refuse(x, "unknown option '%s'", name);
	}
	return true;
}

static bool answer(struct explaining *x, struct asked_for *ask)
{
	unsigned can = explain_points(&ask->query), points = ask->points ? ask->points : can;
	struct explained list[POINT_COUNT];
	size_t n = 0;

	if (!(points & can))
		return refuse(x, "%s is said at none of these control points",
			      ask->query.source.family == FAMILY_ANY ? "(*,G)" : "(S,G)");
	for (unsigned p = 0; p < POINT_COUNT; p++) {
		if (!(points & can & 1u << p))
			continue;
		explain_at(x->table, x->boundary, &ask->query, p, &list[n]);
		x->denied = x->denied || list[n].verdict.action == ACTION_DENY;
		n++;
	}
	if (x->options->common.quiet)
		return true;
	if (x->options->common.json)
		explain_json_put(&x->print, &ask->query, list, n, &x->out);
	else
		explain_text_print(&x->print, &ask->query, list, n, &x->sheet);
	return true;
}

static bool start(struct explaining *x, struct asked_for *out)
{
	const struct explain *o = x->options;

	*out = (struct asked_for){ .query = { .rp = o->rp, .now = clock_now() } };
	out->query.has_ttl = o->ttl != UNSAID;
	out->query.ttl = (uint8_t)o->ttl;
	out->query.has_port = o->port != UNSAID;
	out->query.port = (uint16_t)o->port;
	for (size_t i = 0; i < o->points.n; i++)
		if (!read_points(x, o->points.list[i], &out->points))
			return false;
	return true;
}

/* --- lines of standard input --- */

static void flush(struct explaining *x)
{
	if (x->out.n > 0)
		fwrite(x->out.p, 1, x->out.n, x->io->out);
	text_reset(&x->out);
}

/* "S G [--option value]..." */
static void read_line(struct explaining *x, char *line, const struct asked_for *start_from)
{
	struct asked_for ask = *start_from;
	char *words[WORDS_MAX], *left = line;
	bool good;
	size_t n = 0;

	for (char *word; (word = strsep(&left, " \t\r\n"));)
		if (*word && n < WORDS_MAX)
			words[n++] = word;
	if (n == 0 || words[0][0] == '#')
		return;
	if (n < 2 || n % 2 || n == WORDS_MAX) {
		refuse(x, "expected a source, a group and options with their values");
		return;
	}
	good = read_pair(x, words[0], words[1], &ask.query);
	for (size_t i = 2; good && i < n; i += 2)
		good = read_option(x, words[i], words[i + 1], &ask);
	if (good)
		answer(x, &ask);
}

static void answer_lines(struct explaining *x, const struct asked_for *start_from)
{
	char *line = NULL;
	size_t cap = 0;

	while (!signals_stop_asked() && getline(&line, &cap, x->io->in) >= 0) {
		x->line++;
		if (x->line > 1 && !x->options->common.json && !x->options->common.quiet)
			fputc('\n', x->io->out);
		read_line(x, line, start_from);
		if (x->out.n >= OUTPUT_CHUNK || x->io->out_is_terminal)
			flush(x);
		if (ferror(x->io->out))
			break;
	}
	free(line);
	x->line = 0;
}

/* --- the command --- */

static void complain_of_line(void *arg, unsigned line, const char *message)
{
	struct explaining *x = arg;

	complain(x->io, "%s:%u: %s", x->options->registry, line, message);
}

static bool load_names(struct explaining *x, int *out_status)
{
	struct text text = { 0 };
	int error;

	x->registry = registry_new();
	if (!x->options->registry)
		return true;
	error = file_read(x->options->registry, REGISTRY_BYTES_MAX, &text);
	if (error < 0)
		complain(x->io, "cannot read %s: %s", x->options->registry, strerror(-error));
	else if (!registry_read(x->registry, span_of(text_string(&text)), complain_of_line, x))
		error = 1;
	text_release(&text);
	*out_status = error < 0 ? EXIT_SYSTEM : EXIT_USAGE;
	return error == 0;
}

/* A table costs more than a query: only many queries are worth one. */
static bool load(struct explaining *x, bool many, int *out_status)
{
	x->policy = load_policy(&x->options->common, x->io, out_status);
	if (!x->policy)
		return false;
	*out_status = EXIT_USAGE;
	x->boundary = load_boundary(x->policy, &x->options->common, x->io);
	if (!x->boundary || !load_names(x, out_status))
		return false;
	x->table = many ? table_new(x->boundary) : NULL;
	explain_print_init(&x->print, x->policy, x->boundary, x->registry, x->options->common.json);
	x->print.verbose = x->options->common.verbose > 0;
	x->sheet = sheet_of(x->io->out, x->io->columns, x->io->colour);
	return true;
}

static int run(const void *arg, const struct io *io)
{
	const struct explain *o = arg;
	struct explaining x = { .options = o, .io = io };
	bool lines = o->operands.n == 1 && strcmp(o->operands.list[0], "-") == 0;
	int status = EXIT_USAGE;
	struct asked_for ask;

	if (o->operands.n != 2 && !lines) {
		complain(io, "expected a source and a group, or '-' for lines of standard input");
		return status;
	}
	if (!load(&x, lines, &status))
		goto done;
	signals_catch();
	if (!start(&x, &ask))
		goto done;
	if (lines)
		answer_lines(&x, &ask);
	else if (read_pair(&x, o->operands.list[0], o->operands.list[1], &ask.query))
		answer(&x, &ask);
	flush(&x);
	status = x.mistaken ? EXIT_USAGE : x.denied ? EXIT_FINDINGS : EXIT_CLEAN;
done:
	explain_print_release(&x.print);
	sheet_release(&x.sheet);
	text_release(&x.out);
	table_free(x.table);
	registry_free(x.registry);
	policy_free(x.policy);
	return status;
}

const struct command cmd_explain = {
	.name = "explain",
	.summary = "say which rule decides for a source and a group, and why",
	.operands = "S G | -", .operands_min = 1, .operands_max = 2,
	.about = "Prints the verdict at every control point at which S and G can be said, with the "
		 "rule that decides, the rules that would decide if more were known ('unless') and the "
		 "rules behind it that would match too ('also'); -v tells why the rules before it do "
		 "not match.  S is an address, or '*' for (*,G).  With '-' every line of standard input "
		 "is a query: S G, and the options --rp, --ttl, --port and --point.  Exits 0, or 1 if a "
		 "verdict shown is deny.",
	.example = "weir explain 10.20.3.9 239.255.255.250\n"
		   "weir explain -b peering --point sa --rp 198.51.100.1 198.51.100.7 233.252.1.1\n"
		   "weir explain -j '*' ff3e::8000:1",
	.takes = TAKES_POLICY | TAKES_JSON, .opts = opts, .size = sizeof(struct explain),
	.defaults = &defaults, .operands_offset = FIELD(operands), .run = run,
};
