#include "lib/yaml/yaml.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <yaml.h>

#include "lib/base/error.h"
#include "lib/base/table.h"
#include "lib/base/utf8.h"

/* What one reading shares: libyaml counts characters, the lines table gives the bytes back. */
struct reading {
    yaml_parser_t parser;
    struct yaml_doc *doc;
    struct diags *problems;
    const char *text; /* the source after a BOM */
    size_t len;
    size_t *lines; /* byte where each line begins */
    size_t line_count;
    yaml_mark_t last; /* the place that byte_of was last asked for, and its byte */
    size_t last_byte;
    bool ended;                   /* by '...': what follows is not read */
    size_t quote_from, quote_end; /* the last quoted text of several lines: its first byte, and its last line */
};

enum { STOP = 1 }; /* libyaml cannot go on, or the limits say so; reported already */

static size_t bom_of(const struct source *s)
{
    return s->len >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* The place of `byte`, which is on the line `line` or below it; `known` is a byte of that line, at or before it. */
static struct mark mark_from(const struct source *source, size_t known, int line, size_t byte, int width)
{
    struct mark m = {.source = source, .line = line, .column = 1, .width = width};
    for (size_t i = known; i < byte; i++)
        m.line += source->text[i] == '\n';
    size_t from = byte;
    while (from > 0 && source->text[from - 1] != '\n')
        from--;
    if (from == 0)
        from = bom_of(source);
    m.column = 1 + (int)utf8_count(source->text + from, byte > from ? byte - from : 0);
    return m;
}

/* --- the raw bytes, before libyaml sees them --- */

static void refuse_byte(struct reading *r, const char *code, size_t at, const char *hint, const char *what)
{
    struct mark m = {.source = r->doc->source};
    if (!diags_full(r->problems))
        m = mark_from(r->doc->source, 0, 1, at, 1);
    diags_add(r->problems, DIAG_ERROR, code, &m, hint, "%s", what);
}

static bool is_bidi(uint32_t cp)
{
    return (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200e || cp == 0x200f ||
           cp == 0x061c;
}

/* One character that may not stand in a file; returns true when it was reported. */
static bool refuse_character(struct reading *r, uint32_t cp, size_t at)
{
    if (cp == '\t')
        refuse_byte(r, "tab", at, "use spaces: two for each level", "a tab");
    else if (cp == 0)
        refuse_byte(r, "nul", at, NULL, "a NUL byte");
    else if (is_bidi(cp))
        refuse_byte(r, "bidi-control", at, "delete it: it makes text look other than it is",
                    "an invisible character that turns the direction of text");
    else if (cp == 0x85 || cp == 0x2028 || cp == 0x2029)
        refuse_byte(r, "line-separator", at, "replace it by an ordinary line end", "an unusual line separator");
    else if (cp == 0xfeff)
        refuse_byte(r, "control-character", at, "delete it: it belongs at the very beginning of a file or nowhere",
                    "an invisible byte order mark");
    else if (cp == '\r')
        refuse_byte(r, "line-separator", at, "save the file with ordinary line ends", "a lone carriage return");
    else if ((cp < 0x20 && cp != '\n') || (cp >= 0x7f && cp < 0xa0) || (cp & 0xfffe) == 0xfffe)
        refuse_byte(r, "control-character", at, "delete it", "a control character");
    else
        return false;
    return true;
}

/* Returns 0 when libyaml may read the text, STOP when not. */
static int check_bytes(struct reading *r)
{
    const struct source *s = r->doc->source;
    struct mark whole = {.source = s};
    if (s->len > YAML_MAX_BYTES) {
        diags_add(r->problems, DIAG_ERROR, "file-too-long", &whole, "split it into several files",
                  "the file has %zu bytes, the limit is %d", s->len, YAML_MAX_BYTES);
        return STOP;
    }
    size_t good = utf8_valid(s->text, s->len);
    if (good < s->len) {
        refuse_byte(r, "utf8", good, "save the file as UTF-8", "a byte that is not UTF-8");
        return STOP;
    }
    int rc = COACH_OK;
    size_t reported_line = SIZE_MAX, line = 0;
    for (size_t at = (size_t)(r->text - s->text); at < s->len;) {
        uint32_t cp;
        size_t n = utf8_next(s->text + at, &cp);
        if (cp == '\n')
            line++;
        bool crlf = cp == '\r' && at + 1 < s->len && s->text[at + 1] == '\n';
        if (!crlf && line != reported_line && refuse_character(r, cp, at)) {
            reported_line = line;
            rc = STOP;
        }
        at += n;
    }
    return rc;
}

static int find_lines(struct reading *r)
{
    size_t n = 1;
    for (size_t i = 0; i < r->len; i++)
        n += r->text[i] == '\n';
    r->lines = arena_alloc(&r->doc->memory, n * sizeof *r->lines);
    if (r->lines == NULL)
        return COACH_ENOMEM;
    size_t at = 0;
    for (size_t i = 0; i < r->len; i++)
        if (r->text[i] == '\n')
            r->lines[++at] = i + 1;
    r->line_count = n;
    return COACH_OK;
}

/* The byte of the source that a libyaml mark means. Marks mostly come in order: each search goes on from the last,
 * or a long line would be walked again for each of its marks. */
static size_t byte_of(struct reading *r, const yaml_mark_t *m)
{
    size_t bom = (size_t)(r->text - r->doc->source->text);
    if (m->line >= r->line_count)
        return r->doc->source->len;
    size_t at = r->lines[m->line], column = 0;
    if (r->last.line == m->line && r->last.column <= m->column && r->last_byte > at) {
        at = r->last_byte;
        column = r->last.column;
    }
    for (; column < m->column && at < r->len && r->text[at] != '\n'; column++)
        at += utf8_next(r->text + at, NULL);
    r->last = *m;
    r->last.column = column;
    r->last_byte = at;
    return bom + at;
}

static struct mark place_of(const struct reading *r, const yaml_mark_t *m)
{
    return (struct mark){r->doc->source, (int)m->line + 1, (int)m->column + 1, 1};
}

static void problem(struct reading *r, const char *code, const yaml_event_t *e, const char *hint, const char *what)
{
    struct mark m = place_of(r, &e->start_mark);
    if (e->end_mark.line == e->start_mark.line && e->end_mark.column > e->start_mark.column)
        m.width = (int)(e->end_mark.column - e->start_mark.column);
    diags_add(r->problems, DIAG_ERROR, code, &m, hint, "%s", what);
}

/* --- libyaml's own errors, said so that a person can mend them --- */

/* The value on a line: after "- " and after "key: ". */
static const char *value_on_line(const char *line, const char *end)
{
    const char *p = line;
    for (;;) {
        while (p < end && *p == ' ')
            p++;
        if (end - p >= 2 && p[0] == '-' && p[1] == ' ')
            p += 2;
        else
            break;
    }
    if (p < end && (*p == '\'' || *p == '"'))
        return p;
    for (const char *q = p; q + 1 < end; q++)
        if (q[0] == ':' && q[1] == ' ') {
            for (q += 2; q < end && *q == ' ';)
                q++;
            return q;
        }
    return p;
}

struct advice {
    const char *code;
    const char *hint;
    char text[200];
    size_t at; /* byte of the source */
};

/* A quote that opens a value and closes before the value ends. */
static bool advise_quote(const char *value, const char *end, const char *base, struct advice *a)
{
    if (value >= end || (*value != '\'' && *value != '"'))
        return false;
    const char *close = memchr(value + 1, *value, (size_t)(end - value - 1));
    a->code = "quote";
    a->at = (size_t)((close == NULL ? value : close) - base);
    if (close == NULL)
        a->hint = "remove the quote, it is not needed; if the text must begin with it, use a block: "
                  "'key: |' and the text on the next line";
    else
        a->hint = "remove the quotes, they are not needed";
    snprintf(a->text, sizeof a->text,
             close == NULL ? "this %s begins a quoted text that does not end on its line"
                           : "this %s ended the quoted text before the line ended",
             *value == '"' ? "double quote" : "apostrophe");
    return true;
}

static const char block_hint[] = "use a block: 'message: |' and the text on the next line, indented";
static const char gap_hint[] =
    "a gap '...' stands between two words of a phrase; a line that begins with it ends the file";

/* What libyaml says, and what people are told: the first row whose words are in its problem or its context. */
enum advice_place { AT_PROBLEM, AT_VALUE, AT_LINE };
static const struct {
    const char *words, *code;
    enum advice_place place;
    const char *text, *hint;
} advices[] = {
    {"escape", "escape", AT_PROBLEM, "between double quotes a backslash means something else",
     "use single quotes, or a block: 'regex: |' and the text on the next line, indented"},
    {"hexdecimal", "escape", AT_PROBLEM, "between double quotes a backslash means something else",
     "use single quotes, or a block: 'regex: |' and the text on the next line, indented"},
    {"directive", "directive", AT_LINE, "a line that begins with '%' is no text", "delete the line"},
    {"incompatible YAML", "directive", AT_LINE, "a line that begins with '%' is no text", "delete the line"},
    {"<document start>", "directive", AT_LINE, "a line that begins with '%' is no text", "delete the line"},
    {" tag", "tag", AT_VALUE, "tags are not part of rule files", "delete the word that begins with '!'"},
    {"scanning an a", "first-character", AT_VALUE, "a text may not begin with this character", block_hint},
    {"cannot start any token", "first-character", AT_PROBLEM, "a text may not begin with this character", block_hint},
    {"node content", "first-character", AT_PROBLEM, "a text may not begin with this character", block_hint},
    {"mapping keys are not allowed", "question-key", AT_PROBLEM, "'? ' makes a key of the text after it",
     "delete the '? '"},
    {"mapping values are not allowed", "colon-in-text", AT_PROBLEM, "a second ': ' on one line",
     "the text contains ': '; write 'message: |' and put the text on the next line, indented"},
    {"block scalar", "block", AT_VALUE, "something stands behind the sign that begins a block",
     "write nothing after the '|', and the text on the next line, indented"},
    {"parsing a flow", "flow", AT_PROBLEM, "the '[' or '{' before this is not closed",
     "write each item or key on a line of its own"},
    {"block sequence entries", "list-place", AT_PROBLEM, "a list begins below its key",
     "put the '- ' on the next line, indented"},
};
enum { ADVICES = sizeof advices / sizeof *advices };

/* The last line at or above `line` that begins with '%'; `line` itself when there is none. */
static const char *directive_line(const struct reading *r, const char *line)
{
    for (const char *p = line; p > r->text; p--)
        if (p < r->text + r->len && *p == '%' && p[-1] == '\n') /* a last line may be empty */
            return p;
    return r->len > 0 && *r->text == '%' ? r->text : line;
}

static void advise_row(const struct reading *r, const yaml_parser_t *p, const char *line, const char *value,
                       struct advice *a)
{
    for (size_t i = 0; i < ADVICES; i++) {
        if (strstr(p->problem, advices[i].words) == NULL &&
            (p->context == NULL || strstr(p->context, advices[i].words) == NULL))
            continue;
        const char *base = r->doc->source->text;
        a->code = advices[i].code;
        a->hint = advices[i].hint;
        snprintf(a->text, sizeof a->text, "%s", advices[i].text);
        if (advices[i].place == AT_VALUE)
            a->at = (size_t)(value - base);
        else if (advices[i].place == AT_LINE)
            a->at = (size_t)(directive_line(r, line) - base);
        return;
    }
}

static void advise(struct reading *r, const yaml_parser_t *p, struct advice *a)
{
    bool in_quote = p->context != NULL && strstr(p->context, "quoted scalar") != NULL;
    bool escaped = strstr(p->problem, "escape") != NULL || strstr(p->problem, "hexdecimal") != NULL;
    bool no_key = strstr(p->problem, "could not find expected ':'") != NULL; /* found out on the line after it */
    const yaml_mark_t *m = (in_quote && !escaped) || no_key ? &p->context_mark : &p->problem_mark;
    const char *base = r->doc->source->text;
    a->at = byte_of(r, m);
    a->code = "indentation";
    a->hint = "put it in the same column as its neighbours; a list item begins with '- ', a key ends in ':'";
    snprintf(a->text, sizeof a->text, "this line does not fit the lines above it");
    size_t number = m->line < r->line_count ? m->line : r->line_count - 1;
    const char *line = r->text + r->lines[number];
    const char *nl = memchr(line, '\n', (size_t)(r->text + r->len - line));
    const char *end = nl == NULL ? r->text + r->len : nl;
    const char *value = value_on_line(line, end);
    if (r->quote_end == number && number > 0) { /* it was meant to end on the line that it began on */
        const char *open = base + r->quote_from;
        (void)advise_quote(open, open + 1, base, a);
    } else if (end - line >= 3 && memcmp(line, "...", 3) == 0) {
        a->code = "document-end";
        a->hint = gap_hint;
        snprintf(a->text, sizeof a->text, "'...' at the beginning of a line");
    } else if (escaped || !advise_quote(value, end, base, a)) {
        advise_row(r, p, line, value, a);
    }
}

/* The next event. Returns 0, STOP or COACH_ENOMEM; on 0 the event must be deleted. */
static int next_event(struct reading *r, yaml_event_t *e)
{
    if (yaml_parser_parse(&r->parser, e))
        return COACH_OK;
    if (r->parser.error == YAML_MEMORY_ERROR || r->parser.problem == NULL) /* it does not always say which */
        return COACH_ENOMEM;
    if (r->ended)
        return STOP;
    struct advice a;
    advise(r, &r->parser, &a);
    struct mark m = mark_from(r->doc->source, 0, 1, a.at, 1);
    diags_add(r->problems, DIAG_ERROR, a.code, &m, a.hint, "%s", a.text);
    return STOP;
}

/* --- events to nodes --- */

static int read_node(struct reading *r, yaml_event_t *e, int depth, struct yaml_node **ret);

/* A '#' glued to a character after a value: YAML reads a comment there and loses the text. */
static void check_hash(struct reading *r, const struct yaml_node *node)
{
    const char *text = r->doc->source->text, *end = text + r->doc->source->len;
    const char *p = text + node->to;
    while (p < end && *p == ' ')
        p++;
    if (p + 1 >= end || *p != '#' || p[1] == ' ' || p[1] == '\n' || p[1] == '\r' || p[1] == '#')
        return;
    struct mark m = mark_from(r->doc->source, node->from, node->at.line, (size_t)(p - text), 1);
    diags_add(r->problems, DIAG_ERROR, "hash", &m,
              "a comment is '# ' with a space after the hash; a text with a hash goes into a block: 'key: |'",
              "everything from this '#' on would be lost");
}

/* A line below a text that begins with '- ' and is indented more: YAML reads on, and no list item begins. */
static void check_dash(struct reading *r, const struct yaml_node *node)
{
    const char *text = r->doc->source->text, *end = text + node->to;
    const char *p = text + node->from;
    while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        while (p < end && (*p == '\n' || *p == '\r' || *p == ' '))
            p++;
        if (end - p < 2 || p[0] != '-' || p[1] != ' ')
            continue;
        struct mark m = mark_from(r->doc->source, node->from, node->at.line, (size_t)(p - text), 1);
        diags_add(r->problems, DIAG_ERROR, "indentation", &m, "put it in the same column as the '- ' above it",
                  "this '- ' would become a part of the text above it");
    }
}

static void refuse_anchor_and_tag(struct reading *r, const yaml_event_t *e, const yaml_char_t *anchor,
                                  const yaml_char_t *tag)
{
    if (anchor != NULL)
        problem(r, "anchor", e, "delete the word that begins with '&'; to reuse phrases, make a list",
                "anchors are not part of rule files");
    if (tag != NULL)
        problem(r, "tag", e, "delete the word that begins with '!'", "tags are not part of rule files");
}

static enum yaml_style style_of(yaml_scalar_style_t style)
{
    switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
        return YAML_SINGLE_QUOTED;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        return YAML_DOUBLE_QUOTED;
    case YAML_LITERAL_SCALAR_STYLE:
        return YAML_LITERAL;
    case YAML_FOLDED_SCALAR_STYLE:
        return YAML_FOLDED;
    default:
        return YAML_PLAIN;
    }
}

