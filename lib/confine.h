/*
 * Confinement of a process that reads what is not trusted.  It cannot be
 * undone and is inherited: nothing that goes on to run a container engine may
 * use it.
 */
#ifndef AIPOD_CONFINE_H
#define AIPOD_CONFINE_H

#define CONFINE_NNP	1	/* no new privileges */
#define CONFINE_FILES	2	/* Landlock: no file can be opened or changed */
#define CONFINE_NET	4	/* Landlock: no TCP port bound, none connected */
#define CONFINE_CALLS	8	/* seccomp: system calls of a plain server only */

/*
 * Confine this process to the descriptors that it has: it can read, write,
 * accept, wait, take memory and exit, and neither open files nor make
 * sockets nor start programs or processes.  Returns what came into force: with
 * a kernel that has less, less; -1 with errno when the kernel has it and
 * refused.
 */
int	confine_server(void);
/* The same for one that connects: it can make Internet sockets, too. */
int	confine_dialer(void);

#endif
