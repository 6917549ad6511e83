/* SPDX-License-Identifier: BSD-2-Clause */
/* The back end of XDP and tc: what enforce.c calls.  Installs a parcel as one image that all programs
 * read from one moment on; adopts what stands; reads counters.  Knows no policy. */
#include "enforce/bpf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/bpf_asked.h"
#include "enforce/bpf_attach.h"
#include "enforce/bpf_compile.h"
#include "enforce/bpf_hooks.h"
#include "enforce/bpf_parcel.h"
#include "enforce/bpf_store.h"
#include "enforce/libbpf.h"

/* A parcel that was looked over: every offset lies inside. */
struct view {
	const struct parcel	 *head;
	const struct parcel_hook *hooks;
	const struct parcel_name *names;
	const uint8_t		 *image;
};

/* --- parcels: from a process without privileges, so nothing in them is believed --- */

static bool is_text(const char *text, size_t n)
{
	return memchr(text, '\0', n) != NULL;
}

static bool is_hook_whole(const struct parcel *head, const struct parcel_hook *h)
{
	return is_text(h->boundary, sizeof(h->boundary)) && is_text(h->link, sizeof(h->link)) &&
	       h->hook < HOOK_COUNT &&
	       (h->backend == BACKEND_TC ||
		(h->backend == BACKEND_XDP && h->hook == HOOK_INGRESS)) &&
	       h->names_first <= head->name_count &&
	       h->names_n <= head->name_count - h->names_first &&
	       h->ids % sizeof(uint32_t) == 0 &&
	       (uint64_t)h->ids + h->names_n * sizeof(uint32_t) <= head->image_bytes;
}

static bool open_parcel(struct span bytes, struct view *out)
{
	struct rd r = rd_of(bytes);
	struct view v;

	v.head = (const void *)rd_take(&r, sizeof(*v.head)).p;
	if (!rd_ok(&r) || v.head->magic != PARCEL_MAGIC || v.head->version != BPF_LAYOUT_VERSION ||
	    v.head->hook_count > BPF_SLOTS || v.head->image_bytes < sizeof(struct bpf_image))
		return false;
	v.hooks = (const void *)rd_take(&r, v.head->hook_count * sizeof(*v.hooks)).p;
	v.names = (const void *)rd_take(&r, v.head->name_count * sizeof(*v.names)).p;
	v.image = rd_take(&r, v.head->image_bytes).p;
	if (!rd_ok(&r) || rd_left(&r) > 0)
		return false;
	for (size_t i = 0; i < v.head->hook_count; i++)
		if (!is_hook_whole(v.head, &v.hooks[i]))
			return false;
	for (size_t i = 0; i < v.head->name_count; i++)
		if (!is_text(v.names[i].rule, sizeof(v.names[i].rule)))
			return false;
	*out = v;
	return true;
}

/* --- the image --- */

static struct bpf_name name_of(const struct parcel_hook *h, const struct parcel_name *n)
{
	struct bpf_name name = { .hook = h->hook, .refused = (uint8_t)(n->refused != 0) };

	snprintf(name.boundary, sizeof(name.boundary), "%s", h->boundary);
	snprintf(name.rule, sizeof(name.rule), "%s", n->rule);
	snprintf(name.link, sizeof(name.link), "%s", h->link);
	return name;
}

static int number_counters(struct bpf_store *store, const struct view *v,
			   const struct parcel_hook *h, uint8_t *image)
{
	for (uint32_t i = 0; i < h->names_n; i++) {
		const struct parcel_name *n = &v->names[h->names_first + i];
		struct bpf_name name = name_of(h, n);
		uint32_t id = UINT32_MAX;
		int status = n->rule[0] ? bpf_store_counter(store, &name, &id) : 0;

		if (status < 0)
			return status;
		memcpy(image + h->ids + i * sizeof(id), &id, sizeof(id));
	}
	return 0;
}

/* What a slot of it remembers is that of no other image. */
static void stamp_image(const struct bpf_set *set, struct bpf_image *head)
{
	head->serial = bpf_set_image(set)->serial;
	for (uint32_t i = 0; i < BPF_SLOTS; i++)
		if (head->slots[i].is_active)
			head->slots[i].word |= (uint64_t)++head->serial << BPF_WORD_STAMP_SHIFT;
}

/* Where stamps run out, what is remembered is left behind with its maps. */
static bool has_stamps(const struct bpf_set *set)
{
	return bpf_set_image(set)->serial < BPF_STAMPS - 2 * BPF_SLOTS;
}

