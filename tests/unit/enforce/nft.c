/* SPDX-License-Identifier: BSD-2-Clause */
/* The pure parts of the nftables back end: names, images, and look-ups, whose text is followed here
 * as the kernel would follow it. */
#include "enforce/nft_plane.h"
#include "enforce/nft_prefix.h"
#include "enforce/nft_read.h"

#include <ctype.h>
#include <errno.h>

#include "base/memory.h"
#include "t.h"

/* --- names --- */

static void try_name(const char *link, const char *written)
{
	struct text name = { 0 };
	struct enforce_count count;

	text_put(&name, "border/ingress.refused/224.0.1-rule/");
	nft_put_link(&name, link);
	check_text(name.p + strlen("border/ingress.refused/224.0.1-rule/"), written, link);
	check_named(nft_counter_parse(name.p, &count), link);
	check_text(count.link, link, "link");
	check_text(count.rule, "224.0.1-rule", "rule");
	check_text(count.boundary, "border", "boundary");
	check(count.hook == HOOK_INGRESS && count.refused && count.backend == BACKEND_NFTABLES);
	text_release(&name);
}

static void test_names(void)
{
	static const char *const others[] = { "", "x", "a/b", "a/ingress/c", "a/sideways/c/d",
					      "a/ingress.more/c/d", "a/egress/c/d/", "a/egress/c/d/4",
					      "a/egress/c/d/zz" };

	try_name("eth0", "eth0");
	try_name("eth0.12", "eth0.12");
	try_name("wg-x_y", "wg-x_y");
	try_name("a:b", "a/3ab");
	try_name("\xc3\xbc{}", "/c3/bc/7b/7d");
	try_name("%\"", "/25/22");
	for (size_t i = 0; i < COUNT(others); i++) {
		struct text name = { 0 };
		struct enforce_count count;

		text_put(&name, others[i]);
		if (name.p)
			check_named(!nft_counter_parse(name.p, &count), others[i]);
		text_release(&name);
	}
}

/* --- images --- */

