/* SPDX-License-Identifier: BSD-2-Clause */
/* The registry of names: reading IANA's CSV files, and looking groups up.  RFC 2365 9
 * (relative addresses), RFC 3180 (GLOP), RFC 6034, RFC 3306, RFC 3956, RFC 4607.  Knows no
 * files and no policy. */
#include "net/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/csv.h"
#include "base/memory.h"
#include "net/embed.h"
#include "net/embedded.h"
#include "net/scope.h"

#define ENTRY_NONE UINT32_MAX
#define SCOPE_NIBBLE (UINT64_C(0xf) << 48)
#define COMPLAINTS_MAX 100

struct entry {
	struct addr first, last;
	const char *name, *reference;
	uint32_t    outer;		/* the nearest entry before it that reaches into it */
	uint16_t    file;		/* higher: newer */
	uint16_t    row;
	bool	    unofficial;
};

/* Sorted by the first address, wide before narrow. */
struct entries {
	struct entry *list;
	size_t	      n, cap;
};

struct numbers {			/* relative addresses, ports */
	uint32_t    first, last;
	const char *name, *reference;
};

struct number_list {
	struct numbers *list;
	size_t		n, cap;
};

struct registry {
	struct arena	   arena;
	struct entries	   fixed;
	struct entries	   variable;	/* ff0x::, ff3x::, with the scope's nibble 0 */
	struct number_list relative, ports;
	uint16_t	   files;
	bool		   is_read;	/* the built-in names */
};

/* --- reading --- */

enum column { COLUMN_ADDRESS, COLUMN_FIRST, COLUMN_LAST, COLUMN_RELATIVE, COLUMN_PORT, COLUMN_NAME,
	      COLUMN_REFERENCE, COLUMN_COUNT };

static const struct {
	const char *title;
	enum column column;
} titles[] = {
	{ "address(es)", COLUMN_ADDRESS }, { "address", COLUMN_ADDRESS },
	{ "addresses", COLUMN_ADDRESS },   { "first", COLUMN_FIRST },
	{ "last", COLUMN_LAST },	   { "relative", COLUMN_RELATIVE },
	{ "offset", COLUMN_RELATIVE },	   { "port", COLUMN_PORT },
	{ "name", COLUMN_NAME },	   { "description", COLUMN_NAME },
	{ "reference", COLUMN_REFERENCE }, { "references", COLUMN_REFERENCE },
};

struct reading {
	struct registry	  *registry;
	struct csv	   csv;
	int		   columns[COLUMN_COUNT];	/* place in the row, or -1 */
	uint16_t	   row;
	bool		   unofficial;
	unsigned	   complaints;
	registry_complain *complain;
	void		  *arg;
};

static void complain(struct reading *r, const char *message)
{
	if (r->complaints++ < COMPLAINTS_MAX && r->complain)
		r->complain(r->arg, r->csv.line, message);
}

static const char *field(const struct reading *r, enum column column)
{
	int at = r->columns[column];

	return at >= 0 && (size_t)at < r->csv.n ? r->csv.fields[at] : "";
}

static bool find_columns(struct reading *r)
{
	bool place;

	for (int i = 0; i < COLUMN_COUNT; i++)
		r->columns[i] = -1;
	for (size_t i = 0; i < r->csv.n; i++)
		for (size_t k = 0; k < COUNT(titles); k++)
			if (strcasecmp(r->csv.fields[i], titles[k].title) == 0)
				r->columns[titles[k].column] = (int)i;
	place = r->columns[COLUMN_ADDRESS] >= 0 || r->columns[COLUMN_FIRST] >= 0 ||
		r->columns[COLUMN_RELATIVE] >= 0 || r->columns[COLUMN_PORT] >= 0;
	if (!place)
		complain(r, "no column of addresses: expected 'Address(es)', 'first', 'relative' or "
			    "'port' in the first line");
	else if (r->columns[COLUMN_NAME] < 0)
		complain(r, "no column of names: expected 'Description' or 'name' in the first line");
	return place && r->columns[COLUMN_NAME] >= 0;
}

/* An address, whose scope may be x for any: then *variable is set. */
static bool read_addr(const char *text, size_t n, struct addr *out, bool *variable)
{
	char copy[ADDR_TEXT];

	if (n < 4 || n >= sizeof(copy))
		return false;
	memcpy(copy, text, n);
	if (memchr(text, ':', n) && (copy[3] == 'x' || copy[3] == 'X')) {
		copy[3] = '0';
		*variable = true;
	}
	return addr_parse(copy, n, out);
}

