/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's process: the only one with rights over the kernel.  It begins the judge and the
 * clerk, installs what the judge compiled, takes it back where nobody confirms, and reads the
 * counters.  It parses nothing: files and images pass through it as bytes. */
#include <errno.h>
#include <linux/capability.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/run_keeper.h"
#include "enforce/snoop.h"
#include "os/clock.h"
#include "os/privilege.h"
#include "os/sandbox.h"
#include "os/service.h"
#include "sink/history_tally.h"

#define KEPT_BLOCK (1 << 20)		/* larger ones are tables, of which most is never used */
#define KEPT_BYTES (8 << 20)
#define END_S 5				/* that a child may take to end */
#define SETTLE_NS (INT64_C(10) * 1000000)	/* by then those who wait for an install go on */

static void begin_child(struct keeper_state *k, enum child_name name);

static const char *const child_names[CHILD_COUNT] = { "clerk", "judge", "speaker" };

static bool is_wanted(const struct keeper_state *k, enum child_name name)
{
	return name != CHILD_SPEAKER || keeper_has_msdp(k);
}

void keeper_tell(struct keeper_state *k, enum child_name name, const struct message *message)
{
	if (k->children[name].pid != 0)
		message_send(k->children[name].fd, message, -1);
}

/* --- counters --- */

static void add_count(void *context, const struct enforce_count *count)
{
	struct text *rows = context;
	struct history_tally row;

	memset(&row, 0, sizeof(row));		/* it leaves the process whole */
	row.refused = count->refused;
	row.gone = count->gone;
	row.packets = count->packets;
	row.bytes = count->bytes;
	row.last_ns = count->last_ns;
	snprintf(row.hook, sizeof(row.hook), "%s", hook_name(count->hook));
	/* XDP and tc share their counters: which of them serves the hook may change */
	snprintf(row.backend, sizeof(row.backend), "%s",
		 count->backend == BACKEND_NFTABLES ? "nftables" : "bpf");

	snprintf(row.boundary, sizeof(row.boundary), "%s", count->boundary);
	snprintf(row.rule, sizeof(row.rule), "%s", count->rule);
	snprintf(row.link, sizeof(row.link), "%s", count->link);
	text_put_n(rows, (const char *)&row, sizeof(row));
}

/* For `weir status`. */
static void put_processes(const struct keeper_state *k, char out[MESSAGE_TEXT])
{
	int n = snprintf(out, MESSAGE_TEXT, "[{\"name\":\"keeper\",\"pid\":%d,\"begun\":1}", (int)getpid());

	for (unsigned i = 0; i < CHILD_COUNT; i++)
		if (is_wanted(k, i))
			n += snprintf(out + n, (size_t)(MESSAGE_TEXT - n), ",{\"name\":\"%s\",\"pid\":%d,\"begun\":%u}",
			      child_names[i], (int)k->children[i].pid, k->children[i].begun);
	snprintf(out + n, (size_t)(MESSAGE_TEXT - n), "]");
}

/* Hands all counters to the clerk; false where there is no clerk, or the kernel did not say. */
bool keeper_count(struct keeper_state *k)
{
	struct message message = { .kind = MESSAGE_COUNTS, .generation = k->generation };
	struct text rows = { 0 };
	int error = enforce_counts(k->enforcer, add_count, &rows);

	put_processes(k, message.text);
	keeper_queue_offered(k);
	if (error < 0)
		run_say("cannot read the kernel's counters: %s",
			enforcer_error(k->enforcer)[0] ? enforcer_error(k->enforcer)
						       : strerror(-error));
	text_put_n(&rows, text_string(&k->msdp_counts), k->msdp_counts.n);
	keeper_tallies_put(k, &rows);
	if (error == 0 && k->children[CHILD_CLERK].pid != 0)
		error = message_send_text(k->children[CHILD_CLERK].fd, &message, &rows);
	else if (error == 0)
		error = -EPIPE;
	text_release(&rows);
	k->counted_at = k->installs;
	k->waits_for_count = error == 0;
	k->count_ns = clock_steady().ns + k->options->count_s * NS_PER_S;
	return error == 0;
}

