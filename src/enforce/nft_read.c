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
	static const char ip4[] = "\t\ttype ipv4_addr : verdict; size ";
	static const char ip6[] = "\t\ttype ipv6_addr : verdict; size ";
	const char *type = nft_next_line(line);
	bool is4 = nft_begins(type, ip4);

	if (!nft_begins(line, "\tmap ") || (!is4 && !nft_begins(type, ip6)) ||
	    !nft_begins(nft_next_line(type), "\t\telements = {\n"))
		return false;
	out->key_bytes = is4 ? 4 : 16;
	out->size = (uint32_t)strtoul(type + strlen(ip4), NULL, 10);
	return nft_read_name(line + strlen("\tmap "), &out->name);
}

static bool read_address(const char *at, size_t n, uint8_t out[16])
{
	struct addr a;

	if (!addr_parse(at, n, &a))
		return false;
	if (a.family == FAMILY_IP4) {
		uint32_t address = htonl((uint32_t)a.lo);

		memcpy(out, &address, sizeof(address));
	} else {
		uint64_t halves[2] = { htobe64(a.hi), htobe64(a.lo) };

		memcpy(out, halves, sizeof(halves));
	}
	return true;
}

bool nft_read_element(const char *line, struct nft_element *out)
{
	static const char middle[] = " : goto ";
	const char *key = line + strlen("\t\t\t");
	size_t n;

	if (!nft_begins(line, "\t\t\t"))
		return false;
	n = strcspn(key, " \n");
	out->is_catch_all = nft_begins(key, "* : continue\n");
	return out->is_catch_all ||
	       (nft_begins(key + n, middle) && read_address(key, n, out->key) &&
		nft_read_name(key + n + strlen(middle), &out->chain));
}

/* --- lines that look addresses up --- */

static bool skip(const char **at, const char *word)
{
	if (!nft_begins(*at, word))
		return false;
	*at += strlen(word);
	return true;
}

static bool skip_address(const char **at, uint8_t out[16])
{
	size_t n = strcspn(*at, " \n");

	if (!read_address(*at, n, out))
		return false;
	*at += n;
	return skip(at, " ");
}

static bool skip_name(const char **at, struct nft_name *out)
{
	if (!nft_read_name(*at, out))
		return false;
	*at += strlen(out->text);
	return skip(at, " ") || **at == '\n';
}

static bool read_field(const char **at, struct nft_step *out)
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
		out->is_masked = skip(at, "& ");
		return !out->is_masked || skip_address(at, out->mask);
	}
	return false;
}

static bool read_step(const char **at, struct nft_step *out)
{
	*out = (struct nft_step){ .kind = NFT_STEP_GOTO };
	if (skip(at, "goto ")) {
		out->kind = NFT_STEP_GOTO;
		return skip_name(at, &out->name);
	}
	if (skip(at, "jump ")) {
		out->kind = NFT_STEP_JUMP;
		return skip_name(at, &out->name);
	}
	if (!read_field(at, out))
		return false;
	if (skip(at, "vmap @")) {
		out->kind = NFT_STEP_LOOKUP;
		return skip_name(at, &out->name);
	}
	out->kind = NFT_STEP_COMPARE;
	return skip(at, "== ") && skip_address(at, out->key);
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
