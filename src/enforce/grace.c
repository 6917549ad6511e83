/* SPDX-License-Identifier: BSD-2-Clause */
/* A grace period of RCU, for which no system call asks by name.  bpf(2): an update of a map of
 * maps returns when no program uses the one before.  membarrier(2) waits likewise, but not on every
 * kernel: it is for those without BPF.  Knows no rules. */
#include "enforce/grace.h"

#include <linux/membarrier.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "enforce/libbpf.h"

static int new_array(void)
{
	return libbpf.map_create(BPF_MAP_TYPE_ARRAY, "weir_inner", sizeof(uint32_t), sizeof(uint32_t), 1,
				 NULL);
}

static int new_array_of(int inner)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = (uint32_t)inner);

	return libbpf.map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "weir_grace", sizeof(uint32_t),
				 sizeof(uint32_t), 1, &options);
}

void grace_wait(void)
{
	int inner = libbpf_load() < 0 ? -1 : new_array();
	int outer = inner < 0 ? -1 : new_array_of(inner);
	uint32_t zero = 0;

	if (outer < 0 || libbpf.map_update_elem(outer, &zero, &inner, BPF_ANY) < 0)
		(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	if (outer >= 0)
		close(outer);
	if (inner >= 0)
		close(inner);
}