static bool read_length(const char *text, unsigned bits, unsigned *out)
{
	char *end;
	unsigned long length = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || length > bits)
		return false;
	*out = (unsigned)length;
	return true;
}

static size_t trimmed(const char *text, size_t n)
{
	while (n > 0 && text[n - 1] == ' ')
		n--;
	return n;
}

/* "A", "A-B", "A - B" or "A/length". */
static bool read_place(const char *text, struct range *out, bool *variable)
{
	const char *dash = strchr(text, '-'), *slash = strchr(text, '/');
	const char *end = dash ? dash : slash ? slash : text + strlen(text);
	struct range range;
	unsigned length;

	if (!read_addr(text, trimmed(text, (size_t)(end - text)), &range.first, variable))
		return false;
	range.last = range.first;
	if (dash) {
		dash += 1 + strspn(dash + 1, " ");
		if (!read_addr(dash, trimmed(dash, strlen(dash)), &range.last, variable))
			return false;
	} else if (slash) {
		if (!read_length(slash + 1, addr_bits(range.first), &length))
			return false;
		range = (struct range){ addr_first(range.first, length),
					addr_last(range.first, length) };
	}
	if (range.first.family != range.last.family || addr_order(range.first, range.last) > 0)
		return false;
	*out = range;
	return true;
}

static void add_entry(struct reading *r, struct range range, bool variable)
{
	struct entries *e = variable ? &r->registry->variable : &r->registry->fixed;

	if (e->n == e->cap) {
		e->cap = e->cap ? 2 * e->cap : 256;
		e->list = memory_grow(e->list, e->cap, sizeof(*e->list));
	}
	e->list[e->n++] = (struct entry){
		.first = range.first, .last = range.last, .name = field(r, COLUMN_NAME),
		.reference = field(r, COLUMN_REFERENCE), .file = r->registry->files, .row = r->row,
		.unofficial = r->unofficial,
	};
}

static void read_entry(struct reading *r)
{
	const char *place = field(r, COLUMN_ADDRESS);
	struct range range, last;
	bool variable = false, good;

	if (r->columns[COLUMN_ADDRESS] >= 0) {
		good = read_place(place, &range, &variable);
	} else {
		const char *end = field(r, COLUMN_LAST);

		place = field(r, COLUMN_FIRST);
		good = read_place(place, &range, &variable);
		if (good && *end) {
			good = read_place(end, &last, &variable) &&
			       last.first.family == range.first.family &&
			       addr_order(range.first, last.last) <= 0;
			range.last = good ? last.last : range.last;
		}
	}
	if (!good)
		complain(r, *place ? "no address, range or prefix that can be read" : "an empty address");
	else if (!addr_is_multicast(range.first) || !addr_is_multicast(range.last))
		complain(r, "not multicast");
	else
		add_entry(r, range, variable);
}

static void read_number(struct reading *r, struct number_list *list, const char *text,
			unsigned long max)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10), last = first;

	if (*end == '-')
		last = strtoul(end + 1, &end, 10);
	if (*text < '0' || *text > '9' || *end || first > last || last > max) {
		complain(r, "no number or range of numbers");
		return;
	}
	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 64;
		list->list = memory_grow(list->list, list->cap, sizeof(*list->list));
	}
	list->list[list->n++] =
		(struct numbers){ (uint32_t)first, (uint32_t)last, field(r, COLUMN_NAME),
				  field(r, COLUMN_REFERENCE) };
}

static void read_row(struct reading *r)
{
	r->row++;
	if (r->csv.problem)
		complain(r, r->csv.problem);
	else if (!*field(r, COLUMN_NAME))
		complain(r, "an empty name");
	else if (r->columns[COLUMN_RELATIVE] >= 0)
		read_number(r, &r->registry->relative, field(r, COLUMN_RELATIVE), 255);
	else if (r->columns[COLUMN_PORT] >= 0)
		read_number(r, &r->registry->ports, field(r, COLUMN_PORT), 65535);
	else
		read_entry(r);
}

/* --- order --- */

static int order_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = addr_order(x->first, y->first);

	if (!order)
		order = addr_order(y->last, x->last);
	if (!order && x->file != y->file)
		order = x->file < y->file ? -1 : 1;
	return order ? order : (int)x->row - (int)y->row;
}

/* Links every entry to the nearest one before it that reaches over its first address: that
 * chain meets all entries that hold an address. */
