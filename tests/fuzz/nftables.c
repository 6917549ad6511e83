/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: text for nftables, of which the process with the rights reads some forms itself.  Names
 * end, addresses have a length, and what is behind a line is the next one. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "enforce/nft_read.h"
#include "enforce/nft_tally.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void check_name(const struct nft_name *name)
{
	size_t n = strnlen(name->text, sizeof(name->text));

	must(n > 0 && n <= NFT_NAME_BYTES && strcspn(name->text, " ,\n") == n);
}

static void check_steps(const char *line)
{
	struct nft_step steps[NFT_STEPS_MAX];
	size_t n = 0;

	if (!nft_read_steps(line, steps, &n))
		return;
	must(n > 0 && n <= NFT_STEPS_MAX);
	for (size_t i = 0; i < n; i++) {
		must((steps[i].field_count > 0) == nft_step_reads(&steps[i]));
		for (size_t k = 0; k < steps[i].field_count; k++)
			must(steps[i].fields[k].bytes <= 16 && steps[i].fields[k].offset <= 128);
		if (steps[i].kind != NFT_STEP_COMPARE && steps[i].kind != NFT_STEP_ACCEPT)
			check_name(&steps[i].name);
	}
}

static void check_line(const char *line)
{
	struct nft_element element = { .continues = false };
	struct nft_base base;
	struct nft_name name;
	struct nft_map map;

	if (nft_read_map(line, &map)) {
		must(map.key_bytes % 4 == 0 && map.key_bytes <= NFT_KEY_MAX && map.key_type > 0);
		check_name(&map.name);
	}
	if (nft_read_element(line, &element)) {
		must(element.key_bytes % 4 == 0 && element.key_bytes <= NFT_KEY_MAX);
		if (!element.continues)
			check_name(&element.chain);
	}
	if (nft_read_base(line, &base)) {
		must(nft_is_base_chain(base.name.text));
		must(strnlen(base.link, sizeof(base.link)) < sizeof(base.link));
	}
	if (nft_begins(line, "\tchain ")) {
		must(nft_verdict_of(line) == NFT_NO_VERDICT || !nft_only_looks_up(line));
		if (nft_read_name(line + strlen("\tchain "), &name))
			must(!nft_chain_counts(name.text) || !nft_is_base_chain(name.text));
	}
	check_steps(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = { 0 };
	size_t lines = 0;

	text_put_n(&text, (const char *)data, size);
	for (const char *line = text_string(&text); *line; line = nft_next_line(line)) {
		check_line(line);
		lines++;
	}
	must(lines <= size);
	text_release(&text);
	return 0;
}
