/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading --inside.  Sets are read by the policy's own parser, so they may be all that a policy
 * may say.  Knows no packets. */
#include "cmd/side.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/nearest.h"
#include "policy/load.h"

#define LINKS_SHOWN 8			/* of those that there are */

static bool parse_vlan(const char *text, struct inside *out)
{
	char *end;
	unsigned long id = strtoul(text, &end, 10);

	if (end == text || *end || id > 4095 || out->vlan_count == INSIDE_MAX)
		return false;
	out->vlans[out->vlan_count++] = (uint16_t)id;
	return true;
}

static bool parse_mac(const char *text, struct inside *out)
{
	unsigned b[6];
	int used = 0;

	if (out->mac_count == INSIDE_MAX ||
	    sscanf(text, "%2x%*1[:-]%2x%*1[:-]%2x%*1[:-]%2x%*1[:-]%2x%*1[:-]%2x%n", &b[0], &b[1],
		   &b[2], &b[3], &b[4], &b[5], &used) != 6 ||
	    text[used])
		return false;
	for (int i = 0; i < 6; i++)
		out->macs[out->mac_count][i] = (uint8_t)b[i];
	out->mac_count++;
	return true;
}

/* A set of the policy, or of the profile that it extends; *out_near: what may be meant. */
static const struct set *find_set(const struct policy *policy, const char *name,
				  const char **out_near)
{
	struct nearest nearest = nearest_of(name);

	for (size_t i = 0; policy && i < policy->set_count; i++) {
		if (strcmp(policy->sets[i].name, name) == 0)
			return policy->sets[i].set;
		nearest_offer(&nearest, policy->sets[i].name);
	}
	for (size_t i = 0; policy && i < policy->choice_count; i++) {
		if (strcmp(policy->choices[i].name, name) == 0)
			return policy->choices[i].set;
		nearest_offer(&nearest, policy->choices[i].name);
	}
	*out_near = nearest.word;
	return NULL;
}

static bool is_name(const char *word)
{
	return word[0] >= 'a' && word[0] <= 'z' &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(word);
}

/* Without the text that was made around the words. */
static void complain_of(const struct diags *diags, const struct io *io)
{
	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *d = &diags->list[i];
		const char *hint = d->hint ? d->hint : d->beside;

		complain(io, "--inside: %s%s%s", d->message, hint ? "; " : "", hint ? hint : "");
	}
}

/* The set of the one rule in a policy that is made around the words. */
static bool parse_set(struct side *side, const struct text *expression, const struct io *io)
{
	struct text text = { 0 };
	struct policy_input input = { .name = "--inside" };
	struct diags diags;

	text_printf(&text, "boundary inside { permit from { %s } as inside default deny }",
		    text_string(expression));
	input.text = text_string(&text);
	input.n = text.n;
	diags_init(&diags);
	side->sets = policy_load(&input, &diags);
	complain_of(&diags, io);
	diags_release(&diags);
	text_release(&text);
	if (!side->sets)
		return false;
	side->inside.set = side->sets->boundaries[0]->rules[0]->matches[0].set;
	return true;
}

static bool refuse_name(const char *word, const char *near, const struct policy *policy,
			const struct io *io)
{
	if (!policy)
		complain(io, "--inside: '%s' is no address; -p names a policy that has sets", word);
	else
		complain(io, "--inside: policy '%s' has no set '%s'%s%s%s", policy->name, word,
			 near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return false;
}

static bool parse_word(struct side *side, const char *word, const struct policy *policy,
		       struct text *expression, const struct io *io)
{
	const char *near = NULL;
	const struct set *set = find_set(policy, word, &near);
	bool good = true;

	if (strncmp(word, "vlan:", 5) == 0)
		good = parse_vlan(word + 5, &side->inside);
	else if (strncmp(word, "mac:", 4) == 0)
		good = parse_mac(word + 4, &side->inside);
	else if (strncmp(word, "link:", 5) == 0)
		side->links.list[side->links.n++] = word + 5;
	else if (set && !side->inside.set)
		side->inside.set = set;
	else if (!set && is_name(word))
		return refuse_name(word, near, policy, io);
	else
		text_printf(expression, "%s%s", expression->n ? ", " : "", word);
	if (!good)
		complain(io, "--inside: '%s' is no VLAN (vlan:0 to vlan:4095) and no MAC address", word);
	return good;
}

bool side_parse(const struct texts *words, const struct policy *policy, const struct io *io,
		struct side *out)
{
	struct text expression = { 0 };
	bool good = true;

	*out = (struct side){ 0 };
	arena_init(&out->arena);
	out->links.list = arena_array(&out->arena, words->n, sizeof(out->links.list[0]));
	for (size_t i = 0; i < words->n && good; i++)
		good = parse_word(out, words->list[i], policy, &expression, io);
	if (good && expression.n > 0 && out->inside.set) {
		complain(io, "--inside: give one set, by name or by its addresses");
		good = false;
	}
	if (good && expression.n > 0)
		good = parse_set(out, &expression, io);
	if (good && out->inside.set &&
	    out->inside.vlan_count + out->inside.mac_count + out->links.n > 0) {
		complain(io, "--inside: addresses only guess the direction; leave them out where "
			     "VLANs, MAC addresses or links tell it");
		good = false;
	}
	out->inside.by_link = out->links.n > 0;
	text_release(&expression);
	return good;
}

void side_release(struct side *side)
{
	policy_free(side->sets);
	arena_release(&side->arena);
	*side = (struct side){ 0 };
}

bool side_find_links(struct side *side, const struct timeline *timeline, struct inside *out)
{
	const struct link_info *links;
	bool found = false;
	size_t n;

	links = timeline_links(timeline, &n);
	for (; side->links_seen < n; side->links_seen++)
		for (size_t i = 0; i < side->links.n; i++) {
			if (strcmp(links[side->links_seen].name, side->links.list[i]) != 0 ||
			    out->link_count == INSIDE_MAX)
				continue;
			out->links[out->link_count++] = (uint16_t)side->links_seen;
			found = true;
		}
	return found;
}

/* What may have been meant, or else what there is. */
static void put_links(const char *typed, const struct link_info *links, size_t n, struct text *out)
{
	struct nearest nearest = nearest_of(typed);
	size_t named = 0;

	for (size_t i = 0; i < n; i++)
		nearest_offer(&nearest, links[i].name);
	if (nearest.word) {
		text_printf(out, ", did you mean 'link:%s'?", nearest.word);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (links[i].name[0] && named++ < LINKS_SHOWN)
			text_printf(out, "%s'%s'", named == 1 ? "; there are " : ", ", links[i].name);
	if (named == 0)
		text_printf(out, ", for they name none; vlan:N and mac:ADDR need no names");
	else if (named > LINKS_SHOWN)
		text_printf(out, " and %zu more", named - LINKS_SHOWN);
}

static bool has_link(const struct link_info *links, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(links[i].name, name) == 0)
			return true;
	return false;
}

void side_check_links(const struct side *side, const struct timeline *timeline,
		      const struct io *io)
{
	const struct link_info *links;
	size_t n;

	links = timeline_links(timeline, &n);
	for (size_t i = 0; i < side->links.n; i++) {
		const char *name = side->links.list[i];
		struct text hint = { 0 };

		if (has_link(links, n, name))
			continue;
		put_links(name, links, n, &hint);
		complain(io, "--inside: no interface of the captures is named '%s'%s", name,
			 text_string(&hint));
		text_release(&hint);
	}
}
