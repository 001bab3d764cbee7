/*
 * The table of strategies that were compared: see timings_tables.h.
 */
#include "record/timings_tables.h"

#include "record/h5.h"

#include <string.h>

static void
fill_strategy(void *row, uint64_t index, const void *context)
{
	const struct sc_timings_strategy *strategies = context;

	memcpy(row, &strategies[index], sizeof(*strategies));
}

static size_t
longest_name(const struct sc_timings_strategy *strategies, uint32_t count)
{
	size_t longest = 0;

	for (uint32_t i = 0; i < count; i++) {
		size_t length = strlen(strategies[i].name);

		longest = length > longest ? length : longest;
	}
	return longest;
}

int
sc_timings_put_strategies(hid_t file, const struct sc_timings_strategy *strategies, uint32_t count,
    struct sc_error *err)
{
	const struct sc_h5_column columns[] = {
		SC_H5_TEXT_COLUMN(struct sc_timings_strategy, name,
		    longest_name(strategies, count)),
		SC_H5_COLUMN(struct sc_timings_strategy, last_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct sc_timings_strategy, floor_ratio, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct sc_timings_strategy, origin_bytes, H5T_NATIVE_UINT64),
		SC_H5_COLUMN(struct sc_timings_strategy, relay_bytes, H5T_NATIVE_UINT64),
	};
	const struct sc_h5_table table = {
		.name = "strategies",
		.columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
		.row_bytes = sizeof(*strategies),
		.rows = count,
		.fill = fill_strategy,
		.context = strategies,
	};

	return sc_h5_put_table(file, &table, err);
}
