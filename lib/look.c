#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ac.h"
#include "assign.h"
#include "buf.h"
#include "decode.h"
#include "guess.h"
#include "io.h"
#include "look.h"
#include "mem.h"
#include "num.h"
#include "scancheck.h"
#include "status.h"

#define LINE		2048		/* bytes of a line or command */
#define CODED		6144		/* bytes of a coded run */

static void
add_literal(struct scan_rules *r, const char *text, size_t n, size_t rule,
    int coded)
{
	struct rule_literal *l;

	if ((r->nlit & (r->nlit - 1)) == 0)
		r->lit = xreallocarray(r->lit, r->nlit != 0 ? 2 * r->nlit : 1,
		    sizeof(*r->lit));
	l = &r->lit[r->nlit++];
	l->text = xstrndup(text, n);
	l->len = n;
	l->rule = rule;
	l->coded = coded;
}

/* The forms that a literal has in base64, hexadecimal and percent signs. */
static void
add_coded(struct scan_rules *r, const char *text, size_t n, size_t rule)
{
	static const char how[] = "012h%";
	char *lit = xstrndup(text, n), *coded;
	int i;

	for (i = 0; how[i] != '\0'; i++) {
		if ((coded = decode_code(lit, how[i])) == NULL)
			err(ST_SYS, "cannot read the rules");
		if (strlen(coded) >= 4)
			add_literal(r, coded, strlen(coded), rule, how[i]);
		free(coded);
	}
	free(lit);
}

static int
parse_how(struct rule_secret *s, char *how)
{
	char *arg;

	if (*how == '@') {
		s->how = RULE_PLACE;
		if ((arg = strchr(how, ':')) != NULL) {
			*arg++ = '\0';
			s->arg = isdigit((unsigned char)*arg) ? *arg - '0' :
			    *arg;
		}
		s->place = place_find(how + 1);
		return s->place != NULL ? 0 : -1;
	}
	if (*how == '~') {
		s->how = RULE_ASSIGNED;
		return shape_compile(&s->shape, how + 1);
	}
	s->how = RULE_SHAPE;
	return shape_compile(&s->shape, how);
}

/* name, literals, how, floor, check: the last two may be left out. */
static int
parse_rule(struct scan_rules *r, char *line, const char **name)
{
	struct rule_secret *s;
	char *f[5] = { NULL, NULL, NULL, NULL, NULL }, *p, *end;
	long long floor = 0;
	int i, coded = 0;

	for (i = 0, p = line; p != NULL && i < 5; i++) {
		f[i] = p;
		if ((p = strchr(p, '\t')) != NULL)
			*p++ = '\0';
	}
	if (f[2] == NULL)
		return -1;
	/* the rules are all of one name more often than not: keep it once */
	r->rule = xreallocarray(r->rule, r->n + 1, sizeof(*r->rule));
	s = &r->rule[r->n];
	memset(s, 0, sizeof(*s));
	if (f[3] != NULL && strcmp(f[3], "-") != 0 &&
	    num_parse(f[3], 0, 800, &floor) == -1)
		return -1;
	s->floor = (int)floor;
	if (f[4] != NULL) {
		if (strstr(f[4], "coded") != NULL)
			coded = 1;
		if (strstr(f[4], "github") != NULL)
			s->check = CHECK_GITHUB;
		else if (strstr(f[4], "jwt") != NULL)
			s->check = CHECK_JWT;
		else if (strstr(f[4], "random") != NULL)
			s->check = CHECK_RANDOM;
		else if (strstr(f[4], "mixed") != NULL)
			s->check = CHECK_MIXED;
		else if (strstr(f[4], "loose") != NULL)
			s->check = CHECK_LOOSE;
		else if (!coded)
			return -1;
	}
	if (parse_how(s, f[2]) == -1)
		return -1;
	s->name = xstrdup(f[0]);
	*name = s->name;
	for (p = f[1]; p != NULL && *p != '\0'; p = end) {
		if ((end = strchr(p, ',')) == NULL)
			end = p + strlen(p);
		if (end - p < 2)
			return -1;
		add_literal(r, p, (size_t)(end - p), r->n, 0);
		/* coded, the case matters: the shape has it */
		if (coded && s->how == RULE_SHAPE &&
		    s->shape.item[s->shape.before].text != NULL)
			add_coded(r, s->shape.item[s->shape.before].text,
			    s->shape.item[s->shape.before].min, r->n);
		end += *end == ',';
	}
	r->n++;
	return 0;
}