/* The clerk has them on the disk: those of rules that are gone may go.  Not where something was
 * installed meanwhile, for that may have left others without a rule. */
static void counts_stored(struct keeper_state *k, const struct message *message)
{
	k->waits_for_count = false;
	if (message->error == 0)
		keeper_tallies_stored(k);
	if (message->error == 0 && message->number > 0 && k->counted_at == k->installs)
		enforce_forget(k->enforcer);
}

/* --- images --- */

static void forget_before(struct keeper_state *k)
{
	free(k->before);
	k->before = NULL;
	k->confirm_ns = INT64_MAX;
	keeper_msdp_confirmed(k);
}

static int install(struct keeper_state *k, struct enforce_image *image, unsigned confirm_s)
{
	int error = enforce_install(k->enforcer, image);

	if (error < 0) {
		free(image);
		return error;
	}
	k->installs++;
	k->settle_ns = clock_steady().ns + SETTLE_NS;
	if (confirm_s > 0 && k->image && !k->before) {
		k->before = k->image;
		k->confirm_ns = clock_steady().ns + confirm_s * NS_PER_S;
	} else {
		free(k->image);
	}
	k->image = image;
	return 0;
}

static void install_asked(struct keeper_state *k, const struct message *message, int payload)
{
	struct message reply = { .kind = MESSAGE_INSTALL, .generation = message->generation };
	struct enforce_image *image = NULL;
	struct text bytes = { 0 };

	reply.error = payload < 0 ? -EBADMSG : payload_read(payload, &bytes);
	if (reply.error == 0)
		reply.error = enforce_image_of(
			(struct span){ (const uint8_t *)text_string(&bytes), bytes.n }, &image);
	if (reply.error == 0)
		reply.error = install(k, image, (unsigned)message->number);
	reply.number = (uint64_t)clock_steady().ns;
	if (reply.error == 0)
		k->generation = message->generation;
	else
		snprintf(reply.text, sizeof(reply.text), "%s", enforcer_error(k->enforcer));
	text_release(&bytes);
	keeper_tell(k, CHILD_JUDGE, &reply);
}

static void piece_told(struct keeper_state *k, int payload)
{
	struct text bytes = { 0 };

	if (payload >= 0 && payload_read(payload, &bytes) == 0)
		enforce_ahead(k->enforcer,
			      (struct span){ (const uint8_t *)text_string(&bytes), bytes.n });
	text_release(&bytes);
}

static void take_nothing(struct keeper_state *k, int payload)
{
	struct enforce_image *image = NULL;
	struct text bytes = { 0 };

	if (payload >= 0 && payload_read(payload, &bytes) == 0 &&
	    enforce_image_of((struct span){ (const uint8_t *)text_string(&bytes), bytes.n },
			     &image) == 0) {
		free(k->nothing);
		k->nothing = image;
	}
	text_release(&bytes);
}

/* Nobody confirmed in time, or the judge that knows both policies is gone. */
static void roll_back(struct keeper_state *k)
{
	struct message message = { .kind = MESSAGE_ROLLED_BACK, .generation = k->generation };
	int error;

	if (!k->before)
		return;
	error = enforce_install(k->enforcer, k->before);
	k->installs++;
	k->settle_ns = clock_steady().ns + SETTLE_NS;
	if (error < 0)
		run_say("generation %llu was not confirmed, but the policy before cannot be put back: %s",
			(unsigned long long)k->generation, enforcer_error(k->enforcer));
	else
		run_say("generation %llu was not confirmed: the policy before is in force again",
			(unsigned long long)k->generation);
	free(k->image);
	k->image = k->before;
	k->before = NULL;
	k->confirm_ns = INT64_MAX;
	keeper_msdp_rolled_back(k);
	keeper_tell(k, CHILD_JUDGE, &message);
	keeper_tell(k, CHILD_CLERK, &message);
}

