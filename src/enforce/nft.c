/* SPDX-License-Identifier: BSD-2-Clause */
/* Brings nftables text into the kernel, by libnftables, and reads its counters back.  What is new
 * stands beside what is old until one transaction turns the base chains round; the old, which
 * nothing refers to any more, is taken away later, for a second transaction waits until the kernel
 * has seen every packet of the first.  What the old counted stays.  Knows no policy. */
#include "enforce/nft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "base/memory.h"
#include "enforce/backend.h"
#include "enforce/grace.h"
#include "enforce/libnftables.h"
#include "enforce/nfnl.h"
#include "enforce/nft_bulk.h"
#include "enforce/nft_joined.h"
#include "enforce/nft_tally.h"
#include "os/clock.h"

#define LETTERS 26
#define LOOK_HOLDS_NS (INT64_C(500) * 1000000)	/* others may have changed what stands since */
#define AHEAD_MAX 1024			/* pieces that stand; more of them come with the image, */
#define AHEAD_BYTES_MAX (64u << 20)	/* and so do more bytes */
#define GENERATIONS_MAX 8		/* that stand at once before those of the dead are swept */

/* "family name" of each counter whose chain stands since the last install, in order. */
struct wanted {
	char **list;
	size_t n;
};

struct nft {
	struct nft_ctx *ctx;			/* NULL: nothing was said in words yet */
	int		fd;			/* that installs, negative: none */
	struct wanted	wanted;
	bool		has_installed;		/* else it does not know what is wanted */
	bool		is_settling;		/* old rules may still be counting a packet */
	struct text	named;			/* what was installed last, and what stood before: not */
	struct nft_objects before;		/* looked through yet */
	struct nft_objects old;			/* nothing refers to them; still to be taken away */
	struct nft_objects standing;		/* as an install that is about to come will find it, */
	char		letter;			/* and its letter; 0: nobody has looked */
	int64_t		looked_ns;
	struct nft_ahead *ahead;		/* of its generation: pieces that stand */
	size_t		ahead_n, ahead_bytes;
};

static void take_stock(struct nft *nft);
static void give_up(char letter);

static void forget_wanted(struct nft *nft)
{
	for (size_t i = 0; i < nft->wanted.n; i++)
		free(nft->wanted.list[i]);
	free(nft->wanted.list);
	nft->wanted = (struct wanted){ 0 };
	nft->has_installed = false;
}

/* Packets that began under old rules have been counted when this returns, so that a chain that no
 * rule refers to any more says all that it will ever say. */
static void wait_for_packets(struct nft *nft)
{
	if (nft->is_settling)
		grace_wait();
	nft->is_settling = false;
}

static void release_ahead(struct nft *nft)
{
	for (size_t i = 0; i < nft->ahead_n; i++)
		text_release(&nft->ahead[i].text);
	free(nft->ahead);
	nft->ahead = NULL;
	nft->ahead_n = nft->ahead_bytes = 0;
}

static void forget_look(struct nft *nft)
{
	if (nft->ahead_n > 0)
		give_up(nft->letter);
	release_ahead(nft);
	nft_objects_release(&nft->standing);
	nft->letter = 0;
}

/* What cannot be taken away now is found again by the next install. */
static void tidy(struct nft *nft)
{
	forget_look(nft);
	take_stock(nft);
	wait_for_packets(nft);
	if (nft->old.n > 0 && nft_tally_leave(&nft->old) == 0)
		(void)nft_objects_remove(&nft->old);
	nft_objects_release(&nft->old);
}

/* --- libnftables --- */

static int nft_open(const char *pin_folder, void **out_state)
{
	struct nft *nft = memory_take(sizeof(*nft));

	(void)pin_folder;
	nft->fd = -1;
	*out_state = nft;
	return 0;
}

static void hang_up(struct nft *nft)
{
	if (nft->fd >= 0)
		close(nft->fd);
	nft->fd = -1;
}

