/* SPDX-License-Identifier: BSD-2-Clause */
/* Hooks of interfaces: an interface that was renamed keeps its program, one that came back gets its
 * slot again.  Knows no image. */
#include "enforce/bpf_hooks.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/bpf_attach.h"
#include "enforce/libbpf.h"

static struct bpf_spot spot_of(const struct bpf_store *store, const struct bpf_hook *h)
{
	return (struct bpf_spot){ .folder = store->folder, .link = h->key.link,
				  .ifindex = h->value.ifindex, .hook = h->key.hook,
				  .backend = h->value.backend };
}

/* --- what is written down --- */

static size_t read_hooks(const struct bpf_set *set, struct bpf_hook *out, size_t max)
{
	const struct bpf_hook_key *at = NULL;
	size_t n = 0;

	while (n < max && libbpf.map_get_next_key(set->maps[MAP_HOOKS], at, &out[n].key) == 0) {
		at = &out[n].key;
		if (libbpf.map_lookup_elem(set->maps[MAP_HOOKS], at, &out[n].value) < 0)
			break;
		n++;
	}
	return n;
}

static void write_down(const struct bpf_set *set, const struct bpf_hook *h)
{
	libbpf.map_update_elem(set->maps[MAP_HOOKS], &h->key, &h->value, BPF_ANY);
}

enum backend bpf_hooks_backend(struct bpf_store *store, const char *link, unsigned hook)
{
	struct bpf_hook_key key = { .hook = (uint8_t)hook };
	struct bpf_hook_value value;
	const struct bpf_set *set = bpf_store_set(store);

	snprintf(key.link, sizeof(key.link), "%s", link);
	if (!set || libbpf.map_lookup_elem(set->maps[MAP_HOOKS], &key, &value) < 0)
		return BACKEND_AUTO;
	return value.backend;
}

/* --- the plan --- */

/* How well an entry that is written down fits: the interface itself, or one of its name. */
static unsigned likeness(const struct bpf_hook *was, const struct parcel_hook *wanted)
{
	if (was->key.hook != wanted->hook)
		return 0;
	if (was->value.ifindex == wanted->ifindex)
		return 2;
	return strcmp(was->key.link, wanted->link) == 0;
}

static struct bpf_hook *find_known(struct bpf_hook *known, size_t n,
				   const struct parcel_hook *wanted, unsigned least)
{
	for (size_t i = 0; i < n; i++)
		if (!known[i].stands && likeness(&known[i], wanted) >= least)
			return &known[i];
	return NULL;
}

static bool is_slot_taken(const struct bpf_hook *list, size_t n, uint32_t slot)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].value.slot == slot)
			return true;
	return false;
}

/* A slot that no program reads, of those that stand and of those that are to stand. */
static int free_slot(const struct bpf_hooks *hooks, size_t planned, const struct bpf_hook *known,
		     size_t known_count)
{
	for (uint32_t slot = 0; slot < BPF_SLOTS; slot++)
		if (!is_slot_taken(hooks->list, planned, slot) &&
		    !is_slot_taken(known, known_count, slot))
			return (int)slot;
	return -ENOSPC;
}

static struct bpf_hook hook_of(const struct parcel_hook *wanted)
{
	struct bpf_hook h = { .key.hook = wanted->hook, .value.ifindex = wanted->ifindex,
			      .value.backend = wanted->backend };

	snprintf(h.key.link, sizeof(h.key.link), "%s", wanted->link);
	return h;
}

/* Takes over from what is written down; `stands` there says that it is taken.  An interface that went
 * leaves its slot to the one that came under its name, and is taken away with the others. */
static void take_over(struct bpf_store *store, struct bpf_hook *h, struct bpf_hook *was)
{
	bool is_same = was->value.ifindex == h->value.ifindex;
	struct bpf_spot spot = spot_of(store, was);

	was->stands = is_same;
	h->was = was->key;
	h->is_renamed = strcmp(was->key.link, h->key.link) != 0;
	h->value.slot = was->value.slot;
	h->value.has_clsact = is_same && was->value.has_clsact;
	if (is_same && was->value.backend == h->value.backend && was->value.program &&
	    bpf_spot_program(&spot) == was->value.program) {
		h->value.program = was->value.program;
		h->stands = true;
	}
}

