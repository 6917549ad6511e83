/* SPDX-License-Identifier: BSD-2-Clause */
/* Arenas: what promises zeros holds zeros, whatever stood there before. */
#include "base/arena.h"

#include "t.h"

static bool is_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static void test_shortened(void)
{
	struct arena arena;
	unsigned char *first, *second;

	arena_init(&arena);
	first = arena_room(&arena, 1000, 1);
	memset(first, 0xff, 1000);
	arena_shorten(&arena, first, 1000, 100);
	second = arena_take(&arena, 200);
	check_named(second > first && second < first + 200, "what is given back is taken again");
	check_named(is_zero(second, 200), "and holds zeros again");
	check_named(first[99] == 0xff, "what is kept stays");
	arena_release(&arena);
}

static void test_not_last(void)
{
	struct arena arena;
	unsigned char *first, *second;

	arena_init(&arena);
	first = arena_room(&arena, 100, 1);
	second = arena_array(&arena, 10, 10);
	arena_shorten(&arena, first, 100, 0);
	check_named((unsigned char *)arena_take(&arena, 100) >= second + 100, "what others stand behind is not given back");
	arena_release(&arena);
}

static void test_all_given_back(void)
{
	struct arena arena;
	void *first;

	arena_init(&arena);
	first = arena_room(&arena, 1 << 21, 1);
	arena_shorten(&arena, first, 1 << 21, 0);
	check_named(arena_take(&arena, 16) == first, "a block of its own, too");
	check_named(is_zero(arena_array(&arena, 1 << 18, 8), 1 << 21), "and zeros in a block behind it");
	arena_release(&arena);
}

static void test_kept(void)
{
	static max_align_t memory[4096];
	struct arena arena;
	struct arena_mark mark;
	unsigned char *first, *last;
	const unsigned char *kept;

	arena_init(&arena);
	arena_lend(&arena, memory, sizeof(memory));
	first = arena_room(&arena, 100, 1);
	mark = arena_mark(&arena);
	arena_room(&arena, 5000, 1);
	last = arena_room(&arena, 9000, 1);
	for (size_t i = 0; i < 9000; i++)
		last[i] = (unsigned char)(i % 251);
	kept = arena_keep(&arena, mark, last, 9000);
	check_named(kept > first && kept < first + 200, "what is kept moves to the mark");
	for (size_t i = 0; i < 9000; i++)
		if (kept[i] != i % 251)
			check_named(false, "whole");
	last = arena_room(&arena, 16, 1);
	check_named(last >= kept + 9000 && last < kept + 9100, "what stands behind it is given back");
	check_named(arena_keep(&arena, mark, first, 100) == first, "what is older stays where it is");
	check_named(arena_room(&arena, 16, 1) == (void *)(uintptr_t)kept, "and all that is newer is given back");
	arena_release(&arena);
}

static void test_kept_in_another_block(void)
{
	struct arena arena;
	struct arena_mark mark;
	unsigned char *first, *last;

	arena_init(&arena);
	mark = arena_mark(&arena);
	first = arena_room(&arena, 16, 1);
	check_named(arena_keep(&arena, mark, first, 16) == first, "a mark before all blocks gives nothing back");
	mark = arena_mark(&arena);
	last = arena_room(&arena, 1 << 21, 1);
	last[0] = 7;
	check_named(arena_keep(&arena, mark, last, 1 << 21) == last && last[0] == 7,
		    "nor does one in another block");
	check_named(arena_room(&arena, 1 << 21, 1) != (void *)last, "which stays taken");
	arena_release(&arena);
}

static void test_lent(void)
{
	static max_align_t memory[64];
	struct arena arena;
	unsigned char *first, *end = (unsigned char *)(memory + 64);

	arena_init(&arena);
	arena_lend(&arena, memory, sizeof(memory));
	first = arena_take(&arena, 100);
	check_named(first > (unsigned char *)memory && first < end, "what is lent is taken first");
	first = arena_take(&arena, sizeof(memory));
	check_named(first < (unsigned char *)memory || first >= end, "then other memory");
	arena_release(&arena);
}

TEST_MAIN({ "lent", test_lent }, { "kept", test_kept }, { "kept in another block", test_kept_in_another_block },
	  { "shortened", test_shortened }, { "not the last", test_not_last },
	  { "all given back", test_all_given_back })
