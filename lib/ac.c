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
	size_t		 n;		/* literals; ESCAPES are the next */
	size_t		 longest;
};

/* States: where a word may begin, and where one goes on. */
enum { AT_START, IN_WORD, ROOTS };

/* They make a letter before a word be none of it. */
static const char *const escape[] = { "\\n", "\\r", "\\t", "%" };
#define ESCAPES		4

#define END		0xffffffff

/* While it is built. */
struct trie {
	uint16_t	*next;
	uint16_t	*fail;
	uint32_t	*own;		/* entry that ends here, or END */
	uint32_t	*same;		/* entries with the same bytes */
	uint32_t	*lit;		/* an entry's literal */
	uint32_t	 nentry;
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
	for (c = '0'; c <= '9'; c++)
		a->class[c] = (unsigned char)used++;
	a->class['\\'] = (unsigned char)used++;
	a->class['%'] = (unsigned char)used++;
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
insert(const struct ac *a, struct trie *t, size_t s, const char *lit,
    uint32_t id)
{
	const unsigned char *p;
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
	t->same[t->nentry] = t->own[s];
	t->lit[t->nentry] = id;
	t->own[s] = t->nentry++;
	return 0;
}

/* Below the root for a word's beginning, and below the other if it may be. */
static int
insert_all(const struct ac *a, struct trie *t, const char *const *lit)
{
	size_t i;

	for (i = 0; i < a->n + ESCAPES; i++) {
		const char *text = i < a->n ? lit[i] : escape[i - a->n];

		if (insert(a, t, AT_START, text, (uint32_t)i) == -1 ||
		    (!a->begins[i] && insert(a, t, IN_WORD, text,
		    (uint32_t)i) == -1))
			return -1;
	}
	return 0;
}

/* Failure links turned into transitions; the order is breadth first. */
static void
link_up(const struct ac *a, struct trie *t)
{
	uint16_t root[64];
	size_t head = 0, tail = 0, c, s, to;

	memset(root, 0, sizeof(root));
	for (c = 0; c < 256; c++)
		if (isalnum((int)c))
			root[a->class[c]] = IN_WORD;
	for (s = 0; s < ROOTS; s++)
		for (c = 0; c < 64; c++) {
			if ((to = t->next[s << STRIDE | c]) == 0) {
				t->next[s << STRIDE | c] = root[c];
				continue;
			}
			t->fail[to] = root[c];
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
	for (; s >= ROOTS; s = t->fail[s])
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
	size_t i, c, s, up, n = ROOTS, nout = 0;
	uint32_t e;

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
	number[IN_WORD] = IN_WORD;
	for (i = 0; i + ROOTS < t->n; i++)
		if (!has_output(t, t->order[i]))
			number[t->order[i]] = (uint16_t)n++;
	a->match = (uint32_t)n;
	for (s = 0; s < t->n; s++)
		if (has_output(t, s)) {
			number[s] = (uint16_t)n++;
			for (up = s; up >= ROOTS; up = t->fail[up])
				for (e = t->own[up]; e != END; e = t->same[e])
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
		for (up = s; up >= ROOTS; up = t->fail[up])
			for (e = t->own[up]; e != END; e = t->same[e])
				a->out[i++] = t->lit[e];
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
	if (a == NULL || (a->len = calloc(n + ESCAPES, sizeof(*a->len))) ==
	    NULL || (a->begins = calloc(n + ESCAPES, 1)) == NULL) {
		ac_free(a);
		return NULL;
	}
	a->n = n;
	memcpy(a->begins, begins, n);
	t.cap = t.n = ROOTS;
	for (i = 0; i < n + ESCAPES; i++) {
		a->len[i] = strlen(i < n ? lit[i] : escape[i - n]);
		t.cap += 2 * a->len[i];
		if (a->len[i] > a->longest)
			a->longest = a->len[i];
	}
	t.next = calloc(t.cap << STRIDE, sizeof(*t.next));
	t.fail = calloc(t.cap, sizeof(*t.fail));
	t.own = calloc(t.cap, sizeof(*t.own));
	t.order = calloc(t.cap, sizeof(*t.order));
	t.same = calloc(2 * (n + ESCAPES), sizeof(*t.same));
	t.lit = calloc(2 * (n + ESCAPES), sizeof(*t.lit));
	ok = t.cap <= STATES_MAX && t.next != NULL && t.fail != NULL &&
	    t.own != NULL && t.order != NULL && t.same != NULL &&
	    t.lit != NULL && classes(a, lit, n) == 0;
	if (ok) {
		t.own[AT_START] = t.own[IN_WORD] = END;
		ok = insert_all(a, &t, lit) == 0;
	}
	if (ok) {
		link_up(a, &t);
		ok = finish(a, &t) == 0;
	}
	free(t.next);
	free(t.fail);
	free(t.own);
	free(t.order);
	free(t.same);
	free(t.lit);
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
	size_t		 n;
	void		(*hit)(void *, size_t, size_t);
	void		*arg;
};

/* Literals that begin a word right behind the escape at s[at]. */
static void
behind_escape(const struct run *r, size_t at)
{
	const struct ac *a = r->a;
	const uint32_t *o;
	uint32_t s = AT_START;
	size_t from, i;

	if (r->s[at] == '%' && (r->n - at < 4 || !isxdigit(r->s[at + 1]) ||
	    !isxdigit(r->s[at + 2])))
		return;
	from = at + (r->s[at] == '%' ? 3 : 2);
	for (i = from; i < r->n && i - from < a->longest; i++) {
		s = a->next[s << STRIDE | a->class[r->s[i]]];
		if (s < ROOTS)
			break;
		if (s < a->match)
			continue;
		for (o = a->out + a->first[s - a->match]; *o != END; o++)
			if (a->begins[*o] && i + 1 - a->len[*o] == from)
				r->hit(r->arg, *o, from);
	}
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
		if (at >= limit)
			continue;
		if (*o < a->n)
			r->hit(r->arg, *o, at);
		else
			behind_escape(r, at);
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
	struct run r = { a, p, n, hit, arg };
	uint32_t s[4];
	size_t i, k, q = n / AC_LANES, from, to;

	if (q < 64) {
		single(&r, p, AT_START, 0, n, n);
		return;
	}
	for (k = 0; k < 4; k++)
		s[k] = k > 0 && isalnum(p[k * q - 1]) ? IN_WORD : AT_START;
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