/* Interfaces that are there first: a name may have gone to another one. */
static int plan_slots(struct bpf_hooks *hooks, struct bpf_store *store,
		      const struct parcel_hook *wanted, struct bpf_hook *known, size_t known_count)
{
	bool *planned = memory_array(hooks->n + 1, sizeof(*planned));
	int status = 0;

	for (unsigned least = 2; least >= 1; least--) {
		for (size_t i = 0; i < hooks->n; i++) {
			struct bpf_hook *was =
				planned[i] ? NULL
					   : find_known(known, known_count, &wanted[i], least);

			if (!was)
				continue;
			take_over(store, &hooks->list[i], was);
			planned[i] = true;
		}
	}
	for (size_t i = 0; i < hooks->n && status >= 0; i++) {
		if (planned[i])
			continue;
		status = free_slot(hooks, i, known, known_count);
		hooks->list[i].value.slot = (uint32_t)(status < 0 ? 0 : status);
	}
	free(planned);
	return status < 0 ? status : 0;
}

int bpf_hooks_plan(struct bpf_hooks *out, struct bpf_store *store, const struct parcel_hook *wanted,
		   size_t n)
{
	struct bpf_hook *known = memory_array(2 * BPF_SLOTS, sizeof(*known));
	size_t known_count = read_hooks(bpf_store_set(store), known, 2 * BPF_SLOTS);
	int status;

	*out = (struct bpf_hooks){ .list = memory_array(n + 1, sizeof(*out->list)), .n = n };
	for (size_t i = 0; i < n; i++)
		out->list[i] = hook_of(&wanted[i]);
	status = plan_slots(out, store, wanted, known, known_count);
	out->others = known;
	for (size_t i = 0; i < known_count; i++)
		if (!known[i].stands)
			known[out->other_count++] = known[i];
	return status;
}

void bpf_hooks_release(struct bpf_hooks *hooks)
{
	free(hooks->list);
	free(hooks->others);
	*hooks = (struct bpf_hooks){ 0 };
}

/* --- attaching --- */

/* Tunnels and the like: their packets begin with the IP header. */
static bool is_bare(const char *link)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), status;

	if (fd < 0)
		return false;
	memcpy(request.ifr_name, link, strnlen(link, IFNAMSIZ - 1));
	status = ioctl(fd, SIOCGIFHWADDR, &request);
	close(fd);
	return status == 0 && request.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
	       request.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK;
}

static uint32_t id_of(int program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t n = sizeof(info);

	return libbpf.obj_get_info_by_fd(program, &info, &n) < 0 ? 0 : info.id;
}

static int attach(struct bpf_store *store, const struct bpf_set *set, struct bpf_hook *h,
		  struct text *error)
{
	struct bpf_program_options options = { .slot = h->value.slot, .hook = h->key.hook,
					       .is_xdp = h->value.backend == BACKEND_XDP,
					       .is_bare = is_bare(h->key.link),
					       .ticks_per_s = store->ticks_per_s };
	struct bpf_spot spot = spot_of(store, h);
	bool made;
	int program = bpf_set_load(set, &options), status;

	if (program < 0) {
		text_reset(error);
		text_printf(error, "cannot load the program for %s: %s", h->key.link,
			    strerror(-program));
		return program;
	}
	status = bpf_spot_attach(&spot, program, &made, error);
	if (status == 0) {
		h->value.program = id_of(program);
		h->value.has_clsact |= made;
		h->is_new = true;
	}
	close(program);
	return status;
}

/* Both hooks of an interface share the clsact: the last of them takes it away. */
static void share_clsact(struct bpf_hooks *hooks, const struct bpf_hook *h)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (hooks->list[i].value.ifindex == h->value.ifindex)
			hooks->list[i].value.has_clsact |= h->value.has_clsact;
}