static void test_images(void)
{
	struct enforce_plan plan = { 0 };
	struct enforce_notes notes = { 0 };
	struct enforce_image *image, *copy;

	check(enforce_compile(&plan, NULL, &image, &notes) == 0);
	check(enforce_image_of((struct span){ image->bytes, image->n }, &copy) == 0);
	check(copy->n == image->n && memcmp(copy->bytes, image->bytes, image->n) == 0);
	free(copy);
	for (size_t n = 0; n < image->n; n++)
		check(enforce_image_of((struct span){ image->bytes, n }, &copy) == -EBADMSG);
	for (size_t bit = 0; bit < 8 * image->n; bit++) {
		image->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		check(enforce_image_of((struct span){ image->bytes, image->n }, &copy) == -EBADMSG);
		image->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(image);
}

/* --- following the text --- */

#define NO_TARGET UINT32_MAX

static bool skip(const char **at, const char *word)
{
	const char *p = *at;

	while (*word && *p == *word)
		p++, word++;
	if (*word)
		return false;
	*at = p;
	return true;
}

/* "0xef010101", of so many bits. */
static wide read_number(const char **at, unsigned bits)
{
	wide number = 0;
	unsigned digits = 0;

	check(skip(at, "0x"));
	for (; isxdigit((unsigned char)**at); (*at)++, digits++)
		number = number << 4 | strtoul((char[]){ **at, '\0' }, NULL, 16);
	check(4 * digits == bits);
	skip(at, " ");
	return number;
}

static const char *find(const struct text *chains, const struct text *what)
{
	return chains->n ? memmem(chains->p, chains->n, what->p, what->n) : NULL;
}

/* "goto %0r12" and what it comes to. */
static uint32_t follow(const struct text *chains, const char *at, struct addr a);

static uint32_t follow_goto(const struct text *chains, const char *at, struct addr a)
{
	struct text head = { 0 };
	const char *chain;
	uint32_t target = NO_TARGET;

	if (skip(&at, "goto %border/ingress/r"))
		return (uint32_t)strtoul(at, NULL, 10);
	if (!skip(&at, "goto "))
		return NO_TARGET;
	text_put(&head, "\tchain ");
	text_put_n(&head, at, strcspn(at, ",\n"));
	text_put(&head, " {\n");
	chain = find(chains, &head);
	if (chain)
		target = follow(chains, chain + head.n, a);
	text_release(&head);
	return target;
}

/* What a map has for the key, or for all others, or NULL; it ends at `end`. */
static const char *find_key(const char *at, const char *end, struct addr key)
{
	char text[ADDR_TEXT], line[ADDR_TEXT + 8];
	int n = snprintf(line, sizeof(line), "\t\t\t%s : ", addr_text(key, text));
	const char *found = memmem(at, (size_t)(end - at), line, (size_t)n);

	if (found)
		return found + n;
	found = memmem(at, (size_t)(end - at), "\t\t\t* : ", 7);
	return found ? found + 7 : NULL;
}

/* What a map has for the address, or NULL.  Behind it the line goes on. */
static const char *look_up(const struct text *chains, const char **at, struct addr key)
{
	struct text head = { 0 };
	const char *map;

	check(skip(at, "vmap @"));
	text_put(&head, "\tmap ");
	text_put_n(&head, *at, strcspn(*at, " \n"));
	text_put(&head, " {\n");
	map = find(chains, &head);
	check(map);
	*at += strcspn(*at, " \n");
	skip(at, " ");
	text_release(&head);
	return find_key(map, memmem(map, (size_t)(chains->p + chains->n - map), "\t\t}\n", 4), key);
}

static unsigned read_count(const char **at)
{
	char *end;
	unsigned long count = strtoul(*at, &end, 10);

	check(end != *at);
	*at = end + 1;
	return (unsigned)count;
}

/* The bits of "@nh,128,32 ", of the address alone that is looked for. */
static wide read_bits(const char **at, struct addr a, unsigned *out_bits)
{
	unsigned all = a.family == FAMILY_IP4 ? 32 : 128, first, bits;
	wide number = (wide)a.hi << 64 | a.lo;

	check(skip(at, "@nh,"));
	first = read_count(at) - (a.family == FAMILY_IP4 ? 96 : 64);
	bits = read_count(at);
	first %= all;
	check(first + bits <= all);
	number <<= 128 - all + first;
	*out_bits = bits;
	return number >> (128 - bits);
}

/* As a key that is filled up with zeros. */
static struct addr key_of(wide number, unsigned bits, enum family family)
{
	if (family == FAMILY_IP4)
		return addr_of4((uint32_t)(number << (32 - bits)));
	check(bits == 128);
	return addr_of6((uint64_t)(number >> 64), (uint64_t)number);
}

/* One step of a line: false where that is the line's last, and true where it goes on behind it. */
static bool follow_step(const struct text *chains, const char **at, struct addr a, uint32_t *out)
{
	unsigned bits;
	wide number = read_bits(at, a, &bits);
	const char *found;

	if (skip(at, "& "))
		number &= read_number(at, bits);
	if (skip(at, "== "))
		return number == read_number(at, bits);
	found = look_up(chains, at, key_of(number, bits, a.family));
	if (found && strncmp(found, "continue,\n", 10) != 0)
		*out = follow_goto(chains, found, a);
	return found && *out == NO_TARGET;
}

static uint32_t follow(const struct text *chains, const char *at, struct addr a)
{
	uint32_t target = NO_TARGET;

	for (; target == NO_TARGET && *at != '}' && *at != '\0'; at = nft_next_line(at)) {
		bool goes_on = true;

		at += strspn(at, " \t");
		while (goes_on && *at == '@')
			goes_on = follow_step(chains, &at, a, &target);
		if (goes_on && target == NO_TARGET)
			target = follow_goto(chains, at, a);
	}
	return target;
}

/* --- look-ups --- */

#define TARGETS 9
#define MANY_SPANS 5000			/* of which some are tried */

/* Every so manieth is not a network but a host, or the other way round; some are both. */
static const struct list {
	uint32_t n, every, both_every;
	bool	 has_few_networks;
} some_listed = { 600, 3, 100, false }, many_listed = { 5500, 4, 500, true };

static unsigned markers, ended;	/* look-ups that have some; that let nothing through */

static struct addr random_addr(uint64_t *seed, enum family family, enum side side)
{
	uint64_t hi = t_random(seed), lo = t_random(seed);

	if (t_random(seed) % 2)		/* few bits: neighbours, and patterns that repeat */
		hi &= UINT64_C(0xff0f00f000000000), lo &= 0x30f;
	if (family == FAMILY_IP4)
		return addr_of4((uint32_t)(side == SIDE_GROUP ? 0xe0000000 | (lo & 0xfffffff) : lo));
	return addr_of6(side == SIDE_GROUP ? UINT64_C(0xff) << 56 | hi >> 8 : hi, lo);
}

static int order_spans(const void *a, const void *b)
{
	return addr_order(((const struct nft_span *)a)->first, ((const struct nft_span *)b)->first);
}

/* Spans that cover the family or its multicast; some end where prefixes do. */
static size_t random_spans(uint64_t *seed, enum family family, enum side side, size_t n,
			   struct nft_span *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		out[i].first = random_addr(seed, family, side);
		if (t_random(seed) % 3)
			out[i].first = addr_first(out[i].first,
						  (unsigned)(8 + t_random(seed) %
							     (family == FAMILY_IP4 ? 24 : 120)));
		out[i].target = (uint32_t)(t_random(seed) >> 30) % TARGETS;
	}
	out[0].first = side == SIDE_SOURCE     ? (struct addr){ 0, 0, (uint8_t)family }
		       : family == FAMILY_IP4 ? addr_of4(0xe0000000)
					      : addr_of6(UINT64_C(0xff) << 56, 0);
	qsort(out, n, sizeof(*out), order_spans);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !addr_equal(out[kept - 1].first, out[i].first))
			out[kept++] = out[i];
	return kept;
}

