/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left to the daemon's processes.  The children inherit the keeper's limits and add their
 * own.  seccomp(2), landlock(7). */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/owner.h"
#include "os/sandbox.h"
#include "os/sandbox_filter.h"

#define CALLS(list) list, sizeof(list) / sizeof(list[0])

/* The C library, waiting, and messages with payloads. */
static const int everyday[] = {
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(mprotect),
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	SCMP_SYS(sched_yield),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(readv),
	SCMP_SYS(writev),
	SCMP_SYS(pread64),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(lseek),
	SCMP_SYS(fcntl),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(poll),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(ppoll),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(memfd_create),
	SCMP_SYS(prctl),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(prlimit64),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(geteuid),
	SCMP_SYS(getuid),
	SCMP_SYS(getegid),
	SCMP_SYS(getgid),
	SCMP_SYS(dup),
	SCMP_SYS(dup3),
};

/* The kernel's rules, new children, files to be read for the judge. */
static const int keeping[] = {
	SCMP_SYS(socket), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(connect),
	SCMP_SYS(getsockname), SCMP_SYS(ioctl),
	SCMP_SYS(socketpair), SCMP_SYS(openat), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getcwd),
	SCMP_SYS(getdents64), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(bpf),
	SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(fork),
	SCMP_SYS(vfork), SCMP_SYS(wait4), SCMP_SYS(kill), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
	SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rmdir), SCMP_SYS(rename), SCMP_SYS(renameat),
	SCMP_SYS(renameat2), SCMP_SYS(ftruncate), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(pwrite64), SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(umask), SCMP_SYS(accept4),
	SCMP_SYS(setgroups), SCMP_SYS(setresuid), SCMP_SYS(setresgid), SCMP_SYS(setuid),
	SCMP_SYS(setgid), SCMP_SYS(capget), SCMP_SYS(capset), SCMP_SYS(seccomp),
	SCMP_SYS(landlock_create_ruleset), SCMP_SYS(landlock_add_rule),
	SCMP_SYS(landlock_restrict_self), SCMP_SYS(flock), SCMP_SYS(fallocate), SCMP_SYS(mlock),
	SCMP_SYS(pipe2), SCMP_SYS(membarrier),
};

/* The database, the state folder, the control socket's clients. */
static const int clerking[] = {
	SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
	SCMP_SYS(readlink), SCMP_SYS(getcwd), SCMP_SYS(getdents64), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(ftruncate),
	SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(pwrite64), SCMP_SYS(fchmod),
	SCMP_SYS(fchown), SCMP_SYS(umask), SCMP_SYS(accept4), SCMP_SYS(statfs),
	SCMP_SYS(fstatfs), SCMP_SYS(mkdir), SCMP_SYS(fallocate), SCMP_SYS(flock),
};

/* The sockets of MSDP. */
static const int speaking[] = {
	SCMP_SYS(accept4), SCMP_SYS(getsockname),
};

/* netlink to ask for interfaces; nothing else that a socket could be. */
static int allow_netlink(scmp_filter_ctx filter)
{
	int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				     SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
				     SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE, 0));

	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bind), 0);
	/* and of ioctl() the question for an interface's driver */
	return error < 0 ? error : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
						    SCMP_A1(SCMP_CMP_EQ, SIOCETHTOOL, 0));
}

static int filter_calls(const int *calls, size_t n, bool with_netlink)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error;

	if (!filter)
		return -ENOMEM;
	error = sandbox_allow(filter, CALLS(everyday));
	if (error == 0)
		error = sandbox_allow(filter, calls, n);
	if (error == 0 && with_netlink)
		error = allow_netlink(filter);
	if (error == 0)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

/* --- Landlock --- */

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* all rights of the first version, which every kernel with Landlock has */
#define ALL ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define WRITES (ALL & ~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
				  LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
				  LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM))

struct permission {
	const char *path;		/* NULL: none; what is not there is passed */
	uint64_t    rights;
};

static void let(int ruleset, const struct permission *permission)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = permission->rights };

	if (!permission->path)
		return;
	rule.parent_fd = open(permission->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return;
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

/* A kernel without Landlock has the other limits all the same. */
static void lock_files(const struct permission *permissions, size_t n)
{
	const struct landlock_ruleset_attr rights = { .handled_access_fs = ALL };
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);

	if (ruleset < 0)
		return;
	for (size_t i = 0; i < n; i++)
		let(ruleset, &permissions[i]);
	syscall(SYS_landlock_restrict_self, ruleset, 0);
	close(ruleset);
}

int sandbox_run_keeper(const char *state, const char *history)
{
	char *folder = folder_of_file(history);
	const struct permission permissions[] = {
		{ "/", READS }, { "/sys/fs/bpf", WRITES }, { "/dev/null", ALL }, { state, WRITES },
		{ folder, WRITES },
	};

	lock_files(permissions, sizeof(permissions) / sizeof(permissions[0]));
	free(folder);
	return filter_calls(CALLS(keeping), false);
}

int sandbox_run_judge(void)
{
	lock_files(NULL, 0);
	return filter_calls(NULL, 0, true);
}

int sandbox_run_speaker(void)
{
	lock_files(NULL, 0);
	return filter_calls(CALLS(speaking), true);
}

int sandbox_run_clerk(const char *state, const char *history)
{
	char *folder = folder_of_file(history);
	const struct permission permissions[] = {
		{ "/usr/share/zoneinfo", READS }, { "/etc/localtime", READS }, { state, WRITES },
		{ folder, WRITES }, { "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE },
	};

	lock_files(permissions, sizeof(permissions) / sizeof(permissions[0]));
	free(folder);
	return filter_calls(CALLS(clerking), false);
}
