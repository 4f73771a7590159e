#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "shape.h"

#define MANY		4096

static const struct {
	char		 name;
	const char	*set;
} named[] = {
	{ 'w', "A-Za-z0-9" }, { 'd', "0-9" }, { 'x', "0-9a-f" },
	{ 'X', "0-9A-Fa-f" }, { 'b', "A-Za-z0-9_-" }, { 'u', "A-Z0-9" },
	{ 'l', "a-z0-9" }, { 'B', "A-Za-z0-9+/" },
	{ 'p', "\t-/:-@[-`" }
};

static void
fill(unsigned char *set, const char *s, size_t n)
{
	size_t i;
	int c, to;

	for (i = 0; i < n; i++) {
		c = to = (unsigned char)s[i];
		if (i + 2 < n && s[i + 1] == '-') {
			to = (unsigned char)s[i + 2];
			i += 2;
		}
		for (; c <= to; c++)
			set[c / 8] |= (unsigned char)(1 << c % 8);
	}
}

static int
is_in(const struct shape_item *it, int c)
{
	return it->set[c / 8] >> c % 8 & 1;
}

static int
count(struct shape_item *it, const char **s)
{
	char *end;

	if (!isdigit((unsigned char)**s))
		return -1;
	it->min = it->max = strtoul(*s, &end, 10);
	if (*end == '+') {
		it->max = MANY;
		end++;
	} else if (*end == '-')
		it->max = strtoul(end + 1, &end, 10);
	*s = end;
	return it->max > MANY || it->max < it->min || it->max == 0 ? -1 : 0;
}

static struct shape_item *
more(struct shape *sh)
{
	return sh->n < SHAPE_ITEMS ? &sh->item[sh->n++] : NULL;
}

static int
add_class(struct shape *sh, const char *set, size_t n, size_t min, size_t max)
{
	struct shape_item *it = more(sh);

	if (it == NULL)
		return -1;
	fill(it->set, set, n);
	it->min = min;
	it->max = max;
	return 0;
}

static int
add_text(struct shape *sh, const char *text, size_t n, int fold)
{
	struct shape_item *it = more(sh);

	if (it == NULL || n == 0 || (it->text = strndup(text, n)) == NULL)
		return -1;
	it->min = it->max = n;
	it->fold = fold;
	return 0;
}

static int
add_uuid(struct shape *sh)
{
	static const size_t part[] = { 8, 4, 4, 4, 12 };
	int i;

	for (i = 0; i < 5; i++)
		if ((i > 0 && add_text(sh, "-", 1, 0) == -1) ||
		    add_class(sh, "0-9A-Fa-f", 9, part[i], part[i]) == -1)
			return -1;
	return 0;
}

static int
word(struct shape *sh, const char **sp)
{
	const char *s = *sp, *end;
	size_t i;

	if (*s == '"' || *s == '\'') {
		if ((end = strchr(s + 1, *s)) == NULL)
			return -1;
		*sp = end + 1;
		return add_text(sh, s + 1, (size_t)(end - s - 1), *s == '\'');
	}
	if (*s == '[') {
		/* a ']' in a class stands first */
		if ((end = strchr(s + 2, ']')) == NULL ||
		    add_class(sh, s + 1, (size_t)(end - s - 1), 0, 0) == -1)
			return -1;
		*sp = end + 1;
		return count(&sh->item[sh->n - 1], sp);
	}
	if (strncmp(s, "uuid", 4) == 0) {
		*sp = s + 4;
		return add_uuid(sh);
	}
	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (named[i].name == *s) {
			if (add_class(sh, named[i].set, strlen(named[i].set),
			    0, 0) == -1)
				return -1;
			*sp = s + 1;
			return count(&sh->item[sh->n - 1], sp);
		}
	return -1;
}

int
shape_compile(struct shape *sh, const char *s)
{
	memset(sh, 0, sizeof(*sh));
	for (;;) {
		while (*s == ' ')
			s++;
		if (*s == '\0')
			break;
		switch (*s) {
		case '^':
			sh->open_left = 1;
			s++;
			break;
		case '$':
			sh->open_right = 1;
			s++;
			break;
		case '<':
			sh->before = sh->n;
			s++;
			break;
		case '(':
			sh->secret = sh->n;
			s++;
			break;
		default:
			if (word(sh, &s) == -1) {
				shape_free(sh);
				return -1;
			}
		}
		if (*s != ' ' && *s != '\0') {
			shape_free(sh);
			return -1;
		}
	}
	return sh->n > 0 ? 0 : -1;
}