static struct yaml_node *node_new(struct reading *r, const yaml_event_t *e, enum yaml_kind kind)
{
    struct yaml_node *node = arena_alloc(&r->doc->memory, sizeof *node);
    if (node == NULL)
        return NULL;
    node->kind = kind;
    node->at = place_of(r, &e->start_mark);
    node->from = byte_of(r, &e->start_mark);
    node->to = byte_of(r, &e->end_mark);
    return node;
}

static int read_scalar(struct reading *r, const yaml_event_t *e, struct yaml_node **ret)
{
    refuse_anchor_and_tag(r, e, e->data.scalar.anchor, e->data.scalar.tag);
    struct yaml_node *node = node_new(r, e, YAML_SCALAR);
    if (node == NULL)
        return COACH_ENOMEM;
    node->style = style_of(e->data.scalar.style);
    node->len = e->data.scalar.length;
    node->text = arena_strn(&r->doc->memory, (const char *)e->data.scalar.value, node->len);
    if (node->text == NULL)
        return COACH_ENOMEM;
    if (memchr(node->text, 0, node->len) != NULL) {
        problem(r, "nul", e, "delete the escape", "a NUL in a text");
        node->len = strlen(node->text);
    }
    size_t width = e->end_mark.line == e->start_mark.line ? e->end_mark.column - e->start_mark.column : 1;
    node->at.width = width < 1 ? 1 : (int)width;
    if (node->style != YAML_LITERAL && node->style != YAML_FOLDED)
        check_hash(r, node);
    if (node->style == YAML_PLAIN)
        check_dash(r, node);
    if ((node->style == YAML_SINGLE_QUOTED || node->style == YAML_DOUBLE_QUOTED) &&
        e->end_mark.line > e->start_mark.line) {
        r->quote_from = node->from;
        r->quote_end = e->end_mark.line;
    }
    *ret = node;
    return COACH_OK;
}

