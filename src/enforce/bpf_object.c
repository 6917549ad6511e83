/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of maps, and programs that read them, by libbpf.  bpf(2).  Knows no interface. */
#include "enforce/bpf_object.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/grace.h"
#include "enforce/libbpf.h"

#define PATH_BYTES 512
#define BUCKETS_MAX 32768
#define SAMPLES_BYTES (1u << 20)
#define HOOKS_MAX (2 * BPF_SLOTS)
#define COUNTERS_MAX (1u << 23)		/* a program reaches no further */
#define FLOWS_SPARE (BPF_FLOW_WAYS * sizeof(struct bpf_flow6))	/* behind what a mask leaves */

/* The version stands in the names of the pins: what another version pinned is not met. */
static const char *const map_names[MAP_COUNT] = { "policy", "own", "flows", "buckets", "asked",
						  "seen", "samples", "names", "hooks" };

static void pin_path(const char *folder, unsigned number, const char *name, char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "%s/set-%u-v%u%s%s", folder, number, BPF_LAYOUT_VERSION,
		 *name ? "/" : "", name);
}

/* --- maps --- */

static int new_map(const char *name, enum bpf_map_type type, uint32_t key, uint32_t value,
		   uint32_t entries, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);

	return libbpf.map_create(type, name, key, value, entries, &options);
}

static uint32_t processor_count(void)
{
	int n = libbpf.num_possible_cpus();
	uint32_t room = 1;

	while (n > 0 && room < (uint32_t)n)
		room *= 2;
	return room;
}

static unsigned shift_of(uint32_t power)
{
	return (unsigned)__builtin_ctz(power);
}

/* Flows of each processor. */
static uint32_t flow_bytes(const struct bpf_set *set)
{
	uint32_t bytes = BPF_FLOW_BYTES;

	while (bytes > 4096 && (uint64_t)bytes * set->processors > BPF_FLOW_BYTES_ALL)
		bytes /= 2;
	return bytes;
}

static uint32_t flows_bytes(const struct bpf_set *set)
{
	return flow_bytes(set) * set->processors;
}

static uint32_t counter_bytes(const struct bpf_set *set)
{
	return set->capacity * (uint32_t)sizeof(struct bpf_counter);
}

static uint32_t own_bytes(const struct bpf_set *set)
{
	return (uint32_t)BPF_COUNTERS_AT + counter_bytes(set) * set->processors;
}

/* Values of arrays begin at multiples of 8 (bpf_map_area_alloc in the kernel's arraymap.c). */
static size_t image_stride(const struct bpf_set *set)
{
	return (set->image_bytes + 7u) & ~(size_t)7;
}

static int map_memory(int fd, size_t bytes, uint8_t **out)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*out = at;
	return 0;
}

static int map_set(struct bpf_set *set)
{
	int status = map_memory(set->maps[MAP_OWN], own_bytes(set), &set->own);

	if (status == 0)
		status = map_memory(set->maps[MAP_POLICY], BPF_IMAGES * image_stride(set),
				    &set->policy);
	return status;
}

static uint64_t counter_offset(const struct bpf_set *set, uint32_t processor, uint32_t id)
{
	return ((uint64_t)processor * set->capacity + id) * sizeof(struct bpf_counter);
}

static struct bpf_counter *counter_at(const struct bpf_set *set, uint32_t processor, uint32_t id)
{
	return (void *)(set->own + BPF_COUNTERS_AT + counter_offset(set, processor, id));
}

static struct bpf_waiting *waiting_at(const struct bpf_set *set, uint32_t processor)
{
	return (struct bpf_waiting *)(void *)(set->own + BPF_WAITING_AT) + processor;
}

/* What waits where nothing does: under the counter that is no rule's. */
static void clear_waiting(struct bpf_set *set)
{
	for (uint32_t i = 0; i < set->processors; i++)
		waiting_at(set, i)->what = counter_offset(set, i, set->capacity - 1);
}

