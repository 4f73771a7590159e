#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "assign.h"
#include "decode.h"
#include "form.h"
#include "guess.h"

/* scheme://user:password@host */
void
form_url(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	static const char *const weak[] = {
		"password", "passwd", "pass", "pwd", "pw", "secret", "token",
		"user", "username", "pswd", "passwort", "port", "p@ssword",
		NULL
	};
	size_t i, colon = 0, from, to, n;
	int k;

	if (at == 0 || !isalnum(l->s[at - 1]))
		return;
	for (i = end; i < l->n && i - end < 512; i++) {
		int c = l->s[i];

		if (c <= ' ' || c >= 0x7f || strchr("/\"'`<>\\?#|", c) != NULL)
			return;
		if (c == ':' && colon == 0)
			colon = i;
		if (c == '@')
			break;
	}
	if (i >= l->n || l->s[i] != '@' || colon == 0 || colon + 1 >= i)
		return;
	from = colon + 1;
	to = i;
	/* an '@' in the password: the last one before the host counts */
	for (i++; i < l->n && i - to < 128 && (isalnum(l->s[i]) ||
	    strchr("._-:@!$%&*+", l->s[i]) != NULL) && l->s[i] != '\0'; i++)
		if (l->s[i] == '@')
			to = i;
	if (to + 1 >= l->n || !(isalnum(l->s[to + 1]) || l->s[to + 1] == '['))
		return;
	n = to - from;
	if (n < 3 || guess_template(l->s + from, n) ||
	    guess_dull(l->s + from, n) ||
	    memchr(l->s + from, '(', n) != NULL ||
	    memchr(l->s + from, '{', n) != NULL ||
	    memchr(l->s + end, '{', colon - end) != NULL)
		return;
	if (l->kind != LOOK_PLAIN) {
		for (k = 0; weak[k] != NULL; k++)
			if (strlen(weak[k]) == n && strncasecmp(
			    (const char *)l->s + from, weak[k], n) == 0)
				return;
		if (guess_word(l->s + from, n) && !look_random(l, from, to, 0))
			return;
	}
	look_password(l, r->name, from, to, 1);
}

void
form_pem(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	size_t i, k = 0, body = 0, stop;

	while (at > 0 && k < 40 && l->s[at - 1] != '\n' &&
	    !look_word(l, at, "-----begin")) {
		at--;
		k++;
	}
	if (!look_word(l, at, "-----begin"))
		return;
	stop = end + 16384 < l->n ? end + 16384 : l->n;
	if (look_word(l, end, " block"))
		end += 6;
	else if (look_word(l, end, " v1"))
		end += 3;
	if (!look_word(l, end, "-----") || look_word(l, end, "----------"))
		return;
	for (i = end + 5; i < stop && !look_word(l, i, "-----"); i++) {
		if (l->s[i] == '*' || look_word(l, i, "..."))
			return;
		body += isalnum(l->s[i]) != 0;
	}
	if (body < 48 || guess_has(l->s + at, i - at, "abcdefghijklmnop") ||
	    guess_has(l->s + at, i - at, "xxxxxxxx"))
		return;
	if (i < stop)
		for (i += 5; i < stop && l->s[i] != '\n' && l->s[i] != '"' &&
		    l->s[i] != '\'' && l->s[i] != '<' && i - end < 16300; i++)
			if (look_word(l, i, "-----")) {
				i += 5;
				break;
			}
	look_add(l, r->name, at, i, 0);
}

/* user:password, to print; in a test no plain password. */
static int
is_login(const struct look *l, const unsigned char *s, size_t n)
{
	const unsigned char *colon = memchr(s, ':', n);
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > 0x7e)
			return 0;
	if (colon == NULL || !l->tests)
		return colon != NULL;
	n -= (size_t)(colon + 1 - s);
	return guess_strong(colon + 1, n) ||
	    guess_random(&l->rules->pairs, colon + 1, n, 1);
}