static int read_list(struct reading *r, const yaml_event_t *start, int depth, struct yaml_node **ret)
{
    refuse_anchor_and_tag(r, start, start->data.sequence_start.anchor, start->data.sequence_start.tag);
    if (start->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE)
        problem(r, "flow", start,
                "for a list put each item on its own line after '- '; a message that begins with '[' goes into a "
                "block: 'message: |'",
                "'[' begins a list inside a line");
    struct yaml_node *node = node_new(r, start, YAML_LIST);
    if (node == NULL)
        return COACH_ENOMEM;
    size_t cap = 0;
    for (;;) {
        yaml_event_t e;
        int rc = next_event(r, &e);
        if (rc != COACH_OK)
            return rc;
        if (e.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&e);
            break;
        }
        if (e.type == YAML_SEQUENCE_START_EVENT && e.data.sequence_start.style != YAML_FLOW_SEQUENCE_STYLE)
            problem(r, "nested-list", &e, "begin the line with one '- ' only", "a list directly inside a list");
        struct yaml_node *item = NULL;
        rc = read_node(r, &e, depth + 1, &item);
        yaml_event_delete(&e);
        if (rc != COACH_OK)
            return rc;
        if (arena_grow(&r->doc->memory, &node->items, node->count, &cap, sizeof *node->items) != COACH_OK)
            return COACH_ENOMEM;
        node->items[node->count++] = item;
    }
    *ret = node;
    return COACH_OK;
}

