/* SPDX-License-Identifier: BSD-2-Clause */
/* capabilities(7), by the system calls themselves: the library would bring nothing more. */
#include "os/privilege.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

static struct __user_cap_header_struct header_of(void)
{
	return (struct __user_cap_header_struct){ .version = _LINUX_CAPABILITY_VERSION_3 };
}

static bool has(unsigned capability)
{
	struct __user_cap_header_struct header = header_of();
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	return data[capability / 32].effective >> capability % 32 & 1;
}

bool privilege_has_raw(void)
{
	return has(CAP_NET_RAW);
}

bool privilege_may_mount(void)
{
	return has(CAP_SYS_ADMIN);
}

static int keep(unsigned capabilities)
{
	struct __user_cap_header_struct header = header_of();
	struct __user_cap_data_struct data[2] = { { .effective = capabilities,
						    .permitted = capabilities } };

	return syscall(SYS_capset, &header, data) == 0 ? 0 : -errno;
}

static bool read_id(const char *variable, unsigned *out)
{
	const char *text = getenv(variable);
	char *end;
	unsigned long id;

	if (!text || !*text)
		return false;
	id = strtoul(text, &end, 10);
	if (*end || id == 0 || id >= UINT32_MAX)
		return false;
	*out = (unsigned)id;
	return true;
}

/* Root becomes somebody else; anybody else stays who they are. */
static int become(bool or_nobody)
{
	unsigned uid, gid;

	if (geteuid() != 0)
		return 0;
	if (!read_id("SUDO_UID", &uid) || !read_id("SUDO_GID", &gid)) {
		if (!or_nobody)
			return 0;
		uid = gid = NOBODY;
	}
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return -errno;
	return 0;
}

int privilege_keep_raw(void)
{
	int error;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		return -errno;
	error = become(false);
	return error ? error : keep(1u << CAP_NET_RAW);
}

int privilege_drop(void)
{
	int error;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	error = become(true);
	return error ? error : keep(0);
}

int privilege_join(gid_t gid)
{
	return geteuid() == 0 && setgroups(1, &gid) != 0 ? -errno : 0;
}

int privilege_keep(uint64_t capabilities)
{
	struct __user_cap_header_struct header = header_of();
	struct __user_cap_data_struct has[2] = { 0 }, data[2] = { 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_capget, &header, has) != 0)
		return -errno;
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted = (uint32_t)(capabilities >> 32 * i) & has[i].permitted;
		data[i].effective = data[i].permitted;
	}
	return syscall(SYS_capset, &header, data) == 0 ? 0 : -errno;
}

int privilege_become(uid_t uid, gid_t gid)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
			       setresuid(uid, uid, uid) != 0))
		return -errno;
	return keep(0);
}

/* The owner of a file, or where there is none of its folder. */
static int find_owner(const char *file, struct stat *out)
{
	const char *slash = strrchr(file, '/');
	char folder[PATH_MAX];

	if (stat(file, out) == 0)
		return 0;
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - file) + 1 : 1, slash ? file : ".");
	return stat(folder, out) == 0 ? 0 : -errno;
}

int privilege_become_owner(const char *file)
{
	struct stat owner;
	int error = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	if (geteuid() == 0 && (error = find_owner(file, &owner)) == 0 && owner.st_uid != 0 &&
	    (setgroups(0, NULL) != 0 || setresgid(owner.st_gid, owner.st_gid, owner.st_gid) != 0 ||
	     setresuid(owner.st_uid, owner.st_uid, owner.st_uid) != 0))
		error = -errno;
	return error ? error : keep(0);
}
