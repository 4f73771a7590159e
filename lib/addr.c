#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "addr.h"

struct range {
	unsigned char	 a[16];
	int		 bits;
	enum addr_class	 class;
	const char	*what;
};

/* First match. */
static const struct range v4[] = {
	{ { 0 }, 8, ADDR_FORBIDDEN, "an unspecified address" },
	{ { 10 }, 8, ADDR_LOCAL, "a private address" },
	{ { 100, 100, 100, 200 }, 32, ADDR_FORBIDDEN, "a metadata address" },
	{ { 100, 64 }, 10, ADDR_LOCAL, "a carrier's private address" },
	{ { 127 }, 8, ADDR_LOCAL, "a loopback address" },
	{ { 168, 63, 129, 16 }, 32, ADDR_FORBIDDEN, "a metadata address" },
	{ { 169, 254 }, 16, ADDR_FORBIDDEN, "a link-local address" },
	{ { 172, 16 }, 12, ADDR_LOCAL, "a private address" },
	{ { 192, 0, 0 }, 24, ADDR_FORBIDDEN, "a reserved address" },
	{ { 192, 0, 2 }, 24, ADDR_LOCAL, "an address for documentation" },
	{ { 192, 88, 99 }, 24, ADDR_FORBIDDEN, "a reserved address" },
	{ { 192, 168 }, 16, ADDR_LOCAL, "a private address" },
	{ { 198, 18 }, 15, ADDR_LOCAL, "an address for benchmarks" },
	{ { 198, 51, 100 }, 24, ADDR_LOCAL, "an address for documentation" },
	{ { 203, 0, 113 }, 24, ADDR_LOCAL, "an address for documentation" },
	{ { 224 }, 4, ADDR_FORBIDDEN, "a multicast address" },
	{ { 240 }, 4, ADDR_FORBIDDEN, "a reserved address" }
};

static const struct range v6[] = {
	{ { [15] = 1 }, 128, ADDR_LOCAL, "a loopback address" },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDR_LOCAL,
	    "an address for documentation" },
	{ { 0x20, 0x01 }, 23, ADDR_FORBIDDEN, "a reserved address" },
	{ { 0x3f, 0xff }, 20, ADDR_LOCAL, "an address for documentation" },
	{ { 0x20 }, 3, ADDR_PUBLIC, "a public address" },
	{ { 0xfd, 0, 0x0e, 0xc2, [14] = 2, 0x54 }, 128, ADDR_FORBIDDEN,
	    "a metadata address" },
	{ { 0xfd, 0x20, 0, 0xce, [14] = 2, 0x54 }, 128, ADDR_FORBIDDEN,
	    "a metadata address" },
	{ { 0xfc }, 7, ADDR_LOCAL, "a private address" },
	{ { 0xfe, 0x80 }, 10, ADDR_FORBIDDEN, "a link-local address" },
	{ { 0xfe, 0xc0 }, 10, ADDR_LOCAL, "a private address" },
	{ { 0xff }, 8, ADDR_FORBIDDEN, "a multicast address" },
	{ { 0 }, 128, ADDR_FORBIDDEN, "an unspecified address" },
	{ { 0 }, 0, ADDR_FORBIDDEN, "a reserved address" }
};

/* Where an IPv4 address sits in IPv6 addresses of this prefix. */
static const struct {
	unsigned char	a[12];
	int		bits;
	int		at;
} carriers[] = {
	{ { [10] = 0xff, 0xff }, 96, 12 },		/* mapped */
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, 12 },		/* NAT64 */
	{ { 0x20, 0x02 }, 16, 2 }			/* 6to4 */
};

static int
in_range(const unsigned char *a, const unsigned char *prefix, int bits)
{
	int whole = bits / 8, rest = bits % 8;

	if (memcmp(a, prefix, (size_t)whole) != 0)
		return 0;
	return rest == 0 || (a[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static enum addr_class
class_v4(const unsigned char *a, const char **what)
{
	size_t i;

	for (i = 0; i < sizeof(v4) / sizeof(v4[0]); i++)
		if (in_range(a, v4[i].a, v4[i].bits)) {
			*what = v4[i].what;
			return v4[i].class;
		}
	*what = "a public address";
	return ADDR_PUBLIC;
}

static enum addr_class
class_v6(const unsigned char *a, const char **what)
{
	static const unsigned char zero[16], isatap[3] = { 0, 0x5e, 0xfe };
	enum addr_class class;
	size_t i;

	for (i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++)
		if (in_range(a, carriers[i].a, carriers[i].bits))
			return class_v4(a + carriers[i].at, what);
	/* compatible: deprecated, but there are stacks that take it */
	if (memcmp(a, zero, 12) == 0 && (a[12] != 0 || a[13] != 0))
		return class_v4(a + 12, what);
	if ((a[8] & 0xfd) == 0 && memcmp(a + 9, isatap, 3) == 0 &&
	    (class = class_v4(a + 12, what)) != ADDR_PUBLIC)
		return class;
	for (i = 0; !in_range(a, v6[i].a, v6[i].bits); i++)
		continue;
	*what = v6[i].what;
	return v6[i].class;
}

enum addr_class
addr_class(const struct addr *a, const char **what)
{
	return a->family == AF_INET ? class_v4(a->a, what) :
	    class_v6(a->a, what);
}

int
addr_parse(struct addr *a, const char *s)
{
	memset(a, 0, sizeof(*a));
	a->family = strchr(s, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(a->family, s, a->a) == 1 ? 0 : -1;
}

void
addr_show(const struct addr *a, char out[NAME_HOST_MAX])
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(a->family, a->a, text, sizeof(text)) == NULL)
		text[0] = '\0';
	name_normalise(text, strlen(text), out);
}

socklen_t
addr_sockaddr(const struct addr *a, int port, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)a->family;
	if (a->family == AF_INET) {
		in->sin_port = htons((uint16_t)port);
		memcpy(&in->sin_addr, a->a, 4);
		return sizeof(*in);
	}
	in6->sin6_port = htons((uint16_t)port);
	memcpy(&in6->sin6_addr, a->a, 16);
	return sizeof(*in6);
}
