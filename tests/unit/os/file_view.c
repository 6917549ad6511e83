/* SPDX-License-Identifier: BSD-2-Clause */
/* Views of files: their bytes, how many there may be, and files that shrink. */
#include <fcntl.h>
#include <unistd.h>

#include "os/file_view.h"
#include "t.h"

#define SIZE 100000

static int make_file(void)
{
	static uint8_t bytes[SIZE];
	char name[] = "/tmp/weir-view-XXXXXX";
	int fd = mkstemp(name);

	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)(i % 251 + 1);
	check(fd >= 0 && write(fd, bytes, SIZE) == SIZE);
	unlink(name);
	return fd;
}

static bool is_whole(const struct file_view *v)
{
	const volatile uint8_t *bytes = file_view_bytes(v);

	for (size_t i = 0; i < SIZE; i++)
		if (bytes[i] != i % 251 + 1)
			return false;
	return true;
}

static void test_bytes(void)
{
	int fd = make_file();
	struct file_view *v = file_view_new(fd, SIZE);

	close(fd);
	check(v && file_view_fetch(v, 5000, SIZE) && is_whole(v));
	file_view_pass(v, 50000);
	check(is_whole(v) && !file_view_is_lost(v));
	file_view_free(v);
	file_view_free(NULL);
}

static void test_shrinks(void)
{
	int fd = make_file();
	struct file_view *v = file_view_new(fd, SIZE), *other = file_view_new(fd, 4096);
	const volatile uint8_t *bytes = file_view_bytes(v);

	check(bytes[90000] == 90000 % 251 + 1 && !file_view_is_lost(v));
	check(ftruncate(fd, 8192) == 0);
	check(!file_view_fetch(v, 50000, SIZE));
	check(bytes[90000] == 0 && file_view_is_lost(v));
	check(bytes[SIZE - 1] == 0 && bytes[8191] == 8191 % 251 + 1);
	check(!file_view_is_lost(other) && file_view_bytes(other)[0] == 1);
	file_view_free(v);
	check(ftruncate(fd, 0) == 0);
	check(*(const volatile uint8_t *)file_view_bytes(other) == 0 && file_view_is_lost(other));
	file_view_free(other);
	close(fd);
}

static void test_many(void)
{
	struct file_view *views[FILE_VIEWS_MAX];
	int fd = make_file();

	for (size_t i = 0; i < FILE_VIEWS_MAX; i++)
		check((views[i] = file_view_new(fd, SIZE)) != NULL);
	check(file_view_new(fd, SIZE) == NULL);
	file_view_free(views[7]);
	check((views[7] = file_view_new(fd, SIZE)) != NULL && is_whole(views[7]));
	for (size_t i = 0; i < FILE_VIEWS_MAX; i++)
		file_view_free(views[i]);
	check(file_view_new(fd, 0) == NULL);
	close(fd);
	check(file_view_new(-1, SIZE) == NULL);
}

TEST_MAIN({ "bytes", test_bytes }, { "shrinks", test_shrinks }, { "many", test_many })
