/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets under a pin folder, and the counters of all of them as one.  A counter never moves while its
 * set is in force; where another set takes its place, what the old one counted is added by name.
 * bpf(2), the file system of bpf. */
#include "enforce/bpf_store.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/bpf_asked.h"
#include "enforce/grace.h"
#include "enforce/libbpf.h"
#include "os/privilege.h"

#define IMAGE_BYTES_MIN (1u << 19)
#define COUNTERS_MIN 1024u

struct bpf_set *bpf_store_set(struct bpf_store *store)
{
	return store->set_count ? &store->sets[store->set_count - 1] : NULL;
}

/* --- the folder --- */

static bool is_bpf_folder(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

static void parent_of(const char *path, char *out, size_t n)
{
	char *slash;

	snprintf(out, n, "%s", path);
	slash = strrchr(out, '/');
	if (slash && slash != out)
		*slash = '\0';
}

bool bpf_store_may_stand(const char *folder)
{
	char parent[BPF_FOLDER_MAX];

	parent_of(folder, parent, sizeof(parent));
	return is_bpf_folder(parent) || is_bpf_folder(folder) || privilege_may_mount();
}

/* Where the folder is to be, if its parent is none: 0 or negative errno. */
static int mount_bpf(const char *folder)
{
	char parent[BPF_FOLDER_MAX];

	parent_of(folder, parent, sizeof(parent));
	if (is_bpf_folder(parent) || is_bpf_folder(folder))
		return 0;
	mkdir(parent, 0755);
	return mount("bpf", parent, "bpf", 0, "mode=0700") < 0 ? -errno : 0;
}

int bpf_store_make_folder(const struct bpf_store *store, struct text *error)
{
	char parent[BPF_FOLDER_MAX];
	int status = mount_bpf(store->folder);

	if (status == 0 && mkdir(store->folder, 0700) < 0 && errno != EEXIST)
		status = -errno;
	if (status < 0) {
		parent_of(store->folder, parent, sizeof(parent));
		text_reset(error);
		text_printf(error, "no bpf file system at %s, and none can be mounted: %s; 'mount -t bpf bpf %s' "
				   "before, or let nftables enforce", parent, strerror(-status), parent);
	}
	return status;
}

/* --- names --- */

/* All names of a set and their values, which the caller frees. */
struct name_list {
	struct bpf_name	      *names;
	struct bpf_name_value *values;
	size_t		       n;
};

static void release_names(struct name_list *list)
{
	free(list->names);
	free(list->values);
}

/* Many at once: a system call for each would be most of the time. */
static struct name_list list_names(const struct bpf_set *set)
{
	struct name_list list = {
		.names = memory_array(set->capacity + 1, sizeof(*list.names)),
		.values = memory_array(set->capacity + 1, sizeof(*list.values)),
	};
	uint32_t token, *from = NULL;
	int status = 0;

	while (status == 0 && list.n < set->capacity) {
		uint32_t n = set->capacity - (uint32_t)list.n;

		status = libbpf.map_lookup_batch(set->maps[MAP_NAMES], from, &token,
						 list.names + list.n, list.values + list.n, &n,
						 NULL);
		if (status == 0 || status == -ENOENT)
			list.n += n;
		from = &token;
	}
	return list;
}

/* --- what stands --- */

static void note_ids(struct bpf_store *store, const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] < bpf_store_set(store)->capacity)
			store->in_force[ids[i]] = 1;
}

/* The image is ours, but it was read from the kernel: nothing outside of it is looked at. */
void bpf_store_note_image(struct bpf_store *store)
{
	const struct bpf_set *set = bpf_store_set(store);
	const struct bpf_image *image = bpf_set_image(set);

	memset(store->in_force, 0, set->capacity);
	for (size_t i = 0; i < BPF_SLOTS; i++) {
		const struct bpf_slot *slot = &image->slots[i];
		uint64_t end = (uint64_t)slot->ids + slot->id_count * sizeof(uint32_t);

		if (slot->is_active && end <= set->image_bytes && slot->ids % sizeof(uint32_t) == 0)
			note_ids(store, (const void *)((const char *)image + slot->ids),
				 slot->id_count);
	}
}

static void note_names(struct bpf_store *store)
{
	const struct bpf_set *set = bpf_store_set(store);
	struct name_list list = list_names(set);

	memset(store->taken, 0, set->capacity);
	for (size_t i = 0; i < list.n; i++)
		if (list.values[i].id < set->capacity)
			store->taken[list.values[i].id] = 1;
	release_names(&list);
}

/* Of the set in force. */
static void note_set(struct bpf_store *store)
{
	const struct bpf_set *set = bpf_store_set(store);

	free(store->taken);
	free(store->in_force);
	store->taken = memory_take(set->capacity);
	store->in_force = memory_take(set->capacity);
	note_names(store);
	bpf_store_note_image(store);
}

