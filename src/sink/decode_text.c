/* SPDX-License-Identifier: BSD-2-Clause */
/* Observations as lines for a person who may have tcpdump's beside them: local time, who speaks
 * to whom, what is said of which (S,G).  Knows no policy: the caller says what it judged. */
#include <stdio.h>

#include "os/localtime.h"
#include "sink/decode_line.h"

struct paint {
	const char *dim, *odd, *plain, *actions[ACTION_COUNT];
};

static const struct paint painted = {
	"\033[2m", "\033[33m", "\033[0m",
	{ [ACTION_IGNORE] = "\033[2m", [ACTION_PERMIT] = "\033[32m", [ACTION_WARN] = "\033[33m",
	  [ACTION_LIMIT] = "\033[35m", [ACTION_DENY] = "\033[1;31m" },
};
static const struct paint unpainted = { "", "", "", { "", "", "", "", "" } };

struct decode_text decode_text_of(bool colour, bool verbose, bool say_frames)
{
	return (struct decode_text){ .colour = colour, .verbose = verbose,
				     .say_frames = say_frames || verbose, .second = INT64_MIN };
}

static int64_t second_of(struct mtime at)
{
	int64_t second = at.ns / NS_PER_S;

	return at.ns % NS_PER_S < 0 ? second - 1 : second;
}

/* Asks for local time once a second of the capture, not once a line. */
static void put_time(struct decode_text *state, const struct decode_line *line,
		     const struct paint *paint, struct text *out)
{
	char date[LOCAL_TIME_TEXT], clock[LOCAL_TIME_TEXT], fraction[LOCAL_TIME_TEXT];
	struct mtime at = line->obs->at;
	int64_t second = second_of(at), ns = at.ns - second * NS_PER_S;

	if (second != state->second) {
		state->second = second;
		local_clock_text(at, 0, clock);
		memcpy(state->clock, clock, 9);
		local_date_text(at, date);
		if (strncmp(date, state->date, sizeof(state->date) - 1) != 0) {
			snprintf(state->date, sizeof(state->date), "%s", date);
			text_printf(out, "%s-- %s %s --%s\n", paint->dim, date,
				    local_zone_text(at, clock), paint->plain);
		}
	}
	for (unsigned i = line->time_digits; i < 9; i++)
		ns /= 10;
	fraction[0] = '.';
	for (unsigned i = line->time_digits; i > 0; i--, ns /= 10)
		fraction[i] = (char)('0' + ns % 10);
	text_put(out, paint->dim);
	text_put(out, state->clock);
	text_put_n(out, fraction, line->time_digits ? line->time_digits + 1u : 0);
	text_put(out, paint->plain);
	text_char(out, ' ');
}

static void put_padded(struct text *out, const char *word, size_t columns)
{
	size_t n = strlen(word);

	text_put_n(out, word, n);
	for (; n < columns; n++)
		text_char(out, ' ');
}

/* The file without its folder, and the number that Wireshark shows. */
static void put_frame(const struct decode_line *line, struct text *out)
{
	const char *slash = strrchr(line->file, '/');

	text_escape_utf8(out, span_of(slash ? slash + 1 : line->file));
	text_char(out, '#');
	text_number(out, line->frame);
	text_char(out, ' ');
}

static void put_prefix(struct text *out, struct addr a, unsigned len)
{
	char buffer[ADDR_TEXT];

	text_put(out, prefix_text(a, len, buffer));
}

/* Address and port as tcpdump writes them: with a point between. */
static void put_end(struct text *out, struct addr a, bool has_port, unsigned port)
{
	char buffer[ADDR_TEXT];

	text_put(out, addr_text(a, buffer));
	if (has_port) {
		text_char(out, '.');
		text_number(out, port);
	}
}

static void put_quoted(struct text *out, const char *before, struct span value)
{
	if (!value.p)
		return;
	text_put(out, before);
	text_char(out, '"');
	text_escape_utf8(out, value);
	text_char(out, '"');
}

/* (S, G); where only one of them is known, that one. */
static void put_subject(struct text *out, const struct observation *obs)
{
	bool both = obs->source.family != FAMILY_NONE && addr_is_there(obs->group);

	if (obs->source.family == FAMILY_NONE && !addr_is_there(obs->group))
		return;
	text_put(out, both ? " (" : " ");
	if (obs->source.family != FAMILY_NONE)
		put_prefix(out, obs->source, obs->source_len);
	if (both)
		text_put(out, ", ");
	if (addr_is_there(obs->group))
		put_prefix(out, obs->group, obs->group_len);
	if (both)
		text_char(out, ')');
}

