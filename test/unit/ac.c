/*
 * ac_run finds what a look at every place finds: random texts of few letters,
 * so that there is much to find, and of every length around those of its parts.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ac.h"
#include "check.h"
#include "shape.h"

static const char *const literal[] = { "a", "ab", "aba", "B1", "1b", "%3d",
	"na", "d_", "_a", "b", "aab", "ab", "nab1", "3d1", "a%b" };
static const char begins[] = { 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1 };

#define N	(sizeof(begins))
#define LONGEST	2000

static unsigned char seen[N][LONGEST];

static void
hit(void *arg, size_t id, size_t at)
{
	(void)arg;
	seen[id][at]++;
}

static int
stands(size_t id, const unsigned char *s, size_t n, size_t at)
{
	size_t len = strlen(literal[id]);

	return n - at >= len && strncasecmp((const char *)s + at, literal[id],
	    len) == 0 && (!begins[id] || shape_may_begin(s, at));
}

int
main(void)
{
	static const char letters[] = "aAbBn1d3%\\_ D\n";
	unsigned char s[LONGEST];
	size_t n, i, id, round;
	struct ac *ac = ac_new(literal, begins, N);

	CHECK(ac != NULL);
	srand(7);
	for (round = 0; ac != NULL && round < 1500; round++) {
		n = round < 600 ? round : (size_t)rand() % LONGEST;
		for (i = 0; i < n; i++)
			s[i] = (unsigned char)letters[(size_t)rand() %
			    (sizeof(letters) - 1)];
		memset(seen, 0, sizeof(seen));
		ac_run(ac, s, n, hit, NULL);
		for (id = 0; id < N; id++)
			for (i = 0; i < n; i++)
				CHECK(seen[id][i] == stands(id, s, n, i));
	}
	ac_free(ac);
	return failed;
}