static uint32_t target_of(const struct nft_span *spans, size_t n, struct addr a)
{
	while (n > 1 && addr_order(spans[n - 1].first, a) > 0)
		n--;
	return spans[n - 1].target;
}

/* Every map and chain that a look-up makes is read. */
static bool is_all_read(const char *text)
{
	struct nft_element element;
	struct nft_map map;

	for (const char *line = text; *line; line = nft_next_line(line))
		if ((nft_begins(line, "\tmap ") && !nft_read_map(line, &map)) ||
		    (nft_begins(line, "\tchain ") && !nft_only_looks_up(line)) ||
		    (nft_begins(line, "\t\t\t") && !nft_read_element(line, &element)))
			return false;
	return true;
}

static bool follow_all(const struct nft_span *spans, size_t n, const struct text *chains,
		       const char *lines, uint64_t *seed, enum side side)
{
	bool good = true;

	for (size_t i = 0; i < 2 * n + 50 && good; i += n > MANY_SPANS ? 13 : 1) {
		struct addr a = i < 2 * n ? spans[i / 2].first
					  : random_addr(seed, spans[0].first.family, side);
		char text[ADDR_TEXT];

		if (i < 2 * n && i % 2 && i > 1)
			a = addr_previous(a);
		good = follow(chains, lines, a) == target_of(spans, n, a);
		if (!good)
			printf("# %s: is %u, should be %u\n", addr_text(a, text),
			       follow(chains, lines, a), target_of(spans, n, a));
	}
	return good;
}

