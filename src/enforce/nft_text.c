/* SPDX-License-Identifier: BSD-2-Clause */
/* A plan as nftables text: for each link, hook and family lines that tell what is never judged and
 * which protocols have rules of their own, then look the group and the source up, as far as they
 * matter, and end in the chain of a rule.  What most packets meet costs least: every expression of
 * nftables costs some nanoseconds, a jump ten, a look-up twenty.  Knows nothing of netlink. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/backend.h"
#include "enforce/nft_field.h"
#include "enforce/nft_joined.h"
#include "enforce/nft_plane.h"

#define PRIORITY (-300)
#define SPANS_FEW 50000			/* of one plane: for more, pairs are looked up by themselves */

/* A table's text while it is put together. */
struct table_text {
	struct text heads;		/* base chains, emptied */
	struct text body;		/* what stands in the table's braces */
	struct text entries4, entries6, entries_tagged;	/* of the forward chain */
	unsigned    egress_count;
};

/* What stands in a table's body of the hook that was compiled last. */
struct piece {
	enum nft_table table;
	size_t	       at, n;
};

struct compilation {
	const struct enforce_plan *plan;
	struct table_text     tables[NFT_TABLE_COUNT];
	struct piece	      piece;
	struct enforce_notes *notes;
	unsigned	      hook_count;
};

/* --- families --- */

#define PROTOCOL_UDP_NUMBER 17
#define PROTOCOL_IGMP_NUMBER 2
#define PROTOCOL_PIM_NUMBER 103

/* What IPv4 carries stands in one place; of IPv6 the kernel finds it. */
static void put_protocol(struct text *out, const struct nft_hook *h, enum family family,
			 unsigned number)
{
	text_put(out, "\t\t");
	if (family == FAMILY_IP4)
		nft_put_equal(out, h, 72, 8, number);
	else
		text_printf(out, "meta l4proto %u ", number);
}

static void put_control(struct text *out, struct nft_hook *h, enum family family, unsigned number)
{
	put_protocol(out, h, family, number);
	nft_put_goto(out, h, family, NFT_TARGET_CONTROL);
	text_char(out, '\n');
}

static void put_other_protocols(struct text *out, struct nft_hook *h, enum family family)
{
	const struct artefact *a = h->artefact;
	unsigned direction = enforce_direction(h->link, h->hook);

	put_control(out, h, family, PROTOCOL_PIM_NUMBER);
	if (family == FAMILY_IP4)
		put_control(out, h, family, PROTOCOL_IGMP_NUMBER);
	for (unsigned p = 0; p < a->plane_count; p++) {
		unsigned number = a->planes[p].ip_protocol;

		if (a->planes[p].direction != direction || number == IP_PROTOCOL_NONE ||
		    number == PROTOCOL_UDP_NUMBER || number == PROTOCOL_PIM_NUMBER ||
		    (family == FAMILY_IP4 && number == PROTOCOL_IGMP_NUMBER))
			continue;
		put_protocol(out, h, family, number);
		text_printf(out, "goto %%%uc%u\n", h->id, nft_plane_chain(h, family, p));
	}
}

/* What is not UDP: control messages go their way, and protocols that rules name have chains; the
 * others end as `rest` says. */
static void put_others(struct nft_hook *h, enum family family, const struct text *rest)
{
	struct text lines = { 0 };

	for (size_t i = 0; i < NFT_CONTROL6_COUNT && family == FAMILY_IP6; i++) {
		text_put(&lines, "\t\tmeta l4proto 58 @th,0,8 ");
		nft_put_within(&lines, nft_control6[i]);
		nft_put_goto(&lines, h, family, NFT_TARGET_CONTROL);
		text_char(&lines, '\n');
	}
	put_other_protocols(&lines, h, family);
	text_printf(&h->chains, "\tchain %%%uother%u {\n%s\t\t%s\t}\n", h->id, family,
		    text_string(&lines), text_string(rest));
	text_release(&lines);
}

/* At ingress frames come that end within a header: lines that look for something do not find it, and
 * the last one asks, if it does not. */
