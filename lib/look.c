#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ac.h"
#include "assign.h"
#include "decode.h"
#include "guess.h"
#include "look.h"
#include "scancheck.h"

#define LINE		2048		/* bytes of a line or command */
#define LONG		512		/* bytes of a token */
#define CODED		6144		/* bytes of a coded run */
#define LEAST		12		/* bytes of text in a binary file */

/* 1 when one of the directories of the path is for tests. */
static int
in_tests(const char *path)
{
	static const char *const dirs[] = {
		"t", "test", "tests", "testing", "testsuite", "testdata",
		"test_data", "testcases", "unittest", "unittests", "selftests",
		"__tests__", "regress", "expected", "spec", "fixtures", NULL
	};
	const char *end;
	size_t n;
	int i;

	for (; (end = strchr(path, '/')) != NULL; path = end + 1) {
		n = (size_t)(end - path);
		for (i = 0; dirs[i] != NULL; i++)
			if (dirs[i][0] == tolower((unsigned char)*path) &&
			    strlen(dirs[i]) == n &&
			    strncasecmp(path, dirs[i], n) == 0)
				return 1;
	}
	return 0;
}

enum look_kind
look_kind(const char *path)
{
	static const struct {
		const char	*ext;
		enum look_kind	 kind;
	} known[] = {
		{ "c", LOOK_CODE }, { "h", LOOK_CODE }, { "cc", LOOK_CODE },
		{ "cpp", LOOK_CODE }, { "cxx", LOOK_CODE },
		{ "hpp", LOOK_CODE }, { "hh", LOOK_CODE }, { "m", LOOK_CODE },
		{ "mm", LOOK_CODE }, { "go", LOOK_CODE }, { "rs", LOOK_CODE },
		{ "java", LOOK_CODE }, { "kt", LOOK_CODE },
		{ "scala", LOOK_CODE }, { "cs", LOOK_CODE },
		{ "vb", LOOK_CODE }, { "swift", LOOK_CODE },
		{ "py", LOOK_CODE }, { "pyi", LOOK_CODE },
		{ "rb", LOOK_CODE }, { "pl", LOOK_CODE }, { "pm", LOOK_CODE },
		{ "t", LOOK_CODE }, { "js", LOOK_CODE }, { "mjs", LOOK_CODE },
		{ "cjs", LOOK_CODE }, { "jsx", LOOK_CODE },
		{ "ts", LOOK_CODE }, { "tsx", LOOK_CODE },
		{ "vue", LOOK_CODE }, { "lua", LOOK_CODE },
		{ "tcl", LOOK_CODE }, { "el", LOOK_CODE },
		{ "hs", LOOK_CODE }, { "ml", LOOK_CODE }, { "s", LOOK_CODE },
		{ "asm", LOOK_CODE }, { "r", LOOK_CODE }, { "dart", LOOK_CODE },
		{ "ex", LOOK_CODE }, { "erl", LOOK_CODE }, { "d", LOOK_CODE },
		{ "in", LOOK_CODE }, { "y", LOOK_CODE }, { "l", LOOK_CODE },
		{ "inc", LOOK_CODE }, { "awk", LOOK_CODE },
		{ "vim", LOOK_CODE }, { "pas", LOOK_CODE },
		{ "pp", LOOK_CODE }, { "php", LOOK_CODE },
		{ "groovy", LOOK_CODE }, { "ipynb", LOOK_CODE },
		{ "tsv", LOOK_CODE }, { "csv", LOOK_CODE },
		{ "lock", LOOK_CODE }, { "sum", LOOK_CODE },
		{ "m4", LOOK_CODE }, { "ac", LOOK_CODE },
		{ "am", LOOK_CODE }, { "cmake", LOOK_CODE },
		{ "css", LOOK_CODE }, { "map", LOOK_CODE },
		{ "md", LOOK_PROSE }, { "txt", LOOK_PROSE },
		{ "rst", LOOK_PROSE }, { "html", LOOK_PROSE },
		{ "htm", LOOK_PROSE }, { "adoc", LOOK_PROSE },
		{ "pod", LOOK_PROSE }, { "po", LOOK_PROSE },
		{ "pot", LOOK_PROSE }, { "texi", LOOK_PROSE },
		{ "tex", LOOK_PROSE }, { "sgml", LOOK_PROSE },
		{ "docbook", LOOK_PROSE }, { "svg", LOOK_PROSE },
		{ "3", LOOK_PROSE }, { "1", LOOK_PROSE }, { "2", LOOK_PROSE },
		{ "4", LOOK_PROSE }, { "5", LOOK_PROSE }, { "6", LOOK_PROSE },
		{ "7", LOOK_PROSE }, { "8", LOOK_PROSE }, { "n", LOOK_PROSE },
		{ "changes", LOOK_PROSE }
	};
	static const char *const prose[] = {
		"README", "NEWS", "ChangeLog", "CHANGES", "TODO", "AUTHORS",
		"INSTALL", "LICENSE", "COPYING", "HISTORY", NULL
	};
	const char *base = strrchr(path, '/'), *dot;
	enum look_kind tests = in_tests(path) ? LOOK_TESTS : 0;
	size_t i;
	int c;

	base = base != NULL ? base + 1 : path;
	for (i = 0; prose[i] != NULL; i++)
		if (*base == prose[i][0] &&
		    strncmp(base, prose[i], strlen(prose[i])) == 0)
			return LOOK_PROSE | tests;
	if ((dot = strrchr(base, '.')) == NULL || dot == base)
		return LOOK_PLAIN | tests;
	c = tolower((unsigned char)dot[1]);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].ext[0] == c && strcasecmp(dot + 1, known[i].ext) == 0)
			return known[i].kind | tests;
	return LOOK_PLAIN | tests;
}