/* "? you": YAML would read a key without a value. */
static bool has_question_mark(const struct reading *r, const struct yaml_node *key)
{
    const char *text = r->doc->source->text;
    size_t at = key->from;
    while (at > 0 && text[at - 1] == ' ')
        at--;
    return at > 0 && text[at - 1] == '?' && at < key->from;
}

/* Reports what is wrong with a key; `known` holds the keys before it. */
static void check_key(struct reading *r, const struct table *known, const struct yaml_node *key)
{
    if (has_question_mark(r, key))
        diags_add(r->problems, DIAG_ERROR, "question-key", &key->at, "delete the '? '",
                  "'? ' makes a key of the text after it");
    if (strcmp(key->text, "<<") == 0)
        diags_add(r->problems, DIAG_ERROR, "merge-key", &key->at, "write the keys out",
                  "merge keys are not part of rule files");
    const struct yaml_node *first = table_get(known, key->text, key->len);
    if (first == NULL)
        return;
    char hint[120];
    snprintf(hint, sizeof hint, "it was first given on line %d; %s", first->at.line,
             strcmp(key->text, "id") == 0 ? "did you forget '- ' before id?" : "delete one of the two");
    diags_add(r->problems, DIAG_ERROR, "duplicate-key", &key->at, hint, "the key '%s' is given twice", key->text);
}

