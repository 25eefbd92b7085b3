// SPDX-License-Identifier: GPL-2.0
/*
 * Random walks through the worlds of the model check, as long as one likes:
 * the first byte chooses a scenario, the second how it begins, each other who
 * does what. Nobody's acts are counted here, and up to eight events wait at
 * once; all theorems are checked at every step, completeness too. Worlds in
 * which a hook is missed, or ptes move, stay as they are: once is for ever.
 */
#include <stdint.h>
#include <string.h>
#include "../model/world.h"

static void check(const char *name)
{
	if (!violation[0])
		return;
	fflush(stdout);
	fprintf(stderr, "VIOLATION of %s (%s)\n", violation, name);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct scenario s;
	unsigned int n = 0, variant, i;
	u8 buf[MAX_STATE], order[MAX_ACTORS];
	size_t at;

	if (size < 2)
		return 0;
	telling = getenv("STORY");
	while (scenarios[n].name)
		n++;
	s = scenarios[data[0] % n];
	for (i = 0; i < MAX_ACTORS; i++)
		if (s.cast[i].left && s.cast[i].role != MISSED &&
		    s.cast[i].role != MREMAP)
			s.cast[i].left = ANY;
	s.max_open = 8;
	for (variant = data[1]; !world_has_variant(&s, variant % VARIANTS); variant++)
		;
	violation[0] = 0;
	world_start(&s, variant % VARIANTS);
	for (at = 2; at < size; at++) {
		unsigned int who = (data[at] & 31) % w.actors, choice = data[at] >> 5;

		if (telling)
			printf("%3zu. %-11s ", at, actor_name(who));
		if (!world_step(who, choice % MAX_CHOICES))
			world_step(who, 0);
		check(s.name);
		if (at % 16)
			continue;
		/* Times are bytes in the string: keep them small, and test it. */
		state_encode(buf, order);
		state_decode(buf);
		if (!w.npending)
			continue;
		state_save();
		check_looks_decide();
		check(s.name);
		state_restore();
		check_every_case_closes();
		check(s.name);
		state_restore();
	}
	return 0;
}