int
look_word(const struct look *l, size_t i, const char *word)
{
	return i < l->n && guess_begins(l->s + i, l->n - i, word);
}

int
look_assign(struct look *l, size_t at, size_t end, struct assign *a)
{
	return assign_parse(l->s, l->n, at, end, a, &l->done->value);
}

int
look_value(struct look *l, size_t at, struct assign *a)
{
	return assign_value(l->s, l->n, at, a, &l->done->value);
}

size_t
look_line_end(struct look *l, size_t i, int joined)
{
	struct look_lane *d = l->done;
	size_t k;

	if (!joined && i >= d->line && i < d->line_end &&
	    (d->line_end - d->line < LINE || i - d->line < LINE / 2))
		return d->line_end;
	if (!joined)
		d->line = i;
	for (k = 0; i < l->n && k < LINE; i++, k++)
		if (l->s[i] == '\n' && !(joined && i > 0 &&
		    (l->s[i - 1] == '\\' || (l->s[i - 1] == '\r' && i > 1 &&
		    l->s[i - 2] == '\\'))))
			break;
	if (!joined)
		d->line_end = i;
	return i;
}

int
look_random(const struct look *l, size_t from, size_t to, int level)
{
	const unsigned char *v = l->s + from;
	size_t n = to - from;

	if (n >= 40 && n <= 200 && guess_random(&l->rules->pairs, v, n, 2) &&
	    !guess_has(v, n, "${") && !guess_has(v, n, "{{"))
		return 1;
	return !guess_placeholder(v, n) &&
	    guess_random(&l->rules->pairs, v, n, level);
}

void
look_add(struct look *l, const char *rule, size_t from, size_t to, int rank)
{
	struct spot *p;

	if (l->nspot == LOOK_SPOTS) {
		l->overflow = 1;
		return;
	}
	p = &l->spot[l->nspot++];
	p->rule = rule;
	p->from = from;
	p->to = to;
	p->rank = rank;
}

void
look_password(struct look *l, const char *rule, size_t from, size_t to,
    int rank)
{
	if (!l->tests || guess_strong(l->s + from, to - from) ||
	    look_random(l, from, to, 1))
		look_add(l, rule, from, to, rank);
}

/* Digits, and letters of both cases. */
static int
mixed(const unsigned char *v, size_t n)
{
	size_t i, d = 0, u = 0, w = 0;

	for (i = 0; i < n; i++) {
		d += isdigit(v[i]) != 0;
		u += isupper(v[i]) != 0;
		w += islower(v[i]) != 0;
	}
	return d != 0 && u > 1 && w > 1;
}