/* A map while it is read. */
struct filling {
    struct yaml_node *map;
    size_t cap;
    struct table keys; /* text -> its node */
};

/* Reads one "key: value" whose first event is `e`. */
static int read_pair(struct reading *r, yaml_event_t *e, int depth, struct filling *f)
{
    struct yaml_node *key = NULL, *value = NULL;
    if (e->type != YAML_SCALAR_EVENT && e->type != YAML_ALIAS_EVENT)
        problem(r, "nested-key", e, "a key is one word followed by ':'", "a list or mapping used as a key");
    int rc = read_node(r, e, depth + 1, &key);
    if (rc != COACH_OK)
        return rc;
    yaml_event_t v;
    rc = next_event(r, &v);
    if (rc != COACH_OK)
        return rc;
    rc = read_node(r, &v, depth + 1, &value);
    yaml_event_delete(&v);
    if (rc != COACH_OK || key->kind != YAML_SCALAR)
        return rc;
    size_t known = r->problems->levels[DIAG_ERROR];
    check_key(r, &f->keys, key);
    if (r->problems->levels[DIAG_ERROR] != known) /* keys stay unique for whoever reads the map */
        return COACH_OK;
    struct yaml_node *map = f->map;
    if (arena_grow(&r->doc->memory, &map->pairs, map->count, &f->cap, sizeof *map->pairs) != COACH_OK ||
        table_set(&f->keys, key->text, key->len, key) != COACH_OK)
        return COACH_ENOMEM;
    map->pairs[map->count++] = (struct yaml_pair){key, value};
    return COACH_OK;
}

