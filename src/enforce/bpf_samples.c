/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the ring of samples.  A tag that the hardware or the kernel took out of the frame is put back
 * in its place (IEEE 802.1Q), so that readers see the frame as it was on the wire. */
#include "enforce/bpf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/bpf_object.h"
#include "enforce/libbpf.h"

#define TAG_AT 12				/* behind the two addresses */
#define TAG_BYTES 4
#define LINKTYPE_ETHERNET 1
#define LINKTYPE_RAW 101
#define SETS_MAX 8

struct bpf_samples {
	int		    map;
	struct ring_buffer *ring;
	bpf_sample_fn	   *each;
	void		   *ctx;
	int64_t		    offset_ns;	/* from the monotonic clock to that of the world */
};

static int64_t now_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* The frame as it was on the wire; how many bytes of it. */
static size_t put_frame(const struct bpf_sample *s, size_t captured,
			uint8_t out[BPF_SAMPLE_BYTES + TAG_BYTES])
{
	if (s->vlan_protocol == 0 || s->is_bare || captured < TAG_AT) {
		memcpy(out, s->bytes, captured);
		return captured;
	}
	memcpy(out, s->bytes, TAG_AT);
	memcpy(out + TAG_AT, &s->vlan_protocol, 2);	/* in network order already */
	out[TAG_AT + 2] = (uint8_t)(s->vlan_tci >> 8);
	out[TAG_AT + 3] = (uint8_t)s->vlan_tci;
	memcpy(out + TAG_AT + TAG_BYTES, s->bytes + TAG_AT, captured - TAG_AT);
	return captured + TAG_BYTES;
}

static int tell_sample(void *ctx, void *data, size_t n)
{
	const struct bpf_samples *samples = ctx;
	const struct bpf_sample *s = data;
	uint8_t bytes[BPF_SAMPLE_BYTES + TAG_BYTES];
	struct bpf_sample_info info;
	struct packet packet = { 0 };
	size_t captured;

	if (n < sizeof(*s) || s->captured > BPF_SAMPLE_BYTES)
		return 0;
	captured = put_frame(s, s->captured, bytes);
	packet.at.ns = (int64_t)s->at_ns + samples->offset_ns;
	packet.bytes = (struct span){ bytes, captured };
	packet.length = s->length + (uint32_t)(captured - s->captured);
	packet.linktype = s->is_bare ? LINKTYPE_RAW : LINKTYPE_ETHERNET;
	packet.checksums_unreliable = s->hook == HOOK_EGRESS;
	info = (struct bpf_sample_info){ s->ifindex, s->hook, s->is_dry_run };
	samples->each(samples->ctx, &packet, &info);
	return 0;
}

int bpf_samples_open(const char *pin_folder, struct bpf_samples **out)
{
	struct bpf_samples *s;
	unsigned numbers[SETS_MAX];
	size_t n = bpf_set_list(pin_folder, numbers, SETS_MAX);
	int map, status = n ? libbpf_load() : -ENOENT;

	if (status < 0)
		return status;
	map = bpf_set_open_samples(pin_folder, numbers[n - 1]);
	if (map < 0)
		return map;
	s = memory_take(sizeof(*s));
	s->map = map;
	s->ring = libbpf.ring_buffer__new(map, tell_sample, s, NULL);
	if (!s->ring) {
		status = -errno;
		bpf_samples_free(s);
		return status;
	}
	*out = s;
	return 0;
}

void bpf_samples_free(struct bpf_samples *samples)
{
	if (!samples)
		return;
	libbpf.ring_buffer__free(samples->ring);
	close(samples->map);
	free(samples);
}

int bpf_samples_fd(const struct bpf_samples *samples)
{
	return libbpf.ring_buffer__epoll_fd(samples->ring);
}

int bpf_samples_read(struct bpf_samples *samples, bpf_sample_fn *each, void *ctx)
{
	samples->each = each;
	samples->ctx = ctx;
	samples->offset_ns = now_of(CLOCK_REALTIME) - now_of(CLOCK_MONOTONIC);
	return libbpf.ring_buffer__consume(samples->ring);
}
