/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of system calls, each with what needs it.  Every other fails with EPERM.  Landlock by its
 * system calls, because Debian 12 has no library for it. */
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/sandbox_filter.h"

/* The C library, whoever runs. */
static const int everyday[] = {
	SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(mprotect), SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(sched_yield),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(tgkill), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(read), SCMP_SYS(write),
	SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(lseek),
	SCMP_SYS(fcntl), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(recvfrom),
	SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
};

static const int judging[] = {
	SCMP_SYS(getsockopt),		/* what the kernel dropped */
	SCMP_SYS(setsockopt),		/* memberships, left at the end */
	SCMP_SYS(wait4),		/* the keeper's end, and the clerk's */
	SCMP_SYS(shutdown),		/* no more for the clerk */
	SCMP_SYS(pread64), SCMP_SYS(dup), SCMP_SYS(pselect6), SCMP_SYS(select),
};

/* Of the terminal: its size and its modes.  TIOCSTI, which types into it, is not among them. */
static const unsigned asking[] = { TIOCGWINSZ, TCGETS, TCSETS, TCSETSW, TCSETSF };

static const int keeping[] = {
	SCMP_SYS(socket), SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(bind),
	SCMP_SYS(ioctl), SCMP_SYS(openat),
};

/* What SQLite does with its files. */
static const int writing[] = {
	SCMP_SYS(openat),     SCMP_SYS(open),	   SCMP_SYS(pread64), SCMP_SYS(pwrite64),
	SCMP_SYS(ftruncate),  SCMP_SYS(fallocate), SCMP_SYS(fsync),   SCMP_SYS(fdatasync),
	SCMP_SYS(unlink),     SCMP_SYS(unlinkat),  SCMP_SYS(access),  SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(stat),	   SCMP_SYS(lstat),   SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(getcwd),	   SCMP_SYS(geteuid), SCMP_SYS(getuid),
	SCMP_SYS(fchmod),     SCMP_SYS(fchown),	   SCMP_SYS(fstatfs), SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),  SCMP_SYS(rename),	   SCMP_SYS(sysinfo),
};

int sandbox_allow(scmp_filter_ctx filter, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);

		if (error < 0)
			return error;
	}
	return 0;
}

static int allow_terminal(scmp_filter_ctx filter)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < sizeof(asking) / sizeof(asking[0]); i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
					 SCMP_A1(SCMP_CMP_EQ, asking[i], 0));
	return error;
}

/* Takes the filter.  `no_new_privs` must be set. */
static int load(scmp_filter_ctx filter, int error)
{
	if (error == 0)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

static scmp_filter_ctx filter_of(const int *calls, size_t n, int *out_error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	*out_error = -ENOMEM;
	if (!filter)
		return NULL;
	*out_error = sandbox_allow(filter, everyday, sizeof(everyday) / sizeof(everyday[0]));
	if (*out_error == 0)
		*out_error = sandbox_allow(filter, calls, n);
	return filter;
}

/* --- Landlock --- */

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                    \
	(READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                   \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE)

/* So much below one path; where it is not there, nothing is lost. */
static void let(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = access,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};

	if (rule.parent_fd < 0)
		return;
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

/* All rights of the first version, which every kernel with Landlock has. */
static bool lock_files(const char *path, uint64_t access)
{
	const struct landlock_ruleset_attr rights = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);
	bool good;

	if (ruleset < 0)
		return false;
	let(ruleset, path, access);
	good = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	close(ruleset);
	return good;
}

int sandbox_judge(bool *out_landlock)
{
	int error;
	scmp_filter_ctx filter;

	*out_landlock = lock_files("/usr/share/zoneinfo", READING);
	filter = filter_of(judging, sizeof(judging) / sizeof(judging[0]), &error);
	if (!filter)
		return error;
	if (error == 0)
		error = allow_terminal(filter);
	/* time zones are read again now and then: never to write */
	if (error == 0)
		error = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, O_RDONLY));
	return load(filter, error);
}

int sandbox_keeper(void)
{
	int error;
	scmp_filter_ctx filter = filter_of(keeping, sizeof(keeping) / sizeof(keeping[0]), &error);

	return filter ? load(filter, error) : error;
}

int sandbox_clerk(const char *file)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(file, '/');
	scmp_filter_ctx filter;
	int error;

	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else
		snprintf(folder, sizeof(folder), "%.*s", slash == file ? 1 : (int)(slash - file), file);
	lock_files(folder, WRITING);
	filter = filter_of(writing, sizeof(writing) / sizeof(writing[0]), &error);
	return filter ? load(filter, error) : error;
}
