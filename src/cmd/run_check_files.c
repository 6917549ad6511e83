/* SPDX-License-Identifier: BSD-2-Clause */
/* weir run --check: the files that the daemon would read and run beside its policy, and the policy
 * that was applied last, with which it begins.  Writes nothing. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cmd/run.h"
#include "daemon/bundle.h"
#include "daemon/plan.h"
#include "os/file.h"

__attribute__((format(printf, 2, 3)))
static void note(struct enforce_notes *notes, const char *format, ...)
{
	struct enforce_note one = { 0 };
	va_list args;

	va_start(args, format);
	vsnprintf(one.text, sizeof(one.text), format, args);
	va_end(args);
	enforce_notes_add(notes, &one);
}

static void note_programs(const struct conf *conf, struct enforce_notes *notes)
{
	for (size_t i = 0; i < conf->authorised.n; i++)
		if (access(conf->authorised.list[i].name, R_OK) < 0)
			note(notes, "the list of authorised servers cannot be read (%s): %s",
			     strerror(errno), conf->authorised.list[i].name);
	if (conf->notify.name && access(conf->notify.name, X_OK) < 0)
		note(notes, "notify exec cannot begin its program (%s): %s", strerror(errno),
		     conf->notify.name);
}

/* True where a restart can load it. */
static bool note_kept(const struct conf *conf, const struct links *links, const struct bundle *kept,
		      const char *sha256, struct enforce_notes *notes)
{
	char **sets = plan_sets(conf, links);
	struct policy *policy;
	struct diags diags;
	bool good;

	diags_init(&diags);
	policy = bundle_load(kept, sets, conf->set_count, &diags);
	good = policy && conf_check(conf, policy, &diags);
	if (!good)
		note(notes, "the daemon begins with the policy that was applied last, %s, which does not fit "
		     "this configuration: %s", kept->name, diags.n ? diags.list[0].message : "it is none");
	else if (strcmp(policy_sha256(policy), sha256) != 0)
		note(notes, "the daemon begins with the policy that was applied last, generation %llu, %s, "
		     "which is another one; then: weir apply", (unsigned long long)kept->generation,
		     kept->name);
	policy_free(policy);
	diags_release(&diags);
	plan_sets_free(sets, conf->set_count);
	return good;
}

bool run_check_files(const struct run_options *daemon, const struct links *links,
		     const struct policy *policy, struct enforce_notes *notes)
{
	char problem[POLICY_PROBLEM] = "";
	struct text path = { 0 }, text = { 0 };
	struct bundle kept = { 0 };
	bool good = true;
	int error;

	note_programs(daemon->conf, notes);
	text_printf(&path, "%s/current.json", daemon->state);
	error = file_read(path.p, BUNDLE_BYTES_MAX, &text);
	if (error == 0 && !bundle_parse(text_string(&text), text.n, &kept, problem))
		error = -EBADMSG;
	if (error < 0 && error != -ENOENT)
		note(notes, "what was applied last cannot be read (%s), so the daemon begins with a generation "
		     "before it: %s", problem[0] ? problem : strerror(-error), path.p);
	else if (error == 0)
		good = note_kept(daemon->conf, links, &kept, policy_sha256(policy), notes);
	bundle_release(&kept);
	text_release(&text);
	text_release(&path);
	return good;
}
