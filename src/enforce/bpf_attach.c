/* SPDX-License-Identifier: BSD-2-Clause */
/* XDP links and tc filters, by libbpf.  tc-bpf(8).  Knows no maps. */
#include "enforce/bpf_attach.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "enforce/libbpf.h"

#define PATH_BYTES 512
#define FILTER_HANDLE 1
#define FILTER_PRIORITY 0x7765			/* behind the filters of others, mostly */

/* --- XDP --- */

static void link_path(const struct bpf_spot *spot, char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "%s/xdp-%u", spot->folder, spot->ifindex);
}

/* What is pinned for the interface: a descriptor, or -1.  A link whose interface went is no link. */
static int open_link(const struct bpf_spot *spot, struct bpf_link_info *out)
{
	struct bpf_link_info info = { 0 };
	uint32_t n = sizeof(info);
	char path[PATH_BYTES];
	int fd;

	link_path(spot, path);
	fd = libbpf.obj_get(path);
	if (fd < 0)
		return -1;
	if (libbpf.obj_get_info_by_fd(fd, &info, &n) == 0 && info.type == BPF_LINK_TYPE_XDP &&
	    info.xdp.ifindex == spot->ifindex) {
		*out = info;
		return fd;
	}
	close(fd);
	return -1;
}

/* With its name for those who may look programs up (CAP_SYS_ADMIN). */
static void name_program(uint32_t id, struct text *out)
{
	struct bpf_prog_info info = { 0 };
	uint32_t n = sizeof(info);
	int fd = libbpf.prog_get_fd_by_id(id);

	text_printf(out, "program %u", id);
	if (fd < 0)
		return;
	if (libbpf.obj_get_info_by_fd(fd, &info, &n) == 0 && info.name[0])
		text_printf(out, " (%s)", info.name);
	close(fd);
}

static void explain_xdp(const struct bpf_spot *spot, int failure, struct text *error)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, options);
	uint32_t id = 0;

	if (libbpf.xdp_query((int)spot->ifindex, 0, &options) == 0)
		id = options.prog_id ? options.prog_id
		     : options.drv_prog_id ? options.drv_prog_id
					   : options.skb_prog_id;
	text_reset(error);
	text_printf(error, "cannot attach XDP to %s: ", spot->link);
	if (id && failure == -EBUSY) {
		text_put(error, "another XDP program is attached there, ");
		name_program(id, error);
		text_put(error, "; take it away, or say `enforce tc` for this interface");
	} else {
		text_put(error, strerror(-failure));
	}
}

/* By the driver, or else by the kernel behind it. */
static int new_link(const struct bpf_spot *spot, int program)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	int fd = libbpf.link_create(program, (int)spot->ifindex, BPF_XDP, &options);

	if (fd >= 0 || fd == -EBUSY)
		return fd;
	options.flags = XDP_FLAGS_SKB_MODE;
	return libbpf.link_create(program, (int)spot->ifindex, BPF_XDP, &options);
}

static int attach_xdp(const struct bpf_spot *spot, int program, struct text *error)
{
	struct bpf_link_info info;
	int fd = open_link(spot, &info), status;
	char path[PATH_BYTES];

	if (fd >= 0) {
		status = libbpf.link_update(fd, program, NULL);
		close(fd);
		if (status < 0)
			explain_xdp(spot, status, error);
		return status;
	}
	fd = new_link(spot, program);
	if (fd < 0) {
		explain_xdp(spot, fd, error);
		return fd;
	}
	link_path(spot, path);
	unlink(path);
	status = libbpf.obj_pin(fd, path) < 0 ? -errno : 0;
	close(fd);
	if (status < 0)
		explain_xdp(spot, status, error);
	return status;
}

static int detach_xdp(const struct bpf_spot *spot)
{
	struct bpf_link_info info;
	int fd = open_link(spot, &info), status = 0;
	char path[PATH_BYTES];

	if (fd >= 0) {
		status = libbpf.link_detach(fd);
		close(fd);
	}
	link_path(spot, path);
	unlink(path);
	return status;
}

