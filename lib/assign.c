#include <ctype.h>
#include <string.h>

#include "assign.h"
#include "guess.h"

#define NAME		64		/* bytes of a name to either side */

struct cursor {
	const unsigned char *s;
	size_t		 n;
	size_t		 i;
};

static int
peek(const struct cursor *c, size_t k)
{
	return c->i + k < c->n ? c->s[c->i + k] : -1;
}

static int
is_name(int c)
{
	return isalnum(c) || c == '_' || c == '-' || c == '.';
}

static void
blanks(struct cursor *c, int max)
{
	while (max-- > 0 && (peek(c, 0) == ' ' || peek(c, 0) == '\t'))
		c->i++;
}

/* Blanks and at most two line ends; 1 when there was a line end. */
static int
white(struct cursor *c)
{
	int lines = 0, max = 80;

	while (max-- > 0) {
		int ch = peek(c, 0);

		if (ch == '\n') {
			if (++lines > 2)
				break;
		} else if (ch == '\\' && (peek(c, 1) == '\n' ||
		    (peek(c, 1) == '\r' && peek(c, 2) == '\n')))
			;		/* a line that goes on */
		else if (ch == '\\' && peek(c, 1) == 'n')
			c->i++;		/* an escaped line end */
		else if (ch != ' ' && ch != '\t' && ch != '\r')
			break;
		c->i++;
	}
	return lines > 0;
}

static int
looking_at(const struct cursor *c, const char *word)
{
	return c->i < c->n && guess_begins(c->s + c->i, c->n - c->i, word);
}

/* A closing quote with the backslashes before it, up to two brackets. */
static int
closers(struct cursor *c)
{
	int k, quoted = 0;

	for (k = 0; k < 6; k++) {
		int ch = peek(c, 0);

		if (ch == '\\' && (peek(c, 1) == '"' || peek(c, 1) == '\''))
			c->i++;
		else if (ch == '"' || ch == '\'' || ch == '`')
			quoted = 1;
		else if ((ch == '[' && peek(c, 1) == ']') ||
		    (ch == '*' && peek(c, 1) == '*'))
			c->i++;		/* x[], **x** */
		else if (ch != ']' && ch != ')' && ch != '}')
			break;
		c->i++;
	}
	return quoted;
}

/* name TYPE = and name: TYPE = : step over the type. */
static void
type_word(struct cursor *c)
{
	struct cursor t = *c;
	int k = 0;

	while (k < 40 && (isalnum(peek(&t, 0)) || (peek(&t, 0) != -1 &&
	    strchr("&'<>_*[]:.?|", peek(&t, 0)) != NULL))) {
		t.i++;
		k++;
	}
	if (k == 0)
		return;
	blanks(&t, 4);
	if (k == 2 && looking_at(c, "as ")) {	/* Dim x As String = */
		while (isalpha(peek(&t, 0)) && k++ < 40)
			t.i++;
		blanks(&t, 4);
	}
	if (peek(&t, 0) == '=' && peek(&t, 1) != '=' && peek(&t, 1) != '>')
		*c = t;
}

/* Step to the default in a block in braces, past what else it says. */
static void
block_default(struct cursor *c)
{
	struct cursor t = *c;
	int k;

	for (k = 0; k < 200 && peek(&t, 0) != -1 && peek(&t, 0) != '}'; k++) {
		if (peek(&t, 0) <= ' ' && peek(&t, 1) == 'd') {
			t.i++;
			if (looking_at(&t, "default")) {
				*c = t;
				return;
			}
		} else
			t.i++;
	}
}

/* <password type="x">: step to what the tag holds. */
static int
tag_operator(struct cursor *c, size_t name)
{
	struct cursor t = *c;
	size_t k = name;

	if (peek(c, 0) != ' ' || name == 0 || (c->s[name - 1] != '<' &&
	    c->s[name - 1] != ':'))
		return 0;
	while (k > 0 && name - k < 20 && (isalnum(c->s[k - 1]) ||
	    c->s[k - 1] == ':'))
		k--;
	if (k == 0 || c->s[k - 1] != '<')
		return 0;
	for (k = 0; k < 160 && peek(&t, 0) != -1 && peek(&t, 0) != '>' &&
	    peek(&t, 0) != '<' && peek(&t, 0) != '\n'; k++)
		t.i++;
	if (peek(&t, 0) != '>' || c->s[t.i - 1] == '/')
		return 0;
	t.i++;
	*c = t;
	return 1;
}