struct scan_rules *
xscan_rules(const char *file)
{
	struct scan_rules *r = xcalloc(1, sizeof(*r));
	struct buf b = BUF_INIT;
	const char **lits, *name;
	char *line, *next;
	size_t i;
	int lines = 0;

	pairs_init(&r->pairs);
	if (io_slurp_at(AT_FDCWD, file, &b, 4 * 1024 * 1024) == -1 ||
	    buf_str(&b) == NULL)
		err(ST_SYS, "cannot read '%s'", file);
	for (line = b.p; line != NULL; line = next) {
		lines++;
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		if (*line != '\0' && *line != '#' &&
		    parse_rule(r, line, &name) == -1)
			errx(ST_USAGE, "%s, line %d: no rule", file, lines);
	}
	buf_free(&b);
	lits = xcalloc(r->nlit, sizeof(*lits));
	for (i = 0; i < r->nlit; i++)
		lits[i] = r->lit[i].text;
	if ((r->ac = ac_new(lits, r->nlit)) == NULL)
		errx(ST_USAGE, "%s: too many rules", file);
	free(lits);
	return r;
}

void
scan_rules_free(struct scan_rules *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		free(r->rule[i].name);
		if (r->rule[i].how != RULE_PLACE)
			shape_free(&r->rule[i].shape);
	}
	for (i = 0; i < r->nlit; i++)
		free(r->lit[i].text);
	free(r->rule);
	free(r->lit);
	ac_free(r->ac);
	free(r);
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
	size_t i;

	base = base != NULL ? base + 1 : path;
	for (i = 0; prose[i] != NULL; i++)
		if (strncmp(base, prose[i], strlen(prose[i])) == 0)
			return LOOK_PROSE;
	if ((dot = strrchr(base, '.')) == NULL || dot == base)
		return LOOK_PLAIN;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(dot + 1, known[i].ext) == 0)
			return known[i].kind;
	return LOOK_PLAIN;
}

int
look_word(const struct look *l, size_t i, const char *word)
{
	return i < l->n && guess_begins(l->s + i, l->n - i, word);
}

size_t
look_line_end(const struct look *l, size_t i, int joined)
{
	size_t k;

	for (k = 0; i < l->n && k < LINE; i++, k++)
		if (l->s[i] == '\n' && !(joined && i > 0 &&
		    (l->s[i - 1] == '\\' || (l->s[i - 1] == '\r' && i > 1 &&
		    l->s[i - 2] == '\\'))))
			break;
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
	    islower(l->s[end - 2])) || !assign_parse(l->s, l->n, at, end, &a))
		return;
	v = l->s + a.from;
	n = a.to - a.from;
	for (i = 0; i < n; i++)
		digits += isdigit(v[i]) != 0;
	if ((l->kind == LOOK_CODE || a.op == '>') && a.quote == 0 &&
	    l->kind != LOOK_PLAIN)
		return;
	if (!shape_whole(&r->shape, v, n))
		return;
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
on_literal(void *arg, size_t id, size_t at)
{
	struct look *l = arg;
	const struct rule_literal *lit = &l->rules->lit[id];
	const struct rule_secret *r = &l->rules->rule[lit->rule];
	size_t from, to;

	if (at < l->lo || at >= l->hi)
		return;
	if (lit->coded != 0) {
		try_coded(l, lit, at);
		return;
	}
	switch (r->how) {
	case RULE_SHAPE:
		if (shape_match(&r->shape, l->s, l->n, at, &from, &to) &&
		    accept_shape(l, r, from, to))
			look_add(l, r->name, from, to, 0);
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

static int
compare(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank - y->rank;
	return x->to > y->to ? -1 : x->to < y->to;
}

void
look_at(struct look *l)
{
	size_t i, n = 0;

	l->nspot = l->seen = l->seen_password = 0;
	ac_run(l->rules->ac, l->s, l->n, on_literal, l);
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
