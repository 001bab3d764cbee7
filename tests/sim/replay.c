/*
 * Have new nodes take the events of traces that stagecast --trace wrote: they have to ask for the
 * same actions.  Arguments: the traces.
 */
#include "lib/trace_replay.h"

#include <inttypes.h>
#include <stdio.h>

static int
replay(const char *path)
{
	struct sc_trace_counts counts = {0};
	struct sc_error err = {0};
	FILE *trace = fopen(path, "r");
	int rc;

	if (trace == NULL) {
		perror(path);
		return -1;
	}
	rc = sc_trace_replay(trace, &counts, &err);
	if (rc != 0)
		fprintf(stderr, "%s: %s\n", path, err.text);
	else
		printf("%s: %" PRIu32 " node, %" PRIu64 " events, %" PRIu64 " actions\n", path,
		    counts.nodes, counts.events, counts.actions);
	(void)fclose(trace); /* it was only read */
	return rc;
}

int
main(int argc, char **argv)
{
	int failed = argc < 2;

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]) != 0;
	return failed;
}