/* x.png, x.min.js: the name of a file that holds a hash. */
static int
file_name(const struct look *l, size_t at)
{
	size_t k;

	if (at >= l->n || l->s[at] != '.')
		return 0;
	for (k = at + 1; k < l->n && k - at < 7 && islower(l->s[k]); k++)
		;
	return k - at > 2 && k - at < 7 && (k == l->n || !isalnum(l->s[k]));
}

static int
accept_shape(const struct look *l, const struct rule_secret *r, size_t from,
    size_t to)
{
	const unsigned char *v = l->s + from;
	size_t n = to - from;

	if (r->check == CHECK_GITHUB && check_github(v, n))
		return 1;
	if (r->check == CHECK_JWT && (n < 2 || v[0] != 'e' || v[1] != 'y'))
		return 0;
	if (r->check == CHECK_LOOSE)
		return pairs_entropy(v, n) >= r->floor;
	if (r->check == CHECK_MIXED && !mixed(v, n))
		return 0;
	if ((r->check == CHECK_RANDOM || r->check == CHECK_MIXED) &&
	    pairs_score(&l->rules->pairs, v, n) >= 0)
		return 0;
	if (file_name(l, to))
		return 0;
	if (r->floor != 0 && pairs_entropy(v, n) < r->floor)
		return 0;
	return !guess_dull(v, n) && !guess_has(v, n, "xxxxxx") &&
	    !(n >= 7 && guess_has(v + n - 7, 7, "example"));
}

static void
try_assigned(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	struct assign a;

	const unsigned char *v;
	size_t i, n, digits = 0;

	/* a provider's name, not letters in the middle of other words */
	if (l->kind == LOOK_BINARY || (at > 0 && islower(l->s[at]) &&
	    isalpha(l->s[at - 1]) && !(at > 1 && l->s[at - 1] == 'D' &&
	    l->s[at - 2] == '-')) || (isupper(l->s[end - 1]) &&
	    islower(l->s[end - 2])) || !look_assign(l, at, end, &a))
		return;
	v = l->s + a.from;
	n = a.to - a.from;
	if ((l->kind == LOOK_CODE || a.op == '>') && a.quote == 0 &&
	    l->kind != LOOK_PLAIN)
		return;
	if (!shape_whole(&r->shape, v, n))
		return;
	for (i = 0; i < n; i++)
		digits += isdigit(v[i]) != 0;
	if (r->check == CHECK_LOOSE || (!guess_dull(v, n) &&
	    !guess_word(v, n) && pairs_entropy(v, n) >= (r->floor != 0 ?
	    r->floor : 200) && !guess_has(v, n, "abcdefghijkl") &&
	    (digits * 4 >= n || pairs_score(&l->rules->pairs, v, n) < 110)))
		look_add(l, r->name, a.from, a.to, 1);
}

static void
try_coded(struct look *l, const struct rule_literal *lit, size_t at)
{
	unsigned char out[CODED];
	const struct rule_secret *r = &l->rules->rule[lit->rule];
	size_t back, n, from, to, max = l->n - at, skip;

	if (max > CODED)
		max = CODED;
	if (lit->coded == 'h' || lit->coded == '%') {
		skip = back = 0;
		n = lit->coded == 'h' ? decode_hex(l->s + at, max, out,
		    sizeof(out)) : decode_percent(l->s + at, max > 400 ? 400 :
		    max, out, sizeof(out));
	} else {
		skip = (size_t)(lit->coded - '0');
		back = skip == 0 ? 0 : skip + 1;
		if (at < back)
			return;
		n = decode_base64(l->s + at - back, max + back, out,
		    sizeof(out));
	}
	if (n <= skip || r->how != RULE_SHAPE ||
	    !shape_match(&r->shape, out, n, skip, &from, &to))
		return;
	{
		struct look inner = *l;

		inner.s = out;
		inner.n = n;
		if (!accept_shape(&inner, r, from, to))
			return;
	}
	to = lit->coded == 'h' ? at + 2 * to : lit->coded == '%' ?
	    at + 3 * to : at - back + (to * 4 + 2) / 3;
	look_add(l, r->name, at - back, to < l->n ? to : l->n, 1);
}