static void confirm(struct keeper_state *k, const struct message *message)
{
	struct message reply = { .kind = MESSAGE_CONFIRM,
				 .id = message->id,
				 .generation = k->generation,
				 .error = k->before ? 0 : -ENOENT };

	if (k->before && message->generation != k->generation)
		reply.error = -ESTALE;
	if (reply.error == 0) {
		forget_before(k);
		keeper_tell(k, CHILD_JUDGE, &reply);
	}
	keeper_tell(k, CHILD_CLERK, &reply);
}

/* --- files for the judge --- */

/* Below a root, as the kernel sees the path. */
bool keeper_is_below(const struct keeper_state *k, const char *name)
{
	char *real = realpath(name, NULL);
	bool good = false;

	for (unsigned i = 0; i < 2 && real; i++) {
		size_t n = k->roots[i] ? strlen(k->roots[i]) : 0;

		good = good || (n > 0 && strncmp(real, k->roots[i], n) == 0 &&
				(real[n] == '/' || k->roots[i][n - 1] == '/'));
	}
	free(real);
	return good;
}

static char *folder_of(const char *file)
{
	char *real = realpath(file, NULL), *slash = real ? strrchr(real, '/') : NULL;

	if (slash)
		slash[slash == real ? 1 : 0] = '\0';
	return real;
}

/* --- the children --- */

/* READY is said once by each judge; the first one decides how the daemon begins. */
static void judge_ready(struct keeper_state *k, const struct message *message, int payload)
{
	struct text problem = { 0 };

	if (payload >= 0)
		payload_read(payload, &problem);
	if (problem.n > 0 && problem.p[problem.n - 1] == '\n')
		fputs(problem.p, stderr);		/* complaints, each with its place */
	else if (problem.n > 0)
		run_say("%s", problem.p);
	text_release(&problem);
	k->is_ready = message->error == 0;
	if (k->is_ready && !k->was_ready) {
		k->was_ready = true;
		run_say("generation %llu is in force", (unsigned long long)message->generation);
		service_notify("READY=1\nSTATUS=enforcing");
	} else if (!k->is_ready && !k->was_ready) {
		k->status = message->error == -EINVAL ? 2 : 3;
		k->must_end = true;
	}
}

static void hear_judge(struct keeper_state *k, const struct message *message, int payload)
{
	if (message->kind == MESSAGE_FILE) {
		keeper_file_asked(k, message);
	} else if (message->kind == MESSAGE_RING) {
		keeper_ring_asked(k, message);
	} else if (message->kind == MESSAGE_NOTHING) {
		take_nothing(k, payload);
		return;
	} else if (message->kind == MESSAGE_PIECE) {
		piece_told(k, payload);
		return;
	} else if (message->kind == MESSAGE_INSTALL) {
		install_asked(k, message, payload);
		keeper_samples_open(k);
		return;
	} else if (message->kind == MESSAGE_QUEUE || message->kind == MESSAGE_QUEUE_CHECK) {
		keeper_queue_asked(k, message, payload);
		return;
	} else if (message->kind == MESSAGE_TALLIES) {
		keeper_tallies_named(k, payload);
		return;
	} else if (message->kind == MESSAGE_JOINED) {
		keeper_joined(k, message, payload);
		return;
	} else if (message->kind == MESSAGE_SNOOP) {
		keeper_snoop_asked(payload);
		return;
	} else if (message->kind == MESSAGE_READY) {
		judge_ready(k, message, payload);
		return;
	} else if (message->kind == MESSAGE_RULING) {
		keeper_ruled(k, payload);
		return;
	} else if (message->kind == MESSAGE_PEERINGS) {
		keeper_peerings_asked(k, payload);
		enforce_prepare(k->enforcer);	/* the judge makes an image meanwhile */
		return;
	}
	if (payload >= 0)
		close(payload);
}

static void hear_clerk(struct keeper_state *k, const struct message *message, int payload)
{
	if (message->kind == MESSAGE_CONFIRM) {
		confirm(k, message);
	} else if (message->kind == MESSAGE_COUNTS) {
		counts_stored(k, message);
	} else if (message->kind == MESSAGE_STOP) {
		k->must_end = true;
		k->must_remove = message->number == 1;
	} else if (message->kind == MESSAGE_ASK) {
		keeper_note_question(k, 0, message->id);
		keeper_pass_on(k, CHILD_SPEAKER, message, payload);
		if (k->children[CHILD_SPEAKER].pid == 0)
			keeper_refuse_questions(k, keeper_has_msdp(k) ? -EPIPE : -ENOENT);
		return;
	}
	if (payload >= 0)
		close(payload);
}