/* Step over name="x" name="y" in a tag. */
static void
attributes(struct cursor *c)
{
	struct cursor t = *c;
	int k, q;

	for (k = 0; k < 160 && (isalpha(peek(&t, 0)) || peek(&t, 0) == '-');
	    k++) {
		if (looking_at(&t, "value=")) {
			*c = t;
			return;
		}
		while (k++ < 160 && (isalpha(peek(&t, 0)) ||
		    peek(&t, 0) == '-'))
			t.i++;
		if (peek(&t, 0) != '=' || (peek(&t, 1) != '"' &&
		    peek(&t, 1) != '\''))
			return;
		q = peek(&t, 1);
		for (t.i += 2; k++ < 160 && peek(&t, 0) != -1 &&
		    peek(&t, 0) != q && peek(&t, 0) != '\n'; t.i++)
			;
		if (peek(&t, 0) != q)
			return;
		t.i++;
		blanks(&t, 4);
	}
}

/* "password": {"type": "string", "default": "x"}: step to the default. */
static void
nested(struct cursor *c)
{
	struct cursor t = *c;
	int k;

	if (peek(&t, 0) != ':')
		return;
	t.i++;
	white(&t);
	if (peek(&t, 0) != '{')
		return;
	for (k = 0; k < 160 && peek(&t, 0) != -1 && peek(&t, 0) != '}'; k++) {
		if (peek(&t, 0) == '"') {
			t.i++;
			if (looking_at(&t, "value\"") ||
			    looking_at(&t, "default\"")) {
				*c = t;
				return;
			}
		} else
			t.i++;
	}
}

/* "value" = , value: , </key><string> : the other half of a pair. */
static int
pair_operator(struct cursor *c, int quoted, int *op)
{
	static const char *const words[] = {
		"value", "defaultvalue", "default", "val", "content", NULL
	};
	struct cursor t = *c;
	int i;

	if (looking_at(&t, "</key>")) {
		t.i += 6;
		white(&t);
		if (!looking_at(&t, "<string>") && !looking_at(&t, "<value>"))
			return 0;
		t.i += looking_at(&t, "<value>") ? 7 : 8;
		*c = t;
		*op = '>';
		return 1;
	}
	if (peek(&t, 0) == ',' || peek(&t, 0) == ';')
		t.i++;
	white(&t);
	if (quoted) {
		attributes(&t);
		nested(&t);
	}
	if (peek(&t, 0) == '{')		/* variable "x" { default = "y" } */
		block_default(&t);
	if (peek(&t, 0) == '"' || peek(&t, 0) == '\'' || peek(&t, 0) == '<')
		t.i++;
	for (i = 0; words[i] != NULL; i++) {
		if (!looking_at(&t, words[i]))
			continue;
		t.i += strlen(words[i]);
		if (peek(&t, 0) == '"' || peek(&t, 0) == '\'')
			t.i++;
		blanks(&t, 4);
		if (peek(&t, 0) != '=' && peek(&t, 0) != ':' &&
		    peek(&t, 0) != '>')
			return 0;
		t.i++;
		*c = t;
		*op = 'v';
		return 1;
	}
	return 0;
}

/* x("password").type("y"), x{"y"}: step to the value, where one is. */
static int
call_operator(struct cursor *c, int quoted)
{
	struct cursor t = *c;
	int k;

	if (peek(&t, 0) == '.' && quoted) {
		t.i++;
		for (k = 0; k < 24 && (isalpha(peek(&t, 0)) ||
		    peek(&t, 0) == '_'); k++)
			t.i++;
		if (k == 0 || peek(&t, 0) != '(')
			return 0;
	} else if (peek(&t, 0) != '{' || quoted)
		return 0;
	t.i++;
	if (peek(&t, 0) != '"' && peek(&t, 0) != '\'')
		return 0;
	*c = t;
	return 1;
}