static uint64_t read_waiting(const struct bpf_set *set, uint32_t processor)
{
	return __atomic_load_n(&waiting_at(set, processor)->what, __ATOMIC_SEQ_CST);
}

static bool waits_for(uint64_t what, uint64_t offset)
{
	return ((what ^ offset) & UINT32_MAX) / sizeof(struct bpf_counter) == 0;
}

static struct bpf_counter read_counter(const struct bpf_set *set, uint32_t processor, uint32_t id)
{
	const struct bpf_counter *c = counter_at(set, processor, id);

	return (struct bpf_counter){
		.packets = __atomic_load_n(&c->packets, __ATOMIC_SEQ_CST),
		.bytes = __atomic_load_n(&c->bytes, __ATOMIC_SEQ_CST),
		.last = __atomic_load_n(&c->last, __ATOMIC_SEQ_CST),
	};
}

/* What waits is counted before another packet takes its place.  So if another has, the counter has it
 * now; and if none has, or the same again, one packet more was there when the counter was read. */
static struct bpf_counter count_of(const struct bpf_set *set, uint32_t processor, uint32_t id)
{
	uint64_t what = read_waiting(set, processor);
	struct bpf_counter count = read_counter(set, processor, id);

	if (read_waiting(set, processor) != what)
		return read_counter(set, processor, id);
	if (waits_for(what, counter_offset(set, processor, id))) {
		count.packets++;
		count.bytes += what >> 32;
		count.last = waiting_at(set, processor)->ticks;
	}
	return count;
}

struct bpf_counter bpf_set_count(const struct bpf_set *set, uint32_t id)
{
	struct bpf_counter sum = { 0 };

	for (uint32_t i = 0; i < set->processors; i++) {
		struct bpf_counter one = count_of(set, i, id);

		sum.packets += one.packets;
		sum.bytes += one.bytes;
		sum.last = one.last > sum.last ? one.last : sum.last;
	}
	return sum;
}

bool bpf_set_clear_counter(const struct bpf_set *set, uint32_t id)
{
	for (uint32_t i = 0; i < set->processors; i++)
		if (waits_for(read_waiting(set, i), counter_offset(set, i, id)))
			return false;
	for (uint32_t i = 0; i < set->processors; i++)
		*counter_at(set, i, id) = (struct bpf_counter){ 0 };
	return true;
}

int bpf_set_members_new(void)
{
	return new_map("weir_members", BPF_MAP_TYPE_HASH, sizeof(struct bpf_member),
		       sizeof(uint8_t), BPF_MEMBERS_ROOM, BPF_F_NO_PREALLOC);
}

static int new_asked_map(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	int like = bpf_set_members_new(), fd;

	if (like < 0)
		return like;
	options.inner_map_fd = (uint32_t)like;
	fd = libbpf.map_create(BPF_MAP_TYPE_HASH_OF_MAPS, "weir_asked", sizeof(struct bpf_asked_key),
			       sizeof(uint32_t), BPF_ASKED_MAX, &options);
	close(like);
	return fd;
}

static int new_map_of(struct bpf_set *set, enum bpf_map_index index)
{
	switch (index) {
	case MAP_POLICY:
		/* zeros: every slot of either image lets everything pass */
		return new_map("weir_policy", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t),
			       set->image_bytes, BPF_IMAGES, BPF_F_MMAPABLE);
	case MAP_OWN:
		return new_map("weir_own", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), own_bytes(set), 1,
			       BPF_F_MMAPABLE);
	case MAP_FLOWS:
		return new_map("weir_flows", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t),
			       flows_bytes(set) + (uint32_t)FLOWS_SPARE, 1, 0);
	case MAP_BUCKETS:
		return new_map("weir_buckets", BPF_MAP_TYPE_LRU_HASH,
			       sizeof(struct bpf_bucket_key), sizeof(uint64_t), BUCKETS_MAX, 0);
	case MAP_ASKED:
		return new_asked_map();
	case MAP_SEEN:
		return new_map("weir_seen", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t),
			       BPF_SEEN_SETS * sizeof(struct bpf_seen), 1, BPF_F_MMAPABLE);
	case MAP_SAMPLES:
		return new_map("weir_samples", BPF_MAP_TYPE_RINGBUF, 0, 0, SAMPLES_BYTES, 0);
	case MAP_NAMES:
		return new_map("weir_names", BPF_MAP_TYPE_HASH, sizeof(struct bpf_name),
			       sizeof(struct bpf_name_value), set->capacity, BPF_F_NO_PREALLOC);
	default:
		return new_map("weir_hooks", BPF_MAP_TYPE_HASH, sizeof(struct bpf_hook_key),
			       sizeof(struct bpf_hook_value), HOOKS_MAX, BPF_F_NO_PREALLOC);
	}
}

