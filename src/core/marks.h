/*
 * Marks: which of a part's numbered things (slots, subfiles) have to be looked at when the step
 * settles.  A range, as nearly every event marks one thing, and a rare one marks all.
 */
#ifndef SC_CORE_MARKS_H
#define SC_CORE_MARKS_H

#include <stdbool.h>
#include <stdint.h>

/* All-zero: none. */
struct sc_marks {
	uint32_t first;
	uint32_t end; /* one past the last */
};

static inline bool
sc_marks_any(const struct sc_marks *marks)
{
	return marks->first < marks->end;
}

static inline void
sc_marks_add(struct sc_marks *marks, uint32_t first, uint32_t end)
{
	if (!sc_marks_any(marks)) {
		*marks = (struct sc_marks){first, end};
		return;
	}
	marks->first = first < marks->first ? first : marks->first;
	marks->end = end > marks->end ? end : marks->end;
}

static inline void
sc_marks_add_one(struct sc_marks *marks, uint32_t item)
{
	sc_marks_add(marks, item, item + 1);
}

/* Returns the marks and leaves none. */
static inline struct sc_marks
sc_marks_take(struct sc_marks *marks)
{
	struct sc_marks taken = *marks;

	*marks = (struct sc_marks){0, 0};
	return taken;
}

#endif
