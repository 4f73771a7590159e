#include <ctype.h>
#include <string.h>

#include "assign.h"
#include "decode.h"
#include "form.h"
#include "guess.h"
#include "look.h"

/* 1 when a user is named within the lines around. */
static int
user_near(const struct look *l, size_t at)
{
	static const char *const words[] = {
		"user", "login", "host", "email", NULL
	};
	size_t from = at > 160 ? at - 160 : 0;
	size_t to = at + 160 < l->n ? at + 160 : l->n;

	return guess_any(l->s + from, to - from, words);
}

static int
one_word(const struct look *l, const struct assign *a)
{
	size_t i;

	for (i = a->from; a->quote != 0 && i < a->to; i++)
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

/* Server=x;User Id=y;Password=z; and the like: what stands there is one. */
static int
in_connection(const struct look *l, const struct assign *a)
{
	size_t from = a->name > 200 ? a->name - 200 : 0;
	const unsigned char *s = l->s + from;
	size_t n = a->name - from;

	return a->op == '=' && a->quote == 0 && a->name > 0 &&
	    ((strchr("&?", l->s[a->name - 1]) != NULL &&
	    guess_has(s, n, "://")) || l->s[a->name - 1] == ';' ||
	    (a->to < l->n && l->s[a->to] == ';')) && (guess_has(s, n, "server=") ||
	    guess_has(s, n, "source=") || guess_has(s, n, "host=") ||
	    guess_has(s, n, "uid=") || guess_has(s, n, "user id=") ||
	    guess_has(s, n, "user="));
}

static int
has_digit(const unsigned char *s, size_t n)
{
	while (n > 0 && !isdigit(s[n - 1]))
		n--;
	return n != 0;
}

static int
has_letter(const unsigned char *s, size_t n)
{
	while (n > 0 && !isalpha(s[n - 1]))
		n--;
	return n != 0;
}

/* %lu, %-31s: what a program prints. */
static int
is_format(const unsigned char *v, size_t n)
{
	size_t i, k;

	for (i = 0; i + 1 < n; i++) {
		if (v[i] != '%')
			continue;
		for (k = i + 1; k < n && v[k] != '\0' &&
		    strchr("-+#.*0123456789lhzjt", v[k]) != NULL; k++)
			;
		if (k < n && v[k] != '\0' &&
		    strchr("diouxXeEfgGcsp", v[k]) != NULL)
			return 1;
	}
	return 0;
}

static void
password_value(struct look *l, const struct rule_secret *r,
    const struct assign *a)
{
	const unsigned char *v = l->s + a->from;
	size_t n = a->to - a->from;

	if (r->arg == 1 || in_connection(l, a)) {
		if (n >= 4 && !guess_template(v, n) && !guess_dull(v, n) &&
		    one_word(l, a))
			look_password(l, r->name, a->from, a->to, 1);
		return;
	}
	if (!one_word(l, a) || is_code(l, a) || (a->quote == 0 &&
	    guess_template(v, n)) || !guess_password(&l->rules->pairs, v, n))
		return;
	if (a->call && !look_random(l, a->from, a->to, 1))
		return;
	if ((a->op == '>' || a->op == '(') && a->quote == 0 &&
	    l->kind != LOOK_PLAIN)
		return;
	if (l->kind == LOOK_CODE && n > 2 && (is_format(v, n) ||
	    ((v[n - 2] == '\\' || v[n - 3] == '\\') && !has_digit(v, n - 2))))
		return;			/* "a\0b\n" */
	/* a plain word is a password only where one would stand */
	if (guess_word(v, n) && !look_random(l, a->from, a->to, 0)) {
		if (l->kind == LOOK_PROSE || l->kind == LOOK_CODE)
			return;
		if (!user_near(l, a->from) && a->op != '=' && a->op != 'v')
			return;
		if (a->op == '(' || (n > 1 && v[n - 1] == '.'))
			return;
	}
	if (l->kind == LOOK_PROSE && a->quote == 0 &&
	    !look_random(l, a->from, a->to, 0) && !(user_near(l, a->from) &&
	    a->to - a->from >= 6 && has_digit(v, n) && has_letter(v, n)))
		return;
	look_password(l, r->name, a->from, a->to, 2);
}

/* password is 'x'; password "x"; password x (where a user is named) */
static void
password_said(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	struct assign a;
	size_t i = end, stop = look_line_end(l, end, 0), k;

	/* "pass" is a verb, too; askpass, get_password: no names of values */
	if (r->arg == 2 || i >= l->n || isalnum(l->s[i]) || l->s[i] == '_' ||
	    (at > 0 && islower(l->s[at - 1])))
		return;
	if (l->s[i] == '"' || l->s[i] == '\'' || l->s[i] == ':')
		i++;
	if (i >= stop || !isblank(l->s[i]))
		return;
	memset(&a, 0, sizeof(a));
	while (i < stop && isblank(l->s[i]))
		i++;
	/* password for "user" is "x" */
	for (k = i; k < stop && k - i < 60; k++)
		if (look_word(l, k, " is ") ||
		    (k == i && look_word(l, k, "is "))) {
			i = k + (isblank(l->s[k]) ? 4 : 3);
			break;
		}
	if (i >= stop || !look_value(l, i, &a) || a.to > stop)
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
		look_password(l, r->name, a.from, a.to, 2);
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

	if (guess_any(l->s + a->name, a->name_end - a->name, parts))
		return 1;
	for (i = 0; ends[i] != NULL; i++)
		if (name_ends(l, a, ends[i]))
			return !name_ends(l, a, "clientid");
	return 0;
}

/* 1 when the word before the name makes the next one its value. */
static int
defined(const struct look *l, size_t name)
{
	static const char *const words[] = {
		"env ", "arg ", "define ", "setq ", "defvar ", "setenv ", NULL
	};
	size_t k;
	int i;

	for (i = 0; words[i] != NULL; i++) {
		k = strlen(words[i]);
		if (name >= k && look_word(l, name - k, words[i]) && (name == k ||
		    !isalnum(l->s[name - k - 1])))
			return 1;
	}
	return 0;
}

/* A short word that is a part of many: all of the name, or xyPass. */
static int
is_a_word(const struct look *l, size_t at, size_t end)
{
	if (end >= l->n || isalnum(l->s[end]) ||
	    strchr("_-.", l->s[end]) != NULL)
		return 0;
	if (at == 0)
		return 1;
	return isalnum(l->s[at - 1]) ? islower(l->s[at - 1]) &&
	    isupper(l->s[at]) && islower(l->s[at + 1]) :
	    strchr("_-.$", l->s[at - 1]) == NULL;
}

static void
place_password(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	struct assign a;
	size_t i;

	if (at < l->done->password)
		return;
	if (r->arg == 2 && !is_a_word(l, at, end))
		return;
	if (at > 1 && l->s[at - 1] == '(' && l->s[at - 2] == '$')
		return;			/* $(pwd) */
	if (!look_assign(l, at, end, &a)) {
		i = a.name_end;
		/* --password x; -Password x; ENV PASSWORD x; #define PASSWORD "x" */
		if (((a.name < at && l->s[a.name] == '-') || defined(l, a.name)) &&
		    i < l->n && isblank(l->s[i]) && look_value(l, i, &a) &&
		    (a.quote != 0 || l->s[a.from] != '-')) {
			l->done->password = a.to;
			password_value(l, r, &a);
		} else
			password_said(l, r, at, end);
		return;
	}
	if (a.op == ',' && a.name_end != end)
		return;
	if (harmless(l, &a) && !name_ends(l, &a, "pass") &&
	    !name_ends(l, &a, "password"))
		return;
	l->done->password = a.to;
	password_value(l, r, &a);
}

/* The arguments of a call: the arg'th string is a password. */
static void
place_call(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	struct assign a;
	size_t i = end, stop = end + 600 < l->n ? end + 600 : l->n;
	int arg = 0;

	if (at < l->done->call)
		i = l->done->call;	/* nothing was there to see */
	for (; i < stop && l->s[i] != ')' && l->s[i] != ';'; i++) {
		if (l->s[i] == ',')
			arg++;
		if (l->s[i] != '"' && l->s[i] != '\'')
			continue;
		if (!look_value(l, i, &a) || a.to >= l->n)
			return;
		if (arg + 1 == r->arg) {
			if (one_word(l, &a) && a.to - a.from >= 4 &&
			    !guess_template(l->s + a.from, a.to - a.from) &&
			    !guess_dull(l->s + a.from, a.to - a.from))
				look_password(l, r->name, a.from, a.to, 1);
			return;
		}
		i = a.to;
	}
	if (i >= stop)
		l->done->call = stop;
}

/* A command with a password behind a switch: arg is the letter. */
static void
place_switch(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	struct assign a;
	size_t i, stop;

	if (at < l->done->command && l->done->letter == r->arg)
		return;
	stop = l->done->command = look_line_end(l, end, 1);
	l->done->letter = r->arg;
	for (i = end; i + 3 < stop; i++) {
		if (!isblank(l->s[i]) || l->s[i + 1] != '-' ||
		    l->s[i + 2] != (unsigned char)r->arg)
			continue;
		l->done->command = i;
		memset(&a, 0, sizeof(a));
		if (!look_value(l, i + 3, &a) || a.to > stop)
			return;
		if (r->arg == 'U' && memchr(l->s + a.from, '%', a.to -
		    a.from) == NULL)
			return;		/* no user%password */
		if (one_word(l, &a) && (a.quote != 0 || !is_code(l, &a)) &&
		    guess_password(&l->rules->pairs, l->s + a.from,
		    a.to - a.from))
			look_password(l, r->name, a.from, a.to, 1);
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
	if (look_value(l, end, &a) && one_word(l, &a) &&
	    (l->kind == LOOK_PLAIN || !guess_word(l->s + a.from,
	    a.to - a.from)) && (a.quote != 0 || (r->arg == 0 && l->kind == LOOK_PLAIN &&
	    !is_code(l, &a) && !guess_word(l->s + a.from, a.to - a.from))) &&
	    guess_password(&l->rules->pairs, l->s + a.from, a.to - a.from))
		look_password(l, r->name, a.from, a.to, 1);
}

/* Values beside a telling word that are no secret: the bytes of a table, a
 * public key; in a test a vector, or words in base64. */
static int
vector(const struct look *l, const unsigned char *v, size_t n)
{
	static const char *const starts[] = {	/* SubjectPublicKeyInfo */
		"miibijanbgkqhkig9w0baqefaao", "migfma0gcsqgsib3dqebaquaa4",
		"miicijanbgkqhkig9w0baqefaao", "mfkwewyhkozizj0caq",
		"mcowbqydk2vwayea", "mhywewyhkozizj0", "mfwwdqyjkozihvcnaqebbqad",
		NULL
	};
	unsigned char out[48];
	size_t i;
	int k;

	if (n >= 16 && v[0] == '\\' && v[1] == 'x' && v[4] == '\\' &&
	    v[5] == 'x')
		return 1;
	for (k = 0; starts[k] != NULL; k++)
		if (guess_begins(v, n, starts[k]))
			return 1;
	if (!l->tests)
		return 0;
	if (is_hexadecimal(v, n))
		return 1;
	n = decode_base64(v, n > 64 ? 64 : n, out, sizeof(out));
	for (i = 0; i < n && out[i] >= ' ' && out[i] <= 0x7e; i++)
		;
	return n >= 8 && i == n;
}

static void
place_token(struct look *l, const struct rule_secret *r, size_t at,
    size_t end)
{
	struct assign a;
	size_t i;

	if (at < l->done->token)
		return;
	if (!look_assign(l, at, end, &a)) {
		i = a.name_end;
		if (!(a.name < at && l->s[a.name] == '-' && i < l->n &&
		    isblank(l->s[i]) && look_value(l, i, &a)))
			return;
	}
	l->done->token = a.name_end;
	if (is_code(l, &a) || !one_word(l, &a) || harmless(l, &a))
		return;
	l->done->token = a.to;
	/* the word is only a part of another one: "tokenize" */
	if (end < a.name_end && islower(l->s[end]) && islower(l->s[end - 1]) &&
	    l->s[end] != 's' && r->arg != 0)
		return;
	if (r->arg == 1 && (l->kind == LOOK_PROSE ||
	    (!name_ends(l, &a, "key") && !isdigit(l->s[a.name_end - 1]))))
		return;
	/* 40 hexadecimal digits are the fingerprint of a public key */
	if (r->arg == 1 && a.to - a.from == 40 && is_hexadecimal(l->s + a.from,
	    40))
		return;
	if (memchr(l->s + a.from, ':', a.to - a.from) != NULL ||
	    vector(l, l->s + a.from, a.to - a.from))
		return;
	/* 16 characters are a name too often to take any that are not plain */
	if (a.to - a.from < 18 && pairs_entropy(l->s + a.from,
	    a.to - a.from) < (a.to - a.from < 14 ? 280 : 335) &&
	    !is_hexadecimal(l->s + a.from, a.to - a.from))
		return;
	if (l->kind == LOOK_CODE && a.quote == 0)
		return;
	if (look_random(l, a.from, a.to, r->arg == 1 ? 2 : a.op == '>' ? 2 :
	    1))
		look_add(l, r->name, a.from, a.to, 2);
}

/* A value that only its entropy tells: salts of wp-config and the like. */
static void
place_salt(struct look *l, const struct rule_secret *r, size_t at, size_t end)
{
	struct assign a;
	size_t n;

	if (!look_assign(l, at, end, &a) || a.quote == 0)
		return;
	n = a.to - a.from;
	if (n >= 24 && n <= 256 && pairs_entropy(l->s + a.from, n) >= 380 &&
	    pairs_score(&l->rules->pairs, l->s + a.from, n) < 40 &&
	    !guess_has(l->s + a.from, n, "put your unique") &&
	    !guess_has(l->s + a.from, n, "abcdefghij"))
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
		{ "url", form_url }, { "pem", form_pem },
		{ "scheme", form_scheme }, { "header", form_header },
		{ "curl", form_curl }, { "netrc", form_netrc },
		{ "kubernetes", form_kubernetes }, { "auth64", form_auth64 }
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].place;
	return NULL;
}
