#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "assign.h"
#include "decode.h"
#include "guess.h"
#include "look.h"

#define LINE		2048		/* bytes of a line or command */

static int
at_word(const struct look *l, size_t i, const char *word)
{
	return i < l->n && guess_begins(l->s + i, l->n - i, word);
}

/* The end of the line, or of the lines that a backslash joins. */
static size_t
line_end(const struct look *l, size_t i, int joined)
{
	size_t k;

	for (k = 0; i < l->n && k < LINE; i++, k++)
		if (l->s[i] == '\n' && !(joined && i > 0 &&
		    (l->s[i - 1] == '\\' || (l->s[i - 1] == '\r' && i > 1 &&
		    l->s[i - 2] == '\\'))))
			break;
	return i;
}

static int
blank(int c)
{
	return c == ' ' || c == '\t';
}

/* 1 when a user is named within the lines around. */
static int
user_near(const struct look *l, size_t at)
{
	size_t from = at > 160 ? at - 160 : 0;
	size_t to = at + 160 < l->n ? at + 160 : l->n;
	const unsigned char *s = l->s + from;

	return guess_has(s, to - from, "user") ||
	    guess_has(s, to - from, "login") ||
	    guess_has(s, to - from, "host") ||
	    guess_has(s, to - from, "email");
}

static int
random_value(const struct look *l, size_t from, size_t to, int level)
{
	const unsigned char *v = l->s + from;
	size_t n = to - from;

	if (n >= 40 && n <= 200 && guess_random(&l->rules->pairs, v, n, 2) &&
	    !guess_has(v, n, "${") && !guess_has(v, n, "{{"))
		return 1;
	return !guess_placeholder(v, n) &&
	    guess_random(&l->rules->pairs, v, n, level);
}

static int
one_word(const struct look *l, const struct assign *a)
{
	size_t i;

	for (i = a->from; i < a->to; i++)
		if (l->s[i] <= ' ')
			return 0;
	return 1;
}

/* A bare value that is code: an identifier, a call, an index. */
static int
is_code(const struct look *l, const struct assign *a)
{
	const unsigned char *v = l->s + a->from;
	size_t i, n = a->to - a->from;

	if (a->quote != 0)
		return 0;
	if (a->to < l->n && (l->s[a->to] == '(' || l->s[a->to] == '['))
		return 1;
	if (memchr(v, '(', n) != NULL || memchr(v, '[', n) != NULL ||
	    *v == '$' || *v == '*' || *v == '&' || *v == '!' || *v == '@' ||
	    *v == '-' || *v == '=')
		return 1;
	if (l->kind != LOOK_CODE)
		return 0;
	for (i = 0; i < n; i++)
		if (!isalnum(v[i]) && v[i] != '_' && v[i] != '.')
			return 0;
	/* in a programming language it has to be a number or a name */
	return 1;
}

/* A value that somebody else puts in. */
static int
template(const unsigned char *v, size_t n)
{
	return memchr(v, '{', n) != NULL || memchr(v, '(', n) != NULL ||
	    memchr(v, '<', n) != NULL || memchr(v, '[', n) != NULL ||
	    *v == '$' || (*v == '%' && !(n > 2 && isxdigit(v[1]))) ||
	    *v == '@' || guess_has(v, n, "xxx") ||
	    guess_has(v, n, "***") || guess_has(v, n, "...");
}

/* Server=x;User Id=y;Password=z; and the like: what stands there is one. */
static int
in_connection(const struct look *l, const struct assign *a)
{
	size_t from = a->name > 200 ? a->name - 200 : 0;
	const unsigned char *s = l->s + from;
	size_t n = a->name - from;

	return a->op == '=' && a->quote == 0 && a->name > 0 &&
	    (l->s[a->name - 1] == ';' || (a->to < l->n &&
	    l->s[a->to] == ';')) && (guess_has(s, n, "server=") ||
	    guess_has(s, n, "source=") || guess_has(s, n, "host=") ||
	    guess_has(s, n, "uid=") || guess_has(s, n, "user id=") ||
	    guess_has(s, n, "user="));
}

