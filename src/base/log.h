/*
 * Messages on standard error: a line a message, with the program's name and, under mpirun, the
 * name of the host.
 */
#ifndef SC_BASE_LOG_H
#define SC_BASE_LOG_H

#include <stddef.h>

enum sc_log_level {
	SC_LOG_ERROR,   /* always written */
	SC_LOG_WARNING, /* not with -q */
	SC_LOG_INFO,    /* with -v */
	SC_LOG_DEBUG,   /* with -vv */
};

/* Messages above level are dropped.  Default: SC_LOG_WARNING. */
void sc_log_set_level(enum sc_log_level level);

/* The host's name, which is copied.  "" (the default): lines have none. */
void sc_log_set_host(const char *host);

/* The beginning of a line, for code that has to write one later, when it may call nothing any more
 * (a signal handler).  Cut to the capacity, which is above 0.  Returns its length. */
size_t sc_log_beginning(char *line, size_t capacity);

/* One line in one write, so that lines of several ranks don't mix.  Any
 * thread. */
void sc_log(enum sc_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
