#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pick.h"
#include "utf8.h"

#define COLUMNS		8	/* that are aligned; the rest follow */
#define SIDE_BY_SIDE	100	/* columns from which the preview is beside */

struct item *
pick_current(const struct pick *p)
{
	if (p->cursor >= p->l.nview)
		return NULL;
	return &p->l.all[p->l.view[p->cursor]];
}

/*
 * Append one character of s as it may be shown, unless it needs more than
 * room columns; sets *cols to what it takes and returns the bytes used.
 */
static size_t
put_char(struct buf *b, const char *s, size_t n, int ascii, int room,
    int *cols)
{
	struct buf v = BUF_INIT;
	uint32_t cp;
	int k;

	k = utf8_next(s, n, &cp);
	*cols = utf8_width(cp);
	if (k > 0 && *cols >= 0 && cp != '\\' && (cp < 0x80 || !ascii)) {
		if (*cols <= room)
			buf_add(b, s, (size_t)k);
		return (size_t)k;
	}
	k = k < 0 ? -k : k;
	vis_add(&v, s, (size_t)k, ascii ? VIS_ASCII : 0);
	*cols = (int)v.len;
	if (*cols <= room)
		buf_add(b, v.p, v.len);
	buf_free(&v);
	return (size_t)k;
}

/* Append s, cut to width columns; returns those taken. */
static int
put_text(struct buf *b, const char *s, size_t n, int ascii, int width)
{
	int cols, used = 0;
	size_t k;

	while (n > 0) {
		k = put_char(b, s, n, ascii, width - used, &cols);
		if (used + cols > width)
			break;
		used += cols;
		s += k;
		n -= k;
	}
	return used;
}

static int
put_string(struct buf *b, const char *s, int ascii, int width)
{
	return put_text(b, s, strlen(s), ascii, width);
}

static void
put_spaces(struct buf *b, int n)
{
	while (n-- > 0)
		buf_addc(b, ' ');
}

static int
text_width(const char *s, int ascii, int max)
{
	struct buf b = BUF_INIT;
	int n = put_string(&b, s, ascii, max);

	buf_free(&b);
	return n;
}

static void
at(struct buf *b, int row, int col)
{
	buf_printf(b, "\033[%d;%dH", row + 1, col + 1);
}

/* The fields of a record that are shown, as xitems_fields. */
static int
shown_fields(const struct pick *p, const struct item *it,
    char *f[ITEM_FIELDS], char **copy)
{
	char *all[ITEM_FIELDS];
	int i, n;

	if (p->ncolumn == 0)
		return xitems_fields(it, f, ITEM_FIELDS, copy);
	n = xitems_fields(it, all, ITEM_FIELDS, copy);
	for (i = 0; i < p->ncolumn; i++)
		f[i] = p->column[i] <= n ? all[p->column[i] - 1] :
		    *copy + it->len;
	return i;
}

/* Widths of the columns of what is on the screen. */
static void
measure(const struct pick *p, int cols, int widths[COLUMNS])
{
	char *f[ITEM_FIELDS], *copy;
	size_t i;
	int k, n, w;

	memset(widths, 0, COLUMNS * sizeof(*widths));
	for (i = p->top; i < p->l.nview && i < p->top + (size_t)p->page; i++) {
		n = shown_fields(p, &p->l.all[p->l.view[i]], f, &copy);
		/* the last field of a record needs no room behind it */
		for (k = 0; k < n - 1 && k < COLUMNS; k++) {
			w = text_width(f[k], p->ascii, cols / 3);
			if (w > widths[k])
				widths[k] = w;
		}
		free(copy);
	}
}

