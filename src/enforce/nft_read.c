/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads nft_text.c's text again.  Knows some forms of it, to the letter, and believes no length: the
 * text comes from another process.  RFC 791 3.1, RFC 8200 3. */
#include "enforce/nft_read.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "enforce/nft_joined.h"
#include "enforce/nft_tally.h"

const char *nft_next_line(const char *line)
{
	line = strchrnul(line, '\n');
	return *line ? line + 1 : line;
}

/* The characters of names stand behind all that ends one, but for few. */
static size_t name_length(const char *at)
{
	const char *end = at;

	while ((unsigned char)*end > ',' || !strchr(" ,\n", *end))
		end++;
	return (size_t)(end - at);
}

bool nft_read_name(const char *at, struct nft_name *out)
{
	size_t n = name_length(at);

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
	return nft_begins(line, "\t\tcounter\n\t}\n")	       ? NFT_CONTINUE
	       : nft_begins(line, "\t\tcounter accept\n\t}\n") ? NF_ACCEPT
	       : nft_begins(line, "\t\tcounter drop\n\t}\n")   ? NF_DROP
							      : NFT_NO_VERDICT;
}

/* --- maps --- */

bool nft_read_map(const char *line, struct nft_map *out)
{
	static const struct {
		const char *type;
		uint32_t    key_bytes, number;
	} types[] = { { "\t\ttype ipv4_addr : verdict; size ", 4, NFT_TYPE_IP4 },
		      { "\t\ttype ipv6_addr : verdict; size ", 16, NFT_TYPE_IP6 },
		      { "\t\ttype ipv4_addr . ipv4_addr : verdict; size ", 8,
			NFT_TYPE_IP4 << NFT_TYPE_BITS | NFT_TYPE_IP4 },
		      { "\t\ttype ipv6_addr . ipv6_addr : verdict; size ", 32,
			NFT_TYPE_IP6 << NFT_TYPE_BITS | NFT_TYPE_IP6 },
		      { "\t\ttype ifname : verdict; size ", NFT_LINK_BYTES, NFT_TYPE_LINK } };
	const char *type;
	size_t i = 0;

	if (!nft_begins(line, "\tmap "))
		return false;
	type = nft_next_line(line);
	while (i < COUNT(types) && !nft_begins(type, types[i].type))
		i++;
	if (i == COUNT(types) || !nft_begins(nft_next_line(type), "\t\telements = {\n"))
		return false;
	out->key_bytes = types[i].key_bytes;
	out->key_type = types[i].number;
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

/* "\"LINK\"", filled up with zeros. */
static bool skip_link(const char **at, uint8_t out[NFT_LINK_BYTES])
{
	const char *end = **at == '"' ? strpbrk(*at + 1, "\"\n") : NULL;
	size_t n = end && *end == '"' ? (size_t)(end - *at) - 1 : 0;

	if (n == 0 || n >= NFT_LINK_BYTES)
		return false;
	memset(out, 0, NFT_LINK_BYTES);
	memcpy(out, *at + 1, n);
	*at = end + 1;
	return true;
}

static uint32_t skip_address(const char **at, uint8_t out[16])
{
	size_t n = strcspn(*at, " \n");
	uint32_t bytes = read_address(*at, n, out);

	*at += n;
	return bytes;
}

static bool skip_key(const char **at, struct nft_element *out)
{
	out->key_bytes = 0;
	if (skip(at, "*"))
		return true;
	out->key_bytes = NFT_LINK_BYTES;
	if (**at == '"')
		return skip_link(at, out->key);
	out->key_bytes = skip_address(at, out->key);
	if (out->key_bytes > 0 && skip(at, " . ")) {
		if (skip_address(at, out->key + out->key_bytes) != out->key_bytes)
			return false;
		out->key_bytes *= 2;
	}
	return out->key_bytes > 0;
}

bool nft_read_element(const char *line, struct nft_element *out)
{
	const char *at = line;

	if (!skip(&at, "\t\t\t") || !skip_key(&at, out) || !skip(&at, " : "))
		return false;
	out->continues = nft_begins(at, "continue,\n");
	return out->continues || (skip(&at, "goto ") && nft_read_name(at, &out->chain));
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

/* "0xef010101", of so many bytes. */
static bool skip_raw(const char **at, uint32_t bytes, uint8_t out[16])
{
	const char *digit = *at + 2;

	if (!nft_begins(*at, "0x"))
		return false;
	for (uint32_t i = 0; i < bytes; i++, digit += 2) {
		int high = hex_digit(digit[0]), low = high < 0 ? -1 : hex_digit(digit[1]);

		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	*at = digit;
	return strchr(" -\n", *digit);
}

/* What a field is compared with: an address, or for raw ones a number, of so many bytes. */
static bool skip_value(const char **at, const struct nft_field *field, uint8_t out[16])
{
	size_t n;

	if (field->is_raw)
		return skip_raw(at, field->bytes, out);
	n = strcspn(*at, " -\n");
	if (read_address(*at, n, out) != field->bytes)
		return false;
	*at += n;
	return true;
}

/* As many digits as such numbers have, and what ends them. */
static bool skip_count(const char **at, char end, unsigned *out)
{
	const char *digit = *at;
	unsigned n = 0;

	while (*digit >= '0' && *digit <= '9' && digit < *at + 4)
		n = 10 * n + (unsigned)(*digit++ - '0');
	if (digit == *at || *digit != end)
		return false;
	*at = digit + 1;
	*out = n;
	return true;
}

/* "@nh,FIRST,BITS ": whole bytes, as many as an address, a prefix that a group embeds, or a type has. */
static bool read_place(const char **at, struct nft_field *out)
{
	unsigned first, bits;

	out->base = nft_begins(*at, "@th,") ? NFT_TRANSPORT : NFT_NETWORK;
	if (!skip(at, "@nh,") && !skip(at, "@th,"))
		return false;
	if (!skip_count(at, ',', &first) || !skip_count(at, ' ', &bits))
		return false;
	if (first % 8 || first > 1024 ||
	    (bits != 8 && bits != 16 && bits != 32 && bits != 64 && bits != 128))
		return false;
	out->offset = first / 8;
	out->bytes = bits / 8;
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

/* Up to two, of one size, which is an address's. */
static bool read_fields(const char **at, struct nft_step *out)
{
	if (!read_field(at, &out->fields[0]))
		return false;
	out->field_count = 1;
	if (!skip(at, ". "))
		return true;
	out->field_count = 2;
	return read_field(at, &out->fields[1]) && out->fields[1].bytes == out->fields[0].bytes &&
	       (out->fields[0].bytes == 4 || out->fields[0].bytes == 16);
}

/* --- what the kernel knows of a packet --- */

static bool skip_number(const char **at, uint8_t *out)
{
	char *end;
	unsigned long number = strtoul(*at, &end, 10);

	if (end == *at || *end != ' ' || number > UINT8_MAX)
		return false;
	*at = end + 1;
	*out = (uint8_t)number;
	return true;
}

static bool skip_type(const char **at, uint8_t out[2])
{
	static const struct {
		const char *word;
		uint16_t    type;
	} types[] = { { "ip ", ETH_P_IP }, { "ip6 ", ETH_P_IPV6 }, { "8021q ", ETH_P_8021Q },
		      { "8021ad ", ETH_P_8021AD }, { "0x9100 ", ETH_P_QINQ1 } };

	for (size_t i = 0; i < COUNT(types); i++) {
		if (!skip(at, types[i].word))
			continue;
		out[0] = (uint8_t)(types[i].type >> 8);
		out[1] = (uint8_t)types[i].type;
		return true;
	}
	return false;
}

/* Which it is, and what it must be; `oifname` is looked up and not compared. */
static bool read_known(const char **at, struct nft_step *out)
{
	struct nft_field *field = &out->fields[0];

	*field = (struct nft_field){ .base = NFT_META, .is_raw = true };
	out->field_count = 1;
	out->kind = NFT_STEP_COMPARE;
	if (skip(at, "oifname vmap @")) {
		out->kind = NFT_STEP_LOOKUP;
		field->meta = NFT_META_OIFNAME;
		field->bytes = NFT_LINK_BYTES;
		return skip_name(at, &out->name);
	}
	if (skip(at, "iifname ")) {
		field->meta = NFT_META_IIFNAME;
		field->bytes = NFT_LINK_BYTES;
		return skip_link(at, out->key) && skip(at, " ");
	}
	if (skip(at, "meta pkttype multicast ")) {
		field->meta = NFT_META_PKTTYPE;
		field->bytes = 1;
		out->key[0] = PACKET_MULTICAST;
		return true;
	}
	field->meta = nft_begins(*at, "meta protocol ") ? NFT_META_PROTOCOL : NFT_META_L4PROTO;
	field->bytes = field->meta == NFT_META_PROTOCOL ? 2 : 1;
	if (!skip(at, "meta protocol ") && !skip(at, "meta l4proto "))
		return false;
	out->is_inverted = skip(at, "!= ");
	return field->meta == NFT_META_PROTOCOL ? skip_type(at, out->key)
						: skip_number(at, out->key);
}

static bool read_step(const char **at, struct nft_step *out)
{
	memset(out, 0, offsetof(struct nft_step, name));	/* a name is much longer than all else */
	out->name.text[0] = '\0';
	out->kind = NFT_STEP_GOTO;
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
	if (nft_begins(*at, "meta ") || nft_begins(*at, "iif") || nft_begins(*at, "oif"))
		return read_known(at, out);
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

	if (!nft_read_name(chain + strlen("\tchain "), &name))
		return false;
	for (; nft_begins(line, "\t\t"); line = nft_next_line(line))
		if (!nft_read_steps(line, steps, &n))
			return false;
	return nft_begins(line, "\t}\n");
}

/* --- base chains --- */

static bool read_hook(const char **at, struct nft_base *out)
{
	uint8_t link[NFT_LINK_BYTES];

	out->link[0] = '\0';
	if (skip(at, "ingress device ")) {
		out->hook = NF_NETDEV_INGRESS;
		if (!skip_link(at, link))
			return false;
		memcpy(out->link, link, sizeof(link));
		return skip(at, " ");
	}
	out->hook = nft_begins(*at, "output ") ? NF_BR_LOCAL_OUT : NF_BR_FORWARD;
	return skip(at, "output ") || skip(at, "forward ");
}

bool nft_read_base(const char *line, struct nft_base *out)
{
	const char *at = line;
	char *end;

	if (!skip(&at, "add chain "))
		return false;
	out->family = at;
	at += strcspn(at, " \n");
	if (!skip(&at, " weir ") || !skip_name(&at, &out->name) ||
	    !nft_is_base_chain(out->name.text) || !skip(&at, "{ type filter hook ") ||
	    !read_hook(&at, out) || !skip(&at, "priority "))
		return false;
	out->priority = (int32_t)strtol(at, &end, 10);
	return end != at && nft_begins(end, "; policy accept; }\n");
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