static void guard_last(struct text *lines, const struct nft_hook *h, enum family family)
{
	size_t at = lines->n - 1;
	struct text last = { 0 };

	if (h->hook != HOOK_INGRESS)
		return;
	while (at > 0 && lines->p[at - 1] != '\t')
		at--;
	if (strncmp(lines->p + at, "goto ", strlen("goto ")) != 0)
		return;
	text_put(&last, lines->p + at);
	text_cut(lines, at);
	nft_put_whole(lines, h, family);
	text_put(lines, last.p);
	text_release(&last);
}

/* "goto %0other4", for what is not UDP, of frames that have all of the group. */
static void put_not_udp(struct text *out, const struct nft_hook *h, enum family family)
{
	text_put(out, "\t\t");
	if (family == FAMILY_IP4) {
		nft_put_bits(out, h, 72, 8);
		text_printf(out, "!= 0x%02x ", PROTOCOL_UDP_NUMBER);
	} else {
		text_printf(out, "meta l4proto != %u ", PROTOCOL_UDP_NUMBER);
	}
	if (h->hook == HOOK_INGRESS && family == FAMILY_IP4)
		nft_put_whole(out, h, family);
	text_printf(out, "goto %%%uother%u\n", h->id, family);
}

/* Lines for the multicast of a family.  What an IPv6 packet carries the kernel may not find: it goes
 * the way of others. */
static void put_family(struct text *out, struct nft_hook *h, enum family family)
{
	const struct artefact *a = h->artefact;
	unsigned direction = enforce_direction(h->link, h->hook);
	unsigned udp = artefact_plane_of(a, direction, PROTOCOL_UDP_NUMBER);
	unsigned others = artefact_plane_of(a, direction, IP_PROTOCOL_NONE);
	struct text lines = { 0 }, rest = { 0 };

	nft_put_plane(&lines, h, family, others);
	guard_last(&lines, h, family);
	put_others(h, family, &lines);
	if (udp != others && family == FAMILY_IP6) {
		text_printf(out, "\t\tmeta l4proto %u goto %%%uc%u\n\t\tgoto %%%uother%u\n",
			    PROTOCOL_UDP_NUMBER, h->id, nft_plane_chain(h, family, udp), h->id,
			    family);
	} else {
		put_not_udp(out, h, family);
		if (udp != others) {
			nft_put_plane(&rest, h, family, udp);
			guard_last(&rest, h, family);
		}
		text_printf(out, "\t\t%s", text_string(udp != others ? &rest : &lines));
	}
	text_release(&lines);
	text_release(&rest);
}

/* --- hooks --- */

/* As the kernel names what stands behind a tag that it took away, or before which it took none. */
static const char *const tag_types[] = { "8021q", "8021ad", "0x9100" };

static void put_not_ip4(struct nft_hook *h)
{
	struct text lines = { 0 };

	put_family(&lines, h, FAMILY_IP6);
	nft_put_tagged(h);
	text_printf(&h->chains, "\tchain %%%utypes {\n", h->id);
	for (size_t i = 0; i < COUNT(tag_types); i++)
		text_printf(&h->chains, "\t\tmeta protocol %s goto %%%ut1\n", tag_types[i], h->id);
	text_printf(&h->chains, "\t}\n\tchain %%%unot4 {\n\t\tmeta protocol != ip6 goto %%%utypes\n"
		    "\t\t@nh,192,8 != 0xff accept\n%s\t}\n", h->id, h->id, text_string(&lines));
	text_release(&lines);
}

/* What is no multicast leaves by the first lines.  A base chain's lines go in the transaction that
 * brings new ones, while packets are among them: what they refer to has a name and stays. */
static void put_ingress(struct nft_hook *h, struct compilation *c)
{
	struct table_text *t = &c->tables[NFT_NETDEV];
	struct text name = { 0 }, lines = { 0 };

	text_put(&name, "ingress/");
	nft_put_link(&name, h->link->name);
	text_printf(&t->heads, "add chain netdev weir %s { type filter hook ingress device \"%s\" "
		    "priority %d; policy accept; }\nflush chain netdev weir %s\n", name.p,
		    h->link->name, PRIORITY, name.p);
	put_family(&lines, h, FAMILY_IP4);
	put_not_ip4(h);
	text_printf(&h->chains, "\tchain %s {\n\t\tmeta protocol != ip goto %%%unot4\n"
		    "\t\t@nh,128,32 & 0xf0000000 != 0xe0000000 accept\n%s\t}\n", name.p, h->id,
		    text_string(&lines));
	text_release(&lines);
	text_release(&name);
}

