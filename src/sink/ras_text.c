/* SPDX-License-Identifier: BSD-2-Clause */
/* RAS servers for a person.  Times are local. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "os/localtime.h"
#include "sink/ras_print.h"
#include "sink/sheet.h"

#define WIDTH_SENDER 15
#define WIDTH_NAME 16
#define WIDTH_DOMAIN 14
#define WIDTH_HOPS 4
#define WIDTH_HEARD 16
#define WIDTH_NEXT 7
#define INDENT 17			/* of what goes on in the next line */
#define CELL_TEXT 64

static_assert(CELL_TEXT >= ADDR_TEXT && CELL_TEXT >= LOCAL_TIME_TEXT, "an address or a time");

/* The time of day, or the date where it is another day's. */
static char *moment_text(const struct ras_print *p, struct mtime at, char buffer[LOCAL_TIME_TEXT])
{
	char today[LOCAL_TIME_TEXT];

	local_date_text(p->now, today);
	if (strcmp(local_date_text(at, buffer), today) == 0)
		local_clock_text(at, 0, buffer);
	return buffer;
}

/* The same without seconds. */
static char *minute_text(const struct ras_print *p, struct mtime at, char buffer[LOCAL_TIME_TEXT])
{
	moment_text(p, at, buffer);
	if (strlen(buffer) == strlen("14:02:11"))
		buffer[strlen("14:02")] = '\0';
	return buffer;
}

static void put_state(const struct ras_print *p, const struct ras_host *h, struct text *out)
{
	char buffer[LOCAL_TIME_TEXT];

	text_put(out, ras_state_name(h->state));
	if (h->state == RAS_LATE)
		text_printf(out, " since %s",
			    minute_text(p, (struct mtime){ h->last.ns + RAS_LATE_NS }, buffer));
	if (h->state == RAS_GONE)
		text_printf(out, " since %s",
			    minute_text(p, (struct mtime){ h->last.ns + RAS_GONE_NS }, buffer));
}

static void put_word(struct text *out, const char *word)
{
	text_printf(out, "%s%s", out->n ? ", " : "", word);
}

static void put_flags(struct text *out, bool moved, bool duplicate_name, uint64_t flags)
{
	if (moved)
		put_word(out, "moved");
	if (duplicate_name)
		put_word(out, "duplicate-name");
	for (uint64_t left = flags; left; left &= left - 1)
		put_word(out, flag_name((unsigned)__builtin_ctzll(left)));
}

static void put_place(const struct ras_print *p, uint16_t vlan, uint16_t link, struct text *out)
{
	if (vlan != VLAN_NONE)
		text_printf(out, "%sVLAN %u", out->n ? ", " : "", vlan);
	if (p->link_count > 1 && link < p->link_count)
		text_printf(out, "%son %s", out->n ? ", " : "", p->links[link]);
}

static void put_resolved(const struct ras_print *p, struct addr address, const char *before,
			 const char *behind, struct text *out)
{
	const char *name = p->name_of ? p->name_of(p->context, address) : "";

	if (!name[0])
		return;
	text_put(out, before);
	text_escape(out, span_of(name));
	text_put(out, behind);
}

/* On a wide terminal names have more room. */
static unsigned width_of(const struct sheet *s, unsigned least)
{
	unsigned more = s->columns > 100 ? (s->columns - 100) / 2 : 0;

	return least + (more < 24 ? more : 24);
}

static void put_authorised(enum ras_authorisation authorised, struct sheet *s)
{
	if (authorised == RAS_NOT_AUTHORISED)
		sheet_put(s, INK_BAD, ", NOT AUTHORISED");
	else if (authorised == RAS_NO_LIST)
		sheet_put(s, INK_WARN, ", no list given");
}

static void print_last_column(struct sheet *s, const struct ras_print *p, const struct ras_host *h)
{
	struct text state = { 0 }, flags = { 0 };

	put_state(p, h, &state);
	sheet_put(s, h->state >= RAS_LATE ? INK_WARN : INK_PLAIN, text_string(&state));
	put_authorised(h->authorised, s);
	put_flags(&flags, h->moved, h->duplicate_name, h->notes);
	put_place(p, h->vlan, h->link, &flags);
	if (h->tcp_segments > 0)
		text_printf(&flags, "%sTCP 9753: %" PRIu64, flags.n ? ", " : "", h->tcp_segments);
	put_resolved(p, h->address, flags.n ? ", resolves to " : "resolves to ", "", &flags);
	if (flags.n > 0)
		sheet_put(s, INK_PLAIN, ", ");
	sheet_wrap(s, INDENT, INK_DIM, text_string(&flags));
	sheet_end(s);
	text_release(&state);
	text_release(&flags);
}

