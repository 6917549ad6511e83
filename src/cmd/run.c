/* SPDX-License-Identifier: BSD-2-Clause */
/* weir run: the daemon.  What it needs of the system is made ready here; --check says what it would
 * do and does nothing. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/daemon.h"
#include "cmd/run.h"
#include "daemon/herald.h"
#include "daemon/run.h"
#include "os/service.h"

#define AT(field) offsetof(struct run, field)
#define NOBODY 65534

static const struct opt opts[] = {
	{ OPT_FILE, 'c', "config", "FILE", "the configuration (default: " DAEMON_CONF ")", AT(config), 0 },
	{ OPT_FLAG, 0, "check", NULL, "say what would be done, and do nothing", AT(check), 0 },
	{ OPT_FLAG, 0, "dry-run", NULL, "count what would be dropped, and drop nothing", AT(dry_run), 0 },
	{ OPT_NUMBER, 0, "count-every", "SECONDS",
	  "read the kernel's counters so often (default: 5)", AT(count_s), 3600 },
	{ 0 },
};

static const struct run defaults = { .config = DAEMON_CONF, .count_s = 5 };

/* A folder with its parents, where it is not there yet. */
static int make_folder(const char *path)
{
	struct text part = { 0 };
	int error = 0;

	for (size_t i = 1; error == 0 && i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		text_reset(&part);
		text_put_n(&part, path, i);
		if (mkdir(part.p, 0755) != 0 && errno != EEXIST)
			error = -errno;
	}
	text_release(&part);
	return error;
}

static int make_folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');
	struct text folder = { 0 };
	int error;

	if (!slash || slash == file)
		return 0;
	text_put_n(&folder, file, (size_t)(slash - file));
	error = make_folder(folder.p);
	text_release(&folder);
	return error;
}

/* -EADDRINUSE where a daemon answers there; a socket that nobody serves is taken over. */
static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, error = 0;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		error = -EADDRINUSE;
	close(fd);
	if (error < 0 || (unlink(path) < 0 && errno != ENOENT))
		return error < 0 ? error : -errno;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    chmod(path, 0660) == 0 && listen(fd, 16) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* The judge is nobody, or the user `weir` where there is one; the clerk is whoever owns the state. */
static void choose_users(struct run_options *o)
{
	const struct passwd *weir = getpwnam("weir");
	struct stat status;

	o->judge_uid = weir ? weir->pw_uid : NOBODY;
	o->judge_gid = weir ? weir->pw_gid : NOBODY;
	o->clerk_uid = geteuid();
	o->clerk_gid = getegid();
	if (stat(o->state, &status) == 0) {
		o->clerk_uid = status.st_uid;
		o->clerk_gid = status.st_gid;
	}
}

static bool prepare(struct run_options *o, const struct io *io)
{
	int error = make_folder(o->state);

	if (error == 0)
		error = make_folder_of(o->history);
	if (error < 0) {
		complain(io, "cannot make the folder %s: %s", o->state, strerror(-error));
		return false;
	}
	choose_users(o);
	error = make_folder_of(o->control);
	if (error == 0)
		o->listener = error = listen_at(o->control);
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
	status = options->check ? run_check(options, conf, io) : start(&o, io);
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