static void
password_value(struct look *l, const struct rule_secret *r,
    const struct assign *a, size_t end)
{
	const unsigned char *v = l->s + a->from;
	size_t n = a->to - a->from;

	if (r->arg == 1 || in_connection(l, a)) {
		if (n >= 4 && !template(v, n) && !guess_dull(v, n) &&
		    one_word(l, a))
			look_add(l, r->name, a->from, a->to, 1);
		return;
	}
	if (!one_word(l, a) || is_code(l, a) || (a->quote == 0 &&
	    template(v, n)) || (a->op == ',' && a->name_end != end) ||
	    !guess_password(&l->rules->pairs, v, n))
		return;
	if (a->call && !random_value(l, a->from, a->to, 1))
		return;
	if ((a->op == '>' || a->op == '(') && a->quote == 0 &&
	    l->kind != LOOK_PLAIN)
		return;
	/* a plain word is a password only where one would stand */
	if (guess_word(v, n) && !random_value(l, a->from, a->to, 0)) {
		if (l->kind == LOOK_PROSE || l->kind == LOOK_CODE)
			return;
		if (!user_near(l, a->from) && a->op != '=' && a->op != 'v')
			return;
		if (a->op == '(' || (n > 1 && v[n - 1] == '.'))
			return;
	}
	if (l->kind == LOOK_PROSE && a->quote == 0 &&
	    !random_value(l, a->from, a->to, 0))
		return;
	look_add(l, r->name, a->from, a->to, 2);
}

/* password is 'x'; password "x"; password x (where a user is named) */
static void
password_said(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	struct assign a;
	size_t i = end, stop = line_end(l, end, 0), k;

	if (i >= l->n || isalnum(l->s[i]) || l->s[i] == '_')
		return;
	if (l->s[i] == '"' || l->s[i] == '\'' || l->s[i] == ':')
		i++;
	if (i >= stop || !blank(l->s[i]))
		return;
	memset(&a, 0, sizeof(a));
	while (i < stop && blank(l->s[i]))
		i++;
	/* password for "user" is "x" */
	for (k = i; k < stop && k - i < 60; k++)
		if (at_word(l, k, " is ") || (k == i && at_word(l, k, "is "))) {
			i = k + (blank(l->s[k]) ? 4 : 3);
			break;
		}
	if (i >= stop || !assign_value(l->s, l->n, i, &a) || a.to > stop)
		return;
	if (a.quote != 0 ? (l->kind == LOOK_CODE || a.to >= stop) :
	    l->kind != LOOK_PLAIN || !user_near(l, at) ||
	    guess_word(l->s + a.from, a.to - a.from))
		return;
	if (one_word(l, &a) && !is_code(l, &a) && a.to - a.from >= 4 &&
	    !guess_placeholder(l->s + a.from, a.to - a.from) &&
	    !guess_dull(l->s + a.from, a.to - a.from) &&
	    (a.quote != 0 || guess_password(&l->rules->pairs, l->s + a.from,
	    a.to - a.from)))
		look_add(l, r->name, a.from, a.to, 2);
}

static int
name_has(const struct look *l, const struct assign *a, const char *part)
{
	return guess_has(l->s + a->name, a->name_end - a->name, part);
}

static int
name_ends(const struct look *l, const struct assign *a, const char *part)
{
	size_t k = strlen(part);

	return a->name_end - a->name >= k &&
	    guess_begins(l->s + a->name_end - k, k, part);
}

static int
is_hexadecimal(const unsigned char *s, size_t n)
{
	while (n > 0 && isxdigit(s[n - 1]))
		n--;
	return n == 0;
}