int bpf_store_open(const char *folder, struct bpf_store *out)
{
	unsigned numbers[STORE_SETS_MAX];
	struct bpf_clock clock;
	size_t n = bpf_set_list(folder, numbers, STORE_SETS_MAX);
	int status = libbpf_load();

	*out = (struct bpf_store){ .clock = -1, .ticks_per_s = 250 };
	if (status < 0)
		return n > 0 ? -EBUSY : status;		/* what stands would go on, and nobody see it */
	if (strlen(folder) >= sizeof(out->folder))
		return -ENAMETOOLONG;
	snprintf(out->folder, sizeof(out->folder), "%s", folder);
	mount_bpf(folder);			/* now, for whoever opens it may give up the right to */
	out->clock = bpf_clock_load();
	if (bpf_clock_read(out->clock, &clock) == 0)
		out->ticks_per_s = clock.ticks_per_s;
	n = bpf_set_list(folder, numbers, STORE_SETS_MAX);
	for (size_t i = 0; i < n; i++)
		if (bpf_set_open(folder, numbers[i], &out->sets[out->set_count]) == 0)
			out->set_count++;
	if (out->set_count)
		note_set(out);
	return 0;
}

void bpf_store_close(struct bpf_store *store)
{
	for (size_t i = 0; i < store->set_count; i++)
		bpf_set_close(&store->sets[i]);
	if (store->clock >= 0)
		close(store->clock);
	free(store->taken);
	free(store->in_force);
	*store = (struct bpf_store){ .clock = -1 };
}

void bpf_store_remove(struct bpf_store *store)
{
	unsigned numbers[STORE_SETS_MAX];
	size_t n = bpf_set_list(store->folder, numbers, STORE_SETS_MAX);

	for (size_t i = 0; i < n; i++)
		bpf_set_unpin(store->folder, numbers[i]);
	while (store->set_count)
		bpf_set_close(&store->sets[--store->set_count]);
	bpf_set_unpin_others(store->folder);
	bpf_asked_unpin(store->folder);
	rmdir(store->folder);
}

/* --- counters --- */

static void add_counter(struct bpf_counter *sum, const struct bpf_counter *more)
{
	sum->packets += more->packets;
	sum->bytes += more->bytes;
	if (more->last > sum->last)
		sum->last = more->last;
}

static void add_id(struct bpf_counter *sum, const struct bpf_set *set, uint32_t id)
{
	struct bpf_counter more = bpf_set_count(set, id);

	add_counter(sum, &more);
}

/* What one set counted for a name; with what older ones had, if `based`. */
static void add_set(const struct bpf_set *set, const struct bpf_name *name,
		    bool based, struct bpf_counter *sum)
{
	struct bpf_name_value value;

	if (libbpf.map_lookup_elem(set->maps[MAP_NAMES], name, &value) < 0)
		return;
	if (based)
		add_counter(sum, &value.base);
	if (value.id < set->capacity)
		add_id(sum, set, value.id);
}

/* The oldest set that stands says what came before it; a newer one's base is what these sum up to,
 * or not written yet. */
static struct bpf_counter sum_of(struct bpf_store *store, const struct bpf_name *name,
				 size_t set_count)
{
	struct bpf_counter sum = { 0 };

	for (size_t i = 0; i < set_count; i++)
		add_set(&store->sets[i], name, i == 0, &sum);
	return sum;
}

/* While an older set stands, name by name. */
static struct bpf_counter sum_now(struct bpf_store *store, const struct bpf_name *name,
				  const struct bpf_name_value *value)
{
	struct bpf_counter sum = value->base;

	if (store->set_count > 1)
		return sum_of(store, name, store->set_count);
	add_id(&sum, bpf_store_set(store), value->id);
	return sum;
}

int bpf_store_each(struct bpf_store *store, bpf_store_fn *each, void *ctx)
{
	struct bpf_set *set = bpf_store_set(store);
	struct name_list list;

	if (!set)
		return 0;
	bpf_set_settle(set);
	list = list_names(set);
	for (size_t i = 0; i < list.n; i++) {
		const struct bpf_name_value *value = &list.values[i];
		struct bpf_counter sum;

		if (value->id >= set->capacity)
			continue;
		sum = sum_now(store, &list.names[i], value);
		each(ctx, &list.names[i], &sum, store->in_force[value->id]);
	}
	release_names(&list);
	return 0;
}

/* A counter that nobody has, at 0. */
static int take_counter(struct bpf_store *store, uint32_t *out_id)
{
	const struct bpf_set *set = bpf_store_set(store);
	uint32_t id = 0;

	/* the last one is no rule's */
	while (id + 1 < set->capacity && (store->taken[id] || !bpf_set_clear_counter(set, id)))
		id++;
	if (id + 1 >= set->capacity)
		return -ENOSPC;
	store->taken[id] = 1;
	*out_id = id;
	return 0;
}