/* --- sets --- */

static struct bpf_set empty_set(unsigned number)
{
	struct bpf_set set = { .number = number, .processors = processor_count() };

	for (unsigned i = 0; i < MAP_COUNT; i++)
		set.maps[i] = -1;
	return set;
}

void bpf_set_close(struct bpf_set *set)
{
	if (set->own)
		munmap(set->own, own_bytes(set));
	if (set->policy)
		munmap(set->policy, BPF_IMAGES * image_stride(set));
	for (unsigned i = 0; i < MAP_COUNT; i++)
		if (set->maps[i] >= 0)
			close(set->maps[i]);
	*set = empty_set(0);
}

/* The map `policy` is pinned last: a set without it is not whole. */
int bpf_set_pin(const struct bpf_set *set, const char *folder)
{
	char path[PATH_BYTES];

	bpf_set_unpin(folder, set->number);
	pin_path(folder, set->number, "", path);
	if (mkdir(path, 0700) < 0)
		return -errno;
	for (unsigned i = MAP_COUNT; i-- > 0;) {
		pin_path(folder, set->number, map_names[i], path);
		if (libbpf.obj_pin(set->maps[i], path) < 0)
			return -errno;
	}
	return 0;
}

/* What stays when policies change: a reader of the ring need not know of it. */
static bool is_lasting(enum bpf_map_index index)
{
	return index == MAP_BUCKETS || index == MAP_ASKED || index == MAP_SEEN ||
	       index == MAP_SAMPLES;
}

int bpf_set_new(unsigned number, uint32_t image_bytes, uint32_t capacity,
		const struct bpf_set *older, struct bpf_set *out)
{
	struct bpf_set set = empty_set(number);
	int status = 0;

	if (set.processors > BPF_PROCESSORS_MAX || capacity > COUNTERS_MAX / set.processors)
		return -E2BIG;
	set.image_bytes = image_bytes;
	set.capacity = capacity;
	for (unsigned i = 0; i < MAP_COUNT && status == 0; i++) {
		set.maps[i] = older && is_lasting(i) ? dup(older->maps[i]) : new_map_of(&set, i);
		status = set.maps[i] < 0 ? -errno : 0;
	}
	status = status < 0 ? status : map_set(&set);
	if (status < 0) {
		bpf_set_close(&set);
		return status;
	}
	clear_waiting(&set);
	*out = set;
	return 0;
}

static int map_size(int fd, struct bpf_map_info *out)
{
	uint32_t n = sizeof(*out);

	memset(out, 0, sizeof(*out));
	return libbpf.obj_get_info_by_fd(fd, out, &n) < 0 ? -errno : 0;
}

static int open_pins(const char *folder, struct bpf_set *set)
{
	char path[PATH_BYTES];

	for (unsigned i = 0; i < MAP_COUNT; i++) {
		pin_path(folder, set->number, map_names[i], path);
		set->maps[i] = libbpf.obj_get(path);
		if (set->maps[i] < 0)
			return -errno;
	}
	return 0;
}

