/* SPDX-License-Identifier: BSD-2-Clause */
/* Where libbpf's functions are. */
#include "enforce/libbpf.h"

#include "base/bytes.h"
#include "os/library.h"

struct libbpf libbpf;

int libbpf_load(void)
{
	static const char *const names[] = { "libbpf.so.1", NULL };
	static const struct library_symbol symbols[] = {
#define CALL(name) { "bpf_" #name, &libbpf.name },
		LIBBPF_BPF_CALLS(CALL)
#undef CALL
#define CALL(name) { "libbpf_" #name, &libbpf.name },
		LIBBPF_OWN_CALLS(CALL)
#undef CALL
#define CALL(name) { "ring_buffer__" #name, &libbpf.ring_buffer__##name },
		LIBBPF_RING_CALLS(CALL)
#undef CALL
	};

	return libbpf.ring_buffer__new ? 0 : library_load(names, symbols, COUNT(symbols));
}
