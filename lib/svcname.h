/*
 * Names of services: what one may be called, and the address in 127.128.0.0/9
 * that follows from it, so that nobody has to be told.
 */
#ifndef AIPOD_SVCNAME_H
#define AIPOD_SVCNAME_H

#include <stddef.h>
#include <stdint.h>

#define SVCNAME_MAX	32		/* 31 bytes and a NUL */
#define SVCNAME_SOCK	"svc-"		/* RUNDIR/svc-NAME.sock */

/* NULL for a good name, or a phrase that says what is wrong with it. */
const char *svcname_problem(const char *);
/* The address, host order. */
uint32_t svcname_addr(const char *);
/* The name out of "svc-NAME.sock": 1, or 0 when it is none. */
int	 svcname_of_socket(const char *file, char name[SVCNAME_MAX]);

#endif