/* Names that hold a telling word and no secret. */
static int
harmless(const struct look *l, const struct assign *a)
{
	static const char *const ends[] = {
		"name", "file", "path", "dir", "url", "uri", "length", "len",
		"size", "type", "field", "label", "hint", "id", "ids", "count",
		"prompt", "regex", "pattern", "policy", "min", "max", "strength",
		"reset", "changed", "date", "expires", "expiry", "expiration",
		"variable", "env", "ttl", "algorithm", "format", "header",
		"encoding", "enabled", "required", "visible", "error", "message",
		"placeholder", "mode", "store", "location", "endpoint", "alias",
		"description", "title", "class", "version", "chars", "cmd",
		"command", "timeout", "attempts", "input", "box", "text", "index",
		"hash_algorithm", "module", "exists", "ref", "manager", "engine",
		NULL
	};
	static const char *const parts[] = {
		"public", "csrf", "xsrf", "tokeniz", "keyword", "keyboard",
		"monkey", "turkey", "hotkey", "keyframe", "integrity",
		"checksum", "primarykey", "primary_key", "foreignkey",
		"foreign_key", "sortkey", "sort_key", "cachekey", "cache_key",
		"credentialid", "credential_id", "credentialsid",
		"credentials_id", "keydown", "keyup", "keypress", "keycode",
		"author", "keystore", "keytab", "partitionkey", "thumbprint",
		"authenticity", "nonce", "verificationtoken",
		"pubkey", "pub_key", "key_id", "keyid", "tokenid", "token_id",
		"secretname", "secret_name", "secretref", "passwordless", NULL
	};
	int i;

	for (i = 0; parts[i] != NULL; i++)
		if (name_has(l, a, parts[i]))
			return 1;
	for (i = 0; ends[i] != NULL; i++)
		if (name_ends(l, a, ends[i]))
			return !name_ends(l, a, "clientid");
	return 0;
}

static void
place_password(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	struct assign a;
	size_t i;

	if (at < l->seen_password)
		return;
	if (!assign_parse(l->s, l->n, at, end, &a)) {
		i = a.name_end;
		/* --password x; -Password x; PASSWORD x in a Dockerfile */
		if (a.name < at && l->s[a.name] == '-' && i < l->n &&
		    blank(l->s[i]) && assign_value(l->s, l->n, i, &a) &&
		    (a.quote != 0 || l->s[a.from] != '-')) {
			l->seen_password = a.to;
			password_value(l, r, &a, end);
		} else
			password_said(l, r, at, end);
		return;
	}
	if (harmless(l, &a))
		return;
	l->seen_password = a.to;
	password_value(l, r, &a, end);
}

/* The arguments of a call: the arg'th string is a password. */
static void
place_call(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	struct assign a;
	size_t i = end, stop = end + 600 < l->n ? end + 600 : l->n;
	int arg = 0;

	(void)at;
	for (; i < stop && l->s[i] != ')' && l->s[i] != ';'; i++) {
		if (l->s[i] == ',')
			arg++;
		if (l->s[i] != '"' && l->s[i] != '\'')
			continue;
		if (!assign_value(l->s, l->n, i, &a) || a.to >= l->n)
			return;
		if (arg + 1 == r->arg) {
			if (one_word(l, &a) && a.to - a.from >= 4 &&
			    !template(l->s + a.from, a.to - a.from) &&
			    !guess_dull(l->s + a.from, a.to - a.from))
				look_add(l, r->name, a.from, a.to, 1);
			return;
		}
		i = a.to;
	}
}

/* A command with a password behind a switch: arg is the letter. */
static void
place_switch(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	struct assign a;
	size_t i, stop = line_end(l, end, 1);

	(void)at;
	for (i = end; i + 3 < stop; i++) {
		if (!blank(l->s[i]) || l->s[i + 1] != '-' ||
		    l->s[i + 2] != (unsigned char)r->arg)
			continue;
		memset(&a, 0, sizeof(a));
		if (!assign_value(l->s, l->n, i + 3, &a) || a.to > stop)
			return;
		if (one_word(l, &a) && (a.quote != 0 || !is_code(l, &a)) &&
		    guess_password(&l->rules->pairs, l->s + a.from,
		    a.to - a.from))
			look_add(l, r->name, a.from, a.to, 1);
		return;
	}
}

/* A word, blanks, a password: "requirepass x", "identified by 'x'". */
static void
place_word(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	struct assign a;

	if ((at > 0 && isalnum(l->s[at - 1])) || end >= l->n)
		return;
	memset(&a, 0, sizeof(a));
	if (assign_value(l->s, l->n, end, &a) && one_word(l, &a) &&
	    (a.quote != 0 || (r->arg == 0 && l->kind == LOOK_PLAIN &&
	    !is_code(l, &a) && !guess_word(l->s + a.from, a.to - a.from))) &&
	    guess_password(&l->rules->pairs, l->s + a.from, a.to - a.from))
		look_add(l, r->name, a.from, a.to, 1);
}

