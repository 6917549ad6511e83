/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding and reading policies for the commands: profiles, files, standard input, includes.
 * Knows no grammar. */
#include "cmd/load.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "os/file.h"
#include "os/pages.h"
#include "policy/conf.h"
#include "policy/load.h"
#include "policy/profiles.h"
#include "sink/diag_print.h"

#define POLICY_BYTES_MAX (64u << 20)

int load_text(const char *name, const struct io *io, struct text *out)
{
	const struct profile *profile = profile_find(name);

	if (strcmp(name, "-") == 0)
		return file_read_stream(io->in, POLICY_BYTES_MAX, out);
	if (!profile)
		return file_read(name, POLICY_BYTES_MAX, out);
	text_put_n(out, profile->text, profile->n);
	return 0;
}

static bool read_include(void *context, const char *path, struct text *out,
			 char problem[POLICY_PROBLEM])
{
	int error = file_read(path, POLICY_BYTES_MAX, out);

	(void)context;
	if (error < 0)
		snprintf(problem, POLICY_PROBLEM, "%s", strerror(-error));
	return error == 0;
}

/* "modern.border", which is how a policy names it. */
static const struct profile *profile_of_boundary(const char *name)
{
	char word[64];
	const char *dot = strchr(name, '.');

	if (!dot || (size_t)(dot - name) >= sizeof(word))
		return NULL;
	snprintf(word, sizeof(word), "%.*s", (int)(dot - name), name);
	return profile_find(word);
}

/* A name that is neither: the user mistyped it, or meant a file that is not there. */
int load_refuse(const char *name, int error, const struct io *io)
{
	struct nearest nearest = nearest_of(name);
	const struct profile *profile = profile_of_boundary(name);

	for (size_t i = 0; i < profiles_count; i++)
		nearest_offer(&nearest, profiles[i].name);
	if (error == -ENOENT && profile)
		complain(io, "no policy file or profile '%s', did you mean '%s' and its boundary '%s'?", name,
			 profile->name, strchr(name, '.') + 1);
	else if (error == -ENOENT && nearest.word)
		complain(io, "no policy file or profile '%s', did you mean '%s'?", name,
			 nearest.word);
	else if (error == -ENOENT)
		complain(io, "no policy file or profile '%s'; weir policy lists the profiles", name);
	else
		complain(io, "cannot read %s: %s", name, strerror(-error));
	return error == -ENOENT ? EXIT_USAGE : EXIT_SYSTEM;
}

struct policy *load_parse(const char *name, const struct text *text, const struct common *common,
			  struct diags *diags)
{
	struct policy_input input = {
		.name = name,
		.text = profile_find(name) ? NULL : text_string(text),
		.n = text->n,
		.sets = common->set.list,
		.set_count = common->set.n,
		.read = read_include,
		.prefer_large = pages_prefer_large, .give_back = pages_give_back,
	};

	return policy_load(&input, diags);
}

static struct policy *parse(const char *name, const struct text *text, const struct common *common,
			    const struct io *io)
{
	struct policy *policy;
	struct diags diags;

	diags_init(&diags);
	policy = load_parse(name, text, common, &diags);
	diags_print(&diags, io->err_colour, io->err);
	if (!policy)
		diags_print_summary(&diags, io->err);
	diags_release(&diags);
	return policy;
}

struct policy *load_policy(const struct common *common, const struct io *io, int *out_status)
{
	const char *name = common->policy ? common->policy : LOAD_DEFAULT_POLICY;
	struct policy *policy = NULL;
	struct text text = { 0 };
	int error = load_text(name, io, &text);

	if (error < 0)
		*out_status = load_refuse(name, error, io);
	else if (!(policy = parse(name, &text, common, io)))
		*out_status = EXIT_USAGE;
	text_release(&text);
	return policy;
}

