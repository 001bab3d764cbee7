/*
 * The census: which ranks take part, for which others, and which would write the same file.
 */
#include "base/random.h"
#include "fabric/census.h"
#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sc_census_entry
entry_of(const char *host, uint64_t dest)
{
	struct sc_census_entry entry = {.dest_id = {dest, ~dest}};

	snprintf(entry.host, sizeof(entry.host), "%s", host);
	return entry;
}

static void
test_one_rank_a_host(void)
{
	const struct sc_census_entry entries[] = {entry_of("b", 1), entry_of("a", 1),
		entry_of("b", 1), entry_of("c", 1), entry_of("a", 2), entry_of("b", 3)};
	static const uint32_t leaders[] = {0, 1, 0, 3, 1, 0};
	static const uint32_t ranks[] = {0, 1, 3};
	struct sc_census census;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(sc_census_decide(&census, entries, 6, SC_COPIES_NODE, &err), 0);
	CU_ASSERT_EQUAL(census.world_size, 6);
	CU_ASSERT_EQUAL_FATAL(census.nodes, 3);
	CU_ASSERT_EQUAL(memcmp(census.leaders, leaders, sizeof(leaders)), 0);
	CU_ASSERT_EQUAL(memcmp(census.ranks, ranks, sizeof(ranks)), 0);
	sc_census_free(&census);
	sc_census_free(&census);
}

/* A rank that has the file already takes no part, and those that it led neither. */
static void
test_released(void)
{
	const struct sc_census_entry entries[] = {entry_of("b", 1), entry_of("a", 1),
		entry_of("b", 1), entry_of("c", 1), entry_of("a", 2), entry_of("d", 3)};
	static const bool released[] = {false, true, false, false, false, true};
	static const bool all[] = {false, true, true, true, true, true};
	static const uint32_t leaders[] = {0, 0, 0, 3, 0, 0};
	struct sc_census census, same;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(sc_census_decide(&census, entries, 6, SC_COPIES_NODE, &err), 0);
	sc_census_release(&census, released);
	CU_ASSERT_EQUAL_FATAL(census.nodes, 2);
	CU_ASSERT_EQUAL(census.ranks[0], 0);
	CU_ASSERT_EQUAL(census.ranks[1], 3);
	CU_ASSERT_EQUAL(memcmp(census.leaders, leaders, sizeof(leaders)), 0);
	CU_ASSERT_EQUAL_FATAL(sc_census_from_leaders(&same, census.leaders, 6, &err), 0);
	CU_ASSERT_EQUAL(same.nodes, 2);
	sc_census_release(&census, all);
	CU_ASSERT_EQUAL(census.nodes, 1);
	sc_census_free(&census);
	sc_census_free(&same);
}

static void
test_every_rank(void)
{
	const struct sc_census_entry entries[] = {
		entry_of("a", 1), entry_of("a", 2), entry_of("b", 1), entry_of("b", 2)};
	struct sc_census census;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(sc_census_decide(&census, entries, 4, SC_COPIES_RANK, &err), 0);
	CU_ASSERT_EQUAL_FATAL(census.nodes, 4);
	for (uint32_t i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(census.leaders[i], i);
		CU_ASSERT_EQUAL(census.ranks[i], i);
	}
	sc_census_free(&census);
}

static void
test_a_world_of_one(void)
{
	const struct sc_census_entry entry = entry_of("a", 1);

	for (int copies = SC_COPIES_NODE; copies <= SC_COPIES_RANK; copies++) {
		struct sc_census census;
		struct sc_error err;

		CU_ASSERT_EQUAL_FATAL(sc_census_decide(&census, &entry, 1, (enum sc_copies)copies,
					  &err),
		    0);
		CU_ASSERT_EQUAL(census.nodes, 1);
		CU_ASSERT_EQUAL(census.ranks[0], 0);
		sc_census_free(&census);
	}
}

