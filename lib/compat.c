/*
 * A libbearssl.a that was built with glibc's fortify calls these three;
 * configure compiles this file in only where the C library has not got them.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void	*__memcpy_chk(void *, const void *, size_t, size_t);
void	*__memmove_chk(void *, const void *, size_t, size_t);
void	*__memset_chk(void *, int, size_t, size_t);

void *
__memcpy_chk(void *d, const void *s, size_t n, size_t room)
{
	if (n > room)
		abort();
	return memcpy(d, s, n);
}

void *
__memmove_chk(void *d, const void *s, size_t n, size_t room)
{
	if (n > room)
		abort();
	return memmove(d, s, n);
}

void *
__memset_chk(void *d, int c, size_t n, size_t room)
{
	if (n > room)
		abort();
	return memset(d, c, n);
}