/* "igmp v3-report: join (10.0.0.1, 232.1.1.1)"; data and advertisements are about their two
 * ends, which the line names already. */
static void put_statement(struct text *out, const struct observation *obs)
{
	if (obs->what == WHAT_SEND)
		return;
	text_char(out, ' ');
	text_put(out, type_name(obs->type));
	if (obs->what == WHAT_JOIN || obs->what == WHAT_LEAVE || obs->what == WHAT_PRUNE) {
		text_put(out, ": ");
		text_put(out, what_name(obs->what));
	}
	if (obs->what != WHAT_ADVERTISE)
		put_subject(out, obs);
	if (addr_is_there(obs->rp)) {
		text_put(out, ", rp ");
		put_end(out, obs->rp, false, 0);
	}
	if (obs->excluded > 0)
		text_printf(out, ", all but %u source%s", obs->excluded,
			    obs->excluded == 1 ? "" : "s");
	put_quoted(out, " ", obs->session);
	put_quoted(out, " ", obs->hostname);
	put_quoted(out, " domain ", obs->domain);
}

static void put_flags(struct text *out, uint64_t flags, const struct paint *paint)
{
	const char *before = " [";

	if (flags == 0)
		return;
	text_put(out, paint->odd);
	for (unsigned i = 0; i < FLAG_COUNT; i++) {
		if (!(flags >> i & 1))
			continue;
		text_put(out, before);
		text_put(out, flag_name(i));
		before = ", ";
	}
	text_char(out, ']');
	text_put(out, paint->plain);
}

static void put_link_layer(struct text *out, const struct decode_line *line)
{
	const struct observation *obs = line->obs;
	const uint8_t *m = obs->mac;

	if (obs->has_mac)
		text_printf(out, ", mac %02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3],
			    m[4], m[5]);
	if (line->link && line->link[0])
		text_printf(out, ", link %s", line->link);
}

static void put_rest(struct decode_text *state, const struct decode_line *line,
		     const struct paint *paint, struct text *out)
{
	const struct observation *obs = line->obs;

	if (obs->anomaly != ANOMALY_NONE)
		text_printf(out, " %sodd, %s: %s%s", paint->odd, anomaly_name(obs->anomaly),
			    anomaly_meaning(obs->anomaly), paint->plain);
	else
		put_statement(out, obs);
	if (obs->has_ttl) {
		text_put(out, ", ttl ");
		text_number(out, obs->ttl);
	}
	if (obs->what == WHAT_SEND || state->verbose) {
		text_put(out, ", ");
		text_number(out, obs->bytes);
		text_put(out, " bytes");
	}
	if (obs->vlan != VLAN_NONE) {
		text_put(out, ", vlan ");
		text_number(out, obs->vlan);
	}
	if (state->verbose)
		put_link_layer(out, line);
	put_flags(out, obs->flags, paint);
	if (line->boundary && line->rule)
		text_printf(out, "  %s<- %s%s", paint->actions[line->action], line->rule,
			    paint->plain);
	text_char(out, '\n');
}

void decode_text_put(struct decode_text *state, const struct decode_line *line, struct text *out)
{
	const struct paint *paint = state->colour ? &painted : &unpainted;
	const struct observation *obs = line->obs;

	put_time(state, line, paint, out);
	if (state->say_frames)
		put_frame(line, out);
	if (line->boundary) {
		text_put(out, paint->actions[line->action]);
		put_padded(out, action_name(line->action), 6);
		text_put(out, paint->plain);
		text_char(out, ' ');
	}
	put_end(out, obs->speaker, obs->has_ports, obs->sport);
	text_put(out, " > ");
	put_end(out, obs->receiver, obs->has_ports, obs->dport);
	text_put(out, ": ");
	text_put(out, protocol_name(obs->protocol));
	put_rest(state, line, paint, out);
}

void decode_text_put_hex(struct span bytes, struct text *out)
{
	for (size_t at = 0; at < bytes.n; at += 16) {
		size_t n = bytes.n - at < 16 ? bytes.n - at : 16;

		text_printf(out, "    %04zx ", at);
		for (size_t i = 0; i < 16; i++) {
			if (i < n)
				text_printf(out, "%s%02x", i % 2 ? "" : " ", bytes.p[at + i]);
			else
				text_put(out, i % 2 ? "  " : "   ");
		}
		text_put(out, "  ");
		for (size_t i = 0; i < n; i++) {
			char c = (char)bytes.p[at + i];

			text_char(out, c >= ' ' && c <= '~' ? c : '.');
		}
		text_char(out, '\n');
	}
}