static int read_pairs(struct reading *r, int depth, struct filling *f)
{
    for (;;) {
        yaml_event_t e;
        int rc = next_event(r, &e);
        if (rc != COACH_OK)
            return rc;
        bool end = e.type == YAML_MAPPING_END_EVENT;
        if (!end)
            rc = read_pair(r, &e, depth, f);
        yaml_event_delete(&e);
        if (rc != COACH_OK || end)
            return rc;
    }
}

static int read_map(struct reading *r, const yaml_event_t *start, int depth, struct yaml_node **ret)
{
    refuse_anchor_and_tag(r, start, start->data.mapping_start.anchor, start->data.mapping_start.tag);
    if (start->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE)
        problem(r, "flow", start,
                "put each key on its own line; a message that begins with '{' goes into a block: 'message: |'",
                "'{' begins a mapping inside a line");
    struct yaml_node *node = node_new(r, start, YAML_MAP);
    if (node == NULL)
        return COACH_ENOMEM;
    struct filling f = {.map = node};
    table_init(&f.keys, NULL);
    int rc = read_pairs(r, depth, &f);
    table_clear(&f.keys);
    if (rc == COACH_OK)
        *ret = node;
    return rc;
}

static int read_node(struct reading *r, yaml_event_t *e, int depth, struct yaml_node **ret)
{
    if (depth > YAML_MAX_DEPTH) {
        problem(r, "depth", e, NULL, "nested deeper than 32 levels");
        return STOP;
    }
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(r, e, ret);
    case YAML_SEQUENCE_START_EVENT:
        return read_list(r, e, depth, ret);
    case YAML_MAPPING_START_EVENT:
        return read_map(r, e, depth, ret);
    default: /* an alias: a scalar in its place lets the rest be read */
        problem(r, "alias", e, "write the text out; a text that begins with '*' goes into a block: 'key: |'",
                "aliases are not part of rule files");
        *ret = node_new(r, e, YAML_SCALAR);
        if (*ret == NULL)
            return COACH_ENOMEM;
        (*ret)->text = "";
        return COACH_OK;
    }
}