static void nft_close(void *state)
{
	struct nft *nft = state;

	tidy(nft);
	hang_up(nft);
	if (nft->ctx)
		libnftables.ctx_free(nft->ctx);
	forget_wanted(nft);
	free(nft);
}

static void begin_error(struct text *error)
{
	text_put(error, error->n ? "; nftables: " : "nftables: ");
}

/* The first line without its place: "Could not process rule: Operation not permitted". */
static void tell_error(const char *said, struct text *error)
{
	const char *mark = strstr(said, "Error: ");
	size_t n;

	said = mark ? mark + strlen("Error: ") : said;
	n = strcspn(said, "\n");
	begin_error(error);
	if (n > 0)
		text_escape_utf8(error, (struct span){ (const uint8_t *)said, n });
	else
		text_put(error, "the kernel refused and did not say why");
}

static int errno_of(const char *said)
{
	static const int known[] = { EPERM, EACCES, EOPNOTSUPP, EBUSY, ENOENT, EEXIST, ENOMEM,
				     ENOBUFS, EMFILE, EINVAL, ENODEV };

	for (size_t i = 0; i < COUNT(known); i++)
		if (strstr(said, strerrordesc_np(known[i])))
			return -known[i];
	return -EIO;
}

static int told(int status, struct text *error)
{
	if (status < 0) {
		begin_error(error);
		text_put(error, strerror(-status));
	}
	return status;
}

static int begin_words(struct nft *nft)
{
	int status = libnftables_load();
	struct nft_ctx *ctx;

	if (status < 0 || nft->ctx)
		return status;
	ctx = libnftables.ctx_new(NFT_CTX_DEFAULT);
	if (ctx && (libnftables.ctx_buffer_output(ctx) < 0 ||
		    libnftables.ctx_buffer_error(ctx) < 0)) {
		libnftables.ctx_free(ctx);
		ctx = NULL;
	}
	nft->ctx = ctx;
	return ctx ? 0 : -ENOMEM;
}

static int run(struct nft *nft, const char *commands, struct text *error)
{
	int status = begin_words(nft);
	const char *said;

	if (status < 0)
		return told(status, error);
	if (libnftables.run_cmd_from_buffer(nft->ctx, commands) == 0)
		return 0;
	said = libnftables.ctx_get_error_buffer(nft->ctx);
	tell_error(said, error);
	return errno_of(said);
}

/* --- generations --- */

/* Of which generation an object is; 0: of none. */
static char letter_of(const struct nft_object *object)
{
	char first = object->name[0];

	return first >= 'a' && first <= 'z' && !nft_is_base_chain(object->name) ? first : 0;
}

static bool begins_hook(char letter)
{
	return letter == hook_name(HOOK_INGRESS)[0] || letter == hook_name(HOOK_EGRESS)[0];
}

/* A letter that no name of an old generation begins with, nor of a base chain; 0 where all are
 * taken. */
static char free_letter(const struct nft_objects *standing, unsigned *out_taken)
{
	bool taken[LETTERS] = { false };
	char letter = 0;

	*out_taken = 0;
	for (size_t i = 0; i < standing->n; i++)
		if (letter_of(&standing->list[i]))
			taken[letter_of(&standing->list[i]) - 'a'] = true;
	for (size_t i = COUNT(taken); i-- > 0;) {
		*out_taken += taken[i];
		letter = taken[i] || begins_hook((char)('a' + i)) ? letter : (char)('a' + i);
	}
	return letter;
}

static const char *find(const char *at, char c, const char *end)
{
	const char *found = memchr(at, c, (size_t)(end - at));

	return found ? found : end;
}

/* Names of the new generation: '%' outside of quotes. */
static void put_named(struct text *out, struct span text, char letter)
{
	const char *at = (const char *)text.p, *end = at + text.n, *quote = find(at, '"', end);

	while (at < end) {
		const char *mark = find(at, '%', end), *behind;

		if (quote < mark) {
			behind = find(quote + 1, '"', end);
			behind += behind < end;
			text_put_n(out, at, (size_t)(behind - at));
			quote = find(behind, '"', end);
		} else {
			behind = mark < end ? mark + 1 : end;
			text_put_n(out, at, (size_t)(mark - at));
			if (mark < end)
				text_char(out, letter);
		}
		at = behind;
	}
}

