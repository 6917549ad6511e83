/* SPDX-License-Identifier: BSD-2-Clause */
/* From the bytes that the keeper reads to policies that fit their configuration. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/run_judge.h"

#define CONF_BYTES_MAX (1u << 20)

const struct conf *ruling_conf(const struct judge *j, const struct ruling *r)
{
	return r->conf ? r->conf : j->options->conf;
}

void ruling_release(struct ruling *r)
{
	conf_free(r->conf);
	text_release(&r->conf_text);
	bundle_release(&r->bundle);
	policy_free(r->policy);
	*r = (struct ruling){ 0 };
}

/* --- the keeper reads --- */

static void keep_waiting(struct judge *j, const struct message *message, int payload)
{
	if (j->waiting_count == JUDGE_WAITING) {
		if (payload >= 0)
			close(payload);
		return;
	}
	j->waiting[j->waiting_count] = *message;
	j->waiting_payloads[j->waiting_count++] = payload;
}

void judge_forget_waiting(struct judge *j, size_t i)
{
	j->waiting_count--;
	memmove(j->waiting + i, j->waiting + i + 1,
		(j->waiting_count - i) * sizeof(j->waiting[0]));
	memmove(j->waiting_payloads + i, j->waiting_payloads + i + 1,
		(j->waiting_count - i) * sizeof(j->waiting_payloads[0]));
}

bool judge_await(struct judge *j, uint32_t kind, struct message *out, int *out_payload)
{
	struct message message;
	int payload;

	for (size_t i = 0; i < j->waiting_count; i++) {
		if (j->waiting[i].kind != kind)
			continue;
		*out = j->waiting[i];
		*out_payload = j->waiting_payloads[i];
		judge_forget_waiting(j, i);
		return true;
	}
	while (message_receive(j->keeper, &message, &payload) > 0) {
		if (message.kind == kind) {
			*out = message;
			*out_payload = payload;
			return true;
		}
		keep_waiting(j, &message, payload);
	}
	j->must_end = true;
	return false;
}

/* Asks, and reads what comes: 0 or negative errno. */
static int read_asked(struct judge *j, struct message *message, struct text *out)
{
	int payload, error = message_send(j->keeper, message, -1);

	if (error < 0)
		return error;
	if (!judge_await(j, MESSAGE_FILE, message, &payload))
		return -EPIPE;
	if (payload < 0)
		return message->error < 0 ? message->error : -EIO;
	return payload_read(payload, out);
}

int judge_read_file(struct judge *j, const char *name, struct text *out)
{
	struct message message = { .kind = MESSAGE_FILE };

	if (strlen(name) >= sizeof(message.text))
		return -ENAMETOOLONG;
	memcpy(message.text, name, strlen(name));
	return read_asked(j, &message, out);
}

static bool read_include(void *context, const char *path, struct text *out,
			 char problem[POLICY_PROBLEM])
{
	int error = judge_read_file(context, path, out);

	if (error < 0)
		snprintf(problem, POLICY_PROBLEM, "%s", strerror(-error));
	return error == 0;
}

/* --- policies --- */

static struct policy *gather(struct judge *j, struct ruling *r, bool may_read, bool with_sets,
			     struct diags *diags)
{
	const struct conf *conf = ruling_conf(j, r);
	char **sets = with_sets ? plan_sets(conf, &j->links) : NULL;
	size_t n = with_sets ? conf->set_count : 0;
	struct policy *policy =
		bundle_gather(&r->bundle, sets, n, may_read ? read_include : NULL, j, diags);

	if (sets)
		plan_sets_free(sets, n);
	return policy;
}

/* A set that the policy has not is told with its place in the configuration: for that the policy is
 * loaded without it first, where it does not load with it. */
static struct policy *gather_checked(struct judge *j, struct ruling *r, bool may_read,
				     struct diags *diags)
{
	struct diags unplaced;
	struct policy *policy;

	diags_init(&unplaced);
	policy = gather(j, r, may_read, true, &unplaced);
	diags_release(&unplaced);
	if (policy)
		return policy;
	policy = gather(j, r, may_read, false, diags);
	if (policy && conf_check(ruling_conf(j, r), policy, diags))
		policy_free(gather(j, r, may_read, true, diags));	/* it fails, and says why */
	policy_free(policy);
	return NULL;
}

static bool load(struct judge *j, struct ruling *r, bool may_read, struct diags *diags)
{
	struct policy *policy = gather_checked(j, r, may_read, diags);

	if (policy && !conf_check(ruling_conf(j, r), policy, diags)) {
		policy_free(policy);
		policy = NULL;
	}
	policy_free(r->policy);
	r->policy = policy;
	return policy != NULL;
}