/* The line broke: whoever does not answer is as good as dead. */
void keeper_lose_child(struct keeper_state *k, enum child_name name)
{
	struct child *child = &k->children[name];

	if (child->pid == 0)
		return;
	loop_drop(&k->loop, child->fd);
	close(child->fd);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	child->pid = 0;
	child->again_ns = clock_steady().ns + (child->begun < 5 ? NS_PER_S / 20 : NS_PER_S);
	if (name == CHILD_JUDGE) {
		keeper_queue_hold(k);
		roll_back(k);
	}
	if (name == CHILD_CLERK)
		k->waits_for_count = false;
	if (name == CHILD_SPEAKER)
		keeper_refuse_questions(k, -EPIPE);
	if (!k->must_end)
		run_say("the %s has ended; it begins again, and the rules stay", child_names[name]);
}

static enum child_name child_at(const struct keeper_state *k, int fd)
{
	for (unsigned i = 0; i < CHILD_COUNT; i++)
		if (k->children[i].pid != 0 && k->children[i].fd == fd)
			return i;
	return CHILD_COUNT;
}

static void hear(void *context, int fd)
{
	static void (*const hears[CHILD_COUNT])(struct keeper_state *, const struct message *,
						int) = {
		[CHILD_CLERK] = hear_clerk, [CHILD_JUDGE] = hear_judge,
		[CHILD_SPEAKER] = keeper_hear_speaker,
	};
	struct keeper_state *k = context;
	enum child_name name = child_at(k, fd);
	struct message message;
	int payload;

	if (name == CHILD_COUNT)
		return;
	if (message_receive(fd, &message, &payload) <= 0)
		keeper_lose_child(k, name);
	else
		hears[name](k, &message, payload);
}

/* A new line between the two, whenever one of them is new. */
static void connect_children(struct keeper_state *k)
{
	const struct message message = { .kind = MESSAGE_PEER };
	int ends[2];

	if (k->children[CHILD_CLERK].pid == 0 || k->children[CHILD_JUDGE].pid == 0 ||
	    message_line(ends) < 0)
		return;
	message_send(k->children[CHILD_CLERK].fd, &message, ends[0]);
	message_send(k->children[CHILD_JUDGE].fd, &message, ends[1]);
}

static void be_child(struct keeper_state *k, enum child_name name, int fd, pid_t parent)
{
	static const char *const process_names[CHILD_COUNT] = {
		"weir-clerk", "weir-judge", "weir-speaker",
	};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_IGN);		/* Ctrl-C goes to all; the keeper ends us */
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		return;
	prctl(PR_SET_NAME, process_names[name], 0, 0, 0);
	if (name != CHILD_CLERK)
		close(k->options->listener);
	if (name == CHILD_JUDGE)
		run_judge(k->options, fd);
	else if (name == CHILD_CLERK)
		run_clerk(k->options, fd);
	else
		run_speaker(k->options, fd);
}

static void begin_child(struct keeper_state *k, enum child_name name)
{
	struct child *child = &k->children[name];
	pid_t parent = getpid();
	int ends[2], error = message_line(ends);

	child->again_ns = INT64_MAX;
	child->pid = error < 0 ? -1 : fork();
	if (child->pid < 0) {
		run_say("cannot begin the %s: %s", child_names[name], strerror(error < 0 ? -error : errno));
		child->pid = 0;
		child->again_ns = clock_steady().ns + NS_PER_S;
		return;
	}
	if (child->pid == 0) {
		close(ends[0]);
		for (unsigned i = 0; i < CHILD_COUNT; i++)
			if (i != name && k->children[i].pid != 0)
				close(k->children[i].fd);
		close(k->signals);
		if (k->queue.questions >= 0)
			close(k->queue.questions);
		if (k->queue.is_open)
			queue_close(&k->queue.ports);
		enforcer_free(k->enforcer);
		keeper_tallies_release(k);
		keeper_msdp_forget(k);
		loop_release(&k->loop);
		be_child(k, name, ends[1], parent);
		_exit(0);
	}
	close(ends[1]);
	child->fd = ends[0];
	child->begun++;
	loop_add(&k->loop, child->fd, hear, k);
	if (name == CHILD_SPEAKER) {
		keeper_brief_speaker(k);
	} else {
		connect_children(k);
	}
}

