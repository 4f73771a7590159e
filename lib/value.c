#include <ctype.h>
#include <string.h>

#include "guess.h"
#include "hint.h"
#include "value.h"

/* 1 when a user is named within the lines around. */
int
value_user_near(const struct look *l, size_t at)
{
	static const char *const words[] = {
		"user", "login", "host", "email", NULL
	};
	size_t from = at > 160 ? at - 160 : 0;
	size_t to = at + 160 < l->n ? at + 160 : l->n;

	return guess_any(l->s + from, to - from, words);
}

int
value_one_word(const struct look *l, const struct assign *a)
{
	size_t i;

	for (i = a->from; a->quote != 0 && i < a->to; i++)
		if (l->s[i] <= ' ')
			return 0;
	return 1;
}

int
value_digit(const unsigned char *s, size_t n)
{
	while (n > 0 && !isdigit(s[n - 1]))
		n--;
	return n != 0;
}

int
value_letter(const unsigned char *s, size_t n)
{
	while (n > 0 && !isalpha(s[n - 1]))
		n--;
	return n != 0;
}

/* ?name=x, &name=x */
int
value_in_url(const struct look *l, const struct assign *a)
{
	return a->op == '=' && a->quote == 0 && a->name > 0 &&
	    (l->s[a->name - 1] == '?' || l->s[a->name - 1] == '&');
}

/* A bare value that is code: an identifier, a call, an index. */
int
value_code(const struct look *l, const struct assign *a)
{
	const unsigned char *v = l->s + a->from;
	size_t i, n = a->to - a->from;

	if (a->quote != 0)
		return 0;
	if (value_in_url(l, a))
		return *v == '$' || *v == '{';
	if (a->to < l->n && (l->s[a->to] == '(' || l->s[a->to] == '['))
		return 1;
	if (memchr(v, '(', n) != NULL || memchr(v, '[', n) != NULL ||
	    *v == '$' || *v == '@' || (a->op != '>' && *v != '\0' &&
	    strchr("*&!-=", *v) != NULL))
		return 1;
	if (l->kind != LOOK_CODE || (a->name > 1 && l->s[a->name - 1] == '{' &&
	    l->s[a->name - 2] == '$'))
		return 0;
	if (n >= 6 && value_digit(v, n) && value_letter(v, n) &&
	    hint_comment(l, a->name))
		return 0;
	for (i = 0; i < n; i++)
		if (!isalnum(v[i]) && v[i] != '_' && v[i] != '.')
			return 0;
	/* in a programming language it has to be a number or a name */
	return 1;
}

/* Server=x;User Id=y;Password=z; and the like: what stands there is one. */
int
value_in_connection(const struct look *l, const struct assign *a)
{
	size_t from = a->name > 200 ? a->name - 200 : 0;
	const unsigned char *s = l->s + from;
	size_t n = a->name - from + (a->to < l->n && l->s[a->to] == ';' ?
	    a->to - a->name + (l->n - a->to < 120 ? l->n - a->to : 120) : 0);

	return a->op == '=' && a->quote == 0 && a->name > 0 &&
	    ((strchr("&?", l->s[a->name - 1]) != NULL &&
	    guess_has(s, n, "://")) || l->s[a->name - 1] == ';' ||
	    (isblank(l->s[a->name - 1]) && guess_has(s, n, "user=")) ||
	    (a->to < l->n && l->s[a->to] == ';')) && (guess_has(s, n, "server=") ||
	    guess_has(s, n, "source=") || guess_has(s, n, "host=") ||
	    guess_has(s, n, "uid=") || guess_has(s, n, "user id=") ||
	    guess_has(s, n, "user="));
}

int
value_named(const struct look *l, const struct assign *a, const char *part)
{
	size_t k = strlen(part);

	return a->name_end - a->name >= k &&
	    guess_begins(l->s + a->name_end - k, k, part);
}

int
value_hexadecimal(const unsigned char *s, size_t n)
{
	while (n > 0 && isxdigit(s[n - 1]))
		n--;
	return n == 0;
}

/* Names that hold a telling word and no secret. */
int
value_harmless(const struct look *l, const struct assign *a)
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
		"hash_algorithm", "module", "stdin", "exists", "ref", "manager", "engine",
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
		if (value_named(l, a, ends[i]))
			return !value_named(l, a, "clientid") &&
			    !value_named(l, a, "sessionid") &&
			    !value_named(l, a, "sessid");
	return 0;
}