static void print_name(struct sheet *s, unsigned width, const struct ras_name *name)
{
	struct text text = { 0 };

	text_escape(&text, (struct span){ name->bytes, name->n });
	sheet_left(s, width, INK_PLAIN, name->n ? text_string(&text) : "-");
	text_release(&text);
}

static void print_host(struct sheet *s, const struct ras_print *p, const struct ras_host *h)
{
	char buffer[CELL_TEXT], cell[64];

	sheet_left(s, WIDTH_SENDER, INK_PLAIN, addr_text(h->address, buffer));
	print_name(s, width_of(s, WIDTH_NAME), &h->hostname);
	print_name(s, width_of(s, WIDTH_DOMAIN), &h->domain);
	snprintf(cell, sizeof(cell), h->hops == RAS_HOPS_UNKNOWN ? "?" : "%u", h->hops);
	sheet_right(s, WIDTH_HOPS, INK_PLAIN, cell);
	snprintf(cell, sizeof(cell), "%s (%" PRIu64 "x)", moment_text(p, h->last, buffer), h->count);
	sheet_put(s, INK_PLAIN, " ");
	sheet_left(s, WIDTH_HEARD, INK_PLAIN, cell);
	sheet_left(s, WIDTH_NEXT, INK_PLAIN,
		   h->state >= RAS_LATE && h->state != RAS_RETURNED
			   ? "-"
			   : minute_text(p, (struct mtime){ h->last.ns + RAS_LATE_NS }, buffer));
	print_last_column(s, p, h);
}

static void print_head(struct sheet *s)
{
	sheet_left(s, WIDTH_SENDER, INK_HEAD, "SENDER");
	sheet_left(s, width_of(s, WIDTH_NAME), INK_HEAD, "HOST NAME");
	sheet_left(s, width_of(s, WIDTH_DOMAIN), INK_HEAD, "DOMAIN");
	sheet_right(s, WIDTH_HOPS, INK_HEAD, "HOPS");
	sheet_put(s, INK_PLAIN, " ");
	sheet_left(s, WIDTH_HEARD, INK_HEAD, "HEARD");
	sheet_left(s, WIDTH_NEXT, INK_HEAD, "NEXT BY");
	sheet_put(s, INK_HEAD, "STATE");
	sheet_end(s);
}

static void print_more(struct sheet *s, size_t shown, size_t all)
{
	if (shown == all)
		return;
	sheet_printf(s, INK_DIM, "... %zu more", all - shown);
	sheet_end(s);
}

static size_t rows_of(const struct ras_print *p, size_t n)
{
	return p->rows && n > p->rows ? p->rows : n;
}

static void print_findings(struct sheet *s, const struct ras_print *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		for (unsigned kind = 0; kind < RAS_FINDING_COUNT; kind++) {
			struct text words = { 0 };

			if (!ras_finding_holds(kind, p->site, p->hosts[i]))
				continue;
			if (p->rows && n == p->rows)
				return;
			if (n++ == 0)
				sheet_end(s);
			ras_finding_put(kind, p->site, p->hosts[i], &words);
			sheet_left(s, 16, INK_BAD, ras_finding_name(kind));
			sheet_wrap(s, INDENT, INK_PLAIN, text_string(&words));
			sheet_end(s);
			text_release(&words);
		}
}

static const char *stray_words(const struct ras_stray *s)
{
	if (s->flags & FLAG_BIT(WRONG_GROUP))
		return s->is_advertisement ? "an advertisement to another group than 239.255.2.2"
					   : "port 9753 with another group than 239.255.2.2";
	if (s->flags & FLAG_BIT(WRONG_PORT))
		return s->is_advertisement ? "an advertisement to another port than 9753"
					   : "239.255.2.2 with another port than 9753";
	return "no advertisement, though group and port are right";
}