/* --- the loop --- */

static void hear_signal(void *context, int fd)
{
	static const struct message reload = { .kind = MESSAGE_RELOAD };
	struct keeper_state *k = context;
	struct signalfd_siginfo signal;

	if (read(fd, &signal, sizeof(signal)) != (ssize_t)sizeof(signal))
		return;
	if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT)
		k->must_end = true;
	else if (signal.ssi_signo == SIGHUP)
		keeper_tell(k, CHILD_JUDGE, &reload);
	/* SIGCHLD: the line says the same */
}

static int64_t next_deadline(const struct keeper_state *k)
{
	int64_t next = k->confirm_ns < k->count_ns ? k->confirm_ns : k->count_ns;

	next = k->queue.hold_ns < next ? k->queue.hold_ns : next;
	next = k->settle_ns < next ? k->settle_ns : next;
	for (unsigned i = 0; i < CHILD_COUNT; i++)
		if (is_wanted(k, i) && k->children[i].pid == 0 && k->children[i].again_ns < next)
			next = k->children[i].again_ns;
	return next;
}

static void go_on(struct keeper_state *k)
{
	while (!k->must_end) {
		int64_t now;

		loop_turn(&k->loop, next_deadline(k));
		now = clock_steady().ns;
		if (now >= k->confirm_ns)
			roll_back(k);
		if (now >= k->queue.hold_ns)
			keeper_queue_close(k);
		if (now >= k->settle_ns) {
			k->settle_ns = INT64_MAX;
			enforce_settle(k->enforcer);
		}
		if (now >= k->count_ns) {
			keeper_count(k);
			keeper_open_listeners(k);
		}
		for (unsigned i = 0; i < CHILD_COUNT && !k->must_end; i++)
			if (is_wanted(k, i) && k->children[i].pid == 0 &&
			    now >= k->children[i].again_ns)
				begin_child(k, i);
	}
}

/* A child that is asked to end does so soon, or is ended. */
static void end_child(struct keeper_state *k, enum child_name name)
{
	struct child *child = &k->children[name];
	int64_t until_ns = clock_steady().ns + END_S * NS_PER_S;
	const struct timespec pause = { .tv_nsec = 10000000 };

	if (child->pid == 0)
		return;
	loop_drop(&k->loop, child->fd);
	close(child->fd);
	while (waitpid(child->pid, NULL, WNOHANG) == 0) {
		if (clock_steady().ns > until_ns)
			kill(child->pid, SIGKILL);
		nanosleep(&pause, NULL);
	}
	child->pid = 0;
}

void keeper_end_speaker(struct keeper_state *k)
{
	struct child *child = &k->children[CHILD_SPEAKER];

	if (child->pid != 0) {
		end_child(k, CHILD_SPEAKER);
		keeper_refuse_questions(k, -EPIPE);
		run_say("the MSDP relay has ended%s", keeper_has_msdp(k)
			? ", and begins anew with other peers, cache or way; all its sessions come again"
			: ": there are no peers any more");
	}
	child->again_ns = 0;
}

/* The last counts reach the disk before anything is taken away; what is to go enforces nothing
 * while they are read, so that none is missed. */
static void last_counts(struct keeper_state *k)
{
	int64_t until_ns = clock_steady().ns + 2 * END_S * NS_PER_S;

	roll_back(k);
	if (k->must_remove && k->nothing && enforce_install(k->enforcer, k->nothing) < 0)
		run_say("cannot end the rules: %s", enforcer_error(k->enforcer));
	if (!keeper_count(k))
		return;
	while (k->waits_for_count && k->children[CHILD_CLERK].pid != 0 &&
	       clock_steady().ns < until_ns)
		loop_turn(&k->loop, until_ns);
}