static void
draw_item(const struct pick *p, struct buf *b, size_t i, int cols,
    const int widths[COLUMNS])
{
	const struct item *it = &p->l.all[p->l.view[i]];
	char *f[ITEM_FIELDS], *copy;
	int k, n, used = 2, w, room;

	if (i == p->cursor)
		buf_puts(b, "\033[7m");
	buf_puts(b, i == p->cursor ? ">" : " ");
	buf_puts(b, it->marked ? "*" : " ");
	n = shown_fields(p, it, f, &copy);
	for (k = 0; k < n && used < cols; k++) {
		room = cols - used;
		if (k < n - 1 && k < COLUMNS && widths[k] < room)
			room = widths[k];
		w = put_string(b, f[k], p->ascii, room);
		if (k < n - 1 && k < COLUMNS) {
			put_spaces(b, room - w);
			w = room;
		}
		used += w;
		if (k < n - 1 && used < cols) {
			put_spaces(b, cols - used < 2 ? 1 : 2);
			used += cols - used < 2 ? 1 : 2;
		}
	}
	free(copy);
	put_spaces(b, cols - used);
	if (i == p->cursor)
		buf_puts(b, "\033[0m");
}

static void
draw_list(struct pick *p, struct buf *b, int row, int cols)
{
	int widths[COLUMNS], i;

	if (p->cursor >= p->l.nview)
		p->cursor = p->l.nview > 0 ? p->l.nview - 1 : 0;
	if (p->cursor < p->top)
		p->top = p->cursor;
	if (p->cursor >= p->top + (size_t)p->page)
		p->top = p->cursor - (size_t)p->page + 1;
	/* no empty rows below where there is something above */
	if (p->top + (size_t)p->page > p->l.nview)
		p->top = p->l.nview > (size_t)p->page ?
		    p->l.nview - (size_t)p->page : 0;
	measure(p, cols, widths);
	for (i = 0; i < p->page; i++) {
		at(b, row + i, 0);
		if (p->top + (size_t)i < p->l.nview)
			draw_item(p, b, p->top + (size_t)i, cols, widths);
		else
			put_spaces(b, cols);
	}
}

/* Length of a sequence that sets colours, at s; 0 when there is none. */
static size_t
colours(const char *s, size_t n)
{
	size_t i;

	if (n < 3 || s[0] != '\033' || s[1] != '[')
		return 0;
	for (i = 2; i < n && ((s[i] >= '0' && s[i] <= '9') || s[i] == ';' ||
	    s[i] == ':'); i++)
		continue;
	return i < n && s[i] == 'm' ? i + 1 : 0;
}

/*
 * One row of the text at s, wrapped: appends at most width columns to b and
 * returns the bytes used, the end of the line with them.
 */
static size_t
wrap(struct buf *b, const char *s, size_t n, int ascii, int width, int *used)
{
	size_t i = 0, k;
	int cols;

	for (*used = 0; i < n && s[i] != '\n'; i += k) {
		if ((k = colours(s + i, n - i)) > 0)
			continue;
		k = 1;
		if (s[i] == '\r' && (i + 1 == n || s[i + 1] == '\n'))
			continue;
		if (s[i] == '\t') {
			cols = 8 - *used % 8;
			if (cols > width - *used)
				cols = width - *used;
			if (cols == 0)
				return i;
			put_spaces(b, cols);
		} else {
			k = put_char(b, s + i, n - i, ascii, width - *used,
			    &cols);
			/* in a pane too narrow for it, a character is left out */
			if (*used + cols > width) {
				if (*used > 0)
					return i;
				cols = 0;
			}
		}
		*used += cols;
	}
	return i < n ? i + 1 : i;
}

static long
count_rows(const struct pick *p, int cols)
{
	struct buf b = BUF_INIT;
	size_t i;
	long rows = 0;
	int used;

	for (i = 0; i < p->look.out.len; rows++) {
		buf_clear(&b);
		i += wrap(&b, p->look.out.p + i, p->look.out.len - i,
		    p->ascii, cols, &used);
	}
	buf_free(&b);
	return rows;
}

