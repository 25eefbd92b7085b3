// SPDX-License-Identifier: GPL-2.0
/*
 * Facts in any order, possible or not, to an engine with little room: whatever
 * it says, its memory stays in order, the books balance, and all cases close.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../src/verdict/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct verdict_engine e;

void verdict_broken(const char *what)
{
	printf("not so: %s\n", what);
	abort();
}

static unsigned long long still_open(void)
{
	unsigned long long open = 0;
	unsigned int i, t;

	for (i = 0; i < NR_BACKINGS; i++)
		for (t = 0; t < NR_EVENT_TYPES; t++)
			open += e.stats.books[i][t].open;
	return open;
}

static struct verdict_entry entry_of(const uint8_t *p)
{
	verdict_time stamp = e.clock;

	return (struct verdict_entry){
		.task = (void *)(0x100UL + p[0] % 5),
		.ctx = (void *)(0x1000UL + p[0] / 5 % 3),
		.mm = (void *)(p[0] / 5 % 3 < 2 ? 0x500UL : 0x600UL),
		.addr = 0x1000UL * (1 + p[0] / 15 % 3),
		.size = p[1] & 64 ? 0x2000 : 0x1000,
		.around = p[1] & 32 ? p[1] & 16 ? 0x200000 : 0x2000 : 0,
		.backing = (p[1] >> 1 & 7) % NR_BACKINGS,
		.type = p[1] >> 7,
		.look = p[2] % 4,
		.stamp = stamp > (p[2] >> 4) ? stamp - (p[2] >> 4) : 0,
		.flags = p[3] & 0x3f,
	};
}

static unsigned int openings[3];	/* UFFDIO_API in flight */

static void tell(const uint8_t *p)
{
	struct verdict_entry x = entry_of(p + 1);
	enum verdict_op_kind kind = p[2] % 3;
	unsigned long start = x.addr, end = start + 0x1000UL * (1 + p[3] % 3);

	if (p[3] >= 240)
		end = -1UL;
	switch (p[0] % 18) {
	case 0: case 1: case 2:
		verdict_fault_begin(&e, &x);
		break;
	case 3: case 4:
		verdict_fault_event(&e, &x);
		break;
	case 5: case 6:
		verdict_fault_end(&e, x.task, p[4] % 4, x.look, x.stamp);
		break;
	case 7: case 8:
		verdict_op_begin(&e, x.task, x.ctx, kind, start, end);
		break;
	case 9: case 10:
		verdict_op_end(&e, x.task, x.ctx, kind, p[3] % 6, 0x1000UL * (p[4] % 5));
		break;
	case 11:
		verdict_looked(&e, x.ctx, x.addr, p[3] % 5, x.stamp);
		break;
	case 12:
		openings[p[1] / 5 % 3] += verdict_ctx_opening(&e, x.ctx, p[2]);
		break;
	case 15:
		if (!openings[p[1] / 5 % 3])
			break;
		openings[p[1] / 5 % 3]--;
		verdict_ctx_opened(&e, x.ctx, p[2] & 3);
		break;
	case 16:
		verdict_read(&e, x.ctx, x.addr + p[2], x.type);
		break;
	case 17:
		verdict_ctx_complete(&e, x.ctx, p[2] & 7);
		break;
	case 13:
		if (!(p[2] & 1))
			break;
		verdict_ctx_gone(&e, x.ctx);
		openings[p[1] / 5 % 3] = 0;
		break;
	case 14:
		if (!(p[2] & 15))
			verdict_ctx_blind(&e, x.ctx);
		else if ((p[2] & 15) == 1)
			verdict_switched(&e);
		else if (p[2] == 2 && verdict_ctx_over(&e, x.ctx))
			openings[p[1] / 5 % 3] = 0;
		break;
	default:
		if (!(p[2] & 15))
			verdict_lost(&e);
		else if (p[2] & 16)
			verdict_reset(&e);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict_limits limits;
	struct verdict_todo todo;
	unsigned int cursor, i;
	void *memory;

	if (size < 1)
		return 0;
	limits = (struct verdict_limits){
		1 + (data[0] & 3), 1 + (data[0] >> 2 & 3),
		1 + (data[0] >> 4 & 3), 1 + (data[0] >> 6 & 1),
	};
	memory = malloc(verdict_bytes(&limits));
	verdict_init(&e, &limits, memory);
	memset(openings, 0, sizeof(openings));
	for (i = 0; i < 2; i++)
		if (verdict_ctx_opening(&e, (void *)(0x1000UL + i), i))
			verdict_ctx_opened(&e, (void *)(0x1000UL + i), true);
	for (data++, size--; size >= 5; data += 5, size -= 5) {
		tell(data);
		verdict_check(&e);
	}
	for (i = 0; i < VERDICT_MAX_LOOKS; i++)
		for (cursor = 0; verdict_next_todo(&e, &cursor, &todo); )
			verdict_looked(&e, todo.ctx, todo.addr, LOOK_UNKNOWN, e.clock);
	verdict_check(&e);
	if (still_open())
		verdict_broken("every case closes");
	free(memory);
	return 0;
}
