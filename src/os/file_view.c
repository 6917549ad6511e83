/* SPDX-License-Identifier: BSD-2-Clause */
/* Views of files by mmap(2).  A load behind the end of the file raises SIGBUS, whose handler puts
 * zeros in place of all that is behind it.  The handler asks only the table of views, whose
 * entries are written whole before they are used. */
#include "os/file_view.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22		/* Linux 5.14 */
#endif

struct file_view {
	uint8_t *bytes;			/* NULL: not in use */
	size_t	 size, passed, page;
	bool	 is_lost;
};

static struct file_view views[FILE_VIEWS_MAX];
static struct sigaction sigbus_before;
static size_t views_open;

/* Zeros from the page of `at` to the end. */
static bool blank(struct file_view *v, const uint8_t *at)
{
	uint8_t *page = v->bytes + (size_t)(at - v->bytes) / v->page * v->page;
	size_t left = (size_t)(v->bytes + v->size - page);

	return mmap(page, left, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page;
}

static void hear_sigbus(int number, siginfo_t *info, void *context)
{
	const uint8_t *at = info->si_addr;
	int error = errno;

	(void)context;
	for (size_t i = 0; i < FILE_VIEWS_MAX; i++) {
		struct file_view *v = &views[i];

		if (!v->bytes || at < v->bytes || at >= v->bytes + v->size || !blank(v, at))
			continue;
		__atomic_store_n(&v->is_lost, true, __ATOMIC_RELAXED);
		errno = error;
		return;
	}
	sigaction(number, &sigbus_before, NULL);	/* not ours: it comes again */
}

static void guard(void)
{
	struct sigaction action = { .sa_sigaction = hear_sigbus, .sa_flags = SA_SIGINFO };

	if (views_open++ == 0)
		sigaction(SIGBUS, &action, &sigbus_before);
}

static void unguard(void)
{
	if (--views_open == 0)
		sigaction(SIGBUS, &sigbus_before, NULL);
}

static struct file_view *find_free(void)
{
	for (size_t i = 0; i < FILE_VIEWS_MAX; i++)
		if (!views[i].bytes)
			return &views[i];
	return NULL;
}

struct file_view *file_view_new(int fd, size_t size)
{
	struct file_view *v = find_free();
	void *bytes;

	if (!v || size == 0)
		return NULL;
	bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return NULL;
	*v = (struct file_view){ .size = size, .page = (size_t)sysconf(_SC_PAGESIZE) };
	v->bytes = bytes;
	guard();
	return v;
}

void file_view_free(struct file_view *view)
{
	uint8_t *bytes;

	if (!view)
		return;
	bytes = view->bytes;
	view->bytes = NULL;
	munmap(bytes, view->size);
	unguard();
}

const uint8_t *file_view_bytes(const struct file_view *view)
{
	return view->bytes;
}

bool file_view_fetch(struct file_view *view, size_t from, size_t to)
{
	size_t first = from / view->page * view->page;

	/* an old kernel maps the pages one by one, as they are asked for */
	return madvise(view->bytes + first, to - first, MADV_POPULATE_READ) == 0 || errno != EFAULT;
}

void file_view_pass(struct file_view *view, size_t end)
{
	size_t last = end / view->page * view->page;

	if (last <= view->passed || file_view_is_lost(view))
		return;
	(void)madvise(view->bytes + view->passed, last - view->passed, MADV_DONTNEED);
	view->passed = last;
}

bool file_view_is_lost(const struct file_view *view)
{
	return __atomic_load_n(&view->is_lost, __ATOMIC_RELAXED);
}
