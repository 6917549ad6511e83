/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of the configuration, one row each, and going on after a mistake.  Interfaces are in
 * conf_interface.c, sets in conf_set.c, MSDP peers in conf_msdp.c. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/nearest.h"
#include "policy/conf_parser.h"
#include "policy/profiles.h"

/* A configuration with the memory that it lives in. */
struct loaded_conf {
	struct conf  conf;
	struct arena arena;
};

bool conf_at(const struct conf_parser *c, const char *word)
{
	const struct token *token = &c->p.token;

	return token->kind == TOKEN_WORD && token->n == strlen(word) &&
	       memcmp(c->p.source->text + token->offset, word, token->n) == 0;
}

bool conf_take(struct conf_parser *c, const char *word)
{
	bool there = conf_at(c, word);

	if (there)
		parser_take(&c->p);
	return there;
}

const char *conf_run(struct conf_parser *c, const char *what, struct spot *out)
{
	const char *text;

	c->p.token = lexer_again_as_name(&c->p.lexer, &c->p.token);
	if (c->p.token.kind != TOKEN_WORD) {
		parser_expected(&c->p, what);
		return NULL;
	}
	*out = parser_spot(&c->p, &c->p.token);
	text = parser_text(&c->p, &c->p.token);
	parser_take(&c->p);
	return text;
}

void *conf_room(struct conf_parser *c, void *list, size_t n, size_t *cap, size_t size)
{
	void *larger;

	if (n < *cap)
		return list;
	*cap = *cap ? *cap * 2 : 8;
	larger = arena_array(c->p.arena, *cap, size);
	if (n > 0)
		memcpy(larger, list, n * size);
	return larger;
}

/* --- files --- */

/* As includes of policies: from the folder of the file that names it. */
static const char *from_folder(struct conf_parser *c, const char *path)
{
	const char *slash = strrchr(c->conf->file, '/');

	if (path[0] == '/' || !slash)
		return path;
	return arena_printf(c->p.arena, "%.*s/%s", (int)(slash - c->conf->file), c->conf->file, path);
}

bool conf_file(struct conf_parser *c, const char *what, struct conf_name *out)
{
	struct conf_name file = { .spot = parser_spot(&c->p, &c->p.token) };

	file.name = parser_string(&c->p, what);
	if (!file.name)
		return false;
	if (!file.name[0]) {
		parser_wrong(&c->p, &file.spot, NULL, "no file has an empty name");
		return true;
	}
	file.name = from_folder(c, file.name);
	*out = file;
	return true;
}

/* A statement that stands once; a second one is told, and read to nowhere. */
static struct conf_name *once(struct conf_parser *c, const char *word, struct conf_name *first,
			      struct conf_name *nowhere)
{
	struct spot spot = parser_spot(&c->p, &c->p.taken);

	if (!first->name)
		return first;
	parser_wrong(&c->p, &spot,
		     arena_printf(c->p.arena, "the first is in line %u", first->spot.line),
		     "'%s' stands once", word);
	return nowhere;
}

static bool read_profile(struct conf_parser *c, struct conf_name *out)
{
	const char *word = parser_text(&c->p, &c->p.token);
	struct nearest nearest = nearest_of(word);

	*out = (struct conf_name){ word, parser_spot(&c->p, &c->p.token) };
	parser_take(&c->p);
	if (profile_find(word))
		return true;
	for (size_t i = 0; i < profiles_count; i++)
		nearest_offer(&nearest, profiles[i].name);
	spot_complain(c->p.diags, &out->spot,
		      (struct complaint){ SEVERITY_ERROR,
					  nearest.word ? arena_printf(c->p.arena, "did you mean '%s'?",
								      nearest.word) : NULL,
					  "a file stands in quotes: policy \"border.weir\"" },
		      "no built-in policy is called '%s'", word);
	return true;
}

static bool read_policy(struct conf_parser *c)
{
	struct conf_name nowhere, *out = once(c, "policy", &c->conf->policy, &nowhere);

	if (c->p.token.kind != TOKEN_WORD || conf_at_statement(c))
		return conf_file(c, "a file in quotes, or a built-in policy as modern", out);
	if (out == &c->conf->policy)
		c->conf->is_profile = true;
	return read_profile(c, out);
}