static void end(struct keeper_state *k)
{
	service_notify("STOPPING=1");
	if (k->was_ready)
		last_counts(k);
	if (k->must_remove && (enforce_remove(k->enforcer) < 0 || queue_remove() < 0 ||
			       snoop_remove() < 0 ||
			       keeper_leave_steering(k) < 0)) {
		run_say("cannot take the rules out of the kernel: %s", enforcer_error(k->enforcer));
		k->status = 3;
	}
	keeper_queue_close(k);
	keeper_samples_close(k);
	/* the clerk last: the others have something to tell it still */
	for (unsigned i = CHILD_COUNT; i-- > 0;)
		end_child(k, i);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

#define CAPABILITY(name) (UINT64_C(1) << CAP_##name)

static int lock_up(const struct keeper_state *k)
{
	const uint64_t rights = CAPABILITY(NET_ADMIN) | CAPABILITY(NET_RAW) | CAPABILITY(BPF) |
				CAPABILITY(PERFMON) | CAPABILITY(SETUID) | CAPABILITY(SETGID) |
				CAPABILITY(KILL) |
				(keeper_has_msdp(k) ? CAPABILITY(NET_BIND_SERVICE) : 0);
	int error = privilege_join(k->options->clerk_gid);	/* who owns what a restart loads */

	if (error == 0)
		error = privilege_keep(rights);
	return error < 0 ? error : sandbox_run_keeper(k->options->state, k->options->history);
}

static int prepare(struct keeper_state *k)
{
	int error = loop_init(&k->loop);

	k->signals = open_signals();
	if (error == 0)
		error = k->signals < 0 ? -errno : loop_add(&k->loop, k->signals, hear_signal, k);
	if (error < 0)
		return error;
	k->roots[0] = folder_of(k->options->conf_file);
	k->roots[1] =
		k->options->conf->is_profile ? NULL : folder_of(k->options->conf->policy.name);
	k->queue.means = queue_probe(k->queue.why);
	keeper_tallies_begin(k);
	error = keeper_msdp_begin(k);
	if (error == 0)
		error = keeper_steer(k);
	if (error == 0)
		error = enforcer_open(RUN_PIN_FOLDER, &k->enforcer);
	if (error == -EBUSY)
		run_say("BPF programs of before stand (%s), and libbpf, which tells what they do, cannot be loaded",
			RUN_PIN_FOLDER);
	return error < 0 ? error : lock_up(k);
}

/* A command gives large blocks back at once, and gets them as zeros; the daemon takes the same ones
 * again with each policy, and to be given their pages anew takes longer than to write them. */
static void keep_blocks(void)
{
	mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

int run_daemon(struct run_options *options)
{
	struct keeper_state k = { .options = options, .confirm_ns = INT64_MAX, .signals = -1,
				  .settle_ns = INT64_MAX,
				  .queue = { .questions = -1, .hold_ns = INT64_MAX },
				  .tallies.fd = -1 };
	int error;

	keep_blocks();
	error = prepare(&k);
	if (error < 0) {
		run_say("cannot begin: %s", strerror(-error));
		k.status = 3;
	} else {
		k.count_ns = clock_steady().ns + options->count_s * NS_PER_S;
		begin_child(&k, CHILD_CLERK);
		begin_child(&k, CHILD_JUDGE);
		if (is_wanted(&k, CHILD_SPEAKER))
			begin_child(&k, CHILD_SPEAKER);
		go_on(&k);
		end(&k);
	}
	if (k.enforcer)
		enforcer_free(k.enforcer);
	free(k.image);
	free(k.before);
	free(k.nothing);
	free(k.queue.links);
	keeper_tallies_release(&k);
	free(k.roots[0]);
	free(k.roots[1]);
	keeper_msdp_forget(&k);
	text_release(&options->conf_text);
	text_release(&k.ruling);
	text_release(&k.msdp_counts);
	if (k.signals >= 0)
		close(k.signals);
	loop_release(&k.loop);
	return k.status;
}
