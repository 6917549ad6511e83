/* SPDX-License-Identifier: BSD-2-Clause */
/* Brings nftables text into the kernel and reads its counters back, by libnftables.  What is new
 * stands beside what is old until one transaction turns the base chains round and takes the old
 * away; counters are no part of that.  Knows no policy. */
#include "enforce/nft.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>
#include <linux/membarrier.h>
#include <nftables/libnftables.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/backend.h"

struct nft {
	struct nft_ctx *ctx;
	json_t	       *wanted;		/* "family name" of what counts since the last install; or NULL */
};

/* --- libnftables --- */

static int nft_open(const char *pin_folder, void **out_state)
{
	struct nft *nft = memory_take(sizeof(*nft));

	(void)pin_folder;
	nft->ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft->ctx || nft_ctx_buffer_output(nft->ctx) < 0 ||
	    nft_ctx_buffer_error(nft->ctx) < 0) {
		if (nft->ctx)
			nft_ctx_free(nft->ctx);
		free(nft);
		return -ENOMEM;
	}
	*out_state = nft;
	return 0;
}

static void nft_close(void *state)
{
	struct nft *nft = state;

	nft_ctx_free(nft->ctx);
	json_decref(nft->wanted);
	free(nft);
}

/* The first line without its place: "Could not process rule: Operation not permitted". */
static void tell_error(const char *said, struct text *error)
{
	const char *mark = strstr(said, "Error: ");
	size_t n;

	said = mark ? mark + strlen("Error: ") : said;
	n = strcspn(said, "\n");
	text_put(error, error->n ? "; nftables: " : "nftables: ");
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

static int run(struct nft *nft, const char *commands, struct text *error)
{
	const char *said;

	if (nft_run_cmd_from_buffer(nft->ctx, commands) == 0)
		return 0;
	said = nft_ctx_get_error_buffer(nft->ctx);
	if (error)
		tell_error(said, error);
	return errno_of(said);
}

/* The objects of a kind in weir's tables; NULL where the kernel does not say. */
static json_t *list(struct nft *nft, const char *what, struct text *error)
{
	char command[32];
	json_t *root = NULL, *array;
	int status;

	snprintf(command, sizeof(command), "list %s", what);
	nft_ctx_output_set_flags(nft->ctx, NFT_CTX_OUTPUT_JSON);
	status = run(nft, command, error);
	if (status == 0)
		root = json_loads(nft_ctx_get_output_buffer(nft->ctx), 0, NULL);
	nft_ctx_output_set_flags(nft->ctx, 0);
	array = json_incref(json_object_get(root, "nftables"));
	json_decref(root);
	return array;
}

static const char *word(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The i-th object of a list, where it is of the kind and in weir's table. */
static const json_t *one_of(const json_t *array, size_t i, const char *kind)
{
	const json_t *object = json_object_get(json_array_get(array, i), kind);

	return object && strcmp(word(object, "table"), "weir") == 0 ? object : NULL;
}

/* --- what stands --- */

/* Lists, as JSON: chains, sets and limits, whose names a new generation must not have. */
struct standing {
	json_t *chains, *sets, *limits;
};

static const struct {
	const char *plural, *kind;
} kinds[] = { { "chains", "chain" }, { "sets", "set" }, { "limits", "limit" } };

static json_t **field_of(struct standing *s, size_t kind)
{
	return kind == 0 ? &s->chains : kind == 1 ? &s->sets : &s->limits;
}

static int look(struct nft *nft, struct standing *out, struct text *error)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		*field_of(out, i) = list(nft, kinds[i].plural, error);
		if (!*field_of(out, i))
			return -EIO;
	}
	return 0;
}

static void standing_release(struct standing *s)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		json_decref(*field_of(s, i));
}

static bool is_base_chain(const char *name)
{
	return strchr(name, '/') != NULL;
}

/* A letter that no name of the old generation begins with. */
static char free_letter(struct standing *s)
{
	bool taken[26] = { false };
	char letter = 'a';

	for (size_t k = 0; k < COUNT(kinds); k++) {
		for (size_t i = 0; i < json_array_size(*field_of(s, k)); i++) {
			const json_t *object = one_of(*field_of(s, k), i, kinds[k].kind);
			const char *name = object ? word(object, "name") : "";

			if (*name >= 'a' && *name <= 'z' && !is_base_chain(name))
				taken[*name - 'a'] = true;
		}
	}
	while (letter < 'z' && taken[letter - 'a'])
		letter++;
	return letter;
}

/* Names of the new generation: '%' outside of quotes. */
static void put_named(struct text *out, struct span text, char letter)
{
	bool quoted = false;
	size_t begin = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			quoted = !quoted;
		if (text.p[i] != '%' || quoted)
			continue;
		text_put_n(out, (const char *)text.p + begin, i - begin);
		text_char(out, letter);
		begin = i + 1;
	}
	text_put_n(out, (const char *)text.p + begin, text.n - begin);
}

/* True where the text adds this base chain, which then stays. */
static bool adds_chain(const char *text, const char *family, const char *name)
{
	struct text head = { 0 };
	bool found;

	text_printf(&head, "\nflush chain %s weir %s\n", family, name);
	found = strstr(text, head.p) != NULL;
	text_release(&head);
	return found;
}

