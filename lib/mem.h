/*
 * Memory for tools: these never return NULL.  When there is no more they
 * print to standard error and exit ST_SYS.  The caller frees with free(3).
 */
#ifndef AIPOD_MEM_H
#define AIPOD_MEM_H

#include <stddef.h>

void	*xmalloc(size_t);
void	*xcalloc(size_t, size_t);
/* reallocarray(3): dies, too, when the product overflows. */
void	*xreallocarray(void *, size_t, size_t);
char	*xstrdup(const char *);
char	*xstrndup(const char *, size_t);
char	*xasprintf(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
