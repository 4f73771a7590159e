/*
 * RUNDIR/hosts: which names the relay may give an address, as aipod-egress
 * tells it.  First line "mode ask|deny|open|record", with "handover" behind
 * it where the judge takes clients over, then "allow NAME PORT"
 * and "deny NAME PORT", of which the last match wins; NAME may be "*.suffix".
 * It is advice: the judge is on the host.
 */
#ifndef AIPOD_HOSTS_H
#define AIPOD_HOSTS_H

#include <sys/stat.h>
#include <stddef.h>

#define HOSTS_PORTS	32		/* at most so many ports a name */

struct hosts_rule {
	char	*pattern;
	int	 port;
	int	 allow;
};

struct hosts {
	int			 any;	/* names without a rule may be tried */
	int			 handover;	/* the judge takes clients over */
	struct hosts_rule	*rule;
	size_t			 n;
	struct stat		 st;	/* of the file that was read */
};

/*
 * Read the file when it has changed since; start from all zero.  1 when it was
 * read, 0 when it is as it was, -1 with errno when there is none or it cannot
 * be understood: then no name is known.
 */
int	hosts_load(struct hosts *, const char *path);
void	hosts_free(struct hosts *);

/*
 * The ports at which a name (normalised) may be tried, without doubles;
 * returns how many, 0 when the name is not to be known.
 */
size_t	hosts_ports(const struct hosts *, const char *name,
	    int ports[HOSTS_PORTS]);
/* The same for what a rule allows by name alone, whatever the mode. */
size_t	hosts_allowed(const struct hosts *, const char *name,
	    int ports[HOSTS_PORTS]);

#endif