int bpf_set_open(const char *folder, unsigned number, struct bpf_set *out)
{
	struct bpf_set set = empty_set(number);
	struct bpf_map_info policy, own;
	int status = open_pins(folder, &set);

	status = status < 0 ? status : map_size(set.maps[MAP_POLICY], &policy);
	status = status < 0 ? status : map_size(set.maps[MAP_OWN], &own);
	if (status == 0) {
		set.image_bytes = policy.value_size;
		set.capacity = (own.value_size - (uint32_t)BPF_COUNTERS_AT) / set.processors /
			       (uint32_t)sizeof(struct bpf_counter);
		status = map_set(&set);
	}
	if (status < 0) {
		bpf_set_close(&set);
		return status;
	}
	set.is_settling = true;			/* nobody knows since when it is in force */
	*out = set;
	return 0;
}

int bpf_set_open_samples(const char *folder, unsigned number)
{
	char path[PATH_BYTES];
	int fd;

	pin_path(folder, number, map_names[MAP_SAMPLES], path);
	fd = libbpf.obj_get(path);
	return fd < 0 ? -errno : fd;
}

void bpf_set_unpin(const char *folder, unsigned number)
{
	char path[PATH_BYTES];

	for (unsigned i = 0; i < MAP_COUNT; i++) {
		pin_path(folder, number, map_names[i], path);
		unlink(path);
	}
	pin_path(folder, number, "", path);
	rmdir(path);
}

static void empty_folder(const char *path)
{
	char entry_path[2 * PATH_BYTES];
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		snprintf(entry_path, sizeof(entry_path), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(entry_path);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

void bpf_set_unpin_others(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[2 * PATH_BYTES];
		unsigned number, version;

		if (sscanf(entry->d_name, "set-%u-v%u", &number, &version) != 2 ||
		    version == BPF_LAYOUT_VERSION)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		empty_folder(path);
	}
	if (dir)
		closedir(dir);
}

size_t bpf_set_list(const char *folder, unsigned *out, size_t max)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t n = 0;

	while (dir && (entry = readdir(dir)) && n < max) {
		unsigned number, version;
		size_t i;

		if (sscanf(entry->d_name, "set-%u-v%u", &number, &version) != 2 ||
		    version != BPF_LAYOUT_VERSION)
			continue;
		for (i = n++; i > 0 && out[i - 1] > number; i--)
			out[i] = out[i - 1];
		out[i] = number;
	}
	if (dir)
		closedir(dir);
	return n;
}

/* --- images --- */

static volatile uint32_t *index_of(const struct bpf_set *set)
{
	return (volatile uint32_t *)(void *)(set->own + BPF_INDEX_AT);
}

static struct bpf_image *image_at(const struct bpf_set *set, uint32_t index)
{
	return (void *)(set->policy + index % BPF_IMAGES * image_stride(set));
}

const struct bpf_image *bpf_set_image(const struct bpf_set *set)
{
	return image_at(set, *index_of(set));
}

struct bpf_image *bpf_set_image_next(struct bpf_set *set, size_t n)
{
	struct bpf_image *image = image_at(set, *index_of(set) + 1);

	bpf_set_settle(set);
	memset((uint8_t *)image + n, 0, set->image_bytes - n);
	return image;
}

void bpf_set_settle(struct bpf_set *set)
{
	if (set->is_settling)
		grace_wait();
	set->is_settling = false;
}

