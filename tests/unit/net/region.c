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

TEST_MAIN({ "against a model", test_against_model }, { "ends", test_ends })