/* Base chains first, for they refer to the others; of these the last first, for a chain stands
 * behind those that it refers to. */
static void put_removals(struct text *out, const char *text, struct standing *s)
{
	for (size_t base = 2; base-- > 0;) {
		for (size_t i = json_array_size(s->chains); i-- > 0;) {
			const json_t *chain = one_of(s->chains, i, "chain");

			if (!chain || is_base_chain(word(chain, "name")) != base ||
			    (base && adds_chain(text, word(chain, "family"), word(chain, "name"))))
				continue;
			text_printf(out, "delete chain %s weir %s\n", word(chain, "family"),
				    word(chain, "name"));
		}
	}
	for (size_t k = 1; k < COUNT(kinds); k++) {
		for (size_t i = 0; i < json_array_size(*field_of(s, k)); i++) {
			const json_t *object = one_of(*field_of(s, k), i, kinds[k].kind);

			if (object)
				text_printf(out, "delete %s %s weir %s\n", kinds[k].kind,
					    word(object, "family"), word(object, "name"));
		}
	}
}

/* --- counters --- */

/* Every counter that the text adds. */
static void note_wanted(struct nft *nft, const char *text)
{
	const char *family = "", *line = text;

	json_decref(nft->wanted);
	nft->wanted = json_object();
	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		struct text key = { 0 };

		if (strncmp(line, "table ", 6) == 0)
			family = line + 6;
		if (strncmp(line, "\tcounter ", 9) != 0)
			continue;
		text_put_n(&key, family, strcspn(family, " ") + 1);
		text_put_n(&key, line + 9, strcspn(line + 9, " "));
		json_object_set_new(nft->wanted, key.p, json_true());
		text_release(&key);
	}
}

/* True also where nothing was installed by this process: it does not know. */
static bool is_wanted(const struct nft *nft, const json_t *counter)
{
	struct text key = { 0 };
	bool found;

	if (!nft->wanted)
		return true;
	text_printf(&key, "%s %s", word(counter, "family"), word(counter, "name"));
	found = json_object_get(nft->wanted, key.p) != NULL;
	text_release(&key);
	return found;
}

static int nft_counts(void *state, enforce_count_fn *each, void *ctx, struct text *error)
{
	struct nft *nft = state;
	json_t *array = list(nft, "counters", error);

	if (!array)
		return -EIO;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *counter = one_of(array, i, "counter");
		struct text name = { 0 };
		struct enforce_count count;

		if (!counter)
			continue;
		text_put(&name, word(counter, "name"));
		if (name.n > 0 && nft_counter_parse(name.p, &count)) {
			count.gone = !is_wanted(nft, counter);
			count.packets =
				(uint64_t)json_integer_value(json_object_get(counter, "packets"));
			count.bytes = (uint64_t)json_integer_value(json_object_get(counter, "bytes"));
			each(ctx, &count);
		}
		text_release(&name);
	}
	json_decref(array);
	return 0;
}

/* The kernel refuses to delete a counter that a rule still counts in. */
static int nft_forget(void *state, struct text *error)
{
	struct nft *nft = state;
	json_t *array = list(nft, "counters", error);
	struct text removal = { 0 };
	int status = 0;

	if (!array)
		return -EIO;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *counter = one_of(array, i, "counter");

		if (counter && !is_wanted(nft, counter))
			text_printf(&removal, "delete counter %s weir %s\n",
				    word(counter, "family"), word(counter, "name"));
	}
	json_decref(array);
	if (removal.n > 0)
		status = run(nft, removal.p, error);
	text_release(&removal);
	return status;
}

/* --- installing --- */

/* Packets that began under the old rules have been counted when this returns, so that a counter
 * that no rule has any more says all that it will ever say. */
static void wait_for_packets(void)
{
	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static int nft_install(void *state, struct span bytes, struct text *error)
{
	struct nft *nft = state;
	struct standing standing = { 0 };
	struct text commands = { 0 };
	int status = look(nft, &standing, error);

	if (status == 0) {
		put_named(&commands, bytes, free_letter(&standing));
		put_removals(&commands, text_string(&commands), &standing);
	}
	if (status == 0 && commands.n > 0)
		status = run(nft, commands.p, error);
	if (status == 0) {
		note_wanted(nft, text_string(&commands));
		wait_for_packets();
	}
	standing_release(&standing);
	text_release(&commands);
	return status;
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
	json_decref(nft->wanted);
	nft->wanted = NULL;
	return status;
}

/* Whether the kernel has nftables, without changing anything. */
static void nft_probe(struct enforce_support *out)
{
	struct text error = { 0 };
	char *why = out->why_not[BACKEND_NFTABLES];
	void *state = NULL;

	why[0] = '\0';
	if (nft_open(NULL, &state) < 0) {
		snprintf(why, ENFORCE_WHY, "libnftables cannot begin");
		return;
	}
	if (run(state, "list tables", &error) < 0)
		snprintf(why, ENFORCE_WHY, "%s", text_string(&error));
	nft_close(state);
	text_release(&error);
}

const struct backend_calls nft_backend = {
	.probe = nft_probe, .compile = nft_compile, .open = nft_open, .close = nft_close,
	.install = nft_install, .remove = nft_remove, .counts = nft_counts, .forget = nft_forget,
};