static void put_forwarded(struct nft_hook *h, enum family family)
{
	struct text lines = { 0 };

	if (h->table == NFT_INET)	/* bridged frames of br_netfilter do not cross the link */
		text_printf(&lines, "\t\tiifname \"%s\" accept\n", h->link->name);
	put_family(&lines, h, family);
	text_printf(&h->chains, "\tchain %%%uip%u {\n%s\t}\n", h->id, family,
		    text_string(&lines));
	text_release(&lines);
}

static void put_base(struct text *out, const char *family, const char *chain, const char *hook)
{
	text_printf(out, "add chain %s weir %s { type filter hook %s priority %d; policy accept; }\n"
		    "flush chain %s weir %s\n", family, chain, hook, PRIORITY, family, chain);
}

static void put_egress(struct nft_hook *h, struct compilation *c)
{
	struct table_text *t = &c->tables[h->table];
	const char *family = nft_table_family(h->table);

	put_forwarded(h, FAMILY_IP4);
	put_forwarded(h, FAMILY_IP6);
	if (h->table == NFT_BRIDGE) {
		nft_put_tagged(h);
		text_printf(&t->entries_tagged, "\t\t\t\"%s\" : goto %%%ut1,\n", h->link->name,
			    h->id);
	}
	if (t->entries4.n == 0) {
		put_base(&t->heads, family, "egress/links", "forward");
		put_base(&t->heads, family, "egress/own", "output");
	}
	text_printf(&t->entries4, "\t\t\t\"%s\" : goto %%%uip4,\n", h->link->name, h->id);
	text_printf(&t->entries6, "\t\t\t\"%s\" : goto %%%uip6,\n", h->link->name, h->id);
	t->egress_count++;
}

static const char *const multicast[] = {
	[FAMILY_IP4] = "ip daddr & 240.0.0.0 == 224.0.0.0 ",
	[FAMILY_IP6] = "ip6 daddr & ff00:: == ff00:: ",
};

static void put_link_map(struct table_text *t, const char *which, const struct text *entries)
{
	text_printf(&t->body, "\tmap %%links%s {\n\t\ttype ifname : verdict; size %u\n"
		    "\t\telements = {\n%s\t\t}\n\t}\n", which, t->egress_count,
		    text_string(entries));
}

/* What is forwarded, and what this machine sends, go the same way. */
static void put_forward(struct table_text *t)
{
	static const char *const chains[] = { "egress/links", "egress/own" };

	if (t->entries4.n == 0)
		return;
	put_link_map(t, "4", &t->entries4);
	put_link_map(t, "6", &t->entries6);
	if (t->entries_tagged.n > 0)
		put_link_map(t, "tagged", &t->entries_tagged);
	for (size_t i = 0; i < COUNT(chains); i++) {
		text_printf(&t->body, "\tchain %s {\n\t\t%soifname vmap @%%links4\n"
			    "\t\t%soifname vmap @%%links6\n", chains[i], multicast[FAMILY_IP4],
			    multicast[FAMILY_IP6]);
		for (size_t k = 0; k < COUNT(tag_types) && t->entries_tagged.n > 0; k++)
			text_printf(&t->body, "\t\tmeta protocol %s oifname vmap @%%linkstagged\n",
				    tag_types[k]);
		text_put(&t->body, "\t}\n");
	}
}

static void put_hook(struct nft_hook *h, struct compilation *c)
{
	struct table_text *t = &c->tables[h->table];
	struct text lists = { 0 };

	if (h->hook == HOOK_INGRESS)
		put_ingress(h, c);
	else
		put_egress(h, c);
	nft_put_lists(h, &lists);
	text_put_n(&t->body, text_string(&lists), lists.n);
	text_release(&lists);
	text_put_n(&t->body, text_string(&h->maps[0].text), h->maps[0].text.n);
	nft_put_by_tags(&t->body, &h->maps[NFT_TAGGED].text);
	text_put_n(&t->body, text_string(&h->chains), h->chains.n);
}

/* --- boundaries --- */

static enum nft_table table_of(const struct enforce_link *link, enum hook hook)
{
	if (hook == HOOK_INGRESS)
		return NFT_NETDEV;
	return link->is_bridge_port ? NFT_BRIDGE : NFT_INET;
}

