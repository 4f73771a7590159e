/*
 * Tries to get out of the box, for aipod-attack.
 */
#ifndef AIPOD_ATTACK_H
#define AIPOD_ATTACK_H

#include <stddef.h>

struct attempt {
	int	through;
	char	how[200];	/* what stopped it, or what was had */
};

/*
 * A way to try; the argument's bytes, with a NUL behind them.  It runs in a
 * process of its own and may do to it what it likes.
 */
struct method {
	const char	*name;
	void		(*run)(struct attempt *, char *arg, size_t len);
};

/* The end of each has no name. */
extern const struct method attack_net[], attack_box[], attack_sock[];

void	attack_stopped(struct attempt *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
/* Stopped by errno, if rc is -1; else through, as what was had. */
void	attack_result(struct attempt *, long rc, const char *had);
/* A host allowed at this port, as the relay is told: 1 with its name, or 0. */
int	attack_allowed_host(int port, char name[256]);

#endif