/* Bearer x, Basic x: behind the word that is the literal. */
void
form_scheme(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	unsigned char out[512];
	size_t from = end, to, n;

	if ((at > 0 && isalnum(l->s[at - 1])) || end >= l->n ||
	    at < l->done->scheme)
		return;
	if (l->s[from] == ':')
		from++;
	while (from < l->n && from - end < 4 && isblank(l->s[from]))
		from++;
	for (to = from; to < l->n && to - from < ASSIGN_VALUE &&
	    (isalnum(l->s[to]) || (l->s[to] != '\0' &&
	    strchr("+/=_-.~", l->s[to]) != NULL)); to++)
		;
	n = to - from;
	if (n >= 64)
		l->done->scheme = to;
	if (r->arg == 'b') {
		if (n < 8 || n > 600)
			return;
		n = decode_base64(l->s + from, n, out, sizeof(out));
		if (n >= 4 && out[0] != '{' && is_login(l, out, n) &&
		    !guess_has(out, n, "password") && !guess_has(out, n, "{"))
			look_add(l, r->name, from, to, 1);
		return;
	}
	if (n >= 8 && (look_random(l, from, to, 0) ||
	    (n < 14 && guess_random(&l->rules->pairs, l->s + from, n, 0))))
		look_add(l, r->name, from, to, 1);
}

/* Authorization: x, X-Api-Key: x, in a request or a command. */
void
form_header(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	size_t from = end, to;
	int words;

	if (at < l->done->header)
		return;
	while (from < l->n && (isalnum(l->s[from]) || l->s[from] == '-') &&
	    from - end < 20)
		from++;
	if (from < l->n && (l->s[from] == '"' || l->s[from] == '\''))
		from++;
	if (from >= l->n || l->s[from] != ':')
		return;
	for (from++; from < l->n && from - end < 40 && (isblank(l->s[from]) ||
	    l->s[from] == '"' || l->s[from] == '\''); from++)
		;
	for (words = 0;; words++) {
		for (to = from; to < l->n && to - from < ASSIGN_VALUE &&
		    l->s[to] > ' ' && strchr("\"'`,<>\\;", l->s[to]) == NULL;
		    to++)
			;
		/* a scheme, then the value */
		if (to >= l->n || l->s[to] != ' ' || words > 1 || to - from > 16 ||
		    to == from || look_word(l, from, "basic"))
			break;
		from = to + 1;
	}
	if (to - from >= 64)
		l->done->header = to;
	if (to > from && !guess_placeholder(l->s + from, to - from) &&
	    (look_random(l, from, to, 0) || (to - from >= 10 && from > 0 &&
	    !guess_word(l->s + from, to - from) &&
	    guess_random(&l->rules->pairs, l->s + from, to - from, 0))))
		look_add(l, r->name, from, to, 1);
}

/* A header of a name that tells, and a value that could be a secret. */
static void
curl_header(struct look *l, const struct rule_secret *r, size_t i,
    size_t stop)
{
	size_t name, from, to;
	int q;

	for (name = i; i < stop && i - name < 12 && l->s[i] != '"' &&
	    l->s[i] != '\''; i++)
		;
	if (i >= stop || i - name == 12)
		return;
	q = l->s[i++];
	for (name = i; i < stop && i - name < 64 && l->s[i] != ':' &&
	    l->s[i] != q; i++)
		;
	if (i >= stop || l->s[i] != ':' || !(guess_has(l->s + name, i - name,
	    "token") || guess_has(l->s + name, i - name, "key") ||
	    guess_has(l->s + name, i - name, "auth") ||
	    guess_has(l->s + name, i - name, "secret")))
		return;
	for (i++; i < stop && isblank(l->s[i]); i++)
		;
	for (from = to = i; to < stop && l->s[to] != q; to++)
		if (isblank(l->s[to]))
			from = to + 1;
	if (to - from >= 8 && !guess_template(l->s + from, to - from) &&
	    !guess_placeholder(l->s + from, to - from) &&
	    !guess_dull(l->s + from, to - from) &&
	    !guess_word(l->s + from, to - from) &&
	    pairs_score(&l->rules->pairs, l->s + from, to - from) < 60)
		look_add(l, r->name, from, to, 1);
}