/* Flows are met again only by the word of the image that judged them. */
static void put_words(const struct bpf_set *set, const struct bpf_image *image)
{
	volatile uint64_t *words = (volatile uint64_t *)set->own;

	for (size_t i = 0; i < BPF_SLOTS; i++)
		words[i] = image && image->slots[i].is_active ? image->slots[i].word : 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Some stamps are kept, so that each slot gets one more. */
void bpf_set_begin_change(struct bpf_set *set, uint32_t slot)
{
	struct bpf_image *image = image_at(set, *index_of(set));

	if (image->serial >= BPF_STAMPS - BPF_SLOTS && image->slots[slot].forgets == 0)
		image->slots[slot].forgets = 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void bpf_set_end_change(struct bpf_set *set, uint32_t slot)
{
	struct bpf_image *image = image_at(set, *index_of(set));
	struct bpf_slot *s = &image->slots[slot];
	uint64_t word;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (s->forgets == 2)
		return;
	if (s->forgets == 1)
		s->forgets = 2;
	word = (s->word & ~BPF_WORD_STAMP) | (uint64_t)++image->serial << BPF_WORD_STAMP_SHIFT;
	__atomic_store_n(&s->word, word, __ATOMIC_SEQ_CST);
	((volatile uint64_t *)set->own)[slot] = word;
}

/* While there are no words, and for ever if it is cut off there, no program meets a flow before it has
 * met the image.  So one store is the moment at which all hooks turn from the one to the other. */
void bpf_set_switch(struct bpf_set *set)
{
	uint32_t next = (*index_of(set) + 1) % BPF_IMAGES;

	put_words(set, NULL);
	*index_of(set) = next;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	put_words(set, image_at(set, next));
	set->is_settling = true;
}

/* --- programs --- */

static int say_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

/* What the programs are told of the maps. */
static struct bpf_told told_of(const struct bpf_set *set, const struct bpf_program_options *options)
{
	uint32_t half = flow_bytes(set) / 2;

	return (struct bpf_told){
		.image_mask = (uint32_t)(set->image_bytes - BPF_IMAGE_SPARE - 1),
		.slot = (uint32_t)(offsetof(struct bpf_image, slots) +
				   options->slot * sizeof(struct bpf_slot)),
		.is_bare = options->is_bare,
		.hook = options->hook,
		.minute = (60 * options->ticks_per_s) >> BPF_UNIT_BITS,
		.word = options->slot * (uint32_t)sizeof(uint64_t),
		.flow_shift = shift_of(flow_bytes(set)),
		.counter_shift = shift_of(counter_bytes(set)),
		.flows4_mask = half - BPF_FLOW_WAYS * (uint32_t)sizeof(struct bpf_flow4),
		.flows6_mask = half - BPF_FLOW_WAYS * (uint32_t)sizeof(struct bpf_flow6),
		.flows6 = half,
		.flows_mask = flows_bytes(set) - flow_bytes(set),
		.counters_mask = counter_bytes(set) * set->processors -
				 (uint32_t)sizeof(struct bpf_counter),
	};
}

static int tell(struct bpf_object *object, const struct bpf_told *told)
{
	struct bpf_map *map = libbpf.object__find_map_by_name(object, ".rodata");

	return map ? libbpf.map__set_initial_value(map, told, sizeof(*told)) : -ENOENT;
}

/* As the object calls it. */
static const char *section_of(enum bpf_map_index index)
{
	switch (index) {
	case MAP_OWN: return ".bss.own";
	case MAP_FLOWS: return ".bss.flows";
	case MAP_SEEN: return ".bss";
	default: return map_names[index];
	}
}

static int reuse_maps(struct bpf_object *object, const struct bpf_set *set)
{
	for (unsigned i = MAP_POLICY; i <= MAP_SAMPLES; i++) {
		struct bpf_map *map = libbpf.object__find_map_by_name(object, section_of(i));
		int status = map ? libbpf.map__reuse_fd(map, set->maps[i]) : -ENOENT;

		if (status < 0)
			return status;
	}
	return 0;
}

/* A section of zeros is as large as the map in its place: libbpf reserves memory by the one, and gives
 * it back by the other.  The object is our own. */
static void widen_section(uint8_t *elf, const char *name, uint32_t bytes)
{
	const Elf64_Ehdr *head = (const void *)elf;
	Elf64_Shdr *sections = (void *)(elf + head->e_shoff);
	const char *names = (const char *)elf + sections[head->e_shstrndx].sh_offset;

	for (unsigned i = 0; i < head->e_shnum; i++)
		if (strcmp(names + sections[i].sh_name, name) == 0)
			sections[i].sh_size = bytes;
}

static struct bpf_object *open_wide(const struct bpf_set *set, const void *bytes, size_t n)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "weir");
	uint8_t *copy = memory_take(n);
	struct bpf_object *object;

	memcpy(copy, bytes, n);
	widen_section(copy, section_of(MAP_OWN), own_bytes(set));
	widen_section(copy, section_of(MAP_FLOWS), flows_bytes(set) + (uint32_t)FLOWS_SPARE);
	libbpf.set_print(say_nothing);
	object = libbpf.object__open_mem(copy, n, &options);
	free(copy);
	return object;
}

