#include "lib/wire/frames.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/ascii.h"
#include "lib/base/error.h"
#include "lib/wire/unpack.h"

void frames_init(struct frames *f, size_t max)
{
    *f = (struct frames){.max = max};
    buf_init(&f->part, 0);
}

void frames_clear(struct frames *f)
{
    buf_clear(&f->part);
}

static void begin_anew(struct frames *f)
{
    size_t max = f->max;
    bool lost = f->lost;
    struct buf part = f->part;
    *f = (struct frames){.part = part, .max = max, .lost = lost};
    if (part.cap > 4096) /* a connection that waits need not keep the room of its longest message */
        buf_clear(&f->part);
    else
        buf_reset(&f->part);
}

static int report(struct frames *f, enum frame_problem problem, frames_fn fn, void *user)
{
    begin_anew(f);
    return fn(user, problem, NULL, 0);
}

static int hand_out(struct frames *f, frames_fn fn, void *user)
{
    f->lost = false;
    int rc = fn(user, FRAME_WHOLE, f->part.data, f->part.len);
    begin_anew(f);
    return rc;
}

static int add(struct frames *f, const char *text, size_t len, bool newline)
{
    int rc = buf_add(&f->part, text, len);
    return rc == COACH_OK && newline ? buf_add(&f->part, "\n", 1) : rc;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* --- JSON values --- */

/* Follows the brackets of a line; returns false when it cannot go on like this in JSON. */
static bool follow(struct frames *f, const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = line[i];
        if (f->in_string) {
            f->in_string = f->escaped || c != '"';
            f->escaped = !f->escaped && c == '\\';
            continue;
        }
        if (is_blank(c))
            continue;
        if (f->depth == 0 && c != '{' && c != '[' && c != ',')
            return false;
        if (c == '{' || c == '[') {
            if (f->depth > 0 && strchr(f->lists & 1 ? "[," : ":", f->last) == NULL)
                return false;
            f->depth++;
            f->lists = f->lists << 1 | (c == '[');
        } else if (c == '}' || c == ']') {
            f->depth--;
            f->lists >>= 1;
        }
        f->in_string = c == '"';
        f->last = c;
    }
    return !f->in_string; /* a string ends on its line */
}

