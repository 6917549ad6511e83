/* SPDX-License-Identifier: BSD-2-Clause */
/* A cell for every two classes, and the rows and columns of cells that are alike made one.  Knows how
 * classes meet rules; no test of a rule. */
#include <stdlib.h>

#include "base/memory.h"
#include "policy/artefact_build.h"

static bool meets(const bool *marked, const struct rule_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (marked[list->rules[i]])
			return true;
	return false;
}

/* One source class in one plane.  Groups that no rule asks for, unless together with other sources,
 * are one answer: where policies name thousands of pairs that is nearly all. */
static void fill_row(struct builder *b, struct pair *pair, const struct artefact_plane *plane,
		     const struct draft *group, uint32_t *out)
{
	const struct rule_list *both = &pair->sources->both[pair->source];
	uint32_t alike;

	for (size_t i = 0; i < both->n; i++)
		b->marked[both->rules[i]] = true;
	pair->group = CLASS_ABSENT;
	alike = builder_resolve(b, pair, plane);
	for (unsigned g = 0; g < group->class_count; g++) {
		pair->group = group->classes[g];
		if (pair->groups->alone[pair->group].n == 0 &&
		    !meets(b->marked, &pair->groups->both[pair->group]))
			out[g] = alike;
		else
			out[g] = builder_resolve(b, pair, plane);
	}
	for (size_t i = 0; i < both->n; i++)
		b->marked[both->rules[i]] = false;
}

uint32_t *matrix_fill(struct builder *b, const struct classes *sources, const struct draft *source,
		      const struct classes *groups, const struct draft *group)
{
	size_t n = (size_t)source->class_count * group->class_count;
	uint32_t *cells = memory_room(b->plane_count * n + 1, sizeof(*cells)), *at = cells;
	struct pair pair = { .sources = sources, .groups = groups };

	for (size_t p = 0; p < b->plane_count; p++) {
		for (unsigned s = 0; s < source->class_count; s++, at += group->class_count) {
			pair.source = source->classes[s];
			fill_row(b, &pair, &b->planes[p], group, at);
		}
	}
	return cells;
}

/* --- what is alike --- */

typedef bool are_alike(const struct matrix *m, unsigned a, unsigned b);

static bool rows_alike(const struct matrix *m, unsigned a, unsigned b)
{
	for (size_t p = 0; p < m->planes; p++) {
		const uint32_t *plane = m->cells + p * m->rows * m->columns;

		if (memcmp(plane + a * m->columns, plane + b * m->columns,
			   m->columns * sizeof(*plane)) != 0)
			return false;
	}
	return true;
}

static bool columns_alike(const struct matrix *m, unsigned a, unsigned b)
{
	for (size_t row = 0; row < m->planes * m->rows; row++)
		if (m->cells[row * m->columns + a] != m->cells[row * m->columns + b])
			return false;
	return true;
}

static void naming_init(struct naming *out, const struct matrix *m, const uint64_t *hashes,
			unsigned n, are_alike *alike)
{
	size_t size = 64;
	uint32_t *table;

	while (size < 2 * (size_t)n)
		size *= 2;
	table = memory_array(size, sizeof(*table));
	*out = (struct naming){ memory_array(n + 1u, sizeof(uint16_t)),
				memory_array(n + 1u, sizeof(uint16_t)), 0 };
	for (unsigned i = 0; i < n; i++) {
		size_t at = hashes[i] & (size - 1);

		while (table[at] && (hashes[out->stay[table[at] - 1]] != hashes[i] ||
				     !alike(m, out->stay[table[at] - 1], i)))
			at = (at + 1) & (size - 1);
		if (!table[at]) {
			out->stay[out->n++] = (uint16_t)i;
			table[at] = out->n;
		}
		out->names[i] = (uint16_t)(table[at] - 1);
	}
	free(table);
}

void naming_release(struct naming *naming)
{
	free(naming->names);
	free(naming->stay);
}