/* True where the text brings this set, which then stays with what is in it. */
static bool keeps_set(const char *text, const struct nft_object *set)
{
	struct text command = { 0 };
	bool found;

	text_printf(&command, "add set %s weir %s {", nft_table_family(set->table), set->name);
	found = strstr(text, command.p) != NULL;
	text_release(&command);
	return found;
}

/* True where the text brings this base chain, which then stays. */
static bool keeps_chain(const char *text, const struct nft_object *chain)
{
	struct text head = { 0 };
	bool found;

	text_printf(&head, "\nflush chain %s weir %s\n", nft_table_family(chain->table),
		    chain->name);
	found = strstr(text, head.p) != NULL;
	text_release(&head);
	return found;
}

/* A base chain that `text` does not bring lets everything pass from now on. */
static struct nft_objects find_ended(const char *text, const struct nft_objects *standing)
{
	struct nft_objects out = { 0 };

	for (size_t i = 0; i < standing->n; i++) {
		const struct nft_object *o = &standing->list[i];

		if (o->kind == NFT_CHAINS && nft_is_base_chain(o->name) && !keeps_chain(text, o))
			nft_objects_add(&out, o);
	}
	return out;
}

enum phase {
	PHASE_BASE, PHASE_LINES, PHASE_MAPS, PHASE_CHAINS, PHASE_REFUSED, PHASE_OTHERS, PHASE_COUNT
};

/* "border/ingress.refused/rule/link": a limit's chain refers to it, lines and all. */
static bool counts_refused(const char *name)
{
	const char *hook = strchr(name, '/');
	size_t n = hook ? strcspn(hook + 1, "/") : 0, end = strlen(".refused");

	return n > end && strncmp(hook + 1 + n - end, ".refused", end) == 0;
}

static bool is_removed_in(enum phase phase, const char *text, const struct nft_object *o)
{
	bool is_base = o->kind == NFT_CHAINS && nft_is_base_chain(o->name);

	switch (phase) {
	case PHASE_BASE:
		return is_base && !keeps_chain(text, o);
	case PHASE_LINES:
		return o->kind == NFT_CHAINS && !is_base && !nft_chain_counts(o->name);
	case PHASE_MAPS:
		return o->kind == NFT_SETS && o->is_map;
	case PHASE_CHAINS:
		return o->kind == NFT_CHAINS && !is_base && !counts_refused(o->name);
	case PHASE_REFUSED:
		return o->kind == NFT_CHAINS && !is_base && counts_refused(o->name);
	default:
		return o->kind != NFT_CHAINS && !o->is_map &&
		       !(nft_is_joined(o->name) && keeps_set(text, o));
	}
}

/* Base chains first, for they refer to all others; the lines of other chains, which refer to maps
 * and chains; maps, which refer to chains; then the chains, those of limits before what they refer
 * to, and what lines referred to besides. */
static struct nft_objects removals(const char *text, const struct nft_objects *standing)
{
	struct nft_objects out = { 0 };

	for (enum phase phase = 0; phase < PHASE_COUNT; phase++) {
		for (size_t i = 0; i < standing->n; i++) {
			struct nft_object o = standing->list[i];

			if (!is_removed_in(phase, text, &o))
				continue;
			if (phase == PHASE_LINES)
				o.kind = NFT_LINES;
			nft_objects_add(&out, &o);
		}
	}
	return out;
}

/* Of a generation that no packet can meet. */
static void discard(const struct nft_objects *standing, char letter)
{
	struct nft_objects some = { 0 }, order;

	for (size_t i = 0; i < standing->n; i++)
		if (letter_of(&standing->list[i]) == letter)
			nft_objects_add(&some, &standing->list[i]);
	order = removals("", &some);
	if (order.n > 0 && nft_tally_leave(&order) == 0)
		(void)nft_objects_remove(&order);
	nft_objects_release(&order);
	nft_objects_release(&some);
}

