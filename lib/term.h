/*
 * A pseudo-terminal of our own between the user's terminal and the agent:
 * bytes pass through both ways untouched, until somebody on the host has to
 * ask the user something.  Then the terminal is lent: the agent is stopped
 * short (its output waits), the asker gets the terminal's descriptor over the
 * ask socket, and when it closes its connection the screen is given back.
 *
 * The engine's client reads from the pseudo-terminal and puts its messages
 * there; the agent's output, which the box's own terminal has seen to already,
 * comes through a pipe, at a fraction of the price of a second terminal.
 */
#ifndef AIPOD_TERM_H
#define AIPOD_TERM_H

#include <sys/types.h>
#include <poll.h>
#include <stddef.h>
#include <termios.h>

#define TERM_POLLFDS	5
#define TERM_MODES	24		/* private modes remembered */

struct term_bytes {
	char	 p[65536];
	size_t	 from;
	size_t	 to;
};

struct term {
	int		 tty;		/* the user's terminal, /dev/tty */
	int		 master;	/* of ours, or -1 */
	int		 flow;		/* the agent's output, or -1 */
	int		 ask;		/* listening socket, or -1 */
	int		 lent;		/* the asker's connection, or -1 */
	long long	 asked;		/* ms: somebody waits since then, or 0 */
	int		 hup;		/* the user's terminal is gone */
	void		(*sized)(void *, int rows, int cols);	/* or NULL */
	void		*arg;		/* the caller's, for it */
	struct termios	 was;		/* to be restored */
	struct termios	 raw;
	struct term_bytes in;		/* to the agent */
	struct term_bytes out;		/* to the user */
	/* what the agent has told the terminal, as far as lending needs it */
	int		 state;		/* of the escape sequence parser */
	int		 missing;	/* bytes to the end of a character */
	int		 param[8];
	int		 nparam;
	int		 prefix;
	int		 on[TERM_MODES];
	int		 non;
	int		 alternate;	/* it is on the alternate screen */
	int		 cursor_hidden;
	int		 kitty;		/* keyboard protocol pushes */
};

/*
 * Take over the controlling terminal; ask is a listening Unix socket or -1.
 * end is for the child: the terminal, and where to write the agent's output.
 * Returns 0, or -1 with errno.
 */
int	term_open(struct term *, int ask, int end[2]);
/* In the child: a new session with end[0] as terminal, 0 and 2; 1 is end[1]. */
int	term_adopt(const int end[2]);
/* Fill in what to wait for, and how long in ms or -1; returns how many. */
int	term_wants(const struct term *, struct pollfd[TERM_POLLFDS], int *ms);
/* Do what is ready. */
void	term_serve(struct term *, const struct pollfd *, int n);
/* The user's terminal changed its size: pass it on, and tell by sized. */
void	term_resize(struct term *);
/* Bring out what is left, end a lending and put the terminal back. */
void	term_close(struct term *);

#endif
