/*
 * Messages on standard error: see log.h.
 */
#include "base/log.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum sc_log_level log_level = SC_LOG_WARNING;
static char log_host[SC_HOST_BYTES];

void
sc_log_set_level(enum sc_log_level level)
{
	log_level = level;
}

void
sc_log_set_host(const char *host)
{
	snprintf(log_host, sizeof(log_host), "%s", host);
}

size_t
sc_log_beginning(char *line, size_t capacity)
{
	snprintf(line, capacity, "stagecast: %s%s", log_host, log_host[0] ? ": " : "");
	return strlen(line);
}

void
sc_log(enum sc_log_level level, const char *format, ...)
{
	char line[SC_ERROR_TEXT_BYTES + SC_HOST_BYTES + 64];
	size_t used;
	va_list args;

	if (level > log_level)
		return;
	used = sc_log_beginning(line, sizeof(line));
	snprintf(line + used, sizeof(line) - used, "%s",
	    level == SC_LOG_WARNING ? "warning: " : "");
	used = strlen(line);
	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	used = strlen(line);
	line[used++] = '\n';
	/* If standard error takes no more, nothing can be done about it. */
	while (write(STDERR_FILENO, line, used) < 0)
		break;
}