/* Which generations lines of base chains refer to. */
static int find_met(bool out[LETTERS])
{
	struct nft_objects lines = { 0 };
	int status = nft_objects_read(NFT_LINES, &lines);

	for (size_t i = 0; i < lines.n; i++) {
		char letter = lines.list[i].refers_to;

		if (nft_is_base_chain(lines.list[i].name) && letter >= 'a' && letter <= 'z')
			out[letter - 'a'] = true;
	}
	nft_objects_release(&lines);
	return status;
}

/* Generations whose installer died before it took them away. */
static void sweep(const struct nft_objects *standing)
{
	bool met[LETTERS] = { false };

	if (find_met(met) < 0)
		return;
	for (size_t i = 0; i < LETTERS; i++)
		if (!met[i])
			discard(standing, (char)('a' + i));
}

/* --- counters --- */

static int order_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_wanted(struct wanted *w, size_t *cap, const char *family, const char *chain)
{
	struct text name = { 0 };

	text_put_n(&name, chain, strcspn(chain, " "));
	if (nft_chain_counts(name.p)) {
		struct text key = { 0 };

		text_put_n(&key, family, strcspn(family, " ") + 1);
		text_put(&key, name.p + 1);		/* without its letter */
		if (w->n == *cap) {
			*cap = 2 * *cap + 64;
			w->list = memory_grow(w->list, *cap, sizeof(*w->list));
		}
		w->list[w->n++] = key.p;
	}
	text_release(&name);
}

/* The counter of every chain of the text that counts. */
static void note_wanted(struct nft *nft, const char *text)
{
	const char *family = "", *line = text;
	struct wanted *w = &nft->wanted;
	size_t cap = 0;

	forget_wanted(nft);
	nft->has_installed = true;
	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, "table ", 6) == 0)
			family = line + 6;
		if (strncmp(line, "\tchain ", 7) == 0)
			add_wanted(w, &cap, family, line + 7);
	}
	if (w->n > 0)
		qsort(w->list, w->n, sizeof(*w->list), order_names);
}

/* What the last install wants and leaves behind: whoever waits for it need not wait for this. */
static void take_stock(struct nft *nft)
{
	if (!nft->named.p)
		return;
	note_wanted(nft, nft->named.p);
	nft->old = removals(nft->named.p, &nft->before);
	nft_objects_release(&nft->before);
	text_release(&nft->named);
}

static bool is_wanted(const struct nft *nft, const struct nft_object *counter)
{
	struct text key = { 0 };
	bool found = true;

	if (!nft->has_installed)
		return true;
	text_printf(&key, "%s %s", nft_table_family(counter->table), counter->name);
	found = nft->wanted.n > 0 && bsearch(&key.p, nft->wanted.list, nft->wanted.n,
					     sizeof(*nft->wanted.list), order_names);
	text_release(&key);
	return found;
}

static int nft_counts(void *state, enforce_count_fn *each, void *ctx, struct text *error)
{
	struct nft *nft = state;
	struct nft_objects counters = { 0 };
	int status;

	tidy(nft);
	status = told(nft_tallies_read(&counters), error);
	for (size_t i = 0; i < counters.n && status == 0; i++) {
		struct nft_object *counter = &counters.list[i];
		bool wanted = is_wanted(nft, counter);
		struct enforce_count count;

		if (!nft_counter_parse(counter->name, &count))
			continue;
		count.gone = !wanted;
		count.packets = counter->packets;
		count.bytes = counter->bytes;
		each(ctx, &count);
	}
	nft_objects_release(&counters);
	return status;
}

