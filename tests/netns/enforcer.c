/* SPDX-License-Identifier: BSD-2-Clause */
/* Drives the back ends from scripts: compiles a policy, installs it, and prints what was counted.
 *
 *	enforcer text|install|abandon|ahead|ahead-and-die POLICY BOUNDARY [NAME=SET]... -- LINK...
 *	enforcer reload N POLICY-A POLICY-B BOUNDARY [NAME=SET]... -- LINK...
 *	enforcer replace POLICY-A POLICY-B ...		A, then B; then forgets what is gone
 *	enforcer amiss POLICY-A POLICY-B ...		B, after pieces that are none of it
 *	enforcer counts|forget|remove
 *	enforcer blast SENDER RECEIVER MS		sequence-numbered packets to two groups
 *	enforcer random|random-pairs SEED RULES			a policy
 *	enforcer packets SEED N in|out POLICY BOUNDARY [NAME=SET]...	packets, and what is to become of them
 *
 * LINK is NAME,SIDE,BACKEND[,dry][,port].  A packet is "source group protocol dport ttl fragment word
 * action rule": fragment is 0, 1 (the first) or 2 (a later one), word is what its payload is.  With
 * ENFORCER_PAIRS in the environment small policies are compiled as those of many pairs are, and with
 * ENFORCER_AHEAD pieces of an image are brought into the kernel before it is installed. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "enforce/backend.h"
#include "enforce/enforce.h"
#include "enforce/nft.h"
#include "model/diag.h"
#include "net/embed.h"
#include "policy/load.h"
#include "random_policy.h"
#include "t.h"
#include "traffic.h"

#define LINKS_MAX 64
#define PINS "/sys/fs/bpf/weir-test"

struct request {
	struct policy	   *policies[2];
	const char	   *boundary;
	const char	   *sets[16];
	size_t		    set_count;
	struct enforce_link links[LINKS_MAX];
	size_t		    link_count;
	double		    load_ms;		/* from text to policies */
};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "enforcer: %s: %s\n", what, why);
	exit(3);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* --- words --- */

static struct policy *load(const struct request *r, const char *name)
{
	struct text text = { 0 };
	struct diags diags;
	struct policy *policy;
	FILE *f = fopen(name, "r");
	int c;

	while (f && (c = getc(f)) != EOF)
		text_char(&text, (char)c);
	if (f)
		fclose(f);
	diags_init(&diags);
	policy = policy_load(&(struct policy_input){
		.name = name, .text = f ? text_string(&text) : NULL, .n = text.n,
		.sets = r->sets, .set_count = r->set_count }, &diags);
	if (!policy)
		fail(name, diags.n ? diags.list[0].message : "no policy");
	diags_release(&diags);
	text_release(&text);
	return policy;
}

static struct enforce_link read_link(char *words)
{
	struct enforce_link link = { 0 };
	char *rest = words, *word = strsep(&rest, ",");

	snprintf(link.name, sizeof(link.name), "%s", word);
	link.index = if_nametoindex(link.name);
	while ((word = strsep(&rest, ","))) {
		link.inside |= strcmp(word, "inside") == 0;
		link.dry_run |= strcmp(word, "dry") == 0;
		link.fails_closed |= strcmp(word, "closed") == 0;
		link.is_bridge_port |= strcmp(word, "port") == 0;
		for (unsigned b = 0; b < BACKEND_COUNT; b++)
			if (strcmp(word, backend_name(b)) == 0)
				link.backend = b;
	}
	return link;
}

/* Behind the policies: boundary, sets, then links. */
static struct request read_request(char **policies, size_t n, char **words)
{
	struct request r = { .boundary = words[0] };
	bool links = false;

	if (!words[0])
		fail("usage", "a boundary is missing");
	for (words++; *words; words++) {
		if (strcmp(*words, "--") == 0)
			links = true;
		else if (!links && r.set_count < 16)
			r.sets[r.set_count++] = *words;
		else if (r.link_count < LINKS_MAX)
			r.links[r.link_count++] = read_link(*words);
	}
	r.load_ms = -now_ms();
	for (size_t i = 0; i < n; i++)
		r.policies[i] = load(&r, policies[i]);
	r.load_ms += now_ms();
	return r;
}