/* Networks and hosts as an operator lists them; some hosts stand within the networks. */
static size_t listed_spans(const struct list *list, struct nft_span *out)
{
	size_t n = 0;

	out[n++] = (struct nft_span){ addr_of4(0xe0000000), 0 };
	for (uint32_t i = 0; i < list->n; i++) {
		uint32_t network = 0xe1000000 | i << 9, host = network | 9;
		bool is_network = (i % list->every == 0) == list->has_few_networks;
		bool has_host = !is_network || i % list->both_every == 0;

		if (is_network)
			out[n++] = (struct nft_span){ addr_of4(network), 1 + i % 7 };
		if (has_host) {
			out[n++] = (struct nft_span){ addr_of4(host), 8 };
			out[n++] = (struct nft_span){ addr_of4(host + 1),
						      is_network ? 1 + i % 7 : 0 };
		}
		if (is_network)
			out[n++] = (struct nft_span){ addr_of4(network + 256), 0 };
	}
	return n;
}

/* What looks the spans up, followed; `out_chains` how many chains that takes. */
static bool try_spans(uint64_t *seed, enum side side, const struct nft_span *spans, size_t n,
		      unsigned *out_chains)
{
	enum family family = spans[0].first.family;
	struct rule named[TARGETS];
	const struct rule *list[TARGETS + 1];
	char names[TARGETS][4];
	struct boundary boundary = { .name = "border", .rules = list, .rule_count = COUNT(list) };
	struct enforce_link link = { .name = "eth0" };
	bool rules[TARGETS], good;
	struct nft_hook h = { .rules = rules, .boundary = &boundary, .link = &link };
	struct text lines = { 0 };
	bool ends = t_random(seed) % 2;
	uint32_t other;

	for (unsigned i = 0; i < TARGETS; i++) {
		snprintf(names[i], sizeof(names[i]), "r%u", i % 10);
		named[i] = (struct rule){ .name = names[i] };
		list[i] = &named[i];
		rules[i] = true;
	}
	other = nft_put_lookup(&lines, &h, side, spans, n, ends);
	check(ends || other != NFT_TARGET_NONE);
	ended += other == NFT_TARGET_NONE;
	nft_put_rest(&lines, &h, family, other);
	text_put(&h.chains, text_string(&h.maps[0].text));
	check(is_all_read(text_string(&h.chains)));
	markers += strstr(text_string(&h.chains), " : continue,\n") != NULL;
	good = follow_all(spans, n, &h.chains, lines.p, seed, side);
	*out_chains = h.chain_count;
	nft_rests_release(&h);
	text_release(&h.chains);
	text_release(&h.maps[0].text);
	free(h.maps[0].places);
	text_release(&lines);
	return good;
}

static void try_listed(const struct list *list, unsigned turns, bool is_marked)
{
	struct nft_span *spans = memory_array(4 * list->n + 1, sizeof(*spans));
	size_t n = listed_spans(list, spans);
	unsigned before = markers, chains;
	uint64_t seed = 42;

	for (unsigned i = 1; i <= turns; i++) {
		check(try_spans(&seed, SIDE_GROUP, spans, n, &chains));
		check(markers == before + (is_marked ? i : 0));
		check(chains > 0 && chains <= list->n / list->both_every);
	}
	free(spans);
}

/* So many markers are none. */
static void test_listed(void)
{
	try_listed(&some_listed, 8, true);
	try_listed(&many_listed, 4, false);
}

static void test_lookups(void)
{
	static const size_t sizes[] = { 1, 2, 3, 8, 30, 70 };
	struct nft_span spans[70];
	unsigned chains;
	uint64_t seed = 4711;

	for (unsigned i = 0; i < 96; i++) {
		enum family family = i % 2 ? FAMILY_IP6 : FAMILY_IP4;
		enum side side = i % 4 < 2 ? SIDE_SOURCE : SIDE_GROUP;

		size_t n = random_spans(&seed, family, side, sizes[i / 4 % COUNT(sizes)], spans);

		if (!try_spans(&seed, side, spans, n, &chains)) {
			check_named(false, "a look-up that goes astray");
			return;
		}
	}
	check(markers > 20 && ended > 20);
}