/* curl -u user:password */
void
form_curl(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	size_t i, from, to, colon, stop;
	int q;

	if ((at > 0 && isalnum(l->s[at - 1])) || end >= l->n ||
	    isalnum(l->s[end]) || at < l->done->curl)
		return;
	stop = l->done->curl = look_line_end(l, end, 1);
	for (i = end; i + 4 < stop; i++) {
		if (l->s[i] > ' ' || l->s[i + 1] != '-')
			continue;
		if (l->s[i + 2] == 'H' || look_word(l, i + 1, "--header"))
			curl_header(l, r, i + 3, stop);
		if (look_word(l, i + 1, "--user ") ||
		    look_word(l, i + 1, "--user="))
			from = i + 8;
		else if (look_word(l, i + 1, "-u "))
			from = i + 4;
		else
			continue;
		while (from < stop && isblank(l->s[from]))
			from++;
		q = from < stop && (l->s[from] == '"' || l->s[from] == '\'') ?
		    l->s[from++] : 0;
		for (to = from, colon = 0; to < stop && (q != 0 ?
		    l->s[to] != q || (to + 2 < stop && l->s[to + 1] == ':' &&
		    l->s[to + 2] == q) : l->s[to] > ' '); to++)
			if (l->s[to] == ':' && colon == 0) {
				colon = to + 1;
				if (q != 0 && to + 1 < stop &&
				    l->s[to - 1] == q)
					colon = to + 2;
				if (q == 0 && to + 1 < stop &&
				    l->s[to + 1] == '\'')
					colon = to + 2;
			}
		l->done->curl = to;
		if (colon == 0)
			return;
		if (colon >= to) {	/* a token as user, no password */
			colon = from;
			to--;
		}
		while (to > colon && (l->s[to - 1] == '\'' ||
		    l->s[to - 1] == '"' || l->s[to - 1] == '\\'))
			to--;
		if (to - colon >= 6 && l->s[colon] != '$' &&
		    !guess_placeholder(l->s + colon, to - colon) &&
		    !guess_dull(l->s + colon, to - colon) &&
		    guess_password(&l->rules->pairs, l->s + colon, to - colon))
			look_password(l, r->name, colon, to, 1);
		return;
	}
}

/* machine x login y password z */
void
form_netrc(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	size_t i = end, k, stop = end + 400 < l->n ? end + 400 : l->n;
	int word, password = 0;

	if ((at > 0 && l->s[at - 1] > ' ' && l->s[at - 1] != '"') ||
	    l->kind == LOOK_CODE)
		return;
	/* words: a host, then pairs */
	for (word = 0; word < 7; word++) {
		while (i < stop && l->s[i] <= ' ')
			i++;
		for (k = i; k < stop && l->s[k] > ' ' && l->s[k] != '"' &&
		    l->s[k] != '\\'; k++)
			;
		if (k == i)
			return;
		if (password) {
			if (k - i >= 3 && !guess_template(l->s + i, k - i) &&
			    !guess_placeholder(l->s + i, k - i) &&
			    !(k - i == 8 && look_word(l, i, "password")))
				look_password(l, r->name, i, k, 1);
			return;
		}
		if (word % 2 == 1) {
			password = k - i == 8 && look_word(l, i, "password");
			if (!password && !look_word(l, i, "login ") &&
			    !look_word(l, i, "login\n") &&
			    !look_word(l, i, "account "))
				return;
		}
		i = k;
	}
}