bool judge_rule(struct judge *j, struct ruling *r, struct diags *diags)
{
	return load(j, r, false, diags);
}

static bool read_conf(struct judge *j, struct ruling *out, struct diags *diags,
		      struct text *problem)
{
	const char *name = j->options->conf_file;
	struct text text = { 0 };
	int error = judge_read_file(j, name, &text);

	if (error < 0)
		text_printf(problem, "cannot read %s: %s", name, strerror(-error));
	else if (text.n > CONF_BYTES_MAX)
		text_printf(problem, "%s is too large", name);
	else
		out->conf = conf_parse(name, text_string(&text), text.n, diags);
	if (out->conf) {
		text_release(&out->conf_text);
		out->conf_text = text;
	} else {
		text_release(&text);
	}
	return out->conf != NULL;
}

void ruling_copy_conf(const struct ruling *from, const char *file, struct ruling *to)
{
	struct diags diags;

	if (!from->conf)
		return;
	diags_init(&diags);
	text_put_n(&to->conf_text, text_string(&from->conf_text), from->conf_text.n);
	to->conf = conf_parse(file, text_string(&to->conf_text), to->conf_text.n, &diags);
	diags_release(&diags);
}

/* A judge that begins again takes the configuration that was in force. */
static void take_conf_in_force(const struct judge *j, struct ruling *out)
{
	const struct text *text = &j->options->conf_text;
	struct diags diags;

	if (text->n == 0)
		return;
	diags_init(&diags);
	text_put_n(&out->conf_text, text->p, text->n);
	out->conf = conf_parse(j->options->conf_file, text_string(&out->conf_text),
			       out->conf_text.n, &diags);
	diags_release(&diags);
}

bool judge_read_configured(struct judge *j, bool with_conf, struct ruling *out, struct diags *diags,
			   struct text *problem)
{
	struct ruling r = { 0 };
	const struct conf *conf;
	bool good = !with_conf || read_conf(j, &r, diags, problem);
	int error = 0;

	if (!with_conf)
		take_conf_in_force(j, &r);
	if (good) {
		conf = ruling_conf(j, &r);
		r.bundle.name = strdup(conf->policy.name);
		r.bundle.is_profile = conf->is_profile;
		if (!conf->is_profile)
			error = judge_read_file(j, conf->policy.name, &r.bundle.text);
		if (error < 0)
			text_printf(problem, "cannot read %s: %s", conf->policy.name, strerror(-error));
		good = error == 0 && load(j, &r, true, diags);
	}
	if (good)
		*out = r;
	else
		ruling_release(&r);
	return good;
}

/* What was applied last, or the newest generation before one.  *out_generation is its file's
 * number, 0 for the one applied last; false where it cannot be read, with `problem`, empty where it
 * is not there. */
static bool read_bundle(struct judge *j, uint64_t before, struct bundle *out,
			uint64_t *out_generation, struct text *problem)
{
	struct message message = { .kind = MESSAGE_FILE, .number = before };
	char why[POLICY_PROBLEM] = "";
	struct text text = { 0 };
	int error = read_asked(j, &message, &text);
	bool good = error == 0 && bundle_parse(text_string(&text), text.n, out, why);

	*out_generation = message.generation;
	if (!good && error != -ENOENT)
		text_put(problem, error < 0 ? strerror(-error) : why);
	text_release(&text);
	return good;
}

/* The newest generation that can be read, in the place of the one that cannot. */
static bool read_older(struct judge *j, struct bundle *out, struct text *problem)
{
	uint64_t generation = UINT64_MAX, before;
	struct text unread = { 0 };
	bool good = false;

	do {
		before = generation;
		text_reset(&unread);
		good = read_bundle(j, before, out, &generation, &unread);
	} while (!good && generation > 0 && generation < before);
	if (good)
		text_printf(problem, "generation %llu is loaded instead", (unsigned long long)generation);
	text_release(&unread);
	return good;
}

bool judge_read_kept(struct judge *j, struct ruling *out, struct diags *diags, struct text *problem)
{
	struct text why = { 0 };
	struct ruling r = { 0 };
	uint64_t generation;
	bool good = read_bundle(j, 0, &r.bundle, &generation, &why);

	if (!good && why.n > 0) {
		text_printf(problem, "what was applied last cannot be read (%s): ", text_string(&why));
		good = read_older(j, &r.bundle, problem);
	}
	text_release(&why);
	take_conf_in_force(j, &r);
	good = good && load(j, &r, false, diags);
	if (good)
		*out = r;
	else
		ruling_release(&r);
	return good;
}
