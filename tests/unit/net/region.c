/* SPDX-License-Identifier: BSD-2-Clause */
/* Coverage of a plane against a model that marks each cell. */
#include "t.h"

#include "net/region.h"

#define COLUMNS 37
#define ROWS 23

struct model {
	bool cells[COLUMNS][ROWS];
};

static struct box random_box(uint64_t *state)
{
	struct box box;

	box.x_first = (uint32_t)(t_random(state) % COLUMNS);
	box.x_last = box.x_first + (uint32_t)(t_random(state) % (COLUMNS - box.x_first));
	box.y_first = (uint32_t)(t_random(state) % ROWS);
	box.y_last = box.y_first + (uint32_t)(t_random(state) % (ROWS - box.y_first));
	if (t_random(state) % 4 == 0) {
		box.x_first = 0;
		box.x_last = COLUMNS - 1;
	}
	return box;
}

static void mark(struct model *m, struct box box)
{
	for (uint32_t x = box.x_first; x <= box.x_last; x++)
		for (uint32_t y = box.y_first; y <= box.y_last; y++)
			m->cells[x][y] = true;
}

static bool is_marked(const struct model *m, struct box box)
{
	for (uint32_t x = box.x_first; x <= box.x_last; x++)
		for (uint32_t y = box.y_first; y <= box.y_last; y++)
			if (!m->cells[x][y])
				return false;
	return true;
}

static void test_against_model(void)
{
	uint64_t state = 0xa11;
	unsigned covered = 0, asked = 0;

	for (int round = 0; round < 300; round++) {
		struct model model = { 0 };
		struct arena arena;
		struct region region;

		arena_init(&arena);
		region = region_of(&arena, COLUMNS);
		for (int step = 0; step < 40; step++) {
			struct box box = random_box(&state);
			bool is = region_covers(&region, box);

			check(is == is_marked(&model, box));
			covered += is;
			asked++;
			if (t_random(&state) % 2)
				continue;
			region_add(&region, box);
			mark(&model, box);
		}
		arena_release(&arena);
	}
	check(covered > asked / 20 && covered < asked);		/* both answers were asked for */
}

#define MANY 4096

/* Thousands of cells of one column, in any order, against a mark for each: spans that stand alone
 * first, then more and more that touch others and close gaps. */
static void test_many_spans(void)
{
	static bool marks[MANY];
	struct arena arena;
	struct region region;
	uint64_t state = 0x5ba9;
	unsigned covered = 0;

	arena_init(&arena);
	region = region_of(&arena, 3);
	memset(marks, 0, sizeof(marks));
	for (unsigned step = 0; step < 3 * MANY; step++) {
		uint32_t first = (uint32_t)(t_random(&state) % MANY), last = first;
		bool is = true;

		while (last + 1 < MANY && t_random(&state) % 3 == 0)
			last++;
		for (uint32_t y = first; y <= last; y++)
			is &= marks[y];
		check(region_covers(&region, (struct box){ 0, 2, first, last }) == is);
		covered += is;
		if (first % 16 == 0)
			continue;			/* most gaps stay */
		region_add(&region, (struct box){ 0, 2, first, last });
		memset(marks + first, true, last - first + 1);
	}
	check(covered > MANY / 2 && covered < 3 * MANY - MANY / 2);	/* both answers, often */
	for (uint32_t y = 0; y < MANY; y++)
		check(region_covers(&region, (struct box){ 1, 1, y, y }) == marks[y]);
	region_add(&region, (struct box){ 0, 2, 0, MANY - 1 });
	check(region_covers(&region, (struct box){ 0, 2, 0, MANY - 1 }));
	check(!region_covers(&region, (struct box){ 0, 2, 0, MANY }));
	arena_release(&arena);
}

static void test_ends(void)
{
	struct arena arena;
	struct region region;

	arena_init(&arena);
	region = region_of(&arena, 1);
	check(!region_covers(&region, (struct box){ 0, 0, 0, UINT32_MAX }));
	region_add(&region, (struct box){ 0, 0, 5, UINT32_MAX });
	check(!region_covers(&region, (struct box){ 0, 0, 0, UINT32_MAX }));
	region_add(&region, (struct box){ 0, 0, 0, 4 });
	check(region_covers(&region, (struct box){ 0, 0, 0, UINT32_MAX }));
	arena_release(&arena);
}

TEST_MAIN({ "against a model", test_against_model }, { "many spans", test_many_spans },
	  { "ends", test_ends })