static void
place_token(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	struct assign a;
	size_t i;

	if (at < l->seen)
		return;
	if (!assign_parse(l->s, l->n, at, end, &a)) {
		i = a.name_end;
		if (!(a.name < at && l->s[a.name] == '-' && i < l->n &&
		    blank(l->s[i]) && assign_value(l->s, l->n, i, &a)))
			return;
	}
	if (harmless(l, &a) || !one_word(l, &a) || is_code(l, &a))
		return;
	l->seen = a.to;
	/* the word is only a part of another one: "tokenize" */
	if (end < a.name_end && islower(l->s[end]) && islower(l->s[end - 1]) &&
	    l->s[end] != 's' && r->arg != 0)
		return;
	if (r->arg == 1 && (l->kind == LOOK_PROSE || (!name_ends(l, &a, "key") &&
	    !isdigit(l->s[a.name_end - 1]))))
		return;
	/* 40 hexadecimal digits are the fingerprint of a public key */
	if (r->arg == 1 && a.to - a.from == 40 && is_hexadecimal(l->s + a.from,
	    40))
		return;
	if (memchr(l->s + a.from, ':', a.to - a.from) != NULL)
		return;
	/* 16 characters are a name too often to take any that are not plain */
	if (a.to - a.from < 18 && pairs_entropy(l->s + a.from,
	    a.to - a.from) < (a.to - a.from < 14 ? 280 : 335) &&
	    !is_hexadecimal(l->s + a.from, a.to - a.from))
		return;
	if (l->kind == LOOK_CODE && a.quote == 0)
		return;
	if (random_value(l, a.from, a.to, r->arg == 1 ? 2 : a.op == '>' ? 2 :
	    1))
		look_add(l, r->name, a.from, a.to, 2);
}

/* A value that only its entropy tells: salts of wp-config and the like. */
static void
place_salt(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	struct assign a;
	size_t n;

	if (!assign_parse(l->s, l->n, at, end, &a) || a.quote == 0)
		return;
	n = a.to - a.from;
	if (n >= 24 && n <= 256 && pairs_entropy(l->s + a.from, n) >= 380 &&
	    pairs_score(&l->rules->pairs, l->s + a.from, n) < 40 &&
	    !guess_has(l->s + a.from, n, "put your unique") &&
	    !guess_has(l->s + a.from, n, "abcdefghij"))
		look_add(l, r->name, a.from, a.to, 1);
}

/* scheme://user:password@host */
static void
place_url(struct look *l, const struct rule_secret *r, size_t at, size_t end)
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
	if (n < 3 || template(l->s + from, n) || guess_dull(l->s + from, n) ||
	    memchr(l->s + from, '(', n) != NULL ||
	    memchr(l->s + from, '{', n) != NULL ||
	    memchr(l->s + end, '{', colon - end) != NULL)
		return;
	if (l->kind != LOOK_PLAIN) {
		for (k = 0; weak[k] != NULL; k++)
			if (strlen(weak[k]) == n && strncasecmp(
			    (const char *)l->s + from, weak[k], n) == 0)
				return;
		if (guess_word(l->s + from, n) && !random_value(l, from, to, 0))
			return;
	}
	look_add(l, r->name, from, to, 1);
}

static void
place_pem(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	size_t i, k = 0, body = 0, stop;

	while (at > 0 && k < 40 && l->s[at - 1] != '\n' &&
	    !at_word(l, at, "-----begin")) {
		at--;
		k++;
	}
	if (!at_word(l, at, "-----begin"))
		return;
	stop = end + 16384 < l->n ? end + 16384 : l->n;
	if (at_word(l, end, " block"))
		end += 6;
	if (!at_word(l, end, "-----") || at_word(l, end, "----------"))
		return;
	for (i = end + 5; i < stop && !at_word(l, i, "-----"); i++) {
		if (l->s[i] == '*' || at_word(l, i, "..."))
			return;
		body += isalnum(l->s[i]) != 0;
	}
	if (body < 48 || guess_has(l->s + at, i - at, "abcdefghijklmnop") ||
	    guess_has(l->s + at, i - at, "xxxxxxxx"))
		return;
	if (i < stop)
		for (i += 5; i < stop && l->s[i] != '\n' && l->s[i] != '"' &&
		    l->s[i] != '\'' && l->s[i] != '<' && i - end < 16300; i++)
			if (at_word(l, i, "-----")) {
				i += 5;
				break;
			}
	look_add(l, r->name, at, i, 0);
}