static void
on_shape(struct look *l, size_t rule, size_t at)
{
	const struct rule_secret *r = &l->rules->rule[rule];
	struct look_lane *d = l->done;
	size_t from, to;

	if ((d->rule == rule && at < d->shape_end) ||
	    !shape_match(&r->shape, l->s, l->n, at, &from, &to))
		return;
	if (accept_shape(l, r, from, to))
		look_add(l, r->name, from, to, 0);
	else if (to - from < LONG)
		return;			/* a better one may begin in it */
	d->rule = rule;
	d->shape_end = to;
}

static void
on_literal(void *arg, size_t id, size_t place)
{
	struct look *l = arg;
	const size_t quarter = l->npart / AC_LANES, at = l->part + place;
	const struct rule_literal *lit = &l->rules->lit[id];
	const struct rule_secret *r = &l->rules->rule[lit->rule];
	size_t lane;

	if (at < l->lo || at >= l->hi)
		return;
	lane = quarter != 0 ? place / quarter : 0;
	l->done = &l->lane[lane < AC_LANES ? lane : AC_LANES - 1];
	if (lit->coded != 0) {
		try_coded(l, lit, at);
		return;
	}
	switch (r->how) {
	case RULE_SHAPE:
		on_shape(l, lit->rule, at);
		break;
	case RULE_ASSIGNED:
		try_assigned(l, r, at, at + lit->len);
		break;
	case RULE_PLACE:
		if (l->kind != LOOK_BINARY || r->arg == 'p')
			r->place(l, r, at, at + lit->len);
		break;
	}
}

/* Total: what stays must not depend on the order that they were found in. */
static int
compare(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank - y->rank;
	if (x->to != y->to)
		return x->to > y->to ? -1 : 1;
	/* names lie in the order of the rules: the first is the plainest */
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static int
is_text(int c)
{
	return (c >= ' ' && c <= '~') || (c >= '\t' && c <= '\r');
}

/*
 * The next LEAST or more bytes of text behind *to.  Four of them begin at a
 * multiple of four, none of which is below ' ' or above 127: only where that is
 * so the bytes are looked at one by one.
 */
static int
next_text(const struct look *l, size_t *from, size_t *to)
{
	const uint64_t top = 0x8080808080808080ULL, four = 0x80808080;
	const unsigned char *s = l->s;
	size_t i, begin = *to;
	uint64_t x;

	for (i = (begin + 7) & ~(size_t)7; i + 8 <= l->n; i += 8) {
		memcpy(&x, s + i, sizeof(x));
		x = (x + 0x6060606060606060ULL) & ~x & top;
		if ((x & four) != four && x >> 32 != four)
			continue;
		for (*from = *to = i + 4; *from > begin &&
		    is_text(s[*from - 1]); --*from)
			;
		while (*to < l->n && is_text(s[*to]))
			++*to;
		if (*to - *from >= LEAST)
			return 1;
		begin = *to;
		if (begin > i + 8)
			i = (begin - 1) & ~(size_t)7;
	}
	return 0;
}

static void
search(struct look *l, size_t from, size_t to)
{
	memset(l->lane, 0, sizeof(l->lane));
	l->done = l->lane;
	l->part = from;
	l->npart = to - from;
	ac_run(l->rules->ac, l->s + from, to - from, on_literal, l);
}

void
look_at(struct look *l)
{
	size_t i, n = 0, from, to = 0;

	l->nspot = 0;
	if (l->kind != LOOK_BINARY)
		search(l, 0, l->n);
	else
		while (next_text(l, &from, &to))
			search(l, from, to);
	if (l->nspot < 2)
		return;
	qsort(l->spot, l->nspot, sizeof(*l->spot), compare);
	for (i = 1; i < l->nspot; i++) {
		if (l->spot[i].from >= l->spot[n].to)
			l->spot[++n] = l->spot[i];
		else if (l->spot[i].rank < l->spot[n].rank)
			l->spot[n] = l->spot[i];
	}
	l->nspot = n + 1;
}