static void request_release(struct request *r)
{
	policy_free(r->policies[0]);
	policy_free(r->policies[1]);
}

/* --- plans --- */

static struct mtime today(void)
{
	return (struct mtime){ (int64_t)time(NULL) * NS_PER_S };
}

static bool by_pairs(void)
{
	return getenv("ENFORCER_PAIRS") != NULL;
}

#define PIECES_MAX 8

/* What an image tells of itself ahead, kept. */
struct pieces {
	struct text list[PIECES_MAX];
	size_t	    n;
};

static void keep_piece(void *ctx, struct span bytes)
{
	struct pieces *pieces = ctx;

	if (pieces->n < PIECES_MAX)
		text_put_n(&pieces->list[pieces->n++], (const char *)bytes.p, bytes.n);
}

static void release_pieces(struct pieces *pieces)
{
	while (pieces->n > 0)
		text_release(&pieces->list[--pieces->n]);
}

static struct enforce_image *compile(const struct request *r, size_t which,
				     const struct enforce_support *support, bool tells,
				     struct pieces *out)
{
	const struct boundary *boundary = policy_boundary(r->policies[which], r->boundary);
	struct enforce_boundary b = { boundary, r->links, r->link_count };
	struct enforce_plan plan = { .boundaries = &b, .n = 1, .generation = 1, .now = today(),
				     .by_pairs = by_pairs(), .piece = keep_piece,
				     .piece_ctx = out };
	struct enforce_choice choices[LINKS_MAX];
	struct enforce_notes notes = { 0 };
	struct enforce_image *image = NULL;
	int status;

	if (!boundary)
		fail(r->boundary, "no such boundary");
	if (enforce_choose(&plan, support, choices) < 0)
		for (size_t i = 0; i < r->link_count; i++)
			fprintf(stderr, "%s: %s\n", r->links[i].name, choices[i].why);
	status = enforce_compile(&plan, choices, &image, &notes);
	for (size_t i = 0; i < notes.n && tells; i++)
		fprintf(stderr, "note: %s %s %s: %s\n", notes.list[i].boundary,
			notes.list[i].rule, notes.list[i].link, notes.list[i].text);
	enforce_notes_release(&notes);
	if (status < 0)
		fail("compile", strerror(-status));
	return image;
}

static void put_text(const struct request *r)
{
	const struct boundary *boundary = policy_boundary(r->policies[0], r->boundary);
	struct enforce_boundary b = { boundary, r->links, r->link_count };
	struct enforce_plan plan = { .boundaries = &b, .n = 1, .generation = 1, .now = today(),
				     .by_pairs = by_pairs() };
	struct enforce_choice choices[LINKS_MAX];
	struct enforce_support support = { 0 };
	struct enforce_notes notes = { 0 };
	struct text text = { 0 };

	enforce_choose(&plan, &support, choices);
	if (nft_compile(&plan, choices, &text, &notes) < 0)
		fail("compile", notes.n ? notes.list[notes.n - 1].text : "");
	fputs(text_string(&text), stdout);
	enforce_notes_release(&notes);
	text_release(&text);
}

/* --- the kernel --- */

static struct enforcer *open_enforcer(void)
{
	struct enforcer *e;
	int status = enforcer_open(PINS, &e);

	if (status < 0)
		fail("open", strerror(-status));
	return e;
}

/* As a daemon does while the image is made. */
static void bring_ahead(struct enforcer *e, const struct pieces *pieces)
{
	enforce_prepare(e);
	for (size_t i = 0; i < pieces->n; i++)
		enforce_ahead(e, (struct span){ (const uint8_t *)pieces->list[i].p,
						pieces->list[i].n });
}

static void install(struct enforcer *e, const struct enforce_image *image,
		    const struct pieces *pieces)
{
	int status;

	if (getenv("ENFORCER_AHEAD"))
		bring_ahead(e, pieces);
	status = enforce_install(e, image);
	if (status < 0)
		fail(strerror(-status), enforcer_error(e));
}

