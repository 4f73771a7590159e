#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ac.h"

#define STRIDE		6		/* a row of 64 classes */
#define STATES_MAX	65000
#define LINE		64		/* bytes of the processor's cache */

struct ac {
	uint16_t	*next;		/* [state << STRIDE | class] */
	unsigned char	 class[256];
	size_t		 nstates;
	uint32_t	 match;		/* states from here on have output */
	uint32_t	*first;		/* of state - match: into out */
	uint32_t	*out;		/* literals, each list ended */
	size_t		*len;		/* of a literal */
	char		*begins;	/* a literal begins a word */
	size_t		 longest;
};

#define END		0xffffffff

/* While it is built. */
struct trie {
	uint16_t	*next;
	uint16_t	*fail;
	uint32_t	*own;		/* literal that ends here, or END */
	uint32_t	*same;		/* literals with the same bytes */
	uint16_t	*order;		/* breadth first */
	size_t		 n;
	size_t		 cap;
};

/* Letters first: what most rows are asked for lies in one line. */
static int
classes(struct ac *a, const char *const *lit, size_t n)
{
	const unsigned char *p;
	int used = 1, c;
	size_t i;

	for (c = 'a'; c <= 'z'; c++)
		a->class[c] = a->class[toupper(c)] = (unsigned char)used++;
	for (i = 0; i < n; i++)
		for (p = (const unsigned char *)lit[i]; *p != '\0'; p++) {
			if (a->class[*p] != 0)
				continue;
			if (used == 64)
				return -1;
			a->class[tolower(*p)] = (unsigned char)used;
			a->class[toupper(*p)] = (unsigned char)used;
			used++;
		}
	return 0;
}

static int
insert(const struct ac *a, struct trie *t, const char *lit, uint32_t id)
{
	const unsigned char *p;
	size_t s = 0;
	uint16_t *to;

	for (p = (const unsigned char *)lit; *p != '\0'; p++) {
		to = &t->next[s << STRIDE | a->class[*p]];
		if (*to == 0) {
			if (t->n == t->cap)
				return -1;
			t->own[t->n] = END;
			*to = (uint16_t)t->n++;
		}
		s = *to;
	}
	t->same[id] = t->own[s];
	t->own[s] = id;
	return 0;
}

/* Failure links turned into transitions; the order is breadth first. */
static void
link_up(struct trie *t)
{
	size_t head = 0, tail = 0, c, s, to;

	for (c = 0; c < 64; c++)
		if ((to = t->next[c]) != 0) {
			t->fail[to] = 0;
			t->order[tail++] = (uint16_t)to;
		}
	while (head < tail) {
		s = t->order[head++];
		for (c = 0; c < 64; c++) {
			to = t->next[s << STRIDE | c];
			if (to == 0) {
				t->next[s << STRIDE | c] =
				    t->next[(size_t)t->fail[s] << STRIDE | c];
				continue;
			}
			t->fail[to] = t->next[(size_t)t->fail[s] << STRIDE | c];
			t->order[tail++] = (uint16_t)to;
		}
	}
}

static int
has_output(const struct trie *t, size_t s)
{
	for (; s != 0; s = t->fail[s])
		if (t->own[s] != END)
			return 1;
	return 0;
}

/*
 * Number the states again, those with output last and the rest by their depth,
 * so that the few that most time is spent in lie together; list the output.
 */
static int
finish(struct ac *a, const struct trie *t)
{
	uint16_t *number;
	void *rows = NULL;
	size_t i, c, s, up, n = 1, nout = 0;
	uint32_t id;

	if (posix_memalign(&rows, LINE, (t->n << STRIDE) *
	    sizeof(*a->next)) != 0)
		return -1;
	a->next = rows;
	number = calloc(t->n, sizeof(*number));
	a->first = calloc(t->n, sizeof(*a->first));
	if (number == NULL || a->first == NULL) {
		free(number);
		return -1;
	}
	for (i = 0; i + 1 < t->n; i++)
		if (!has_output(t, t->order[i]))
			number[t->order[i]] = (uint16_t)n++;
	a->match = (uint32_t)n;
	for (s = 0; s < t->n; s++)
		if (has_output(t, s)) {
			number[s] = (uint16_t)n++;
			for (up = s; up != 0; up = t->fail[up])
				for (id = t->own[up]; id != END; id = t->same[id])
					nout++;
			nout++;
		}
	if ((a->out = calloc(nout != 0 ? nout : 1, sizeof(*a->out))) == NULL) {
		free(number);
		return -1;
	}
	for (s = i = 0; s < t->n; s++) {
		for (c = 0; c < 64; c++)
			a->next[(size_t)number[s] << STRIDE | c] =
			    number[t->next[s << STRIDE | c]];
		if (number[s] < a->match)
			continue;
		a->first[number[s] - a->match] = (uint32_t)i;
		for (up = s; up != 0; up = t->fail[up])
			for (id = t->own[up]; id != END; id = t->same[id])
				a->out[i++] = id;
		a->out[i++] = END;
	}
	a->nstates = t->n;
	free(number);
	return 0;
}