/* A BOM and the "data:" of a piped event stream are passed over where a value may begin. */
static void skip_lead(const char **line, size_t *len)
{
    size_t skip = *len >= 3 && memcmp(*line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (*len - skip >= 5 && memcmp(*line + skip, "data:", 5) == 0)
        skip += 5;
    *line += skip;
    *len -= skip;
}

static bool begins_value(const char *line, size_t len)
{
    size_t i = 0;
    while (i < len && is_blank(line[i]))
        i++;
    return i < len && (line[i] == '{' || line[i] == '[');
}

static int value_line(struct frames *f, const char *line, size_t len, frames_fn fn, void *user)
{
    bool begun = f->part.len > 0;
    if (!begun)
        skip_lead(&line, &len);
    if (!begun && f->lost && !begins_value(line, len))
        return COACH_OK;
    if (f->part.len + len > f->max)
        return report(f, FRAME_TOO_LONG, fn, user);
    if (!follow(f, line, len)) {
        int rc = report(f, FRAME_BROKEN, fn, user);
        f->lost = true;
        /* the value that ends here in the middle may be followed by a good one */
        return rc == COACH_OK && begun && len > 0 && *line == '{' ? value_line(f, line, len, fn, user) : rc;
    }
    if (!begun && f->depth == 0) { /* whole as it came */
        f->last = 0;
        f->lost = false;
        return fn(user, FRAME_WHOLE, line, len);
    }
    int rc = add(f, line, len, true);
    return rc == COACH_OK && f->depth == 0 ? hand_out(f, fn, user) : rc;
}

/* --- headers and a body --- */

static size_t content_length(const char *text, size_t len)
{
    static const char name[] = "Content-Length:";
    for (const char *line = text, *end = text + len; line != NULL && line < end;) {
        if (ascii_begins(line, (size_t)(end - line), name))
            return (size_t)strtoul(line + sizeof name - 1, NULL, 10);
        line = memchr(line, '\n', (size_t)(end - line));
        line = line == NULL ? NULL : line + 1;
    }
    return 0;
}

static const char *behind_blank_line(const char *text, const char *end)
{
    for (; text != NULL; text++) {
        text = memchr(text, '\n', (size_t)(end - text));
        if (text == NULL || text + 1 == end)
            return NULL;
        if (text[1] == '\n')
            return text + 2;
        if (text[1] == '\r' && text + 2 < end && text[2] == '\n')
            return text + 3;
    }
    return NULL;
}

/* Bytes to come of an event inside the body that has a body of its own: some senders count only its headers. */
static size_t uncounted(const char *text, size_t len)
{
    const char *end = text + len, *event = behind_blank_line(text, end), *body = behind_blank_line(event, end);
    size_t told = body == NULL ? 0 : content_length(event, (size_t)(body - event));
    return told > (size_t)(end - body) ? told - (size_t)(end - body) : 0;
}

static int body_line(struct frames *f, const char *line, size_t len, frames_fn fn, void *user)
{
    size_t mine = len + 1 < f->body_left ? len + 1 : f->body_left;
    int rc = add(f, line, mine < len ? mine : len, mine == len + 1);
    if (rc != COACH_OK)
        return rc;
    f->body_left -= mine;
    if (f->body_left == 0)
        f->body_left = uncounted(f->part.data, f->part.len);
    if (f->body_left > f->max)
        return report(f, FRAME_TOO_LONG, fn, user);
    if (f->body_left > 0)
        return mine <= len ? body_line(f, line + mine, len - mine, fn, user) : COACH_OK;
    rc = hand_out(f, fn, user);
    /* what follows the body on its line begins the next message */
    return rc == COACH_OK && mine < len ? frames_line(f, FRAMING_HEADERS, line + mine, len - mine, fn, user) : rc;
}

static int json_body_line(struct frames *f, const char *line, size_t len, frames_fn fn, void *user)
{
    if (!follow(f, line, len))
        return report(f, FRAME_BROKEN, fn, user);
    int rc = add(f, line, len, true);
    return rc == COACH_OK && f->depth == 0 && f->last != 0 ? hand_out(f, fn, user) : rc;
}

static int header_line(struct frames *f, const char *line, size_t len, frames_fn fn, void *user)
{
    bool blank = len == 0 || (len == 1 && *line == '\r');
    if (blank && f->part.len == 0)
        return COACH_OK;
    if (!blank && !unpack_is_header(line, len))
        return report(f, FRAME_BROKEN, fn, user);
    int rc = add(f, line, len, true);
    if (rc != COACH_OK || !blank)
        return rc;
    f->in_body = true;
    f->body_left = content_length(f->part.data, f->part.len);
    if (f->body_left > f->max)
        return report(f, FRAME_TOO_LONG, fn, user);
    return COACH_OK;
}

static int headers_line(struct frames *f, const char *line, size_t len, frames_fn fn, void *user)
{
    if (f->part.len + len > f->max)
        return report(f, FRAME_TOO_LONG, fn, user);
    if (f->in_body && f->body_left > 0)
        return body_line(f, line, len, fn, user);
    if (f->in_body && f->last == 0 && unpack_is_header(line, len)) { /* the last one had no body */
        int rc = hand_out(f, fn, user);
        return rc == COACH_OK ? header_line(f, line, len, fn, user) : rc;
    }
    if (f->in_body)
        return json_body_line(f, line, len, fn, user);
    return header_line(f, line, len, fn, user);
}

int frames_line(struct frames *f, enum framing framing, const char *line, size_t len, frames_fn fn, void *user)
{
    bool begins = f->part.len == 0 && len > 0 && (*line == '{' || *line == '[');
    bool json = framing == FRAMING_VALUES || (!f->in_body && (f->depth > 0 || begins));
    return json ? value_line(f, line, len, fn, user) : headers_line(f, line, len, fn, user);
}

int frames_end(struct frames *f, frames_fn fn, void *user)
{
    if (f->part.len == 0)
        return COACH_OK;
    if (f->in_body && f->body_left <= 1 && f->depth == 0) /* the last newline is missing, or there is no body */
        return hand_out(f, fn, user);
    return report(f, FRAME_UNFINISHED, fn, user);
}