/* The same path on two hosts is two files; on one host it is one. */
static void
test_two_ranks_and_one_file(void)
{
	struct sc_census_entry entries[] = {entry_of("a", 1), entry_of("b", 1), entry_of("a", 2),
		entry_of("b", 2), entry_of("b", 3)};
	struct sc_census census;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(sc_census_decide(&census, entries, 5, SC_COPIES_RANK, &err), 0);
	sc_census_free(&census);

	/* Half of an identity in common is nothing in common. */
	entries[4].dest_id[0] = entries[1].dest_id[0];
	CU_ASSERT_EQUAL_FATAL(sc_census_decide(&census, entries, 5, SC_COPIES_RANK, &err), 0);
	sc_census_free(&census);

	entries[4].dest_id[1] = entries[1].dest_id[1];
	CU_ASSERT_EQUAL(sc_census_decide(&census, entries, 5, SC_COPIES_RANK, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "ranks 1 and 4"));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, " on b"));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "%r"));
	CU_ASSERT_PTR_NULL(census.ranks);
	CU_ASSERT_PTR_NULL(census.leaders);

	/* A rank that writes nothing is in no other rank's way. */
	CU_ASSERT_EQUAL_FATAL(sc_census_decide(&census, entries, 5, SC_COPIES_NODE, &err), 0);
	CU_ASSERT_EQUAL(census.nodes, 2);
	sc_census_free(&census);
}

/* Names that begin alike, up to the longest, are other hosts. */
static void
test_hosts_are_told_apart(void)
{
	struct sc_census_entry entries[4] = {{{0}, {0}}};
	struct sc_census census;
	struct sc_error err;

	memset(entries[0].host, 'n', SC_HOST_BYTES - 1);
	memset(entries[1].host, 'n', SC_HOST_BYTES - 2);
	memset(entries[2].host, 'n', SC_HOST_BYTES - 1);
	entries[2].host[SC_HOST_BYTES - 2] = 'm';
	entries[3] = entries[0];
	CU_ASSERT_EQUAL_FATAL(sc_census_decide(&census, entries, 4, SC_COPIES_NODE, &err), 0);
	CU_ASSERT_EQUAL(census.nodes, 3);
	CU_ASSERT_EQUAL(census.leaders[3], 0);
	sc_census_free(&census);
}

/* The leaders of 2,000 ranks strewn over hosts, against the plain definition; and what the other
 * ranks make of them. */
static void
test_many(void)
{
	enum { RANKS = 2000 };
	struct sc_census_entry *entries = calloc(RANKS, sizeof(*entries));
	struct sc_random random = {7};
	struct sc_census census;
	struct sc_census copy;
	struct sc_error err;
	uint32_t nodes = 0;
	uint32_t wrong = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(entries);
	for (uint32_t i = 0; i < RANKS; i++) {
		snprintf(entries[i].host, sizeof(entries[i].host), "node%u",
		    (unsigned)sc_random_below(&random, 300));
		entries[i].dest_id[0] = i;
	}
	CU_ASSERT_EQUAL_FATAL(sc_census_decide(&census, entries, RANKS, SC_COPIES_NODE, &err), 0);
	for (uint32_t i = 0; i < RANKS; i++) {
		uint32_t first = 0;

		while (strcmp(entries[first].host, entries[i].host) != 0)
			first++;
		wrong += census.leaders[i] != first;
		if (first == i)
			wrong += nodes >= census.nodes || census.ranks[nodes++] != i;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(nodes, census.nodes);

	CU_ASSERT_EQUAL_FATAL(sc_census_from_leaders(&copy, census.leaders, RANKS, &err), 0);
	CU_ASSERT_EQUAL_FATAL(copy.nodes, census.nodes);
	CU_ASSERT_EQUAL(copy.world_size, RANKS);
	CU_ASSERT_EQUAL(memcmp(copy.ranks, census.ranks, nodes * sizeof(*copy.ranks)), 0);
	CU_ASSERT_EQUAL(memcmp(copy.leaders, census.leaders, RANKS * sizeof(*copy.leaders)), 0);
	sc_census_free(&copy);
	sc_census_free(&census);
	free(entries);
}

static void
test_this_host_has_a_name(void)
{
	char host[SC_HOST_BYTES];
	struct sc_error err;

	memset(host, 'x', sizeof(host));
	CU_ASSERT_EQUAL(sc_census_host(host, &err), 0);
	CU_ASSERT_EQUAL(host[SC_HOST_BYTES - 1], '\0');
	CU_ASSERT(strlen(host) > 0);
}

int
main(void)
{
	static CU_TestInfo tests[] = {
		{"one rank a host", test_one_rank_a_host},
		{"released", test_released},
		{"every rank", test_every_rank},
		{"a world of one", test_a_world_of_one},
		{"two ranks and one file", test_two_ranks_and_one_file},
		{"hosts are told apart", test_hosts_are_told_apart},
		{"many", test_many},
		{"this host has a name", test_this_host_has_a_name},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("census", tests);
}
