/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that read and decode ahead: one lock, two conditions, no other state is shared. */
#include "source/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/memory.h"
#include "os/clock.h"
#include "os/signals.h"

/* More of them cost memory and win nothing: one thread remembers, and it is soon the last. */
#define LOADS_MAX 6
/* How often one who waits looks whether the user asked to stop. */
#define WAIT_NS (100 * 1000 * 1000)

struct slot {
	struct load load;
	bool	    has_memory, is_ready;
};

struct belt {
	struct crew *crew;
	struct feed *feed;
	struct belt *next;
	struct slot *slots;
	size_t	     n;
	/* under the crew's lock: */
	size_t	     taken, given, freed;	/* loads begun, handed over, given back */
	unsigned     workers;			/* at work on it */
	bool	     is_read, has_ended;	/* somebody reads; nothing is left to be read */
};

struct crew {
	struct wire_options wire;
	struct quick_rules  rules;
	pthread_t	   *threads;
	unsigned	    thread_count;
	pthread_mutex_t	    lock;
	pthread_cond_t	    work, ready;
	struct belt	   *belts, *wanted;	/* wanted: somebody waits for it */
	bool		    stop;
};

struct crew *crew_new(const struct wire_options *wire)
{
	struct crew *c = memory_take(sizeof(*c));
	pthread_condattr_t clock;

	c->wire = *wire;
	c->rules = quick_rules_of(wire);
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&c->work, NULL);
	pthread_cond_init(&c->ready, &clock);
	pthread_condattr_destroy(&clock);
	return c;
}

void crew_free(struct crew *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	__atomic_store_n(&c->stop, true, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->thread_count; i++)
		pthread_join(c->threads[i], NULL);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->work);
	pthread_cond_destroy(&c->ready);
	free(c->threads);
	free(c);
}

static bool can_be_read(const struct belt *b)
{
	return !b->is_read && !b->has_ended && b->taken - b->freed < b->n;
}

static struct belt *find_work(const struct crew *c)
{
	if (c->wanted && can_be_read(c->wanted))
		return c->wanted;
	for (struct belt *b = c->belts; b; b = b->next)
		if (can_be_read(b))
			return b;
	return NULL;
}

/* Fills one load and decodes it.  Called and left with the lock held. */
static void work_on(struct crew *c, struct belt *b)
{
	struct slot *slot = &b->slots[b->taken++ % b->n];

	b->is_read = true;
	b->workers++;
	pthread_mutex_unlock(&c->lock);
	if (!slot->has_memory)
		load_init(&slot->load, b->feed->block);
	slot->has_memory = true;
	feed_fill(b->feed, &slot->load);
	pthread_mutex_lock(&c->lock);
	b->is_read = false;
	b->has_ended = slot->load.n == 0;
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->lock);
	load_decode(&slot->load, &c->rules, &c->wire);
	pthread_mutex_lock(&c->lock);
	slot->is_ready = true;
	b->workers--;
	pthread_cond_signal(&c->ready);
}

static void *run_worker(void *arg)
{
	struct crew *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->stop) {
		struct belt *b = find_work(c);

		if (b)
			work_on(c, b);
		else
			pthread_cond_wait(&c->work, &c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

void crew_start(struct crew *c, unsigned threads)
{
	sigset_t all, before;

	c->threads = memory_array(threads, sizeof(*c->threads));
	/* signals are for the thread that remembers, but those of a view for who looks at it */
	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&c->threads[c->thread_count], NULL, run_worker, c) == 0)
			c->thread_count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct belt *belt_new(struct crew *c, struct feed *feed, size_t loads)
{
	struct belt *b = memory_take(sizeof(*b));

	b->crew = c;
	b->feed = feed;
	b->n = loads < LOADS_MAX ? loads : LOADS_MAX;
	b->slots = memory_array(b->n, sizeof(*b->slots));
	feed->stop = &c->stop;
	pthread_mutex_lock(&c->lock);
	b->next = c->belts;
	c->belts = b;
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->lock);
	return b;
}

static void unlink_belt(struct crew *c, struct belt *b)
{
	struct belt **at = &c->belts;

	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	if (c->wanted == b)
		c->wanted = NULL;
}

void belt_free(struct belt *b)
{
	if (!b)
		return;
	pthread_mutex_lock(&b->crew->lock);
	unlink_belt(b->crew, b);
	while (b->workers > 0)
		pthread_cond_wait(&b->crew->ready, &b->crew->lock);
	pthread_mutex_unlock(&b->crew->lock);
	for (size_t i = 0; i < b->n; i++)
		if (b->slots[i].has_memory)
			load_release(&b->slots[i].load);
	free(b->slots);
	free(b);
}

/* With the lock held: until a load is ready, or a moment has passed. */
static void wait_ready(struct crew *c)
{
	struct mtime until = { clock_steady().ns + WAIT_NS };
	struct timespec t = { until.ns / NS_PER_S, until.ns % NS_PER_S };

	pthread_cond_timedwait(&c->ready, &c->lock, &t);
}

const struct load *belt_next(struct belt *b)
{
	struct crew *c = b->crew;
	const struct load *out = NULL;
	struct slot *slot;

	pthread_mutex_lock(&c->lock);
	if (b->given > b->freed) {
		b->slots[b->freed++ % b->n].is_ready = false;
		pthread_cond_signal(&c->work);
	}
	slot = &b->slots[b->given % b->n];
	c->wanted = b;
	while (!slot->is_ready && !signals_stop_asked()) {
		if (can_be_read(b))
			work_on(c, b);
		else
			wait_ready(c);
	}
	if (slot->is_ready) {
		b->given++;
		out = &slot->load;
	}
	pthread_mutex_unlock(&c->lock);
	return out;
}
