/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of members: what is told is compared with what stands, and each that is new or gone is one update.
 * Nothing waits for the kernel, but for the first member of a map.  bpf(2).  Knows no rule. */
#include "enforce/bpf_asked.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/libbpf.h"

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

/* --- members --- */

static const struct bpf_member known = { .kind = BPF_MEMBER_KNOWN };

struct member_list {
	struct bpf_member *list;		/* in order */
	size_t		   n;
};

static int order_members(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct bpf_member));
}

static bool has_member(const struct member_list *members, const struct bpf_member *m)
{
	return bsearch(m, members->list, members->n, sizeof(*m), order_members) != NULL;
}

static struct bpf_member member_of(const struct enforce_member *m)
{
	return (struct bpf_member){
		.source_hi = m->source.hi, .source_lo = m->source.lo,
		.group_hi = m->group.hi, .group_lo = m->group.lo,
		.kind = addr_is_there(m->source) ? BPF_MEMBER_PAIR : BPF_MEMBER_GROUP,
	};
}

/* What the map is to hold. */
static struct member_list list_wanted(const struct enforce_asked *asked)
{
	bool fits = asked->n <= BPF_MEMBERS_MAX;
	struct member_list w = { .n = fits ? asked->n : BPF_MEMBERS_MAX };

	w.list = memory_array(w.n + 1, sizeof(*w.list));
	for (size_t i = 0; i < w.n; i++)
		w.list[i] = member_of(&asked->list[i]);
	if (asked->is_known && fits)
		w.list[w.n++] = known;
	qsort(w.list, w.n, sizeof(*w.list), order_members);
	return w;
}

/* What it holds.  Many at once: a system call for each would be most of the time. */
static struct member_list list_standing(int fd)
{
	struct member_list s = { .list = memory_array(BPF_MEMBERS_ROOM, sizeof(*s.list)) };
	uint8_t *values = memory_take(BPF_MEMBERS_ROOM);
	uint32_t token, *from = NULL;
	int status = 0;

	while (status == 0 && s.n < BPF_MEMBERS_ROOM) {
		uint32_t n = BPF_MEMBERS_ROOM - (uint32_t)s.n;

		status = libbpf.map_lookup_batch(fd, from, &token, s.list + s.n, values + s.n, &n,
						 NULL);
		if (status == 0 || status == -ENOENT)
			s.n += n;
		from = &token;
	}
	free(values);
	qsort(s.list, s.n, sizeof(*s.list), order_members);
	return s;
}

/* --- writing --- */

static int put_member(int fd, const struct bpf_member *m)
{
	const uint8_t value = 1;

	return libbpf.map_update_elem(fd, m, &value, BPF_ANY) < 0 ? -errno : 0;
}

/* That all is known holds only while it does: it goes first and comes last.  Who stays is there all the
 * time, and who takes another's place comes before that goes.  How many came and went, or negative
 * errno. */
static int change_members(int fd, const struct member_list *is, const struct member_list *wanted)
{
	int status = 0, changes = 0;

	if (has_member(is, &known) && !has_member(wanted, &known))
		changes += libbpf.map_delete_elem(fd, &known) == 0;
	for (size_t i = 0; i < wanted->n && status == 0; i++) {
		if (wanted->list[i].kind == BPF_MEMBER_KNOWN || has_member(is, &wanted->list[i]))
			continue;
		status = put_member(fd, &wanted->list[i]);
		changes++;
	}
	for (size_t i = 0; i < is->n && status == 0; i++)
		if (is->list[i].kind != BPF_MEMBER_KNOWN && !has_member(wanted, &is->list[i]))
			changes += libbpf.map_delete_elem(fd, &is->list[i]) == 0;
	if (status == 0 && has_member(wanted, &known) && !has_member(is, &known)) {
		status = put_member(fd, &known);
		changes++;
	}
	if (status < 0)
		libbpf.map_delete_elem(fd, &known);
	return status < 0 ? status : changes;
}

/* The map of a boundary and a direction, which begins empty; the pin comes last, so that what is pinned
 * is in force. */
static int open_members(const struct bpf_store *store, const struct bpf_set *set,
			const struct bpf_asked_key *key)
{
	char path[2 * PATH_BYTES];
	int fd, status = 0;

	pin_path(store, key, path);
	fd = libbpf.obj_get(path);
	if (fd >= 0)
		return fd;
	fd = bpf_set_members_new();
	if (fd < 0)
		return fd;
	if (libbpf.map_update_elem(set->maps[MAP_ASKED], key, &fd, BPF_ANY) < 0 ||
	    libbpf.obj_pin(fd, path) < 0)
		status = -errno;
	if (status == 0)
		return fd;
	close(fd);
	return status;
}

static int write_members(struct bpf_store *store, const struct bpf_asked_key *key, int fd,
			 const struct enforce_asked *asked)
{
	struct member_list wanted = list_wanted(asked), is = list_standing(fd);
	int status;

	each_slot(store, key, bpf_set_begin_change);
	status = change_members(fd, &is, &wanted);
	if (status != 0)
		each_slot(store, key, bpf_set_end_change);
	free(wanted.list);
	free(is.list);
	return status < 0 ? status : 0;
}

int bpf_asked_write(struct bpf_store *store, const struct enforce_asked *asked)
{
	struct bpf_asked_key key = { .direction = (uint8_t)asked->direction };
	int fd, status;

	snprintf(key.boundary, sizeof(key.boundary), "%s", asked->boundary);
	if (!is_asked_for(store, &key))
		return 0;
	fd = open_members(store, bpf_store_set(store), &key);
	if (fd < 0)
		return fd;
	status = write_members(store, &key, fd, asked);
	close(fd);
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
	struct member_list is = list_standing(fd);

	for (size_t i = 0; i < is.n; i++)
		tell_member(key, &is.list[i], each, ctx);
	free(is.list);
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
		fd = libbpf.obj_get(path);
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
			unlink(path);		/* first: what is pinned is in force */
			libbpf.map_delete_elem(bpf_store_set(store)->maps[MAP_ASKED], &key);
		}
	}
	if (dir)
		closedir(dir);
}