static void print_strays(struct sheet *s, const struct ras_print *p)
{
	size_t rows = rows_of(p, p->strays->n);
	char source[ADDR_TEXT], group[ADDR_TEXT], last[LOCAL_TIME_TEXT];

	if (p->strays->n == 0)
		return;
	sheet_end(s);
	sheet_put(s, INK_HEAD, "ALSO ON THIS GROUP OR PORT");
	sheet_end(s);
	for (size_t i = 0; i < rows; i++) {
		const struct ras_stray *stray = &p->strays->list[i];

		sheet_left(s, WIDTH_SENDER, INK_PLAIN, addr_text(stray->source, source));
		sheet_printf(s, INK_PLAIN, "> %s port %u  %" PRIu64 "x, last %s  ",
			     addr_text(stray->group, group), stray->port, stray->count,
			     moment_text(p, stray->last, last));
		sheet_wrap(s, INDENT, INK_WARN, stray_words(stray));
		sheet_end(s);
	}
	print_more(s, rows, p->strays->n);
	if (p->strays->refused > 0) {
		sheet_printf(s, INK_DIM, "... and %" PRIu64 " packets of more senders", p->strays->refused);
		sheet_end(s);
	}
}

void ras_print_table(const struct ras_print *p, FILE *out)
{
	struct sheet sheet = sheet_of(out, p->columns, p->colour);
	size_t rows = rows_of(p, p->count);

	if (p->count > 0)
		print_head(&sheet);
	for (size_t i = 0; i < rows; i++)
		print_host(&sheet, p, p->hosts[i]);
	print_more(&sheet, rows, p->count);
	if (p->evicted > 0) {
		sheet_printf(&sheet, INK_WARN, "%" PRIu64 " servers were dropped to make room for others",
			     p->evicted);
		sheet_end(&sheet);
	}
	print_findings(&sheet, p);
	print_strays(&sheet, p);
	sheet_release(&sheet);
}

static void put_line_words(const struct ras_print *p, const struct ras_line *line, struct text *out)
{
	struct text words = { 0 };

	if (line->count > 1)
		text_printf(&words, "%s, %" PRIu64 "x", ras_state_name(line->state), line->count);
	else
		text_put(&words, ras_state_name(line->state));
	if (line->authorised != RAS_AUTHORISED)
		put_word(&words, line->authorised == RAS_NO_LIST ? "no list given" : "NOT AUTHORISED");
	put_flags(&words, line->moved, line->duplicate_name, line->flags);
	put_place(p, line->vlan, line->link, &words);
	text_put(out, text_string(&words));
	text_release(&words);
}

void ras_line_put_text(const struct ras_print *p, const struct ras_line *line, struct text *out)
{
	char buffer[CELL_TEXT];

	text_printf(out, "%s ", local_date_text(line->at, buffer));
	text_printf(out, "%s  ", local_clock_text(line->at, 0, buffer));
	text_put(out, addr_text(line->address, buffer));
	put_resolved(p, line->address, " (", ")", out);
	text_put(out, "  ");
	ras_name_put(&line->hostname, &line->domain, out);
	if (line->hops == RAS_HOPS_UNKNOWN)
		text_put(out, "  ? hops  ");
	else
		text_printf(out, "  %u hop%s  ", line->hops, line->hops == 1 ? "" : "s");
	put_line_words(p, line, out);
	text_char(out, '\n');
}

void ras_netsh_put_head(struct text *out)
{
	text_put(out, "Timestamp                 Sender\n"
		      "------------------------  ----------------------------------\n");
}

static void put_payload_line(const char *word, const struct ras_name *name, struct text *out)
{
	text_printf(out, "   %s", word);
	text_escape(out, (struct span){ name->bytes, name->n });
	text_char(out, '\n');
}

void ras_line_put_netsh(const struct ras_print *p, const struct ras_line *line, struct text *out)
{
	char buffer[CELL_TEXT];

	text_printf(out, "%-24s  ", local_asctime_text(line->at, buffer));
	text_put(out, addr_text(line->address, buffer));
	put_resolved(p, line->address, " (", ")", out);
	text_char(out, '\n');
	put_payload_line("Hostname=", &line->hostname, out);
	if (line->domain.n > 0)
		put_payload_line("Domain=", &line->domain, out);
}