static void put_count(void *ctx, const struct enforce_count *c)
{
	(void)ctx;
	printf("%s %s %s %s %s%s %llu %llu\n", c->boundary, c->link, hook_name(c->hook), c->rule,
	       c->refused ? "refused" : "passed", c->gone ? " gone" : "",
	       (unsigned long long)c->packets, (unsigned long long)c->bytes);
}

static void reload(struct enforcer *e, const struct request *r, unsigned times)
{
	struct enforce_image *images[2];
	struct pieces pieces[2] = { { .n = 0 } };
	struct enforce_support support;
	double begin;

	enforce_probe(&support);
	for (size_t i = 0; i < 2; i++)
		images[i] = compile(r, i, &support, true, &pieces[i]);
	begin = now_ms();
	for (unsigned i = 0; i < times; i++)
		install(e, images[i % 2], &pieces[i % 2]);
	printf("%u installs in %.1f ms\n", times, now_ms() - begin);
	if (enforce_counts(e, put_count, NULL) < 0)
		fail("counts", enforcer_error(e));
	for (size_t i = 0; i < 2; i++) {
		free(images[i]);
		release_pieces(&pieces[i]);
	}
}

static void replace(const struct request *r)
{
	struct enforcer *e = open_enforcer();

	reload(e, r, 2);
	if (enforce_forget(e) < 0)
		fail("forget", enforcer_error(e));
	printf("forgotten\n");
	if (enforce_counts(e, put_count, NULL) < 0)
		fail("counts", enforcer_error(e));
	enforcer_free(e);
}

static void install_amiss(struct enforcer *e, const struct enforce_image *image, const char *what)
{
	if (enforce_install(e, image) < 0)
		fail(what, enforcer_error(e));
	printf("in force after %s\n", what);
}

/* Pieces of an image that never came, or that are no pieces, and a table that is gone meanwhile. */
static void install_after_others(const struct request *r)
{
	static const struct {
		const char *name, *text;
	} odd[] = { { "nothing", "" }, { "a line without end", "table" }, { "a brace", "}\n" },
		    { "another table", "table inet elsewhere {\n\tchain %0 {\n" },
		    { "lines that go nowhere", "table bridge weir {\n\tchain %0 {\n\t\tgoto %1\n"
		      "\t\tgoto %2\n\t\tgoto %3\n\t}\n}\n" } };
	struct enforcer *e = open_enforcer(), *other = open_enforcer();
	struct enforce_image *images[2];
	struct pieces pieces[2] = { { .n = 0 } };
	struct enforce_support support;

	enforce_probe(&support);
	for (size_t i = 0; i < 2; i++)
		images[i] = compile(r, i, &support, true, &pieces[i]);
	bring_ahead(e, &pieces[0]);
	install_amiss(e, images[1], "pieces of another");
	bring_ahead(e, &pieces[1]);
	enforce_remove(other);
	enforcer_free(other);
	install_amiss(e, images[1], "its table's end");
	for (size_t i = 0; i < COUNT(odd); i++) {
		enforce_prepare(e);
		enforce_ahead(e, (struct span){ (const uint8_t *)odd[i].text, strlen(odd[i].text) });
		install_amiss(e, images[i % 2], odd[i].name);
	}
	for (size_t i = 0; i < 2; i++) {
		free(images[i]);
		release_pieces(&pieces[i]);
	}
	enforcer_free(e);
}

/* From a policy's text to rules in force, each step by itself.  One that dies tidies nothing. */
static void install_timed(const struct request *r, bool dies)
{
	struct enforcer *e = open_enforcer();
	struct enforce_support support;
	struct enforce_image *image;
	struct pieces pieces = { .n = 0 };
	double begin, compiled;

	enforce_probe(&support);		/* once, as a daemon does */
	begin = now_ms();
	image = compile(r, 0, &support, true, &pieces);
	compiled = now_ms();
	install(e, image, &pieces);
	printf("loaded in %.2f ms, compiled in %.2f ms, in force in %.2f ms\n", r->load_ms,
	       compiled - begin, now_ms() - compiled);
	free(image);
	release_pieces(&pieces);
	if (dies)
		_exit(0);
	enforcer_free(e);
}

