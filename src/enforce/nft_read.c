/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads nft_text.c's text again.  Knows some forms of it, to the letter, and believes no length: the
 * text comes from another process.  RFC 791 3.1, RFC 8200 3. */
#include "enforce/nft_read.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "enforce/nft_joined.h"
#include "enforce/nft_tally.h"

bool nft_begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

const char *nft_next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

bool nft_read_name(const char *at, struct nft_name *out)
{
	size_t n = strcspn(at, " ,\n");

	if (n == 0 || n > NFT_NAME_BYTES)
		return false;
	memcpy(out->text, at, n);
	out->text[n] = '\0';
	return true;
}

/* --- chains that count --- */

int32_t nft_verdict_of(const char *chain)
{
	const char *line = nft_next_line(chain);

	if (nft_begins(line, NFT_OWN_LINE))
		line = nft_next_line(line);
	return nft_begins(line, "\t\tcounter accept\n\t}\n") ? NF_ACCEPT
	       : nft_begins(line, "\t\tcounter drop\n\t}\n") ? NF_DROP
							: NFT_NO_VERDICT;
}

/* --- maps --- */

bool nft_read_map(const char *line, struct nft_map *out)
{
	static const struct {
		const char *type;
		uint32_t    key_bytes;
	} types[] = { { "\t\ttype ipv4_addr : verdict; size ", 4 },
		      { "\t\ttype ipv6_addr : verdict; size ", 16 },
		      { "\t\ttype ipv4_addr . ipv4_addr : verdict; size ", 8 },
		      { "\t\ttype ipv6_addr . ipv6_addr : verdict; size ", 32 } };
	const char *type = nft_next_line(line);
	size_t i = 0;

	while (i < COUNT(types) && !nft_begins(type, types[i].type))
		i++;
	if (!nft_begins(line, "\tmap ") || i == COUNT(types) ||
	    !nft_begins(nft_next_line(type), "\t\telements = {\n"))
		return false;
	out->key_bytes = types[i].key_bytes;
	out->is_pair = i >= 2;
	out->size = (uint32_t)strtoul(type + strlen(types[i].type), NULL, 10);
	return nft_read_name(line + strlen("\tmap "), &out->name);
}

/* How many bytes it has; 0: it is none. */
static uint32_t read_address(const char *at, size_t n, uint8_t out[16])
{
	struct addr a;

	if (!addr_parse(at, n, &a))
		return 0;
	if (a.family == FAMILY_IP4) {
		uint32_t address = htonl((uint32_t)a.lo);

		memcpy(out, &address, sizeof(address));
		return sizeof(address);
	} else {
		uint64_t halves[2] = { htobe64(a.hi), htobe64(a.lo) };

		memcpy(out, halves, sizeof(halves));
		return sizeof(halves);
	}
}

static bool skip(const char **at, const char *word)
{
	if (!nft_begins(*at, word))
		return false;
	*at += strlen(word);
	return true;
}

bool nft_read_element(const char *line, struct nft_element *out)
{
	const char *at = line;
	uint32_t first, second;
	size_t n;

	if (!skip(&at, "\t\t\t"))
		return false;
	out->is_catch_all = nft_begins(at, "* : continue\n");
	if (out->is_catch_all)
		return true;
	n = strcspn(at, " \n");
	first = second = read_address(at, n, out->key);
	at += n;
	out->key_bytes = first;
	if (skip(&at, " . ")) {
		n = strcspn(at, " \n");
		second = read_address(at, n, out->key + first);
		at += n;
		out->key_bytes = first + second;
	}
	return first > 0 && first == second && skip(&at, " : goto ") &&
	       nft_read_name(at, &out->chain);
}

/* --- lines that look addresses up --- */

