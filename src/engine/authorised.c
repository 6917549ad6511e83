/* SPDX-License-Identifier: BSD-2-Clause */
/* Authorised RAS servers: reading the list, and asking it.  The list is short (an operator
 * wrote it), so it is walked.  Knows no file and no inventory. */
#include "engine/authorised.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

#define LENGTH_ANY UINT32_MAX

struct entry {
	struct addr first, last;
	struct span name;		/* in the list's arena; empty: any name */
	unsigned    line;
};

struct authorised {
	struct arena  arena;
	struct entry *list;
	size_t	      n, cap;
};

/* One line while it is read.  Columns count from 1. */
struct line {
	const char   *file;
	struct span   text;
	unsigned      number;
	size_t	      at;
	struct diags *diags;
	struct arena  words;		/* for the texts of complaints */
};

struct word {
	struct span text;
	unsigned    column;
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word in front of a comment; false at the line's end. */
static bool word_next(struct line *l, struct word *out)
{
	size_t begin;

	while (l->at < l->text.n && is_blank(l->text.p[l->at]))
		l->at++;
	begin = l->at;
	while (l->at < l->text.n && !is_blank(l->text.p[l->at]) && l->text.p[l->at] != '#')
		l->at++;
	if (l->at == begin)
		return false;
	*out = (struct word){ { l->text.p + begin, l->at - begin }, (unsigned)begin + 1 };
	return true;
}

static const char *text_of(struct line *l, struct span s)
{
	return s.n ? arena_text(&l->words, (const char *)s.p, s.n) : "";
}

static void complain(struct line *l, enum severity severity, struct word word,
		     const char *message, const char *hint)
{
	diags_add(l->diags, &(struct diag){
		.severity = severity, .file = l->file, .line = l->number, .column = word.column,
		.width = (unsigned)word.text.n, .message = message, .hint = hint,
		.source_line = text_of(l, l->text),
	});
}

/* The digits behind the slash; LENGTH_ANY where they are none. */
static uint32_t read_length(struct span digits)
{
	uint32_t value = 0;

	if (digits.n == 0 || digits.n > 3)
		return LENGTH_ANY;
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return LENGTH_ANY;
		value = value * 10 + (uint32_t)(digits.p[i] - '0');
	}
	return value;
}

static bool check_prefix(struct line *l, struct word word, struct addr a, uint32_t length)
{
	char prefix[ADDR_TEXT];

	if (length > addr_bits(a)) {
		complain(l, SEVERITY_ERROR, word, "no such prefix length",
			 a.family == FAMILY_IP4 ? "0 to 32" : "0 to 128");
		return false;
	}
	if (!addr_equal(addr_first(a, length), a)) {
		prefix_text(addr_first(a, length), length, prefix);
		complain(l, SEVERITY_ERROR, word,
			 "the address has bits behind its prefix length",
			 arena_printf(&l->words, "write %s", prefix));
		return false;
	}
	if (addr_is_multicast(a)) {
		complain(l, SEVERITY_ERROR, word, "a server's address is no multicast group",
			 "write the address that the advertisements come from");
		return false;
	}
	return true;
}

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/64". */
static bool read_prefix(struct line *l, struct word word, struct entry *out)
{
	const uint8_t *slash = memchr(word.text.p, '/', word.text.n);
	size_t n = slash ? (size_t)(slash - word.text.p) : word.text.n;
	uint32_t length;
	struct addr a;

	if (!addr_parse((const char *)word.text.p, n, &a)) {
		complain(l, SEVERITY_ERROR, word,
			 arena_printf(&l->words, "'%s' is no address", text_of(l, word.text)),
			 "a line is an address or a prefix, then perhaps a host name; a name "
			 "alone authorises nobody, because anyone can send it");
		return false;
	}
	length = addr_bits(a);
	if (slash)
		length = read_length((struct span){ slash + 1, word.text.n - n - 1 });
	if (!check_prefix(l, word, a, length))
		return false;
	out->first = a;
	out->last = addr_last(a, length);
	return true;
}

static bool read_name(struct line *l, struct word word, struct authorised *list,
		      struct entry *out)
{
	for (size_t i = 0; i < word.text.n; i++) {
		if (word.text.p[i] <= 0x20 || word.text.p[i] >= 0x7f) {
			complain(l, SEVERITY_ERROR, word, "a host name is written in ASCII",
				 "as the server announces it");
			return false;
		}
	}
	out->name = span_of(arena_text(&list->arena, (const char *)word.text.p, word.text.n));
	return true;
}

static bool is_same(const struct entry *a, const struct entry *b)
{
	return addr_equal(a->first, b->first) && addr_equal(a->last, b->last) &&
	       span_equal(a->name, b->name);
}

static void add_entry(struct line *l, struct word word, struct authorised *list,
		      const struct entry *entry)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!is_same(&list->list[i], entry))
			continue;
		complain(l, SEVERITY_WARNING, word,
			 arena_printf(&l->words, "line %u says the same", list->list[i].line),
			 NULL);
		return;
	}
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 16;
		list->list = memory_grow(list->list, list->cap, sizeof(list->list[0]));
	}
	list->list[list->n++] = *entry;
}

static void read_line(struct line *l, struct authorised *list)
{
	struct entry entry = { .line = l->number };
	struct word address, word;

	if (!word_next(l, &address) || !read_prefix(l, address, &entry))
		return;
	if (word_next(l, &word) && !read_name(l, word, list, &entry))
		return;
	if (word_next(l, &word))
		complain(l, SEVERITY_ERROR, word, "one host name a line",
			 "write the address again on a line of its own for another name");
	else
		add_entry(l, address, list, &entry);
}

struct authorised *authorised_parse(const char *file, struct span text, struct diags *diags)
{
	struct authorised *list = memory_take(sizeof(*list));
	struct line line = { .file = file, .diags = diags };
	struct rd r = rd_of(text);
	unsigned errors = diags->errors;

	arena_init(&list->arena);
	arena_init(&line.words);
	while (rd_left(&r) > 0) {
		const uint8_t *end = memchr(r.p, '\n', rd_left(&r));

		line.number++;
		line.at = 0;
		line.text = rd_take(&r, end ? (size_t)(end - r.p) : rd_left(&r));
		if (end)
			rd_skip(&r, 1);
		read_line(&line, list);
	}
	arena_release(&line.words);
	if (diags->errors == errors)
		return list;
	authorised_free(list);
	return NULL;
}

void authorised_free(struct authorised *list)
{
	if (!list)
		return;
	arena_release(&list->arena);
	free(list->list);
	free(list);
}

size_t authorised_count(const struct authorised *list)
{
	return list->n;
}

static uint8_t small(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static bool equal_letters(struct span a, struct span b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (small(a.p[i]) != small(b.p[i]))
			return false;
	}
	return true;
}

/* HOSTNAME, or HOSTNAME.DOMAIN. */
static bool is_named(struct span name, struct span hostname, struct span domain)
{
	struct span front = { name.p, hostname.n };

	if (equal_letters(name, hostname))
		return true;
	return domain.n > 0 && name.n == hostname.n + 1 + domain.n &&
	       equal_letters(front, hostname) && name.p[hostname.n] == '.' &&
	       equal_letters((struct span){ name.p + hostname.n + 1, domain.n }, domain);
}

bool authorised_has(const struct authorised *list, struct addr address, struct span hostname,
		    struct span domain)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct entry *e = &list->list[i];

		if (addr_order(e->first, address) > 0 || addr_order(address, e->last) > 0)
			continue;
		if (e->name.n == 0 || is_named(e->name, hostname, domain))
			return true;
	}
	return false;
}
