#include <ctype.h>
#include <string.h>

#include "guess.h"
#include "pairs.h"

/* ASCII alone, and without a call: this is asked very often. */
static int
lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

int
guess_begins(const unsigned char *s, size_t n, const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if (i >= n || lower(s[i]) != (unsigned char)text[i])
			return 0;
	return 1;
}

int
guess_has(const unsigned char *s, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (lower(s[i]) == (unsigned char)text[0] &&
		    guess_begins(s + i, n - i, text))
			return 1;
	return 0;
}

static size_t
hash_pair(int a, int b)
{
	return ((size_t)a * 33 ^ (size_t)b) & 1023;
}

int
guess_any(const unsigned char *s, size_t n, const char *const *list)
{
	unsigned char pair[1024];	/* is there, or another of its hash */
	size_t i;

	memset(pair, 0, sizeof(pair));
	for (i = 1; i < n; i++)
		pair[hash_pair(lower(s[i - 1]), lower(s[i]))] = 1;
	for (; *list != NULL; list++)
		if (((*list)[1] == '\0' || pair[hash_pair(
		    (unsigned char)(*list)[0], (unsigned char)(*list)[1])]) &&
		    guess_has(s, n, *list))
			return 1;
	return 0;
}

static int
equals_any(const unsigned char *s, size_t n, const char *const *list)
{
	for (; *list != NULL; list++)
		if (n > 0 && lower(*s) == (unsigned char)**list &&
		    strlen(*list) == n && guess_begins(s, n, *list))
			return 1;
	return 0;
}

int
guess_placeholder(const unsigned char *s, size_t n)
{
	static const char *const parts[] = {
		"${", "{{", "}}", "$(", "<%", "%>", "%(", "#{", "@{", "[[",
		"...", "****", "####", "xxxx", "example", "placeholder",
		"changeme", "change_me", "change-me", "change-this", "your_",
		"your-", "yourp", "yours", "yourt", "yourk", "youra", "insert",
		"redacted", "replace", "process.env", "os.environ", "getenv",
		"env.", "env[", "env:", "environ", "secrets.", "vault:", "enc[",
		"undefined", "my_api", "my-api", "myapi", "_here", "-here",
		"todo", "fixme", "sample", "notset", "not-set",
		"not_set", "goeshere", "1234567890abcdef", "123456789012", "0123456789abcdef",
		"abcdefghijkl", "var.", "local.", "data.", "module.",
		"config.", "settings.", "self.", "this.", "args.", "params.",
		"request.", "req.", "opts.", "options.", "props.", "state.",
		"input.", "ctx.", NULL
	};
	static const char *const whole[] = {
		"null", "none", "nil", "true", "false", "yes", "no", "on",
		"off", "empty", "string", "string!", "str", "secret", "token", "key",
		"value", "required", "optional", "default", "auto", "unset",
		"n/a", "na", "test", "foo", "bar", "foobar", "foobarbaz",
		"void", "int", "char", "bool", "object", "number", "text",
		"hidden", "basic", "bearer", "digest", "negotiate", "public",
		"private", "static", "const", "return", "new", "function",
		"bcrypt", "scram-sha-256", "-", "--", "prompt", "ask", "file", "stdin", "tbd", NULL
	};
	size_t i;

	if (n == 0 || equals_any(s, n, whole) || guess_any(s, n, parts))
		return 1;
	if (s[0] == '$' && n > 1 && (isalpha(s[1]) || s[1] == '_') &&
	    memchr(s + 1, '$', n - 1) == NULL) {
		for (i = 1; i < n && (isalnum(s[i]) || s[i] == '_'); i++)
			;
		if (i == n || s[i] == '/')
			return 1;	/* $NAME, $NAME/x */
	}
	if ((s[0] == '_' && s[n - 1] == '_') ||
	    (s[0] == '%' && s[n - 1] == '%') || (s[0] == '<' &&
	    s[n - 1] == '>') || (s[0] == '[' && s[n - 1] == ']') ||
	    (s[0] == '{' && s[n - 1] == '}') || (s[0] == '@' &&
	    s[n - 1] == '@' && n > 2))
		return 1;
	return s[0] == '%' && n <= 6 && isalpha(s[n - 1]);	/* %s, %2.2x */
}