int bpf_store_counter(struct bpf_store *store, const struct bpf_name *name, uint32_t *out_id)
{
	const struct bpf_set *set = bpf_store_set(store);
	struct bpf_name_value value = { 0 };
	int status;

	if (libbpf.map_lookup_elem(set->maps[MAP_NAMES], name, &value) == 0) {
		*out_id = value.id;
		return 0;
	}
	status = take_counter(store, &value.id);
	if (status < 0)
		return status;
	if (libbpf.map_update_elem(set->maps[MAP_NAMES], name, &value, BPF_ANY) < 0)
		return -errno;
	*out_id = value.id;
	return 0;
}

int bpf_store_forget(struct bpf_store *store)
{
	struct bpf_set *set = bpf_store_set(store);
	struct name_list list;

	if (!set)
		return 0;
	bpf_set_settle(set);
	list = list_names(set);
	for (size_t i = 0; i < list.n; i++) {
		uint32_t id = list.values[i].id;

		if (id >= set->capacity || store->in_force[id])
			continue;
		libbpf.map_delete_elem(set->maps[MAP_NAMES], &list.names[i]);
		store->taken[id] = 0;
	}
	release_names(&list);
	return 0;
}

/* --- from set to set --- */

static uint32_t power_above(uint32_t least, uint32_t n)
{
	while (least < n && least < UINT32_C(1) << 30)
		least *= 2;
	return least;
}

static int copy_names(struct bpf_store *store, const struct bpf_set *from)
{
	struct name_list list = list_names(from);
	int status = 0;
	uint32_t id;

	for (size_t i = 0; i < list.n && status == 0; i++)
		status = bpf_store_counter(store, &list.names[i], &id);
	release_names(&list);
	return status;
}

static int copy_hooks(const struct bpf_set *from, const struct bpf_set *to)
{
	struct bpf_hook_key key, next;
	const struct bpf_hook_key *at = NULL;
	struct bpf_hook_value value;

	while (libbpf.map_get_next_key(from->maps[MAP_HOOKS], at, &next) == 0) {
		key = next;
		at = &key;
		if (libbpf.map_lookup_elem(from->maps[MAP_HOOKS], &key, &value) < 0)
			continue;
		value.program = 0;		/* the one that runs reads the older set */
		if (libbpf.map_update_elem(to->maps[MAP_HOOKS], &key, &value, BPF_ANY) < 0)
			return -errno;
	}
	return 0;
}

int bpf_store_add_set(struct bpf_store *store, uint32_t image_bytes, uint32_t counters)
{
	const struct bpf_set *old = bpf_store_set(store);
	unsigned number = old ? old->number + 1 : 1;
	uint32_t bytes = power_above(IMAGE_BYTES_MIN, image_bytes) +
			 (uint32_t)BPF_IMAGE_SPARE;
	struct bpf_set set;
	int status;

	counters += old ? old->capacity : 0;
	if (store->set_count == STORE_SETS_MAX)
		return -EUSERS;
	status = bpf_set_new(number, bytes, power_above(COUNTERS_MIN, 2 * counters), old, &set);
	if (status < 0)
		return status;
	store->sets[store->set_count++] = set;
	note_set(store);
	if (old)
		status = copy_names(store, old);
	if (old && status == 0)
		status = copy_hooks(old, &set);
	status = status < 0 ? status : bpf_set_pin(&set, store->folder);
	if (status < 0)
		bpf_store_drop_set(store);
	return status;
}

static void drop_first(struct bpf_store *store)
{
	bpf_set_unpin(store->folder, store->sets[0].number);
	bpf_set_close(&store->sets[0]);
	store->set_count--;
	memmove(store->sets, store->sets + 1, store->set_count * sizeof(store->sets[0]));
}

void bpf_store_drop_set(struct bpf_store *store)
{
	struct bpf_set *set = bpf_store_set(store);

	bpf_set_unpin(store->folder, set->number);
	bpf_set_close(set);
	if (--store->set_count)
		note_set(store);
}

/* A base is written, not added to: so all this may be done twice. */
void bpf_store_settle(struct bpf_store *store)
{
	if (store->set_count > 1)
		grace_wait();			/* the programs that were replaced may still count */
	while (store->set_count > 1) {
		const struct bpf_set *next = &store->sets[1];
		struct name_list list = list_names(next);

		for (size_t i = 0; i < list.n; i++) {
			list.values[i].base = sum_of(store, &list.names[i], 1);
			libbpf.map_update_elem(next->maps[MAP_NAMES], &list.names[i],
					       &list.values[i], BPF_ANY);
		}
		release_names(&list);
		drop_first(store);
	}
}