struct ac *
ac_new(const char *const *lit, const char *begins, size_t n)
{
	struct ac *a = calloc(1, sizeof(*a));
	struct trie t;
	size_t i;
	int ok;

	memset(&t, 0, sizeof(t));
	if (a == NULL || (a->len = calloc(n + 1, sizeof(*a->len))) == NULL ||
	    (a->begins = calloc(n + 1, 1)) == NULL) {
		ac_free(a);
		return NULL;
	}
	memcpy(a->begins, begins, n);
	t.cap = t.n = 1;
	for (i = 0; i < n; i++) {
		a->len[i] = strlen(lit[i]);
		t.cap += a->len[i];
		if (a->len[i] > a->longest)
			a->longest = a->len[i];
	}
	t.next = calloc(t.cap << STRIDE, sizeof(*t.next));
	t.fail = calloc(t.cap, sizeof(*t.fail));
	t.own = calloc(t.cap, sizeof(*t.own));
	t.order = calloc(t.cap, sizeof(*t.order));
	t.same = calloc(n + 1, sizeof(*t.same));
	ok = t.cap <= STATES_MAX && t.next != NULL && t.fail != NULL &&
	    t.own != NULL && t.order != NULL && t.same != NULL &&
	    classes(a, lit, n) == 0;
	if (ok)
		t.own[0] = END;
	for (i = 0; ok && i < n; i++)
		ok = insert(a, &t, lit[i], (uint32_t)i) == 0;
	if (ok) {
		link_up(&t);
		ok = finish(a, &t) == 0;
	}
	free(t.next);
	free(t.fail);
	free(t.own);
	free(t.order);
	free(t.same);
	if (!ok) {
		ac_free(a);
		return NULL;
	}
	return a;
}

void
ac_free(struct ac *a)
{
	if (a == NULL)
		return;
	free(a->next);
	free(a->first);
	free(a->out);
	free(a->len);
	free(a->begins);
	free(a);
}

struct run {
	const struct ac	*a;
	const unsigned char *s;
	void		(*hit)(void *, size_t, size_t);
	void		*arg;
};

static inline int
in_word(const unsigned char *s, size_t at)
{
	return at > 2 && ((unsigned)(s[at - 1] | 32) - 'a' < 26 ||
	    (unsigned)s[at - 1] - '0' < 10) && s[at - 2] != '\\' &&
	    s[at - 3] != '%';
}

/* The literals that end in state s before byte `end`, begun before limit. */
static void
report(const struct run *r, uint32_t s, size_t end, size_t limit)
{
	const struct ac *a = r->a;
	const uint32_t *o;
	size_t at;

	for (o = a->out + a->first[s - a->match]; *o != END; o++) {
		at = end - a->len[*o];
		if (at < limit && !(a->begins[*o] && in_word(r->s, at)))
			r->hit(r->arg, *o, at);
	}
}

/* From state s over [from, to); what begins at limit or later is not ours. */
static void
single(const struct run *r, const unsigned char *p, uint32_t s, size_t from,
    size_t to, size_t limit)
{
	const struct ac *a = r->a;

	for (; from < to; from++) {
		s = a->next[s << STRIDE | a->class[p[from]]];
		if (s >= a->match)
			report(r, s, from + 1, limit);
	}
}

/*
 * The loop that all the time goes into, on its own so that all it needs stays
 * in registers: four steps in turn until a state has output or the quarter
 * ends; where it stopped is returned.
 */
#if defined(__GNUC__) && !defined(__clang__)
__attribute__((noinline, optimize("O2")))
#endif
static size_t
four(const struct ac *a, const unsigned char *p, size_t q, size_t i,
    uint32_t state[4])
{
	const uint16_t *next = a->next;
	const unsigned char *class = a->class;
	const unsigned char *p1 = p + q, *p2 = p1 + q, *p3 = p2 + q;
	const uint32_t m = a->match;
	uint32_t s0 = state[0], s1 = state[1], s2 = state[2], s3 = state[3];

	while (i < q) {
		s0 = next[s0 << STRIDE | class[p[i]]];
		s1 = next[s1 << STRIDE | class[p1[i]]];
		s2 = next[s2 << STRIDE | class[p2[i]]];
		s3 = next[s3 << STRIDE | class[p3[i]]];
		i++;
		if (s0 >= m || s1 >= m || s2 >= m || s3 >= m)
			break;
	}
	state[0] = s0;
	state[1] = s1;
	state[2] = s2;
	state[3] = s3;
	return i;
}

void
ac_run(const struct ac *a, const unsigned char *p, size_t n,
    void (*hit)(void *, size_t, size_t), void *arg)
{
	struct run r = { a, p, hit, arg };
	uint32_t s[4] = { 0, 0, 0, 0 };
	size_t i, k, q = n / AC_LANES, from, to;

	if (q < 64) {
		single(&r, p, 0, 0, n, n);
		return;
	}
	for (i = 0; i < q;) {
		i = four(a, p, q, i, s);
		for (k = 0; k < 4; k++)
			if (s[k] >= a->match)
				report(&r, s[k], k * q + i,
				    k < 3 ? (k + 1) * q : n);
	}
	/* literals that lie across the seams, and the last bytes */
	for (k = 0; k < 4; k++) {
		from = (k + 1) * q;
		to = k < 3 ? from + a->longest - 1 : n;
		single(&r, p, s[k], from, to < n ? to : n, k < 3 ? from : n);
	}
}
