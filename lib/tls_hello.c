#include <string.h>

#include "tls_hello.h"

#define HELLO_MAX	16384		/* bytes of the message */

/* What is left to read; len goes to -1 for good when it was too little. */
struct in {
	const unsigned char	*p;
	long			 len;
};

static unsigned
number(struct in *in, int bytes)
{
	unsigned v = 0;

	if (in->len < bytes) {
		in->len = -1;
		return 0;
	}
	in->len -= bytes;
	while (bytes-- > 0)
		v = v << 8 | *in->p++;
	return v;
}

/* A vector whose length stands in front in so many bytes. */
static struct in
vector(struct in *in, int bytes)
{
	struct in v = { NULL, -1 };
	long n = (long)number(in, bytes);

	if (in->len < n) {
		in->len = -1;
		return v;
	}
	v.p = in->p;
	v.len = n;
	in->p += n;
	in->len -= n;
	return v;
}

/* RFC 6066: one name of each type, and there is only one type. */
static int
server_name(struct in ext, char sni[NAME_HOST_MAX])
{
	struct in list = vector(&ext, 2), name;
	enum name_kind kind;
	unsigned type;

	type = number(&list, 1);
	name = vector(&list, 2);
	if (type != 0 || name.len < 1 || list.len != 0 || ext.len != 0)
		return -1;
	if (name.p[name.len - 1] == '.')
		return -1;
	kind = name_normalise((const char *)name.p, (size_t)name.len, sni);
	return kind == NAME_HOST || kind == NAME_SINGLE ? 0 : -1;
}

static int
parse(struct in in, char sni[NAME_HOST_MAX], const char **why)
{
	struct in session, suites, methods, exts, ext;
	unsigned type;

	*why = "a malformed ClientHello";
	if (number(&in, 2) >> 8 != 3 || in.len < 32)
		return -1;
	in.p += 32;
	in.len -= 32;
	session = vector(&in, 1);
	suites = vector(&in, 2);
	methods = vector(&in, 1);
	if (in.len == -1 || session.len > 32 || suites.len < 2 ||
	    suites.len % 2 != 0 || methods.len < 1)
		return -1;
	if (in.len == 0)
		return 1;
	exts = vector(&in, 2);
	if (in.len != 0)
		return -1;
	while (exts.len > 0) {
		type = number(&exts, 2);
		ext = vector(&exts, 2);
		if (exts.len == -1)
			return -1;
		if (type != 0)
			continue;
		if (sni[0] != '\0') {
			*why = "two server names in the ClientHello";
			return -1;
		}
		if (server_name(ext, sni) == -1) {
			*why = "a server name in the ClientHello that is none";
			return -1;
		}
	}
	return exts.len == 0 ? 1 : -1;
}

int
tls_hello(const unsigned char *p, size_t n, char sni[NAME_HOST_MAX],
    const char **why)
{
	unsigned char msg[HELLO_MAX];
	struct in in;
	size_t len, rec, want, have = 0, at = 0;

	sni[0] = '\0';
	*why = "no TLS";
	for (;;) {
		if ((n - at >= 1 && p[at] != 22) ||
		    (n - at >= 2 && p[at + 1] != 3) ||
		    (n - at >= 3 && p[at + 2] > 4))
			return -1;
		if (n - at < 5)
			return 0;
		rec = (size_t)p[at + 3] << 8 | p[at + 4];
		if (rec == 0 || rec > HELLO_MAX - have)
			return -1;
		at += 5;
		/* a record that is not all there may tell already */
		want = n - at < rec ? n - at : rec;
		memcpy(msg + have, p + at, want);
		have += want;
		at += want;
		if (have >= 1 && msg[0] != 1)
			return -1;
		if (have >= 4) {
			len = (size_t)msg[1] << 16 | (size_t)msg[2] << 8 | msg[3];
			if (len > HELLO_MAX - 4) {
				*why = "a ClientHello that is too long";
				return -1;
			}
			if (have > len + 4) {
				*why = "more than a ClientHello";
				return -1;
			}
			if (have == len + 4 && want == rec)
				break;
		}
		if (want < rec)
			return 0;
	}
	in.p = msg + 4;
	in.len = (long)len;
	return parse(in, sni, why);
}