/* Pieces of an image that never comes. */
static void bring_pieces(const struct request *r, bool dies)
{
	struct enforcer *e = open_enforcer();
	struct enforce_support support;
	struct pieces pieces = { .n = 0 };

	enforce_probe(&support);
	free(compile(r, 0, &support, true, &pieces));
	bring_ahead(e, &pieces);
	printf("%zu pieces\n", pieces.n);
	fflush(stdout);
	release_pieces(&pieces);
	if (dies)
		_exit(0);
	enforcer_free(e);
}

/* --- the truth --- */

#define PROTOCOL_NUMBER_IGMP  2
#define PROTOCOL_NUMBER_TCP   6
#define PROTOCOL_NUMBER_UDP   17
#define PROTOCOL_NUMBER_ICMP6 58
#define PROTOCOL_NUMBER_PIM   103

static unsigned pick(uint64_t *seed, unsigned n)
{
	return (unsigned)(t_random(seed) >> 17) % n;
}

struct sample {
	struct observation obs;
	unsigned	   fragment;
	const char	  *word;
};

/* What is in the packet, where it is more than bytes. */
static void choose_payload(uint64_t *seed, struct sample *s)
{
	struct observation *obs = &s->obs;
	unsigned choice = pick(seed, 12);

	s->word = "-";
	if (choice == 0 && s->fragment == 0) {
		s->word = "rasadv";
		obs->protocol = PROTOCOL_RASADV;
		obs->ip_protocol = PROTOCOL_NUMBER_UDP;
		obs->dport = 9753;
	} else if (choice == 1 && s->fragment == 0) {
		s->word = "sap";
		obs->protocol = PROTOCOL_SAP;
		obs->ip_protocol = PROTOCOL_NUMBER_UDP;
		obs->dport = 9875;
	} else if (choice == 2 && s->fragment < 2) {
		s->word = "control";
		obs->ip_protocol = pick(seed, 2) ? PROTOCOL_NUMBER_PIM
				   : obs->group.family == FAMILY_IP4 ? PROTOCOL_NUMBER_IGMP
								     : PROTOCOL_NUMBER_ICMP6;
	}
}

/* A whole packet with all that a kernel sees of it. */
static bool read_sample(uint64_t *seed, const struct boundary *b, unsigned direction,
			struct sample *out)
{
	struct observation *obs = &out->obs;

	*obs = random_observation(seed, b);
	obs->point = POINT_DATA;
	obs->type = TYPE_DATA;
	obs->notice = false;
	obs->anomaly = ANOMALY_NONE;
	obs->joined = JOINED_UNKNOWN;
	obs->has_ttl = true;
	obs->at = today();
	obs->direction = (uint8_t)direction;
	obs->group_len = (uint8_t)addr_bits(obs->group);
	if (obs->ip_protocol == IP_PROTOCOL_NONE)
		obs->ip_protocol = PROTOCOL_NUMBER_UDP;
	out->fragment = pick(seed, 6) < 3 ? 0 : pick(seed, 3);
	obs->protocol = obs->ip_protocol == PROTOCOL_NUMBER_UDP	  ? PROTOCOL_UDP
			: obs->ip_protocol == PROTOCOL_NUMBER_TCP ? PROTOCOL_TCP
								  : PROTOCOL_IP;
	choose_payload(seed, out);
	obs->has_ports = out->fragment < 2 && (obs->ip_protocol == PROTOCOL_NUMBER_UDP ||
					       obs->ip_protocol == PROTOCOL_NUMBER_TCP);
	obs->flags = out->fragment ? FLAG_BIT(FRAGMENT) : 0;
	if (!addr_equal(obs->group, group_as_read(obs->group)))
		obs->flags |= FLAG_BIT(SCOPE_F);
	return addr_is_multicast(obs->group) && addr_is_there(obs->source) &&
	       obs->source.family == obs->group.family;
}