/* A counter whose chain stands, if only because nobody could take it away, stays. */
static int nft_forget(void *state, struct text *error)
{
	struct nft *nft = state;
	struct nft_objects counters = { 0 }, gone = { 0 };
	int status;

	tidy(nft);
	status = told(nft_tallies_read(&counters), error);
	for (size_t i = 0; i < counters.n && status == 0; i++)
		if (counters.list[i].kind == NFT_COUNTERS && !is_wanted(nft, &counters.list[i]))
			nft_objects_add(&gone, &counters.list[i]);
	if (status == 0 && gone.n > 0)
		status = told(nft_objects_remove(&gone), error);
	nft_objects_release(&counters);
	nft_objects_release(&gone);
	return status;
}

static int nft_tell_asked(void *state, const struct enforce_asked *asked, struct text *error)
{
	(void)state;
	return told(nft_joined_write(asked), error);
}

static int nft_asked(void *state, enforce_asked_fn *each, void *ctx, struct text *error)
{
	(void)state;
	return told(nft_joined_read(each, ctx), error);
}

/* --- installing --- */

static int look(struct nft_objects *out, struct text *error)
{
	int status = 0;

	for (unsigned kind = NFT_CHAINS; kind <= NFT_LIMITS && status == 0; kind++)
		status = told(nft_objects_read(kind, out), error);
	return status;
}

/* What stands, and a letter for what is to come. */
static int look_for_room(struct nft_objects *standing, char *out_letter, struct text *error)
{
	unsigned taken = 0;
	int status = look(standing, error);

	if (status == 0)
		*out_letter = free_letter(standing, &taken);
	if (status == 0 && taken >= GENERATIONS_MAX) {
		sweep(standing);
		standing->n = 0;
		status = look(standing, error);
		*out_letter = free_letter(standing, &taken);
	}
	if (status == 0 && !*out_letter)
		status = told(-ENOSPC, error);
	return status;
}

static void nft_prepare(void *state)
{
	struct nft *nft = state;
	struct text unheard = { 0 };

	tidy(nft);
	nft->looked_ns = clock_steady().ns;
	if (look_for_room(&nft->standing, &nft->letter, &unheard) < 0)
		forget_look(nft);
	text_release(&unheard);
}

/* A moment ago; where pieces have come since, the image is still being made, however long that takes. */
static bool has_looked(const struct nft *nft)
{
	return nft->letter &&
	       (nft->ahead_n > 0 || clock_steady().ns - nft->looked_ns < LOOK_HOLDS_NS);
}

static void nft_ahead(void *state, struct span bytes)
{
	struct nft *nft = state;
	struct nft_ahead *piece;

	if (!has_looked(nft) || bytes.n == 0 || nft->ahead_n == AHEAD_MAX ||
	    bytes.n > AHEAD_BYTES_MAX - nft->ahead_bytes)
		return;
	if (nft->fd < 0)
		nft->fd = nfnl_open();
	nft->ahead_bytes += bytes.n;
	nft->ahead = memory_grow(nft->ahead, nft->ahead_n + 1, sizeof(*nft->ahead));
	piece = &nft->ahead[nft->ahead_n++];
	*piece = (struct nft_ahead){ .has_rest = false };
	put_named(&piece->text, bytes, nft->letter);
	if (nft->fd < 0 || nft_bulk_ahead(nft->fd, piece) < 0) {
		forget_look(nft);
		hang_up(nft);			/* with answers that nobody has read */
	}
}

/* What nft_prepare() found, if that was a moment ago. */
static bool take_look(struct nft *nft, struct nft_objects *standing, char *out_letter)
{
	if (!has_looked(nft))
		return false;
	*standing = nft->standing;
	*out_letter = nft->letter;
	nft->standing = (struct nft_objects){ 0 };
	nft->letter = 0;
	return true;
}

/* All of it stands beside what stood, and then base chains turn to it. */
static int bring(struct nft *nft, const char *text, const struct nft_objects *standing,
		 struct text *error)
{
	struct nft_objects ended = find_ended(text, standing);
	struct text commands = { 0 };
	int status = 0;