/* kind: Secret, and the base64 below its data: */
void
form_kubernetes(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	unsigned char out[64];
	size_t i, k, from, to, stop, m;
	int inside = 0;

	if (at < l->done->document)
		return;
	for (k = end; end < l->n && end - k < 8 && (isblank(l->s[end]) ||
	    l->s[end] == '"' || l->s[end] == '\'' || l->s[end] == ':'); end++)
		;
	if (!look_word(l, end, "secret") || (end + 6 < l->n &&
	    isalnum(l->s[end + 6])))
		return;
	for (from = at, k = 0; from > 0 && k < 8000 &&
	    !look_word(l, from, "\n---"); k++)
		from--;
	for (stop = end, k = 0; stop < l->n && k < 8000 &&
	    !look_word(l, stop, "\n---"); k++)
		stop++;
	l->done->document = stop;
	for (i = from; i < stop; i = to + 1) {
		to = look_line_end(l, i, 0);
		for (k = i; k < to && isblank(l->s[k]); k++)
			;
		if (look_word(l, k, "data:") ||
		    look_word(l, k, "stringdata:")) {
			inside = 1;
			continue;
		}
		if (k == i && to > i)
			inside = 0;
		if (look_word(l, k, "metadata:") || look_word(l, k, "spec:"))
			inside = 0;
		if (!inside || k == to || l->s[k] == '#' ||
		    memchr(l->s + k, '{', to - k))
			continue;
		for (m = k; m < to && l->s[m] != ':'; m++)
			;
		m = m < to ? m + 1 : k;
		while (m < to && (isblank(l->s[m]) || l->s[m] == '"' ||
		    l->s[m] == '\''))
			m++;
		for (k = m; k < to && (isalnum(l->s[k]) || l->s[k] == '+' ||
		    l->s[k] == '/' || l->s[k] == '='); k++)
			;
		if (k - m >= 10 && (k == to || strchr("\"' \r", l->s[k])) &&
		    decode_base64(l->s + m, k - m > 64 ? 64 : k - m, out,
		    sizeof(out)) >= 5) {
			look_add(l, r->name, m, k, 1);
			return;
		}
	}
}

/* "auth": "base64 of user:password", as docker and npm write it */
void
form_auth64(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	unsigned char out[512];
	struct assign a;
	size_t n;

	if ((at > 0 && isalnum(l->s[at - 1])) || at < l->done->pair ||
	    !look_assign(l, at, end, &a))
		return;
	l->done->pair = a.to;
	n = decode_base64(l->s + a.from, a.to - a.from, out, sizeof(out));
	if (n >= 4 && is_login(l, out, n))
		look_add(l, r->name, a.from, a.to, 1);
}

/* echo "user:password" | chpasswd; echo password | sudo -S x */
void
form_piped(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	size_t i = at, from, to;
	struct assign a;

	(void)end;
	while (i > 0 && at - i < 200 && l->s[i] != '\n' &&
	    !look_word(l, i, "echo "))
		i--;
	if (!look_word(l, i, "echo ") || memchr(l->s + i, '|', at - i) == NULL)
		return;
	for (i += 5; i < at && (isblank(l->s[i]) || look_word(l, i, "-n ") ||
	    look_word(l, i, "-e ")); i += l->s[i] == '-' ? 3 : 1)
		;
	memset(&a, 0, sizeof(a));
	if (!look_value(l, i, &a) || a.to > at)
		return;
	from = a.from;
	to = a.to;
	if (r->arg == 'c') {
		while (from < to && l->s[from] != ':')
			from++;
		from++;
	}
	if (from + 4 <= to && !guess_template(l->s + from, to - from) &&
	    guess_password(&l->rules->pairs, l->s + from, to - from))
		look_password(l, r->name, from, to, 1);
}