static void note(struct compilation *c, const struct enforce_boundary *b,
		 const struct enforce_link *link, const struct rule *rule, const char *text)
{
	struct enforce_note note = { 0 };

	snprintf(note.boundary, sizeof(note.boundary), "%s", b->boundary->name);
	snprintf(note.rule, sizeof(note.rule), "%s", rule ? rule->name : "");
	snprintf(note.link, sizeof(note.link), "%s", link ? link->name : "");
	snprintf(note.text, sizeof(note.text), "%s", text);
	enforce_notes_add(c->notes, &note);
}

static bool asks_ports(const struct enforce_boundary *b, const struct artefact *a)
{
	for (size_t i = 0; i < b->boundary->match_count; i++)
		if (a->rules[i].asks_port || a->rules[i].recognised == PROTOCOL_RASADV ||
		    a->rules[i].recognised == PROTOCOL_SAP)
			return true;
	return false;
}

static bool by_source(const struct rule *rule)
{
	return rule->action == ACTION_LIMIT && rule->limit_key != LIMIT_ALL && !rule->off &&
	       (!rule->points || rule->points >> POINT_DATA & 1);
}

static void note_unknown(struct compilation *c, const struct enforce_boundary *b,
			 const struct artefact *a)
{
	for (size_t i = 0; i < b->boundary->match_count; i++) {
		const struct artefact_rule *rule = &a->rules[i];
		char text[ENFORCE_WHY];

		if (rule->unknown) {
			snprintf(text, sizeof(text), "nftables does not know %s: the rule is not "
				 "enforced in the data plane", rule->unknown);
			note(c, b, NULL, rule->rule, text);
		} else if (rule->partly) {
			snprintf(text, sizeof(text), "nftables knows only a part of what `%s` asks",
				 rule->partly);
			note(c, b, NULL, rule->rule, text);
		} else if (by_source(b->boundary->rules[i])) {
			note(c, b, NULL, rule->rule, "nftables counts frames with two VLAN tags "
						     "as .tagged-twice that come to a limit by source");
		} else if (rule->recognised == PROTOCOL_SAP) {
			note(c, b, NULL, rule->rule, "nftables tells SAP by group, port and version "
						     "alone");
		}
	}
}

static bool asks_joined(const struct artefact *a, enum direction direction)
{
	for (size_t i = 0; i < a->boundary->match_count; i++)
		if (a->rules[i].joined && (a->boundary->rules[i]->direction == DIRECTION_UNKNOWN ||
					   a->boundary->rules[i]->direction == direction))
			return true;
	return false;
}

static bool can_be_named(const struct enforce_link *link)
{
	return strpbrk(link->name, "\"\\\n*") == NULL && link->name[0] != '\0';
}

/* What the hooks of one boundary share, by table. */
struct sharing {
	struct nft_hook last[NFT_TABLE_COUNT];
	bool	       *shared[NFT_TABLE_COUNT];
	bool		has_joined[NFT_TABLE_COUNT][DIRECTION_OUT + 1];
};

static struct nft_hook hook_of(const struct enforce_boundary *b, const struct artefact *a,
			       const struct enforce_link *link, enum hook hook, unsigned id)
{
	enum nft_table table = table_of(link, hook);

	struct nft_hook h = {
		.boundary = b->boundary, .artefact = a, .link = link, .hook = hook,
		.table = table, .id = id,
		.is_behind_decrement = table == NFT_INET, .drops_unjudged = table == NFT_INET,
		.rules = memory_array(b->boundary->rule_count, sizeof(bool)),
	};

	for (unsigned t = 0; t <= NFT_TAGGED; t++) {
		h.masked[t] = memory_array(b->boundary->rule_count, sizeof(bool));
		h.joined4[t] = memory_array(b->boundary->rule_count, sizeof(bool));
		h.joined6[t] = memory_array(b->boundary->rule_count, sizeof(bool));
		h.lists4[t] = memory_array(a->cell_limit + 1, sizeof(bool));
		h.lists6[t] = memory_array(a->cell_limit + 1, sizeof(bool));
	}
	return h;
}