static void
draw_preview(struct pick *p, struct buf *b, int row, int col, int cols)
{
	struct buf line = BUF_INIT;
	const struct buf *out = &p->look.out;
	long first, r;
	size_t i = 0;
	int used;

	p->lines = count_rows(p, cols);
	first = p->scroll;
	if (first == -1)
		first = p->tail ? p->lines - p->window : 0;
	if (first > p->lines - p->window)
		first = p->lines - p->window;
	if (first < 0)
		first = 0;
	if (p->scroll != -1)
		p->scroll = first;
	for (r = 0; r < first + p->window; r++) {
		buf_clear(&line);
		used = 0;
		if (i < out->len)
			i += wrap(&line, out->p + i, out->len - i, p->ascii,
			    cols, &used);
		if (r < first)
			continue;
		at(b, row + (int)(r - first), col);
		buf_add(b, line.p, line.len);
		put_spaces(b, cols - used);
	}
	buf_free(&line);
}

/* What the keys do, as much of it as there is room for. */
static void
put_hints(const struct pick *p, struct buf *h)
{
	int i;

	if (p->typing) {
		buf_puts(h, "enter: done  esc: clear");
		return;
	}
	for (i = 0; i < p->nbind; i++)
		buf_printf(h, "%s: %s  ", p->bind[i].key,
		    p->bind[i].label != NULL ? p->bind[i].label :
		    p->bind[i].command);
	if (p->npreview > 1)
		buf_printf(h, "tab: view %d/%d  ", p->shown + 1, p->npreview);
	if (p->source != NULL)
		buf_puts(h, "r: refresh  ");
	buf_printf(h, "/: filter  %senter: choose  q: quit",
	    p->multi ? "space: mark  " : "");
}

static void
draw_status(const struct pick *p, struct buf *b, int row, int cols)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	size_t i, marked = 0;
	int used = 0;

	for (i = 0; i < p->l.n && p->multi; i++)
		marked += p->l.all[i].marked != 0;
	buf_printf(&right, " %zu/%zu", p->l.nview, p->l.n);
	if (marked > 0)
		buf_printf(&right, " *%zu", marked);
	buf_puts(&right, p->l.full ? " (too many)" : p->eof ? "" : " ...");
	if (p->message.len > 0)
		buf_add(&left, p->message.p, p->message.len);
	else {
		if (p->typing || p->query.len > 0) {
			buf_addc(&left, '/');
			buf_add(&left, p->query.p, p->query.len);
			buf_puts(&left, p->typing ? "_  " : "  ");
		}
		put_hints(p, &left);
	}
	at(b, row, 0);
	if ((int)right.len < cols)
		used = put_text(b, left.p, left.len, p->ascii,
		    cols - (int)right.len);
	put_spaces(b, cols - used - (int)right.len);
	put_text(b, right.p, right.len, p->ascii, cols);
	buf_free(&left);
	buf_free(&right);
}

void
pick_draw(struct pick *p, struct buf *b, int rows, int cols)
{
	int row = 0, list = cols, below = 0, i, beside, left;

	if (p->header != NULL && rows > 3) {
		at(b, 0, 0);
		buf_puts(b, "\033[1m");
		put_spaces(b, cols - put_string(b, p->header, p->ascii, cols));
		buf_puts(b, "\033[0m");
		row++;
	}
	left = rows - row - 1;
	beside = p->npreview > 0 && cols >= SIDE_BY_SIDE;
	p->window = 0;
	if (beside)
		list = cols * 2 / 5;
	else if (p->npreview > 0 && left >= 4)
		below = left / 2;
	p->page = left - below > 0 ? left - below : 1;
	draw_list(p, b, row, list);
	if (beside) {
		p->window = left;
		for (i = 0; i < left; i++) {
			at(b, row + i, list);
			buf_puts(b, p->ascii ? "|" : "\xe2\x94\x82");
		}
		draw_preview(p, b, row, list + 1, cols - list - 1);
	} else if (below > 0) {
		at(b, row + p->page, 0);
		for (i = 0; i < cols; i++)
			buf_puts(b, p->ascii ? "-" : "\xe2\x94\x80");
		p->window = below - 1;
		draw_preview(p, b, row + p->page + 1, 0, cols);
	}
	draw_status(p, b, rows - 1, cols);
}
