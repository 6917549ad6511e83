/* SPDX-License-Identifier: BSD-2-Clause */
/* weir run: the daemon.  What it needs of the system is made ready here; --check says what it would
 * do and does nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/daemon.h"
#include "cmd/run.h"
#include "cmd/run_users.h"
#include "daemon/herald.h"
#include "daemon/run.h"
#include "os/local_socket.h"
#include "os/owner.h"
#include "os/service.h"

#define AT(field) offsetof(struct run, field)

static const struct opt opts[] = {
	{ OPT_FILE, 'c', "config", "FILE", "the configuration (default: " DAEMON_CONF ")", AT(config), 0 },
	{ OPT_FLAG, 0, "check", NULL, "say what would be done, and do nothing", AT(check), 0 },
	{ OPT_FLAG, 0, "dry-run", NULL, "count what would be dropped, and drop nothing", AT(dry_run), 0 },
	{ OPT_NUMBER, 0, "count-every", "SECONDS",
	  "read the kernel's counters so often (default: 5)", AT(count_s), 3600 },
	{ 0 },
};

static const struct run defaults = { .config = DAEMON_CONF, .count_s = 5 };

/* Whoever is of the clerk's group may ask at the socket. */
static int listen_for_clerk(const struct run_options *o)
{
	char *folder = folder_of_file(o->control);
	int error = folder_make(folder), fd;

	free(folder);
	if (error < 0)
		return error;
	fd = local_listen(o->control);
	if (fd >= 0 && o->own_uid == 0 && lchown(o->control, (uid_t)-1, o->clerk_gid) < 0)
		run_say("cannot give %s to its group: %s", o->control, strerror(errno));
	return fd;
}

static bool prepare(struct run_options *o, const struct io *io)
{
	struct text note = { 0 };
	int error = run_users_begin(o, &note);

	if (note.n > 0)
		run_say("%s", note.p);
	text_release(&note);
	if (error < 0) {
		complain(io, "cannot make the folder %s: %s", o->state, strerror(-error));
		return false;
	}
	o->listener = error = listen_for_clerk(o);
	if (error == -EADDRINUSE)
		complain(io, "a daemon runs already: it listens at %s", o->control);
	else if (error < 0)
		complain(io, "cannot listen at %s: %s", o->control, strerror(-error));
	return error >= 0;
}

static int start(struct run_options *o, const struct io *io)
{
	int status;

	if (!prepare(o, io))
		return EXIT_SYSTEM;
	fflush(NULL);				/* nothing is to be written twice */
	service_open();
	if (o->conf->notify.name)
		o->herald = herald_begin(o->conf->notify.name, o->clerk_uid, o->clerk_gid);
	if (o->conf->notify.name && access(o->conf->notify.name, X_OK) < 0)
		run_say("notify exec cannot begin %s: %s", o->conf->notify.name, strerror(errno));
	if (o->herald < -1)
		complain(io, "cannot begin %s: %s", o->conf->notify.name, strerror(-o->herald));
	enforce_probe(&o->support);
	status = run_daemon(o);
	close(o->listener);
	unlink(o->control);
	return status;
}

static int run(const void *arg, const struct io *io)
{
	const struct run *options = arg;
	struct run_options o = { .conf_file = options->config, .is_dry_run = options->dry_run,
				 .count_s = (unsigned)(options->count_s ? options->count_s : 1),
				 .herald = -1 };
	struct text history = { 0 };
	int status = EXIT_CLEAN;
	struct conf *conf = daemon_conf(options->config, io, &status);

	if (!conf)
		return status;
	o.conf = conf;
	o.state = conf->state.name ? conf->state.name : CONF_STATE;
	o.control = conf->control.name ? conf->control.name : CONF_CONTROL;
	text_printf(&history, "%s/history.db", o.state);
	o.history = conf->history.name ? conf->history.name : history.p;
	status = options->check ? run_check(options, &o, io) : start(&o, io);
	text_release(&history);
	conf_free(conf);
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.summary = "enforce a policy on this machine, and count what it does: the daemon",
	.about = "Reads the configuration (weir.conf(5)), puts the policy that was applied last, or else the "
		 "configured one, into the kernel, and stays to follow interfaces and addresses, to read the "
		 "kernel's counters into the history, and to answer weir apply, confirm, status and stop.  It "
		 "stays in the foreground.  What stands in the kernel stays when it ends, unless it is stopped "
		 "by weir stop --remove.  SIGHUP reads the configuration and the policy anew.  Exits 2 where "
		 "the configuration or the policy is bad.",
	.example = "weir run --check\n"
		   "weir run --dry-run\n"
		   "weir run -c /etc/weir/weir.conf",
	.completes = COMPLETES_NOTHING,
	.takes = TAKES_JSON,
	.opts = opts, .size = sizeof(struct run), .defaults = &defaults,
	.run = run,
};
