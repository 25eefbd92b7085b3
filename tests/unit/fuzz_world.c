// SPDX-License-Identifier: GPL-2.0
/*
 * Random walks through the worlds of the model check, as long as one likes:
 * the first byte chooses a scenario, the second how it begins, each other who
 * does what. All theorems are checked at every step, and nobody's acts are
 * counted here. A verdict that is lacking is a failure only with STRICT in the
 * environment: the world says what evidence is complete for the explorer's
 * bounded acts, and without bounds it now and then asks for too much.
 */
#include <stdint.h>
#include <string.h>
#include "world.h"

/* Return: true if this walk is over. */
static bool violated(const char *name)
{
	if (!violation[0])
		return false;
	if ((strstr(violation, "evidence is complete") ||
	     strstr(violation, "not counted")) && !getenv("STRICT"))
		return true;
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
		if (violated(s.name))
			return 0;
		if (at % 16)
			continue;
		/* Times are bytes in the string: keep them small, and test it. */
		state_encode(buf, order);
		state_decode(buf);
		if (!w.npending)
			continue;
		state_save();
		check_looks_decide();
		if (violated(s.name))
			return 0;
		state_restore();
		check_every_case_closes();
		if (violated(s.name))
			return 0;
		state_restore();
	}
	return 0;
}
