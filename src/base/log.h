/*
 * What the program says on standard error: a line a message, with the
 * program's name and, under mpirun, the host that says it.
 */
#ifndef SC_BASE_LOG_H
#define SC_BASE_LOG_H

#include <stddef.h>

enum sc_log_level {
	SC_LOG_ERROR,   /* always said */
	SC_LOG_WARNING, /* not with -q */
	SC_LOG_INFO,    /* with -v */
	SC_LOG_DEBUG,   /* with -vv */
};

/* Messages above level are dropped.  Default: SC_LOG_WARNING. */
void sc_log_set_level(enum sc_log_level level);

/* Who speaks: copied.  "" (the default) names nobody. */
void sc_log_set_host(const char *host);

/* How such a line begins: for whoever has to write one when nothing may be called any more.
 * Cut to the capacity, which is above 0.  Returns its length. */
size_t sc_log_beginning(char *line, size_t capacity);

/* One line in one write, so that lines of several ranks don't mix.  Any
 * thread. */
void sc_log(enum sc_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