/* {"kty": x, "d": y}: a key of JSON that is not public; "k" where it is oct */
void
form_jwk(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	size_t i, from, to, start = at > 1500 ? at - 1500 : 0;
	size_t stop = end + 1500 < l->n ? end + 1500 : l->n;

	if (at < l->done->pair)
		return;
	l->done->pair = stop;
	for (i = start; i + 3 < stop; i++) {
		if (l->s[i] != '"' || (l->s[i + 1] != 'd' &&
		    l->s[i + 1] != 'k') || l->s[i + 2] != '"')
			continue;
		for (from = i + 3; from < stop && strchr(" \t:\"", l->s[from]) !=
		    NULL && l->s[from] != '\0'; from++)
			;
		for (to = from; to < l->n && to - from < ASSIGN_VALUE &&
		    (isalnum(l->s[to]) || l->s[to] == '-' ||
		    l->s[to] == '_'); to++)
			;
		if (from > i + 3 && to - from >= 20 &&
		    look_random(l, from, to, 1)) {
			look_add(l, r->name, from, to, 1);
			return;
		}
	}
}

/* mnemonic = "twelve to twenty-four words of three to eight letters" */
void
form_phrase(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	struct assign a;
	size_t i, k, words = 0;

	if (at < l->done->pair || !look_assign(l, at, end, &a) || a.quote == 0)
		return;
	l->done->pair = a.to;
	for (i = a.from; i < a.to; i = k + 1) {
		for (k = i; k < a.to && islower(l->s[k]); k++)
			;
		if (k - i < 3 || k - i > 8 || (k < a.to && l->s[k] != ' '))
			return;
		words++;
	}
	if (words >= 12 && words <= 24 && words % 3 == 0)
		look_add(l, r->name, a.from, a.to, 1);
}

static size_t
skip(const struct look *l, size_t i, const char *set)
{
	while (i < l->n && l->s[i] != '\0' && strchr(set, l->s[i]) != NULL)
		i++;
	return i;
}

static size_t
count(const struct look *l, size_t from, size_t to, int c)
{
	size_t n = 0;

	while (from < to)
		n += l->s[from++] == c;
	return n;
}

/* user,password and below it joe,x: the same column of the next line */
void
form_column(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	size_t start = at, i = end, stop, col;
	int c;

	if (l->kind == LOOK_CODE)
		return;
	while (i < l->n && i - end < 4 && (l->s[i] == ' ' || l->s[i] == '"'))
		i++;
	if (i >= l->n || l->s[i] == '\0' || strchr(",;|\t\r\n", l->s[i]) == NULL)
		return;
	c = l->s[i];
	while (start > 0 && at - start < 200 && (isalnum(l->s[start - 1]) ||
	    strchr(" ,;|\t\"_-", l->s[start - 1]) != NULL) &&
	    l->s[start - 1] != '\0')
		start--;
	if (start > 0 && l->s[start - 1] != '\n')
		return;
	if (c == '\r' || c == '\n') {
		for (i = at; i > start && (isalnum(l->s[i - 1]) ||
		    strchr(" \"_-", l->s[i - 1]) != NULL); i--)
			;
		if (i == start)
			return;
		c = l->s[i - 1];
	}
	stop = look_line_end(l, end, 0);
	col = count(l, start, at, c);
	i = skip(l, stop, "\r\n-|:=+ \t");	/* |---|---|, and its like */
	while (i > stop && l->s[i - 1] != '\n')
		i--;
	end = look_line_end(l, i, 0);
	if (i >= l->n || count(l, start, stop, c) != count(l, i, end, c))
		return;
	for (; i < end && col > 0; i++)
		col -= l->s[i] == c;
	i = skip(l, i, " \"`");
	for (stop = i; stop < end && l->s[stop] != c && l->s[stop] > ' ' &&
	    l->s[stop] != '"' && l->s[stop] != '`'; stop++)
		;
	if (stop > i && !guess_word(l->s + i, stop - i) &&
	    !guess_template(l->s + i, stop - i) &&
	    guess_password(&l->rules->pairs, l->s + i, stop - i))
		look_password(l, r->name, i, stop, 2);
}