/* The parcel's image with slots and counters as they are to be, where the next one is written. */
static int write_image(struct bpf_store *store, const struct view *v, const struct bpf_hooks *hooks)
{
	struct bpf_image *head = bpf_set_image_next(bpf_store_set(store), v->head->image_bytes);
	uint8_t *image = (uint8_t *)head;
	const struct bpf_image *from = (const void *)v->image;
	int status = 0;

	memcpy(image, v->image, v->head->image_bytes);
	memset(head->slots, 0, sizeof(head->slots));
	for (size_t i = 0; i < v->head->hook_count && status == 0; i++) {
		struct bpf_slot *slot = &head->slots[hooks->list[i].value.slot];

		*slot = from->slots[i];
		slot->ids = v->hooks[i].ids;
		slot->id_count = v->hooks[i].names_n;
		status = number_counters(store, v, &v->hooks[i], image);
	}
	stamp_image(bpf_store_set(store), head);
	return status;
}

/* --- install --- */

/* One counter for each name of each hook. */
static uint32_t count_names(const struct view *v)
{
	uint32_t n = 0;

	for (size_t i = 0; i < v->head->hook_count; i++)
		n += v->hooks[i].names_n;
	return n;
}

static bool fits(struct bpf_store *store, const struct view *v)
{
	const struct bpf_set *set = bpf_store_set(store);

	return set && set->image_bytes - BPF_IMAGE_SPARE >= v->head->image_bytes &&
	       has_stamps(set);
}

static int explain(struct text *error, const char *what, int status)
{
	if (status < 0 && error->n == 0)
		text_printf(error, "%s: %s", what, strerror(-status));
	return status;
}

/* The new image is in force for programs that run when they are told of it, and for those of a new
 * set when they take the place of the old ones. */
static int put_in_force(struct bpf_store *store, const struct view *v, struct bpf_hooks *hooks,
			bool is_new_set, struct text *error)
{
	int status = write_image(store, v, hooks);

	if (status < 0)
		return explain(error, "cannot load the policy", status);
	if (!is_new_set)
		status = bpf_hooks_attach(hooks, store, error);
	if (status < 0)
		return status;
	bpf_set_switch(bpf_store_set(store));
	bpf_store_note_image(store);
	return is_new_set ? bpf_hooks_attach(hooks, store, error) : 0;
}

static int try_view(struct bpf_store *store, const struct view *v, bool is_new_set,
		    struct text *error)
{
	struct bpf_hooks hooks;
	int status = bpf_hooks_plan(&hooks, store, v->hooks, v->head->hook_count);

	if (status == 0)
		status = put_in_force(store, v, &hooks, is_new_set, error);
	if (status == 0) {
		bpf_hooks_settle(&hooks, store);
		bpf_set_unpin_others(store->folder);
	}
	bpf_hooks_release(&hooks);
	return status;
}

/* A new set of maps, where the one that stands is too small. */
static int install_set(struct bpf_store *store, const struct view *v, struct text *error)
{
	int status;

	text_reset(error);
	status = explain(error, "cannot make the maps",
			 bpf_store_add_set(store, v->head->image_bytes, count_names(v)));
	if (status < 0)
		return status;
	status = try_view(store, v, true, error);
	if (status < 0)
		bpf_store_drop_set(store);
	else
		bpf_store_settle(store);
	return status;
}

/* An install that was cut off has left two sets: programs of both may run. */
static int go_on(struct bpf_store *store, const struct view *v, struct text *error)
{
	int status = try_view(store, v, true, error);

	if (status == 0)
		bpf_store_settle(store);
	return status;
}

static int install_view(struct bpf_store *store, const struct view *v, struct text *error)
{
	int status = bpf_store_make_folder(store, error);

	if (status < 0)
		return status;
	if (!fits(store, v))
		return install_set(store, v, error);
	if (store->set_count > 1)
		status = go_on(store, v, error);
	else
		status = try_view(store, v, false, error);
	return status == -ENOSPC ? install_set(store, v, error) : status;
}

static int clear(struct bpf_store *store)
{
	struct bpf_set *set = bpf_store_set(store);
	struct bpf_image *empty;

	if (!set)
		return 0;
	bpf_hooks_detach_all(store);
	empty = bpf_set_image_next(set, 0);
	empty->version = BPF_LAYOUT_VERSION;
	empty->serial = bpf_set_image(set)->serial;
	bpf_set_switch(set);
	bpf_store_note_image(store);
	return 0;
}

/* Read from memory of its own, which is aligned. */
static int install(void *state, struct span bytes, struct text *error)
{
	struct bpf_store *store = state;
	struct view v;
	uint8_t *copy;
	int status;

	text_reset(error);
	if (bytes.n == 0)
		return clear(store);
	copy = memory_take(bytes.n);
	memcpy(copy, bytes.p, bytes.n);
	if (open_parcel((struct span){ copy, bytes.n }, &v)) {
		status = install_view(store, &v, error);
	} else {
		text_put(error, "the compiled policy is of another version, or damaged");
		status = -EBADMSG;
	}
	free(copy);
	return status;
}