void
shape_free(struct shape *sh)
{
	int i;

	for (i = 0; i < sh->n; i++)
		free(sh->item[i].text);
	sh->n = 0;
}

static int
text_at(const struct shape_item *it, const unsigned char *s)
{
	size_t i;

	if (!it->fold)
		return memcmp(s, it->text, it->min) == 0;
	for (i = 0; i < it->min; i++)
		if (tolower(s[i]) != tolower((unsigned char)it->text[i]))
			return 0;
	return 1;
}

/* Items from i on at s[at]; sets *to to the end of the last. */
static int
forward(const struct shape *sh, int i, const unsigned char *s, size_t n,
    size_t at, size_t *to, size_t *mark)
{
	const struct shape_item *it;
	size_t k;

	for (; i < sh->n; i++) {
		it = &sh->item[i];
		if (i == sh->secret)
			*mark = at;
		if (it->text != NULL) {
			if (n - at < it->min || !text_at(it, s + at))
				return 0;
			at += it->min;
			continue;
		}
		for (k = 0; k < it->max && at + k < n && is_in(it, s[at + k]);
		    k++)
			;
		if (k < it->min)
			return 0;
		/* give back only what the text behind it needs */
		if (k > it->min && i + 1 < sh->n &&
		    sh->item[i + 1].text != NULL &&
		    is_in(it, (unsigned char)sh->item[i + 1].text[0])) {
			size_t len = sh->item[i + 1].min;

			while (k > it->min && (n - at - k < len ||
			    !text_at(&sh->item[i + 1], s + at + k)))
				k--;
		}
		at += k;
	}
	*to = at;
	return 1;
}

/* Items before the literal, from the last to the first. */
static int
backward(const struct shape *sh, const unsigned char *s, size_t *at)
{
	const struct shape_item *it;
	size_t k, end = *at;
	int i;

	for (i = sh->before - 1; i >= 0; i--) {
		it = &sh->item[i];
		if (it->text != NULL) {
			if (end < it->min || !text_at(it, s + end - it->min))
				return 0;
			end -= it->min;
			continue;
		}
		for (k = 0; k < it->max && k < end && is_in(it, s[end - k - 1]);
		    k++)
			;
		if (k < it->min)
			return 0;
		end -= k;
	}
	*at = end;
	return 1;
}

/* A letter before the token that belongs to an escape: \\n, %3D. */
static int
escaped(const unsigned char *s, size_t at)
{
	return (at >= 2 && s[at - 2] == '\\' && strchr("nrt", s[at - 1]) !=
	    NULL) || (at >= 3 && s[at - 3] == '%' && isxdigit(s[at - 2]) &&
	    isxdigit(s[at - 1]));
}

int
shape_may_begin(const unsigned char *s, size_t at)
{
	return at == 0 || !isalnum(s[at - 1]) || escaped(s, at);
}

int
shape_match(const struct shape *sh, const unsigned char *s, size_t n,
    size_t at, size_t *from, size_t *to)
{
	const struct shape_item *last = &sh->item[sh->n - 1];
	size_t begin = at, mark;

	if (!backward(sh, s, &begin))
		return 0;
	if (!sh->open_left && !shape_may_begin(s, begin))
		return 0;
	mark = begin;
	if (!forward(sh, sh->before, s, n, at, to, &mark))
		return 0;
	/* '#' and '*' go on where a token was masked */
	if (!sh->open_right && *to < n && (isalnum(s[*to]) ||
	    s[*to] == '#' || s[*to] == '*' ||
	    (last->text == NULL && is_in(last, s[*to]))))
		return 0;
	*from = sh->secret > 0 ? mark : begin;
	return 1;
}

int
shape_whole(const struct shape *sh, const unsigned char *s, size_t n)
{
	size_t to, mark;

	return forward(sh, 0, s, n, 0, &to, &mark) && to == n;
}