static bool read_state(struct conf_parser *c)
{
	struct conf_name nowhere;

	return conf_file(c, "a folder in quotes", once(c, "state", &c->conf->state, &nowhere));
}

static bool read_control(struct conf_parser *c)
{
	struct conf_name nowhere;

	return conf_file(c, "a socket's name in quotes", once(c, "control", &c->conf->control, &nowhere));
}

static bool read_notify(struct conf_parser *c)
{
	static const char *const words[] = { "exec" };
	struct conf_name nowhere, *out = once(c, "notify", &c->conf->notify, &nowhere);

	if (!conf_take(c, "exec"))
		return parser_expected_one(&c->p, "'exec'", words, COUNT(words));
	return conf_file(c, "a program in quotes", out);
}

static bool add_name(struct conf_parser *c, struct conf_names *names, struct conf_name name)
{
	struct conf_name *larger = arena_array(c->p.arena, names->n + 1, sizeof(*larger));

	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->list[i].name, name.name) != 0)
			continue;
		parser_wrong(&c->p, &name.spot, NULL, "'%s' stands here twice", name.name);
		return true;
	}
	if (names->n == CONF_INTERFACES_MAX) {
		parser_wrong(&c->p, &name.spot, NULL, "more than %d of them", CONF_INTERFACES_MAX);
		return true;
	}
	if (names->n > 0)
		memcpy(larger, names->list, names->n * sizeof(*larger));
	larger[names->n++] = name;
	names->list = larger;
	return true;
}

static bool read_watch(struct conf_parser *c)
{
	struct conf_name name = { 0 };

	do
		if (!conf_interface_name(c, &name) || !add_name(c, &c->conf->watch, name))
			return false;
	while (parser_take_sign(&c->p, ','));
	return true;
}

static bool read_ras(struct conf_parser *c)
{
	static const char *const words[] = { "authorised" };

	if (!conf_take(c, "authorised") && !conf_take(c, "authorized"))
		return parser_expected_one(&c->p, "'authorised'", words, COUNT(words));
	do {
		struct conf_name file = { 0 };

		if (!conf_file(c, "a file in quotes", &file))
			return false;
		if (file.name)
			add_name(c, &c->conf->authorised, file);
	} while (parser_take_sign(&c->p, ','));
	return true;
}

/* --- history --- */

