/* SPDX-License-Identifier: BSD-2-Clause */
/* At most a few programs at once, each for some seconds; what comes meanwhile waits in the line. */
#include "daemon/herald.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/message.h"
#include "os/privilege.h"

#define AT_ONCE 4
#define SECONDS 30

static void execute(const char *program, int input)
{
	char *const words[] = { (char *)program, NULL };
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C.UTF-8";
	char *const environment[] = { path, locale, NULL };
	int nowhere = open("/dev/null", O_WRONLY);

	lseek(input, 0, SEEK_SET);
	if (dup2(input, STDIN_FILENO) < 0 || (nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) < 0))
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	alarm(SECONDS);				/* stays over execve() */
	execve(program, words, environment);
	_exit(127);
}

static void go_on(const char *program, int fd)
{
	struct message message;
	unsigned running = 0;
	int payload;

	while (message_receive(fd, &message, &payload) > 0) {
		pid_t pid;

		if (payload < 0)
			continue;
		while (running > 0 && waitpid(-1, NULL, running < AT_ONCE ? WNOHANG : 0) > 0)
			running--;
		pid = fork();
		if (pid == 0)
			execute(program, payload);
		running += pid > 0;
		close(payload);
	}
}

int herald_begin(const char *program, uid_t uid, gid_t gid)
{
	pid_t parent = getpid(), pid;
	int ends[2], error = message_line(ends);

	if (error < 0)
		return error;
	pid = fork();
	if (pid == 0) {
		sigset_t none;

		close(ends[0]);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGINT, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		if (privilege_become(uid, gid) < 0)
			_exit(1);
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		prctl(PR_SET_NAME, "weir-herald", 0, 0, 0);
		if (getppid() == parent)
			go_on(program, ends[1]);
		_exit(0);
	}
	error = errno;
	close(ends[1]);
	if (pid > 0)
		return ends[0];
	close(ends[0]);
	return -error;
}
