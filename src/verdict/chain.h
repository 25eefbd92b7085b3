/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two kinds of lists: a chain, whose links go forward only (hash chains, free
 * lists), and a list, whose items know where they hang, so that each can be
 * taken out without a walk. @next and @prev name the members that link.
 */
#ifndef UFFD_RACE_VERDICT_CHAIN_H
#define UFFD_RACE_VERDICT_CHAIN_H

#define chain_push(head, item, next) do {				\
	(item)->next = *(head);						\
	*(head) = (item);						\
} while (0)

/* The first one, which has to be there. */
#define chain_pop(head, next) ({					\
	__typeof__(*(head)) first_ = *(head);				\
									\
	*(head) = first_->next;						\
	first_;								\
})

#define chain_drop(head, item, next) do {				\
	__typeof__(*(head)) *link_ = (head);				\
									\
	while (*link_ != (item))					\
		link_ = &(*link_)->next;				\
	*link_ = (item)->next;						\
} while (0)

/* The items of an array, so that the first is taken first. */
#define chain_fill(head, array, n, next) do {				\
	unsigned int i_ = (n);						\
									\
	while (i_--)							\
		chain_push(head, &(array)[i_], next);			\
} while (0)

#define list_push(head, item, next, prev) do {				\
	(item)->next = *(head);						\
	if ((item)->next)						\
		(item)->next->prev = &(item)->next;			\
	(item)->prev = (head);						\
	*(head) = (item);						\
} while (0)

#define list_drop(item, next, prev) do {				\
	*(item)->prev = (item)->next;					\
	if ((item)->next)						\
		(item)->next->prev = (item)->prev;			\
} while (0)

#endif /* UFFD_RACE_VERDICT_CHAIN_H */