	if (nft->fd < 0)
		nft->fd = status = nfnl_open();
	if (status >= 0)
		status = nft_bulk_bring(nft->fd, text, &ended, nft->ahead, nft->ahead_n, &commands);
	release_ahead(nft);
	status = told(status, error);
	if (status == 0 && commands.n > 0) {
		status = run(nft, commands.p, error);
		if (status == 0)
			status = told(nft_bulk_turn(nft->fd, text, &ended), error);
	}
	if (status < 0)
		hang_up(nft);
	text_release(&commands);
	nft_objects_release(&ended);
	return status;
}

static void give_up(char letter)
{
	struct nft_objects standing = { 0 };
	struct text unheard = { 0 };

	if (look(&standing, &unheard) == 0)
		discard(&standing, letter);
	nft_objects_release(&standing);
	text_release(&unheard);
}

/* Where that does not succeed, nothing of it is left. */
static int bring_named(struct nft *nft, struct span bytes, char letter,
		       const struct nft_objects *standing, struct text *named, struct text *error)
{
	int status;

	text_reset(named);
	put_named(named, bytes, letter);
	status = bring(nft, text_string(named), standing, error);
	if (status < 0)
		give_up(letter);
	return status;
}

/* A kernel that does not know the element for all others says that the argument is invalid. */
static void tell_needs(int status, struct text *error)
{
	unsigned major, minor;
	struct utsname system;

	if (status == -EINVAL && uname(&system) == 0 &&
	    sscanf(system.release, "%u.%u", &major, &minor) == 2 &&
	    (major < 5 || (major == 5 && minor < 13)))
		text_put(error, ": this kernel is older than 5.13");
}

static int nft_install(void *state, struct span bytes, struct text *error)
{
	struct nft *nft = state;
	struct nft_objects standing = { 0 };
	struct text named = { 0 }, unheard = { 0 };
	char letter = 0;
	int status = -EAGAIN;

	if (take_look(nft, &standing, &letter))
		status = bring_named(nft, bytes, letter, &standing, &named, &unheard);
	/* what was seen may have gone since, and pieces be those of an image that never came */
	if (status < 0) {
		nft_objects_release(&standing);
		tidy(nft);
		status = look_for_room(&standing, &letter, error);
		if (status == 0)
			status = bring_named(nft, bytes, letter, &standing, &named, error);
	}
	text_release(&unheard);
	if (status < 0) {
		tell_needs(status, error);
		nft_objects_release(&standing);
		text_release(&named);
		return status;
	}
	text_put(&named, "");			/* it is there, even where nothing is wanted */
	nft->is_settling = standing.n > 0;
	nft->named = named;
	nft->before = standing;
	return 0;
}

static void nft_settle(void *state)
{
	tidy(state);
}

static int nft_remove(void *state, struct text *error)
{
	struct nft *nft = state;
	struct text commands = { 0 };
	int status;

	for (unsigned t = 0; t < NFT_TABLE_COUNT; t++)
		text_printf(&commands, "add table %s weir\ndelete table %s weir\n",
			    nft_table_family(t), nft_table_family(t));
	status = run(nft, commands.p, error);
	text_release(&commands);
	forget_look(nft);
	text_release(&nft->named);
	nft_objects_release(&nft->before);
	nft_objects_release(&nft->old);
	forget_wanted(nft);
	return status;
}

/* Whether the kernel has nftables, without changing anything. */
static void nft_probe(struct enforce_support *out)
{
	struct nft_objects chains = { 0 };
	int status = nft_objects_read(NFT_CHAINS, &chains);

	out->why_not[BACKEND_NFTABLES][0] = '\0';
	if (status < 0)
		snprintf(out->why_not[BACKEND_NFTABLES], ENFORCE_WHY, "nftables: %s",
			 strerror(-status));
	nft_objects_release(&chains);
}

const struct backend_calls nft_backend = {
	.probe = nft_probe, .compile = nft_compile, .open = nft_open, .close = nft_close,
	.prepare = nft_prepare, .ahead = nft_ahead, .install = nft_install,
	.settle = nft_settle, .remove = nft_remove, .counts = nft_counts, .forget = nft_forget,
	.tell_asked = nft_tell_asked, .asked = nft_asked,
};