static void link_entries(struct entries *e)
{
	if (e->n > 0)
		qsort(e->list, e->n, sizeof(*e->list), order_entries);
	for (size_t i = 0; i < e->n; i++) {
		uint32_t outer = i > 0 ? (uint32_t)i - 1 : ENTRY_NONE;

		while (outer != ENTRY_NONE && addr_order(e->list[outer].last, e->list[i].first) < 0)
			outer = e->list[outer].outer;
		e->list[i].outer = outer;
	}
}

static bool read_file(struct reading *r, struct span text)
{
	r->csv = csv_of(text, &r->registry->arena);
	if (!csv_next(&r->csv)) {
		complain(r, "an empty file");
		return false;
	}
	if (r->csv.problem)
		complain(r, r->csv.problem);
	else if (find_columns(r))
		while (csv_next(&r->csv))
			read_row(r);
	return r->complaints == 0;
}

static void read_built_in(struct registry *registry)
{
	for (size_t i = 0; i < registry_files_count; i++) {
		const struct embedded *file = &registry_files[i];
		struct reading r = { .registry = registry,
				     .unofficial = strcmp(file->name, "unofficial") == 0 };

		read_file(&r, (struct span){ (const uint8_t *)file->text, file->n });
	}
	link_entries(&registry->fixed);
	link_entries(&registry->variable);
	registry->is_read = true;
}

/* The same, with the built-in names there.  Most runs that may name a group never do. */
static const struct registry *filled(const struct registry *registry)
{
	if (!registry->is_read)
		read_built_in((struct registry *)(uintptr_t)registry);
	return registry;
}

bool registry_read(struct registry *registry, struct span csv, registry_complain *say, void *arg)
{
	struct reading r = { .registry = registry, .complain = say, .arg = arg };
	struct registry before;
	bool good;

	filled(registry);
	registry->files++;
	before = *registry;
	good = read_file(&r, csv);
	if (!good) {			/* what was read stands behind what was there */
		registry->fixed.n = before.fixed.n;
		registry->variable.n = before.variable.n;
		registry->relative.n = before.relative.n;
		registry->ports.n = before.ports.n;
	}
	link_entries(&registry->fixed);
	link_entries(&registry->variable);
	return good;
}

struct registry *registry_new(void)
{
	struct registry *registry = memory_take(sizeof(*registry));

	arena_init(&registry->arena);
	return registry;
}

void registry_free(struct registry *registry)
{
	if (!registry)
		return;
	free(registry->fixed.list);
	free(registry->variable.list);
	free(registry->relative.list);
	free(registry->ports.list);
	arena_release(&registry->arena);
	free(registry);
}

/* --- looking up --- */

/* The last entry that begins at or before a, or one around it: the head of the chain. */
static uint32_t find_entry(const struct entries *e, struct addr a)
{
	size_t low = 0, high = e->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_order(e->list[middle].first, a) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? (uint32_t)low - 1 : ENTRY_NONE;
}

static bool says_nothing(const char *name)
{
	return strncmp(name, "Unassigned", 10) == 0 || strncmp(name, "Reserved", 8) == 0 ||
	       strncmp(name, "Deprecated", 10) == 0 || strncmp(name, "Dynamic assignment", 18) == 0;
}

/* Blocks whose addresses tell more by themselves than the block's name does. */
static bool is_block(const struct entry *e)
{
	return e->first.family == FAMILY_IP4 && e->last.lo - e->first.lo >= 0xffff;
}

/* Newer files go first, then the narrowest; an entry that says nothing comes last. */
static bool is_name(const struct entry *e)
{
	return !says_nothing(e->name) && !is_block(e);
}

/* The newest file that knows the address; names that no registry has do not count. */
static uint16_t newest_file(const struct entries *e, struct addr a)
{
	uint16_t newest = 0;

	for (uint32_t i = find_entry(e, a); i != ENTRY_NONE; i = e->list[i].outer) {
		const struct entry *next = &e->list[i];

		if (addr_order(next->last, a) >= 0 && !is_block(next) && next->file > newest)
			newest = next->file;
	}
	return newest;
}

/* The narrowest name that the newest file has; without one, the narrowest entry. */
static const struct entry *choose(const struct entries *e, struct addr a)
{
	const struct entry *best = NULL;
	uint16_t newest = newest_file(e, a);

	for (uint32_t i = find_entry(e, a); i != ENTRY_NONE; i = e->list[i].outer) {
		const struct entry *next = &e->list[i];
		bool counts = is_name(next) && (next->file == newest || next->unofficial);

		if (addr_order(next->last, a) >= 0 && (!best || (counts && !is_name(best))))
			best = next;
	}
	return best;
}