static bool skip_name(const char **at, struct nft_name *out)
{
	if (!nft_read_name(*at, out))
		return false;
	*at += strlen(out->text);
	return skip(at, " ") || **at == '\n';
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What a field is compared with: an address, or for raw ones a number, of so many bytes. */
static bool skip_value(const char **at, const struct nft_field *field, uint8_t out[16])
{
	size_t n = strcspn(*at, " -\n");

	if (!field->is_raw) {
		if (read_address(*at, n, out) != field->bytes)
			return false;
	} else if (!nft_begins(*at, "0x") || n != 2 + 2u * field->bytes) {
		return false;
	}
	for (uint32_t i = 0; i < field->bytes && field->is_raw; i++) {
		int high = hex_digit((*at)[2 + 2 * i]), low = hex_digit((*at)[3 + 2 * i]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	*at += n;
	return true;
}

/* "@nh,FIRST,BITS ": whole bytes, as many as an address or a type has. */
static bool read_place(const char **at, struct nft_field *out)
{
	char *end;
	unsigned long first, bits;

	out->base = nft_begins(*at, "@th,") ? NFT_TRANSPORT : NFT_NETWORK;
	if (!skip(at, "@nh,") && !skip(at, "@th,"))
		return false;
	first = strtoul(*at, &end, 10);
	if (*end != ',')
		return false;
	bits = strtoul(end + 1, &end, 10);
	if (*end != ' ' || first % 8 || first > 1024 ||
	    (bits != 8 && bits != 16 && bits != 32 && bits != 128))
		return false;
	*at = end + 1;
	out->offset = (uint32_t)first / 8;
	out->bytes = (uint32_t)bits / 8;
	out->is_raw = true;
	out->is_ip6 = bits == 128;
	return true;
}

static bool read_named(const char **at, struct nft_field *out)
{
	static const struct {
		const char *word;
		uint32_t    offset, bytes;
	} fields[] = { { "ip saddr ", 12, 4 }, { "ip daddr ", 16, 4 }, { "ip6 saddr ", 8, 16 },
		       { "ip6 daddr ", 24, 16 } };

	for (size_t i = 0; i < COUNT(fields); i++) {
		if (!skip(at, fields[i].word))
			continue;
		out->offset = fields[i].offset;
		out->bytes = fields[i].bytes;
		out->is_ip6 = fields[i].bytes == 16;
		return true;
	}
	return false;
}

static bool read_field(const char **at, struct nft_field *out)
{
	if (!read_named(at, out) && !read_place(at, out))
		return false;
	out->is_masked = skip(at, "& ");
	return !out->is_masked || (skip_value(at, out, out->mask) && skip(at, " "));
}

/* Up to two, of one size. */
static bool read_fields(const char **at, struct nft_step *out)
{
	if (!read_field(at, &out->fields[0]))
		return false;
	out->field_count = 1;
	if (!skip(at, ". "))
		return true;
	out->field_count = 2;
	return read_field(at, &out->fields[1]) && out->fields[1].bytes == out->fields[0].bytes &&
	       out->fields[0].bytes >= 4;
}

/* "meta l4proto 103 " */
static bool read_protocol(const char **at, struct nft_step *out)
{
	unsigned long number;
	char *end;

	if (!skip(at, "meta l4proto "))
		return false;
	number = strtoul(*at, &end, 10);
	if (end == *at || *end != ' ' || number > UINT8_MAX)
		return false;
	*at = end + 1;
	out->kind = NFT_STEP_COMPARE;
	out->fields[0] = (struct nft_field){ .base = NFT_PROTOCOL, .is_raw = true, .bytes = 1 };
	out->field_count = 1;
	out->key[0] = (uint8_t)number;
	return true;
}

static bool read_step(const char **at, struct nft_step *out)
{
	*out = (struct nft_step){ .kind = NFT_STEP_GOTO };
	if (skip(at, "goto "))
		return skip_name(at, &out->name);
	if (skip(at, "jump ")) {
		out->kind = NFT_STEP_JUMP;
		return skip_name(at, &out->name);
	}
	if (nft_begins(*at, "accept\n")) {
		out->kind = NFT_STEP_ACCEPT;
		return skip(at, "accept");
	}
	if (nft_begins(*at, "meta "))
		return read_protocol(at, out);
	if (!read_fields(at, out))
		return false;
	out->kind = NFT_STEP_LOOKUP;
	if (skip(at, "vmap @"))
		return skip_name(at, &out->name);
	out->kind = NFT_STEP_FIND;
	out->is_inverted = skip(at, "!= ");
	if (skip(at, "@"))		/* other sets stand later than lines do */
		return skip_name(at, &out->name) && nft_is_joined(out->name.text);
	out->kind = NFT_STEP_COMPARE;
	if (out->field_count != 1 || (!out->is_inverted && !skip(at, "== ")) ||
	    !skip_value(at, &out->fields[0], out->key))
		return false;
	out->is_range = skip(at, "-");
	if (out->is_range && (out->is_inverted || !skip_value(at, &out->fields[0], out->last)))
		return false;
	return skip(at, " ");
}

bool nft_read_steps(const char *at, struct nft_step out[NFT_STEPS_MAX], size_t *out_n)
{
	*out_n = 0;
	if (!skip(&at, "\t\t"))
		return false;
	while (*at != '\n') {
		if (*out_n == NFT_STEPS_MAX || !read_step(&at, &out[*out_n]))
			return false;
		(*out_n)++;
	}
	return *out_n > 0;
}

bool nft_only_looks_up(const char *chain)
{
	struct nft_step steps[NFT_STEPS_MAX];
	const char *line = nft_next_line(chain);
	struct nft_name name;
	size_t n;

	if (!nft_read_name(chain + strlen("\tchain "), &name) || nft_is_base_chain(name.text))
		return false;
	for (; nft_begins(line, "\t\t"); line = nft_next_line(line))
		if (!nft_read_steps(line, steps, &n))
			return false;
	return nft_begins(line, "\t}\n");
}

/* --- sets --- */

bool nft_read_set(const char *line, struct nft_set *out)
{
	const char *at = line;

	if (!skip(&at, "add set "))
		return false;
	out->family = at;
	at += strcspn(at, " \n");
	if (!skip(&at, " weir ") || !skip_name(&at, &out->name) || !skip(&at, "{ type "))
		return false;
	out->type = at;
	return true;
}
