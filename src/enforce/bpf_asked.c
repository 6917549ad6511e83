/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of members: made whole, and only then put in the place of the one before, for which the kernel
 * waits until no program reads that.  bpf(2).  Knows no rule. */
#include "enforce/bpf_asked.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

#define PIN_START "asked-v"
#define PATH_BYTES 512

/* --- pins: their names say whose they are --- */

/* The file system allows no dot, and names have no plus. */
static void swap_all(char *text, char from, char to)
{
	for (; (text = strchr(text, from)); text++)
		*text = to;
}

static void pin_name(const struct bpf_asked_key *key, char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, PIN_START "%u-%u-%s", BPF_LAYOUT_VERSION, key->direction,
		 key->boundary);
	swap_all(out, '.', '+');
}

static void pin_path(const struct bpf_store *store, const struct bpf_asked_key *key,
		     char out[2 * PATH_BYTES])
{
	char name[PATH_BYTES];

	pin_name(key, name);
	snprintf(out, 2 * PATH_BYTES, "%s/%s", store->folder, name);
}

static bool is_pin(const char *name)
{
	return strncmp(name, PIN_START, strlen(PIN_START)) == 0;
}

/* False for what is no pin of this version. */
static bool key_of_pin(const char *name, struct bpf_asked_key *out)
{
	struct bpf_asked_key key = { 0 };
	unsigned version, direction;
	int at = 0;

	if (sscanf(name, PIN_START "%u-%u-%n", &version, &direction, &at) != 2 || at == 0 ||
	    version != BPF_LAYOUT_VERSION || direction > DIRECTION_OUT ||
	    strlen(name + at) >= sizeof(key.boundary))
		return false;
	key.direction = (uint8_t)direction;
	snprintf(key.boundary, sizeof(key.boundary), "%s", name + at);
	swap_all(key.boundary, '+', '.');
	*out = key;
	return true;
}

void bpf_asked_unpin(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[2 * PATH_BYTES];

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (is_pin(entry->d_name))
			unlink(path);
	}
	if (dir)
		closedir(dir);
}

/* --- which are asked for --- */

/* The image is ours, but it was read from the kernel: nothing outside of it is looked at. */
static bool asks_for(const struct bpf_set *set, uint32_t slot, const struct bpf_asked_key *key)
{
	const struct bpf_image *image = bpf_set_image(set);
	uint32_t offset = image->slots[slot].side.asked;

	return image->slots[slot].is_active && offset > 0 && offset % 8 == 0 &&
	       offset < set->image_bytes - sizeof(*key) &&
	       memcmp((const char *)image + offset, key, sizeof(*key)) == 0;
}

static bool is_asked_for(struct bpf_store *store, const struct bpf_asked_key *key)
{
	for (size_t i = 0; i < store->set_count; i++)
		for (uint32_t slot = 0; slot < BPF_SLOTS; slot++)
			if (asks_for(&store->sets[i], slot, key))
				return true;
	return false;
}

typedef void change_call(struct bpf_set *set, uint32_t slot);

/* For every slot that asks, of older sets too, whose programs may still run. */
static void each_slot(struct bpf_store *store, const struct bpf_asked_key *key, change_call *call)
{
	for (size_t i = 0; i < store->set_count; i++)
		for (uint32_t slot = 0; slot < BPF_SLOTS; slot++)
			if (asks_for(&store->sets[i], slot, key))
				call(&store->sets[i], slot);
}

/* --- writing --- */

static struct bpf_member member_of(const struct enforce_member *m)
{
	return (struct bpf_member){
		.source_hi = m->source.hi, .source_lo = m->source.lo,
		.group_hi = m->group.hi, .group_lo = m->group.lo,
		.kind = addr_is_there(m->source) ? BPF_MEMBER_PAIR : BPF_MEMBER_GROUP,
	};
}

static int fill(int fd, const struct enforce_asked *asked, uint32_t n, bool is_known)
{
	struct bpf_member *keys = memory_array(n + 1, sizeof(*keys));
	uint8_t *values = memory_take(n + 1);
	uint32_t all = n + is_known;
	int status = 0;

	for (uint32_t i = 0; i < n; i++)
		keys[i] = member_of(&asked->list[i]);
	keys[n] = (struct bpf_member){ .kind = BPF_MEMBER_KNOWN };
	if (all > 0 && bpf_map_update_batch(fd, keys, values, &all, NULL) < 0)
		status = -errno;
	free(keys);
	free(values);
	return status;
}