void matrix_name(const struct matrix *m, struct naming *out_rows, struct naming *out_columns)
{
	uint64_t *rows = memory_array(m->rows + 1, sizeof(*rows));
	uint64_t *columns = memory_array(m->columns + 1, sizeof(*columns));
	const uint32_t *cell = m->cells;

	for (size_t p = 0; p < m->planes; p++) {
		for (size_t s = 0; s < m->rows; s++) {
			for (size_t g = 0; g < m->columns; g++, cell++) {
				rows[s] = hash_mix(rows[s], *cell);
				columns[g] = hash_mix(columns[g], *cell);
			}
		}
	}
	naming_init(out_rows, m, rows, (unsigned)m->rows, rows_alike);
	naming_init(out_columns, m, columns, (unsigned)m->columns, columns_alike);
	free(rows);
	free(columns);
}

void matrix_keep(const struct matrix *m, const struct naming *rows, const struct naming *columns,
		 uint32_t *out)
{
	for (size_t p = 0; p < m->planes; p++)
		for (unsigned s = 0; s < rows->n; s++)
			for (unsigned g = 0; g < columns->n; g++)
				*out++ = m->cells[(p * m->rows + rows->stay[s]) * m->columns +
						  columns->stay[g]];
}

void matrix_build(struct builder *b, const struct classes *sources, const struct draft *source,
		  const struct classes *groups, const struct draft *group,
		  struct artefact_family *out)
{
	uint32_t *all = matrix_fill(b, sources, source, groups, group), *cells;
	struct matrix m = { all, b->plane_count, source->class_count, group->class_count };
	struct arena *arena = b->a->arena;
	struct interval *intervals = arena_room(arena, source->n + group->n, sizeof(*intervals));
	struct naming rows, columns;

	matrix_name(&m, &rows, &columns);
	cells = arena_room(arena, m.planes * rows.n * columns.n, sizeof(*cells));
	matrix_keep(&m, &rows, &columns, cells);
	out->sources = side_rename(source->intervals, source->n, rows.names, rows.n, intervals);
	out->groups = side_rename(group->intervals, group->n, columns.names, columns.n,
				  intervals + source->n);
	out->cells = cells;
	naming_release(&rows);
	naming_release(&columns);
	free(all);
}

/* --- one plane --- */

/* A side under the names of its rows or columns; `of` is NULL where each class is one. */
static struct artefact_side fold_side(const struct artefact_side *side, const uint16_t *of,
				      const struct naming *naming, struct interval *out)
{
	uint16_t *names;
	struct artefact_side folded;

	if (!of)
		return side_rename(side->intervals, side->n, naming->names, naming->n, out);
	names = memory_array(side->classes, sizeof(*names));
	for (unsigned c = 0; c < side->classes; c++)
		names[c] = naming->names[of[c]];
	folded = side_rename(side->intervals, side->n, names, naming->n, out);
	free(names);
	return folded;
}

void artefact_fold_init(struct artefact_fold *out, const struct artefact_family *family,
			unsigned plane)
{
	const struct artefact_side *sources = &family->sources, *groups = &family->groups;
	const struct artefact_pairs *pairs = family->pairs;
	struct matrix m = { NULL, 1, pairs ? pairs->row_count : sources->classes,
			    pairs ? pairs->column_count : groups->classes };
	struct naming rows, columns;

	m.cells = family->cells + plane * m.rows * m.columns;
	matrix_name(&m, &rows, &columns);
	out->intervals = memory_room(sources->n + groups->n, sizeof(*out->intervals));
	out->sources = fold_side(sources, pairs ? pairs->rows : NULL, &rows, out->intervals);
	out->groups = fold_side(groups, pairs ? pairs->columns : NULL, &columns,
				out->intervals + sources->n);
	out->cells = memory_room((size_t)rows.n * columns.n, sizeof(*out->cells));
	matrix_keep(&m, &rows, &columns, out->cells);
	naming_release(&rows);
	naming_release(&columns);
}

void artefact_fold_release(struct artefact_fold *fold)
{
	free(fold->intervals);
	free(fold->cells);
	*fold = (struct artefact_fold){ 0 };
}