const struct boundary *load_boundary(const struct policy *policy, const struct common *common,
				     const struct io *io)
{
	const struct boundary *boundary = policy_boundary(policy, common->boundary);
	struct text names = { 0 };
	struct nearest nearest;

	if (boundary)
		return boundary;
	if (!common->boundary) {
		complain(io, "policy '%s' has no boundary", policy->name);
		return NULL;
	}
	nearest = nearest_of(common->boundary);
	for (size_t i = 0; i < policy->boundary_count; i++) {
		nearest_offer(&nearest, policy->boundaries[i]->name);
		text_printf(&names, "%s%s", i ? ", " : "", policy->boundaries[i]->name);
	}
	if (nearest.word)
		complain(io, "no boundary '%s' in policy '%s', did you mean '%s'?", common->boundary,
			 policy->name, nearest.word);
	else
		complain(io, "no boundary '%s' in policy '%s'; it has %s", common->boundary,
			 policy->name, text_string(&names));
	text_release(&names);
	return NULL;
}

static struct span bytes_of(const struct text *text)
{
	return (struct span){ (const uint8_t *)text_string(text), text->n };
}

/* Appends the text of a list, which must be without a mistake. */
static int read_list(const char *file, const struct io *io, struct text *out)
{
	struct text text = { 0 };
	int error = file_read(file, POLICY_BYTES_MAX, &text), status = EXIT_CLEAN;
	struct authorised *list;
	struct diags diags;

	diags_init(&diags);
	if (error < 0) {
		complain(io, "cannot read the list of authorised servers %s: %s", file, strerror(-error));
		status = EXIT_SYSTEM;
	} else {
		list = authorised_parse(file, bytes_of(&text), &diags);
		status = list ? EXIT_CLEAN : EXIT_USAGE;
		authorised_free(list);
		text_put_n(out, text_string(&text), text.n);
		text_char(out, '\n');
	}
	diags_print(&diags, io->err_colour, io->err);
	diags_release(&diags);
	text_release(&text);
	return status;
}

/* Appends the lists that a configuration names; *out_n: how many.  The mistakes of one that nobody asked
 * for are told to those who run the daemon. */
static int read_lists_of(const char *file, bool is_asked, const struct io *io, struct text *out,
			 size_t *out_n)
{
	struct text text = { 0 };
	struct conf *conf = NULL;
	struct diags diags;
	int error = file_read(file, POLICY_BYTES_MAX, &text), status = EXIT_CLEAN;

	diags_init(&diags);
	if (error == 0)
		conf = conf_parse(file, text_string(&text), text.n, &diags);
	if (is_asked && error < 0)
		complain(io, "cannot read the configuration %s: %s", file, strerror(-error));
	else if (is_asked && !conf)
		complain(io, "the configuration %s has mistakes; weir run --check -c %s tells them", file, file);
	if (!conf)
		status = error < 0 ? EXIT_SYSTEM : EXIT_USAGE;
	for (size_t i = 0; conf && i < conf->authorised.n && status == EXIT_CLEAN; i++)
		status = read_list(conf->authorised.list[i].name, io, out);
	*out_n = conf ? conf->authorised.n : 0;
	conf_free(conf);
	diags_release(&diags);
	text_release(&text);
	return status;
}

struct authorised *load_authorised(const char *file, const char *conf, const struct io *io,
				   int *out_status)
{
	bool is_asked = file || conf;
	struct authorised *list = NULL;
	struct text text = { 0 };
	struct diags diags;
	int status = EXIT_CLEAN;
	size_t n = 1;

	diags_init(&diags);
	if (file)
		status = read_list(file, io, &text);
	else if (conf || access(LOAD_CONF, R_OK) == 0)
		status = read_lists_of(conf ? conf : LOAD_CONF, is_asked, io, &text, &n);
	else
		n = 0;
	if (status == EXIT_CLEAN && n > 0)
		list = authorised_parse("the lists", bytes_of(&text), &diags);
	if (status != EXIT_CLEAN && is_asked)
		*out_status = status;
	diags_release(&diags);
	text_release(&text);
	return list;
}
