/*
 * The progress line: see progress.h.
 */
#include "stage/outcome/progress.h"

#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A log file gets a line a second, a terminal each change. */
static const uint64_t log_interval_ns = UINT64_C(1000000000);

/* Is the standard error of the process that started this one a terminal? */
static bool
parent_has_terminal(void)
{
	char link[64];
	char target[256];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%ld/fd/2", (long)getppid());
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	return strncmp(target, "/dev/pts/", 9) == 0 || strncmp(target, "/dev/tty", 8) == 0 ||
	    strcmp(target, "/dev/console") == 0;
}

void
sc_progress_init(struct sc_progress *progress, enum sc_progress_mode mode, bool quiet,
    uint64_t started_ns, uint32_t copies)
{
	bool launched = getenv("PMIX_RANK") != NULL || getenv("PMI_RANK") != NULL ||
	    getenv("OMPI_COMM_WORLD_RANK") != NULL;

	*progress = (struct sc_progress){.started_ns = started_ns, .copies = copies};
	progress->terminal = launched ? parent_has_terminal() : isatty(STDERR_FILENO) == 1;
	progress->on = mode == SC_PROGRESS_ALWAYS ||
	    (mode == SC_PROGRESS_AUTO && progress->terminal && !quiet);
}

void
sc_progress_show(struct sc_progress *progress, const struct sc_plan *plan,
    const struct sc_tally *tally, uint64_t now_ns)
{
	uint32_t least = tally->least == SC_NONE ? plan->chunks : tally->least;
	double part = plan->chunks == 0 ? 1.0 : (double)least / plan->chunks;
	double bytes = part * (double)plan->size_bytes;
	double seconds = (double)(now_ns - progress->started_ns) * 1e-9;
	char done[SC_UNIT_TEXT_BYTES];
	char whole[SC_UNIT_TEXT_BYTES];
	char rate[SC_UNIT_TEXT_BYTES];

	if (!progress->on || (!progress->terminal && now_ns - progress->shown_ns < log_interval_ns))
		return;
	progress->shown_ns = now_ns;
	fprintf(stderr, "%s%3.0f %%  %s of %s on the slowest node, %s, %u/%u nodes done%s",
	    progress->terminal ? "\r\033[K" : "stagecast: ", 100 * part,
	    sc_format_size(bytes, done), sc_format_size((double)plan->size_bytes, whole),
	    sc_format_rate(seconds > 0 ? bytes / seconds : 0, rate), tally->committed,
	    progress->copies, progress->terminal ? "" : "\n");
	fflush(stderr);
	progress->shown = progress->terminal;
}

void
sc_progress_erase(struct sc_progress *progress)
{
	if (progress->shown) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	progress->shown = false;
}
