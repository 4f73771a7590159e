#include <ctype.h>
#include <string.h>

#include "assign.h"
#include "decode.h"
#include "form.h"
#include "guess.h"
#include "hint.h"
#include "look.h"
#include "value.h"

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

/* A word after "secret": what a person chose, and no name of anything. */
static int
is_phrase(const struct look *l, const struct assign *a)
{
	static const char *const names[] = {
		"secret", "token", "key", "cred", "auth", "config", "cert",
		"tls", "name", "password", NULL
	};
	const unsigned char *v = l->s + a->from;
	size_t n = a->to - a->from, i, upper = 0, dash = 0, odd = 0;

	for (i = 0; i < n; i++) {
		upper += isupper(v[i]) != 0;
		dash += v[i] == '-' || v[i] == '.' || v[i] == '/';
		odd += strchr("!#$%^&*+~?@", v[i]) != NULL;
	}
	return n >= 6 && n <= 64 && value_letter(v, n) &&
	    (value_digit(v, n) || odd > 0) && (upper > 0 || odd > 0 ||
	    dash == 0) && !guess_any(v, n, names) && !guess_template(v, n) &&
	    (a->quote != 0 || l->kind == LOOK_PLAIN) &&
	    (value_named(l, a, "secret") || value_named(l, a, "secret_key") ||
	    value_named(l, a, "secretkey"));
}

static void
password_value(struct look *l, const struct rule_secret *r,
    const struct assign *a)
{
	const unsigned char *v = l->s + a->from;
	size_t n = a->to - a->from, from, to;

	if (r->arg == 3 && !is_phrase(l, a))
		return;
	if (n > 24 && *v == '{' && a->to < l->n && l->s[a->to] == '}' &&
	    hint_among(l, a->from, a->to, &from, &to))
		look_add(l, r->name, from, to, 2);

	if (r->arg == 1 || value_in_connection(l, a)) {
		if (n >= 4 && !guess_template(v, n) && !guess_dull(v, n) &&
		    !(n == 8 && guess_has(v, n, "password")) &&
		    value_one_word(l, a))
			look_password(l, r->name, a->from, a->to, 1);
		return;
	}
	if (!value_one_word(l, a) || value_code(l, a) ||
	    (a->quote == 0 && v[n - 1] == '=' && l->kind == LOOK_CODE) || (a->quote == 0 &&
	    guess_template(v, n)) || !guess_password(&l->rules->pairs, v, n))
		return;
	if (a->call && !look_random(l, a->from, a->to, 1))
		return;
	if ((a->op == '>' || a->op == '(') && a->quote == 0 &&
	    l->kind != LOOK_PLAIN)
		return;
	if (l->kind == LOOK_CODE && n > 2 && (is_format(v, n) ||
	    ((v[n - 2] == '\\' || v[n - 3] == '\\') && !value_digit(v, n - 2))))
		return;			/* "a\0b\n" */
	/* a plain word is a password only where one would stand */
	if (guess_word(v, n) && !look_random(l, a->from, a->to, 0)) {
		if (l->kind == LOOK_PROSE || l->kind == LOOK_CODE)
			return;
		if (!value_user_near(l, a->from) && a->op != '=' && a->op != 'v')
			return;
		if (a->op == '(' || (a->quote == 0 && a->to + 2 < l->n &&
		    l->s[a->to] == ' ' && (isalpha(l->s[a->to + 1]) ||
		    (l->s[a->to + 1] == '-' && isalpha(l->s[a->to + 2])))))
			return;		/* "Please enter", Read-Host -X */
		if (n > 1 && v[n - 1] == '.' && memchr(v, '_', n) == NULL)
			return;
	}
	if (l->kind == LOOK_PROSE && a->quote == 0 &&
	    !look_random(l, a->from, a->to, 0) && !(value_user_near(l, a->from) &&
	    a->to - a->from >= 6 && value_digit(v, n) && value_letter(v, n)))
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
	if (r->arg > 1 || i >= l->n || isalnum(l->s[i]) || l->s[i] == '_' ||
	    (at > 0 && islower(l->s[at - 1]) && !isupper(l->s[at])))
		return;
	if (l->s[i] == '"' || l->s[i] == '\'' || l->s[i] == ':')
		i++;
	if (i >= stop || !isblank(l->s[i]))
		return;
	memset(&a, 0, sizeof(a));
	while (i < stop && isblank(l->s[i]))
		i++;
	if (i + 2 < stop && isdigit(l->s[i]) && isblank(l->s[i + 1]))
		i += 2;			/* how a router coded it */
	else if (i + 2 < stop && l->s[i] == '|' && isblank(l->s[i + 1]))
		i += 2;			/* the next cell of a table */
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
	    (l->kind != LOOK_PLAIN && !hint_comment(l, at)) ||
	    !value_user_near(l, at) || guess_word(l->s + a.from, a.to - a.from))
		return;
	if (value_one_word(l, &a) && !value_code(l, &a) && a.to - a.from >= 4 &&
	    !guess_placeholder(l->s + a.from, a.to - a.from) &&
	    !guess_dull(l->s + a.from, a.to - a.from) &&
	    (a.quote != 0 || guess_password(&l->rules->pairs, l->s + a.from,
	    a.to - a.from)))
		look_password(l, r->name, a.from, a.to, 2);
}