static void release_hook(struct nft_hook *h)
{
	for (unsigned t = 0; t <= NFT_TAGGED; t++) {
		free(h->masked[t]);
		free(h->joined4[t]);
		free(h->joined6[t]);
		free(h->lists4[t]);
		free(h->lists6[t]);
		text_release(&h->maps[t].text);
		free(h->maps[t].places);
	}
	free(h->rules);
	nft_rests_release(h);
	nft_pair_lines_release(h);
	text_release(&h->chains);
}

static void tell_piece(struct compilation *c)
{
	struct text piece = { 0 };

	if (!c->plan->piece || c->piece.n == 0)
		return;
	text_printf(&piece, "table %s weir {\n", nft_table_family(c->piece.table));
	text_put_n(&piece, c->tables[c->piece.table].body.p + c->piece.at, c->piece.n);
	text_put(&piece, "}\n");
	c->plan->piece(c->plan->piece_ctx, (struct span){ (const uint8_t *)piece.p, piece.n });
	text_release(&piece);
	c->piece.n = 0;
}

static void extend_piece(struct compilation *c, const struct nft_hook *h, size_t at)
{
	c->piece = (struct piece){ h->table, at, c->tables[h->table].body.n - at };
}

/* Those of the first link are told at once: until something is looked up nothing else can be. */
static void compile_rules(struct nft_hook *h, struct sharing *sharing, struct compilation *c)
{
	h->shared = sharing->shared[h->table];
	h->body_at = c->tables[h->table].body.n;
	nft_put_rules(h, &c->tables[h->table].body);
	if (c->hook_count > 0)
		return;
	extend_piece(c, h, h->body_at);
	tell_piece(c);
	h->body_at = c->tables[h->table].body.n;
}

/* All but the last hook are told while the next one is compiled. */
static int compile_hook(struct nft_hook *h, struct sharing *sharing, struct compilation *c)
{
	enum direction direction = enforce_direction(h->link, h->hook);
	bool *has_joined = &sharing->has_joined[h->table][direction];

	tell_piece(c);
	if (!*has_joined && asks_joined(h->artefact, direction))
		nft_put_joined_sets(&c->tables[h->table].heads, h->table, h->boundary->name,
				    direction);
	*has_joined = true;
	put_hook(h, c);
	sharing->last[h->table] = *h;
	if (!asks_joined(h->artefact, direction))	/* its lines name sets that outlive it */
		extend_piece(c, h, h->body_at);
	return h->span_count > NFT_SPANS_MAX ? -E2BIG : 0;
}

#define SERVED (1u << BACKEND_NFTABLES)

static unsigned count_served(const struct enforce_choice *choice)
{
	return backend_serves(choice, HOOK_INGRESS, SERVED) +
	       backend_serves(choice, HOOK_EGRESS, SERVED);
}

/* Egress first: it is less, and can be in the kernel when ingress is done.  Numbers are in the order
 * of hooks all the same. */
static int compile_link(const struct enforce_boundary *b, unsigned index, size_t i,
			const struct artefact *a, const struct enforce_choice *choice,
			struct sharing *sharing, struct compilation *c)
{
	unsigned id = c->hook_count + count_served(choice), n = 0;
	struct nft_hook hooks[HOOK_COUNT];
	int status = 0;

	for (unsigned hook = HOOK_COUNT; hook-- > 0;) {
		if (!backend_serves(choice, hook, SERVED))
			continue;
		hooks[n] = hook_of(b, a, &b->links[i], hook, --id);
		hooks[n].boundary_index = index;
		compile_rules(&hooks[n++], sharing, c);
	}
	for (unsigned k = 0; k < n; k++) {
		status = status == 0 ? compile_hook(&hooks[k], sharing, c) : status;
		release_hook(&hooks[k]);
	}
	return status;
}

static int compile_links(const struct enforce_boundary *b, unsigned index,
			 const struct artefact *a, const struct enforce_choice *choices,
			 struct compilation *c)
{
	struct sharing sharing = { 0 };
	int status = 0;