int
guess_template(const unsigned char *v, size_t n)
{
	return memchr(v, '{', n) != NULL || memchr(v, '(', n) != NULL ||
	    memchr(v, '<', n) != NULL || memchr(v, '[', n) != NULL ||
	    (*v == '$' && !(n > 4 && isdigit(v[1]))) || (*v == '%' && !(n > 2 && isxdigit(v[1]))) ||
	    *v == '@' || guess_has(v, n, "xxx") ||
	    guess_has(v, n, "***") || guess_has(v, n, "...");
}

/* 1 when the most of it is one piece again and again: EXAMPLEEXAMPLE. */
static int
repeats(const unsigned char *s, size_t n)
{
	size_t i, p, run;

	if (n < 24)
		return 0;
	if (n > 400)
		n = 400;
	for (p = 2; p <= 12; p++)
		for (i = p, run = 0; i < n; i++) {
			run = s[i] == s[i - p] ? run + 1 : 0;
			if (run >= 2 * p && run * 2 >= n)
				return 1;
		}
	return 0;
}

/* 1 when a long value has a part of the alphabet written out: klmnopqrstuv. */
static int
alphabet(const unsigned char *s, size_t n)
{
	size_t i, run = 1;

	if (n < 64)
		return 0;
	for (i = 1; i < n; i++) {
		run = isalpha(s[i]) && s[i] == s[i - 1] + 1 ? run + 1 : 1;
		if (run >= 12)
			return 1;
	}
	return 0;
}

int
guess_dull(const unsigned char *s, size_t n)
{
	unsigned char seen[256];
	size_t i, distinct = 0, run = 1, longest = 1;

	memset(seen, 0, sizeof(seen));
	for (i = 0; i < n; i++) {
		if (!seen[s[i]]) {
			seen[s[i]] = 1;
			distinct++;
		}
		if (i > 0 && s[i] == s[i - 1]) {
			if (++run > longest)
				longest = run;
		} else
			run = 1;
	}
	return distinct < 4 || (distinct < 6 && n >= 16) || longest * 2 > n ||
	    (longest >= 7 && n < 80) || repeats(s, n) || alphabet(s, n);
}

/* What the characters are, for a floor that fits them. */
static void
kinds(const unsigned char *s, size_t n, size_t *digits, size_t *upper,
    size_t *small, size_t *hex)
{
	size_t i;

	*digits = *upper = *small = *hex = 0;
	for (i = 0; i < n; i++) {
		*digits += isdigit(s[i]) != 0;
		*upper += isupper(s[i]) != 0;
		*small += islower(s[i]) != 0;
		*hex += isxdigit(s[i]) != 0;
	}
}

static int
is_uuid(const unsigned char *s, size_t n)
{
	size_t i;

	if (n != 36)
		return 0;
	for (i = 0; i < n; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' :
		    !isxdigit(s[i]))
			return 0;
	return 1;
}

int
guess_random(const struct pairs *t, const unsigned char *s, size_t n,
    int level)
{
	size_t digits, upper, small, hex;
	int score, floor;

	if (n < (level == 0 ? 8 : level == 1 ? 10 : 16) || guess_dull(s, n))
		return 0;
	kinds(s, n, &digits, &upper, &small, &hex);
	if (is_uuid(s, n))
		return level < 2 && pairs_entropy(s, n) >= 290;
	if (digits == n)
		return level == 0 && n >= 12 && pairs_entropy(s, n) >= 250;
	if (hex == n || (hex + 4 >= n && n >= 36 && hex + upper + small > n))
		return n >= (level == 2 ? 20 : 16) && digits > 1 &&
		    digits < n - 1 && pairs_entropy(s, n) >=
		    (n >= 32 || n < 20 ? 300 : 270);
	score = pairs_score(t, s, n);
	floor = n >= 32 ? 30 : n >= 20 ? 0 : n >= 14 ? -25 : -50;
	if (level == 2)
		floor -= 50;
	if (digits == 0)		/* words only look so when unlucky */
		floor -= upper != 0 && small != 0 ? 40 : 70;
	return score < floor && pairs_entropy(s, n) >= (n >= 24 ? 330 :
	    n >= 16 ? 290 : 250);
}