/* 1 when the word before the name makes the next one its value. */
static int
defined(const struct look *l, size_t name)
{
	static const char *const words[] = {
		"env ", "arg ", "define ", "setq ", "defvar ", "setenv ",
		"set(", "setx ", "set ", NULL
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
	    ((isupper(l->s[at]) && islower(l->s[at + 1])) ||
	    (l->kind == LOOK_PLAIN && look_word(l, end, " = "))) :
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
			if (value_harmless(l, &a))
				return;
			l->done->password = a.to;
			password_value(l, r, &a);
		} else {
			password_said(l, r, at, end);
			form_column(l, r, at, end);
		}
		return;
	}
	if (a.op == ',' && a.name_end != end)
		return;
	if (r->arg == 2 && at > 0 && islower(l->s[at - 1]) &&
	    islower(l->s[at]) && (!value_digit(l->s + a.from, a.to - a.from) ||
	    !value_letter(l->s + a.from, a.to - a.from)))
		return;			/* remotepass, and bypass */
	if (look_word(l, a.name, "label.") || (value_harmless(l, &a) &&
	    !value_named(l, &a, "pass") && !value_named(l, &a, "password")))
		return;
	l->done->password = a.to;
	password_value(l, r, &a);
}

/* user:password: go to the password; 0 when there is none. */
static int
behind_colon(const struct look *l, struct assign *a)
{
	while (a->from < a->to && l->s[a->from] != ':')
		a->from++;
	if (a->from == a->to)
		return 0;
	a->from++;
	return guess_password(&l->rules->pairs, l->s + a->from,
	    a->to - a->from) && (l->kind == LOOK_PLAIN ||
	    !guess_word(l->s + a->from, a->to - a->from));
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
		if (arg + 1 == (r->arg == 'u' ? 2 : r->arg)) {
			if (r->arg == 'u' && !behind_colon(l, &a))
				return;
			if (value_one_word(l, &a) && a.to - a.from >= 4 &&
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
		if (look_word(l, at, "mysql") && isblank(l->s[i + 3]) &&
		    guess_word(l->s + a.from, a.to - a.from))
			return;		/* it wants no blank there */
		if (r->arg == 'U' && memchr(l->s + a.from, '%', a.to -
		    a.from) == NULL)
			return;		/* no user%password */
		if (value_one_word(l, &a) && (a.quote != 0 || !value_code(l, &a)) &&
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
	if (look_value(l, end, &a) && value_one_word(l, &a) &&
	    (l->kind == LOOK_PLAIN || !guess_word(l->s + a.from,
	    a.to - a.from)) && (a.quote != 0 || (r->arg == 0 && l->kind == LOOK_PLAIN &&
	    !value_code(l, &a) && !guess_word(l->s + a.from, a.to - a.from))) &&
	    guess_password(&l->rules->pairs, l->s + a.from, a.to - a.from))
		look_password(l, r->name, a.from, a.to, 1);
}

/* Values beside a telling word that are no secret: the bytes of a table, a
 * public key; in a test or a sentence words in base64; in a test a vector. */
static int
vector(const struct look *l, const unsigned char *v, size_t n, int said)
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
	if (!l->tests && !said)
		return 0;
	if (!said && value_hexadecimal(v, n))
		return 1;
	n = decode_base64(v, n > 64 ? 64 : n, out, sizeof(out));
	for (i = 0; i < n && out[i] >= ' ' && out[i] <= 0x7e; i++)
		;
	return n >= 8 && i == n;
}

/* acme_key = x, in configuration: not key = x, and no key of a person. */
static int
of_a_service(const struct look *l, const struct assign *a)
{
	static const char *const persons[] = {
		"gpg", "pgp", "sign", "finger", "ssh", "commit", "sha", "hash",
		"host", "recv", "cache", NULL
	};

	return l->kind == LOOK_PLAIN && a->op == '=' &&
	    a->name_end - a->name > 6 && (value_named(l, a, "_key") ||
	    value_named(l, a, "-key")) && !guess_any(l->s + a->name,
	    a->name_end - a->name, persons);
}

/* No operator, or words in the value: what among them was generated? */
static void
token_said(struct look *l, const struct rule_secret *r, size_t at, size_t end,
    const struct assign *a)
{
	size_t from, to;

	if (a == NULL) {
		if ((at > 0 && islower(l->s[at - 1]) && islower(l->s[at])) ||
		    (r->arg == 1 && l->kind != LOOK_PLAIN) ||
		    !hint_behind(l, end, r->arg == 1 || l->kind != LOOK_PLAIN,
		    &from, &to))
			return;
	} else if (r->arg == 1 || value_harmless(l, a))
		return;
	else if (a->quote != 0) {
		if (!hint_among(l, a->from, a->to, &from, &to))
			return;
	} else if (a->op == '>') {
		for (to = a->from; to < l->n && to - a->from < 400 &&
		    l->s[to] != '<'; to++)
			;
		if (!hint_among(l, a->from, to, &from, &to))
			return;
	} else if (l->kind != LOOK_PLAIN || a->to - a->from > 12 ||
	    !guess_word(l->s + a->from, a->to - a->from) ||
	    !hint_behind(l, a->to, 0, &from, &to))
		return;
	if (vector(l, l->s + from, to - from, 1) || (r->arg == 1 &&
	    to - from != 32 && to - from < 48 &&
	    value_hexadecimal(l->s + from, to - from)))
		return;
	l->done->token = to;
	look_add(l, r->name, from, to, 2);
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
		    isblank(l->s[i]) && look_value(l, i, &a))) {
			token_said(l, r, at, end, NULL);
			return;
		}
	}
	l->done->token = a.name_end;
	if (!value_one_word(l, &a) || (a.quote == 0 && (a.op == '>' ||
	    guess_word(l->s + a.from, a.to - a.from))))
		token_said(l, r, at, end, &a);
	if (value_code(l, &a) || !value_one_word(l, &a) || value_harmless(l, &a))
		return;
	l->done->token = a.to;
	/* the word is only a part of another one: "tokenize" */
	if (end < a.name_end && islower(l->s[end]) && islower(l->s[end - 1]) &&
	    l->s[end] != 's' && r->arg != 0)
		return;
	if (r->arg == 1 && (l->kind == LOOK_PROSE ||
	    (!value_named(l, &a, "key") && !isdigit(l->s[a.name_end - 1]))))
		return;
	/* 40 hexadecimal digits are the fingerprint of a public key */
	if (r->arg == 1 && a.to - a.from == 40 && value_hexadecimal(l->s + a.from,
	    40) && !of_a_service(l, &a))
		return;
	if (memchr(l->s + a.from, ':', a.to - a.from) != NULL ||
	    vector(l, l->s + a.from, a.to - a.from, 0))
		return;
	/* 16 characters are a name too often to take any that are not plain */
	if (a.to - a.from < 18 && pairs_entropy(l->s + a.from,
	    a.to - a.from) < (a.to - a.from < 14 ? 280 : 335) &&
	    !value_hexadecimal(l->s + a.from, a.to - a.from))
		return;
	if (l->kind == LOOK_CODE && a.quote == 0 && !value_in_url(l, &a))
		return;
	if (look_random(l, a.from, a.to, (r->arg == 1 &&
	    (a.to - a.from != 36 || !of_a_service(l, &a))) || a.op == '>' ? 2 :
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
		{ "kubernetes", form_kubernetes }, { "auth64", form_auth64 },
		{ "piped", form_piped }, { "jwk", form_jwk },
		{ "phrase", form_phrase }
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].place;
	return NULL;
}