	for (unsigned t = 0; t < NFT_TABLE_COUNT; t++)
		sharing.shared[t] = memory_array(b->boundary->rule_count, sizeof(bool));
	for (size_t i = 0; i < b->link_count && status == 0; i++) {
		if (can_be_named(&b->links[i])) {
			status = compile_link(b, index, i, a, &choices[i], &sharing, c);
		} else if (backend_serves(&choices[i], HOOK_INGRESS, SERVED) ||
			   backend_serves(&choices[i], HOOK_EGRESS, SERVED)) {
			note(c, b, &b->links[i], NULL, "nftables cannot write this name");
			status = -EINVAL;
		}
		c->hook_count += count_served(&choices[i]);
	}
	for (unsigned t = 0; t < NFT_TABLE_COUNT; t++) {
		if (sharing.last[t].boundary)
			nft_put_shared(&sharing.last[t], &c->tables[t].body);
		free(sharing.shared[t]);
	}
	return status;
}

static bool any_link(const struct enforce_boundary *b, const struct enforce_choice *choices)
{
	for (size_t i = 0; i < b->link_count; i++)
		for (unsigned hook = 0; hook < HOOK_COUNT; hook++)
			if (backend_serves(&choices[i], hook, SERVED))
				return true;
	return false;
}

/* True where chains for classes of sources would repeat the groups too often. */
static bool is_broad(const struct artefact *a, const struct artefact_family *f)
{
	bool broad = false;

	for (unsigned p = 0; p < a->plane_count && !f->pairs && !broad; p++) {
		struct artefact_fold fold;

		artefact_fold_init(&fold, f, p);
		broad = fold.sources.classes * fold.groups.n > SPANS_FEW &&
			!nft_is_group_first(&fold);
		artefact_fold_release(&fold);
	}
	return broad;
}

static struct artefact *new_artefact(const struct enforce_plan *plan,
				     const struct boundary *boundary, const char **out_why)
{
	struct artefact *a, *other;

	a = artefact_new(boundary, plan->now, ARTEFACT_MATRIX_CELLS, out_why);
	if (!a || (!plan->by_pairs && !is_broad(a, &a->ip4) && !is_broad(a, &a->ip6)))
		return a;
	other = artefact_new(boundary, plan->now, plan->by_pairs ? 0 : 1, out_why);
	if (other && nft_pairs_fit(other)) {
		artefact_free(a);
		return other;
	}
	artefact_free(other);
	return a;
}

static int compile_boundary(const struct enforce_plan *plan, unsigned index,
			    const struct enforce_choice *choices, struct compilation *c)
{
	const struct enforce_boundary *b = &plan->boundaries[index];
	const char *why = "too many pairs of source and group for nftables";
	struct artefact *a;
	int status = -E2BIG;

	if (!any_link(b, choices))
		return 0;
	a = new_artefact(plan, b->boundary, &why);
	if (a) {
		note_unknown(c, b, a);
		if (asks_ports(b, a))
			note(c, b, NULL, NULL, "nftables counts frames with two VLAN tags as "
			     ".tagged-twice whose ports stand behind options or extension headers");
		status = compile_links(b, index, a, choices, c);
	}
	if (status == -E2BIG)
		note(c, b, NULL, NULL, why);
	artefact_free(a);
	return status;
}

static void put_tables(struct compilation *c, struct text *out)
{
	for (unsigned t = 0; t < NFT_TABLE_COUNT; t++) {
		struct table_text *table = &c->tables[t];

		if (table->heads.n == 0)
			continue;
		put_forward(table);
		text_printf(out, "add table %s weir\n", nft_table_family(t));
		text_put_n(out, table->heads.p, table->heads.n);
		text_printf(out, "table %s weir {\n", nft_table_family(t));
		text_put_n(out, table->body.p, table->body.n);
		text_put(out, "}\n");
	}
}

int nft_compile(const struct enforce_plan *plan, const struct enforce_choice *choices,
		struct text *out, struct enforce_notes *notes)
{
	struct compilation c = { .plan = plan, .notes = notes };
	int status = 0;

	for (unsigned i = 0; i < plan->n && status == 0; i++) {
		status = compile_boundary(plan, i, choices, &c);
		choices += plan->boundaries[i].link_count;
	}
	if (status == 0)
		put_tables(&c, out);
	for (unsigned t = 0; t < NFT_TABLE_COUNT; t++) {
		text_release(&c.tables[t].heads);
		text_release(&c.tables[t].body);
		text_release(&c.tables[t].entries4);
		text_release(&c.tables[t].entries6);
		text_release(&c.tables[t].entries_tagged);
	}
	return status;
}