static const struct entry *find_name(const struct registry *r, struct addr group)
{
	const struct entry *best = choose(&r->fixed, group), *variable;

	if (group.family != FAMILY_IP6)
		return best;
	group.hi &= ~SCOPE_NIBBLE;
	variable = choose(&r->variable, group);
	if (!best || (variable && says_nothing(best->name)))
		return variable;
	return best;
}

static void name_by(struct group_name *out, enum name_kind kind, const char *name,
		    const char *reference)
{
	out->kind = kind;
	out->reference = reference;
	snprintf(out->text, sizeof(out->text), "%s", name);
}

/* RFC 2365 9: the top 256 addresses of the local and of the organisation-local scope, counted
 * from above. */
static bool name_relative(const struct registry *r, struct addr group, struct group_name *out)
{
	struct scope scope;
	unsigned offset = 255 - (unsigned)(group.lo & 0xff);

	if (group.family != FAMILY_IP4 ||
	    (group.lo >> 8 != 0xefffff && group.lo >> 8 != 0xefc3ff) || !scope_of(group, &scope))
		return false;
	for (size_t i = r->relative.n; i-- > 0;) {
		const struct numbers *n = &r->relative.list[i];

		if (offset < n->first || offset > n->last)
			continue;
		if (says_nothing(n->name))
			return false;
		name_by(out, NAME_RELATIVE, n->name, n->reference);
		out->offset = offset;
		out->zone = scope.zone;
		return true;
	}
	return false;
}

static void name_prefix(struct addr group, struct range prefix, struct group_name *out)
{
	char text[ADDR_TEXT];

	out->prefix = prefix.first;
	out->prefix_len = group.family == FAMILY_IP4 ? 24 : (unsigned)(group.hi >> 32 & 0xff);
	prefix_text(out->prefix, out->prefix_len, text);
	name_by(out, NAME_PREFIX, "", group.family == FAMILY_IP4 ? "RFC 6034" : "RFC 3306");
	snprintf(out->text, sizeof(out->text), "of %s", text);
}

static bool is_ssm(struct addr group)
{
	if (group.family == FAMILY_IP4)
		return group.lo >> 24 == 232;
	return group.hi >> 56 == 0xff && (group.hi >> 52 & 0x7) == 3 && (uint32_t)group.hi == 0;
}

/* What a group says of itself. */
static bool name_derived(struct addr group, struct group_name *out)
{
	struct range prefix;
	char text[ADDR_TEXT];

	if (embedded_rp(group, addr_bits(group), &out->rp)) {
		name_by(out, NAME_RP, "", "RFC 3956");
		snprintf(out->text, sizeof(out->text), "RP %s", addr_text(out->rp, text));
	} else if (embedded_prefix(group, addr_bits(group), &prefix)) {
		name_prefix(group, prefix, out);
	} else if (group.family == FAMILY_IP4 && group.lo >= 0xe9000000 && group.lo < 0xe9fc0000) {
		out->as = (uint32_t)(group.lo >> 8 & 0xffff);		/* RFC 3180 3 */
		name_by(out, NAME_GLOP, "", "RFC 3180");
		snprintf(out->text, sizeof(out->text), "GLOP of AS %u", (unsigned)out->as);
	} else if (is_ssm(group)) {
		name_by(out, NAME_SSM, "SSM", "RFC 4607");
	} else {
		return false;
	}
	return true;
}

void registry_group(const struct registry *registry, struct addr group, struct group_name *out)
{
	const struct entry *e;

	*out = (struct group_name){ .kind = NAME_NONE, .reference = "" };
	if (!addr_is_multicast(group))
		return;
	e = find_name(filled(registry), group);
	if (e && is_name(e))
		name_by(out, e->unofficial ? NAME_UNOFFICIAL : NAME_REGISTERED, e->name,
			e->reference);
	else if (name_relative(registry, group, out) || name_derived(group, out))
		return;
	else if (e && e->unofficial)
		name_by(out, NAME_UNOFFICIAL, e->name, e->reference);
	else if (e)
		name_by(out, NAME_BLOCK, e->name, e->reference);
}

const char *registry_port(const struct registry *registry, uint16_t port)
{
	for (size_t i = filled(registry)->ports.n; i-- > 0;)
		if (port >= registry->ports.list[i].first && port <= registry->ports.list[i].last)
			return registry->ports.list[i].name;
	return NULL;
}