struct bpf_object *bpf_set_open_object(const struct bpf_set *set, const void *bytes, size_t n,
				       const struct bpf_program_options *options)
{
	struct bpf_told told = told_of(set, options);
	struct bpf_object *object = open_wide(set, bytes, n);
	int status = object ? tell(object, &told) : -errno;

	status = status < 0 ? status : reuse_maps(object, set);
	if (status == 0)
		return object;
	libbpf.object__close(object);
	errno = -status;
	return NULL;
}

static int load_program(struct bpf_object *object, const char *name)
{
	struct bpf_program *program = NULL, *wanted = NULL;
	int status;

	while ((program = libbpf.object__next_program(object, program))) {
		bool is_wanted = strcmp(libbpf.program__name(program), name) == 0;

		libbpf.program__set_autoload(program, is_wanted);
		wanted = is_wanted ? program : wanted;
	}
	if (!wanted)
		return -ENOENT;
	status = libbpf.object__load(object);
	if (status < 0)
		return status;
	status = dup(libbpf.program__fd(wanted));
	return status < 0 ? -errno : status;
}

int bpf_set_load(const struct bpf_set *set, const struct bpf_program_options *options)
{
	static const char *const names[2][2] = { { "weir_tc", "weir_tc_bare" },
						 { "weir_xdp", "weir_xdp_bare" } };
	struct bpf_object *object = bpf_set_open_object(set, bpf_bytes, bpf_bytes_n, options);
	int status;

	if (!object)
		return -errno;
	status = load_program(object, names[options->is_xdp][options->is_bare]);
	libbpf.object__close(object);
	return status;
}

/* --- the time --- */

/* The kernel begins to count its ticks five minutes before they would pass 2^32, and counts them by
 * CLOCK_MONOTONIC (include/linux/jiffies.h): so the two clocks tell the rate. */
static uint32_t rate_of(uint64_t ticks, uint64_t ns)
{
	static const uint32_t rates[] = { 100, 250, 300, 1000, 64, 128, 256, 512, 1024, 1200 };
	uint32_t best = 250;
	double least = 1e300;

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		double begun = (double)(uint32_t)-(300 * rates[i]);
		double away = (double)ticks - begun - (double)ns * rates[i] / 1e9;

		away = away < 0 ? -away : away;
		if (away < least) {
			least = away;
			best = rates[i];
		}
	}
	return best;
}

int bpf_clock_load(void)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "weir");
	struct bpf_object *object;
	int status;

	libbpf.set_print(say_nothing);
	object = libbpf.object__open_mem(bpf_bytes, bpf_bytes_n, &options);
	if (!object)
		return -errno;
	status = load_program(object, "weir_clock");
	libbpf.object__close(object);
	return status;
}

int bpf_clock_read(int program, struct bpf_clock *out)
{
	uint64_t both[2] = { 0 };
	uint8_t packet[16] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		    .data_out = both, .data_size_out = sizeof(both), .repeat = 1);
	int status = program < 0 ? -ENOENT : libbpf.prog_test_run_opts(program, &options);

	if (status == 0)
		*out = (struct bpf_clock){ both[0], both[1], rate_of(both[0], both[1]) };
	return status;
}