int
guess_word(const unsigned char *s, size_t n)
{
	size_t i, letters = 0;

	for (i = 0; i < n; i++)
		letters += isalpha(s[i]) != 0 || s[i] == '_' || s[i] == '-' ||
		    s[i] == '.';
	return letters == n;
}

/* x.o, a-b.conf: words, and what files of a kind end with. */
static int
is_file(const unsigned char *s, size_t n)
{
	size_t k;

	for (k = 0; k < n && k < 6 && islower(s[n - k - 1]); k++)
		;
	return k > 0 && k < 5 && k + 2 < n && s[n - k - 1] == '.' &&
	    guess_word(s, n);
}

/* a/b-c/d.e: words, as directories have them; 7.19.1, a version. */
static int
is_path(const struct pairs *t, const unsigned char *s, size_t n)
{
	size_t i, digits = 0, slashes = 0, dots = 0;

	for (i = 0; i < n; i++) {
		digits += isdigit(s[i]) != 0;
		slashes += s[i] == '/';
		dots += s[i] == '.';
		if (!isalnum(s[i]) && strchr("._-/", s[i]) == NULL)
			return 0;
	}
	return slashes > 0 || dots > 2 ? digits * 5 <= n && !guess_random(t, s, n, 0) :
	    dots > 0 && digits + dots == n && n < 12;
}

int
guess_strong(const unsigned char *s, size_t n)
{
	size_t digits, upper, small, hex;

	kinds(s, n, &digits, &upper, &small, &hex);
	return n >= 8 && (digits != 0) + (upper != 0) + (small != 0) +
	    (digits + upper + small != n) > 2;
}

int
guess_password(const struct pairs *t, const unsigned char *s, size_t n)
{
	static const char *const names[] = {
		"password", "passwd", "passphrase", "pwd", "secret", "token",
		"credential", "username", "login", "apikey", "api_key",
		"user_", "auth", NULL
	};
	static const char *const verbs[] = {
		"confirm", "forgot", "reset", "new", "old", "current",
		"change", "user", "enter", "show", "hide", "pass-", "the",
		"your", NULL
	};
	size_t i, digits, upper, small, hex, odd;

	if (n < 4 || n > 128 || guess_placeholder(s, n) || guess_dull(s, n))
		return 0;
	for (i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] == 0x7f)
			return 0;	/* a sentence */
	kinds(s, n, &digits, &upper, &small, &hex);
	odd = n - digits - upper - small;
	if (guess_any(s, n, names) && digits == 0 && !(n >= 10 && small == n &&
	    !guess_any(s, n, verbs)))
		return 0;		/* the name of a password */
	if (s[0] == '/' || (n > 8 && guess_has(s, n, "://")) ||
	    (n > 2 && s[0] == '.' && s[1] == '/') || s[0] == '#')
		return guess_random(t, s, n, 1);	/* a path, a colour */
	if (s[n - 1] == ':' || s[n - 1] == '?' || s[n - 1] == '(')
		return 0;
	/* bytes; a.b.c, a->b, a::b, f(x): code */
	if ((n > 7 && s[0] == '\\' && s[1] == 'x' && s[4] == '\\' &&
	    s[5] == 'x') || guess_has(s, n, "->") || guess_has(s, n, "::") ||
	    guess_has(s, n, "()") || guess_has(s, n, "=>"))
		return 0;
	if (n > 2 && (guess_begins(s, 2, "++") ||
	    guess_begins(s + n - 2, 2, "++")))
		return 0;
	return odd <= n / 2 && !is_file(s, n) && !is_path(t, s, n);
}
