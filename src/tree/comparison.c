/*
 * Directory trees that are compared: see comparison.h.
 */
#include "tree/comparison.h"

#include "tree/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read at once; the whole digest does not depend on it. */
enum { PIECE_BYTES = 1 << 20 };

/* What doesn't count.  A file that is the same may have other holes, and only root could have given
 * it another owner. */
static unsigned
without(enum sc_comparison_of of)
{
	unsigned without = SC_DIRTREE_WITHOUT_HOLES;

	if (of != SC_COMPARISON_OF_ALL || geteuid() != 0)
		without |= SC_DIRTREE_WITHOUT_OWNER;
	if (of != SC_COMPARISON_OF_ALL)
		without |= SC_DIRTREE_WITHOUT_MODES;
	if (of == SC_COMPARISON_OF_CONTENTS)
		without |= SC_DIRTREE_WITHOUT_TIMES;
	return without;
}

int
sc_comparison_open(struct sc_comparison *comparison, const char *path, bool follow,
    enum sc_comparison_of of, enum sc_on_unreadable on_unreadable, struct sc_error *err)
{
	/* The root's name is not compared. */
	const struct sc_root root = {.path = path, .name = "root", .keep_link = !follow};
	const struct sc_walk_options walk = {
		.on_unreadable = on_unreadable,
		.preserve = of == SC_COMPARISON_OF_ALL,
	};
	struct sc_source_facts facts;
	struct stat st;

	*comparison = (struct sc_comparison){0};
	if (fstatat(AT_FDCWD, path, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return sc_fail(err, errno, "cannot look at %s", path);
	if (!S_ISDIR(st.st_mode))
		return sc_fail(err, 0, "%s is no directory", path);
	if (sc_dirtree_source_open(&comparison->source, &root, 1, false, &walk, without(of), &facts,
		err) != 0)
		return -1;
	sc_source_set_chunks(comparison->source, PIECE_BYTES);
	comparison->entries = facts.entries;
	comparison->content_bytes = facts.size_bytes - facts.manifest_bytes;
	return 0;
}

int
sc_comparison_digest(struct sc_comparison *comparison, struct sc_digest *whole,
    struct sc_error *err)
{
	struct sc_seal seal;

	if (sc_source_finish(comparison->source, &seal, err) != 0)
		return -1;
	*whole = seal.whole;
	return 0;
}

void
sc_comparison_close(struct sc_comparison *comparison)
{
	sc_source_close(comparison->source);
	comparison->source = NULL;
}
