/*
 * Waiting on many descriptors: Linux's epoll, level-triggered.
 */
#ifndef AIPOD_LOOP_H
#define AIPOD_LOOP_H

#define LOOP_IN		1
#define LOOP_OUT	2
#define LOOP_HUP	4	/* neither, only errors and hang-ups */
#define LOOP_FAULT	8	/* never wanted: an error or a hang-up there is */

struct loop;

/*
 * A descriptor that is waited for.  Set fd and fn, and all else to zero, then
 * loop_want.  fn is called with what can be done; errors and hang-ups show as
 * everything that was wanted and LOOP_FAULT.
 */
struct watch {
	int	 fd;
	int	 want;
	void	(*fn)(struct watch *, int events);
	void	*arg;
};

#define LOOP_BATCH	64

struct loop {
	int		 epfd;
	int		 n;		/* of the batch being worked on */
	struct watch	*batch[LOOP_BATCH];
};

/* 0, or -1 with errno. */
int	loop_init(struct loop *);
/*
 * Wait for these events from now on; 0 takes the watch out, which must be done
 * before its descriptor is closed and may be done at any time.  0, or -1 with
 * errno.
 */
int	loop_want(struct loop *, struct watch *, int events);
/*
 * The watch's descriptor is going to be closed, and no other descriptor is of
 * the same file: take it out at the price of nothing.
 */
void	loop_forget(struct loop *, struct watch *);
/*
 * The watch to takes over the descriptor of from, which need not be watched,
 * and waits for these events, not 0.  0, or -1 with errno.
 */
int	loop_move(struct loop *, struct watch *from, struct watch *to,
	    int events);
/*
 * Wait once, at most ms milliseconds (-1: for ever), and call what is ready.
 * 0, or -1 with errno.
 */
int	loop_once(struct loop *, int ms);

#endif