static uint32_t program_of_xdp(const struct bpf_spot *spot)
{
	struct bpf_link_info info;
	int fd = open_link(spot, &info);

	if (fd < 0)
		return 0;
	close(fd);
	return info.prog_id;
}

/* --- tc --- */

static struct bpf_tc_hook hook_of(const struct bpf_spot *spot)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)spot->ifindex);

	hook.attach_point = spot->hook == HOOK_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS;
	return hook;
}

/* True for a program of weir's own: the place might be another's. */
static bool is_own(uint32_t id)
{
	struct bpf_prog_info info = { 0 };
	uint32_t n = sizeof(info);
	int fd = libbpf.prog_get_fd_by_id(id);
	bool is_other;

	if (fd < 0)
		return true;
	is_other = libbpf.obj_get_info_by_fd(fd, &info, &n) == 0 && strcmp(info.name, "weir_tc") != 0;
	close(fd);
	return !is_other;
}

static uint32_t program_of_tc(const struct bpf_spot *spot)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_tc_hook hook = hook_of(spot);

	if (libbpf.tc_query(&hook, &options) < 0 || !is_own(options.prog_id))
		return 0;
	return options.prog_id;
}

static int attach_tc(const struct bpf_spot *spot, int program, bool *out_made, struct text *error)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		    .prog_fd = program, .flags = BPF_TC_F_REPLACE);
	struct bpf_tc_hook hook = hook_of(spot);
	int status = libbpf.tc_hook_create(&hook);

	*out_made = status == 0;
	if (status == 0 || status == -EEXIST)
		status = libbpf.tc_attach(&hook, &options);
	if (status < 0) {
		text_reset(error);
		text_printf(error, "cannot attach a tc filter to the %s of %s: %s",
			    hook_name(spot->hook), spot->link, strerror(-status));
	}
	return status;
}

static int note_filter(const struct nlmsghdr *message, void *data)
{
	(void)message;
	*(bool *)data = true;
	return MNL_CB_OK;
}

/* True where a filter stands at one end of the clsact, or nobody can tell. */
static bool has_filters(struct mnl_socket *socket, unsigned ifindex, uint32_t parent)
{
	char buffer[16384];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct tcmsg *tc = mnl_nlmsg_put_extra_header(request, sizeof(*tc));
	bool found = false;
	ssize_t n;
	int more = MNL_CB_OK;

	request->nlmsg_type = RTM_GETTFILTER;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = (int)ifindex;
	tc->tcm_parent = parent;
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return true;
	while (more > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		more = n < 0 ? MNL_CB_ERROR
			     : mnl_cb_run(buffer, (size_t)n, 0, 0, note_filter, &found);
	}
	return found || more == MNL_CB_ERROR;
}

static bool is_clsact_used(unsigned ifindex)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	bool used;

	if (!socket)
		return true;
	used = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	       has_filters(socket, ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)) ||
	       has_filters(socket, ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
	mnl_socket_close(socket);
	return used;
}

static int detach_tc(const struct bpf_spot *spot, bool made)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_tc_hook hook = hook_of(spot);
	int status = 0;

	if (program_of_tc(spot))
		status = libbpf.tc_detach(&hook, &options);
	if (made && !is_clsact_used(spot->ifindex)) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		libbpf.tc_hook_destroy(&hook);
	}
	return status;
}

/* --- both --- */

uint32_t bpf_spot_program(const struct bpf_spot *spot)
{
	return spot->backend == BACKEND_XDP ? program_of_xdp(spot) : program_of_tc(spot);
}

int bpf_spot_attach(const struct bpf_spot *spot, int program, bool *out_made, struct text *error)
{
	*out_made = false;
	if (spot->backend == BACKEND_XDP)
		return attach_xdp(spot, program, error);
	return attach_tc(spot, program, out_made, error);
}

int bpf_spot_detach(const struct bpf_spot *spot, bool made)
{
	return spot->backend == BACKEND_XDP ? detach_xdp(spot) : detach_tc(spot, made);
}
