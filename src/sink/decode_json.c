/* SPDX-License-Identifier: BSD-2-Clause */
/* Observations as lines of JSON: the keys of weir-json(5).  What is unknown is absent.
 * RFC 8259, RFC 3339.  Knows no policy: the caller says what it judged. */
#include "base/json.h"
#include "sink/decode_line.h"

static void put_addr(struct json *j, const char *key, struct addr a)
{
	char buffer[ADDR_TEXT];

	if (a.family != FAMILY_NONE)
		json_string(j, key, addr_text(a, buffer));
}

/* A prefix length, where it is no host's. */
static void put_len(struct json *j, const char *key, struct addr a, uint8_t len)
{
	if (addr_is_there(a) && len != addr_bits(a))
		json_number(j, key, len);
}

static void put_text(struct json *j, const char *key, struct span value)
{
	if (value.p)
		json_bytes(j, key, value);
}

/* Hexadecimal digits need no escaping, and may be many: they go between the quotes as they are. */
static void put_hex(struct json *j, const char *key, struct span bytes, char between)
{
	static const char digits[] = "0123456789abcdef";

	json_string(j, key, "");
	j->out->n--;				/* back before the closing quote */
	for (size_t i = 0; i < bytes.n; i++) {
		char pair[3] = { digits[bytes.p[i] >> 4], digits[bytes.p[i] & 15], between };

		text_put_n(j->out, pair, between && i + 1 < bytes.n ? 3 : 2);
	}
	text_char(j->out, '"');
}

/* An anomaly stands instead of what the packet would have said. */
static void put_statement(struct json *j, const struct observation *obs)
{
	if (obs->anomaly == ANOMALY_NONE)
		json_string(j, "type", type_name(obs->type));
	if (obs->point < POINT_COUNT)
		json_string(j, "point", point_name(obs->point));
	if (obs->anomaly == ANOMALY_NONE)
		json_string(j, "what", what_name(obs->what));
}

static void put_subject(struct json *j, const struct observation *obs)
{
	put_addr(j, "source", obs->source);
	put_len(j, "source_len", obs->source, obs->source_len);
	put_addr(j, "group", obs->group);
	put_len(j, "group_len", obs->group, obs->group_len);
	put_addr(j, "rp", obs->rp);
	if (obs->excluded > 0)
		json_number(j, "excluded", obs->excluded);
}

static void put_place(struct json *j, const struct decode_line *line)
{
	const struct observation *obs = line->obs;

	if (obs->has_ports) {
		json_number(j, "sport", obs->sport);
		json_number(j, "dport", obs->dport);
	}
	if (obs->vlan != VLAN_NONE)
		json_number(j, "vlan", obs->vlan);
	if (line->link && line->link[0])
		json_string(j, "link", line->link);
	if (obs->direction != DIRECTION_UNKNOWN)
		json_string(j, "direction", obs->direction == DIRECTION_IN ? "in" : "out");
}

static void put_flags(struct json *j, uint64_t flags)
{
	json_open_array(j, "flags");
	for (unsigned i = 0; flags >> i != 0 && i < FLAG_COUNT; i++)
		if (flags >> i & 1)
			json_string(j, NULL, flag_name(i));
	json_close_array(j);
}

static void put_verdict(struct json *j, const struct decode_line *line)
{
	if (!line->boundary)
		return;
	json_string(j, "boundary", line->boundary);
	json_string(j, "verdict", action_name(line->action));
	if (line->rule)
		json_string(j, "rule", line->rule);
}

void decode_json_put(const struct decode_line *line, struct text *out)
{
	const struct observation *obs = line->obs;
	struct json j = json_of(out);

	json_open(&j, NULL);
	json_string(&j, "file", line->file);
	json_number(&j, "frame", line->frame);
	json_time(&j, "time", obs->at, line->time_digits);
	json_number(&j, "bytes", obs->bytes);
	if (obs->has_ttl)
		json_number(&j, "ttl", obs->ttl);
	json_string(&j, "protocol", protocol_name(obs->protocol));
	put_statement(&j, obs);
	put_addr(&j, "speaker", obs->speaker);
	put_addr(&j, "receiver", obs->receiver);
	if (obs->has_mac)
		put_hex(&j, "mac", (struct span){ obs->mac, sizeof(obs->mac) }, ':');
	put_subject(&j, obs);
	put_place(&j, line);
	put_text(&j, "session", obs->session);
	put_text(&j, "hostname", obs->hostname);
	put_text(&j, "domain", obs->domain);
	put_flags(&j, obs->flags);
	if (obs->anomaly != ANOMALY_NONE)
		json_string(&j, "anomaly", anomaly_name(obs->anomaly));
	put_verdict(&j, line);
	if (line->hex.p)
		put_hex(&j, "hex", line->hex, '\0');
	json_close(&j);
	text_char(out, '\n');
}