static int
operator(struct cursor *c, size_t name, int quoted, int *op)
{
	int k, ch;

	if (pair_operator(c, quoted, op))
		return 1;
	if (tag_operator(c, name) && (*op = '>'))
		return 1;
	if (call_operator(c, quoted) && (*op = '('))
		return 1;
	blanks(c, 20);
	if (peek(c, 0) == '{' && looking_at(c, "{ get; set; } ="))
		c->i += 14;
	if (quoted == 2 && (looking_at(c, "to \"") ||
	    looking_at(c, "to '")) && (*op = ',')) {
		c->i += 3;			/* "x" to "y" */
		return 1;
	}
	if (isalpha(peek(c, 0)) && !quoted)
		type_word(c);
	ch = peek(c, 0);
	if (ch == '>' && (*op = '>')) {		/* the end of a tag */
		c->i++;
		if (looking_at(c, "<value>"))
			c->i += 7;
		return 1;
	}
	if (ch == ',' || ch == '(') {
		if (ch == ',' && quoted != 2 && (name == 0 ||
		    (c->s[name - 1] != '{' && (c->s[name - 1] != ':' ||
		    name < 2 || !isblank(c->s[name - 2])))))
			return 0;
		*op = ch;
		c->i++;
		white(c);
		if (looking_at(c, "with: "))	/* fill_in 'x', with: 'y' */
			c->i += 6;
		ch = peek(c, 0) == '@' ? peek(c, 1) : peek(c, 0);
		return ch == '"' || ch == '\'' || ch == '`' ||
		    (ch == '\\' && peek(c, 1) == '"') || isalpha(ch);
	}
	for (k = 0; k < 4; k++) {
		ch = peek(c, 0);
		if (ch == ':' || ch == '=' || (ch != -1 && k == 0 &&
		    strchr("?|+.<!&-~", ch) != NULL &&
		    (peek(c, 1) == '=' || (peek(c, 1) == '-' && ch == '<') ||
		    (peek(c, 1) == '>' && ch == '-') ||
		    (peek(c, 1) == ch && peek(c, 2) == '=' && c->i++ > 0)))) {
			*op = ch == ':' && k == 0 ? ':' : '=';
			c->i++;
		} else if (k > 0 && (ch == '>' || (ch == '-' &&
		    c->s[c->i - 1] == '<'))) {
			c->i++;
			k++;
			break;
		} else
			break;
	}
	if (k == 0)
		return 0;
	if (*op == ':') {
		blanks(c, 20);
		if (isalpha(peek(c, 0)) || peek(c, 0) == '&')
			type_word(c);
		if (peek(c, 0) == '=' && peek(c, 1) != '=') {
			c->i++;
			*op = '=';
		}
	}
	return 1;
}

/* Where a value without quotes ends. */
static size_t
bare_end(const struct cursor *c, struct assign_memo *memo)
{
	static const char ends[256] = {
		[','] = 1, [';'] = 1, ['"'] = 1, ['\''] = 1, ['`'] = 1,
		['<'] = 1, ['>'] = 1, [')'] = 1, [']'] = 1, ['}'] = 1,
		['\\'] = 1, [0x7f] = 1
	};
	size_t k;

	if (c->i > memo->from && c->i < memo->to && c->s[c->i] != '&' &&
	    (memo->to - memo->from < ASSIGN_VALUE ||
	    c->i - memo->from < ASSIGN_VALUE / 2))
		return memo->to;
	for (k = c->i; k < c->n && k - c->i < ASSIGN_VALUE; k++) {
		int ch = c->s[k];

		if (ch <= ' ' || ends[ch] || (ch == '&' && k > c->i))
			break;
	}
	memo->from = c->i;
	memo->to = k;
	return k;
}

/* @"x", b'x', R"x"; 1 when it is a call: f("x"), a.b("x"). */
static int
prefix(struct cursor *c)
{
	int k;

	for (k = 0; k < 40 && (is_name(peek(c, k)) || peek(c, k) == '@' ||
	    peek(c, k) == ':' || peek(c, k) == '&'); k++)
		;
	if (k > 0 && k <= 2 && (peek(c, k) == '"' || peek(c, k) == '\''))
		c->i += (size_t)k;
	else if (k > 0 && peek(c, k) == '(' && (peek(c, k + 1) == '"' ||
	    peek(c, k + 1) == '\'')) {
		c->i += (size_t)k + 1;
		return 1;
	}
	return 0;
}

/* env.X || "y", getenv("X") or "y", get("X", "y"): what it is otherwise. */
static void
otherwise(const unsigned char *s, size_t n, struct assign *a)
{
	static const char *const words[] = { "||", "or ", "??", "?:", NULL };
	struct cursor c = { s, n, a->to };
	int i, q;

	for (i = 0; i < 3 && peek(&c, 0) != -1 &&
	    strchr("\"')]", peek(&c, 0)) != NULL && peek(&c, 0) != '\0'; i++)
		c.i++;
	if (a->call && peek(&c, 0) == ',')
		c.i++;
	else {
		blanks(&c, 4);
		for (i = 0; words[i] != NULL && !looking_at(&c, words[i]); i++)
			;
		if (words[i] == NULL)
			return;
		c.i += strlen(words[i]);
	}
	blanks(&c, 4);
	q = peek(&c, 0);
	if (q != '"' && q != '\'')
		return;
	for (c.i++, i = 0; i < 200 && peek(&c, i) != -1 && peek(&c, i) != q &&
	    peek(&c, i) != '\n'; i++)
		;
	if (peek(&c, i) != q || i == 0)
		return;
	a->quote = q;
	a->call = 0;
	a->from = c.i;
	a->to = c.i + (size_t)i;
}