/* The events around the root node. */
static int read_stream(struct reading *r)
{
    int documents = 0;
    for (;;) {
        yaml_event_t e;
        int rc = next_event(r, &e);
        if (rc != COACH_OK)
            return rc;
        yaml_event_type_t type = e.type;
        if (type == YAML_DOCUMENT_START_EVENT) {
            if (e.data.document_start.version_directive != NULL ||
                e.data.document_start.tag_directives.start != e.data.document_start.tag_directives.end)
                problem(r, "directive", &e, "delete the line that begins with '%'",
                        "directives are not part of rule files");
            if (++documents > 1) {
                problem(r, "documents", &e, "put it into a file of its own", "a second document begins here");
                rc = STOP;
            }
        } else if (type == YAML_DOCUMENT_END_EVENT && !e.data.document_end.implicit) {
            problem(r, "document-end", &e, gap_hint, "'...' at the beginning of a line");
            r->ended = true;
        } else if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT ||
                   type == YAML_ALIAS_EVENT) {
            rc = read_node(r, &e, 1, &r->doc->root);
        }
        yaml_event_delete(&e);
        if (rc != COACH_OK || type == YAML_STREAM_END_EVENT)
            return rc;
    }
}

int yaml_read(const struct source *source, struct yaml_doc *doc, struct diags *problems)
{
    *doc = (struct yaml_doc){.source = source};
    arena_init(&doc->memory);
    struct reading r = {.doc = doc, .problems = problems, .text = source->text, .len = source->len};
    r.text += bom_of(source);
    r.len -= bom_of(source);
    int rc = check_bytes(&r);
    if (rc != COACH_OK)
        return COACH_ESYNTAX;
    if (find_lines(&r) != COACH_OK || !yaml_parser_initialize(&r.parser))
        return COACH_ENOMEM;
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.text, r.len);
    rc = read_stream(&r);
    yaml_parser_delete(&r.parser);
    return rc == STOP ? COACH_ESYNTAX : rc;
}

void yaml_doc_clear(struct yaml_doc *doc)
{
    arena_clear(&doc->memory);
    doc->root = NULL;
}

/* --- from a value back to the file --- */

static bool at_line_end(const char *p, const char *end)
{
    while (p < end && *p == ' ')
        p++;
    return p == end || *p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n');
}

/* Steps over a folded line end; returns how many bytes of the value it stands for. */
static size_t step_fold(const char **at, const char *end)
{
    const char *p = *at;
    size_t newlines = 0;
    while (p < end && (*p == ' ' || *p == '\r' || *p == '\n'))
        newlines += *p++ == '\n';
    *at = p;
    return newlines <= 1 ? 1 : newlines - 1;
}