/* With the program of the older set, where there was one; else nothing stood there. */
static void undo(struct bpf_store *store, struct bpf_hook *h)
{
	const struct bpf_set *older =
		store->set_count > 1 ? &store->sets[store->set_count - 2] : NULL;
	struct bpf_spot spot = spot_of(store, h);
	struct bpf_hook_value was;
	struct text error = { 0 };

	h->is_new = false;
	if (older && libbpf.map_lookup_elem(older->maps[MAP_HOOKS], &h->key, &was) == 0) {
		h->value = was;
		if (attach(store, older, h, &error) == 0)
			write_down(older, h);
		text_release(&error);
		return;
	}
	bpf_spot_detach(&spot, h->value.has_clsact);
	libbpf.map_delete_elem(bpf_store_set(store)->maps[MAP_HOOKS], &h->key);
}

/* Back to the programs that stood before. */
static void undo_all(struct bpf_hooks *hooks, struct bpf_store *store)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (hooks->list[i].is_new)
			undo(store, &hooks->list[i]);
}

/* It is written down at once, so that even a kill in between leaves nothing unknown. */
int bpf_hooks_attach(struct bpf_hooks *hooks, struct bpf_store *store, struct text *error)
{
	const struct bpf_set *set = bpf_store_set(store);

	for (size_t i = 0; i < hooks->n; i++) {
		struct bpf_hook *h = &hooks->list[i];
		int status = h->stands ? 0 : attach(store, set, h, error);

		if (status < 0) {
			undo_all(hooks, store);
			return status;
		}
		if (h->is_new) {
			share_clsact(hooks, h);
			write_down(set, h);
		}
	}
	return 0;
}

/* True where the interface's hook serves the plan in another way: its program was replaced. */
static bool is_replaced(const struct bpf_hooks *hooks, const struct bpf_hook *other)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (hooks->list[i].value.ifindex == other->value.ifindex &&
		    hooks->list[i].key.hook == other->key.hook &&
		    hooks->list[i].value.backend == other->value.backend)
			return true;
	return false;
}

static void detach(struct bpf_store *store, const struct bpf_hook *h)
{
	struct bpf_spot spot = spot_of(store, h);

	bpf_spot_detach(&spot, h->value.has_clsact);
	libbpf.map_delete_elem(bpf_store_set(store)->maps[MAP_HOOKS], &h->key);
}

/* An ingress that went from XDP to tc, or back, has still the other's program. */
static void detach_other_way(struct bpf_store *store, const struct bpf_hook *h)
{
	struct bpf_hook other = *h;
	struct bpf_spot spot;

	if (h->key.hook != HOOK_INGRESS)
		return;
	other.value.backend = h->value.backend == BACKEND_XDP ? BACKEND_TC : BACKEND_XDP;
	spot = spot_of(store, &other);
	bpf_spot_detach(&spot, false);
}

void bpf_hooks_settle(struct bpf_hooks *hooks, struct bpf_store *store)
{
	for (size_t i = 0; i < hooks->other_count; i++) {
		if (is_replaced(hooks, &hooks->others[i]))
			libbpf.map_delete_elem(bpf_store_set(store)->maps[MAP_HOOKS],
					       &hooks->others[i].key);
		else
			detach(store, &hooks->others[i]);
	}
	for (size_t i = 0; i < hooks->n; i++) {
		if (hooks->list[i].is_new)
			detach_other_way(store, &hooks->list[i]);
		if (hooks->list[i].is_renamed)
			libbpf.map_delete_elem(bpf_store_set(store)->maps[MAP_HOOKS],
					       &hooks->list[i].was);
		write_down(bpf_store_set(store), &hooks->list[i]);
	}
}

void bpf_hooks_detach_all(struct bpf_store *store)
{
	struct bpf_hook *known = memory_array(2 * BPF_SLOTS, sizeof(*known));
	size_t n = read_hooks(bpf_store_set(store), known, 2 * BPF_SLOTS);

	for (size_t i = 0; i < n; i++)
		detach(store, &known[i]);
	free(known);
}