/* A map that holds it: a descriptor or negative errno. */
static int make_members(const struct enforce_asked *asked)
{
	bool fits = asked->n <= BPF_MEMBERS_MAX;
	uint32_t n = fits ? (uint32_t)asked->n : BPF_MEMBERS_MAX;
	int fd = bpf_set_members_new(n + 1), status;

	if (fd < 0)
		return fd;
	status = fill(fd, asked, n, asked->is_known && fits);
	if (status == 0)
		return fd;
	close(fd);
	return status;
}

/* Whoever opens the pin after this was cut off reads what was told last.  The update returns when no program
 * reads the map before, so what is remembered from then on was decided by this one. */
static int put_in_force(struct bpf_store *store, const struct bpf_asked_key *key, int members)
{
	char path[2 * PATH_BYTES], next[2 * PATH_BYTES];

	pin_path(store, key, path);
	snprintf(next, sizeof(next), "%s/" PIN_START "next", store->folder);
	unlink(next);
	if (bpf_obj_pin(members, next) < 0 || rename(next, path) < 0)
		return -errno;
	each_slot(store, key, bpf_set_begin_change);
	if (bpf_map_update_elem(bpf_store_set(store)->maps[MAP_ASKED], key, &members, BPF_ANY) < 0)
		return -errno;
	each_slot(store, key, bpf_set_end_change);
	return 0;
}

int bpf_asked_write(struct bpf_store *store, const struct enforce_asked *asked)
{
	struct bpf_asked_key key = { .direction = (uint8_t)asked->direction };
	int members, status;

	snprintf(key.boundary, sizeof(key.boundary), "%s", asked->boundary);
	if (!is_asked_for(store, &key))
		return 0;
	members = make_members(asked);
	if (members < 0)
		return members;
	status = put_in_force(store, &key, members);
	close(members);
	return status;
}

/* --- reading --- */

static void tell_member(const struct bpf_asked_key *key, const struct bpf_member *m,
			enforce_asked_fn *each, void *ctx)
{
	uint8_t family = m->group_hi == 0 ? FAMILY_IP4 : FAMILY_IP6;
	struct enforce_member member = { .source = ADDR_ANY,
					 .group = { m->group_hi, m->group_lo, family } };
	struct enforce_asked asked = { .boundary = key->boundary, .direction = key->direction,
				       .is_known = m->kind == BPF_MEMBER_KNOWN,
				       .list = &member, .n = m->kind != BPF_MEMBER_KNOWN };

	if (m->kind == BPF_MEMBER_PAIR)
		member.source = (struct addr){ m->source_hi, m->source_lo, family };
	each(ctx, &asked);
}

static void read_members(int fd, const struct bpf_asked_key *key, enforce_asked_fn *each, void *ctx)
{
	struct bpf_member at, next;
	const struct bpf_member *from = NULL;

	while (bpf_map_get_next_key(fd, from, &next) == 0) {
		at = next;
		from = &at;
		tell_member(key, &at, each, ctx);
	}
}

int bpf_asked_read(struct bpf_store *store, enforce_asked_fn *each, void *ctx)
{
	DIR *dir = opendir(store->folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct bpf_asked_key key;
		char path[2 * PATH_BYTES];
		int fd;

		if (!key_of_pin(entry->d_name, &key))
			continue;
		pin_path(store, &key, path);
		fd = bpf_obj_get(path);
		if (fd < 0)
			continue;
		read_members(fd, &key, each, ctx);
		close(fd);
	}
	if (dir)
		closedir(dir);
	return 0;
}

/* --- what is not asked for any more --- */

void bpf_asked_settle(struct bpf_store *store)
{
	DIR *dir = opendir(store->folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct bpf_asked_key key;
		char path[2 * PATH_BYTES];

		if (!is_pin(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", store->folder, entry->d_name);
		if (!key_of_pin(entry->d_name, &key)) {
			unlink(path);
		} else if (!is_asked_for(store, &key)) {
			bpf_map_delete_elem(bpf_store_set(store)->maps[MAP_ASKED], &key);
			unlink(path);
		}
	}
	if (dir)
		closedir(dir);
}
