/* SPDX-License-Identifier: BSD-2-Clause */
/* libbpf, loaded when something is first asked of BPF: libbpf.map_create() is bpf_map_create(). */
#ifndef WEIR_ENFORCE_LIBBPF_H
#define WEIR_ENFORCE_LIBBPF_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define LIBBPF_BPF_CALLS(CALL) \
	CALL(link_create) CALL(link_detach) CALL(link_update) CALL(map__reuse_fd) \
	CALL(map__set_initial_value) CALL(map_create) CALL(map_delete_elem) CALL(map_get_next_key) \
	CALL(map_lookup_batch) CALL(map_lookup_elem) CALL(map_update_elem) CALL(obj_get) \
	CALL(obj_get_info_by_fd) CALL(obj_pin) CALL(object__close) CALL(object__find_map_by_name) \
	CALL(object__load) CALL(object__next_program) CALL(object__open_mem) \
	CALL(prog_get_fd_by_id) CALL(prog_load) CALL(prog_test_run_opts) CALL(program__fd) \
	CALL(program__name) CALL(program__set_autoload) CALL(tc_attach) CALL(tc_detach) \
	CALL(tc_hook_create) CALL(tc_hook_destroy) CALL(tc_query) CALL(xdp_query)
#define LIBBPF_OWN_CALLS(CALL) CALL(num_possible_cpus) CALL(probe_bpf_helper) CALL(set_print)
#define LIBBPF_RING_CALLS(CALL) CALL(consume) CALL(epoll_fd) CALL(free) CALL(new)

struct libbpf {
#define CALL(name) __typeof__(bpf_##name) *name;
	LIBBPF_BPF_CALLS(CALL)
#undef CALL
#define CALL(name) __typeof__(libbpf_##name) *name;
	LIBBPF_OWN_CALLS(CALL)
#undef CALL
#define CALL(name) __typeof__(ring_buffer__##name) *ring_buffer__##name;
	LIBBPF_RING_CALLS(CALL)
#undef CALL
};

extern struct libbpf libbpf;

/* 0, or -ELIBACC; asked again it does nothing. */
int libbpf_load(void);

#endif
