/*
 * Fuzz target for lib/http.  The first byte chooses request or response; what
 * stands behind the head is its body.
 */
#include <stdlib.h>
#include <string.h>

#include "http.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(int ok)
{
	if (!ok)
		abort();
}

/* However the body is cut into pieces, the decoder says the same. */
static void
chunked(const char *p, size_t n, size_t piece, size_t *used, size_t *got)
{
	struct http_chunks k = { 0 };
	size_t at = 0, take, out;
	char *c;
	long rc;

	*got = 0;
	while (at < n && !k.done) {
		take = n - at < piece ? n - at : piece;
		c = malloc(take);
		check(c != NULL);
		memcpy(c, p + at, take);
		rc = http_chunks(&k, c, take, &out);
		free(c);
		if (rc == -1) {
			*used = *got = (size_t)-1;
			return;
		}
		check((size_t)rc <= take && out <= (size_t)rc);
		check(k.done || (size_t)rc == take);
		at += (size_t)rc;
		*got += out;
	}
	*used = at;
}

static void
use(const struct http_head *h, int is_response, const char *body, size_t n)
{
	size_t i, used[2], got[2];
	enum http_framing f;
	uint64_t len;

	for (i = 0; i < h->nfield; i++)
		check(http_field(h, h->field[i].name) != NULL &&
		    strchr(h->field[i].value, '\r') == NULL);
	http_has_token(h, "Connection", "close");
	http_keepalive(h);
	if (http_body(h, is_response, &f, &len) != 0 || f != HTTP_CHUNKED)
		return;
	chunked(body, n, n > 0 ? n : 1, &used[0], &got[0]);
	chunked(body, n, 1, &used[1], &got[1]);
	check(used[0] == used[1] && got[0] == got[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct http_head h;
	int is_response;
	char *p;
	long rc;

	if (n == 0)
		return 0;
	is_response = data[0] & 1;
	data++;
	n--;
	if ((p = malloc(n > 0 ? n : 1)) == NULL)
		return 0;
	memcpy(p, data, n);
	rc = is_response ? http_response(&h, p, n) : http_request(&h, p, n);
	check(rc <= (long)n);
	if (rc == 0)
		check(memcmp(p, data, n) == 0);
	if (rc > 0)
		use(&h, is_response, p + rc, n - (size_t)rc);
	free(p);
	return 0;
}