/* --- forms that are read again: what nft_put_lookup() writes is all of them --- */

static const struct {
	const char *line;
	bool	    is_read;
} forms[] = {
	{ "\t\tip daddr & 255.255.0.0 vmap @a0v1 goto a0c2\n", true },
	{ "\t\tip6 saddr == 2001:db8::1 goto ab/ingress/r/eth0\n", true },
	{ "\t\t@nh,128,32 . @nh,160,32 & 0xffffff00 vmap @a0v1 goto a0c2\n", true },
	{ "\t\tip daddr != @Joined/b/in/group4 goto a0c2\n", true },
	{ "\t\t@nh,16,16 == 0x0800 goto a0c2\n", true },
	{ "\t\tjump a0m3\n", true },
	{ "\t\t@nh,160,8 & 0xf0 != 0xe0 accept\n", true },
	{ "\t\tip6 daddr & 0:ff:: == 0:20::-0:40:: goto a0c2\n", true },
	{ "\t\tip daddr != 10.0.0.1-10.0.0.9 goto a0c2\n", false },
	{ "\t\tip daddr == 10.0.0.1- goto a0c2\n", false },
	{ "\t\t@nh,160,8 == 0xe0-0xf accept\n", false },
	{ "\t\taccept accept\n", false },
	{ "\t\tip6 daddr & ffff:: @ab0r1umask0 goto x\n", false },
	{ "\t\t@nh,16,16 == 0x080 goto x\n", false },
	{ "\t\t@nh,12,16 == 0x0800 goto x\n", false },
	{ "\t\t@nh,8192,16 == 0x0800 goto x\n", false },
	{ "\t\t@nh,224,64 == 0x20010db800000000-0x20010db8ffffffff goto x\n", true },
	{ "\t\t@nh,16,24 == 0x080008 goto x\n", false },
	{ "\t\t@nh,64,64 . @nh,192,64 vmap @a goto x\n", false },
	{ "\t\t@nh,160,32 & 255.0.0.0 vmap @a goto x\n", false },
	{ "\t\tip daddr & 0xffffff00 vmap @a goto x\n", false },
	{ "\t\tip daddr & ffff:: vmap @a goto x\n", false },
	{ "\t\tip saddr . ip6 daddr vmap @a goto x\n", false },
	{ "\t\tip daddr & 255.0.0.0 goto x\n", false },
	{ "\t\tip daddr 10.0.0.1 goto x\n", false },
	{ "\t\tmeta l4proto 58 @th,0,8 == 0x82 goto x\n", true },
	{ "\t\tmeta l4proto 256 goto x\n", false },
	{ "\t\tmeta l4proto != 17 goto x\n", true },
	{ "\t\tmeta protocol != ip goto x\n", true },
	{ "\t\tmeta protocol 0x9100 oifname vmap @alinkstagged\n", true },
	{ "\t\tmeta protocol ipx goto x\n", false },
	{ "\t\tmeta pkttype multicast goto x\n", true },
	{ "\t\tmeta pkttype host goto x\n", false },
	{ "\t\tiifname \"eth0\" accept\n", true },
	{ "\t\tiifname \"eth0 accept\n", false },
	{ "\t\tiifname \"\" accept\n", false },
	{ "\t\tiifname \"interface-of-16b\" accept\n", false },
	{ "\t\tip daddr & 240.0.0.0 == 224.0.0.0 oifname vmap @alinks4\n", true },
	{ "\t\toifname \"eth0\" accept\n", false },
	{ "\t\tmeta iif 0 goto x\n", false },
	{ "\t\tgoto x, y\n", false },
	{ "\t\t\n", false },
	{ "", false },
};

