#include <ctype.h>
#include <string.h>

#include "guess.h"
#include "hint.h"

#define AMONG	512
#define BETWEEN	12			/* bytes between a word and its value */

static int
is_token(int c)
{
	return isalnum(c) || (c != '\0' && strchr("+/=_.~-", c) != NULL);
}

static size_t
digits(const unsigned char *s, size_t n)
{
	size_t k = 0;

	while (n-- > 0)
		k += isdigit(s[n]) != 0;
	return k;
}

int
hint_among(const struct look *l, size_t from, size_t to, size_t *word,
    size_t *word_end)
{
	size_t i, k;

	if (to - from > AMONG)
		to = from + AMONG;
	for (i = from; i < to; i = k + 1) {
		for (k = i; k < to && is_token(l->s[k]); k++)
			;
		if (k - i >= 20 && digits(l->s + i, k - i) > 2 &&
		    look_random(l, i, k, 1)) {
			*word = i;
			*word_end = k;
			return 1;
		}
	}
	return 0;
}

int
hint_behind(const struct look *l, size_t end, int strict, size_t *word,
    size_t *word_end)
{
	size_t i = end, k, n;

	while (i < l->n && i - end < BETWEEN && l->s[i] != '\0' &&
	    strchr(" \t-|*`\"':=>([{_.", l->s[i]) != NULL)
		i++;
	if (i == end)
		return 0;
	if (look_word(l, i, "is "))
		for (i += 3; i < l->n && i - end < 2 * BETWEEN &&
		    l->s[i] != '\0' && strchr(" `\"':", l->s[i]) != NULL; i++)
			;
	for (k = i; k < l->n && k - i < AMONG && is_token(l->s[k]); k++)
		;
	if (k > i && l->s[k - 1] == '.')
		k--;
	n = k - i;
	if (n < (strict ? 24 : 16) || n == AMONG ||
	    digits(l->s + i, n) < 3 || !look_random(l, i, k, strict ? 2 : 1))
		return 0;
	*word = i;
	*word_end = k;
	return 1;
}

int
hint_comment(const struct look *l, size_t at)
{
	size_t i = at;

	while (i > 0 && at - i < 120 && l->s[i - 1] != '\n') {
		i--;
		if ((l->s[i] == '/' && (l->s[i + 1] == '/' ||
		    l->s[i + 1] == '*') && (i == 0 || l->s[i - 1] != ':')))
			return 1;
	}
	while (i < at && isblank(l->s[i]))
		i++;
	return i + 1 < at && ((l->s[i] == '#' && !isalpha(l->s[i + 1])) ||
	    l->s[i] == ';' ||
	    (l->s[i] == '*' && isblank(l->s[i + 1])) ||
	    (l->s[i] == '-' && l->s[i + 1] == '-'));
}
