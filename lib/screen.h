/*
 * The terminal as a screen: /dev/tty in raw mode on its alternate screen,
 * given back however the program ends.  There is one terminal and signals
 * come to the process, so the state is the module's own.
 */
#ifndef AIPOD_SCREEN_H
#define AIPOD_SCREEN_H

#include <stddef.h>

struct buf;

#define SCREEN_RESIZED	1
#define SCREEN_STOPPED	2	/* ^Z: call screen_stop */
#define SCREEN_CHILD	4

/*
 * Open /dev/tty and take it over.  Signals that end the program restore the
 * terminal first.  Returns the terminal's descriptor for reading, or -1 with
 * errno.
 */
int	 screen_open(void);
/* Give the terminal back, for good or for a command; take it again. */
void	 screen_leave(void);
void	 screen_enter(void);
/* Catch signals again, where SIGINT and SIGQUIT were ignored for a child. */
void	 screen_trap(void);
/* Leave, stop this job, and enter again when it is continued. */
void	 screen_stop(void);
void	 screen_size(int *rows, int *cols);
int	 screen_write(const struct buf *);

/* Readable when a signal came; screen_signals tells which, as a mask. */
int	 screen_signal_fd(void);
int	 screen_signals(void);
/* A process group to be killed when a signal ends this program; 0: none. */
void	 screen_kill_too(int pgrp);

/*
 * Keys.  Feed bytes, take names: "a", "é", "space", "enter", "tab", "esc",
 * "up", "ctrl-r", "alt-x", "f5", "pagedown", ...; what is pasted comes as
 * "paste" with the character in text.  An unknown sequence is "".
 */
struct keys {
	unsigned char	 b[256];
	size_t		 n;
	int		 pasting;
	char		 text[5];	/* the character itself, if it is one */
};

#define KEY_NAME	16

/* Returns 1 and the name of the next key, or 0 when more bytes are needed;
 * with `late' set nothing more will come and ESC is a key. */
int	 keys_next(struct keys *, int late, char name[KEY_NAME]);
/* 1 when a key can have this name. */
int	 keys_is_name(const char *);

#endif