/* Bearer x, Basic x: behind the word that is the literal. */
static void
place_scheme(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	unsigned char out[512];
	size_t from = end, to, n;

	if ((at > 0 && isalnum(l->s[at - 1])) || end >= l->n)
		return;
	if (l->s[from] == ':')
		from++;
	while (from < l->n && from - end < 4 && blank(l->s[from]))
		from++;
	for (to = from; to < l->n && to - from < ASSIGN_VALUE &&
	    (isalnum(l->s[to]) || (l->s[to] != '\0' &&
	    strchr("+/=_-.~", l->s[to]) != NULL)); to++)
		;
	n = to - from;
	if (r->arg == 'b') {
		if (n < 8 || n > 600)
			return;
		n = decode_base64(l->s + from, n, out, sizeof(out));
		if (n < 4 || memchr(out, ':', n) == NULL || out[0] == '{' ||
		    guess_has(out, n, "password") || guess_has(out, n, "{"))
			return;
		for (at = 0; at < n; at++)
			if (out[at] < ' ' || out[at] > 0x7e)
				return;
		look_add(l, r->name, from, to, 1);
		return;
	}
	if (n >= 8 && (random_value(l, from, to, 0) ||
	    (n < 14 && guess_random(&l->rules->pairs, l->s + from, n, 0))))
		look_add(l, r->name, from, to, 1);
}

