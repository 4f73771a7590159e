#include <string.h>

#include "svcname.h"

#define NET	0x7f800000u		/* 127.128.0.0/9 */
#define HOSTS	0x007fffffu

/* What resolvers and people take for something else. */
static const char *const taken[] = { "localhost", "host", "gateway",
	"broadcasthost", "wpad", "ip6-localhost", "ip6-loopback",
	"ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters",
	NULL };

const char *
svcname_problem(const char *s)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t n = strlen(s);
	int i;

	if (n == 0 || n >= SVCNAME_MAX)
		return "it must have 1 to 31 characters";
	if (*s < 'a' || *s > 'z' || strspn(s, ok) != n || s[n - 1] == '-')
		return "it must be lower-case letters, digits and hyphens, a"
		    " letter first and no hyphen last";
	for (i = 0; taken[i] != NULL; i++)
		if (strcmp(taken[i], s) == 0)
			return "that name means something else already";
	return NULL;
}

uint32_t
svcname_addr(const char *s)
{
	uint32_t h = 2166136261u, a;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	h ^= h >> 23;
	do
		a = NET | (h++ & HOSTS);
	while ((a & 0xff) == 0 || (a & 0xff) == 0xff);
	return a;
}

int
svcname_of_socket(const char *file, char name[SVCNAME_MAX])
{
	size_t n = strlen(file), pre = strlen(SVCNAME_SOCK);

	if (n <= pre + 5 || n - pre - 5 >= SVCNAME_MAX ||
	    strncmp(file, SVCNAME_SOCK, pre) != 0 ||
	    strcmp(file + n - 5, ".sock") != 0)
		return 0;
	memcpy(name, file + pre, n - pre - 5);
	name[n - pre - 5] = '\0';
	return svcname_problem(name) == NULL;
}