/* "90d", "1G": digits and the letter of a unit. */
bool conf_amount(struct conf_parser *c, const char *what, const struct conf_unit *units, size_t n,
		 uint64_t *out)
{
	struct spot spot;
	const char *text = conf_run(c, what, &spot);
	uint64_t value = 0;
	size_t i = 0;

	if (!text)
		return false;
	for (; text[i] >= '0' && text[i] <= '9' && value < UINT64_C(1) << 30; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	for (size_t k = 0; k < n && i > 0; k++) {
		if (text[i] != units[k].letter || (text[i] && text[i + 1]))
			continue;
		*out = value * units[k].factor;
		if (value == 0)
			parser_wrong(&c->p, &spot, NULL, "'%s' is too little", text);
		return true;
	}
	parser_wrong(&c->p, &spot, NULL, "'%s' is not %s", text, what);
	return true;
}

/* "keep 90d", "size 1G": the word is taken, the amount follows. */
static bool read_bound(struct conf_parser *c, const char *what, const struct conf_unit *units,
		       size_t n, uint64_t *out)
{
	struct spot spot = parser_spot(&c->p, &c->p.taken);

	if (*out > 0)
		parser_wrong(&c->p, &spot, NULL, "'%s' stands once for the history",
			     parser_text(&c->p, &c->p.taken));
	return conf_amount(c, what, units, n, out);
}

static bool read_history(struct conf_parser *c)
{
	static const struct conf_unit spans[] = { { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 },
						  { 'y', 31622400 } };
	static const struct conf_unit sizes[] = { { 'M', UINT64_C(1) << 20 },
						  { 'G', UINT64_C(1) << 30 } };
	static const char *const words[] = { "keep", "size" };
	struct conf_name nowhere, *out = once(c, "history", &c->conf->history, &nowhere);
	bool good = conf_file(c, "a file in quotes", out);

	while (good) {
		if (conf_take(c, "keep"))
			good = read_bound(c, "a time, as 90d", spans, COUNT(spans), &c->conf->keep_s);
		else if (conf_take(c, "size"))
			good = read_bound(c, "a size, as 1G", sizes, COUNT(sizes), &c->conf->bytes_max);
		else if (c->p.token.kind == TOKEN_END || c->p.token.begins_line)
			break;
		else
			return parser_expected_one(&c->p, "'keep', 'size' or the next statement", words,
						   COUNT(words));
	}
	return good;
}

/* --- statements --- */

static const struct conf_statement {
	const char *word;
	bool (*read)(struct conf_parser *);
} statements[] = {
	{ "policy", read_policy },   { "set", conf_read_set }, { "interface", conf_read_interface },
	{ "watch", read_watch },     { "ras", read_ras },      { "history", read_history },
	{ "notify", read_notify },   { "state", read_state },  { "control", read_control },
	{ "msdp", conf_read_msdp },
};

bool conf_at_statement(const struct conf_parser *c)
{
	for (size_t i = 0; i < COUNT(statements) && c->p.token.begins_line; i++)
		if (conf_at(c, statements[i].word))
			return true;
	return false;
}

static bool read_statement(struct conf_parser *c)
{
	const char *words[COUNT(statements)];

	for (size_t i = 0; i < COUNT(statements); i++) {
		words[i] = statements[i].word;
		if (!conf_take(c, words[i]))
			continue;
		if (!statements[i].read(c))
			return false;
		if (c->p.token.kind == TOKEN_END || c->p.token.begins_line)
			return true;
		return parser_expected(&c->p, "the next statement on a line of its own");
	}
	return parser_expected_one(&c->p, "a statement, as 'policy' or 'interface'", words,
				   COUNT(words));
}

/* As LANGUAGE S4: on to the next line that begins with the word of a statement. */
static void recover(struct conf_parser *c)
{
	do
		parser_take(&c->p);
	while (c->p.token.kind != TOKEN_END && !conf_at_statement(c));
	c->p.braces = c->p.depth = 0;
}

static void check_whole(struct conf_parser *c)
{
	const struct spot start = { c->p.source, 0, 0, 1, 1, 1, 1 };

	if (!c->conf->policy.name && c->p.diags->errors == 0)
		parser_wrong(&c->p, &start, "policy modern, or policy \"border.weir\"",
			     "this configuration names no policy");
}

/* All that can be read, also of a text with mistakes. */
static struct conf *read_all(const char *file, const char *text, size_t n, struct diags *diags)
{
	struct loaded_conf *loaded = memory_take(sizeof(*loaded));
	struct conf_parser c = { .conf = &loaded->conf };

	arena_init(&loaded->arena);
	c.p = parser_of(&loaded->arena, file, text, n, diags);
	loaded->conf.file = c.p.source->file;
	source_check(&c.p);
	c.p.lexer = lexer_of(c.p.source->text, n, &c.p.comments, &loaded->arena);
	c.p.token = lexer_next(&c.p.lexer);
	while (c.p.token.kind != TOKEN_END)
		if (!read_statement(&c) && !conf_at_statement(&c))
			recover(&c);
	check_whole(&c);
	return &loaded->conf;
}

struct conf *conf_parse(const char *file, const char *text, size_t n, struct diags *diags)
{
	unsigned errors = diags->errors;
	struct conf *conf = read_all(file, text, n, diags);

	if (diags->errors == errors)
		return conf;
	conf_free(conf);
	return NULL;
}

bool conf_control(const char *file, const char *text, size_t n, struct text *out)
{
	struct diags diags;
	struct conf *conf;
	bool there;

	diags_init(&diags);
	conf = read_all(file, text, n, &diags);
	there = conf->control.name != NULL;
	if (there)
		text_put(out, conf->control.name);
	conf_free(conf);
	diags_release(&diags);
	return there;
}

void conf_free(struct conf *conf)
{
	struct loaded_conf *loaded = (struct loaded_conf *)conf;

	if (!conf)
		return;
	arena_release(&loaded->arena);
	free(loaded);
}
