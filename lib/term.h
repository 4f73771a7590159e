/*
 * A pseudo-terminal of our own between the user's terminal and the agent:
 * bytes pass through both ways untouched, until somebody on the host has to
 * ask the user something.  Then the terminal is lent: the agent is stopped
 * short (its output waits), the asker gets the terminal's descriptor over the
 * ask socket, and when it closes its connection the screen is given back.
 */
#ifndef AIPOD_TERM_H
#define AIPOD_TERM_H

#include <sys/types.h>
#include <poll.h>
#include <stddef.h>
#include <termios.h>

#define TERM_POLLFDS	4
#define TERM_MODES	24		/* private modes remembered */

struct term_bytes {
	char	 p[32768];
	size_t	 from;
	size_t	 to;
};

struct term {
	int		 tty;		/* the user's terminal, /dev/tty */
	int		 master;
	int		 ask;		/* listening socket, or -1 */
	int		 lent;		/* the asker's connection, or -1 */
	int		 hup;		/* the user's terminal is gone */
	struct termios	 was;		/* to be restored */
	struct termios	 raw;
	struct term_bytes in;		/* to the agent */
	struct term_bytes out;		/* to the user */
	/* what the agent has told the terminal, as far as lending needs it */
	int		 state;		/* of the escape sequence parser */
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
 * *slave is the end for the child.  Returns 0, or -1 with errno.
 */
int	term_open(struct term *, int ask, int *slave);
/* In the child: a new session with the slave as terminal and 0, 1 and 2. */
int	term_adopt(int slave);
/* Fill in what to wait for; returns how many. */
int	term_wants(const struct term *, struct pollfd[TERM_POLLFDS]);
/* Do what is ready. */
void	term_serve(struct term *, const struct pollfd *, int n);
/* The user's terminal changed its size. */
void	term_resize(struct term *);
/* Bring out what is left, end a lending and put the terminal back. */
void	term_close(struct term *);

#endif