static void settle(void *state)
{
	struct bpf_set *set = bpf_store_set(state);

	if (!set)
		return;
	bpf_set_settle(set);
	bpf_asked_settle(state);
}

/* --- the other calls --- */

#define USUAL_FOLDER "/sys/fs/bpf/weir"

static void probe(struct enforce_support *out)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const char *why = "";
	char text[ENFORCE_WHY];
	int fd = -1, helper = 1;
	bool is_there = libbpf_load() == 0;

	if (is_there) {
		fd = libbpf.prog_load(BPF_PROG_TYPE_XDP, "weir_probe", "GPL", nothing, 2, NULL);
		helper = libbpf.probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes, NULL);
	}
	if (!is_there) {
		why = "no libbpf";
	} else if (fd < 0) {
		snprintf(text, sizeof(text), "no BPF: %s%s", strerror(-fd),
			 fd == -EPERM ? " (needs CAP_BPF and CAP_NET_ADMIN)" : "");
		why = text;
	} else if (helper != 1) {
		why = "this kernel is older than 5.18";
	} else if (!bpf_store_may_stand(USUAL_FOLDER)) {
		why = "no bpf file system at /sys/fs/bpf, and no right to mount one";
	}
	snprintf(out->why_not[BACKEND_XDP], ENFORCE_WHY, "%s", why);
	snprintf(out->why_not[BACKEND_TC], ENFORCE_WHY, "%s", why);
	if (fd >= 0)
		close(fd);
}

static int open_state(const char *pin_folder, void **out_state)
{
	struct bpf_store *store = memory_take(sizeof(*store));
	int status = bpf_store_open(pin_folder, store);

	if (status < 0)
		free(store);
	else
		*out_state = store;
	return status;
}

static void close_state(void *state)
{
	bpf_store_close(state);
	free(state);
}

static int remove_all(void *state, struct text *error)
{
	struct bpf_store *store = state;

	(void)error;
	if (bpf_store_set(store))
		bpf_hooks_detach_all(store);
	bpf_store_remove(store);
	return 0;
}

static int64_t now_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

struct counting {
	struct bpf_store *store;
	enforce_count_fn *each;
	void		 *ctx;
	struct bpf_clock  clock;	/* zeros: no time is known */
	int64_t		  now_ns;	/* by the clock of the world */
};

static void tell_count(void *ctx, const struct bpf_name *name, const struct bpf_counter *sum,
		       bool is_in_force)
{
	const struct counting *c = ctx;
	struct enforce_count count = {
		.boundary = name->boundary, .rule = name->rule, .link = name->link,
		.hook = name->hook, .refused = name->refused, .gone = !is_in_force,
		.packets = sum->packets, .bytes = sum->bytes,
		.backend = bpf_hooks_backend(c->store, name->link, name->hook),
	};

	if (sum->last && c->clock.ticks_per_s)
		count.last_ns = c->now_ns - (int64_t)(c->clock.ticks - sum->last) * NS_PER_S /
						    c->clock.ticks_per_s;
	c->each(c->ctx, &count);
}

static int counts(void *state, enforce_count_fn *each, void *ctx, struct text *error)
{
	struct counting c = { .store = state, .each = each, .ctx = ctx };

	(void)error;
	if (bpf_clock_read(c.store->clock, &c.clock) < 0)
		c.clock = (struct bpf_clock){ 0 };
	c.now_ns = now_of(CLOCK_REALTIME);
	return bpf_store_each(state, tell_count, &c);
}

static int forget(void *state, struct text *error)
{
	(void)error;
	return bpf_store_forget(state);
}

static int tell_asked(void *state, const struct enforce_asked *asked, struct text *error)
{
	return explain(error, "cannot load who asked for what", bpf_asked_write(state, asked));
}

static int asked(void *state, enforce_asked_fn *each, void *ctx, struct text *error)
{
	(void)error;
	return bpf_asked_read(state, each, ctx);
}

int bpf_load_program(const char *pin_folder, unsigned slot, enum hook hook, bool is_xdp)
{
	struct bpf_store store;
	int status = bpf_store_open(pin_folder, &store);

	if (status < 0)
		return status;
	status = -ENOENT;
	if (bpf_store_set(&store))
		status = bpf_set_load(bpf_store_set(&store), &(struct bpf_program_options){
			.slot = slot, .hook = hook, .is_xdp = is_xdp,
			.ticks_per_s = store.ticks_per_s });
	bpf_store_close(&store);
	return status;
}

const struct backend_calls bpf_backend = {
	.probe = probe, .compile = bpf_compile, .open = open_state, .close = close_state,
	.install = install, .settle = settle, .remove = remove_all, .counts = counts, .forget = forget,
	.tell_asked = tell_asked, .asked = asked,
};
