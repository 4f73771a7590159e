#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "ac.h"
#include "buf.h"
#include "decode.h"
#include "io.h"
#include "look.h"
#include "mem.h"
#include "num.h"
#include "status.h"

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
	l->begins = coded == 0 && r->rule[rule].how == RULE_SHAPE &&
	    r->rule[rule].shape.before == 0 && !r->rule[rule].shape.open_left;
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
parse_rule(struct scan_rules *r, char *line)
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
	s->name = f[0];
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
	const char **lits;
	char *line, *next, *begins;
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
		    parse_rule(r, line) == -1)
			errx(ST_USAGE, "%s, line %d: no rule", file, lines);
	}
	r->text = b.p;
	lits = xcalloc(r->nlit, sizeof(*lits));
	begins = xcalloc(r->nlit, 1);
	for (i = 0; i < r->nlit; i++) {
		lits[i] = r->lit[i].text;
		begins[i] = r->lit[i].begins != 0;
	}
	if ((r->ac = ac_new(lits, begins, r->nlit)) == NULL)
		errx(ST_USAGE, "%s: too many rules", file);
	free(lits);
	free(begins);
	return r;
}

void
scan_rules_free(struct scan_rules *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (r->rule[i].how != RULE_PLACE)
			shape_free(&r->rule[i].shape);
	}
	for (i = 0; i < r->nlit; i++)
		free(r->lit[i].text);
	free(r->rule);
	free(r->lit);
	ac_free(r->ac);
	free(r->text);
	free(r);
}
