/*
 * What a box says of a login: a message that is taken is within bounds, and
 * what may replace the user's file differs from it in tokens alone.
 */
#include <sys/socket.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "login.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char mine[] = "{\"a\":{\"accessToken\":\"x\",\"expiresAt\":1,"
    "\"scopes\":[\"s\"],\"plan\":\"max\"},\"hooks\":null}";

/* What is no token is as it was, byte for byte. */
static void
check(const struct buf *b)
{
	struct json j;
	const char *s;
	size_t n;
	int a;

	if (json_parse(&j, b->p, b->len, JSON_DEPTH, 4096) == -1)
		abort();
	a = json_get(&j, 0, "a");
	s = json_raw(&j, json_get(&j, a, "scopes"), &n);
	if (json_count(&j, 0) != 2 || json_count(&j, a) != 4 ||
	    json_type(&j, json_get(&j, 0, "hooks")) != JSON_NULL ||
	    !json_eq(&j, json_get(&j, a, "plan"), "max") ||
	    n != 5 || memcmp(s, "[\"s\"]", 5) != 0)
		abort();
	json_free(&j);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct login in = { 'N', 0, BUF_INIT };
	struct buf was = BUF_INIT;
	int sv[2];

	if (n > 16384 || socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		return 0;
	if (write(sv[0], data, n) == (ssize_t)n &&
	    shutdown(sv[0], SHUT_WR) == 0 && login_recv(sv[1], &in) == 0) {
		if (in.bytes.len > LOGIN_MAX || in.changed < 0)
			abort();
		buf_puts(&was, mine);
		if (login_may(&was, &in.bytes))
			check(&in.bytes);
	}
	close(sv[0]);
	close(sv[1]);
	buf_free(&was);
	login_free(&in);
	return 0;
}