/* What may stand before a value: a YAML block, **name:** x, <![CDATA[x */
static void
marks(struct cursor *c)
{
	if ((peek(c, 0) == '|' || peek(c, 0) == '>') &&
	    (peek(c, 1) == '\n' || peek(c, 1) == '-' || peek(c, 1) == '\\'))
		c->i += peek(c, 1) == '-' ? 2 : 1;
	if (peek(c, 0) == '*' && peek(c, 1) == '*')
		c->i += 2;
	else if (peek(c, 0) == '<' && looking_at(c, "<![cdata["))
		c->i += 9;
}

int
assign_value(const unsigned char *s, size_t n, size_t at, struct assign *a,
    struct assign_memo *memo)
{
	struct cursor c = { s, n, at };
	int q, esc = 0, below, inside = 0;
	size_t i;

	marks(&c);
	below = white(&c);
	if (below && (a->op == '=' || a->op == ':') &&
	    peek(&c, 0) != '"' && peek(&c, 0) != '\'' && peek(&c, 0) != '`' &&
	    c.i > 0 && s[c.i - 1] == '\n')
		return 0;		/* the next line is its own */
	if (peek(&c, 0) == '-' && peek(&c, 1) == ' ')
		c.i += 2;		/* an item of a list */
	if (peek(&c, 0) == '[' || peek(&c, 0) == '{')
		if (peek(&c, 1) == '"' || peek(&c, 1) == '\'') {
			inside = 1;
			c.i++;
		}
	a->call = prefix(&c);
	if (peek(&c, 0) == '\\' && (peek(&c, 1) == '"' ||
	    peek(&c, 1) == '\'')) {
		esc = 1;
		c.i++;
	}
	q = peek(&c, 0);
	if (q != '"' && q != '\'' && q != '`') {
		a->quote = 0;
		a->from = c.i;
		a->to = bare_end(&c, memo);
		/* a name on the next line, and its own value */
		if (below && a->to > a->from && s[a->to - 1] == ':')
			return 0;
		if (a->to == a->from)
			return 0;
		otherwise(s, n, a);
		return 1;
	}
	c.i++;
	if (peek(&c, 0) == q && peek(&c, 1) == q)
		c.i += 2;		/* """x""" */
	/* '"x"': quotes in quotes */
	if ((peek(&c, 0) == '"' || peek(&c, 0) == '\'') && q != peek(&c, 0)) {
		q = peek(&c, 0);
		c.i++;
	}
	a->quote = q;
	a->from = c.i;
	for (i = c.i; i < n && i - c.i < ASSIGN_VALUE; i++) {
		if (s[i] == '\n' && q != '`')
			break;
		if (s[i] == '\\' && i + 1 < n) {
			if (esc && s[i + 1] == q)
				break;
			i++;
			continue;
		}
		if (s[i] == q)
			break;
	}
	a->to = i < n ? i : n;
	if (a->op == ',' || a->op == '(' || inside) {
		/* "password", "type": x; {"type": x}: a name of its own */
		c.i = a->to + 1;
		blanks(&c, 4);
		if (peek(&c, 0) == ':')
			return 0;
	}
	if (a->to == a->from)
		return 0;
	if (a->call)
		otherwise(s, n, a);
	return 1;
}

int
assign_parse(const unsigned char *s, size_t n, size_t at, size_t end,
    struct assign *a, struct assign_memo *memo)
{
	struct cursor c = { s, n, end };
	int quoted;

	for (a->name = at; a->name > 0 && at - a->name < NAME &&
	    is_name(s[a->name - 1]); a->name--)
		;
	while (c.i < n && c.i - end < NAME && is_name(s[c.i]))
		c.i++;
	/* x .= y: the dot is the operator's; x.: is no name */
	while (c.i > end && (s[c.i - 1] == '.' || s[c.i - 1] == '-'))
		c.i--;
	a->name_end = c.i;
	if (peek(&c, 0) == '(' && peek(&c, 1) == ')')
		c.i += 2;
	quoted = closers(&c);
	/* a list of strings gives its second to its first only so */
	at = a->name > 1 && s[a->name - 1] == '#' ? a->name - 1 : a->name;
	a->named = quoted && at > 0 && (s[at - 1] == '"' ||
	    s[at - 1] == '\'' || s[at - 1] == '`');
	if (!operator(&c, a->name, a->named ? 2 : quoted, &a->op))
		return 0;
	if (a->op == ':' && peek(&c, 0) == '-' && a->name > 1 &&
	    s[a->name - 1] == '{' && s[a->name - 2] == '$')
		c.i++;			/* ${NAME:-x} */
	return assign_value(s, n, c.i, a, memo);
}