static void put_sample(const struct boundary *b, const struct sample *s)
{
	const struct observation *obs = &s->obs;
	struct verdict v = reference_judge(b, obs);
	const char *action = action_name(v.action), *rule = b->rules[v.rule]->name;
	char source[ADDR_TEXT], group[ADDR_TEXT];

	if (v.rule + 1u == b->rule_count)
		rule = "default";
	if (strcmp(s->word, "control") == 0)
		action = "unjudged", rule = ENFORCE_CONTROL;
	else if (addr_is_link_local_group(obs->group))
		action = "unjudged", rule = ENFORCE_LINK_LOCAL;
	printf("%s %s %u %u %u %u %s %s %s\n", addr_text(obs->source, source),
	       addr_text(obs->group, group), obs->ip_protocol, obs->dport, obs->ttl, s->fragment,
	       s->word, action, rule);
}

static void put_samples(const struct request *r, uint64_t seed, unsigned n, unsigned direction)
{
	const struct boundary *b = policy_boundary(r->policies[0], r->boundary);
	struct sample sample;

	for (unsigned i = 0; i < n;) {
		if (!read_sample(&seed, b, direction, &sample))
			continue;
		put_sample(b, &sample);
		i++;
	}
}

typedef void write_policy(uint64_t *seed, unsigned rules, struct text *out);

static void put_policy(uint64_t seed, unsigned rules, write_policy *writes)
{
	struct text text = { 0 };

	writes(&seed, rules, &text);
	fputs(text_string(&text), stdout);
	text_release(&text);
}

static void tell_kernel(const char *word)
{
	struct enforcer *e = open_enforcer();
	int status = strcmp(word, "counts") == 0   ? enforce_counts(e, put_count, NULL)
		     : strcmp(word, "forget") == 0 ? enforce_forget(e)
						   : enforce_remove(e);

	if (status < 0)
		fail(word, enforcer_error(e));
	enforcer_free(e);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	struct request r;

	if (argc == 2) {
		tell_kernel(word);
		return 0;
	}
	if (strcmp(word, "reload") == 0 && argc > 6) {
		struct enforcer *e = open_enforcer();

		r = read_request(argv + 3, 2, argv + 5);
		reload(e, &r, (unsigned)atoi(argv[2]));
		enforcer_free(e);
	} else if (strcmp(word, "replace") == 0 && argc > 5) {
		r = read_request(argv + 2, 2, argv + 4);
		replace(&r);
	} else if (strcmp(word, "amiss") == 0 && argc > 5) {
		r = read_request(argv + 2, 2, argv + 4);
		install_after_others(&r);
	} else if (strcmp(word, "blast") == 0 && argc == 5) {
		return blast(argv[2], argv[3], (unsigned)atoi(argv[4]));
	} else if (strncmp(word, "random", 6) == 0 && argc == 4) {
		put_policy(strtoull(argv[2], NULL, 10) * 2 + 1, (unsigned)atoi(argv[3]),
			   word[6] ? random_pairs : random_policy);
		return 0;
	} else if (strcmp(word, "packets") == 0 && argc > 6) {
		r = read_request(argv + 5, 1, argv + 6);
		put_samples(&r, strtoull(argv[2], NULL, 10) * 2 + 1, (unsigned)atoi(argv[3]),
			    argv[4][0] == 'i' ? DIRECTION_IN : DIRECTION_OUT);
	} else if (argc > 3) {
		r = read_request(argv + 2, 1, argv + 3);
		if (strcmp(word, "text") == 0)
			put_text(&r);
		else if (strcmp(word, "install") == 0)
			install_timed(&r, false);
		else if (strcmp(word, "abandon") == 0)
			install_timed(&r, true);
		else if (strcmp(word, "ahead") == 0)
			bring_pieces(&r, false);
		else if (strcmp(word, "ahead-and-die") == 0)
			bring_pieces(&r, true);
		else
			fail(word, "unknown word");
	} else {
		fail("usage", "see the source");
	}
	request_release(&r);
	return 0;
}