/* Authorization: x, X-Api-Key: x, in a request or a command. */
static void
place_header(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	size_t from = end, to;

	(void)at;
	while (from < l->n && (isalnum(l->s[from]) || l->s[from] == '-') &&
	    from - end < 20)
		from++;
	if (from < l->n && (l->s[from] == '"' || l->s[from] == '\''))
		from++;
	if (from >= l->n || l->s[from] != ':')
		return;
	for (from++; from < l->n && from - end < 40 && (blank(l->s[from]) ||
	    l->s[from] == '"' || l->s[from] == '\''); from++)
		;
	for (;;) {
		for (to = from; to < l->n && to - from < ASSIGN_VALUE &&
		    l->s[to] > ' ' && strchr("\"'`,<>\\;", l->s[to]) == NULL;
		    to++)
			;
		/* a scheme, then the value */
		if (to >= l->n || l->s[to] != ' ' || to - from > 16 ||
		    to == from || at_word(l, from, "basic"))
			break;
		from = to + 1;
	}
	if (to > from && !guess_placeholder(l->s + from, to - from) &&
	    (random_value(l, from, to, 0) || (to - from >= 10 && from > 0 &&
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

	while (i < stop && l->s[i] != '"' && l->s[i] != '\'')
		i++;
	if (i >= stop)
		return;
	q = l->s[i++];
	for (name = i; i < stop && l->s[i] != ':' && l->s[i] != q; i++)
		;
	if (i >= stop || l->s[i] == q || !(guess_has(l->s + name, i - name,
	    "token") || guess_has(l->s + name, i - name, "key") ||
	    guess_has(l->s + name, i - name, "auth") ||
	    guess_has(l->s + name, i - name, "secret")))
		return;
	for (i++; i < stop && blank(l->s[i]); i++)
		;
	for (from = to = i; to < stop && l->s[to] != q; to++)
		if (blank(l->s[to]))
			from = to + 1;
	if (to - from >= 8 && !template(l->s + from, to - from) &&
	    !guess_placeholder(l->s + from, to - from) &&
	    !guess_dull(l->s + from, to - from) &&
	    !guess_word(l->s + from, to - from) &&
	    pairs_score(&l->rules->pairs, l->s + from, to - from) < 60)
		look_add(l, r->name, from, to, 1);
}

/* curl -u user:password */
static void
place_curl(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	size_t i, from, to, colon, stop = line_end(l, end, 1);
	int q;

	if ((at > 0 && isalnum(l->s[at - 1])) || end >= l->n ||
	    isalnum(l->s[end]))
		return;
	for (i = end; i + 4 < stop; i++) {
		if (!blank(l->s[i]) || l->s[i + 1] != '-')
			continue;
		if (l->s[i + 2] == 'H' || at_word(l, i, " --header"))
			curl_header(l, r, i + 3, stop);
		if (at_word(l, i, " --user ") || at_word(l, i, " --user="))
			from = i + 8;
		else if (at_word(l, i, " -u "))
			from = i + 4;
		else
			continue;
		while (from < stop && blank(l->s[from]))
			from++;
		q = from < stop && (l->s[from] == '"' || l->s[from] == '\'') ?
		    l->s[from++] : 0;
		for (to = from, colon = 0; to < stop && (q != 0 ?
		    l->s[to] != q || (to + 2 < stop && l->s[to + 1] == ':' &&
		    l->s[to + 2] == q) : l->s[to] > ' '); to++)
			if (l->s[to] == ':' && colon == 0) {
				colon = to + 1;
				if (q != 0 && to + 1 < stop && l->s[to - 1] == q)
					colon = to + 2;
				if (q == 0 && to + 1 < stop &&
				    l->s[to + 1] == '\'')
					colon = to + 2;
			}
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
			look_add(l, r->name, colon, to, 1);
		return;
	}
}

/* machine x login y password z */
static void
place_netrc(struct look *l, const struct rule_secret *r, size_t at,
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
			if (k - i >= 3 && !template(l->s + i, k - i) &&
			    !guess_placeholder(l->s + i, k - i))
				look_add(l, r->name, i, k, 1);
			return;
		}
		if (word % 2 == 1) {
			password = k - i == 8 && at_word(l, i, "password");
			if (!password && !at_word(l, i, "login ") &&
			    !at_word(l, i, "login\n") &&
			    !at_word(l, i, "account "))
				return;
		}
		i = k;
	}
}

/* kind: Secret, and the base64 below its data: */
static void
place_kubernetes(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	unsigned char out[64];
	size_t i, k, from, to, stop, m;
	int inside = 0;

	while (end < l->n && (blank(l->s[end]) || strchr("\"':", l->s[end])))
		end++;
	if (!at_word(l, end, "secret") || (end + 6 < l->n &&
	    isalnum(l->s[end + 6])))
		return;
	for (from = at, k = 0; from > 0 && k < 8000 &&
	    !at_word(l, from, "\n---"); k++)
		from--;
	for (stop = end, k = 0; stop < l->n && k < 8000 &&
	    !at_word(l, stop, "\n---"); k++)
		stop++;
	for (i = from; i < stop; i = to + 1) {
		to = line_end(l, i, 0);
		for (k = i; k < to && blank(l->s[k]); k++)
			;
		if (at_word(l, k, "data:") || at_word(l, k, "stringdata:")) {
			inside = 1;
			continue;
		}
		if (k == i && to > i)
			inside = 0;
		if (at_word(l, k, "metadata:") || at_word(l, k, "spec:"))
			inside = 0;
		if (!inside || k == to || l->s[k] == '#' || memchr(l->s + k, '{', to - k))
			continue;
		for (m = k; m < to && l->s[m] != ':'; m++)
			;
		m = m < to ? m + 1 : k;
		while (m < to && (blank(l->s[m]) || l->s[m] == '"' ||
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
static void
place_auth64(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	unsigned char out[512];
	struct assign a;
	size_t i, n;

	if ((at > 0 && isalnum(l->s[at - 1])) ||
	    !assign_parse(l->s, l->n, at, end, &a))
		return;
	n = decode_base64(l->s + a.from, a.to - a.from, out, sizeof(out));
	if (n < 4 || memchr(out, ':', n) == NULL)
		return;
	for (i = 0; i < n; i++)
		if (out[i] < ' ' || out[i] > 0x7e)
			return;
	look_add(l, r->name, a.from, a.to, 1);
}

void
(*place_find(const char *name))(struct look *, const struct rule_secret *,
    size_t, size_t)
{
	static const struct {
		const char	*name;
		void		(*place)(struct look *,
				    const struct rule_secret *, size_t, size_t);
	} all[] = {
		{ "password", place_password }, { "token", place_token },
		{ "call", place_call }, { "switch", place_switch },
		{ "word", place_word }, { "salt", place_salt },
		{ "url", place_url }, { "pem", place_pem },
		{ "scheme", place_scheme }, { "header", place_header },
		{ "curl", place_curl }, { "netrc", place_netrc },
		{ "kubernetes", place_kubernetes }, { "auth64", place_auth64 }
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].place;
	return NULL;
}