/* Steps over one escape of a double-quoted text; returns how many bytes of the value it stands for. */
static size_t step_escape(const char **at, const char *end)
{
    const char *p = *at + 1;
    if (p < end && (*p == '\r' || *p == '\n')) { /* the line goes on: neither its end nor the indentation counts */
        p += *p == '\r' ? 2 : 1;
        while (p < end && *p == ' ')
            p++;
        *at = p;
        return 0;
    }
    if (p < end && strchr("N_LP", *p) != NULL) { /* names of characters beyond ASCII */
        *at = p + 1;
        return *p == 'N' || *p == '_' ? 2 : 3;
    }
    size_t digits = p >= end ? 0 : *p == 'x' ? 2 : *p == 'u' ? 4 : *p == 'U' ? 8 : 0;
    uint32_t cp = 0;
    for (size_t i = 1; i <= digits && p + i < end; i++) {
        char c = p[i];
        cp = cp << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    *at = p + 1 + digits < end ? p + 1 + digits : end;
    return cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
}

static size_t spaces(const char *p, const char *end)
{
    size_t n = 0;
    while (p + n < end && p[n] == ' ')
        n++;
    return n;
}

static const char *next_line(const char *p, const char *end)
{
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    return nl == NULL ? end : nl + 1;
}

/* Where the lines of a block begin, and how far they are indented: by as much as the first with text has more
 * spaces in the file than in the value. */
static const char *block_begin(const struct yaml_node *n, const char *end, size_t *indent)
{
    const char *first = next_line(n->at.source->text + n->from, end), *line = first, *value_end = n->text + n->len;
    while (line < end && at_line_end(line, end))
        line = next_line(line, end);
    const char *value = n->text;
    for (const char *p = value; p < value_end; p = next_line(p, value_end)) {
        value = p;
        if (!at_line_end(p, value_end))
            break;
    }
    size_t own = spaces(value, value_end), found = spaces(line, end);
    *indent = found > own ? found - own : 0;
    return first;
}

/* Steps from the end of a line in a folded block to the next that holds text; returns how many bytes of the value
 * are left of it: one space, or the line ends that folding kept. */
static size_t step_block_fold(const struct yaml_node *n, size_t value_at, const char **at, const char *end)
{
    const char *p = next_line(*at, end);
    size_t stands = 1;
    if (n->text[value_at] == '\n')
        stands = strspn(n->text + value_at, "\n");
    while (p < end && at_line_end(p, end))
        p = next_line(p, end);
    *at = p;
    return stands;
}

static size_t byte_in_block(const struct yaml_node *n, size_t offset)
{
    const char *text = n->at.source->text, *end = text + n->at.source->len;
    size_t indent, at = 0;
    const char *p = block_begin(n, end, &indent);
    offset = offset < n->len ? offset : n->len;
    while (p < end) {
        for (size_t i = 0; i < indent && p < end && *p == ' '; i++)
            p++;
        while (p < end && *p != '\n' && *p != '\r' && at < offset) {
            p++;
            at++;
        }
        if (at >= offset || p >= end)
            break;
        if (n->style == YAML_FOLDED) {
            at += step_block_fold(n, at, &p, end);
        } else {
            p = next_line(p, end);
            at++;
        }
    }
    return (size_t)(p - text);
}

static size_t byte_in_flow(const struct yaml_node *n, size_t offset)
{
    const char *text = n->at.source->text, *end = text + n->to, *p = text + n->from;
    if (n->style != YAML_PLAIN)
        p++;
    for (size_t at = 0; at < offset && p < end;) {
        if ((*p == ' ' || *p == '\r' || *p == '\n') && at_line_end(p, end)) {
            at += step_fold(&p, end);
        } else if (n->style == YAML_DOUBLE_QUOTED && *p == '\\') {
            at += step_escape(&p, end);
        } else {
            if (n->style == YAML_SINGLE_QUOTED && p[0] == '\'' && p + 1 < end && p[1] == '\'')
                p++;
            p++;
            at++;
        }
    }
    return (size_t)(p - text);
}

struct mark yaml_mark_at(const struct yaml_node *scalar, size_t offset, int width)
{
    bool block = scalar->style == YAML_LITERAL || scalar->style == YAML_FOLDED;
    size_t byte = block ? byte_in_block(scalar, offset) : byte_in_flow(scalar, offset);
    return mark_from(scalar->at.source, scalar->from, scalar->at.line, byte, width < 1 ? 1 : width);
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (map == NULL || map->kind != YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->pairs[i].key->text, key) == 0)
            return map->pairs[i].value;
    return NULL;
}

const char *yaml_kind_name(enum yaml_kind kind)
{
    static const char *const names[] = {"a text", "a list", "keys with values"};
    return names[kind];
}