static void test_forms(void)
{
	struct nft_step steps[NFT_STEPS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(forms); i++)
		check_named(nft_read_steps(forms[i].line, steps, &n) == forms[i].is_read,
			    forms[i].line);
	check(nft_read_steps(forms[0].line, steps, &n) && n == 2);
	check(steps[0].kind == NFT_STEP_LOOKUP && steps[0].fields[0].offset == 16 &&
	      steps[0].fields[0].bytes == 4 && steps[0].fields[0].is_masked &&
	      steps[0].fields[0].mask[1] == 255 && steps[0].fields[0].mask[2] == 0);
	check_text(steps[0].name.text, "a0v1", "map");
	check(steps[1].kind == NFT_STEP_GOTO);
	check(nft_read_steps(forms[1].line, steps, &n) && n == 2);
	check(steps[0].kind == NFT_STEP_COMPARE && steps[0].fields[0].offset == 8 &&
	      steps[0].fields[0].is_ip6 && !steps[0].fields[0].is_masked &&
	      steps[0].key[15] == 1);
	check(nft_read_steps(forms[2].line, steps, &n) && n == 2);
	check(steps[0].kind == NFT_STEP_LOOKUP && steps[0].field_count == 2 &&
	      steps[0].fields[0].is_raw && steps[0].fields[0].offset == 16 &&
	      !steps[0].fields[0].is_masked && steps[0].fields[1].mask[2] == 0xff &&
	      steps[0].fields[1].mask[3] == 0);
	check(nft_read_steps(forms[3].line, steps, &n) && n == 2);
	check(steps[0].kind == NFT_STEP_FIND && steps[0].is_inverted && !steps[0].fields[0].is_raw);
}

static void test_elements(void)
{
	static const char *const bad[] = { "\t\t\t*: goto a,\n", "\t\t\t* : drop,\n", "\t\t\t*\n",
					   "\t\t\t* . 10.0.0.1 : goto a,\n",
					   "\t\t\t10.0.0.1 . * : goto a,\n", "\t\t\t : goto a,\n" };
	struct nft_element element = { .key_bytes = 99 };

	check(nft_read_element("\t\t\t* : goto a0c1,\n", &element) && element.key_bytes == 0);
	check(!element.continues);
	check_text(element.chain.text, "a0c1", "chain");
	check(nft_read_element("\t\t\t224.0.0.1 : continue,\n", &element) &&
	      element.key_bytes == 4 && element.continues);
	for (size_t i = 0; i < COUNT(bad); i++)
		check_named(!nft_read_element(bad[i], &element), bad[i]);
}

static void test_bases(void)
{
	static const char *const bad[] = {
		"add chain netdev weir ingress/a { type filter hook ingress device \"a priority 0; "
		"policy accept; }\n",
		"add chain netdev weir a0c1 { type filter hook ingress device \"a\" priority 0; "
		"policy accept; }\n",
		"add chain inet weir egress/own { type filter hook input priority 0; policy accept; }\n",
		"add chain inet weir egress/own { type filter hook output priority x; policy accept; }\n",
		"add chain inet weir egress/own { type filter hook output priority 0; policy drop; }\n",
		"add chain inet weir\n",
	};
	struct nft_base base;

	check(nft_read_base("add chain netdev weir ingress/a/3ab { type filter hook ingress device "
			    "\"a:b\" priority -300; policy accept; }\n", &base));
	check_text(base.name.text, "ingress/a/3ab", "name");
	check_text(base.link, "a:b", "link");
	check(base.hook == 0 && base.priority == -300 && nft_begins(base.family, "netdev "));
	check(nft_read_base("add chain bridge weir egress/own { type filter hook output priority -300; "
			    "policy accept; }\n", &base));
	check(base.hook == 3 && base.link[0] == '\0' && nft_begins(base.family, "bridge "));
	for (size_t i = 0; i < COUNT(bad); i++)
		check_named(!nft_read_base(bad[i], &base), bad[i]);
}

TEST_MAIN({ "names", test_names }, { "images", test_images }, { "look-ups", test_lookups },
	  { "look-ups of lists", test_listed }, { "forms", test_forms }, { "elements", test_elements },
	  { "base chains", test_bases })
